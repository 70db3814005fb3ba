package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"quarry/kql/plan"
	"quarry/kql/types"
)

func store(t testing.TB, db *DB) *Store {
	t.Helper()
	s, err := OpenStore(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func appendRows(t testing.TB, s *Store, table string, rows ...[]types.Value) {
	t.Helper()
	a, err := s.Appender(ctx, table)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := a.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStoreReopens(t *testing.T) {
	// The file name is that of DuckDB's catalogue, so it must not clash with ours.
	for _, name := range []string{"quarry.duckdb", "main.db", "memory.db", "hunt"} {
		path := filepath.Join(t.TempDir(), name)
		db, err := Open(Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		s := store(t, db)
		weird := types.Schema{{Name: "Foo", Type: types.Long}, {Name: "foo", Type: types.String}, {Name: `o"dd 'name'; 日本`, Type: types.Datetime}}
		for _, table := range []string{"Events", "events", `T"'; DROP`} {
			if _, err := s.CreateTable(ctx, table, weird); err != nil {
				t.Fatal(err)
			}
		}
		appendRows(t, s, "events", []types.Value{int64(1), "one", nil})
		if _, err := s.AddColumns(ctx, "events", schemaOf("Extra:dynamic, FOO:string")); err != nil {
			t.Fatal(err)
		}
		appendRows(t, s, "events", []types.Value{int64(2), "two", int64(5), `{"a":1}`, "x"})
		if err := s.Drop(ctx, "Events"); err != nil {
			t.Fatal(err)
		}
		want := s.Tables()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}

		db = open(t, Options{Path: path, ReadOnly: true})
		s = store(t, db)
		if diff := cmp.Diff(want, s.Tables(), cmpopts.IgnoreUnexported(Table{})); diff != "" {
			t.Fatal(diff)
		}
		e, _ := s.Table("events")
		if _, ok := s.Table("Events"); ok || e.Schema().Index("FOO") != 4 || e.Columns[4].Physical != "c4" {
			t.Errorf("tables %v", s.Tables())
		}
		got := collect(t, db, "SELECT * FROM "+e.Physical, "a:long, b:string, c:datetime, d:dynamic, e:string")
		if diff := cmp.Diff([][]types.Value{{int64(1), "one", nil, nil, ""}, {int64(2), "two", int64(5), `{"a":1}`, "x"}}, got); diff != "" {
			t.Error(diff)
		}
		if n, err := s.Count(ctx, "events"); n != 2 || err != nil {
			t.Errorf("count %d, %v", n, err)
		}
		table, drop, err := db.SpoolQuery(ctx, "SELECT count(*) n FROM "+e.Physical) // beside a read-only file
		if err != nil {
			t.Fatal(err)
		}
		if got := collect(t, db, "SELECT n FROM "+table, "n:long"); got[0][0] != int64(2) {
			t.Errorf("spool %v", got)
		}
		drop()
		if _, err := s.CreateTable(ctx, "new", weird); err == nil {
			t.Error("wrote to a read-only file")
		}
		if _, ok := s.Table("new"); ok {
			t.Error("a table that was not created is listed")
		}
	}
}

func TestStoreRefuses(t *testing.T) {
	s := store(t, open(t, Options{}))
	if _, err := s.CreateTable(ctx, "T", schemaOf("a:long")); err != nil {
		t.Fatal(err)
	}
	create := func(name string, schema types.Schema) error {
		_, err := s.CreateTable(ctx, name, schema)
		return err
	}
	_, missing := s.AddColumns(ctx, "U", schemaOf("a:long"))
	_, double := s.AddColumns(ctx, "T", schemaOf("a:string"))
	_, appender := s.Appender(ctx, "t")
	_, count := s.Count(ctx, "t")
	for text, err := range map[string]error{
		`the table "T" exists already`:                    create("T", schemaOf("a:long")),
		`table "": a name`:                                create("", schemaOf("a:long")),
		`table "U": no columns given`:                     create("U", nil),
		`table "V": the column "a" is given twice`:        create("V", schemaOf("a:long, a:string")),
		`table "W": the column "a" has no type`:           create("W", types.Schema{{Name: "a"}}),
		`table "X": the column name "\xff" must be valid`: create("X", types.Schema{{Name: "\xff", Type: types.Long}}),
		`there is no table "U"`:                           missing,
		`table "T": the column "a" is given twice`:        double,
		`there is no table "t"`:                           appender,
		`no table "t"`:                                    count,
		`no table "u"`:                                    s.Drop(ctx, "u"),
	} {
		wantKind(t, err, Catalog, text)
	}
	if len(s.Tables()) != 1 {
		t.Errorf("tables %v", s.Tables())
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.duckdb")
	if err := os.WriteFile(garbage, []byte("this is no database, just some text that is long enough to be read"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{
		{Path: garbage},
		{Path: filepath.Join(dir, "missing", "x.duckdb")},
		{Path: filepath.Join(dir, "absent.duckdb"), ReadOnly: true},
		{Path: "a\x00b"},
	} {
		_, err := Open(o)
		wantKind(t, err, IO)
	}
	path := filepath.Join(dir, "used.duckdb")
	first := open(t, Options{Path: path})
	link := filepath.Join(dir, "link.duckdb")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		_, err := Open(Options{Path: p})
		wantKind(t, err, IO, "open in this process already")
	}
	first.Close()
	open(t, Options{Path: link})

	future := open(t, Options{Path: filepath.Join(dir, "future.duckdb")})
	store(t, future)
	if err := future.Exec(ctx, "UPDATE quarry_format SET version = 99"); err != nil {
		t.Fatal(err)
	}
	_, err := OpenStore(ctx, future)
	wantKind(t, err, IO, "format 99", "knows 1")
}

func TestAppenderErrors(t *testing.T) {
	s := store(t, open(t, Options{}))
	if _, err := s.CreateTable(ctx, "T", schemaOf("a:string, b:long, m:decimal")); err != nil {
		t.Fatal(err)
	}
	a, err := s.Appender(ctx, "T")
	if err != nil {
		t.Fatal(err)
	}
	for text, row := range map[string][]types.Value{
		`column "b": a long must be a Go int64, not string`:       {"a long text of a refused row", "x", nil},
		`column "b": a long must be a Go int64, not int`:          {"a long text of a refused row", 1, nil},
		`column "m": "1e5" is no decimal`:                         {"a long text of a refused row", nil, "1e5"},
		`column "m": "123456789012345678901" does not fit`:        {"a long text of a refused row", nil, "123456789012345678901"},
		`column "m": "99999999999999999999.9999999999999999995" `: {"", nil, "99999999999999999999.9999999999999999995"},
		`column "a": a string must be a Go string, not bool`:      {true, nil, nil},
		"a row of 1 values for 3 columns":                         {"x"},
	} {
		wantKind(t, a.Append(row), Conversion, text)
	}
	if err := a.Append([]types.Value{"kept", int64(1), "1.0000000000000000005"}); err != nil {
		t.Fatal(err)
	}
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	for range 5000 {
		if err := a.Append([]types.Value{"dropped", int64(1), nil}); err != nil {
			t.Fatal(err)
		}
	}
	a.Abort()
	if err := a.Append(nil); err == nil {
		t.Error("append after abort")
	}
	tab, _ := s.Table("T")
	got := collect(t, s.DB(), "SELECT * FROM "+tab.Physical, "a:string, b:long, m:decimal")
	if diff := cmp.Diff([][]types.Value{{"kept", int64(1), "1.000000000000000001"}}, got); diff != "" {
		t.Error(diff)
	}

	ended, cancel := context.WithCancel(ctx)
	b, err := s.DB().NewAppender(ended, tab.Physical, tab.Schema())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for range ChunkRows + 1 {
		err = b.Append([]types.Value{"x", int64(1), nil})
	}
	if !errors.Is(err, context.Canceled) || !errors.Is(b.Close(), context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	if n, _ := s.Count(ctx, "T"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestAppendersSideBySide(t *testing.T) {
	s := store(t, open(t, Options{}))
	if _, err := s.CreateTable(ctx, "T", schemaOf("a:long")); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			a, err := s.Appender(ctx, "T")
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 10_000 {
				if err := a.Append([]types.Value{int64(i)}); err != nil {
					t.Error(err)
				}
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := s.Count(ctx, "T"); n != 40_000 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}

	stale, err := s.Appender(ctx, "T")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddColumns(ctx, "T", schemaOf("b:string")); err != nil {
		t.Fatal(err)
	}
	if err := stale.Append([]types.Value{int64(1)}); err != nil {
		t.Fatal(err)
	}
	if err := stale.Close(); err == nil {
		t.Error("rows of the old shape went in without an error")
	}
}

func TestSpoolFromOpenResult(t *testing.T) {
	db := open(t, Options{})
	c := conn(t, db)
	rows, err := c.Query(ctx, "SELECT i, 'text '||i FROM range(10000) r(i)", schemaOf("i:long, s:string"))
	if err != nil {
		t.Fatal(err)
	}
	table, drop, err := db.Spool(ctx, rows.Schema(), func(yield func([]types.Value, error) bool) {
		for rows.Next() {
			if !yield(rows.Row(), nil) {
				return
			}
		}
		if rows.Err() != nil {
			yield(nil, rows.Err())
		}
	})
	rows.Close()
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Collect(ctx, "SELECT count(*), max(c1) FROM "+table, schemaOf("n:long, m:string"))
	if err != nil || got.Values[0][0] != int64(10000) || got.Values[0][1] != "text 9999" {
		t.Errorf("%v %v", got.Values, err)
	}
	drop()
	drop()
	if err := c.Exec(ctx, "SELECT * FROM "+table); err == nil {
		t.Error("the spool is still there")
	}
	failure := errors.New("source failed")
	if _, _, err := db.Spool(ctx, schemaOf("a:long"), func(yield func([]types.Value, error) bool) { yield(nil, failure) }); err != failure {
		t.Errorf("got %v", err)
	}
	if got := collect(t, db, "SELECT count(*) FROM duckdb_tables()", "n:long"); got[0][0] != int64(0) {
		t.Errorf("%v tables left", got)
	}
}

func TestCopyParquet(t *testing.T) {
	db := open(t, Options{})
	path := filepath.Join(t.TempDir(), "it's.parquet")
	schema := schemaOf("Time of day:datetime, d:timespan, j:dynamic, n:decimal")
	sql := fmt.Sprintf("SELECT %d::BIGINT, 36000000000::BIGINT, '{}', 1.5::DECIMAL(38,18) UNION ALL SELECT NULL, NULL, NULL, NULL", types.UnixEpoch+1234567)
	if err := db.CopyParquet(ctx, sql, schema, path); err != nil {
		t.Fatal(err)
	}
	got := collect(t, db, `SELECT epoch_ns("Time of day"), d, j, n FROM `+QuoteString(path), "t:long, d:dynamic, j:dynamic, n:decimal")
	if diff := cmp.Diff([][]types.Value{{int64(123456700), "01:00:00", "{}", "1.5"}, {nil, nil, nil, nil}}, got); diff != "" {
		t.Error(diff)
	}
	err := db.CopyParquet(ctx, "SELECT 0::BIGINT", schemaOf("Start:datetime"), path)
	wantKind(t, err, Other, `column "Start" lies outside 1677`)
	err = db.CopyParquet(ctx, "SELECT 0::BIGINT, 1::BIGINT", schemaOf("Foo:long, foo:long"), path)
	wantKind(t, err, Conversion, `"Foo" and "foo"`)
	err = db.CopyParquet(ctx, "SELECT 0::BIGINT", schemaOf("Foo:long"), filepath.Join(path, "x", "y.parquet"))
	wantKind(t, err, IO)
	files, _ := os.ReadDir(filepath.Dir(path))
	if len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
}

// TestColumnsKeepTheirPlaces asks the engine for what SQL relies on when it names columns
// by their order: that cN is the N-th column, also of a table that grew and was widened.
func TestColumnsKeepTheirPlaces(t *testing.T) {
	db, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := store(t, db)
	if _, err := s.CreateTable(ctx, "T", schemaOf("a:long, b:string, c:datetime")); err != nil {
		t.Fatal(err)
	}
	appendRows(t, s, "T", []types.Value{int64(1), "one", nil})
	if _, err := s.AddColumns(ctx, "T", schemaOf("d:dynamic, e:int")); err != nil {
		t.Fatal(err)
	}
	table, err := s.Widen(ctx, "T", schemaOf("a:string, b:string, c:datetime"), func(v types.Value, _, _ types.Type) types.Value { return fmt.Sprint(v) })
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	rows, err := c.Collect(ctx, "SELECT column_name FROM duckdb_columns() WHERE table_name = "+QuoteString(table.Physical)+" ORDER BY column_index", schemaOf("name:string"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows.Values) != len(table.Columns) {
		t.Fatalf("%d columns instead of %d", len(rows.Values), len(table.Columns))
	}
	for i, row := range rows.Values {
		if row[0] != plan.StoredColumn(i) || table.Columns[i].Physical != plan.StoredColumn(i) {
			t.Errorf("column %d is %v in the engine, %s in the store", i, row[0], table.Columns[i].Physical)
		}
	}
}
