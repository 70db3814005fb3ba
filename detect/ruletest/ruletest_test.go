package ruletest

import (
	"context"
	"strings"
	"testing"
	"time"

	"quarry/detect"
	"quarry/detect/rule"
	"quarry/kql/source"
	"quarry/kql/types"
)

// bench answers with the rows it was given.
type bench struct{ tables map[string]*types.Rows }

func (b *bench) Schema(name string) (types.Schema, bool) {
	return types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "TimeGenerated", Type: types.Datetime}, {Name: "n", Type: types.Long}, {Name: "d", Type: types.Dynamic}, {Name: "s", Type: types.String}}, name == "T"
}
func (b *bench) Load(ctx context.Context, tables map[string]*types.Rows) error {
	b.tables = tables
	return nil
}
func (b *bench) Runner(time.Time) detect.Runner { return b }
func (b *bench) Run(ctx context.Context, text *source.Text) (*types.Rows, error) {
	if t := b.tables["T"]; t != nil {
		return t, nil
	}
	return &types.Rows{}, nil
}

func TestCases(t *testing.T) {
	const row = "tables: {T: [{Timestamp: 2026-01-01T00:00:00Z, n: 5, d: '{\"a\": 1}', s: x}]}"
	for _, c := range []struct{ yaml, want string }{
		{"- {name: a, expect: fires, rows: 1, " + row + "}", ""},
		{"- {name: a, expect: quiet}", ""},
		{"- {name: a, expect: fires}", "stays quiet and should fire"},
		{"- {name: a, expect: quiet, " + row + "}", "fires with 1 rows and should stay quiet: Timestamp=2026-01-01T00:00:00.0000000Z, TimeGenerated=2026-01-01T00:00:00.0000000Z, n=5, d={\"a\":1}, s=x"},
		{"- {name: a, expect: fires, rows: 2, " + row + "}", "finds 1 rows, not 2"},
		{"- {name: a, expect: fires, tables: {U: []}}", `"U", which is no known table`},
		{"- {name: a, expect: fires, tables: {T: [{N: 1}]}}", `no column "N", did you mean "n"?`},
		{"- {name: a, expect: fires, tables: {T: [{n: x}]}}", `T: row 1: n: "x" is not a long`},
		{"- {name: a, expect: fires, set: {k: 1}}", `no rule has a setting "k"`},
	} {
		cases, err := Read("x", []byte("tests:\n  "+c.yaml))
		if err != nil {
			t.Errorf("%s: %v", c.yaml, err)
			continue
		}
		err = cases[0].Run(context.Background(), &rule.Rule{Name: "r", Query: "T"}, &bench{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.yaml, err, c.want)
		}
	}
	for in, want := range map[string]string{
		"tests: []":                                  "x: no tests",
		"tests: [{name: a, expects: fires}]":         "unknown field",
		"tests: [{name: a, expect: maybe}]":          "not fires or quiet",
		"tests: [{name: a, expect: quiet, rows: 2}]": "but it expects quiet",
		"tests: [{expect: quiet}]":                   "has no name",
		"a: &a [x]\ntests: *a":                       "x:2:8: aliases",
		"tests: [":                                   "x:1:",
	} {
		if _, err := Read("x", []byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("tests:\n  - {name: a, expect: fires, rows: 1, tables: {T: [{n: 5}]}}")
	f.Fuzz(func(t *testing.T, in string) {
		cases, err := Read("x", []byte(in))
		if err == nil && len(cases) == 0 {
			t.Error("no cases and no error")
		}
		for _, c := range cases {
			_ = c.Run(context.Background(), &rule.Rule{Name: "r", Query: "T"}, &bench{})
		}
	})
}
