package similar

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quarry/detect/rule"
)

// TestCases groups the queries of each case; a blank line separates queries, and
// the group's text is what is wanted.
func TestCases(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/cases.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			queries, want, _ := strings.Cut(string(f.Data), "=>\n")
			var rules []*rule.Rule
			for i, q := range strings.Split(strings.TrimSpace(queries), "\n\n") {
				rules = append(rules, &rule.Rule{ID: fmt.Sprint(i + 1), Name: fmt.Sprint(i + 1), Query: q})
			}
			groups, unread := Find(rules)
			var got strings.Builder
			for _, g := range groups {
				got.WriteString(g.Normal + "\n")
				for _, d := range g.Others {
					for _, c := range d.Values {
						fmt.Fprintf(&got, "%s to %s: %s -> %s\n", g.Rules[0].ID, d.Rule.ID, c.From, c.To)
					}
					if d.Same() {
						fmt.Fprintf(&got, "%s is %s\n", d.Rule.ID, g.Rules[0].ID)
					}
				}
			}
			for _, r := range unread {
				fmt.Fprintf(&got, "unread %s\n", r.ID)
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCorpus groups the public corpus: lines and constants of a group lie over each
// other, and a second run says the same.
func TestCorpus(t *testing.T) {
	dir, _ := os.Getwd()
	f, err := os.Open(filepath.Join(dir, "..", "..", "..", "shared", "rules", "rules.jsonl"))
	if err != nil {
		t.Skip("the rule corpus is not here")
	}
	defer f.Close()
	var rules []*rule.Rule
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var x struct{ ID, Path, KQL string }
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, &rule.Rule{ID: x.ID, Name: x.Path, Query: x.KQL})
	}
	groups, unread := Find(rules)
	if len(groups) == 0 || len(unread) > 20 {
		t.Errorf("%d groups, %d unread of %d", len(groups), len(unread), len(rules))
	}
	for _, r := range rules {
		if f, ok := normalize(r.Query); ok && strings.Count(f.normal, "\n") != strings.Count(f.filled, "\n") {
			t.Errorf("%s: the lines with constants are others", r.ID)
		}
	}
	again, _ := Find(rules)
	text := func(groups []Group) string {
		var b strings.Builder
		for _, g := range groups {
			for _, r := range g.Rules {
				b.WriteString(r.ID + " ")
			}
			fmt.Fprintln(&b, g.Others)
		}
		return b.String()
	}
	if diff := cmp.Diff(text(groups), text(again)); diff != "" {
		t.Error("a second run differs", diff)
	}
	if testing.Verbose() {
		for _, g := range groups {
			t.Logf("%d: %s", len(g.Rules), g.Rules[0].Name)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	q := "let t = 5;\n// c\nDeviceProcessEvents | where A == \"x\" and (B > t or C has \"y\") | summarize count() by D | join kind=inner (T | where E in (\"a\", \"b\")) on D"
	var rules []*rule.Rule
	for i := range 1288 {
		rules = append(rules, &rule.Rule{ID: fmt.Sprint(i), Query: q})
	}
	for b.Loop() {
		Find(rules)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("let a = 5; T | where x > a and y in (\"a\", 'b') and (z or w) | extend a = 1")
	f.Add("datatable(a:long)[1, 2] | where a between (1 .. 2)")
	f.Fuzz(func(t *testing.T, q string) {
		if x, ok := normalize(q); ok {
			if again, ok := normalize(q); !ok || again.normal != x.normal || again.filled != x.filled {
				t.Fatalf("%q: %q, then %q", q, x, again)
			}
		}
	})
}
