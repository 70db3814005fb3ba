package duckdb

import (
	"fmt"
	"strings"
	"testing"

	"quarry/kql/types"
)

const benchRows = 1_000_000

// benchTable holds texts of about 95 bytes, like command lines.
func benchTable(b *testing.B) *DB {
	db := open(b, Options{Threads: 1})
	err := db.Exec(ctx, fmt.Sprintf(`CREATE TABLE x AS SELECT 'C:\Windows\System32\cmd.exe /c start /b powershell.exe -NoProfile -File report_' || i || CASE WHEN i%%1000=0 THEN ' whoami' ELSE ' summary' END AS s, i AS n FROM range(%d) r(i)`, benchRows))
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func benchQuery(b *testing.B, db *DB, sql, schema string) {
	for b.Loop() {
		if _, err := query(db, sql, schema); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b)
}

// BenchmarkFilter compares ways to run one predicate; scan is the cost of reading alone.
func BenchmarkFilter(b *testing.B) {
	db := benchTable(b)
	has := func(s string) bool { return strings.Contains(s, "whoami") }
	for _, p := range []StringPredicate{
		{Name: "p_match", Match: has},
		{Name: "p_compile", Compile: func(p string) (func(string) bool, error) {
			return func(s string) bool { return strings.Contains(s, p) }, nil
		}},
	} {
		if err := db.RegisterPredicate(ctx, p); err != nil {
			b.Fatal(err)
		}
	}
	register(b, db, ScalarFunc{Name: "f_match", Params: []types.Type{types.String}, Result: types.Bool, Fn: func(a []types.Value) types.Value { return has(a[0].(string)) }})
	register(b, db, ScalarFunc{Name: "f_text", Params: []types.Type{types.String}, Result: types.String, Fn: func(a []types.Value) types.Value { return a[0].(string)[3:60] }})
	register(b, db, ScalarFunc{Name: "f_long", Params: []types.Type{types.Long, types.Long}, Result: types.Long, Fn: func(a []types.Value) types.Value { return a[0].(int64) + a[1].(int64) }})
	for _, tc := range []struct{ name, where string }{
		{"scan", "s <> ''"}, {"native", "contains(s, 'whoami')"}, {"match", "p_match(s)"}, {"compile", "p_compile(s, 'whoami')"},
		{"scalar", "f_match(s)"}, {"text", "f_text(s) <> ''"}, {"long", "f_long(n, 1) = 5"},
	} {
		b.Run(tc.name, func(b *testing.B) { benchQuery(b, db, "SELECT count(*) FROM x WHERE "+tc.where, "n:long") })
	}
}

func BenchmarkAppend(b *testing.B) {
	schema := schemaOf("t:datetime, id:long, name:string, line:string")
	rows := make([][]types.Value, 1000)
	for i := range rows {
		rows[i] = []types.Value{int64(i), int64(i), "host", fmt.Sprintf("powershell.exe -NoProfile -File report_%d", i)}
	}
	db := open(b, Options{})
	for b.Loop() {
		if err := db.Exec(ctx, "CREATE OR REPLACE TABLE y"+columnList(schema)); err != nil {
			b.Fatal(err)
		}
		a, err := db.NewAppender(ctx, "y", schema)
		if err != nil {
			b.Fatal(err)
		}
		for i := range benchRows {
			if err := a.Append(rows[i%len(rows)]); err != nil {
				b.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b)
}

func BenchmarkRead(b *testing.B) {
	db := benchTable(b)
	b.Run("rows", func(b *testing.B) { benchQuery(b, db, "SELECT n, s FROM x", "n:long, s:string") })
	b.Run("columns", func(b *testing.B) {
		c := conn(b, db)
		for b.Loop() {
			rows, err := c.Query(ctx, "SELECT n, s FROM x", schemaOf("n:long, s:string"))
			if err != nil {
				b.Fatal(err)
			}
			total := 0
			for {
				n, err := rows.NextChunk()
				if err != nil {
					b.Fatal(err)
				}
				if n == 0 {
					break
				}
				for i := range n {
					total += int(rows.Longs(0)[i]) + len(rows.Text(1, i))
				}
			}
			rows.Close()
		}
		perRow(b)
	})
}

// BenchmarkOpen is the start of a one-shot query.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		db, err := Open(Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := query(db, "SELECT 1::BIGINT", "n:long"); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
