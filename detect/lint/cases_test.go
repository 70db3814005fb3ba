package lint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"quarry/events/schema"
	"quarry/hunt"
)

// session knows the core tables, as quarry lint does.
func session(t testing.TB) *hunt.Session {
	t.Helper()
	set, err := schema.Core()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), hunt.Resources{Schemas: set})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// check writes files into a folder and checks them.
func check(t testing.TB, c Compiler, files map[string]string) *Report {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return checkPaths(t, c, ".")
}

func checkPaths(t testing.TB, c Compiler, paths ...string) *Report {
	t.Helper()
	p, err := Load(context.Background(), paths...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Check(context.Background(), p, Options{Compiler: c})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lintCase is one planted fault. A case file reads:
//
//	case name
//	in BASE              a file of testdata/base
//	- text               a line of it, blanks around it aside, is replaced
//	+ text               by these lines, at the depth of the one replaced
//	want CODE at TEXT    a finding where TEXT first stands in the new lines
//	want nothing         beside notes
//
// <x*257> is 257 times x. Only findings of the wanted severities count: notes are
// asked for where a note is wanted.
type lintCase struct {
	name, base string
	edits      []edit
	want       []want
	file       string
	line       int
}

type edit struct {
	old string
	new []string
}

type want struct{ code, at string }

var repeated = regexp.MustCompile(`<(.+?)\*(\d+)>`)

func readCases(t *testing.T, name string) []lintCase {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []lintCase
	for i, line := range strings.Split(string(data), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		rest = repeated.ReplaceAllStringFunc(rest, func(s string) string {
			m := repeated.FindStringSubmatch(s)
			n, _ := strconv.Atoi(m[2])
			return strings.Repeat(m[1], n)
		})
		if word == "case" {
			out = append(out, lintCase{name: rest, file: name, line: i + 1})
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if len(out) == 0 {
			t.Fatalf("%s:%d: no case yet", name, i+1)
		}
		c := &out[len(out)-1]
		switch word {
		case "in":
			c.base = rest
		case "-":
			c.edits = append(c.edits, edit{old: rest})
		case "+":
			e := &c.edits[len(c.edits)-1]
			e.new = append(e.new, rest)
		case "want":
			if rest != "nothing" {
				code, at, _ := strings.Cut(rest, " at ")
				c.want = append(c.want, want{code, at})
			}
		default:
			t.Fatalf("%s:%d: %q", name, i+1, line)
		}
	}
	return out
}

// apply makes the case's file, and the place of each line that an edit made.
func (c *lintCase) apply(t *testing.T) (text string, made []int) {
	data, err := os.ReadFile(filepath.Join("testdata", "base", c.base))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	done := 0
	for _, line := range strings.Split(string(data), "\n") {
		if done < len(c.edits) && strings.TrimSpace(line) == strings.TrimSpace(c.edits[done].old) {
			depth := line[:len(line)-len(strings.TrimLeft(line, " "))]
			for _, n := range c.edits[done].new {
				out = append(out, depth+n)
				made = append(made, len(out))
			}
			done++
			continue
		}
		out = append(out, line)
	}
	if done != len(c.edits) {
		t.Fatalf("%s:%d: there is no line %q", c.file, c.line, c.edits[done].old)
	}
	return strings.Join(out, "\n"), made
}

// places are the wanted findings as "CODE line:column".
func (c *lintCase) places(t *testing.T, text string, made []int) (out []string, least Severity) {
	lines := strings.Split(text, "\n")
	least = Warning
	for _, w := range c.want {
		if info := find(w.code); info.Title != "" {
			least = min(least, info.Severity)
		}
		if w.at == "top" {
			out = append(out, w.code+" 1:1")
			continue
		}
		all := made
		for i := range lines {
			all = append(all, i+1)
		}
		found := false
		for _, n := range all {
			if i := strings.Index(lines[n-1], w.at); i >= 0 && !found {
				out = append(out, fmt.Sprintf("%s %d:%d", w.code, n, utf8.RuneCountInString(lines[n-1][:i])+1))
				found = true
			}
		}
		if !found {
			t.Fatalf("%s:%d: %q stands nowhere", c.file, c.line, w.at)
		}
	}
	slices.Sort(out)
	return out, least
}

func TestFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	s := session(t)
	faults := 0
	planted, mended := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		for _, c := range readCases(t, name) {
			if len(c.want) > 0 {
				faults++
			}
			t.Run(c.name, func(t *testing.T) {
				text, made := c.apply(t)
				want, least := c.places(t, text, made)
				r := check(t, s, map[string]string{c.base: text})
				r.Keep(least)
				var have []string
				for _, x := range r.Findings {
					if x.Suppressed == nil {
						have = append(have, fmt.Sprintf("%s %d:%d", x.Code, x.Line, x.Column))
					}
				}
				slices.Sort(have)
				if d := cmp.Diff(want, have); d != "" {
					t.Errorf("%s:%d (-want +have)\n%s", c.file, c.line, d)
					WriteText(testWriter{t}, r)
				}
				for _, x := range r.Findings {
					planted[x.Code] = true
					if x.Fix != nil {
						mended[x.Code] = true
					}
				}
				fixes(t, s, r)
			})
		}
	}
	if faults < 60 {
		t.Errorf("%d planted faults, want at least 60", faults)
	}
	for _, p := range Parts() {
		for _, c := range p.Checks {
			switch c.Code {
			case "QL001", "QL002", "QL011", "QL904": // of files; other tests have them
				continue
			}
			if !planted[c.Code] {
				t.Errorf("no case plants %s, %s", c.Code, c.Title)
			}
			if mended[c.Code] != c.Fixable {
				t.Errorf("%s: mended %v, said to be fixable %v", c.Code, mended[c.Code], c.Fixable)
			}
		}
	}
}

// fixes mends what a case's report can mend: that is found no more, and nothing is
// found that was not there.
func fixes(t *testing.T, c Compiler, before *Report) {
	t.Helper()
	made, _, err := Fix(before)
	if err != nil {
		t.Fatal(err)
	}
	if made == 0 {
		return
	}
	old := map[string]int{}
	for _, x := range before.Findings {
		old[x.Code]++
		if x.Fix != nil {
			old[x.Code]--
		}
	}
	after := checkPaths(t, c, ".")
	after.Keep(Warning)
	for _, x := range after.Findings {
		if old[x.Code]--; old[x.Code] < 0 {
			t.Errorf("after mending: %s:%d:%d %s %s", x.File, x.Line, x.Column, x.Code, x.Message)
		}
	}
	if made, _, err := Fix(after); err != nil || made != 0 {
		t.Errorf("the second time %d more, %v", made, err)
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(string(p))
	return len(p), nil
}

// TestClean: rules of every kind, and the program's own, have no finding at all of the
// level that is told.
func TestClean(t *testing.T) {
	r := checkPaths(t, session(t), "testdata/base", "../../content/rules")
	if r.Rules < 30 {
		t.Errorf("%d rules were checked", r.Rules)
	}
	r.Keep(Warning)
	if len(r.Findings) > 0 {
		WriteText(testWriter{t}, r)
		t.Fail()
	}
}
