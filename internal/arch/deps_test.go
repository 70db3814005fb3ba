package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDependencies holds docs/dependencies.md to the modules that the code imports:
// each has its line, and each line its module.
func TestDependencies(t *testing.T) {
	dir := root(t)
	page, err := os.ReadFile(filepath.Join(dir, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| *\\S").FindAllStringSubmatch(string(page), -1) {
		listed[m[1]] = true
	}
	used := directModules(t, dir)
	for m := range used {
		if !listed[m] {
			t.Errorf("docs/dependencies.md has no line for %s: say what it is for", m)
		}
	}
	for m := range listed {
		if !used[m] {
			t.Errorf("docs/dependencies.md lists %s, which nothing imports", m)
		}
	}
}

// directModules are the modules of go.mod from which the code and its tests import.
func directModules(t *testing.T, dir string) map[string]bool {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+/\S+) v`).FindAllStringSubmatch(string(mod), -1) {
		modules = append(modules, m[1])
	}
	cmd := exec.Command("go", "list", "-e", "-f", `{{join .Imports "\n"}}{{"\n"}}{{join .TestImports "\n"}}{{"\n"}}{{join .XTestImports "\n"}}`, "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, imp := range strings.Fields(string(out)) {
		best := ""
		for _, m := range modules {
			if (imp == m || strings.HasPrefix(imp, m+"/")) && len(m) > len(best) {
				best = m
			}
		}
		if best != "" {
			used[best] = true
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^tool (\S+)$`).FindAllStringSubmatch(string(mod), -1) {
		for _, module := range modules {
			if strings.HasPrefix(m[1], module+"/") {
				used[module] = true
			}
		}
	}
	return used
}
