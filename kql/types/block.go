package types

import (
	"fmt"
	"math"
	"slices"
)

// Block holds rows by column, each column in few pieces of memory: the form in which
// rows travel in bulk. Its memory is used again after Reset.
type Block struct {
	Schema  Schema
	Columns []Vector
	n       int
}

// NewBlock makes an empty block.
func NewBlock(schema Schema) *Block {
	b := &Block{}
	b.Reset(schema)
	return b
}

// Reset empties the block for rows of a schema, which it does not change.
func (b *Block) Reset(schema Schema) {
	b.n, b.Columns = 0, b.Columns[:0]
	b.Extend(schema)
}

// Extend gives the block more columns, in which the caller writes a value for each row.
func (b *Block) Extend(schema Schema) {
	have := len(b.Columns)
	b.Schema = schema
	b.Columns = slices.Grow(b.Columns, len(schema)-have)[:len(schema)]
	for i := have; i < len(schema); i++ {
		b.Columns[i].Reset(schema[i].Type)
	}
}

// Len is the number of complete rows.
func (b *Block) Len() int { return b.n }

// Append adds a row of one value for each column. A value that has not the Go form of
// its column's type is an error that names the column, and the row is left out.
func (b *Block) Append(row []Value) error {
	if len(row) != len(b.Columns) {
		return fmt.Errorf("a row of %d values for %d columns", len(row), len(b.Columns))
	}
	for i := range row {
		if err := b.Columns[i].Append(row[i]); err != nil {
			b.Undo()
			return fmt.Errorf("column %q: %w", b.Schema[i].Name, err)
		}
	}
	b.n++
	return nil
}

// End completes a row that was written column by column; where nothing was written
// the value is null, or "".
func (b *Block) End() {
	b.n++
	for i := range b.Columns {
		if v := &b.Columns[i]; v.n < b.n {
			v.AddNull()
		}
	}
}

// Undo takes back what was written of a row that is not complete.
func (b *Block) Undo() {
	for i := range b.Columns {
		b.Columns[i].Truncate(b.n)
	}
}

// Row boxes the values of a row into dst, or into memory of its own if that is too short.
func (b *Block) Row(r int, dst []Value) []Value {
	dst = slices.Grow(dst[:0], len(b.Columns))[:len(b.Columns)]
	for i := range b.Columns {
		dst[i] = b.Columns[i].Value(r)
	}
	return dst
}

// Vector is a run of values of one type.
type Vector struct {
	Type  Type
	Fixed []int64  // of whole numbers and times the value, of a bool 0 or 1, of a real its bits
	Text  []byte   // of all other types: the texts one after the other,
	Ends  []uint32 // and where each ends
	nulls []uint64 // bit r%64 of word r/64 is set where value r is null; words may be missing at the end
	n     int
}

// fixed tells the types of 64 bits a value.
func (t Type) fixed() bool {
	switch t {
	case Bool, Int, Long, Real, Datetime, Timespan:
		return true
	}
	return false
}

func (t Type) goForm() string {
	switch t {
	case Bool:
		return "bool"
	case Int, Long, Datetime, Timespan:
		return "int64"
	case Real:
		return "float64"
	}
	return "string"
}

// Reset empties the vector for values of a type.
func (v *Vector) Reset(t Type) {
	v.Type, v.Fixed, v.Text, v.Ends, v.nulls, v.n = t, v.Fixed[:0], v.Text[:0], v.Ends[:0], v.nulls[:0], 0
}

// Len is the number of values.
func (v *Vector) Len() int { return v.n }

// AddNull adds null, or "" to strings.
func (v *Vector) AddNull() {
	if v.Type != String {
		for len(v.nulls) <= v.n>>6 {
			v.nulls = append(v.nulls, 0)
		}
		v.nulls[v.n>>6] |= 1 << (v.n & 63)
	}
	if v.Type.fixed() {
		v.AddInt(0)
	} else {
		v.EndText()
	}
}

// AddInt adds a value of Fixed.
func (v *Vector) AddInt(x int64) {
	v.Fixed = append(v.Fixed, x)
	v.n++
}

// AddBool adds a bool.
func (v *Vector) AddBool(x bool) {
	n := int64(0)
	if x {
		n = 1
	}
	v.AddInt(n)
}

// AddText adds a value of Text.
func (v *Vector) AddText(s string) {
	v.Text = append(v.Text, s...)
	v.EndText()
}

// EndText adds what was appended to Text since the last value.
func (v *Vector) EndText() {
	v.Ends = append(v.Ends, uint32(len(v.Text)))
	v.n++
}

// Append adds a value, which must have the form that the type asks for.
func (v *Vector) Append(x Value) error {
	form := v.Type.goForm()
	switch x := x.(type) {
	case nil:
		v.AddNull()
		return nil
	case string:
		if len(x) > math.MaxUint32-len(v.Text) {
			return fmt.Errorf("a text of %d bytes is too long: the most is 4 GiB", len(x))
		}
		if form == "string" {
			v.AddText(x)
			return nil
		}
	case int64:
		if form == "int64" {
			v.AddInt(x)
			return nil
		}
	case float64:
		if form == "float64" {
			v.AddInt(int64(math.Float64bits(x)))
			return nil
		}
	case bool:
		if form == "bool" {
			v.AddBool(x)
			return nil
		}
	}
	return fmt.Errorf("a %s must be a Go %s, not %T", v.Type, form, x)
}

// IsNull reports a null; a string never is.
func (v *Vector) IsNull(r int) bool { return r>>6 < len(v.nulls) && v.nulls[r>>6]>>(r&63)&1 != 0 }

// Nulls are the bits of 64 values, the first of them a multiple of 64: set where one is null.
func (v *Vector) Nulls(first int) uint64 {
	if w := first >> 6; w < len(v.nulls) {
		return v.nulls[w]
	}
	return 0
}

// TextAt is a value of Text, valid until the vector changes.
func (v *Vector) TextAt(r int) []byte { return v.Texts(r, 1) }

// Texts are the values of Text from r on, n of them, without anything between.
func (v *Vector) Texts(r, n int) []byte {
	if n == 0 {
		return nil
	}
	return v.Text[v.start(r):v.Ends[r+n-1]]
}

// start is where text r begins.
func (v *Vector) start(r int) uint32 {
	if r == 0 {
		return 0
	}
	return v.Ends[r-1]
}

// Value boxes a value.
func (v *Vector) Value(r int) Value {
	switch {
	case v.IsNull(r):
		return nil
	case v.Type == Bool:
		return v.Fixed[r] != 0
	case v.Type == Real:
		return math.Float64frombits(uint64(v.Fixed[r]))
	case v.Type.fixed():
		return v.Fixed[r]
	}
	return string(v.TextAt(r))
}

// Truncate drops the values from the n-th on.
func (v *Vector) Truncate(n int) {
	if v.n <= n {
		return
	}
	if v.Type.fixed() {
		v.Fixed = v.Fixed[:n]
	} else {
		v.Text = v.Text[:v.start(n)]
		v.Ends = v.Ends[:n]
	}
	if len(v.nulls) > n>>6 {
		v.nulls = v.nulls[:n>>6+1]
		v.nulls[n>>6] &= 1<<(n&63) - 1
	}
	v.n = n
}
