package commands

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"quarry/internal/cli"
)

var update = flag.Bool("update", false, "write docs/cli.md instead of comparing")

// TestPage holds docs/cli.md to the program. "make docs" is this test with -update.
func TestPage(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "cli.md")
	text := Page(cli.Tree())
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != text {
		t.Errorf("docs/cli.md is not what the program says: run make docs")
	}
}
