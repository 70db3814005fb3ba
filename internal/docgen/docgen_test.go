package docgen

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/ instead of comparing")

// TestPages holds docs/ to the program. "make docs" is this test with -update.
func TestPages(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join("..", "..", "docs")
	if *update {
		if err := os.RemoveAll(filepath.Join(docs, "reference")); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range pages {
		path := filepath.Join(docs, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil || string(have) != text {
			t.Errorf("docs/%s is not what the program says (line %d): run make docs", name, firstDifference(string(have), text))
		}
	}
	lying, err := filepath.Glob(filepath.Join(docs, "reference", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lying {
		if _, ok := pages["reference/"+filepath.Base(path)]; !ok {
			t.Errorf("docs/reference/%s is made by nothing: run make docs", filepath.Base(path))
		}
	}
}

func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return i + 1
		}
	}
	return len(x)
}

// TestOperatorsAreDescribed: each operator of the language has its description, and
// each description an operator.
func TestOperatorsAreDescribed(t *testing.T) {
	if err := checkOperators(); err != nil {
		t.Error(err)
	}
}
