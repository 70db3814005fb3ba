package similar

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
)

// form is a query in its normal form: the tree printed without comments, each
// constant as a sign of its type, lets of constants put in where they are used, other
// lets numbered, filters one condition a line with the conditions in an order of their own.
type form struct {
	normal string   // with signs for the constants
	filled string   // the same lines with the constants
	values []string // the constants in the order of the lines
}

// normalize reports false for a query that does not parse.
func normalize(query string) (form, bool) {
	script, errs := syntax.Parse(source.New("", query, 0))
	if errs != nil {
		return form{}, false
	}
	n := &normalizer{constant: map[syntax.Node]text{}, lets: map[string]syntax.Expr{}}
	n.inline(script)
	n.abstract(script)
	n.order(script)
	var f form
	n.show(false)
	f.normal = strings.TrimSpace(syntax.Print(script))
	syntax.Walk(script, func(x syntax.Node) bool {
		if t, ok := n.constant[x]; ok {
			f.values = append(f.values, t.value)
		}
		return true
	})
	n.show(true)
	f.filled = strings.TrimSpace(syntax.Print(script))
	return f, true
}

// text is what stands for a constant, and the constant.
type text struct{ sign, value string }

type normalizer struct {
	constant map[syntax.Node]text   // *Literal or *Name, the nodes that stand for constants
	lets     map[string]syntax.Expr // constants by the name that a let gave them
}

// inline takes the lets of constants out; their names stand for them from then on.
// The other lets get numbers for names.
func (n *normalizer) inline(script *syntax.Script) {
	names := map[string]string{}
	script.Statements = slices.DeleteFunc(script.Statements, func(s syntax.Statement) bool {
		let, ok := s.(*syntax.Let)
		if !ok {
			return false
		}
		if constant(let.Value) {
			n.lets[let.Name.Text] = let.Value
			return true
		}
		names[let.Name.Text] = "let" + strconv.Itoa(len(names)+1)
		return false
	})
	other := map[syntax.Node]bool{} // names that are columns, whatever lets there are
	syntax.Walk(script, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.Path:
			other[x.Name] = true
		case *syntax.Assign:
			for _, name := range x.Names {
				other[name] = true
			}
		case *syntax.Name:
			if to, ok := names[x.Text]; ok && !other[x] {
				x.Text, x.Quoted = to, false
			} else if value, ok := n.lets[x.Text]; ok && !other[x] {
				n.constant[x] = text{sign(value), oneLine(syntax.Print(value))}
			}
		}
		return true
	})
}

// constant reports whether an expression has the same value whatever the data: a
// literal, perhaps with a sign, or a call of one such as ago(7d) or dynamic([...]).
func constant(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Literal:
		return true
	case *syntax.Unary:
		return constant(x.X)
	case *syntax.Paren:
		return constant(x.X)
	case *syntax.Call:
		switch x.Name.Text {
		case "ago", "now", "datetime", "timespan", "todatetime", "totimespan", "tolower", "toupper", "strcat", "pack_array":
			return !slices.ContainsFunc(x.Args, func(a syntax.Expr) bool { return !constant(a) })
		}
	}
	return false
}

// sign is what a constant is printed as: its type in angles, calls around it kept.
func sign(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Literal:
		return "<" + x.Type.String() + ">"
	case *syntax.Unary:
		return sign(x.X)
	case *syntax.Paren:
		return sign(x.X)
	case *syntax.Call:
		args := make([]string, len(x.Args))
		for i, a := range x.Args {
			args[i] = sign(a)
		}
		return x.Name.Text + "(" + strings.Join(args, ", ") + ")"
	}
	return syntax.Print(x)
}

// abstract finds the constants in the tree. A list of constants, and the rows of a
// datatable, are one: rules differ in how many names they look for.
func (n *normalizer) abstract(script *syntax.Script) {
	syntax.Walk(script, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.Literal:
			n.constant[x] = text{sign(x), oneLine(x.Text)}
			return false
		case *syntax.In:
			x.List = n.joined(x.List)
		case *syntax.DataTable:
			x.Values = n.joined(x.Values)
		case *syntax.Call:
			if strings.HasPrefix(x.Name.Text, "has_a") || x.Name.Text == "pack_array" {
				x.Args = n.joined(x.Args)
			}
		}
		return true
	})
}

