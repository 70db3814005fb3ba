package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quarry/kql/source"
)

// seeds are the queries of testdata.
func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(data), "\n====\n") {
			query, _, _ := strings.Cut(block, "\n-- ")
			f.Add(query)
		}
	}
}

// FuzzLex: tokens lie in the text, in order, apart or touching, and end it.
func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		end := int32(0)
		tokens := lex(text, func(d problem) {
			if d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End {
				t.Errorf("problem at %v", d.Span)
			}
		})
		for i, tok := range tokens {
			if tok.start < end || tok.end < tok.start || (tok.start == tok.end) != (tok.kind == tEnd) || (tok.kind == tEnd) != (i == len(tokens)-1) {
				t.Fatalf("token %d of %q: %+v after %d", i, text, tok, end)
			}
			end = tok.end
		}
		if int(end) != len(text) {
			t.Errorf("%q ends at %d", text, end)
		}
	})
}

// FuzzParse: no panic; problems have positions; what parses prints, and the printed
// text is the same tree and prints as itself; Walk reaches everything.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		script, errs := Parse(source.New("", text, 0))
		if errs == nil {
			checkRoundTrip(t, corpusCase{KQL: text})
			if len(text) < 1000 { // it prints every node
				checkTree(t, text, script)
			}
			for _, k := range LetConstants(script) {
				if _, err := SetLet(text, k.Name, text[k.Span.Start:k.Span.End]); err != nil {
					t.Errorf("the constant %s can't be set to itself: %v", k.Name, err)
				}
			}
			return
		}
		last := -1
		for _, d := range errs.Items {
			if d.Span.Start <= last || d.Span.End > len(text) || d.Span.Start > d.Span.End || d.Message == "" {
				t.Errorf("%q: %+v", text, d)
			}
			last = d.Span.Start
		}
		errs.Caret()
		Print(script)
		Walk(script, func(Node) bool { return true })
	})
}
