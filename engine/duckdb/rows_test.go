package duckdb

import (
	"context"
	"testing"

	"quarry/kql/types"
)

// TestLeftStream: a result that is closed in mid-stream, as a limit or a time-out does,
// leaves nothing on its connection: no transaction that later work would be part of,
// no memory that others lack.
func TestLeftStream(t *testing.T) {
	for name, leave := range map[string]func(*Rows, context.CancelFunc){
		"closed":    func(r *Rows, _ context.CancelFunc) { r.Close() },
		"released":  func(r *Rows, _ context.CancelFunc) { r.conn.Release() },
		"cancelled": func(r *Rows, stop context.CancelFunc) { stop(); r.Next(); r.NextChunk(); r.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, Options{})
			c, watcher := conn(t, db), conn(t, db)
			short, stop := context.WithCancel(ctx)
			defer stop()
			rows, err := c.Query(short, "SELECT a.i, s FROM range(3000000) a(i) JOIN (SELECT j, repeat('x', 50) || j s FROM range(1000000) b(j)) ON i % 1000000 = j", schemaOf("i:long, s:string"))
			if err != nil || !rows.Next() {
				t.Fatal(err)
			}
			leave(rows, stop)
			c.Release()
			memory, err := watcher.Collect(ctx, "SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()", schemaOf("n:long"))
			if err != nil {
				t.Fatal(err)
			}
			if held := memory.Values[0][0].(int64); held > 16<<20 {
				t.Errorf("%s are still held", formatBytes(held))
			}

			// What is registered next goes through the same connection.
			if c, err = db.Conn(ctx); err != nil {
				t.Fatal(err)
			}
			if rows, err = c.Query(ctx, "SELECT i FROM range(3000000) a(i)", schemaOf("i:long")); err != nil || !rows.Next() {
				t.Fatal(err)
			}
			rows.Close()
			c.Release()
			double := ScalarFunc{Name: "double_it", Params: []types.Type{types.Long}, Result: types.Long,
				Fn: func(a []types.Value) types.Value { return 2 * a[0].(int64) }}
			if err := db.RegisterScalar(ctx, double); err != nil {
				t.Fatal(err)
			}
			one, other := conn(t, db), conn(t, db)
			for i, c := range []*Conn{other, one, other} {
				if got, err := c.Collect(ctx, "SELECT double_it(21)", schemaOf("n:long")); err != nil || got.Values[0][0] != int64(42) {
					t.Errorf("query %d: %v %v", i, got, err)
				}
			}
		})
	}
}
