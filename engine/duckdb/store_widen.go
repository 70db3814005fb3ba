package duckdb

import (
	"context"
	"fmt"
	"strings"

	"quarry/kql/types"
)

// Widen gives the first columns of a table the types of schema, which names the same
// columns in the same order. convert makes a value of the new type; it must depend on
// nothing but its arguments. An appender that is open on the table fails from then on.
func (s *Store) Widen(ctx context.Context, name string, schema types.Schema, convert func(v types.Value, from, to types.Type) types.Value) (Table, error) {
	s.change.Lock()
	defer s.change.Unlock()
	t, err := s.find(name)
	if err != nil {
		return Table{}, err
	}
	wide := t
	wide.Columns = nil
	var sql []string
	for i, col := range t.Columns {
		if i < len(schema) {
			if col.Name != schema[i].Name {
				return Table{}, &Error{Kind: Catalog, Message: fmt.Sprintf("table %q: column %d is %q, not %q", name, i, col.Name, schema[i].Name)}
			}
			if to := schema[i].Type; to != col.Type {
				function, err := s.widener(ctx, col.Type, to, convert)
				if err != nil {
					return Table{}, err
				}
				sql = append(sql,
					fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DATA TYPE %s USING %s(%s)", t.Physical, col.Physical, ColumnType(to), function, col.Physical),
					fmt.Sprintf("UPDATE quarry_columns SET type = %s WHERE table_id = %d AND position = %d", QuoteString(to.String()), t.id, i))
				col.Type = to
			}
		}
		wide.Columns = append(wide.Columns, col)
	}
	if sql == nil {
		return t, nil
	}
	return s.update(ctx, func(c *Conn) (Table, error) {
		return wide, c.Exec(ctx, strings.Join(sql, "; "))
	})
}

func (s *Store) widener(ctx context.Context, from, to types.Type, convert func(v types.Value, from, to types.Type) types.Value) (string, error) {
	name := fmt.Sprintf("quarry_widen_%s_%s", from, to)
	return name, s.db.RegisterScalar(ctx, ScalarFunc{
		Name: name, Params: []types.Type{from}, Result: to,
		Fn: func(args []types.Value) types.Value { return convert(args[0], from, to) },
	})
}
