package ruletest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quarry/detect/ruletest"
	"quarry/hunt"
	"quarry/kql/types"
)

// known are the tables that every test of this package has.
type known struct{}

var tables = map[string]string{
	"Logons":   "TimeGenerated:datetime Timestamp:datetime User:string Address:string Result:string Count:long Score:real Bag:dynamic Ok:bool Took:timespan Id:guid",
	"Programs": "TimeGenerated:datetime User:string Name:string",
}

func (known) Table(name string) (types.Schema, bool) {
	text, ok := tables[name]
	var s types.Schema
	for _, f := range strings.Fields(text) {
		name, kind, _ := strings.Cut(f, ":")
		t, _ := types.Parse(kind)
		s = append(s, types.Column{Name: name, Type: t})
	}
	return s, ok
}

func (known) Names() []string { return []string{"Logons", "Programs"} }

// update rewrites the reports and edited files that testdata expects; read what changed.
var update = flag.Bool("update", false, "write the want sections of testdata")

func session(t testing.TB) *hunt.Session {
	t.Helper()
	s, err := hunt.Open(context.Background(), hunt.Config{Resources: &hunt.Resources{Schemas: known{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// suite reads the files of an archive as rules with their tests.
func suite(t testing.TB, a *txtar.Archive) *ruletest.Suite {
	t.Helper()
	files := fstest.MapFS{}
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "want") {
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	s, _, err := ruletest.LoadFS(context.Background(), files, "pack")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// TestReports runs the packs of testdata and compares the report with "want". The first
// line of an archive may ask for coverage.
func TestReports(t *testing.T) {
	s := session(t)
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			x := suite(t, a)
			coverage := strings.Contains(string(a.Comment), "coverage")
			r, err := ruletest.Run(context.Background(), x, ruletest.Options{Session: s, Schemas: known{}, Coverage: coverage, Update: true})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := ruletest.WriteText(&b, r, x, ruletest.TextOptions{Width: 80, Coverage: coverage}); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{"want": b.String()}
			for file, text := range updated(a, r) {
				got["want "+file] = text
			}
			if *update {
				rewrite(t, name, a, got)
			}
			for _, f := range a.Files {
				if _, ok := got[f.Name]; !ok && strings.HasPrefix(f.Name, "want") {
					t.Errorf("nothing gives %s", f.Name)
				}
			}
			for file, text := range got {
				if diff := cmp.Diff(section(a, file), text); diff != "" {
					t.Errorf("%s: %s", file, diff)
				}
			}
			for _, l := range strings.Split(b.String(), "\n") {
				if len([]rune(l)) > 80 && !strings.Contains(l, ": KQ") {
					t.Errorf("wider than 80 columns: %s", l)
				}
			}
			reports(t, r, x)
		})
	}
}

// updated is what --update makes of the test files.
func updated(a *txtar.Archive, r *ruletest.Report) map[string]string {
	out := map[string]string{}
	for _, f := range a.Files {
		var edits []ruletest.Edit
		for _, e := range r.Edits {
			if e.File == "pack/"+f.Name {
				edits = append(edits, e)
			}
		}
		if edits == nil {
			continue
		}
		got, err := ruletest.Apply(f.Data, edits)
		if out[f.Name] = string(got); err != nil {
			out[f.Name] = err.Error() + "\n"
		}
	}
	return out
}

// rewrite puts what came out into an archive.
func rewrite(t *testing.T, name string, a *txtar.Archive, got map[string]string) {
	t.Helper()
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want") })
	for _, file := range slices.Sorted(maps.Keys(got)) {
		a.Files = append(a.Files, txtar.File{Name: file, Data: []byte(got[file])})
	}
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reports holds the JSON to its schema, and the XML to junit-10.xsd.
func reports(t *testing.T, r *ruletest.Report, x *ruletest.Suite) {
	var b bytes.Buffer
	if err := ruletest.WriteJSON(&b, r, x); err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", "test.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
	b.Reset()
	if err := ruletest.WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	checkJUnit(t, b.Bytes())
}

// junitElements are the elements of junit-10.xsd that a report may have: their children,
// and their attributes, of which those with "!" must be there.
var junitElements = map[string]struct{ kids, attrs []string }{
	"testsuites": {[]string{"testsuite"}, []string{"name", "time", "tests", "failures", "errors"}},
	"testsuite":  {[]string{"testcase", "properties", "system-out", "system-err"}, []string{"name!", "tests!", "failures!", "errors!", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"}},
	"testcase":   {[]string{"skipped", "failure", "system-out", "system-err"}, []string{"name!", "time", "classname", "group"}},
	"failure":    {nil, []string{"type", "message"}},
}

// junitTimes is the schema's type SUREFIRE_TIME.
var junitTimes = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?$`)

func checkJUnit(t *testing.T, data []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	var open []string
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, data)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			name := tok.Name.Local
			e, ok := junitElements[name]
			if !ok {
				t.Errorf("the schema has no element %s", name)
			}
			if len(open) > 0 && !slices.Contains(junitElements[open[len(open)-1]].kids, name) || len(open) == 0 && name != "testsuites" {
				t.Errorf("%s does not belong into %v", name, open)
			}
			given := map[string]string{}
			for _, a := range tok.Attr {
				given[a.Name.Local] = a.Value
				if !slices.Contains(e.attrs, a.Name.Local) && !slices.Contains(e.attrs, a.Name.Local+"!") {
					t.Errorf("%s has no attribute %s", name, a.Name.Local)
				}
			}
			for _, a := range e.attrs {
				if must, ok := strings.CutSuffix(a, "!"); ok && given[must] == "" {
					t.Errorf("%s lacks the attribute %s", name, must)
				}
			}
			if v, ok := given["time"]; ok && !junitTimes.MatchString(v) {
				t.Errorf("time %q", v)
			}
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if s := strings.TrimSpace(string(tok)); s != "" && open[len(open)-1] != "failure" {
				t.Errorf("text within %v: %s", open, s)
			}
		}
	}
}

// TestRead holds errors to their places.
func TestRead(t *testing.T) {
	for in, want := range map[string]string{
		"tests: []":                             "x:1:8: there are no tests",
		"other: 1":                              `x:1:1: unknown key "other" of a test file (there are tests, schemas)`,
		"a: b: c":                               "x:1:",
		"tests: [":                              "x:2:1: YAML: ",
		"- 1":                                   "x:1:1: a test file is not a mapping",
		"tests:\n  - {name: a, expects: fires}": `x:2:15: unknown key "expects" of a test (did you mean "expect"?)`,
		"tests:\n  - {name: a}":                 `x:2:5: the test "a" expects nothing`,
		"tests:\n  - {name: a, expect: maybe}":  `x:2:23: expect is "maybe", not fires or quiet`,
		"tests:\n  - {expect: quiet}":           "x:2:5: the test has no name",
		"tests:\n  - {name: a, expect: quiet}\n  - {name: a, expect: quiet}":                   `x:3:5: two tests are called "a"`,
		"tests:\n  - {name: a, expect: quiet, now: noon}":                                      `x:2:35: now is "noon", not a time`,
		"tests:\n  - {name: a, expect: quiet, alerts: 2}":                                      "alerts is 2, but the test expects quiet",
		"tests:\n  - {name: a, expect: quiet, rows: [{n: 1}]}":                                 "a quiet rule gives no rows",
		"tests:\n  - {name: a, expect: fires, rows: {min: 3, max: 1}}":                         "max is less than min",
		"tests:\n  - {name: a, expect: fires, rows: -1}":                                       `rows is "-1", not a whole number`,
		"tests:\n  - {name: a, expect: fires, rows: []}":                                       "the list of rows is empty",
		"tests:\n  - {name: a, expect: fires, breaks: x}":                                      "a rule that fires breaks no condition",
		"tests:\n  - {name: a, expect: fires, entities: [{Name: x}]}":                          "the entity has no type",
		"tests:\n  - {name: a, expect: fires, tables: {T: [[1]]}}":                             "a row of T is neither a mapping nor the name of a file",
		"tests:\n  - {name: a, expect: fires, nearMisses: [{name: b}]}":                        `the near miss "b" changes nothing`,
		"tests:\n  - {name: a, expect: fires, nearMisses: [{name: b, change: {}}]}":            "the change changes nothing",
		"tests:\n  - {name: a, expect: fires, nearMisses: [{name: b, change: {row: 0}}]}":      "there is no row 0",
		"tests:\n  - {name: a, expect: fires, nearMisses: [{name: b, change: {shift: soon}}]}": `"soon" is not a timespan`,
		"tests:\n  - {name: a, expect: quiet, events: {from: 2020-01-01}}":                     "the events have no file",
		"schemas: {T: {a: text}}\ntests:\n  - {name: a, expect: quiet}":                        `x:1:18: "text" is no type`,
		"\xff": "not UTF-8",
		bomb:   "the tests have more than 1048576 values",
	} {
		_, err := ruletest.Read("x", []byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %v, want %q", in, err, want)
		}
	}
}

// bomb is a small file of nested aliases that unfold into a billion values.
const bomb = `
schemas:
tests:
  - name: a
    expect: quiet
    tables:
      T:
        - {a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1], b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a], c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b], d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c], e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d], f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e], g: [*f, *f, *f, *f, *f, *f, *f, *f, *f]}
