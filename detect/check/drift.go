package check

import (
	"path"
	"slices"
	"strings"

	"quarry/kql/syntax"
)

// drift compares what a rule declares with what its query reads. A data type is the
// name of a table or of a function; what stands behind it in parentheses, as in
// "SecurityAlert (MCAS)", only explains it.
func (c *checker) drift(v *Verdict, script *syntax.Script) {
	if len(v.Declared) == 0 {
		return // nothing is declared, so nothing can differ
	}
	used := names{}
	used.of(script)
	wild := used.wild
	c.follow(&used)

	excused := names{} // what declared functions read
	read := func(declared string) bool {
		return slices.ContainsFunc(v.Reads, func(t string) bool {
			ok, _ := path.Match(strings.ToLower(t), strings.ToLower(declared))
			return ok
		})
	}
	var declared []string
	for _, d := range v.Declared {
		name, _, _ := strings.Cut(d, "(")
		name = strings.TrimSpace(name)
		declared = append(declared, strings.ToLower(name))
		switch {
		case read(name):
		case used.functions[strings.ToLower(name)]:
			inner := names{}
			inner.add(name)
			c.follow(&inner)
			for n := range inner.all {
				excused.add(n)
			}
		case strings.EqualFold(name, "Watchlist") && used.has("_GetWatchlist"):
		default:
			v.DeclaredNotRead = append(v.DeclaredNotRead, d)
		}
	}
	for _, t := range v.Reads {
		lower := strings.ToLower(t)
		switch {
		case slices.Contains(declared, lower), excused.has(t), strings.Contains(t, "*"):
		case wild && !used.has(t):
			// One of all tables that a pattern takes in; nobody means to name them.
		default:
			v.ReadNotDeclared = append(v.ReadNotDeclared, t)
		}
	}
}

// names are the names in a piece of query text.
type names struct {
	all       map[string]bool
	functions map[string]bool // saved functions among them, and in their texts, in lower case
	wild      bool            // it reads tables by a pattern, or all there are
}

func (n *names) add(name string) {
	if n.all == nil {
		n.all = map[string]bool{}
	}
	n.all[name] = true
}

func (n *names) has(name string) bool { return n.all[name] }

func (n *names) of(x syntax.Node) {
	syntax.Walk(x, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Name:
			n.add(node.Text)
		case *syntax.Wildcard:
			n.wild = true
		case *syntax.Search:
			n.wild = n.wild || len(node.In) == 0
		case *syntax.Find:
			n.wild = n.wild || len(node.In) == 0
		}
		return true
	})
}

// follow adds the names in the texts of saved functions that are named, and so on.
func (c *checker) follow(n *names) {
	functions := c.session.Functions()
	n.functions = map[string]bool{}
	for more := true; more; {
		more = false
		for name := range n.all {
			f, ok := functions[name]
			if !ok || n.functions[strings.ToLower(name)] {
				continue
			}
			n.functions[strings.ToLower(name)] = true
			for _, st := range f.Lambda.Body {
				n.of(st)
			}
			more = true
			break // the map has changed
		}
	}
}
