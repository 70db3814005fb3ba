package events

import (
	"slices"

	"quarry/kql/types"
)

// tables brings the rows of all files together: it keeps the schema of each
// table as the sink knows it and turns rows into that schema. Batches that have it
// already go on as they are; of other rows blocks are made anew. It is used by one
// goroutine, in the order of the files, so that the outcome does not depend on
// which file was read faster.
type tables struct {
	sink   Sink
	cat    *catalog
	byName map[string]*table
	order  []*table
	report *Report
	boxed  []types.Value
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
	pending types.Block // rows on their way to the sink

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
	return t, ts.declare(t)
}

// declare tells the sink the schema as it is now. What waits was made for the one before.
func (ts *tables) declare(t *table) error {
	if err := ts.flush(t); err != nil {
		return err
	}
	return ts.sink.Table(t.name, slices.Clone(t.schema))
}

// flush hands the rows on that wait.
func (ts *tables) flush(t *table) error {
	if t.pending.Len() == 0 {
		return nil
	}
	err := ts.sink.Append(t.name, &t.pending)
	t.pending.Reset(nil)
	return err
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
	return ts.declare(t)
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
	t, err := ts.ready(b.table, b.rows.Schema, b.rows.Len())
	if err != nil {
		return err
	}
	if t.same {
		ts.report.Rows += int64(b.rows.Len())
		ts.report.Tables[t.name] += int64(b.rows.Len())
		t.noteBig(b.rows)
		if err := ts.flush(t); err != nil || b.rows.Len() == 0 {
			return err
		}
		return ts.sink.Append(t.name, b.rows)
	}
	for r := range b.rows.Len() {
		ts.boxed = b.rows.Row(r, ts.boxed)
		if err := ts.row(t, ts.boxed, misfit); err != nil {
			return err
		}
	}
	return nil
}

// appendRow is append for one row, which is not kept.
func (ts *tables) appendRow(name string, schema types.Schema, row []types.Value, misfit func(column, why string) error) error {
	t, err := ts.ready(name, schema, 1)
	if err != nil {
		return err
	}
	return ts.row(t, row, misfit)
}

// ready finds a table and makes it hold so many rows of a schema.
func (ts *tables) ready(name string, schema types.Schema, rows int) (*table, error) {
	t, err := ts.get(name)
	if err != nil {
		return nil, err
	}
	if err := ts.align(t, schema); err != nil {
		return nil, err
	}
	if len(t.schema) == 0 && rows > 0 { // rows of nothing but nulls need a column to be rows of
		if err := ts.declareUntyped(t); err != nil {
			return nil, err
		}
		t.local = nil
		return t, ts.align(t, schema)
	}
	return t, nil
}

func isBig(n int64) bool { return n > exactReal || n < -exactReal }

// noteBig looks for whole numbers of a block that a double does not hold.
func (t *table) noteBig(b *types.Block) {
	for i := t.known; i < len(b.Columns); i++ {
		if v := &b.Columns[i]; v.Type.Integer() && !t.big[t.cols[i]] {
			t.big[t.cols[i]] = slices.ContainsFunc(v.Fixed, isBig)
		}
	}
}

func (ts *tables) row(t *table, row []types.Value, misfit func(column, why string) error) error {
	for i := t.known; i < len(row); i++ {
		if n, ok := row[i].(int64); ok && isBig(n) && t.cols[i] >= t.known {
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
	if t.pending.Len() == 0 {
		t.pending.Reset(slices.Clone(t.schema))
	}
	if err := t.pending.Append(row); err != nil || t.pending.Len() < batchRows {
		return err
	}
	return ts.flush(t)
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
			if err := ts.declare(t); err != nil {
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

// finish hands on what waits and declares the columns that never held a value: as
// text, so that queries may name them.
func (ts *tables) finish() error {
	for _, t := range ts.order {
		if err := ts.flush(t); err != nil {
			return err
		}
		if len(t.untyped) == 0 {
			continue
		}
		if err := ts.declareUntyped(t); err != nil {
			return err
		}
	}
	return nil
}

func (ts *tables) declareUntyped(t *table) error {
	for _, name := range t.untyped {
		t.add(types.Column{Name: name, Type: types.String})
	}
	t.untyped = nil
	return ts.declare(t)
}
