package replay

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/hunt"
	"quarry/internal/kqt"
	"quarry/kql/types"
)

// open makes a session with tables.
func open(t testing.TB, tables []kqt.Table) *hunt.Session {
	t.Helper()
	ctx := context.Background()
	s, err := hunt.Open(ctx, hunt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, table := range tables {
		if err := s.Declare(ctx, table.Name, table.Rows.Schema); err != nil {
			t.Fatal(err)
		}
		a, err := s.Store().Appender(ctx, table.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range table.Rows.Values {
			if err := a.Append(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func load(t testing.TB, files map[string]string) []*rule.Rule {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := rule.LoadFS(context.Background(), fsys, "")
	if err != nil || p.Failed() > 0 {
		t.Fatalf("%v %v", err, p.Problems)
	}
	return p.Rules
}

// options reads lines "from: TIME", "to: TIME", "delay: 5m".
func options(t *testing.T, text string) Options {
	var o Options
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		at, isTime := types.ParseDatetime(value)
		switch {
		case key == "from" && isTime:
			o.From = types.ToTime(at)
		case key == "to" && isTime:
			o.To = types.ToTime(at)
		case key == "delay":
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			o.Delay = d
		default:
			t.Fatalf("option %q", line)
		}
	}
	return o
}

// show prints what came of rules, without what depends on how they were run.
func show(res *Result) string {
	var b strings.Builder
	clock := func(t time.Time) string { return t.UTC().Format("01-02T15:04:05") }
	for _, r := range res.Rules {
		fmt.Fprintf(&b, "%s: %s, %d runs", r.Rule.Name, r.Status, r.Runs)
		for _, c := range []struct {
			n    int
			what string
		}{{r.Suppressed, "suppressed"}, {r.Failed, "failed"}, {r.Triggered, "triggered"}, {r.Capped, "capped"}, {int(r.Repeated), "rows repeated"}} {
			if c.n > 0 {
				fmt.Fprintf(&b, ", %d %s", c.n, c.what)
			}
		}
		fmt.Fprintf(&b, ", %d alerts\n", r.Count)
		if r.Reason != "" {
			fmt.Fprintf(&b, "  reason %s\n", r.Reason)
		}
		var days []string
		for d, n := range r.Days {
			days = append(days, fmt.Sprintf("%s: %d", d[5:], n))
		}
		sort.Strings(days)
		if len(days) > 0 {
			fmt.Fprintf(&b, "  days %s\n", strings.Join(days, ", "))
		}
		for i, a := range r.Alerts {
			if i == 8 && len(r.Alerts) > 10 {
				fmt.Fprintf(&b, "  ... %d more\n", len(r.Alerts)-i-1)
			}
			if i >= 8 && i < len(r.Alerts)-1 && len(r.Alerts) > 10 {
				continue
			}
			kind := ""
			if a.Summary {
				kind = " in summary"
			}
			fmt.Fprintf(&b, "  alert %s %s, %s, rows %d%s", clock(a.Run.Made), a.Name, a.Severity, a.Rows, kind)
			for _, e := range a.Entities {
				fmt.Fprintf(&b, ", %s", e)
			}
			b.WriteString("\n")
		}
		for _, i := range r.Incidents {
			fmt.Fprintf(&b, "  incident %s to %s, alerts %d, %s\n", clock(i.First), clock(i.Last), len(i.Alerts), i.Severity)
		}
		for _, h := range r.Hidden {
			fmt.Fprintf(&b, "  hidden by %s: rows %d, alerts %d\n", h.Exclusion, h.Rows, h.Alerts)
		}
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "  problem %s\n", p)
		}
	}
	return b.String()
}

// TestCases replays the cases of testdata, which were worked out by hand, with and
// without shared work.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases")
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", "replay.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part, rules := map[string]string{}, map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = string(f.Data)
				if strings.HasPrefix(f.Name, "rule") {
					rules[f.Name] = string(f.Data)
				}
			}
			cases, err := kqt.Parse(file, "case c\nkql T\n"+part["data"]+"rows x:long\n")
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, cases[0].Given)
			o := options(t, part["options"])
			if text, ok := part["tuning.yaml"]; ok {
				set, err := tuning.Read("tuning.yaml", []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				o.Tuning = set.At(o.To)
			}
			for _, o.Naive = range []bool{false, true} {
				res, err := Run(context.Background(), load(t, rules), s, o)
				if err != nil {
					t.Fatal(err)
				}
				if got := show(res); got != part["want"] {
					t.Errorf("naive %v: got\n%s", o.Naive, got)
				}
				checkReports(t, schema, res)
			}
		})
	}
}

// checkReports holds the JSON to its schema and the table to 80 columns.
func checkReports(t *testing.T, schema *jsonschema.Schema, res *Result) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, "json", res.Report(), TableOptions{}); err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	b.Reset()
	if err := Write(&b, "table", res.Report(), TableOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if utf8.RuneCountInString(line) > 80 || strings.Contains(line, "\x1b") {
			t.Errorf("the line is too long or coloured: %s", line)
		}
	}
}
