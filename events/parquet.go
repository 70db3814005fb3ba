package events

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	pqformat "github.com/parquet-go/parquet-go/format"
	"quarry/kql/types"
)

// readParquet reads a Parquet file. Its logical types become KQL types:
// timestamps and dates datetime, times timespan, decimals decimal, UUIDs guid,
// JSON and everything nested dynamic, unsigned 64-bit numbers that a long does
// not hold decimal, bytes that are not UTF-8 base64 text.
func readParquet(r io.ReaderAt, size int64, l *loader) (err error) {
	defer func() { // the library panics on some damaged files
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged Parquet file: %v", p)
		}
	}()
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("damaged Parquet file: %w", err)
	}
	var names []string
	var columns []parquetNode
	leaf := 0
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
		columns = append(columns, newParquetNode(field, 0, 0, &leaf))
	}
	sh := l.newShape(names)
	if err := l.declare(sh); err != nil {
		return err
	}
	values := make([][]parquet.Value, leaf)
	cells := make([]cell, len(columns))
	buf := make([]parquet.Row, 64)
	var number int64
	for _, group := range f.RowGroups() {
		if err := parquetGroup(group, buf, func(row parquet.Row) error {
			if err := l.tick(); err != nil {
				return err
			}
			row.Range(func(i int, v []parquet.Value) bool {
				if i < len(values) {
					values[i] = v
				}
				return true
			})
			for i := range columns {
				cells[i] = columns[i].cell(values)
			}
			number++
			return l.record(sh, cells, "", number, 0)
		}); err != nil {
			return err
		}
	}
	return nil
}

func parquetGroup(group parquet.RowGroup, buf []parquet.Row, each func(parquet.Row) error) error {
	rows := group.Rows()
	defer rows.Close()
	for {
		n, err := rows.ReadRows(buf)
		for _, row := range buf[:n] {
			if err := each(row); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("damaged Parquet file: %w", err)
		}
		if n == 0 {
			return errors.New("damaged Parquet file: a row group has fewer rows than it says")
		}
	}
}

// parquetNode is a node of the file's schema with the levels at which its
// values are told apart (the Dremel encoding).
type parquetNode struct {
	name               string
	optional, repeated bool
	def, rep           int // levels of a value that is present, and of its next repetition
	first, leaves      int // columns below
	children           []parquetNode
	list, mapping      bool
	convert            func(parquet.Value) (types.Value, types.Type)
}

func newParquetNode(field parquet.Field, def, rep int, leaf *int) parquetNode {
	n := parquetNode{name: field.Name(), optional: field.Optional(), repeated: field.Repeated(), first: *leaf}
	if n.optional || n.repeated {
		def++
	}
	if n.repeated {
		rep++
	}
	n.def, n.rep = def, rep
	if field.Leaf() {
		n.convert = leafConverter(field.Type())
		*leaf++
	} else {
		for _, child := range field.Fields() {
			n.children = append(n.children, newParquetNode(child, def, rep, leaf))
		}
		if t := field.Type().LogicalType(); t != nil {
			switch t.Value.(type) {
			case *pqformat.ListType:
				n.list = true
			case *pqformat.MapType:
				n.mapping = true
			}
		}
		if len(n.children) != 1 || !n.children[0].repeated {
			n.list, n.mapping = false, false
		}
		if n.mapping && len(n.children[0].children) != 2 {
			n.mapping = false
		}
	}
	n.leaves = *leaf - n.first
	return n
}

// cell is the value of a top-level column in the current row.
func (n *parquetNode) cell(values [][]parquet.Value) cell {
	if n.convert != nil && !n.repeated {
		if v := values[n.first]; len(v) > 0 && !v[0].IsNull() {
			val, typ := n.convert(v[0])
			return cell{typ: typ, val: val}
		}
		return cell{kind: kindNull}
	}
	var b bytes.Buffer
	n.json(&b, values)
	if text := b.String(); text != "null" {
		return cell{typ: types.Dynamic, val: text}
	}
	return cell{kind: kindNull}
}

