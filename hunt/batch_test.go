package hunt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quarry/engine"
	"quarry/kql/diag"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// batchOf runs queries in a batch and alone, and compares.
func compareBatch(t *testing.T, s *Session, queries []string) *Batch {
	t.Helper()
	ctx := context.Background()
	var requests []Request
	for _, q := range queries {
		requests = append(requests, Request{Text: source.New("", q, 0)})
	}
	b, err := s.Batch(ctx, requests, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	for _, err := range b.gaveUp {
		t.Error(err)
	}
	for i, q := range queries {
		alone, _, wantErr := s.All(ctx, requests[i], 0)
		rows, err := b.Run(ctx, i)
		if wantErr != nil {
			if err == nil || err.Error() != wantErr.Error() {
				t.Errorf("%s\ntogether %v, alone %v", q, err, wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s\n%v", q, err)
			continue
		}
		together, _, err := engine.Collect(rows, 0)
		if err != nil {
			t.Errorf("%s\n%v", q, err)
			continue
		}
		if diff := cmp.Diff(rounded(alone), rounded(together)); diff != "" {
			t.Errorf("%s (-alone +together)\n%s\n%s", q, diff, b.rules[i].answer.Compiled.Results[0].Program.SQL)
		}
	}
	return b
}

// TestBatch compares random queries run together and alone.
func TestBatch(t *testing.T) {
	s, err := randomTables()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var queries []string
	for seed := range uint64(120) {
		q := newWriter(s.compiler.Table, seed).query()
		if strings.HasPrefix(q, "A") { // one in four looks for what is not there
			q = []string{q, strings.Replace(q, "A", "A | where id == 3", 1), strings.Replace(q, "A", "A | where id < 0", 1), strings.Replace(q, "A", "A | where k == 2 and id > 9", 1)}[seed%4]
		}
		queries = append(queries, q)
	}
	compareBatch(t, s, queries)
}

// TestManyMarks: more sets of conditions than a copy has marks.
func TestManyMarks(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Declare(ctx, "T", types.Schema{{Name: "id", Type: types.Long}, {Name: "s", Type: types.String}}); err != nil {
		t.Fatal(err)
	}
	a, err := s.Store().Appender(ctx, "T")
	if err != nil {
		t.Fatal(err)
	}
	const sets = maxMarks + 20
	for i := range int64(hotShare * sets * 2) {
		if err := a.Append([]types.Value{i, fmt.Sprintf("word%04d.", i%(hotShare*sets))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for i := range sets {
		queries = append(queries, fmt.Sprintf(`T | where s has "word%04d" and id >= 0`, i))
	}
	b := compareBatch(t, s, queries)
	marks := map[string]int{}
	for _, r := range b.rules {
		plan.Walk(r.answer.Compiled.Results[0].Root.Node, func(n plan.Node) {
			if scan, ok := n.(*plan.Scan); ok {
				marks[scan.Mark]++
			}
		})
	}
	if marks[""] > 0 || len(marks) != maxMarks {
		t.Errorf("%d marks, %d rules without", len(marks), marks[""])
	}
}

// TestBatchShares: what is found empty is not run, and what must not be moved stays.
func TestBatchShares(t *testing.T) {
	s, err := randomTables()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const never = "id == 99"
	cases := []struct {
		query string
		empty bool // nothing is left to run
	}{
		{"A | where " + never, true},
		{"A | where id > 2 | where " + never + " | summarize count() by k", true},
		{"A | extend m = id * 2 | where m == 199", true},
		{"A | where " + never + " | summarize count()", false}, // one row
		{"A | where " + never + " | join kind=inner B on k", true},
		{"B | join kind=leftouter (A | where " + never + ") on k", false},
		{"B | join kind=leftanti (A | where " + never + ") on k", false},
		{"A | where " + never + " | join kind=leftanti B on k", true},
		{"A | where " + never + " | join kind=fullouter B on k", false},
		{"union (A | where " + never + "), (A | where id == -1)", true},
		{"union (A | where " + never + "), (A | where id == 1)", false},
		{"A | sort by id asc | extend p = prev(id) | where p == 99", false}, // a row does not decide for itself
		{"A | sort by id asc | where row_number() == 2 | where id == 1", false},
		{"A | take 3 | where " + never, false},
		{"let L = A | where " + never + "; L | join kind=inner (L | project k, i) on k", true},
		{"B | where k in ((A | where " + never + " | project k))", false},
		{"print x = toscalar(A | where " + never + " | count)", false},
		{"A | where id == 1 or rand() < 2 | count", false},
		{"A | where id == 7", false}, {"A | where id == 8 | extend n = id", false}, {"A | where id == 9 | serialize r = row_number()", false},
	}
	var queries []string
	for _, c := range cases {
		queries = append(queries, c.query)
	}
	b := compareBatch(t, s, queries)
	for i, c := range cases {
		if r := b.rules[i]; r.err != nil || empty(r.answer.Compiled.Results[0].Root.Node) != c.empty {
			t.Errorf("%s: empty %v, want %v (%v)", c.query, !c.empty, c.empty, r.err)
		}
	}
	copied := 0
	for _, r := range b.rules {
		if strings.Contains(r.answer.Compiled.Results[0].Program.SQL, "_spool") {
			copied++
		}
	}
	if copied == 0 {
		t.Error("no rule reads the rows that were copied")
	}
	if got := fmt.Sprint(len(b.drops)); got == "0" {
		t.Error("the copy is not dropped")
	}
}

// TestBatchTimeout: a rule whose columns follow from too many rows does not hold up others.
func TestBatchTimeout(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var requests []Request
	for _, kql := range []string{"range x from 1 to 1000000000000 step 1 | where x < 0 | evaluate pivot(x)", "print x = 1"} {
		requests = append(requests, Request{Text: source.New("", kql, 0), Timeout: 100 * time.Millisecond})
	}
	b, err := s.Batch(context.Background(), requests, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Run(context.Background(), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	rows, err := b.Run(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
}

// TestBatchMemoryAtCompile compiles a rule that reads data for its columns and has too
// little memory for it. The error says so, and the rule is compiled again when it is run
// again, when others may have given memory back: here there is less to hold.
func TestBatchMemoryAtCompile(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{HoldLimit: 128 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fill := func(rows int) {
		_ = s.store.Drop(ctx, "T")
		schema := types.Schema{{Name: "n", Type: types.Long}, {Name: "s", Type: types.String}}
		if _, err := s.store.CreateTable(ctx, "T", schema); err != nil {
			t.Fatal(err)
		}
		a, err := s.store.Appender(ctx, "T")
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if err := a.Append([]types.Value{int64(i), fmt.Sprint("text ", i%3)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []string{
		"T | reduce by s | evaluate pivot(Pattern)",
		"union isfuzzy=true (T | reduce by s | evaluate pivot(Pattern)), (print m = 1)",
		"T | reduce by s | extend b = bag_pack('k', Count) | evaluate bag_unpack(b)",
	} {
		fill(20_000)
		b, err := s.Batch(ctx, []Request{{Text: source.New("", q, 0)}}, 2)
		if err != nil {
			t.Fatal(err)
		}
		var list *diag.List
		if _, err := b.Run(ctx, 0); !OutOfMemory(err) || !errors.As(err, &list) {
			t.Errorf("%s: %v, want too little memory", q, err)
		}
		if _, err := b.Run(ctx, 0); !OutOfMemory(err) {
			t.Errorf("%s: again %v, want too little memory", q, err)
		}
		fill(3)
		rows, err := b.Run(ctx, 0)
		if err != nil {
			t.Errorf("%s: with memory: %v", q, err)
		} else if got, _, err := engine.Collect(rows, 0); err != nil || len(got.Values) == 0 {
			t.Errorf("%s: with memory: %v %v", q, got, err)
		}
		b.Close()
	}
}
