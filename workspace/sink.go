package workspace

import (
	"context"
	"errors"
	"maps"
	"slices"

	"quarry/engine/duckdb"
	"quarry/events"
	"quarry/kql/types"
)

// sink writes the rows of a load into a store.
//
// A store may hold the table already, with columns in another order or of wider types;
// rows are laid out anew then.
type sink struct {
	ctx    context.Context
	store  *duckdb.Store
	tables map[string]*sinkTable
	boxed  []types.Value
}

type sinkTable struct {
	declared types.Schema // as the load declares it
	stored   types.Schema // as the store has it
	place    []int        // of each declared column in the store; nil if they are the same
	row      []types.Value
	appender *duckdb.Appender // nil until the next row
}

func newSink(ctx context.Context, store *duckdb.Store) *sink {
	return &sink{ctx: ctx, store: store, tables: map[string]*sinkTable{}}
}

// Table creates a table, or adds columns to one and widens those of inferred type.
func (s *sink) Table(name string, declared types.Schema) error {
	t := s.tables[name]
	if t == nil {
		t = &sinkTable{}
		s.tables[name] = t
	}
	t.declared = declared
	stored, exists := s.store.Table(name)
	if !exists {
		stored, err := s.store.CreateTable(s.ctx, name, declared)
		t.stored, t.place = stored.Schema(), nil
		return err
	}
	wide, added := stored.Schema(), types.Schema(nil)
	place := make([]int, len(declared))
	changed := false
	for i, c := range declared {
		at := wide.Index(c.Name)
		if at < 0 {
			place[i] = len(wide) + len(added)
			added = append(added, c)
			continue
		}
		place[i] = at
		if both := common(wide[at].Type, c.Type); both != wide[at].Type {
			wide[at].Type, changed = both, true
		}
	}
	if changed {
		if err := s.widen(t, name, wide); err != nil {
			return err
		}
	}
	if added != nil {
		// An open appender holds the table as it was.
		if err := t.close(); err != nil {
			return err
		}
		if _, err := s.store.AddColumns(s.ctx, name, added); err != nil {
			return err
		}
	}
	t.stored, t.place = append(wide, added...), place
	if slices.Equal(t.stored, declared) {
		t.place = nil
	}
	return nil
}

// common is the type that holds the values of both.
func common(a, b types.Type) types.Type {
	switch {
	case a == b:
		return a
	case a == types.Dynamic || b == types.Dynamic:
		return types.Dynamic
	case a.Integer() && b.Integer():
		return types.Long
	case a.Integer() && b == types.Real, a == types.Real && b.Integer():
		return types.Real // unless a value does not fit; see widen and Append
	}
	return types.String
}

// widen changes the types of stored columns. A column of whole numbers that a double
// does not hold becomes text instead of a real.
func (s *sink) widen(t *sinkTable, name string, wide types.Schema) error {
	if err := t.close(); err != nil {
		return err
	}
	convert := func(v types.Value, from, to types.Type) types.Value {
		w, ok := events.Widen(v, from, to)
		if !ok {
			panic(errInexact)
		}
		return w
	}
	_, err := s.store.Widen(s.ctx, name, wide, convert)
	var failed *duckdb.Error
	if errors.As(err, &failed) && failed.Kind == duckdb.Function {
		stored, _ := s.store.Table(name)
		for i, c := range stored.Columns {
			if c.Type != wide[i].Type && wide[i].Type == types.Real {
				wide[i].Type = types.String
			}
		}
		_, err = s.store.Widen(s.ctx, name, wide, convert)
	}
	return err
}

const errInexact = "a whole number that a real does not hold"

// Append adds rows.
func (s *sink) Append(name string, rows *types.Block) error {
	t := s.tables[name]
	if t.place == nil {
		if err := s.open(t, name); err != nil {
			return err
		}
		return t.appender.AppendBlock(rows)
	}
	for r := range rows.Len() {
		s.boxed = rows.Row(r, s.boxed)
		row, err := s.relay(t, name, s.boxed)
		if err != nil {
			return err
		}
		if err := s.open(t, name); err != nil {
			return err
		}
		if err := t.appender.Append(row); err != nil {
			return err
		}
	}
	return nil
}

// open readies the appender, which a change of the table closes.
func (s *sink) open(t *sinkTable, name string) (err error) {
	if t.appender == nil {
		t.appender, err = s.store.Appender(s.ctx, name)
	}
	return err
}

// relay lays a row out as the store has its columns.
func (s *sink) relay(t *sinkTable, name string, row []types.Value) ([]types.Value, error) {
	if len(t.row) != len(t.stored) {
		t.row = make([]types.Value, len(t.stored))
	}
	for i, c := range t.stored {
		t.row[i] = nil
		if c.Type == types.String {
			t.row[i] = ""
		}
	}
	for i, v := range row {
		at := t.place[i]
		w, ok := events.Widen(v, t.declared[i].Type, t.stored[at].Type)
		if !ok {
			t.stored = slices.Clone(t.stored)
			t.stored[at].Type = types.String
			if err := s.widen(t, name, t.stored); err != nil {
				return nil, err
			}
			return s.relay(t, name, row)
		}
		t.row[at] = w
	}
	return t.row, nil
}

func (t *sinkTable) close() error {
	a := t.appender
	if a == nil {
		return nil
	}
	t.appender = nil
	return a.Close()
}

// close makes all rows visible.
func (s *sink) close() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.tables)) {
		errs = append(errs, s.tables[name].close())
	}
	return errors.Join(errs...)
}

// abort drops the rows that are not visible yet.
func (s *sink) abort() {
	for _, t := range s.tables {
		if t.appender != nil {
			t.appender.Abort()
			t.appender = nil
		}
	}
}
