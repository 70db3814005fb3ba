package check

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quarry/detect/catalog"
	"quarry/detect/rule"
	"quarry/events/schema"
	"quarry/hunt"
)

// corpus is the public rules beside the repository, and a session that knows their
// tables.
func corpus(tb testing.TB) ([]*rule.Rule, *hunt.Session) {
	tb.Helper()
	shared := filepath.Join("..", "..", "..", "shared")
	f, err := os.Open(filepath.Join(shared, "rules", "rules.jsonl"))
	if err != nil {
		tb.Skip("the rule corpus is not here")
	}
	defer f.Close()
	tables, err := os.Open(filepath.Join(shared, "schemas", "tables.csv"))
	if err != nil {
		tb.Skip("the schemas are not here")
	}
	defer tables.Close()
	set := schema.New()
	if err := set.Import(tables, "tables.csv"); err != nil {
		tb.Fatal(err)
	}
	var rules []*rule.Rule
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var x struct{ ID, Path, KQL string }
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			tb.Fatal(err)
		}
		rules = append(rules, &rule.Rule{ID: x.ID, Name: x.Path, Kind: rule.Hunting, Query: x.KQL, File: x.Path, Line: 1})
	}
	s, err := hunt.Open(context.Background(), hunt.Config{Resources: &hunt.Resources{Schemas: set}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return rules, s
}

// TestCorpus checks and catalogues every public rule: none may crash, and a second run
// says the same.
func TestCorpus(t *testing.T) {
	rules, s := corpus(t)
	var first []byte
	for _, parallel := range []int{4, 1} {
		r, err := Run(context.Background(), rules, s, Options{Now: start, Parallel: parallel})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Rules {
			if v.Status == MissingTable || strings.Contains(v.Reason, "internal error") {
				t.Errorf("%s: %s", v.Name, v.Reason)
			}
		}
		text, err := json.Marshal([]any{r, catalog.New(rules, catalog.Options{}).Rows()})
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(first, text) {
			t.Error("a second run says something else")
		}
		first = text
	}
}

// BenchmarkCheck checks every public rule, the tables being known and empty.
func BenchmarkCheck(b *testing.B) {
	rules, s := corpus(b)
	for b.Loop() {
		if _, err := Run(context.Background(), rules, s, Options{Now: start}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rules)*b.N)/b.Elapsed().Seconds(), "rules/s")
}
