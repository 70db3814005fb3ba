package kql

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"quarry/kql/bind"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// schemaCatalog knows tables by their columns and nothing else.
type schemaCatalog struct {
	tables map[string]*bind.Table
	names  []string
}

func (c *schemaCatalog) Table(name string) (*bind.Table, bool) { t, ok := c.tables[name]; return t, ok }
func (c *schemaCatalog) TableNames() []string                  { return c.names }
func (c *schemaCatalog) Function(string) (*bind.Function, bool) {
	return nil, false
}
func (c *schemaCatalog) Watchlist(string) (*bind.Table, bool) { return nil, false }
func (c *schemaCatalog) External(_ []string, s types.Schema, _ map[string]string) (*bind.Table, error) {
	return &bind.Table{Name: "external", Columns: s}, nil
}
func (c *schemaCatalog) Rows(*plan.Root) (*types.Rows, error) {
	return nil, errors.New("no engine")
}

// loadShared reads the rules and the schemas beside the repository, or skips.
func loadShared(tb testing.TB) ([]string, *schemaCatalog) {
	f, err := os.Open("../../shared/schemas/tables.csv")
	if err != nil {
		tb.Skip("needs ../shared beside the repository")
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	cat := &schemaCatalog{tables: map[string]*bind.Table{}}
	for _, r := range records[1:] {
		t, ok := types.Parse(r[2])
		if !ok {
			continue
		}
		tab := cat.tables[r[0]]
		if tab == nil {
			tab = &bind.Table{Name: r[0]} // known, without data
			cat.tables[r[0]] = tab
			cat.names = append(cat.names, r[0])
		}
		tab.Columns = append(tab.Columns, types.Column{Name: r[1], Type: t})
	}
	g, err := os.Open("../../shared/rules/rules.jsonl")
	if err != nil {
		tb.Skip("needs ../shared beside the repository")
	}
	defer g.Close()
	var rules []string
	sc := bufio.NewScanner(g)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var r struct{ KQL string }
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		rules = append(rules, r.KQL)
	}
	return rules, cat
}

// BenchmarkCompileRules compiles every public rule: text to SQL. A rule's time is its
// median over the runs, which leaves the collector's pauses out; reported are the
// median and the 99th percentile over the rules.
func BenchmarkCompileRules(b *testing.B) {
	rules, cat := loadShared(b)
	c, err := NewCompiler()
	if err != nil {
		b.Fatal(err)
	}
	runs := make([][]time.Duration, len(rules))
	for b.Loop() {
		for i, kql := range rules {
			start := time.Now()
			c.Compile(source.New("", kql, 0), cat, bind.Options{Now: types.UnixEpoch})
			runs[i] = append(runs[i], time.Since(start))
		}
	}
	times := make([]time.Duration, len(rules))
	for i, r := range runs {
		slices.Sort(r)
		times[i] = r[len(r)/2]
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs/median")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "µs/p99")
}
