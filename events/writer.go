package events

import (
	"slices"
	"strings"

	"quarry/kql/types"
)

// batchRows is how many rows travel from a file's reader to the sink at once.
const batchRows = 1024

// batchText bounds the text of these rows, but for the last one.
const batchText = 8 << 20

// batch is a run of rows of one table, in the columns the file's reader knew
// when it was full. A column of type Unknown has held nulls only so far.
type batch struct {
	table string
	rows  *types.Block
}

// writer collects the rows of one table of one file.
type writer struct {
	table  string
	schema types.Schema
	known  int
	index  map[string]int
	lower  map[string]int // lower-case name -> column; -2 if ambiguous
	cache  []interner
	times  [2]int // Timestamp and TimeGenerated if both exist, else -1

	rows    *types.Block // of the known columns; nil before the first row
	raw     []held       // the columns beyond, row by row, converted when all are seen
	text    []byte       // of raw
	size    int          // bytes of text in the batch
	sent    bool         // something was flushed
	differs int64        // rows whose two times differ

	spare *spareRows
	flush func(batch) error
}

// held is a cell that waits for the type of its column.
type held struct {
	cell
	from, to int // of its text
}

func newWriter(table string, known types.Schema, spare *spareRows, flush func(batch) error) *writer {
	w := &writer{table: table, known: len(known), spare: spare, flush: flush, index: map[string]int{}, lower: map[string]int{}}
	for _, c := range known {
		w.add(c)
	}
	w.times = [2]int{-1, -1}
	if a, b := known.Index("Timestamp"), known.Index("TimeGenerated"); a >= 0 && b >= 0 && known[a].Type == types.Datetime && known[b].Type == types.Datetime {
		w.times = [2]int{a, b}
	}
	return w
}

func (w *writer) add(c types.Column) int {
	i := len(w.schema)
	w.schema = append(w.schema[:i:i], c) // batches under way keep the old one
	w.index[c.Name] = i
	low := strings.ToLower(c.Name)
	if _, ok := w.lower[low]; ok {
		w.lower[low] = -2
	} else {
		w.lower[low] = i
	}
	w.cache = append(w.cache, interner{})
	return i
}

// columns finds a column for each name: the one of that name, or else the one
// that differs in case only, unless another name has it or two columns would
// do. What remains becomes a new column of a type still unknown. In rows of a
// union, "ReportId_long" stands for ReportId. An empty name is no column: -1.
func (w *writer) columns(names []string, union bool) ([]int, error) {
	cols := make([]int, len(names))
	taken := map[int]bool{}
	for i, n := range names {
		cols[i] = -1
		if c, ok := w.index[n]; ok && n != "" {
			cols[i] = c
			taken[c] = true
		}
	}
	for i, n := range names {
		if cols[i] >= 0 || n == "" {
			continue
		}
		if c, ok := w.lower[strings.ToLower(n)]; ok && c >= 0 && c < w.known && !taken[c] {
			cols[i] = c
			taken[c] = true
			continue
		}
		if union {
			if c, ok := w.index[withoutTypeSuffix(n)]; ok {
				cols[i] = c
				continue
			}
		}
		if err := w.emit(); err != nil { // the rows so far have fewer columns
			return nil, err
		}
		cols[i] = w.add(types.Column{Name: n})
	}
	return cols, nil
}

// withoutTypeSuffix undoes what KQL's union does to columns whose types differ.
func withoutTypeSuffix(name string) string {
	if i := strings.LastIndexByte(name, '_'); i > 0 {
		if _, ok := types.Parse(name[i+1:]); ok {
			return name[:i]
		}
	}
	return name
}