`

// TestUntrusted runs what a name or a value could do to a report.
func TestUntrusted(t *testing.T) {
	a := txtar.Parse([]byte("-- r.yaml --\nid: x\nname: \"a\\x1b[2J\\u202e<b>\"\nquery: |\n  Logons | where User == \"\u202e\"\n-- r.test.yaml --\ntests:\n  - name: \"]]>\\x01&\"\n    expect: fires\n    tables: {Logons: [{User: \"\\x1b\"}]}\n"))
	x := suite(t, a)
	r, err := ruletest.Run(context.Background(), x, ruletest.Options{Session: session(t), Schemas: known{}})
	if err != nil {
		t.Fatal(err)
	}
	reports(t, r, x)
	var b bytes.Buffer
	if err := ruletest.WriteText(&b, r, x, ruletest.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.ContainsAny(s, "\x1b\x01\u202e") {
		t.Errorf("%q", s)
	}
}

// TestRunPattern chooses tests by name.
func TestRunPattern(t *testing.T) {
	a := txtar.Parse([]byte("-- one.yaml --\nid: x\nname: First\nquery: Logons\n-- one.test.yaml --\ntests:\n  - {name: alpha, expect: quiet}\n  - {name: beta, expect: quiet}\n-- two.kql --\nLogons\n-- two.test.yaml --\ntests:\n  - {name: alpha, expect: quiet}\n"))
	s := session(t)
	for pattern, want := range map[string]int{"alpha": 2, "First: beta": 1, "two": 1, "zz": 0} {
		r, err := ruletest.Run(context.Background(), suite(t, a), ruletest.Options{Session: s, Schemas: known{}, Run: regexp.MustCompile(pattern)})
		if err != nil || r.Tests() != want || r.Count(ruletest.Passed) != want {
			t.Errorf("%s: %d tests, %v", pattern, r.Tests(), err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ruletest.Run(ctx, suite(t, a), ruletest.Options{Session: s, Schemas: known{}}); err == nil {
		t.Error("a cancelled run gives no error")
	}
}

// FuzzRead reads test files, runs what it can, and holds edits to what they may do.
func FuzzRead(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, n := range names {
		a, err := txtar.ParseFile(n)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range a.Files {
			if ruletest.IsSidecar(x.Name) {
				f.Add(string(x.Data))
			}
		}
	}
	f.Add("tests:\n  - {name: a, expect: fires, rows: 1, tables: {Logons: [{Count: 5}]}}")
	s := session(f)
	f.Fuzz(func(t *testing.T, in string) {
		file, err := ruletest.Read("pack/r.test.yaml", []byte(in))
		if err != nil {
			return
		}
		if len(file.Tests) == 0 {
			t.Error("no tests and no error")
		}
		x := suite(t, &txtar.Archive{Files: []txtar.File{{Name: "r.yaml", Data: []byte("id: x\nname: r\nquery: Logons | where Count > 1 | project User, Count, Bag\n")}, {Name: "r.test.yaml", Data: []byte(in)}}})
		r, err := ruletest.Run(context.Background(), x, ruletest.Options{Session: s, Schemas: known{}, Update: true})
		if err != nil {
			t.Fatal(err)
		}
		data, err := ruletest.Apply([]byte(in), r.Edits)
		if err != nil || len(r.Edits) == 0 {
			return
		}
		again, err := ruletest.Read("pack/r.test.yaml", data)
		if err != nil {
			t.Fatalf("an edit breaks the file: %v\n%s", err, data)
		}
		if len(again.Tests) != len(file.Tests) {
			t.Errorf("an edit changes the number of tests")
		}
	})
}
