package hunt

import (
	"context"

	"quarry/engine"
	"quarry/kql/types"
)

// WriteParquet writes the rows of a result to a Parquet file; see duckdb.CopyParquet
// for what becomes of each type.
func (s *Session) WriteParquet(ctx context.Context, rows engine.Rows, path string) error {
	schema := rows.Schema()
	table, drop, err := s.db.Spool(ctx, schema, func(yield func([]types.Value, error) bool) {
		for rows.Next() {
			if !yield(rows.Row(), nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	})
	if err != nil {
		return err
	}
	defer drop()
	return s.db.CopyParquet(ctx, "SELECT * FROM "+table, schema, path)
}
