package rule

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOwnRulesComeBack writes the rules that Quarry carries in each format.
func TestOwnRulesComeBack(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(root(t), "content", "rules", "*.yaml"))
	n := 0
	for _, name := range files {
		if strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n++
		comesBack(t, string(data))
	}
	if n < 20 {
		t.Errorf("only %d rules", n)
	}
}

// TestCorpusComesBack puts every query of the public corpus through every format.
func TestCorpusComesBack(t *testing.T) {
	f, err := os.Open(filepath.Join(root(t), "..", "shared", "rules", "rules.jsonl"))
	if err != nil {
		t.Skip("the rule corpus is not here")
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	var rules []*Rule
	for sc.Scan() {
		var x struct{ ID, Path, KQL string }
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		// In YAML a line cannot end in "\r" alone, and KQL takes both for a line end.
		rules = append(rules, &Rule{ID: x.ID + "x", Name: x.Path, Query: unixLines(x.KQL), Kind: Hunting})
	}
	if len(rules) < 1000 {
		t.Fatalf("only %d rules", len(rules))
	}
	var yaml strings.Builder
	for _, r := range rules {
		out, _, err := r.YAML()
		if err != nil {
			t.Fatal(r.ID, err)
		}
		if !strings.Contains(string(out), "\nquery: |") && !strings.Contains(r.Query, "\r") {
			t.Errorf("%s: the query is no block: %.80q", r.ID, out)
		}
		yaml.WriteString("---\n" + string(out))
	}
	arm, _, _ := Template(rules, nil)
	xdr, _, _ := XDRList(rules)
	for name, body := range map[string]string{"a.yaml": yaml.String(), "arm.json": string(arm), "xdr.json": string(xdr)} {
		out := &Pack{}
		(&loader{ctx: context.Background(), out: out}).file(name, name, []byte(body))
		if len(out.Rules) != len(rules) {
			t.Errorf("%s: %d rules of %d come back: %v", name, len(out.Rules), len(rules), out.Problems)
			continue
		}
		for i, r := range out.Rules {
			if r.Query != rules[i].Query || r.Name != strings.TrimSpace(rules[i].Name) {
				t.Errorf("%s: %s changed:\n%q\n%q", name, rules[i].ID, rules[i].Query, r.Query)
			}
		}
	}
	for _, r := range rules {
		text, _, err := r.KQL()
		if err != nil {
			continue
		}
		out := &Pack{}
		(&loader{ctx: context.Background(), out: out}).file("a.kql", "a.kql", text)
		if len(out.Rules) == 1 && !strings.HasSuffix(strings.TrimSpace(out.Rules[0].Query), strings.TrimSpace(r.Query)) {
			t.Errorf("%s: the query file says something else", r.ID)
		}
	}
}
