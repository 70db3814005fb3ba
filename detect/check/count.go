package check

import (
	"context"
	"fmt"

	"quarry/hunt"
	"quarry/kql/source"
	"quarry/kql/types"
)

// count asks every table at hand once how many rows it has in the period, and from when
// to when.
func (c *checker) count(ctx context.Context) error {
	c.tables = map[string]Table{}
	for _, stored := range c.session.Store().Tables() {
		name := stored.Name
		query := fmt.Sprintf("table(%s) | summarize count()", hunt.AppendJSONString(nil, name))
		if column := timeColumn(c.session, name); column != "" {
			query += fmt.Sprintf(", min(%s), max(%[1]s)", column)
		}
		rows, _, err := c.session.All(ctx, hunt.Request{Text: source.New("", query, 0), Now: c.options.Now, Settings: c.options.settings()}, 1)
		if err != nil {
			return fmt.Errorf("the rows of table %s cannot be counted: %w", name, err)
		}
		t := Table{Name: name, Known: true}
		row := rows.Values[0]
		t.Rows, _ = row[0].(int64)
		if len(row) == 3 {
			t.First, t.Last = when(row[1]), when(row[2])
		}
		c.tables[name] = t
	}
	return nil
}

// timeColumn is the column that says when a row of a table happened, "" if it has none.
func timeColumn(s *hunt.Session, table string) string {
	schema, _ := s.Schema(table)
	for _, name := range []string{"TimeGenerated", "Timestamp"} {
		if i := schema.Index(name); i >= 0 && schema[i].Type == types.Datetime {
			return name
		}
	}
	return ""
}

func when(v types.Value) string {
	if t, ok := v.(int64); ok {
		return types.FormatDatetime(t)
	}
	return ""
}

// has reports whether a table has rows in the period.
func (c *checker) has(table string) bool { return c.tables[table].Rows > 0 }
