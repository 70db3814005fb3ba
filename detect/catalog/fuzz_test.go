package catalog

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"quarry/detect/rule"
)

// FuzzPage writes a row with any text in it as a page and reads it back: one rule, with
// the query to the byte and the values in one line each.
func FuzzPage(f *testing.F) {
	f.Add("A rule", "It finds.\nThings.", "Impact", "T\n| take 1\n")
	f.Add("# x | y", "## z\n|a|\n```\n", `b|\|`, "print ```\n````\n```")
	f.Add(" ", "", "\r\n|", "T")
	f.Add("", "", "\x0e \\", "T")
	f.Fuzz(func(t *testing.T, name, description, value, query string) {
		for _, s := range []string{name, description, value, query} {
			if strings.ToValidUTF8(s, "") != s || strings.ContainsAny(s, "\r\x00") {
				t.Skip() // rule files are UTF-8 text, with line ends made one
			}
		}
		if strings.Contains(description, "Name") && strings.Contains(description, "Value") {
			t.Skip() // it may hold the head of the table, and nothing tells the two apart
		}
		if strings.TrimSpace(query) == "" {
			t.Skip() // no rule: a page has only kinds that ask something
		}
		row := Row{DetectionID: "id", DetectionName: name, DetectionDescription: description, Tactic: value, ConnectorID: value, Query: query}
		var b bytes.Buffer
		if err := WritePage(&b, []Row{row}, 0); err != nil {
			t.Fatal(err)
		}
		pack, err := rule.LoadFS(context.Background(), fstest.MapFS{"p.md": {Data: b.Bytes()}}, "r")
		if err != nil || len(pack.Rules) != 1 {
			t.Fatalf("%v %v\n%s", err, pack.Problems, b.String())
		}
		r := pack.Rules[0]
		want := strings.TrimSpace(strings.ReplaceAll(value, "\n", " "))
		if got := r.PageRows[0].Tactic; r.Query != query || strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
			t.Fatalf("query %q, want %q; tactic %q, want %q\n%s", r.Query, query, got, want, b.String())
		}
	})
}
