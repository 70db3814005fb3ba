package rule

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestImports reads what products export, and writes it as Sentinel YAML.
func TestImports(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/imports.txtar")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range archive.Files {
		want[f.Name] = string(f.Data)
	}
	for name, text := range want {
		name, ok := strings.CutSuffix(name, ".json")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := load(t, map[string]string{"a.json": text})
			if got := problems(p); got != "" {
				t.Error(got)
			}
			var got []string
			var lost strings.Builder
			for _, r := range p.Rules {
				out, notes, err := r.YAML()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(out))
				for _, l := range notes.Lost {
					lost.WriteString("lost " + l.Field + ": " + l.Why + "\n")
				}
			}
			for _, f := range p.Functions {
				out, err := f.YAML()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(out))
			}
			if diff := cmp.Diff(want[name+".yaml"], strings.Join(got, "---\n")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(want[name+".notes"], lost.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestGraphComesBack writes custom detections as Graph JSON: nothing of them is lost.
func TestGraphComesBack(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/imports.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if f.Name != "graph.json" {
			continue
		}
		p := load(t, map[string]string{"a.json": string(f.Data)})
		data, notes, _ := XDRList(p.Rules)
		for _, n := range notes {
			if len(n.Lost)+len(n.Added) > 0 {
				t.Error(n)
			}
		}
		before, _ := parseJSON(f.Data)
		after, err := parseJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		saysAll(t, before.get("value"), after.get("value"), "")
	}
}
