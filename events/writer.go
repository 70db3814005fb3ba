package events

import (
	"slices"
	"strings"

	"quarry/kql/types"
)

// batchRows is how many rows travel from a file's reader to the sink at once.
const batchRows = 1024

// batch is a run of rows of one table, in the columns the file's reader knew
// when it was full.
type batch struct {
	table  string
	schema types.Schema // type Unknown: every value so far is null
	known  int          // the first columns, whose types a schema set
	rows   []types.Value
	n      int
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

	rows    []types.Value // n rows of len(schema) values
	blank   []types.Value // a row of nulls and empty strings
	n       int
	full    bool   // the last batch was a full one
	raw     []cell // n rows of the columns beyond known, converted when all are seen
	sent    bool   // something was flushed
	differs int64  // rows whose two times differ

	spare *spareRows
	flush func(batch) error
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
	w.blank = append(w.blank, orEmpty(nil, c.Type))
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
func (w *writer) row(cols []int, cells []cell) (column, why string, err error) {
	width, extra := len(w.schema), len(w.schema)-w.known
	if w.rows == nil && w.full {
		w.rows = w.spare.get(batchRows * width)
	}
	w.rows = append(w.rows, w.blank...)
	row := w.rows[w.n*width:]
	if extra > 0 {
		w.raw = slices.Grow(w.raw, extra)[:(w.n+1)*extra]
		clear(w.raw[w.n*extra:])
	}
	for i, c := range cols {
		if c < 0 {
			continue
		}
		if c >= w.known {
			// Of two members of one name the last one counts.
			w.raw[w.n*extra+c-w.known] = cells[i]
			continue
		}
		v, why := w.value(c, &cells[i])
		if why != "" {
			w.rows = w.rows[:w.n*width]
			return w.schema[c].Name, why, nil
		}
		if v != nil && v != "" || row[c] == nil {
			row[c] = v
		}
	}
	if a, b := w.times[0], w.times[1]; a >= 0 {
		switch {
		case row[a] == nil:
			row[a] = row[b]
		case row[b] == nil:
			row[b] = row[a]
		case row[a] != row[b]:
			w.differs++
		}
	}
	if w.n++; w.n == batchRows {
		return "", "", w.emit()
	}
	return "", "", nil
}

// value converts a cell; equal texts of a column share one boxed value.
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
	if w.n == 0 {
		return nil
	}
	width, extra := len(w.schema), len(w.schema)-w.known
	for e := range extra {
		c := w.known + e
		t := w.settle(c, e, extra)
		if t != w.schema[c].Type {
			next := append(types.Schema(nil), w.schema...)
			next[c].Type = t
			w.schema = next
			w.cache[c] = interner{}
			w.blank[c] = orEmpty(nil, t)
		}
		for r := range w.n {
			x := &w.raw[r*extra+e]
			v, why := w.blank[c], ""
			if t != types.Unknown && x.kind+kind(x.typ) != 0 {
				if v, why = w.value(c, x); why != "" {
					v = nil // cannot be: settle saw every value
				}
			}
			w.rows[r*width+c] = v
		}
	}
	b := batch{table: w.table, schema: w.schema, known: w.known, rows: w.rows, n: w.n}
	w.rows, w.raw, w.n, w.full = nil, w.raw[:0], 0, b.n == batchRows
	w.sent = true
	return w.flush(b)
}

// exactReal is the largest whole number up to which a double has them all.
const exactReal = 1 << 53

// settle is the type that column c needs for its earlier and its new values.
func (w *writer) settle(c, e, extra int) types.Type {
	t := w.schema[c].Type
	var big, fraction bool
	for r := range w.n {
		x := &w.raw[r*extra+e]
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
		if own, ok := v.(string); ok && own == s.text {
			s.val = s.text // do not hold the whole record
			v = s.val
		}
	}
	return v, why
}

// spareRows keeps the memory of batches whose rows have reached the sink.
type spareRows struct{ free chan []types.Value }

func newSpareRows() *spareRows { return &spareRows{make(chan []types.Value, 2*ahead)} }

// get gives an empty slice for so many values.
func (s *spareRows) get(values int) []types.Value {
	select {
	case rows := <-s.free:
		if cap(rows) >= values {
			return rows
		}
	default:
	}
	return make([]types.Value, 0, values)
}

// put takes back a slice that nobody uses any more.
func (s *spareRows) put(rows []types.Value) {
	if cap(rows) < batchRows {
		return
	}
	clear(rows) // or it would keep the texts of its rows alive
	select {
	case s.free <- rows[:0]:
	default:
	}
}
