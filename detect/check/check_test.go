package check

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/source"
	"quarry/kql/types"
)

var columns = types.Schema{{Name: "TimeGenerated", Type: types.Datetime}, {Name: "a", Type: types.String}}

// known is a schema of one table.
type known struct{}

func (known) Table(name string) (types.Schema, bool) { return columns, name == "Known" }
func (known) Names() []string                        { return []string{"Known"} }

func session(t testing.TB) *hunt.Session {
	t.Helper()
	ctx := context.Background()
	functions := map[string]*bind.Function{}
	for name, body := range map[string]string{"Parser": "() { union Here, (Inner()) }", "Inner": "() { Also | where a != '' }", "Broken": "() { Absent }"} {
		f, err := hunt.NewFunction(name, source.New(name, body, 0))
		if err != nil {
			t.Fatal(err)
		}
		functions[name] = f
	}
	list := &types.Rows{Schema: types.Schema{{Name: "SearchKey", Type: types.String}}, Values: [][]types.Value{{"x"}}}
	s, err := hunt.Open(ctx, hunt.Config{Resources: &hunt.Resources{Schemas: known{}, Functions: functions, Watchlists: map[string]*types.Rows{"Known": list}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for name, days := range map[string][]int{"Here": {-1, 1}, "Also": {2}, "Early": {-2}, "None": nil} {
		if _, err := s.Store().CreateTable(ctx, name, columns); err != nil {
			t.Fatal(err)
		}
		a, err := s.Store().Appender(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			if err := a.Append([]types.Value{types.FromTime(start.AddDate(0, 0, day)), "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// verdicts reads the cases.
func verdicts(t testing.TB) (rules []*rule.Rule, want map[string]string) {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "verdicts.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	want = map[string]string{}
	for _, f := range a.Files {
		name, ext, _ := strings.Cut(f.Name, ".")
		if ext == "want" {
			want[name] = strings.TrimSuffix(string(f.Data), "\n")
			continue
		}
		first, query, _ := strings.Cut(string(f.Data), "\n")
		r := &rule.Rule{ID: name, Name: name, Kind: rule.Hunting, Query: query, File: f.Name, Line: 1, Tactics: []string{"Impact"}, Techniques: []string{"T1485"}}
		var declared []string
		for _, d := range strings.Split(strings.TrimPrefix(first, "//"), ",") {
			if d = strings.TrimSpace(d); d != "" {
				declared = append(declared, d)
			}
		}
		r.Connectors = []rule.Connector{{ID: "c", DataTypes: declared}}
		rules = append(rules, r)
	}
	return rules, want
}

func TestVerdicts(t *testing.T) {
	rules, want := verdicts(t)
	r, err := Run(context.Background(), rules, session(t), Options{From: start, To: start.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range r.Rules {
		list := func(s []string) string { return strings.Join(s, ", ") }
		got[v.ID] = strings.Join([]string{string(v.Status), list(v.Needs), list(v.Reads), list(v.DeclaredNotRead), list(v.ReadNotDeclared)}, " | ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSummary(t *testing.T) {
	rules, want := verdicts(t)
	fusion := &rule.Rule{ID: "fusion", Name: "Fusion", Kind: "Fusion", Tactics: []string{"Impact"}}
	r, err := Run(context.Background(), append(rules, fusion), session(t), Options{From: start, To: start.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, w := range want {
		status, _, _ := strings.Cut(w, " |")
		counts[status]++
	}
	s := r.Summary
	if s.Rules != len(want)+1 || s.Runnable != counts["runnable"] || s.NoRows != counts["no rows"] || s.Needs != counts["needs"] || s.MissingTable != counts["missing table"] ||
		s.MissingColumn != counts["missing column"] || s.Refused != counts["refused"]+1 || s.Drift != 1 || !s.Data {
		t.Errorf("%+v", s)
	}
	if v := r.Rules[len(rules)]; v.Reason != "a rule of kind Fusion has no query to run" {
		t.Error(v.Reason)
	}
	at := func(name string) Table {
		return r.Tables[slices.IndexFunc(r.Tables, func(t Table) bool { return t.Name == name })]
	}
	if h := at("Here"); h.Rows != 1 || h.First != "2026-01-02T00:00:00.0000000Z" || !h.Known || r.Tables[0].Name != "Here" {
		t.Errorf("%+v", h)
	}
	if n := at("Nowhere"); n.Known || n.Rules != 1 {
		t.Errorf("%+v", n)
	}
	if k := at("Known"); !k.Known || k.Rows != 0 {
		t.Errorf("%+v", k)
	}
	impact := r.Coverage[slices.IndexFunc(r.Coverage, func(t Tactic) bool { return t.Tactic == "Impact" })]
	if impact.Rules != s.Rules || impact.RulesCanFire != s.Runnable || impact.Techniques != 1 || impact.TechniquesCanFire != 1 || impact.Known == 0 {
		t.Errorf("%+v", impact)
	}
	layers := r.Layers()
	if len(layers) != 2 || layers[0].Techniques[0].Score != len(rules) || layers[1].Techniques[0].Score != s.Runnable || layers[0].Gradient.MaxValue != layers[1].Gradient.MaxValue {
		t.Errorf("%+v", layers)
	}
}

func TestJSONFollowsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", "check.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := verdicts(t)
	s := session(t)
	for _, rules := range [][]*rule.Rule{rules, nil} {
		r, err := Run(context.Background(), rules, s, Options{From: start})
		if err != nil {
			t.Fatal(err)
		}
		r.Summary.RuleProblems = []string{"a.yaml: broken"}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Error(err)
		}
	}
	if err := schema.Validate(map[string]any{"rules": []any{}}); err == nil {
		t.Error("the schema takes anything")
	}
}

// Any number of rules at once give the same answer, each time.
func TestSameEachTime(t *testing.T) {
	rules, _ := verdicts(t)
	s := session(t)
	var first []byte
	for _, parallel := range []int{1, 4, 4, 8} {
		r, err := Run(context.Background(), rules, s, Options{Parallel: parallel})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal([]any{r, r.Layers()})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		} else if !bytes.Equal(first, text) {
			t.Fatalf("with %d at once: %s", parallel, cmp.Diff(string(first), string(text)))
		}
	}
}

func TestStopped(t *testing.T) {
	rules, _ := verdicts(t)
	s := session(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, rules, s, Options{Parallel: 1, Progress: func(int, int, *Verdict) { cancel() }})
	if err != context.Canceled {
		t.Error(err)
	}
}