// json writes the node's value, given the values of the columns below it.
func (n *parquetNode) json(b *bytes.Buffer, values [][]parquet.Value) {
	if n.leaves == 0 || len(values[n.first]) == 0 || values[n.first][0].DefinitionLevel() < n.def {
		if n.repeated {
			b.WriteString("[]")
		} else {
			b.WriteString("null")
		}
		return
	}
	if !n.repeated {
		n.one(b, values)
		return
	}
	b.WriteByte('[')
	n.each(values, func(i int, part [][]parquet.Value) {
		if i > 0 {
			b.WriteByte(',')
		}
		n.one(b, part)
	})
	b.WriteByte(']')
}

// each calls f with the columns' values of one repetition after the other.
func (n *parquetNode) each(values [][]parquet.Value, f func(i int, part [][]parquet.Value)) {
	rest := make([][]parquet.Value, len(values))
	copy(rest, values)
	for i := 0; len(rest[n.first]) > 0; i++ {
		part := make([][]parquet.Value, len(values))
		for c := n.first; c < n.first+n.leaves; c++ {
			end := min(1, len(rest[c]))
			for end < len(rest[c]) && rest[c][end].RepetitionLevel() > n.rep {
				end++
			}
			part[c], rest[c] = rest[c][:end], rest[c][end:]
		}
		f(i, part)
	}
}

// one writes a single value that is present.
func (n *parquetNode) one(b *bytes.Buffer, values [][]parquet.Value) {
	switch {
	case n.convert != nil:
		v, t := n.convert(values[n.first][0])
		if t == types.Dynamic && v != nil {
			b.WriteString(v.(string))
		} else if d, _ := Widen(v, t, types.Dynamic); d != nil {
			b.WriteString(d.(string))
		} else if t == types.String {
			b.WriteString(`""`)
		} else {
			b.WriteString("null")
		}
	case n.list:
		// The group in between carries no meaning, only the repetition.
		group := &n.children[0]
		if len(group.children) == 1 && len(values[group.first]) > 0 && values[group.first][0].DefinitionLevel() >= group.def {
			b.WriteByte('[')
			group.each(values, func(i int, part [][]parquet.Value) {
				if i > 0 {
					b.WriteByte(',')
				}
				group.children[0].json(b, part)
			})
			b.WriteByte(']')
			return
		}
		group.json(b, values)
	case n.mapping:
		pairs := &n.children[0]
		b.WriteByte('{')
		if len(values[pairs.first]) > 0 && values[pairs.first][0].DefinitionLevel() >= pairs.def {
			pairs.each(values, func(i int, part [][]parquet.Value) {
				if i > 0 {
					b.WriteByte(',')
				}
				var key bytes.Buffer
				pairs.children[0].json(&key, part)
				if key.Len() > 0 && key.Bytes()[0] == '"' {
					b.Write(key.Bytes())
				} else {
					b.WriteString(quoteJSON(key.String()))
				}
				b.WriteByte(':')
				pairs.children[1].json(b, part)
			})
		}
		b.WriteByte('}')
	default:
		b.WriteByte('{')
		for i := range n.children {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteJSON(n.children[i].name))
			b.WriteByte(':')
			n.children[i].json(b, values)
		}
		b.WriteByte('}')
	}
}

