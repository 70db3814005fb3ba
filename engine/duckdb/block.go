package duckdb

import (
	"fmt"
	"runtime"
	"unicode/utf8"
	"unsafe"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// AppendBlock adds the rows of a block, whose columns have the types of the appender's.
// DuckDB is given the block's own texts to copy, so nothing is done for a single value
// that can be done for a column. After an error none of the block's rows may count.
func (a *Appender) AppendBlock(rows *types.Block) error {
	if a.err != nil {
		return a.err
	}
	if a.closed {
		return internalf("", "use of a closed appender")
	}
	if len(rows.Columns) != len(a.schema) {
		return &Error{Kind: Conversion, Message: fmt.Sprintf("a block of %d columns for %d", len(rows.Columns), len(a.schema))}
	}
	for i, c := range a.schema {
		if t := rows.Columns[i].Type; t != c.Type {
			return &Error{Kind: Conversion, Message: fmt.Sprintf("column %q: a block of type %s for %s", c.Name, t, c.Type)}
		}
	}
	if a.err = a.push(); a.err == nil { // the rows that came one by one
		a.err = a.wait()
	}
	for from := 0; from < rows.Len() && a.err == nil; from += ChunkRows {
		a.err = a.take(rows, from, min(ChunkRows, rows.Len()-from))
	}
	return a.err
}

// take lets DuckDB copy n rows of a block.
func (a *Appender) take(rows *types.Block, from, n int) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	var pin runtime.Pinner // of texts that the chunk points to
	defer pin.Unpin()
	size := 0
	for i := range rows.Columns {
		if v := &rows.Columns[i]; len(v.Ends) > 0 {
			size += len(v.Texts(from, n))
		}
		if err := fill(b.DataChunkGetVector(a.chunk, b.IdxT(i)), &rows.Columns[i], from, n, &pin); err != nil {
			return &Error{Kind: Conversion, Message: fmt.Sprintf("column %q: %s", a.schema[i].Name, err)}
		}
	}
	b.DataChunkSetSize(a.chunk, b.IdxT(n))
	if !a.give(a.chunk, n, size) {
		return a.failure()
	}
	a.resetChunk()
	return nil
}

// fill writes n values into an empty vector of DuckDB. first is a multiple of ChunkRows.
func fill(to b.Vector, v *types.Vector, first, n int, pin *runtime.Pinner) error {
	data := b.VectorGetData(to)
	switch physicalType(v.Type) {
	case b.TypeBoolean:
		for i, x := range v.Fixed[first : first+n] {
			*(*bool)(unsafe.Add(data, i)) = x != 0
		}
	case b.TypeBigInt, b.TypeDouble: // a real lies there as its bits
		copy(unsafe.Slice((*int64)(data), n), v.Fixed[first:])
	case b.TypeDecimal:
		for i := range n {
			if v.IsNull(first + i) {
				continue
			}
			x := string(v.TextAt(first + i))
			h, err := parseDecimal(x)
			if err != nil {
				return fmt.Errorf("%q %w", x, err)
			}
			*(*hugeint)(unsafe.Add(data, i*16)) = h
		}
	default:
		fillText(unsafe.Slice((*stringT)(data), n), v, first, pin)
	}
	var valid []uint64
	for at := 0; at < n; at += 64 {
		nulls := v.Nulls(first + at)
		if nulls == 0 {
			continue
		}
		if valid == nil {
			b.VectorEnsureValidityWritable(to)
			valid = unsafe.Slice((*uint64)(b.VectorGetValidity(to)), ChunkRows/64)
		}
		valid[at>>6] = ^nulls
	}
	return nil
}

// fillText points DuckDB at the texts of a vector.
func fillText(cells []stringT, v *types.Vector, first int, pin *runtime.Pinner) {
	if !validTexts(v, first, len(cells)) {
		clean := &types.Vector{Type: v.Type}
		for r := range first + len(cells) {
			clean.AddText(text(string(v.TextAt(r))))
		}
		v = clean
	}
	if len(v.Text) > 0 {
		pin.Pin(unsafe.SliceData(v.Text))
	}
	for i := range cells {
		t := v.TextAt(first + i)
		cell := stringT{length: uint32(len(t))}
		if n := copy(cell.inline[:], t); n < len(t) {
			cell.point(unsafe.SliceData(t))
		}
		cells[i] = cell
	}
}

// validTexts reports that n texts are UTF-8, which is all that DuckDB stores. They are
// looked at as one: they are valid if the whole is and each starts with a character.
func validTexts(v *types.Vector, first, n int) bool {
	for r := first; r < first+n; r++ {
		if t := v.TextAt(r); len(t) > 0 && !utf8.RuneStart(t[0]) {
			return false
		}
	}
	return utf8.Valid(v.Texts(first, n))
}
