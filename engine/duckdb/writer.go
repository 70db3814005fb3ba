package duckdb

import (
	"fmt"
	"math"
	"unsafe"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// writer fills one column of a chunk. Short strings are written in place; long
// ones are collected and handed to DuckDB in one call, by flush.
type writer struct {
	typ   types.Type
	vec   b.Vector
	data  unsafe.Pointer
	valid *uint64 // nil until the first null
	text  int     // bytes of text since reset

	rows    []uint32
	lengths []uint32
	bytes   []byte
}

// maxPending bounds the long strings that wait, in bytes.
const maxPending = 1 << 20

// reset starts a new chunk.
func (w *writer) reset(vec b.Vector, t types.Type) {
	w.typ, w.vec, w.data, w.valid = t, vec, b.VectorGetData(vec), nil
	w.rows, w.lengths, w.bytes, w.text = w.rows[:0], w.lengths[:0], w.bytes[:0], 0
}

// set writes a value of the Go form that types.Value prescribes.
func (w *writer) set(row int, v types.Value) error {
	if v == nil && w.typ != types.String {
		w.setNull(row)
		return nil
	}
	ok := true
	switch w.typ {
	case types.Bool:
		var x bool
		x, ok = v.(bool)
		*(*bool)(unsafe.Add(w.data, row)) = x
	case types.Int, types.Long, types.Datetime, types.Timespan:
		var x int64
		x, ok = v.(int64)
		*(*int64)(unsafe.Add(w.data, row*8)) = x
	case types.Real:
		var x float64
		x, ok = v.(float64)
		*(*float64)(unsafe.Add(w.data, row*8)) = x
	case types.Decimal:
		var x string
		if x, ok = v.(string); ok {
			h, err := parseDecimal(x)
			if err != nil {
				return fmt.Errorf("%q %w", x, err)
			}
			*(*hugeint)(unsafe.Add(w.data, row*16)) = h
		}
	default:
		var x string
		if v != nil { // the null of a string is the empty string
			x, ok = v.(string)
		}
		if err := w.setText(row, x); err != nil {
			return err
		}
	}
	if !ok {
		return fmt.Errorf("a %s must be a Go %s, not %T", w.typ, goForm(w.typ), v)
	}
	if w.valid != nil {
		w.word(row, func(word uint64, bit uint64) uint64 { return word | bit })
	}
	return nil
}

func goForm(t types.Type) string {
	switch t {
	case types.Bool:
		return "bool"
	case types.Int, types.Long, types.Datetime, types.Timespan:
		return "int64"
	case types.Real:
		return "float64"
	}
	return "string"
}

func (w *writer) setNull(row int) {
	if w.valid == nil {
		b.VectorEnsureValidityWritable(w.vec)
		w.valid = (*uint64)(b.VectorGetValidity(w.vec))
	}
	w.word(row, func(word uint64, bit uint64) uint64 { return word &^ bit })
	if physicalType(w.typ) == b.TypeVarchar {
		*(*stringT)(unsafe.Add(w.data, row*16)) = stringT{}
	}
}

func (w *writer) word(row int, change func(word, bit uint64) uint64) {
	p := (*uint64)(unsafe.Add(unsafe.Pointer(w.valid), row>>6*8))
	*p = change(*p, 1<<(row&63))
}

func (w *writer) setText(row int, s string) error {
	s = text(s)
	w.text += len(s)
	if len(s) <= inlineBytes {
		cell := stringT{length: uint32(len(s))}
		copy(cell.inline[:], s)
		*(*stringT)(unsafe.Add(w.data, row*16)) = cell
		return nil
	}
	if len(s) > math.MaxUint32 {
		return fmt.Errorf("a text of %d bytes is too long: the most is 4 GiB", len(s))
	}
	w.rows = append(w.rows, uint32(row))
	w.lengths = append(w.lengths, uint32(len(s)))
	w.bytes = append(w.bytes, s...)
	if len(w.bytes) > maxPending {
		w.flush()
	}
	return nil
}

// undo forgets a waiting string of a row that will be written again.
func (w *writer) undo(row int) {
	if n := len(w.rows); n > 0 && w.rows[n-1] == uint32(row) {
		w.bytes = w.bytes[:len(w.bytes)-int(w.lengths[n-1])]
		w.rows, w.lengths = w.rows[:n-1], w.lengths[:n-1]
	}
}

func (w *writer) flush() {
	if len(w.rows) > 0 {
		assignStrings(w.vec, w.rows, w.lengths, w.bytes)
		w.rows, w.lengths, w.bytes = w.rows[:0], w.lengths[:0], w.bytes[:0]
	}
}