func leafConverter(t parquet.Type) func(parquet.Value) (types.Value, types.Type) {
	physical := t.Kind()
	if lt := t.LogicalType(); lt != nil {
		switch lt := lt.Value.(type) {
		case *pqformat.TimestampType:
			per := ticksPer(lt.Unit)
			return func(v parquet.Value) (types.Value, types.Type) { return unixTicks(v.Int64(), per), types.Datetime }
		case *pqformat.DateType:
			return func(v parquet.Value) (types.Value, types.Type) {
				return unixTicks(int64(v.Int32()), types.Day), types.Datetime
			}
		case *pqformat.TimeType:
			per := ticksPer(lt.Unit)
			return func(v parquet.Value) (types.Value, types.Type) {
				if physical == parquet.Int32 {
					return scale(int64(v.Int32()), per), types.Timespan
				}
				return scale(v.Int64(), per), types.Timespan
			}
		case *pqformat.DecimalType:
			return func(v parquet.Value) (types.Value, types.Type) { return parquetDecimal(v, int(lt.Scale)) }
		case *pqformat.UUIDType:
			return func(v parquet.Value) (types.Value, types.Type) {
				g, ok := guidText(fmt.Sprintf("%x", v.ByteArray()))
				if !ok {
					return nil, types.Guid
				}
				return g, types.Guid
			}
		case *pqformat.JsonType:
			return func(v parquet.Value) (types.Value, types.Type) {
				return convertDynamic(cell{kind: kindText, text: string(v.ByteArray())}), types.Dynamic
			}
		case *pqformat.IntType:
			if !lt.IsSigned {
				return func(v parquet.Value) (types.Value, types.Type) {
					if physical == parquet.Int32 {
						return int64(v.Uint32()), types.Long
					}
					if u := v.Uint64(); u > 1<<63-1 {
						return strconv.FormatUint(u, 10), types.Decimal
					}
					return v.Int64(), types.Long
				}
			}
		}
	}
	switch physical {
	case parquet.Boolean:
		return func(v parquet.Value) (types.Value, types.Type) { return v.Boolean(), types.Bool }
	case parquet.Int32:
		return func(v parquet.Value) (types.Value, types.Type) { return int64(v.Int32()), types.Long }
	case parquet.Int64:
		return func(v parquet.Value) (types.Value, types.Type) { return v.Int64(), types.Long }
	case parquet.Int96: // Impala's timestamps: nanoseconds of the day, Julian day
		return func(v parquet.Value) (types.Value, types.Type) {
			w := v.Int96()
			nanos := int64(uint64(w[1])<<32 | uint64(w[0]))
			const julianOfUnixEpoch = 2440588
			return unixTicks((int64(w[2])-julianOfUnixEpoch)*types.Day+nanos/100, 1), types.Datetime
		}
	case parquet.Float:
		return func(v parquet.Value) (types.Value, types.Type) { return float64(v.Float()), types.Real }
	case parquet.Double:
		return func(v parquet.Value) (types.Value, types.Type) { return v.Double(), types.Real }
	}
	return func(v parquet.Value) (types.Value, types.Type) {
		b := v.ByteArray()
		if !utf8.Valid(b) {
			return base64.StdEncoding.EncodeToString(b), types.String
		}
		return string(b), types.String
	}
}

// ticksPer is the unit in ticks, or minus the number of units in a tick.
func ticksPer(u pqformat.TimeUnit) int64 {
	switch u.Value.(type) {
	case *pqformat.MilliSeconds:
		return types.Millisecond
	case *pqformat.MicroSeconds:
		return types.Microsecond
	}
	return -100
}

func scale(n, per int64) int64 {
	if per < 0 {
		if n < 0 && n%-per != 0 {
			return n/-per - 1
		}
		return n / -per
	}
	return n * per
}

// unixTicks is nil for times that a datetime does not hold.
func unixTicks(n, per int64) types.Value {
	if per > 0 && (n > types.MaxDatetime/per || n < -types.MaxDatetime/per) {
		return nil
	}
	t := types.UnixEpoch + scale(n, per)
	if t < 0 || t > types.MaxDatetime {
		return nil
	}
	return t
}

func parquetDecimal(v parquet.Value, scale int) (types.Value, types.Type) {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default: // big-endian two's complement
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	text := n.String() + "e-" + strconv.Itoa(scale)
	if d, ok := decimalText(text); ok {
		return d, types.Decimal
	}
	return text, types.String // more digits than a decimal holds
}

// parquetSize checks the file's own statement of its footer, so that a short
// file is named as such.
func parquetSize(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("the Parquet file is cut off")
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	if string(tail[4:]) != "PAR1" {
		return errors.New("the Parquet file is cut off: its footer is missing")
	}
	if n := binary.LittleEndian.Uint32(tail[:]); int64(n) > size-12 {
		return errors.New("the Parquet file is damaged: its footer is longer than the file")
	}
	return nil
}
