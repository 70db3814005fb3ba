package rule

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestEveryField writes each field of Sentinel's schemas as YAML and as an ARM
// template, and reads it back.
func TestEveryField(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/fields.txtar")
	if err != nil {
		t.Fatal(err)
	}
	base := map[string]string{}
	for _, f := range archive.Files {
		kind, name, _ := strings.Cut(f.Name, "/")
		if kind == "base" {
			base[name] = string(f.Data)
			continue
		}
		t.Run(f.Name, func(t *testing.T) { comesBack(t, base[kind]+string(f.Data)) })
	}
}

// TestOddFiles does the same with files as they are found in the wild.
func TestOddFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/odd/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			comesBack(t, string(data))
		})
	}
}

// comesBack checks a YAML file of rules and parsers: untouched they are written as
// they stand; printed anew, and by way of a template, they still say everything.
func comesBack(t *testing.T, text string) {
	t.Helper()
	p := load(t, map[string]string{"a.yaml": text})
	if len(p.Rules)+len(p.Functions) == 0 {
		t.Fatalf("no rule in\n%s\n%s", text, problems(p))
	}
	var again, want strings.Builder
	for _, r := range p.Rules {
		out, notes, err := r.YAML()
		if err != nil || len(notes.Lost)+len(notes.Added) != 0 {
			t.Fatal(err, notes)
		}
		again.Write(out)
		saysAll(t, r.doc, r.document(), "")
		want.WriteString(canonical(t, r))
	}
	for _, f := range p.Functions {
		out, err := f.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again.Write(out)
		saysAll(t, f.doc, f.document(), "")
		want.WriteString(canonicalParser(t, f))
	}
	if len(p.Rules)+len(p.Functions) == 1 {
		if diff := cmp.Diff(text, again.String()); diff != "" && !strings.Contains(text, "PT") {
			t.Error("the file is not written as it stands", diff)
		}
	}
	for way, pack := range map[string]*Pack{"YAML": load(t, map[string]string{"a.yaml": joined(p)}), "ARM": byTemplate(t, p)} {
		var got strings.Builder
		for _, r := range pack.Rules {
			got.WriteString(canonical(t, r))
		}
		for _, f := range pack.Functions {
			got.WriteString(canonicalParser(t, f))
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Errorf("by way of %s: %s\n%s", way, diff, problems(pack))
		}
	}
}

// joined is a file of all that a pack holds, printed anew.
func joined(p *Pack) string {
	var b strings.Builder
	for _, r := range p.Rules {
		out, _ := r.document().yaml()
		b.WriteString("---\n" + string(out))
	}
	for _, f := range p.Functions {
		out, _ := f.document().yaml()
		b.WriteString("---\n" + string(out))
	}
	return b.String()
}

func byTemplate(t *testing.T, p *Pack) *Pack {
	t.Helper()
	data, _, errs := Template(p.Rules, p.Functions)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	out := load(t, map[string]string{"a.json": string(data)})
	if got := problems(out); got != "" && problems(p) == "" {
		t.Errorf("the template has problems: %s\n%s", got, data)
	}
	return out
}

// canonical prints a rule anew, and again from what it printed.
func canonical(t *testing.T, r *Rule) string {
	t.Helper()
	out, err := r.document().yaml()
	if err != nil {
		t.Fatal(err)
	}
	p := load(t, map[string]string{"a.yaml": string(out)})
	if len(p.Rules) != 1 {
		t.Fatalf("%s\n%s", out, problems(p))
	}
	twice, _ := p.Rules[0].document().yaml()
	if diff := cmp.Diff(string(out), string(twice)); diff != "" {
		t.Error("printed twice it differs", diff)
	}
	return string(out)
}

func canonicalParser(t *testing.T, f *Function) string {
	t.Helper()
	out, err := f.document().yaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// saysAll reports what a document says and its successor does not. Notations that
// are written in one way only are compared by what they mean.
func saysAll(t *testing.T, before, after *Node, path string) {
	t.Helper()
	if before.kind == null {
		return
	}
	if after == nil || before.kind != after.kind {
		t.Errorf("%s is lost: %+v", path, before)
		return
	}
	switch before.kind {
	case scalar:
		a, b := clean(before.text), clean(after.text)
		if op := (&Trigger{Operator: a}); op.Symbol() != "" {
			a, b = op.Symbol(), (&Trigger{Operator: b}).Symbol()
		}
		if a != b && yamlDuration(a) != b && strings.TrimSpace(a) != strings.TrimSpace(b) && !strings.HasSuffix(path, "kind") {
			t.Errorf("%s was %q and is %q", path, before.text, after.text)
		}
	case list:
		if len(before.kids) != len(after.kids) {
			t.Errorf("%s had %d entries and has %d", path, len(before.kids), len(after.kids))
			return
		}
		for i := range before.kids {
			saysAll(t, before.kids[i], after.kids[i], path+"[]")
		}
	case object:
		for i, k := range before.keys {
			v := after.get(k)
			if before.kids[i].kind == scalar && v == nil && slices.Contains([]string{"displayName", "name"}, k) {
				v = first(after.get("name"), after.get("displayName"))
			}
			saysAll(t, before.kids[i], v, strings.TrimPrefix(path+"."+k, "."))
		}
	}
}
