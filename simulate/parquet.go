package simulate

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"quarry/kql/types"
)

// parquetFormat writes Parquet with the logical types that Quarry itself exports: a
// datetime is a TIMESTAMP in nanoseconds, a dynamic value JSON.
type parquetFormat struct{}

// groupRows bounds what is held in memory of a table.
const groupRows = 32 << 10

func schemaOf(t *table) *parquet.Schema {
	g := parquet.Group{}
	for _, c := range t.columns {
		g[c.name] = parquet.Optional(nodeOf(c.typ))
	}
	return parquet.NewSchema(t.name, g)
}

func nodeOf(t types.Type) parquet.Node {
	switch t {
	case types.Bool:
		return parquet.Leaf(parquet.BooleanType)
	case types.Int:
		return parquet.Int(32)
	case types.Long:
		return parquet.Int(64)
	case types.Real:
		return parquet.Leaf(parquet.DoubleType)
	case types.Datetime:
		return parquet.Timestamp(parquet.Nanosecond)
	case types.Dynamic:
		return parquet.JSON()
	}
	return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
}

func (parquetFormat) part(t *table, events []event, of int, _ any) any {
	place := map[string]int{}
	for i, path := range schemaOf(t).Columns() {
		place[path[0]] = i
	}
	var rows []parquet.Row
	for i := range events {
		if events[i].table != of {
			continue
		}
		row := make(parquet.Row, len(t.columns))
		for k := range t.columns {
			c := &t.columns[k]
			at := place[c.name]
			row[at] = parquetValue(c.value(&events[i]), c.typ, at)
		}
		rows = append(rows, row)
	}
	return rows
}

func parquetValue(v value, t types.Type, column int) parquet.Value {
	var p parquet.Value
	switch {
	case v.is == text || v.is == dynamic:
		p = parquet.ByteArrayValue([]byte(v.text))
	case v.is == whole && t == types.Int:
		p = parquet.Int32Value(int32(v.number))
	case v.is == whole:
		p = parquet.Int64Value(v.number)
	case v.is == truth:
		p = parquet.BooleanValue(v.number != 0)
	case v.is == instant:
		p = parquet.Int64Value((v.number - types.UnixEpoch) * 100)
	case v.is == fraction:
		p = parquet.DoubleValue(v.real)
	case t == types.String:
		p = parquet.ByteArrayValue(nil)
	default:
		return parquet.NullValue().Level(0, 0, column)
	}
	return p.Level(0, 1, column)
}

func (parquetFormat) writer(t *table, w io.Writer) rowWriter {
	return parquetWriter{parquet.NewGenericWriter[any](w, schemaOf(t), parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("quarry", "", ""))}
}

type parquetWriter struct{ w *parquet.GenericWriter[any] }

func (p parquetWriter) write(part any) error {
	_, err := p.w.WriteRows(part.([]parquet.Row))
	return err
}

func (p parquetWriter) close() error { return p.w.Close() }
