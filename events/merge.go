package events

import (
	"slices"

	"quarry/kql/types"
)

// tables brings the rows of all files together: it keeps the schema of each
// table as the sink knows it and turns rows into that schema. It is used by one
// goroutine, in the order of the files, so that the outcome does not depend on
// which file was read faster.
type tables struct {
	sink   Sink
	cat    *catalog
	byName map[string]*table
	order  []*table
	report *Report
}

type table struct {
	name    string
	schema  types.Schema // as declared to the sink
	known   int          // the first columns have fixed types
	index   map[string]int
	untyped []string // columns that have only held nulls, not yet declared
	blank   []types.Value
	big     []bool // the column has whole numbers that a double does not hold
	out     []types.Value

	local types.Schema // of the last batch
	cols  []int        // its columns here, -1 if untyped
	same  bool         // no value has to change its place or type
}

func newTables(sink Sink, cat *catalog, report *Report) *tables {
	return &tables{sink: sink, cat: cat, byName: map[string]*table{}, report: report}
}

// get returns the named table, declared to the sink if a schema knows it.
func (ts *tables) get(name string) (*table, error) {
	if t := ts.byName[name]; t != nil {
		return t, nil
	}
	own, cols := ts.cat.known(name)
	t := &table{name: own, index: map[string]int{}}
	ts.byName[name] = t
	ts.order = append(ts.order, t)
	for _, c := range cols {
		t.add(c)
	}
	t.known = len(cols)
	if t.known == 0 {
		return t, nil
	}
	return t, ts.sink.Table(t.name, slices.Clone(t.schema))
}

func (t *table) add(c types.Column) int {
	i := len(t.schema)
	t.schema = append(t.schema, c)
	t.index[c.Name] = i
	t.blank = append(t.blank, orEmpty(nil, c.Type))
	t.big = append(t.big, false)
	return i
}

// align makes the table hold the columns of a batch and computes where they go.
func (ts *tables) align(t *table, local types.Schema) error {
	if len(t.local) == len(local) && (len(local) == 0 || &t.local[0] == &local[0]) {
		return nil
	}
	t.local, t.cols, t.same = local, make([]int, len(local)), true
	changed := false
	for i, c := range local {
		g, ok := t.index[c.Name]
		switch {
		case !ok && c.Type == types.Unknown:
			if !slices.Contains(t.untyped, c.Name) {
				t.untyped = append(t.untyped, c.Name)
			}
			t.cols[i], t.same = -1, false
			continue
		case !ok:
			g = t.add(c)
			t.untyped = slices.DeleteFunc(t.untyped, func(n string) bool { return n == c.Name })
			changed = true
		case g >= t.known && c.Type != types.Unknown:
			changed = t.widenTo(g, c.Type) || changed
		}
		t.cols[i] = g
		t.same = t.same && g == i && (t.schema[g].Type == c.Type)
	}
	t.same = t.same && len(local) == len(t.schema)
	if !changed {
		return nil
	}
	return ts.sink.Table(t.name, slices.Clone(t.schema))
}

// widenTo widens a column so that it holds values of type c too.
func (t *table) widenTo(g int, c types.Type) bool {
	w := widen(t.schema[g].Type, c)
	if w == types.Real && t.big[g] {
		w = types.String
	}
	if w == t.schema[g].Type {
		return false
	}
	t.schema[g].Type = w
	t.blank[g] = orEmpty(nil, w)
	t.same = false
	return true
}

// append adds the rows of a batch. misfit is called for a row with a value that
// does not fit a column of fixed type, which only rows made elsewhere can have.
func (ts *tables) append(b batch, misfit func(column, why string) error) error {
	t, err := ts.get(b.table)
	if err != nil {
		return err
	}
	if err := ts.align(t, b.schema); err != nil {
		return err
	}
	if len(t.schema) == 0 && b.n > 0 { // rows of nothing but nulls need a column to be rows of
		if err := t.declareUntyped(ts.sink); err != nil {
			return err
		}
		t.local = nil
		if err := ts.align(t, b.schema); err != nil {
			return err
		}
	}
	width := len(b.schema)
	for r := range b.n {
		row := b.rows[r*width:][:width:width]
		if err := ts.row(t, row, misfit); err != nil {
			return err
		}
	}
	return nil
}

func (ts *tables) row(t *table, row []types.Value, misfit func(column, why string) error) error {
	for i := t.known; i < len(row); i++ {
		if n, ok := row[i].(int64); ok && (n > exactReal || n < -exactReal) && t.cols[i] >= t.known {
			t.big[t.cols[i]] = true
		}
	}
	if !t.same {
		var column, why string
		var err error
		if row, column, why, err = ts.relay(t, row); err != nil {
			return err
		}
		if why != "" {
			return misfit(column, why)
		}
	}
	ts.report.Rows++
	ts.report.Tables[t.name]++
	return ts.sink.Append(t.name, row)
}

// relay lays a row out as the table has its columns.
func (ts *tables) relay(t *table, row []types.Value) (out []types.Value, column, why string, err error) {
	t.out = append(t.out[:0], t.blank...)
	for i, g := range t.cols {
		if g < 0 {
			continue
		}
		from, to := t.local[i].Type, t.schema[g].Type
		v := row[i]
		switch {
		case from == to:
		case v == nil || from == types.Unknown:
			v = orEmpty(nil, to)
		default:
			var ok bool
			if v, ok = Widen(v, from, to); ok {
				break
			}
			if g < t.known {
				if v, why = convert(cell{typ: from, val: row[i]}, to); why != "" {
					return nil, t.schema[g].Name, why, nil
				}
				break
			}
			// A long that a double does not hold: both become text.
			t.widenTo(g, types.String)
			if err := ts.sink.Table(t.name, slices.Clone(t.schema)); err != nil {
				return nil, "", "", err
			}
			v = textOf(row[i], from)
			for k, b := range t.blank {
				if t.out[k] == nil {
					t.out[k] = b
				}
			}
		}
		t.out[g] = v
	}
	return t.out, "", "", nil
}

// finish declares the columns that never held a value: as text, so that
// queries may name them.
func (ts *tables) finish() error {
	for _, t := range ts.order {
		if len(t.untyped) == 0 {
			continue
		}
		if err := t.declareUntyped(ts.sink); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) declareUntyped(sink Sink) error {
	for _, name := range t.untyped {
		t.add(types.Column{Name: name, Type: types.String})
	}
	t.untyped = nil
	return sink.Table(t.name, slices.Clone(t.schema))
}
