package duckdb

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unsafe"

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

// TestSharedTexts: texts of a chunk that are equal are one value, and no others are taken
// for equal.
func TestSharedTexts(t *testing.T) {
	c := conn(t, open(t, Options{}))
	texts := []string{"", "a", "b", "ab", "a\x00", "twelve bytes", "thirteen byte", "thirteen bytf", "xhirteen byte",
		"the same start and end, not the middle: 1 of two", "the same start and end, not the middle: 2 of two", "löng enough for the heap", "é"}
	const rows = 3 * ChunkRows
	var list []string
	for _, s := range texts {
		list = append(list, "'"+strings.ReplaceAll(s, "\x00", "'||chr(0)||'")+"'")
	}
	// Each cell is a text of its own in memory; the second column is never twice the same.
	sql := fmt.Sprintf("SELECT concat(CASE WHEN i %% 31 > 0 THEN [%s][(i * i) %% 31 %% %d + 1] END, NULL), CASE WHEN i %% 31 > 0 THEN 'a text of its own: ' || i END, i FROM range(%d) a(i)",
		strings.Join(list, ", "), len(texts), rows)
	got, err := c.Collect(ctx, sql, schemaOf("few:dynamic, many:string, i:long"))
	if err != nil || len(got.Values) != rows {
		t.Fatal(len(got.Values), err)
	}
	addresses := map[*byte]bool{}
	for _, row := range got.Values {
		i := row[2].(int64)
		few, many := texts[i*i%31%int64(len(texts))], fmt.Sprintf("a text of its own: %d", i)
		if i%31 == 0 {
			few, many = "", ""
		}
		if row[0] != types.Value(few) || row[1] != types.Value(many) {
			t.Fatalf("row %d is %q, want %q and %q", i, row, few, many)
		}
		if len(few) > inlineBytes {
			addresses[unsafe.StringData(row[0].(string))] = true
		}
	}
	if most := 3 * len(texts); len(addresses) > most {
		t.Errorf("%d copies of the texts in three chunks, want at most %d", len(addresses), most)
	}
}