// row adds a record; cells[i] belongs to column cols[i]. If a value does not
// fit its column, nothing is added and the column and the reason are returned.
// The texts of the cells are copied.
func (w *writer) row(cols []int, cells []cell) (column, why string, err error) {
	if w.rows == nil {
		w.rows = w.spare.get(w.schema[:w.known])
	}
	n, extra := w.rows.Len(), len(w.schema)-w.known
	if extra > 0 {
		w.raw = slices.Grow(w.raw, extra)[:(n+1)*extra]
		clear(w.raw[n*extra:])
	}
	for i, c := range cols {
		if c < 0 {
			continue
		}
		x := &cells[i]
		w.size += len(x.text)
		if c >= w.known {
			// Of two members of one name the last one counts.
			from := len(w.text)
			w.text = append(w.text, x.text...)
			w.raw[n*extra+c-w.known] = held{cell{kind: x.kind, typ: x.typ, val: x.val}, from, len(w.text)}
			continue
		}
		v := &w.rows.Columns[c]
		if v.Len() > n {
			why = w.replace(c, v, x)
		} else {
			why = w.put(c, v, x)
		}
		if why != "" {
			w.rows.Undo()
			return w.schema[c].Name, why, nil
		}
	}
	w.rows.End()
	w.settleTimes(n)
	if w.rows.Len() == batchRows || w.size >= batchText {
		return "", "", w.emit()
	}
	return "", "", nil
}

// replace writes a second value of a column in one row: the last one that says something
// counts.
func (w *writer) replace(c int, v *types.Vector, x *cell) (why string) {
	n := v.Len() - 1
	first := v.Value(n)
	v.Truncate(n)
	if why := w.put(c, v, x); why != "" {
		return why
	}
	if second := v.Value(n); (second == nil || second == "") && first != nil {
		v.Truncate(n)
		_ = v.Append(first) // which it held before
	}
	return ""
}

// settleTimes gives a row the one of its two times that it lacks.
func (w *writer) settleTimes(row int) {
	if w.times[0] < 0 {
		return
	}
	a, b := &w.rows.Columns[w.times[0]], &w.rows.Columns[w.times[1]]
	switch nullA, nullB := a.IsNull(row), b.IsNull(row); {
	case nullA && nullB:
	case nullA:
		a.Truncate(row)
		a.AddInt(b.Fixed[row])
	case nullB:
		b.Truncate(row)
		b.AddInt(a.Fixed[row])
	case a.Fixed[row] != b.Fixed[row]:
		w.differs++
	}
}

// put adds a cell to its column: the usual ones as they are, all others by convert.
func (w *writer) put(c int, v *types.Vector, x *cell) (why string) {
	if x.typ == types.Unknown {
		switch x.kind {
		case kindNull, kindAbsent:
			v.AddNull()
			return ""
		case kindNumber:
			if v.Type == types.Long {
				if n, ok := parseLong(x.text); ok {
					v.AddInt(n)
					return ""
				}
			}
		case kindTrue, kindFalse:
			if v.Type == types.Bool {
				v.AddBool(x.kind == kindTrue)
				return ""
			}
		case kindString, kindText:
			if v.Type == types.Datetime {
				if t, ok := types.ParseDatetime(x.text); ok {
					v.AddInt(t)
					return ""
				}
			}
		case kindEscaped:
			if v.Type == types.String {
				v.Text = appendUnescaped(v.Text, x.text)
				v.EndText()
				return ""
			}
		}
		if v.Type == types.String && x.kind != kindObject && x.kind != kindArray {
			v.AddText(x.text)
			return ""
		}
	}
	value, why := w.value(c, x)
	if why == "" {
		_ = v.Append(value) // convert made it of this type
	}
	return why
}

// value converts a cell; equal texts of a column share one value.
func (w *writer) value(c int, x *cell) (types.Value, string) {
	t := w.schema[c].Type
	if x.typ == types.Unknown && len(x.text) > 0 && len(x.text) <= maxInterned {
		return w.cache[c].get(x, t)
	}
	return convert(*x, t)
}

