package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// globals are package variables that change after the program started, each for a reason.
var globals = map[string]string{
	"engine/duckdb.openFiles": "DuckDB allows a file to be open once in a process; this remembers which are",
}

// TestGlobals finds init functions and package variables that change. Tables, patterns
// and sentinel errors may be package variables: nothing assigns to them.
func TestGlobals(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t, "./...") {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range append(slices.Clone(p.GoFiles), p.CgoFiles...) {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Error(err)
				continue
			}
			files = append(files, f)
		}
		for _, c := range changing(files) {
			name := p.rel() + "." + c.name
			if _, ok := globals[name]; ok {
				used[name] = true
				continue
			}
			t.Errorf("%s: %s %s: pass it in instead, or name the reason in globals", fset.Position(c.at), name, c.how)
		}
	}
	for name := range globals {
		if !used[name] {
			t.Errorf("%s is in globals and never changes: take it out", name)
		}
	}
}

type change struct {
	name, how string
	at        token.Pos
}

// changing lists init functions and the package variables that a package changes.
func changing(files []*ast.File) []change {
	var out []change
	vars := map[string]bool{}
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					out = append(out, change{"init", "is an init function", d.Pos()})
				}
			case *ast.GenDecl:
				if d.Tok != token.VAR {
					continue
				}
				for _, s := range d.Specs {
					v := s.(*ast.ValueSpec)
					for _, n := range v.Names {
						vars[n.Name] = n.Name != "_"
						if stateful(v) {
							out = append(out, change{n.Name, "holds state by its type", n.Pos()})
						}
					}
				}
			}
		}
	}
	for _, f := range files {
		// A name that the file does not resolve is one of another file of the package.
		elsewhere := map[*ast.Ident]bool{}
		for _, id := range f.Unresolved {
			elsewhere[id] = true
		}
		global := func(e ast.Expr) *ast.Ident {
			id := base(e)
			if id == nil || !vars[id.Name] {
				return nil
			}
			if elsewhere[id] || id.Obj != nil && f.Scope != nil && f.Scope.Lookup(id.Name) == id.Obj {
				return id
			}
			return nil
		}
		note := func(e ast.Expr, how string) {
			if id := global(e); id != nil {
				out = append(out, change{id.Name, how, id.Pos()})
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, l := range n.Lhs {
						note(l, "is assigned to")
					}
				}
			case *ast.IncDecStmt:
				note(n.X, "is assigned to")
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					note(n.Key, "is assigned to")
					note(n.Value, "is assigned to")
				}
			case *ast.CallExpr:
				if fn, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (fn.Name == "delete" || fn.Name == "clear") {
					note(n.Args[0], "is cleared")
				}
			}
			return true
		})
	}
	return out
}

// base is the variable behind x.f, x[i], *x and (x).
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// stateful reports variables of the types of sync and sync/atomic, alone or within a struct
// type that the declaration spells out.
func stateful(v *ast.ValueSpec) bool {
	found := false
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.CallExpr:
			return false
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && (pkg.Name == "sync" || pkg.Name == "atomic") {
				found = true
			}
		}
		return true
	}
	if v.Type != nil {
		ast.Inspect(v.Type, look)
	}
	for _, x := range v.Values {
		ast.Inspect(x, look)
	}
	return found
}

func TestGlobalsAreFound(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"var x = 1\nfunc f() { x = 2 }", "x is assigned to"},
		{"var x = map[string]int{}\nfunc f() { x[`a`]++ }", "x is assigned to"},
		{"var x = map[string]int{}\nfunc f() { delete(x, `a`) }", "x is cleared"},
		{"var x sync.Map", "x holds state by its type"},
		{"func init() {}", "init is an init function"},
		{"var x = 1\nfunc f() { x := 2; x = 3; _ = x }", ""},
		{"var x = regexp.MustCompile(`a`)", ""},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package p\n"+c.text, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range changing([]*ast.File{f}) {
			got = append(got, c.name+" "+c.how)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.text, s, c.want)
		}
	}
}
