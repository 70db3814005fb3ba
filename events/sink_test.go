package events

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"quarry/kql/types"
)

// memory is a Sink that keeps everything and checks what it is promised.
type memory struct {
	t      testing.TB
	tables map[string]*types.Rows
	count  bool // keep numbers of rows only
	rows   map[string]int
}

func newMemory(t testing.TB) *memory {
	return &memory{t: t, tables: map[string]*types.Rows{}, rows: map[string]int{}}
}

func (m *memory) Table(name string, schema types.Schema) error {
	tb := m.tables[name]
	if tb == nil {
		tb = &types.Rows{}
		m.tables[name] = tb
	}
	if len(schema) < len(tb.Schema) {
		m.t.Errorf("%s: %d columns after %d", name, len(schema), len(tb.Schema))
		return nil
	}
	for i, c := range schema {
		if c.Type == types.Unknown {
			m.t.Errorf("%s.%s is declared without a type", name, c.Name)
		}
		if i < len(tb.Schema) {
			old := tb.Schema[i]
			if old.Name != c.Name {
				m.t.Errorf("%s: column %d was %s and is %s", name, i, old.Name, c.Name)
			}
			for r := range tb.Values {
				v, ok := Widen(tb.Values[r][i], old.Type, c.Type)
				if !ok {
					m.t.Errorf("%s.%s: %v does not go from %s to %s", name, c.Name, tb.Values[r][i], old.Type, c.Type)
				}
				tb.Values[r][i] = v
			}
			continue
		}
		for r := range tb.Values {
			tb.Values[r] = append(tb.Values[r], orEmpty(nil, c.Type))
		}
	}
	tb.Schema = schema
	return nil
}

func (m *memory) Append(name string, rows *types.Block) error {
	for r := range rows.Len() {
		if err := m.row(name, rows.Row(r, nil)); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) row(name string, row []types.Value) error {
	tb := m.tables[name]
	if tb == nil {
		return fmt.Errorf("row of %s, which was not declared", name)
	}
	if len(row) != len(tb.Schema) {
		return fmt.Errorf("%s: row of %d values, %d columns", name, len(row), len(tb.Schema))
	}
	m.rows[name]++
	if m.count {
		return nil
	}
	for i, v := range row {
		if !goes(v, tb.Schema[i].Type) {
			m.t.Errorf("%s.%s: %T(%v) in a column of type %s", name, tb.Schema[i].Name, v, v, tb.Schema[i].Type)
		}
	}
	tb.Values = append(tb.Values, row)
	return nil
}

func goes(v types.Value, t types.Type) bool {
	if v == nil {
		return t != types.String
	}
	var ok bool
	switch t {
	case types.Bool:
		_, ok = v.(bool)
	case types.Int, types.Long, types.Datetime, types.Timespan:
		_, ok = v.(int64)
	case types.Real:
		_, ok = v.(float64)
	default:
		_, ok = v.(string)
	}
	return ok
}

// text writes the tables that hold rows: schema, then the values that are not
// null or empty.
func (m *memory) text() string {
	var b strings.Builder
	names := make([]string, 0, len(m.tables))
	for n := range m.tables {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		tb := m.tables[n]
		fmt.Fprintf(&b, "%s\n", n)
		for _, row := range tb.Values {
			b.WriteString(" ")
			for i, v := range row {
				if v == nil || v == "" {
					continue
				}
				fmt.Fprintf(&b, " %s:%s=%s", tb.Schema[i].Name, tb.Schema[i].Type, textOf(v, tb.Schema[i].Type))
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