// emit settles the types of the columns beyond the known ones and hands the
// rows over.
func (w *writer) emit() error {
	if w.rows == nil || w.rows.Len() == 0 {
		return nil
	}
	text := string(w.text)
	for i := range w.raw {
		w.raw[i].cell.text = text[w.raw[i].from:w.raw[i].to]
	}
	extra := len(w.schema) - w.known
	for e := range extra {
		c := w.known + e
		if t := w.settle(c, e, extra); t != w.schema[c].Type {
			w.schema = slices.Clone(w.schema)
			w.schema[c].Type = t
			w.cache[c] = interner{}
		}
	}
	w.rows.Extend(w.schema)
	for e := range extra {
		v := &w.rows.Columns[w.known+e]
		for r := range w.rows.Len() {
			x := &w.raw[r*extra+e].cell
			if v.Type == types.Unknown || w.put(w.known+e, v, x) != "" {
				v.AddNull() // a misfit cannot be: settle saw every value
			}
		}
	}
	b := batch{w.table, w.rows}
	w.rows, w.raw, w.text, w.size = nil, w.raw[:0], w.text[:0], 0
	w.sent = true
	return w.flush(b)
}

// exactReal is the largest whole number up to which a double has them all.
const exactReal = 1 << 53

// settle is the type that column c needs for its earlier and its new values.
func (w *writer) settle(c, e, extra int) types.Type {
	t := w.schema[c].Type
	var big, fraction bool
	for r := range w.rows.Len() {
		x := &w.raw[r*extra+e].cell
		if x.kind+kind(x.typ) == 0 {
			continue
		}
		k := classify(*x)
		switch k {
		case types.Long, types.Int:
			n, _ := parseLong(x.text)
			if x.typ != types.Unknown && x.val != nil {
				n = x.val.(int64)
			}
			big = big || n > exactReal || n < -exactReal
		case types.Real:
			fraction = true
		}
		t = widen(t, k)
	}
	if t == types.Real && big && (fraction || w.schema[c].Type == types.Real) {
		return types.String // neither type would keep every digit
	}
	return t
}

// interner remembers the values made of a column's recent texts. Log columns
// repeat themselves, so this saves most of the work and of the memory; a column
// that does not repeat is left alone after a while.
type interner struct {
	slots        []slot
	hits, misses int
}

type slot struct {
	text string
	kind kind
	val  types.Value
}

const (
	maxInterned   = 512
	internerSlots = 256
)

func (in *interner) get(x *cell, t types.Type) (types.Value, string) {
	if in.misses > 4096 && in.hits < in.misses {
		return convert(*x, t)
	}
	if in.slots == nil {
		if in.misses++; in.misses < 16 { // a file of a few rows does without
			return convert(*x, t)
		}
		in.slots = make([]slot, internerSlots)
	}
	n := len(x.text)
	h := uint32(n) * 31
	// The ends and the middle tell values of one column apart well enough.
	for _, i := range [...]int{0, n - 1, n / 2, n * 3 / 4, n / 4} {
		h = h*16777619 ^ uint32(x.text[i])
	}
	s := &in.slots[(h^h>>15)%internerSlots]
	if s.kind == x.kind && s.text == x.text {
		in.hits++
		return s.val, ""
	}
	in.misses++
	v, why := convert(*x, t)
	if why == "" {
		*s = slot{strings.Clone(x.text), x.kind, v}
		if own, ok := v.(string); ok { // which may lie in the record
			if own == s.text {
				own = s.text
			}
			s.val = strings.Clone(own)
		}
	}
	return v, why
}

// spareRows keeps the memory of batches whose rows have reached the sink.
type spareRows struct{ free chan *types.Block }

func newSpareRows() *spareRows { return &spareRows{make(chan *types.Block, 2*ahead)} }

// get gives an empty block.
func (s *spareRows) get(schema types.Schema) *types.Block {
	select {
	case b := <-s.free:
		b.Reset(schema)
		return b
	default:
		return types.NewBlock(schema)
	}
}

// put takes back a block that nobody uses any more.
func (s *spareRows) put(b *types.Block) {
	select {
	case s.free <- b:
	default:
	}
}
