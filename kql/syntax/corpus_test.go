package syntax

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"quarry/kql/source"
)

// shared finds the folder of public queries beside the repository.
func shared(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
	dir = filepath.Join(dir, "..", "shared")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("../shared, with the public queries, is not here")
	}
	return dir
}

type corpusCase struct{ ID, KQL string }

func readCases(t testing.TB, path string) []corpusCase {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases []corpusCase
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var c corpusCase
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

// TestPublicRules parses, prints and parses again every public detection rule.
func TestPublicRules(t *testing.T) {
	for _, c := range readCases(t, filepath.Join(shared(t), "rules", "rules.jsonl")) {
		checkRoundTrip(t, c)
	}
}

func checkRoundTrip(t *testing.T, c corpusCase) {
	t.Helper()
	a, errs := Parse(source.New(c.ID, c.KQL, 0))
	if errs != nil {
		t.Errorf("%s", errs.Caret())
		return
	}
	text := Print(a)
	b, errs := Parse(source.New(c.ID+" printed", text, 0))
	if errs != nil {
		t.Errorf("%s\n%s", errs.Caret(), text)
		return
	}
	if !Equal(a, b) {
		t.Errorf("%s: the printed text is another tree:\n%s", c.ID, text)
	}
	if again := Print(b); again != text {
		t.Errorf("%s: printing is not stable:\n%s\n%s", c.ID, text, again)
	}
}

func BenchmarkParseRules(b *testing.B) {
	var texts []*source.Text
	for _, c := range readCases(b, filepath.Join(shared(b), "rules", "rules.jsonl")) {
		texts = append(texts, source.New(c.ID, c.KQL, 0))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Parse(texts[i%len(texts)])
	}
}
