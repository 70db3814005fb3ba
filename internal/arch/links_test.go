package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fence is a block of code, where brackets are no links.
var fence = regexp.MustCompile("(?ms)^```.*?^```")

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks: every link within the documentation leads to a file, and within a page or
// to a page's part to a heading.
func TestLinks(t *testing.T) {
	dir := root(t)
	pages := map[string]string{}
	eachFile(t, dir, func(path string, text []byte) {
		if strings.HasSuffix(path, ".md") && !strings.Contains(path, "testdata/") {
			pages[path] = string(text)
		}
	})
	for path, text := range pages {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			to, part, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			target := path
			if to != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(path), to))
			}
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
				continue
			}
			if page, ok := pages[target]; ok && part != "" && !hasPart(page, part) {
				t.Errorf("%s links to %s: that page has no such heading", path, m[1])
			}
		}
	}
}

var heading = regexp.MustCompile("(?m)^#+ +(.*)$")

// hasPart reports a heading whose anchor, as GitHub makes it, is part, or an anchor
// written out.
func hasPart(page, part string) bool {
	if strings.Contains(page, `<a id="`+part+`">`) {
		return true
	}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		a := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_':
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		if a == part {
			return true
		}
	}
	return false
}
