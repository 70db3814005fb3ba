package duckdb

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"
	"unsafe"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// ChunkRows is DuckDB's STANDARD_VECTOR_SIZE, the most rows of a chunk.
const ChunkRows = 2048

// physicalType is the DuckDB type of values of t, as in ColumnType.
func physicalType(t types.Type) b.Type {
	switch t {
	case types.Bool:
		return b.TypeBoolean
	case types.Int, types.Long, types.Datetime, types.Timespan:
		return b.TypeBigInt
	case types.Real:
		return b.TypeDouble
	case types.Decimal:
		return b.TypeDecimal
	}
	return b.TypeVarchar
}

func typeName(t b.Type) string {
	names := map[b.Type]string{
		b.TypeBoolean: "BOOLEAN", b.TypeTinyInt: "TINYINT", b.TypeSmallInt: "SMALLINT", b.TypeInteger: "INTEGER", b.TypeBigInt: "BIGINT",
		b.TypeUBigInt: "UBIGINT", b.TypeHugeInt: "HUGEINT", b.TypeFloat: "FLOAT", b.TypeDouble: "DOUBLE", b.TypeDecimal: "DECIMAL",
		b.TypeVarchar: "VARCHAR", b.TypeBlob: "BLOB", b.TypeDate: "DATE", b.TypeTimestamp: "TIMESTAMP", b.TypeTimestampTZ: "TIMESTAMP WITH TIME ZONE",
		b.TypeInterval: "INTERVAL", b.TypeList: "LIST", b.TypeStruct: "STRUCT", b.TypeMap: "MAP", b.TypeUUID: "UUID", b.TypeSQLNull: "NULL",
	}
	if n, ok := names[t]; ok {
		return n
	}
	return fmt.Sprintf("number %d", t)
}

// logicalType makes the DuckDB type of ColumnType(t). The caller destroys it.
func logicalType(t types.Type) b.LogicalType {
	if t == types.Decimal {
		return b.CreateDecimalType(decimalWidth, decimalScale)
	}
	return b.CreateLogicalType(physicalType(t))
}

// stringT is duckdb_string_t: up to 12 bytes in place, else a prefix of 4 and a pointer.
type stringT struct {
	length uint32
	inline [12]byte
}

const inlineBytes = 12

func (s *stringT) view() string {
	if s.length <= inlineBytes {
		return unsafe.String(&s.inline[0], s.length)
	}
	return unsafe.String(*(**byte)(unsafe.Pointer(&s.inline[4])), s.length)
}

// hash is made of the length and of a few bytes, the last among them.
func (s *stringT) hash() uint64 {
	h := uint64(s.length) | uint64(binary.LittleEndian.Uint32(s.inline[:]))<<32
	if s.length <= inlineBytes {
		h ^= bits.RotateLeft64(binary.LittleEndian.Uint64(s.inline[4:]), 17)
	} else {
		text := s.view()
		h ^= bits.RotateLeft64(*(*uint64)(unsafe.Pointer(unsafe.StringData(text[len(text)-8:]))), 17)
	}
	return h * 0x9e3779b97f4a7c15 >> 48
}

// equal compares texts. The same bytes in place, or the same address, need no look.
func (s *stringT) equal(other *stringT) bool {
	return *s == *other || s.length > inlineBytes && s.length == other.length && s.view() == other.view()
}

// point makes s a long string, of the bytes at p, whose first are in place already. The
// address is a number, for DuckDB's memory is none of Go's collector.
func (s *stringT) point(p *byte) {
	*(*uintptr)(unsafe.Pointer(&s.inline[4])) = uintptr(unsafe.Pointer(p))
}

// vector reads one flat column of a chunk in place.
type vector struct {
	typ     types.Type
	decimal decimalType
	n       int
	data    unsafe.Pointer
	valid   *uint64 // bit set = not null; nil = no nulls
}

func readVector(v b.Vector, t types.Type, d decimalType, n int) vector {
	return vector{typ: t, decimal: d, n: n, data: b.VectorGetData(v), valid: (*uint64)(b.VectorGetValidity(v))}
}

func (v *vector) null(i int) bool {
	return v.valid != nil && unsafe.Slice(v.valid, i>>6+1)[i>>6]&(1<<(i&63)) == 0
}

func view[T any](v *vector) []T { return unsafe.Slice((*T)(v.data), v.n) }

func (v *vector) text(i int) string { return view[stringT](v)[i].view() }

// box writes the column's values to dst[0], dst[stride], ... They are copies that may
// outlive the chunk. Values equal to the one before, or texts to a recent one, are shared.
func (v *vector) box(dst []types.Value, stride int) {
	switch v.typ {
	case types.Bool:
		boxFixed[bool](v, dst, stride)
	case types.Int, types.Long, types.Datetime, types.Timespan:
		boxFixed[int64](v, dst, stride)
	case types.Real:
		for i, x := range view[float64](v) { // NaN and -0 make comparing with == wrong
			if !v.null(i) {
				dst[i*stride] = x
			}
		}
	case types.Decimal:
		if v.decimal.width > 0 {
			for i := range v.n {
				if !v.null(i) {
					dst[i*stride] = v.decimal.format(v.data, i)
				}
			}
			return
		}
		v.boxText(dst, stride)
	default:
		v.boxText(dst, stride)
	}
}

func boxFixed[T comparable](v *vector, dst []types.Value, stride int) {
	var last types.Value
	var lastValue T
	for i, x := range view[T](v) {
		if v.null(i) {
			continue
		}
		if last == nil || x != lastValue {
			last, lastValue = x, x
		}
		dst[i*stride] = last
	}
}

// boxText keeps a text that comes again soon but once: most columns of logs hold few.
func (v *vector) boxText(dst []types.Value, stride int) {
	cells := view[stringT](v)
	var first [ChunkRows]uint16 // the row whose value row i shares, which may be i
	var recent [128]uint16      // rows by the hash of their text, counted from 1
	total := 0
	for i := range cells {
		if v.null(i) {
			continue
		}
		slot := &recent[cells[i].hash()%uint64(len(recent))]
		if *slot > 0 && cells[i].equal(&cells[*slot-1]) {
			first[i] = *slot - 1
			continue
		}
		first[i], *slot = uint16(i), uint16(i+1)
		total += int(cells[i].length)
	}
	var copies strings.Builder // one allocation for the strings of the chunk
	copies.Grow(total)
	for i := range cells {
		switch {
		case v.null(i):
			if v.typ == types.String {
				dst[i*stride] = ""
			}
		case int(first[i]) < i:
			dst[i*stride] = dst[int(first[i])*stride]
		default:
			start := copies.Len()
			copies.WriteString(cells[i].view())
			dst[i*stride] = copies.String()[start:]
		}
	}
}

// text makes s valid UTF-8, which is all that DuckDB stores as VARCHAR.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
