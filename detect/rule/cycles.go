package rule

import (
	"fmt"
	"slices"
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
)

// tellCycles reports functions that call each other in a circle, each circle once, at
// the call in its first function. Such a function cannot run, nor can a rule that
// calls it. A function that has a table's name may read that table, so its own name
// inside it is no call unless it is written as one.
func (p *Pack) tellCycles() {
	byName := map[string]*Function{}
	for _, f := range p.Functions {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if byName[name] == nil {
				byName[name] = f
			}
		}
	}
	calls := map[*Function][]call{}
	for _, f := range p.Functions {
		calls[f] = f.calls(byName)
	}
	const unseen, open, done = 0, 1, 2
	state := map[*Function]int{}
	var path []*Function
	var walk func(f *Function)
	walk = func(f *Function) {
		state[f] = open
		path = append(path, f)
		for _, c := range calls[f] {
			switch state[c.to] {
			case unseen:
				walk(c.to)
			case open:
				p.Problems = append(p.Problems, circle(path[slices.Index(path, c.to):], calls))
			}
		}
		path = path[:len(path)-1]
		state[f] = done
	}
	for _, f := range p.Functions {
		if state[f] == unseen {
			walk(f)
		}
	}
}

// call is a place in a function's body where it uses another one.
type call struct {
	to *Function
	at source.Span
}

func (f *Function) calls(byName map[string]*Function) []call {
	var out []call
	if len(byName) < 2 && !strings.Contains(f.Query, f.Name) {
		return nil
	}
	script, errs := syntax.Parse(f.Text())
	if errs != nil {
		return nil // which binding it tells
	}
	add := func(name *syntax.Name, called bool) {
		if to := byName[name.Text]; to != nil && (to != f || called) && !slices.ContainsFunc(out, func(c call) bool { return c.to == to }) {
			out = append(out, call{to, name.Pos()})
		}
	}
	table := func(x syntax.Expr) {
		if name, ok := x.(*syntax.Name); ok {
			add(name, false)
		}
	}
	// Where a name stands for rows; elsewhere it is a column.
	syntax.Walk(script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Call:
			add(n.Name, true)
		case *syntax.Pipe:
			table(n.Source)
		case *syntax.Union:
			for _, x := range n.Tables {
				table(x)
			}
		case *syntax.Join:
			table(n.Right)
		case *syntax.Paren:
			table(n.X)
		case *syntax.Let:
			table(n.Value)
		case *syntax.Query:
			table(n.X)
		}
		return true
	})
	return out
}

func circle(path []*Function, calls map[*Function][]call) Problem {
	var names []string
	for _, f := range path {
		names = append(names, f.Name)
	}
	f, next := path[0], path[1%len(path)]
	i := slices.IndexFunc(calls[f], func(c call) bool { return c.to == next })
	line, col := f.Text().Position(calls[f][i].at.Start)
	return Problem{File: f.File, Line: line, Column: col,
		Message: fmt.Sprintf("functions call each other in a circle: %s", strings.Join(append(names, path[0].Name), " -> ")),
		Hint:    "none of them can run"}
}
