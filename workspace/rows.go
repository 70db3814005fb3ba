package workspace

import (
	"context"
	"fmt"

	"quarry/events"
	"quarry/kql/types"
)

// ReadRows reads files as Load does, into memory: the rows of each table. maxRows
// bounds them all; 0 is no bound.
func ReadRows(ctx context.Context, paths []string, o events.Options, maxRows int) (map[string]*types.Rows, events.Report, error) {
	m := &memory{tables: map[string]*types.Rows{}, max: maxRows}
	report, err := events.Load(ctx, paths, o, m)
	return m.tables, report, err
}

// memory is a sink that keeps rows as they are.
type memory struct {
	tables map[string]*types.Rows
	rows   int
	max    int
}

// Table declares a table, or lays its rows out anew.
func (m *memory) Table(name string, schema types.Schema) error {
	old := m.tables[name]
	m.tables[name] = &types.Rows{Schema: schema}
	if old == nil {
		return nil
	}
	for _, row := range old.Values {
		wide := make([]types.Value, len(schema))
		for i, c := range schema {
			switch {
			case i < len(row):
				v, ok := events.Widen(row[i], old.Schema[i].Type, c.Type)
				if !ok {
					return fmt.Errorf("the column %s of %s holds whole numbers that a %s does not", c.Name, name, c.Type)
				}
				wide[i] = v
			case c.Type == types.String:
				wide[i] = ""
			}
		}
		m.tables[name].Values = append(m.tables[name].Values, wide)
	}
	return nil
}

// Append adds rows.
func (m *memory) Append(name string, rows *types.Block) error {
	if m.rows += rows.Len(); m.max > 0 && m.rows > m.max {
		return fmt.Errorf("there are more than %d rows", m.max)
	}
	t := m.tables[name]
	for r := range rows.Len() {
		t.Values = append(t.Values, rows.Row(r, nil))
	}
	return nil
}
