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

// TestBlocksKeepQueries puts every query of the public corpus into a YAML block
// and a Markdown fence, and expects it back with its place in the file.
func TestBlocksKeepQueries(t *testing.T) {
	f, err := os.Open(filepath.Join(root(t), "..", "shared", "rules", "rules.jsonl"))
	if err != nil {
		t.Skip("the rule corpus is not here")
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	n := 0
	for sc.Scan() {
		var x struct{ ID, KQL string }
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		query := strings.ReplaceAll(x.KQL, "\r\n", "\n")
		query = strings.Trim(query, "\n") + "\n"
		if strings.TrimSpace(query) == "" || strings.HasPrefix(query, " ") || strings.HasPrefix(query, "\t") || strings.Contains(query, "```") || strings.Contains(query, "\r") {
			continue // a block cannot start with a blank without an indentation sign
		}
		n++
		indented := "    " + strings.ReplaceAll(strings.TrimSuffix(query, "\n"), "\n", "\n    ") + "\n"
		for name, body := range map[string]string{
			"x.yaml": "id: " + x.ID + "x\nname: n\nquery: |\n" + indented + "version: 1.0.0\n",
			"x.md":   "# n\n\n```kql\n" + query + "```\n",
		} {
			out := &Pack{}
			l := &loader{ctx: context.Background(), out: out}
			l.file(name, name, []byte(body))
			if len(out.Rules) != 1 {
				t.Errorf("%s %s: %d rules, %v", x.ID, name, len(out.Rules), out.Problems)
				continue
			}
			r := out.Rules[0]
			if r.Query != query {
				t.Errorf("%s %s: the query changed:\n%q\n%q", x.ID, name, query, r.Query)
				continue
			}
			at := strings.LastIndexByte(strings.TrimRight(query, " \n\t"), '\n') + 1
			line, col := r.Text().Position(at)
			wantLine, wantCol := 3+strings.Count(query[:at], "\n")+1, 1
			if name == "x.yaml" {
				wantCol = 5
			}
			if line != wantLine || col != wantCol {
				t.Errorf("%s %s: the last line is at %d:%d, not %d:%d", x.ID, name, line, col, wantLine, wantCol)
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d queries", n)
	}
}
