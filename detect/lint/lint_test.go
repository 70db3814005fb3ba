package lint

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const ruleText = `id: 11111111-2222-3333-4444-555555555555
name: A rule that is wrong.  # comment
description: Identifies nothing.
severity: high
kind: NRT
requiredDataConnectors: []
tactics: ["Lateral movement", execution]
relevantTechniques: [T1021.002]
query: |
  SecurityEvent
  | where notempty(Account) and TimeGenerated > ago(1h)
version: 1.0.0
`

const fixedText = `id: 11111111-2222-3333-4444-555555555555
name: A rule that is wrong  # comment
description: Identifies nothing.
severity: High
kind: NRT
requiredDataConnectors: []
tactics: ["LateralMovement", Execution]
relevantTechniques: [T1021.002]
query: |
  SecurityEvent
  | where isnotempty(Account) and TimeGenerated > ago(1h)
version: 1.0.0
`

// TestFix mends what is sure, keeps line ends and a byte order mark, and has nothing
// left to do the second time.
func TestFix(t *testing.T) {
	s := session(t)
	for name, change := range map[string]func(string) string{
		"unix":    func(s string) string { return s },
		"windows": func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			r := check(t, s, map[string]string{"a.yaml": change(ruleText)})
			made, files, err := Fix(r)
			if err != nil || made != 5 || len(files) != 1 {
				t.Fatalf("%d in %v: %v", made, files, err)
			}
			data, err := os.ReadFile("a.yaml")
			if err != nil || string(data) != change(fixedText) {
				t.Errorf("%v\n%q", err, data)
			}
			if info, err := os.Stat("a.yaml"); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the mode is %v (%v)", info.Mode(), err)
			}
			left, err := os.ReadDir(".")
			if err != nil || len(left) != 1 {
				t.Errorf("%v %v", left, err)
			}
			again := checkPaths(t, s, ".")
			if made, _, err := Fix(again); made != 0 || err != nil {
				t.Errorf("the second time: %d, %v", made, err)
			}
		})
	}
}

// TestFixLeavesSuppressed: what may stay, stays.
func TestFixLeavesSuppressed(t *testing.T) {
	r := check(t, session(t), map[string]string{"a.yaml": strings.Replace(ruleText, "severity: high", "severity: high # quarry:ignore QL024 ours", 1)})
	if made, _, err := Fix(r); err != nil || made != 4 {
		t.Errorf("%d, %v", made, err)
	}
}

// TestBaseline: findings keep their identity when lines move and when the file is
// renamed; what is gone is told, what is new counts.
func TestBaseline(t *testing.T) {
	s := session(t)
	r := check(t, s, map[string]string{"a.yaml": ruleText})
	base := filepath.Join(t.TempDir(), "base.json")
	if err := MakeBaseline(r).Write(base); err != nil {
		t.Fatal(err)
	}
	moved := "# one more line\n\n" + strings.Replace(strings.Replace(ruleText, "severity: high", "severity: High", 1), "kind: NRT", "status: available\nkind: NRT", 1)
	if err := os.WriteFile("b.yaml", []byte(moved), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("a.yaml"); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(base)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load(context.Background(), ".")
	if err != nil {
		t.Fatal(err)
	}
	r, err = Check(context.Background(), p, Options{Compiler: s})
	if err != nil {
		t.Fatal(err)
	}
	b.Apply(r, p, []string{"."})
	var have []string
	for _, x := range r.Findings {
		if x.Suppressed == nil {
			have = append(have, x.Code+" "+x.Message)
		}
	}
	want := []string{"QL024 available is written Available", "QL904 QL024 in a.yaml is gone: high is written High"}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("%q", have)
	}
}

// TestDuplicateIDs: across files, and the first stays.
func TestDuplicateIDs(t *testing.T) {
	r := check(t, session(t), map[string]string{"a.yaml": fixedText, "b.yaml": strings.Replace(fixedText, "11111111-2222", "11111111-2222", 1), "c.yaml": strings.ToUpper(fixedText[:40]) + fixedText[40:]})
	var have []string
	for _, x := range r.Findings {
		if x.Code == "QL011" {
			have = append(have, x.File)
		}
	}
	if !reflect.DeepEqual(have, []string{"b.yaml"}) && !reflect.DeepEqual(have, []string{"b.yaml", "c.yaml"}) {
		t.Errorf("%v", have)
	}
}

// TestStable: the same pack gives the same report, however many files are checked at
// once.
// TestNotARule: a file that is called like a rule and holds none is told, at its place.
func TestNotARule(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "workflow.yaml"), []byte("# what the pipeline does\nsteps:\n  - run: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := checkPaths(t, session(t), dir)
	if len(r.Findings) != 1 || r.Findings[0].Code != "QL002" || r.Findings[0].Severity != Note || filepath.Base(r.Findings[0].File) != "workflow.yaml" || r.Findings[0].Line != 2 {
		t.Errorf("%+v", r.Findings)
	}
}

func TestStable(t *testing.T) {
	s := session(t)
	p, err := Load(context.Background(), "testdata/base", "../../content/rules")
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for i := range 4 {
		r, err := Check(context.Background(), p, Options{Compiler: s, Parallel: 1 + 3*(i%2)})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b.Bytes()
		} else if !bytes.Equal(first, b.Bytes()) {
			t.Fatal("another report")
		}
	}
}