// joined is a list of constants as one, or the list as it is.
func (n *normalizer) joined(list []syntax.Expr) []syntax.Expr {
	var parts []string
	for _, x := range list {
		t, named := n.constant[x]
		if !named && !constant(x) {
			return list
		} else if !named {
			t.value = syntax.Print(x)
		}
		parts = append(parts, oneLine(t.value))
	}
	if len(parts) == 0 {
		return list
	}
	all := &syntax.Name{}
	n.constant[all] = text{"<list>", strings.Join(parts, ", ")}
	return []syntax.Expr{all}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// show makes the tree print the signs or the constants.
func (n *normalizer) show(values bool) {
	for x, t := range n.constant {
		s := t.sign
		if values {
			s = oneLine(t.value)
		}
		switch x := x.(type) {
		case *syntax.Literal:
			x.Text = s
		case *syntax.Name:
			x.Text, x.Quoted = s, false
		}
	}
}

// order brings what commutes into one order: the conditions of filters that follow
// each other, and those of any other "and". Inner ones come first, since their order
// is part of the text of the outer ones.
func (n *normalizer) order(script *syntax.Script) {
	n.show(false)
	var found []syntax.Node
	inner := map[*syntax.Binary]bool{} // the left part of a longer "and"
	syntax.Walk(script, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.Pipe:
			found = append(found, x)
		case *syntax.Binary:
			if x.Op == "and" {
				if l, ok := x.L.(*syntax.Binary); ok {
					inner[l] = true
				}
				if !inner[x] {
					found = append(found, x)
				}
			}
		}
		return true
	})
	for _, x := range slices.Backward(found) {
		switch x := x.(type) {
		case *syntax.Pipe:
			x.Ops = n.filters(x.Ops)
		case *syntax.Binary:
			parts := n.sorted(conditions(x, nil))
			left := parts[0]
			for _, p := range parts[1 : len(parts)-1] {
				left = &syntax.Binary{Op: "and", L: left, R: p}
			}
			x.L, x.R = left, parts[len(parts)-1]
		}
	}
}

// filters gives each condition of consecutive filters a filter of its own.
func (n *normalizer) filters(ops []syntax.Op) []syntax.Op {
	var out []syntax.Op
	for i := 0; i < len(ops); {
		var all []syntax.Expr
		for ; i < len(ops); i++ {
			w, ok := ops[i].(*syntax.Where)
			if !ok || len(w.Params) > 0 {
				break
			}
			all = conditions(w.X, all)
		}
		for _, x := range n.sorted(all) {
			out = append(out, &syntax.Where{X: x})
		}
		if i < len(ops) {
			out = append(out, ops[i])
			i++
		}
	}
	return out
}

// conditions are the parts of an "and", through parentheses.
func conditions(x syntax.Expr, out []syntax.Expr) []syntax.Expr {
	inside := x
	for {
		p, ok := inside.(*syntax.Paren)
		if !ok {
			break
		}
		inside = p.X
	}
	if b, ok := inside.(*syntax.Binary); ok && b.Op == "and" {
		return conditions(b.R, conditions(b.L, out))
	}
	if b, ok := inside.(*syntax.Binary); ok && b.Op == "or" && inside != x {
		return append(out, x) // "a and (b or c)" keeps its parentheses
	}
	return append(out, inside)
}

// sorted orders conditions by their text with signs, then by their constants.
func (n *normalizer) sorted(list []syntax.Expr) []syntax.Expr {
	type keyed struct {
		x         syntax.Expr
		key, then string
	}
	all := make([]keyed, len(list))
	for i, x := range list {
		var values []string
		syntax.Walk(x, func(x syntax.Node) bool {
			if t, ok := n.constant[x]; ok {
				values = append(values, t.value)
			}
			return true
		})
		all[i] = keyed{x, syntax.Print(x), strings.Join(values, "\x00")}
	}
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].key != all[j].key {
			return all[i].key < all[j].key
		}
		return all[i].then < all[j].then
	})
	out := make([]syntax.Expr, len(list))
	for i, k := range all {
		out[i] = k.x
	}
	return out
}
