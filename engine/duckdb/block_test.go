package duckdb

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/types"
)

// TestAppendBlock compares blocks with the same rows one by one.
func TestAppendBlock(t *testing.T) {
	schema := schemaOf("s:string, b:bool, n:long, r:real, m:decimal, at:datetime, j:dynamic")
	long := strings.Repeat("long ", 50)
	texts := []string{"", "short", "twelve bytes", "thirteen byte", long, "h\u00e9", "\x00"}
	var rows [][]types.Value
	for i := range 5000 {
		s := texts[i%len(texts)]
		row := []types.Value{s, i%2 == 0, int64(i), float64(i) / 8, "12.5", int64(i), `{"a":"` + s[:min(4, len(s))] + `"}`}
		for c := 1; c < len(row); c++ {
			if (i+c)%5 == 0 || i >= 1000 && i < 3000 {
				row[c] = nil
			}
		}
		rows = append(rows, row)
	}
	s := store(t, open(t, Options{}))
	fill := func(table string, blocks ...int) [][]types.Value {
		t.Helper()
		if _, err := s.CreateTable(ctx, table, schema); err != nil {
			t.Fatal(err)
		}
		a, err := s.Appender(ctx, table)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Abort()
		rest := rows
		for _, n := range blocks {
			b := types.NewBlock(schema)
			for _, row := range rest[:n] {
				if err := b.Append(row); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.AppendBlock(b); err != nil {
				t.Fatal(err)
			}
			b.Reset(schema) // what DuckDB has must not change with it
			rest = rest[n:]
		}
		for _, row := range rest {
			if err := a.Append(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		tab, _ := s.Table(table)
		return collect(t, s.DB(), "SELECT * FROM "+tab.Physical, schema.String())
	}
	want := fill("one")
	if d := cmp.Diff(want, fill("blocks", 1, 1023, 0, 3000, 976)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, fill("mixed", 1024, 2048)); d != "" {
		t.Error(d)
	}
}

func TestAppendBlockRefuses(t *testing.T) {
	s := store(t, open(t, Options{}))
	if _, err := s.CreateTable(ctx, "T", schemaOf("s:string, m:decimal")); err != nil {
		t.Fatal(err)
	}
	for text, block := range map[string]struct {
		schema string
		row    []types.Value
	}{
		"a block of 1 columns for 2":           {"s:string", []types.Value{"x"}},
		`column "m": a block of type long for`: {"s:string, m:long", []types.Value{"x", int64(1)}},
		`column "m": "1e5" is no decimal`:      {"s:string, m:decimal", []types.Value{"x", "1e5"}},
	} {
		a, err := s.Appender(ctx, "T")
		if err != nil {
			t.Fatal(err)
		}
		b := types.NewBlock(schemaOf(block.schema))
		if err := b.Append(block.row); err != nil {
			t.Fatal(err)
		}
		wantKind(t, a.AppendBlock(b), Conversion, text)
		a.Abort()
	}
	// Bytes that are no UTF-8, also where two values make a character together.
	a, err := s.Appender(ctx, "T")
	if err != nil {
		t.Fatal(err)
	}
	b := types.NewBlock(schemaOf("s:string, m:decimal"))
	for _, s := range []string{"a\xc3", "\xa9b", "\xff and more than twelve bytes"} {
		if err := b.Append([]types.Value{s, nil}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.AppendBlock(b); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	tab, _ := s.Table("T")
	want := [][]types.Value{{"a\uFFFD"}, {"\uFFFDb"}, {"\uFFFD and more than twelve bytes"}}
	if d := cmp.Diff(want, collect(t, s.DB(), "SELECT c0 FROM "+tab.Physical, "s:string")); d != "" {
		t.Error(d)
	}
}
