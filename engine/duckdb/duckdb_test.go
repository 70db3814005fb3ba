package duckdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/types"
)

var ctx = context.Background()

func open(t testing.TB, o Options) *DB {
	t.Helper()
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func conn(t testing.TB, db *DB) *Conn {
	t.Helper()
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Release)
	return c
}

// collect runs sql, with a schema written as in KQL ("a:long, b:string").
func collect(t testing.TB, db *DB, sql, schema string) [][]types.Value {
	t.Helper()
	rows, err := query(db, sql, schema)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return rows
}

func query(db *DB, sql, schema string) ([][]types.Value, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Release()
	rows, err := c.Collect(ctx, sql, schemaOf(schema))
	return rows.Values, err
}

func schemaOf(text string) types.Schema {
	var s types.Schema
	for _, col := range strings.Split(text, ",") {
		name, typ, _ := strings.Cut(strings.TrimSpace(col), ":")
		t, ok := types.Parse(typ)
		if !ok {
			panic("unknown type " + typ)
		}
		s = append(s, types.Column{Name: name, Type: t})
	}
	return s
}

func wantKind(t testing.TB, err error, kind Kind, parts ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got %T %v, want an error of kind %s", err, err, kind)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not contain %q", err, p)
		}
	}
}

const allTypes = "b:bool, i:int, l:long, r:real, m:decimal, s:string, d:datetime, t:timespan, g:guid, j:dynamic"

// extremes are rows of allTypes with the values that break things.
var extremes = [][]types.Value{
	{true, int64(math.MaxInt32), int64(math.MaxInt64), math.Inf(1), "12345678901234567890.123456789012345678", "", types.MaxDatetime, int64(math.MaxInt64), "74be27de-1e4e-49d9-b579-fe0b331d3642", `{"a":[1,null,"x"]}`},
	{false, int64(math.MinInt32), int64(math.MinInt64), math.Inf(-1), "-0.000000000000000001", "a\x00b", int64(0), int64(math.MinInt64), "", `""`},
	{nil, nil, nil, nil, nil, "", nil, nil, nil, nil},
	{true, int64(0), int64(-1), math.MaxFloat64, "0", "twelve bytes", types.UnixEpoch, int64(-1), "x", "1"},
	{true, int64(0), int64(1), math.SmallestNonzeroFloat64, "-12.5", "thirteen byte", int64(1), int64(1), "x", "[]"},
	{true, int64(0), int64(1), math.Copysign(0, -1), "99999999999999999999.999999999999999999", "😀 naïve \u202e \U0010FFFF", int64(1), int64(1), "x", "[]"},
	{true, int64(0), int64(1), 0.1, "1", strings.Repeat("long \x00 ", 10_000), int64(1), int64(1), "x", "[]"},
}

