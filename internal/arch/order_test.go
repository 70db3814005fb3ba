package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// order is the import order: a package may use what stands in earlier rows, and
// what stands in its own entry. Entries of one row never see each other. "x/..."
// is x and all below it.
var order = [][]string{
	{"kql/source"},
	{"kql/diag", "kql/types"},
	{"kql/syntax", "kql/sqlx"},
	{"kql/builtin/..."},
	{"kql/plan"},
	{"kql/eval"},
	{"kql/bind", "kql/rewrite", "kql/sqlgen"},
	{"kql"},
	{"internal/kqt"}, // case files, for the tests of every layer above it
	{"engine/..."},
	{"hunt/..."},
	{"events/...", "detect/..."},
	{"workspace/...", "simulate/...", "content/..."},
	{"api/...", "web/..."},
	{"internal/cli/..."}, // the commands
	{"cmd/..."},
	{"internal/..."}, // tools of the house: nothing imports them
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir, Name string
	GoFiles, CgoFiles     []string
	TestGoFiles           []string
	XTestGoFiles          []string
	Imports               []string
}

func (p pkg) rel() string { return strings.TrimPrefix(p.ImportPath, "quarry/") }

func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above this test")
		}
		dir = parent
	}
}

// packages lists the module.
func packages(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports"}, args...)...)
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// place finds a package's row and entry in order. An exact entry wins over "x/...".
func place(rel string) (row int, entry string, ok bool) {
	for i, entries := range order {
		if slices.Contains(entries, rel) {
			return i, rel, true
		}
	}
	for i, entries := range order {
		for _, e := range entries {
			if base, below := strings.CutSuffix(e, "/..."); below && (rel == base || strings.HasPrefix(rel, base+"/")) {
				return i, e, true
			}
		}
	}
	return 0, "", false
}

func mayImport(from, to string) error {
	r, e, ok := place(from)
	if !ok {
		return fmt.Errorf("%s has no place in order (order_test.go): say where it stands", from)
	}
	r2, e2, ok := place(to)
	if !ok {
		return fmt.Errorf("%s imports %s, which has no place in order", from, to)
	}
	if e == e2 && strings.HasSuffix(e, "/...") || r2 < r {
		return nil
	}
	return fmt.Errorf("%s may not import %s: %s does not stand before %s", from, to, e2, e)
}

func TestImportOrder(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if _, _, ok := place(p.rel()); !ok {
			t.Errorf("%s has no place in order (order_test.go): say where it stands", p.rel())
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, "quarry/") {
				continue
			}
			if err := mayImport(p.rel(), strings.TrimPrefix(imp, "quarry/")); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOrderIsTold checks the checker.
func TestOrderIsTold(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"kql/syntax", "kql/source", true},
		{"kql/source", "kql/syntax", false},
		{"kql/bind", "kql/rewrite", false},
		{"events/evtx", "events/winevent", true},
		{"events", "detect/rule", false},
		{"detect/rule", "kql/syntax", true},
		{"kql", "internal/arch", false},
		{"nowhere", "kql", false},
	} {
		if err := mayImport(c.from, c.to); (err == nil) != c.ok {
			t.Errorf("%s -> %s: %v", c.from, c.to, err)
		}
	}
}

// outside are the standard packages through which a program reaches the world.
var outside = []string{"os", "os/exec", "os/signal", "net", "net/http", "io/fs", "database/sql", "syscall", "plugin", "log", "C"}

// TestLanguageIsPure keeps kql/... free of cgo and of input and output.
func TestLanguageIsPure(t *testing.T) {
	for _, p := range packages(t, "./kql/...") {
		for _, imp := range p.Imports {
			if slices.Contains(outside, imp) {
				t.Errorf("%s imports %s: the language does no I/O", p.rel(), imp)
			}
		}
	}
	if testing.Short() {
		return
	}
	cmd := exec.Command("go", "build", "./kql/...")
	cmd.Dir, cmd.Env = root(t), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("CGO_ENABLED=0 go build ./kql/...\n%s", out)
	}
}

// TestCgo keeps cgo in one package, so that all else builds and is tested fast.
func TestCgo(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if len(p.CgoFiles) > 0 && p.rel() != "engine/duckdb" {
			t.Errorf("%s uses cgo (%s): engine/duckdb is the only package that does", p.rel(), strings.Join(p.CgoFiles, ", "))
		}
	}
}

func TestDocFiles(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if !slices.Contains(p.GoFiles, "doc.go") && !(p.Name == "main" && slices.Equal(p.GoFiles, []string{"main.go"})) {
			t.Errorf("%s has no doc.go (what it owns, what it may import, where to start)", p.rel())
		}
	}
}
