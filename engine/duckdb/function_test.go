package duckdb

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/builtin"
	"quarry/kql/types"
)

func register(t testing.TB, db *DB, f ScalarFunc) {
	t.Helper()
	if err := db.RegisterScalar(ctx, f); err != nil {
		t.Fatal(err)
	}
}

func TestFunctionTypes(t *testing.T) {
	db := open(t, Options{})
	schema := schemaOf(allTypes)
	table, drop, err := db.Spool(ctx, schema, func(yield func([]types.Value, error) bool) {
		for range 1000 {
			for _, row := range extremes {
				if !yield(row, nil) {
					return
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer drop()
	var items []string
	for i, col := range schema {
		register(t, db, ScalarFunc{Name: "same_" + col.Type.String(), Params: []types.Type{col.Type}, Result: col.Type, Fn: func(args []types.Value) types.Value { return args[0] }})
		items = append(items, fmt.Sprintf("same_%s(c%d)", col.Type, i))
	}
	got := collect(t, db, "SELECT "+strings.Join(items, ", ")+" FROM "+table, allTypes)
	if len(got) != 1000*len(extremes) {
		t.Fatalf("%d rows", len(got))
	}
	for i := range got {
		if want := extremes[i%len(extremes)]; !cmp.Equal(got[i], want) {
			t.Fatalf("row %d: %s", i, cmp.Diff(want, got[i]))
		}
	}
}

func TestFunctionArguments(t *testing.T) {
	db := open(t, Options{})
	describe := func(args []types.Value) types.Value { return fmt.Sprintf("%q", args) }
	register(t, db, ScalarFunc{Name: "show0", Result: types.String, Fn: describe})
	register(t, db, ScalarFunc{Name: "show2", Params: []types.Type{types.String, types.Dynamic}, Result: types.String, Fn: describe})
	register(t, db, ScalarFunc{Name: "shown", Params: []types.Type{types.String}, Varargs: types.Guid, Result: types.String, Fn: describe})
	register(t, db, ScalarFunc{Name: "bad_bytes", Result: types.String, Volatile: true, Fn: func([]types.Value) types.Value { return "a\xff\xfeb" }})
	register(t, db, ScalarFunc{Name: "empty", Params: []types.Type{types.Long}, Result: types.String, Fn: func([]types.Value) types.Value { return nil }})
	for _, tc := range []struct{ sql, want string }{
		{"show0()", `[]`},
		{"show2('a', '1')", `["a" "1"]`},
		{"show2(NULL, NULL)", `["" <nil>]`},
		{"shown('a')", `["a"]`},
		{"shown('a', NULL, 'c')", `["a" <nil> "c"]`},
		{"SHOWN(x, x) FROM (SELECT unnest(['v', 'w']) x) LIMIT 1", `["v" "v"]`},
		{"show2('const', 'c') FROM range(3) LIMIT 1", `["const" "c"]`},
		{"bad_bytes()", "a\uFFFDb"},
		{"empty(1)", ""},
		{"CASE WHEN empty(i) IS NULL THEN 'null' ELSE 'text' END FROM range(3) r(i) LIMIT 1", "text"},
	} {
		if got := collect(t, db, "SELECT "+tc.sql, "x:string"); got[0][0] != tc.want {
			t.Errorf("%s = %q, want %q", tc.sql, got[0][0], tc.want)
		}
	}
	if got := collect(t, db, "SELECT bad_bytes() FROM range(3000)", "x:string"); len(got) != 3000 || got[2999][0] != "a\uFFFDb" {
		t.Error("volatile function without arguments")
	}
}

func TestFunctionFailures(t *testing.T) {
	db := open(t, Options{})
	register(t, db, ScalarFunc{Name: "boom", Params: []types.Type{types.Long}, Result: types.Long, Fn: func(args []types.Value) types.Value {
		if args[0] == int64(4000) {
			panic("did not expect\x00this")
		}
		return args[0]
	}})
	register(t, db, ScalarFunc{Name: "wrong", Params: []types.Type{types.Long}, Result: types.Long, Fn: func(args []types.Value) types.Value { return "text" }})
	register(t, db, ScalarFunc{Name: "needy", Params: []types.Type{types.Long}, Result: types.Long, Fn: func(args []types.Value) types.Value {
		panic(builtin.Failure("give one with --file"))
	}})
	_, err := query(db, "SELECT needy(i) FROM range(10) r(i)", "x:long")
	wantKind(t, err, Function, "give one with --file")
	if strings.Contains(err.Error(), "internal") || strings.Contains(err.Error(), "needy") {
		t.Errorf("a failure for the user reads %q", err)
	}
	_, err = query(db, "SELECT boom(i) FROM range(100000) r(i)", "x:long")
	wantKind(t, err, Function, "boom: internal error: did not expect this (function_test.go:")
	_, err = query(db, "SELECT wrong(1)", "x:long")
	wantKind(t, err, Function, "wrong: a long must be a Go int64, not string")
	if got := collect(t, db, "SELECT boom(7)", "x:long"); got[0][0] != int64(7) {
		t.Errorf("after the failures: %v", got)
	}

	register(t, db, ScalarFunc{Name: "BOOM", Params: []types.Type{types.Long}, Result: types.Long}) // the same again
	err = db.RegisterScalar(ctx, ScalarFunc{Name: "boom", Params: []types.Type{types.String}, Result: types.Long})
	wantKind(t, err, Internal, "another signature")
}

func TestPredicates(t *testing.T) {
	db := open(t, Options{})
	for _, p := range []StringPredicate{
		{Name: "is_upper", Match: func(s string) bool { return s == strings.ToUpper(s) }},
		{Name: "matches", Compile: func(p string) (func(string) bool, error) {
			re, err := regexp.Compile(p)
			if err != nil {
				return nil, err
			}
			return re.MatchString, nil
		}},
	} {
		for range 2 {
			if err := db.RegisterPredicate(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := collect(t, db, `SELECT count(*) FILTER (is_upper(s)), count(*) FILTER (matches(s, '^[a-z ]+ 9')), count(*) FILTER (matches(s, ''||i%10||'$')), count(*) FILTER (matches(s, NULL))
		FROM (SELECT i, CASE WHEN i%2=0 THEN 'some longer lower text '||i ELSE NULL END s FROM range(10000) r(i))`, "u:long, m:long, v:long, n:long")
	if diff := cmp.Diff([][]types.Value{{int64(5000), int64(5 + 50 + 500), int64(5000), int64(10000)}}, got); diff != "" {
		t.Error(diff)
	}
	_, err := query(db, "SELECT matches(i::VARCHAR, '(') FROM range(3) r(i)", "x:bool")
	wantKind(t, err, Function, "missing closing )")
}

func TestConcurrent(t *testing.T) {
	db := open(t, Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			register := ScalarFunc{Name: "twice", Params: []types.Type{types.String}, Result: types.String, Fn: func(a []types.Value) types.Value { return a[0].(string) + a[0].(string) }}
			for range 5 {
				if err := db.RegisterScalar(ctx, register); err != nil {
					t.Error(err)
				}
				rows, err := query(db, fmt.Sprintf("SELECT twice('group %d row ' || i) FROM range(5000) r(i)", g), "x:string")
				if err != nil || len(rows) != 5000 {
					t.Errorf("%d rows, %v", len(rows), err)
					return
				}
				for i, r := range rows {
					half := fmt.Sprintf("group %d row %d", g, i)
					if r[0] != half+half {
						t.Errorf("row %d: %q", i, r[0])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestTextCodes: codes are those of their texts, and the texts of a dictionary are asked for
// once. A dictionary has no nulls, and is made when a table is written to a file.
func TestTextCodes(t *testing.T) {
	db := open(t, Options{Path: filepath.Join(t.TempDir(), "x.duckdb")})
	asked := 0
	if err := db.RegisterTextCode(ctx, TextCode{Name: "code", Codes: func(key int64, texts Texts, codes []int64) {
		for i := range codes {
			asked++
			codes[i] = key * int64(len(texts.At(i)))
		}
	}}); err != nil {
		t.Fatal(err)
	}
	const rows = 50 * ChunkRows
	text := "left(md5(CAST(i % 40 AS VARCHAR)), CAST(i % 30 AS BIGINT))"
	if err := db.Exec(ctx, fmt.Sprintf("CREATE TABLE t AS SELECT %s AS a, nullif(%[1]s, '') AS b FROM range(%d) AS r(i); CHECKPOINT", text, rows)); err != nil {
		t.Fatal(err)
	}
	for _, column := range []string{"a", "b"} {
		asked = 0
		got := collect(t, db, "SELECT code("+column+", 3) FROM t", "code:long")
		if len(got) != rows {
			t.Fatalf("%s: %d rows", column, len(got))
		}
		for i, r := range got {
			if want := int64(3 * (i % 30)); r[0] != want {
				t.Fatalf("%s, row %d: %v, want %d", column, i, r[0], want)
			}
		}
		if column == "a" && asked > rows/10 {
			t.Errorf("the texts of a dictionary are asked for again and again, %d times", asked)
		}
	}
}