func TestCancelled(t *testing.T) {
	p, err := Load(context.Background(), "testdata/base")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx, p, Options{}); err == nil {
		t.Error("no error")
	}
}

// everyKind is a report with findings of every severity, suppressed and fixable ones,
// in files with a blank in their names and in an archive.
func everyKind(t *testing.T) *Report {
	t.Helper()
	dir := t.TempDir()
	text := strings.Replace(ruleText, "kind: NRT", "kind: NRT # quarry:ignore-file QL016 fine", 1) + "statsu: Available\n"
	if err := os.MkdirAll(filepath.Join(dir, "my rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "my rules", "a é.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "pack.zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("dir/b.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("id: x\nquery: T | where\nname: \"\U0001F600\" \n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	r := checkPaths(t, session(t), ".")
	r.Findings[len(r.Findings)-1].Suppressed = &Suppression{Baseline: true}
	return r
}

func validate(t *testing.T, schema string, data []byte) {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v\n%s", err, data)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	p, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJSON(t *testing.T) {
	schema := absolute(t, "../../docs/schema/lint.schema.json")
	var b bytes.Buffer
	if err := WriteJSON(&b, everyKind(t)); err != nil {
		t.Fatal(err)
	}
	validate(t, schema, b.Bytes())
}

// TestSARIF holds the log to the parts of SARIF 2.1.0 that it uses, and to the whole
// schema where QUARRY_SARIF_SCHEMA names a copy, such as lib/schemas/sarif-2.1.0-rtm.5.json
// of the npm package @microsoft/jest-sarif.
func TestSARIF(t *testing.T) {
	schema := absolute(t, "testdata/sarif-2.1.0.subset.json")
	var b bytes.Buffer
	r := everyKind(t)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteSARIF(&b, r, "0.1.0", dir); err != nil {
		t.Fatal(err)
	}
	validate(t, schema, b.Bytes())
	if whole := os.Getenv("QUARRY_SARIF_SCHEMA"); whole != "" {
		validate(t, whole, b.Bytes())
	} else {
		t.Log("QUARRY_SARIF_SCHEMA names no copy of the whole schema; the subset was used alone")
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	uris, kinds, fixes := map[string]bool{}, map[string]bool{}, 0
	for _, x := range run.Results {
		if run.Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID {
			t.Errorf("%s has the index of %s", x.RuleID, run.Tool.Driver.Rules[x.RuleIndex].ID)
		}
		uris[x.Locations[0].Physical.Artifact.URI] = true
		for _, s := range x.Suppressions {
			kinds[s.Kind] = true
		}
		fixes += len(x.Fixes)
	}
	if !uris["my%20rules/a%20%C3%A9.yaml"] || !uris["pack.zip%21dir/b.yaml"] && !uris["pack.zip!dir/b.yaml"] || len(uris) != 2 {
		t.Errorf("uris %v", uris)
	}
	if !kinds["inSource"] || !kinds["external"] || fixes == 0 || run.ColumnKind != "unicodeCodePoints" {
		t.Errorf("suppressions %v, %d fixes, %s", kinds, fixes, run.ColumnKind)
	}
}

func TestURI(t *testing.T) {
	for _, c := range []struct{ file, dir, want string }{
		{"a/b c.yaml", "/x", "a/b%20c.yaml"},
		{"./a.yaml", "/x", "a.yaml"},
		{"../a.yaml", "/x", "../a.yaml"},
		{"/x/a.yaml", "/x", "a.yaml"},
		{"/y/a#1.yaml", "/x", "file:///y/a%231.yaml"},
		{"a:b.yaml", "/x", "./a:b.yaml"},
	} {
		if have := uri(c.file, c.dir); have != c.want {
			t.Errorf("%s in %s: %s, want %s", c.file, c.dir, have, c.want)
		}
	}
}

// TestChecksAreWellFormed: codes in order and once, sentences with a period.
func TestChecksAreWellFormed(t *testing.T) {
	last := ""
	for _, p := range Parts() {
		for _, c := range p.Checks {
			if c.Code <= last {
				t.Errorf("%s stands after %s", c.Code, last)
			}
			last = c.Code
			if c.Title == "" || strings.HasSuffix(c.Title, ".") || !strings.HasSuffix(c.Explain, ".") {
				t.Errorf("%s: %q %q", c.Code, c.Title, c.Explain)
			}
		}
	}
}

// FuzzCheck: whatever the file holds, checking and mending end without a panic, and
// what is mended is found no more.
func FuzzCheck(f *testing.F) {
	names, err := filepath.Glob("testdata/base/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), strings.HasSuffix(n, ".json"))
	}
	f.Add(ruleText, false)
	f.Add("name: \"a\\u00e9\" # quarry:ignore QL005\nquery: 'a''b | where'\nseverity:\n", false)
	s := session(f)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string, js bool) {
		name := filepath.Join(dir, map[bool]string{true: "a.json", false: "a.yaml"}[js])
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(name)
		r := checkPaths(t, s, name)
		for _, x := range r.Findings {
			if x.Line < 1 || x.Column < 1 || x.Message == "" || describe(x.Code).Title == "" {
				t.Errorf("%+v", x)
			}
		}
		if _, _, err := Fix(r); err != nil {
			t.Fatal(err)
		}
	})
}
