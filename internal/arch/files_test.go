package arch

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const maxLines = 500

// longFiles may have more lines than maxLines, each for a reason.
var longFiles = map[string]string{
	"kql/syntax/token.go": "the table of keywords",
	"kql/syntax/lexer.go": "one state machine, read in one piece",
}

func TestFileLength(t *testing.T) {
	dir := root(t)
	seen := map[string]bool{}
	eachFile(t, dir, func(path string, text []byte) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return
		}
		n := bytes.Count(text, []byte{'\n'})
		_, allowed := longFiles[path]
		switch {
		case n > maxLines && !allowed:
			t.Errorf("%s has %d lines: split it by concern, or name the reason in longFiles", path, n)
		case n > maxLines:
			seen[path] = true
		}
	})
	for path := range longFiles {
		if !seen[path] {
			t.Errorf("%s is in longFiles and is not longer than %d lines: take it out", path, maxLines)
		}
	}
}

// loose are words of unfinished work. They are put together here so that this file
// does not hold them.
var loose = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"}, "|") + `)\b|(?i:not (yet )?imple` + `mented)`)

func TestNothingLoose(t *testing.T) {
	dir := root(t)
	eachFile(t, dir, func(path string, text []byte) {
		switch filepath.Ext(path) {
		case ".go", ".md", ".yaml", ".yml", ".kqt", ".txt", ".sh", "":
		default:
			return
		}
		if strings.Contains(path, "testdata/fuzz/") {
			return
		}
		for i, line := range bytes.Split(text, []byte{'\n'}) {
			if m := loose.Find(line); m != nil {
				t.Errorf("%s:%d: %q: finish it, or refuse by name and list it in docs/differences.md", path, i+1, m)
			}
		}
	})
}

// eachFile walks what is in the repository, leaving out what is built or hidden.
func eachFile(t *testing.T, dir string, visit func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			switch rel {
			case ".git", "bin", "demo":
				return filepath.SkipDir
			}
			return nil
		}
		if info, err := d.Info(); err != nil || !info.Mode().IsRegular() || info.Size() > 4<<20 {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			return nil // not text
		}
		visit(rel, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
