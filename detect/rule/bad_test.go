package rule

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestBadFiles loads each bad file beside a good one: the mistake is told at its
// place, and the good rule is there.
func TestBadFiles(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/bad.txtar")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, f := range archive.Files {
		told[f.Name] = string(f.Data)
	}
	for name, text := range told {
		base, ext, _ := strings.Cut(name, ".")
		if ext == "told" {
			continue
		}
		t.Run(base, func(t *testing.T) {
			want, ok := told[base+".told"]
			if !ok {
				t.Fatal("the case does not say what must be told")
			}
			p := load(t, map[string]string{name: text, "zz-good.yaml": "id: good\nname: good\nquery: T\n"})
			if len(p.Rules) == 0 || p.Rules[len(p.Rules)-1].ID != "good" {
				t.Error("the good rule did not load")
			}
			got := problems(p)
			lines := strings.Split(strings.TrimSpace(want), "\n")
			for _, line := range lines {
				if line != "" && !strings.Contains(got, "r/"+line) {
					t.Errorf("no %q in\n%s", line, got)
				}
			}
			if want == "" && got != "" {
				t.Error(got)
			}
		})
	}
}

// TestHugeFiles are bounded: what they hold is refused or read, soon, and the rest
// of the pack loads.
func TestHugeFiles(t *testing.T) {
	junk := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range junk {
		junk[i] = byte(random.Uint32())
	}
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "key%d: value\n", i)
	}
	alias := "id: a\nname: a\nquery: &q |\n  T\nlist:\n"
	for name, c := range map[string]struct{ body, told string }{
		"aliases-10MB.yaml": {alias + strings.Repeat("  - *q\n", 1_500_000), "the file is too large for a rule file"},
		"aliases.yaml":      {alias + strings.Repeat("  - *q\n", 250_000), ""},
		"brackets.yaml":     {strings.Repeat("[", 1_000_000), "1:10001: YAML: exceeded max depth"},
		"nested.yaml":       {strings.Repeat("- ", 1_000_000) + "x", "YAML: exceeded max depth"},
		"keys.yaml":         {many.String(), "not a rule: there is no query"},
		"brackets.json":     {strings.Repeat(`{"a":[`, 1_000_000), "the document is nested deeper than"},
		"junk.yaml":         {string(junk), "the file is not UTF-8 text"},
		"junk.json":         {string(junk), "the file is not UTF-8 text"},
		"junk.zip":          {string(junk), "not a readable zip archive"},
		"zeros.yaml":        {strings.Repeat("\x00", 1<<20), "1:1: YAML: a control character is not allowed"},
		"quotes.md":         {strings.Repeat("> ", 500_000), "quotes.md:1:1: the text is quoted more than 64 levels deep"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{name: {Data: []byte(c.body)}, "zz.yaml": {Data: []byte("id: good\nname: good\nquery: T\n")}}
			p, err := LoadFS(context.Background(), fsys, "r")
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Rules) == 0 || p.Rules[len(p.Rules)-1].ID != "good" {
				t.Error("the good rule did not load")
			}
			if got := problems(p); c.told != "" && !strings.Contains(got, c.told) || c.told == "" && got != "" {
				t.Errorf("told %.300s", got)
			}
		})
	}
}
