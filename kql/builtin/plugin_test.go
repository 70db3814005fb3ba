package builtin

import "testing"

// TestPlugins holds the table of plug-ins to its own notation.
func TestPlugins(t *testing.T) {
	table, err := New()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range table.Plugins() {
		name := p.Name()
		if seen[name] {
			t.Errorf("%s stands twice", name)
		}
		seen[name] = true
		if (p.Doc == "") != (p.Unsupported != "") || (p.Op == NoPlugin) != (p.Unsupported != "") {
			t.Errorf("%s: a plug-in is documented and bound, or says why it cannot be had", name)
		}
		for _, q := range p.Params() {
			switch q.Kind {
			case "column", "expr", "const", "table", "aggregate":
			default:
				t.Errorf("%s: unknown kind %q of %s", name, q.Kind, q.Name)
			}
		}
	}
}

func unbounded(int) error { return nil }

// TestReduceEdges: texts without words, and no texts, lose no row.
func TestReduceEdges(t *testing.T) {
	for _, texts := range [][]string{nil, {""}, {"", "--"}, {"\xff\xfe", "é"}} {
		patterns, of, _ := Reduce{Threshold: 0.1}.Run(NewEnv(nil), texts, unbounded)
		total := int64(0)
		for _, p := range patterns {
			total += p.Count
		}
		if int(total) != len(texts) || len(of) != len(texts) {
			t.Errorf("%q: %v %v", texts, patterns, of)
		}
	}
}

// FuzzReduce: every text has one pattern, and counts add up.
func FuzzReduce(f *testing.F) {
	f.Add("user a logged in", "user b logged in", "_")
	f.Fuzz(func(t *testing.T, a, b, characters string) {
		texts := []string{a, b, a}
		patterns, of, _ := Reduce{Threshold: 0.3, Characters: characters}.Run(NewEnv(nil), texts, unbounded)
		counts := make([]int64, len(patterns))
		for _, k := range of {
			counts[k]++
		}
		for i, p := range patterns {
			if p.Count != counts[i] {
				t.Fatalf("%q: %v", texts, patterns)
			}
		}
	})
}