func TestRoundTrip(t *testing.T) {
	db := open(t, Options{})
	schema := schemaOf(allTypes)
	if err := db.Exec(ctx, "CREATE TABLE x"+columnList(schema)); err != nil {
		t.Fatal(err)
	}
	a, err := db.NewAppender(ctx, "x", schema)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]types.Value
	for range 1500 { // more than two chunks, and nulls in each
		for _, row := range extremes {
			want = append(want, row)
			if err := a.Append(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	got := collect(t, db, "SELECT * FROM x", allTypes)
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range got {
		if !cmp.Equal(got[i], want[i]) {
			t.Fatalf("row %d: %s", i, cmp.Diff(want[i], got[i]))
		}
	}
	nan := collect(t, db, "SELECT 'nan'::DOUBLE", "x:real")
	if f := nan[0][0].(float64); !math.IsNaN(f) {
		t.Errorf("NaN came back as %v", f)
	}
	lit := collect(t, db, "SELECT "+QuoteString("it's \x00'\xff"), "x:string")
	if lit[0][0] != "it's \x00'\uFFFD" {
		t.Errorf("literal came back as %q", lit[0][0])
	}
	small := collect(t, db, "SELECT 1.5::DECIMAL(4,1), -3::DECIMAL(9,0), 0.05::DECIMAL(18,4), '7'", "a:decimal, b:decimal, c:decimal, d:decimal")
	if diff := cmp.Diff([][]types.Value{{"1.5", "-3", "0.05", "7"}}, small); diff != "" {
		t.Error(diff)
	}
}

func TestTypedColumns(t *testing.T) {
	db := open(t, Options{})
	c := conn(t, db)
	rows, err := c.Query(ctx, "SELECT i, i/2.0::DOUBLE, i%2=0, CASE WHEN i%3>0 THEN 'row number '||i END FROM range(5000) r(i)", schemaOf("i:long, r:real, b:bool, s:string"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for {
		n, err := rows.NextChunk()
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		for k := range n {
			i := rows.Longs(0)[k]
			text := fmt.Sprintf("row number %d", i)
			if i%3 == 0 {
				text = ""
			}
			if i != int64(seen) || rows.Reals(1)[k] != float64(i)/2 || rows.Bools(2)[k] != (i%2 == 0) || rows.Text(3, k) != text || rows.Null(3, k) {
				t.Fatalf("row %d is wrong", seen)
			}
			seen++
		}
	}
	if seen != 5000 {
		t.Errorf("%d rows", seen)
	}
	if err := c.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("a second statement ran beside an open result")
	}
}

func TestErrorKinds(t *testing.T) {
	db := open(t, Options{})
	for _, tc := range []struct {
		sql, schema string
		kind        Kind
		text        string
	}{
		{"SELEC 1", "x:long", Syntax, "syntax error"},
		{"SELECT nope", "x:long", Syntax, "nope"},
		{"SELECT 1; SELECT 2", "x:long", Other, "multiple"},
		{"SELECT * FROM nope", "x:long", Catalog, "nope"},
		{"SELECT nope(1)", "x:long", Catalog, "nope"},
		{"SELECT CAST(s AS BIGINT) FROM (VALUES ('1'), ('x')) v(s)", "x:long", Conversion, "'x'"},
		{"SELECT i * 9223372036854775807 FROM range(3) r(i)", "x:long", Conversion, "Overflow"},
		{"SELECT * FROM read_parquet('/nowhere.parquet')", "x:long", IO, "nowhere"},
		{"SELECT CASE WHEN i > 100000 THEN error('stop') ELSE i END::BIGINT FROM range(1000000) r(i)", "x:long", Other, "stop"},
		{"SELECT 1::HUGEINT", "x:long", Internal, "HUGEINT instead of BIGINT"},
		{"SELECT NULL", "x:string", Internal, "instead of VARCHAR"},
		{"SELECT DATE '2020-01-01'", "x:datetime", Internal, "DATE"},
		{"SELECT 1::BIGINT, 2", "x:long", Internal, "2 columns"},
		{"SELECT '\x00'", "x:string", Internal, "NUL"},
	} {
		_, err := query(db, tc.sql, tc.schema)
		if err == nil {
			t.Errorf("%s: no error", tc.sql)
			continue
		}
		wantKind(t, err, tc.kind, tc.text)
	}
	if _, err := query(db, "SELECT 1::BIGINT", "x:long"); err != nil {
		t.Errorf("after the errors: %v", err)
	}
}

func TestCancel(t *testing.T) {
	db := open(t, Options{})
	const endless = "SELECT sum(a.i * b.i % 7)::BIGINT FROM range(10000000) a(i), range(10000000) b(i)"
	const stream = "SELECT a.i FROM range(10000000) a(i), range(1000000) b(i)"
	for name, run := range map[string]func(context.Context, *Conn) error{
		"exec": func(ctx context.Context, c *Conn) error { return c.Exec(ctx, endless) },
		"aggregate": func(ctx context.Context, c *Conn) error {
			_, err := c.Collect(ctx, endless, schemaOf("x:long"))
			return err
		},
		"stream": func(ctx context.Context, c *Conn) error {
			rows, err := c.Query(ctx, stream, schemaOf("x:long"))
			if err != nil {
				return err
			}
			defer rows.Close()
			for {
				if n, err := rows.NextChunk(); err != nil || n == 0 {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := conn(t, db)
			short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
			defer cancel()
			start := time.Now()
			if err := run(short, c); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
			t.Logf("stopped after %s", time.Since(start))
			if err := run(short, c); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("an ended context: %v", err)
			}
			if rows, err := c.Collect(ctx, "SELECT 1::BIGINT", schemaOf("x:long")); err != nil || rows.Values[0][0] != int64(1) {
				t.Errorf("the next query: %v %v", rows, err)
			}
		})
	}
}

func TestMemoryLimit(t *testing.T) {
	db := open(t, Options{MemoryLimit: 64 << 20, SpillLimit: 32 << 20})
	err := db.Exec(ctx, "CREATE TABLE x AS SELECT hash(i) h, repeat('x', 50) || i s FROM range(10000000) r(i) ORDER BY h")
	wantKind(t, err, Memory, "64.0 MiB", "32.0 MiB", "raise the limit")
	if _, err := query(db, "SELECT 1::BIGINT", "x:long"); err != nil {
		t.Errorf("after the failure: %v", err)
	}

	small := open(t, Options{MemoryLimit: 64 << 20})
	got := collect(t, small, "SELECT count(*) FROM (SELECT DISTINCT repeat('x', 50) || i FROM range(1500000) r(i))", "n:long")
	if got[0][0] != int64(1500000) {
		t.Errorf("with spilling: %v", got)
	}
}

func TestTempDirIsRemoved(t *testing.T) {
	db, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db.temp); !os.IsNotExist(err) {
		t.Errorf("the spill directory waits for a connection: %v", err)
	}
	if err := c.Exec(ctx, "SELECT 1"); err != nil {
		t.Errorf("a connection taken before Close: %v", err)
	}
	c.Release()
	c.Release()
	if _, err := os.Stat(db.temp); !os.IsNotExist(err) {
		t.Errorf("the spill directory is still there: %v", err)
	}
	if _, err := db.Conn(ctx); err == nil {
		t.Error("a closed database gave a connection")
	}
}

func TestSettings(t *testing.T) {
	db := open(t, Options{Threads: 3})
	a, b := conn(t, db), conn(t, db)
	for _, c := range []*Conn{a, b} {
		rows, err := c.Collect(ctx, "SELECT current_setting('TimeZone'), current_setting('threads')::BIGINT, current_setting('autoload_known_extensions')", schemaOf("z:string, n:long, a:bool"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]types.Value{{"UTC", int64(3), false}}, rows.Values); diff != "" {
			t.Error(diff)
		}
	}
	if db.MemoryLimit() < 256<<20 || db.MemoryLimit() > maxDefaultMemory {
		t.Errorf("default memory limit %d", db.MemoryLimit())
	}
}

func TestLockDown(t *testing.T) {
	dir := t.TempDir()
	db := open(t, Options{Path: filepath.Join(dir, "x.duckdb"), MemoryLimit: 64 << 20})
	allowed := filepath.Join(dir, "out")
	if err := os.Mkdir(allowed, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := db.LockDown(ctx, allowed); err != nil {
		t.Fatal(err)
	}
	_, err := query(db, "SELECT content FROM read_text('/etc/hostname')", "x:string")
	wantKind(t, err, IO)
	if err := db.Exec(ctx, "SET enable_external_access = true"); err == nil {
		t.Error("the lock came off")
	}
	if err := db.CopyParquet(ctx, "SELECT 1::BIGINT", schemaOf("x:long"), filepath.Join(allowed, "x.parquet")); err != nil {
		t.Error(err)
	}
	if err := db.CopyParquet(ctx, "SELECT 1::BIGINT", schemaOf("x:long"), filepath.Join(dir, "x.parquet")); err == nil {
		t.Error("wrote outside the allowed directory")
	}
	if got := collect(t, db, "SELECT count(*) FROM (SELECT DISTINCT repeat('x', 50) || i FROM range(1500000) r(i))", "n:long"); got[0][0] != int64(1500000) {
		t.Errorf("spilling: %v", got)
	}
}

// TestHugePages: the engine's memory asks for huge pages. An engine whose allocator has
// other names, or none, would do without in silence.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this system has no huge pages")
	}
	open(t, Options{})
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	if !regexp.MustCompile(`(?m)^VmFlags:.* hg\b`).Match(maps) {
		t.Error("no memory asks for huge pages")
	}
}
