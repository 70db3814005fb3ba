package plan

import (
	"slices"

	"quarry/kql/builtin"
)

// Map rebuilds a tree bottom up: f gets each node with its inputs already mapped.
// Sub-queries inside expressions are mapped too. What f leaves as it is stays shared.
func Map(n Node, f func(Node) Node) Node {
	var all func(n Node) Node
	input := func(_ int, in Node) Node { return all(in) }
	all = func(n Node) Node { return f(Rebuild(n, input, all)) }
	return all(n)
}

// Rebuild is a node with other inputs, and with other queries inside its expressions:
// a copy, or the node itself where all of them are the same.
func Rebuild(n Node, input func(i int, in Node) Node, query func(Node) Node) Node {
	return rebuild(n, input, func(e Expr) Expr { return MapQueries(e, query) })
}

// MapCalls is a node with f applied to every call in its own expressions, larger ones
// first; sub-queries are left alone. Where nothing changes it is the node itself.
func MapCalls(n Node, f func(*Call) Expr) Node {
	return rebuild(n, func(_ int, in Node) Node { return in }, func(e Expr) Expr { return mapCalls(e, f) })
}

func rebuild(n Node, input func(i int, in Node) Node, expr func(Expr) Expr) Node {
	m := mapping{input: input, expr: expr}
	switch n := n.(type) {
	case *Filter:
		in, pred := m.in(0, n.In), m.of(n.Pred)
		if m.changed {
			return &Filter{In: in, Pred: pred, Order: n.Order}
		}
	case *Project:
		in, items := m.in(0, n.In), m.items(n.Items)
		if m.changed {
			return &Project{In: in, Items: items, Order: n.Order, Partition: n.Partition}
		}
	case *Aggregate:
		in, keys, aggs := m.in(0, n.In), m.items(n.Keys), m.items(n.Aggs)
		if m.changed {
			return &Aggregate{In: in, Keys: keys, Aggs: aggs, Order: n.Order}
		}
	case *Sort:
		in, limit := m.in(0, n.In), m.of(n.Limit)
		keys := each(&m, n.Keys, func(_ int, k SortKey) SortKey { k.Expr = m.of(k.Expr); return k })
		if m.changed {
			return &Sort{In: in, Keys: keys, Limit: limit, Partition: n.Partition, Ord: n.Ord}
		}
	case *Limit:
		in, count := m.in(0, n.In), m.of(n.N)
		if m.changed {
			return &Limit{In: in, N: count, Order: n.Order}
		}
	case *FirstOf:
		if in := m.in(0, n.In); m.changed {
			return &FirstOf{In: in, Keys: n.Keys}
		}
	case *Join:
		l, r, where := m.in(0, n.L), m.in(1, n.R), m.of(n.Where)
		on := each(&m, n.On, func(_ int, p Pair) Pair { return Pair{m.of(p.L), m.of(p.R)} })
		if m.changed {
			return &Join{Kind: n.Kind, L: l, R: r, On: on, Where: where, Window: n.Window, Unbounded: n.Unbounded}
		}
	case *Union:
		if in := each(&m, n.In, m.in); m.changed {
			return &Union{In: in, Cols: n.Cols}
		}
	case *Unnest:
		in, limit := m.in(0, n.In), m.of(n.Limit)
		items := each(&m, n.Items, func(_ int, it UnnestItem) UnnestItem { it.Expr = m.of(it.Expr); return it })
		if m.changed {
			return &Unnest{In: in, Items: items, Index: n.Index, Limit: limit}
		}
	case *Range:
		from, to, step := m.of(n.From), m.of(n.To), m.of(n.Step)
		if m.changed {
			return &Range{Col: n.Col, From: from, To: to, Step: step}
		}
	case *Number:
		if in := m.in(0, n.In); m.changed {
			return &Number{In: in, Ord: n.Ord}
		}
	case *GoOp:
		if in := each(&m, n.In, m.in); m.changed {
			return &GoOp{Name: n.Name, In: in, Cols: n.Cols, Args: n.Args, Order: n.Order, Run: n.Run}
		}
	}
	return n
}

// mapping maps the parts of one node and notes whether any changed.
type mapping struct {
	input   func(i int, in Node) Node
	expr    func(Expr) Expr
	changed bool
}

func (m *mapping) in(i int, n Node) Node {
	out := m.input(i, n)
	m.changed = m.changed || out != n
	return out
}

// of maps an expression; one that is not there stays away.
func (m *mapping) of(e Expr) Expr {
	if e == nil {
		return nil
	}
	out := m.expr(e)
	m.changed = m.changed || out != e
	return out
}

func (m *mapping) items(list []Item) []Item {
	out := list
	for i := range list {
		switch list[i].Expr.(type) {
		case ColRef, Const: // most items of a wide projection; they have no parts
			continue
		}
		if e := m.expr(list[i].Expr); e != list[i].Expr {
			if &out[0] == &list[0] {
				out, m.changed = slices.Clone(list), true
			}
			out[i].Expr = e
		}
	}
	return out
}

// each maps the elements of a list, which is copied at the first that changes.
func each[T any](m *mapping, list []T, f func(int, T) T) []T {
	before, copied := m.changed, false
	m.changed = false
	out := list
	for i, t := range list {
		t = f(i, t)
		if m.changed && !copied {
			out, copied = slices.Clone(list), true
		}
		if copied {
			out[i] = t
		}
	}
	m.changed = m.changed || before
	return out
}

func mapCalls(e Expr, f func(*Call) Expr) Expr {
	if c, ok := e.(*Call); ok {
		e = f(c)
	}
	switch e := e.(type) {
	case *Call:
		return e.WithArgs(func(a Expr) Expr { return mapCalls(a, f) })
	case *InQuery:
		if x := mapCalls(e.X, f); x != e.X {
			c := *e
			c.X = x
			return &c
		}
	}
	return e
}

// WithArgs maps the arguments of a call, which is copied when one changes.
func (c *Call) WithArgs(f func(Expr) Expr) *Call {
	var args []Expr
	for i, a := range c.Args {
		if b := f(a); b != a {
			if args == nil {
				args = slices.Clone(c.Args)
			}
			args[i] = b
		}
	}
	if args == nil {
		return c
	}
	out := *c
	out.Args = args
	return &out
}

// MapQueries replaces the queries inside an expression.
func MapQueries(e Expr, query func(Node) Node) Expr {
	switch e := e.(type) {
	case *Call:
		return e.WithArgs(func(a Expr) Expr { return MapQueries(a, query) })
	case *Subquery:
		if n := query(e.Node); n != e.Node {
			c := *e
			c.Node = n
			return &c
		}
	case *InQuery:
		if x, n := MapQueries(e.X, query), query(e.Node); x != e.X || n != e.Node {
			c := *e
			c.X, c.Node = x, n
			return &c
		}
	}
	return e
}

// Exprs calls visit for every expression of a node itself, not of its inputs.
func Exprs(n Node, visit func(Expr)) {
	switch n := n.(type) {
	case *Filter:
		visit(n.Pred)
	case *Project:
		for _, it := range n.Items {
			visit(it.Expr)
		}
	case *Aggregate:
		for _, it := range n.Keys {
			visit(it.Expr)
		}
		for _, it := range n.Aggs {
			visit(it.Expr)
		}
	case *Sort:
		for _, k := range n.Keys {
			visit(k.Expr)
		}
		if n.Limit != nil {
			visit(n.Limit)
		}
	case *Limit:
		visit(n.N)
	case *Join:
		for _, p := range n.On {
			visit(p.L)
			visit(p.R)
		}
		if n.Where != nil {
			visit(n.Where)
		}
	case *Unnest:
		for _, it := range n.Items {
			visit(it.Expr)
		}
		if n.Limit != nil {
			visit(n.Limit)
		}
	case *Range:
		visit(n.From)
		visit(n.To)
		visit(n.Step)
	}
}

// Walk calls visit for every node of a tree, sub-queries of expressions included,
// parents first.
func Walk(n Node, visit func(Node)) {
	visit(n)
	Exprs(n, func(e Expr) {
		switch e.(type) {
		case ColRef, Const:
		default:
			WalkExpr(e, nil, visit)
		}
	})
	EachInput(n, func(in Node) { Walk(in, visit) })
}

// EachInput calls visit for each input of a node, as Inputs lists them.
func EachInput(n Node, visit func(Node)) {
	switch n := n.(type) {
	case *Project: // the two that most plans are made of need no list
		visit(n.In)
	case *Filter:
		visit(n.In)
	default:
		for _, in := range n.Inputs() {
			visit(in)
		}
	}
}

// EachOut calls visit for the columns that a node produces, as Out lists them.
func EachOut(n Node, visit func(i int, c Col)) {
	if p, ok := n.(*Project); ok { // its list would be made for the purpose
		for i := range p.Items {
			visit(i, p.Items[i].Col)
		}
		return
	}
	for i, c := range n.Out() {
		visit(i, c)
	}
}

// WalkExpr calls expr for every part of an expression and node for every node of
// its sub-queries; either may be nil.
func WalkExpr(e Expr, expr func(Expr), node func(Node)) {
	if expr != nil {
		expr(e)
	}
	switch e := e.(type) {
	case *Call:
		for _, a := range e.Args {
			WalkExpr(a, expr, node)
		}
	case *Subquery:
		if node != nil {
			Walk(e.Node, node)
		}
	case *InQuery:
		WalkExpr(e.X, expr, node)
		if node != nil {
			Walk(e.Node, node)
		}
	}
}

// EachConjunct calls visit for the parts of a condition that must all hold.
func EachConjunct(cond Expr, visit func(Expr)) {
	if c, ok := cond.(*Call); ok && c.Row.Relation() == builtin.Conjunction {
		for _, a := range c.Args {
			EachConjunct(a, visit)
		}
		return
	}
	visit(cond)
}

// Arguments describes what a call is given, as its row asks for it.
func Arguments(c *Call) []builtin.Arg {
	args := make([]builtin.Arg, len(c.Args))
	for i, a := range c.Args {
		args[i].Type = a.Type()
		if k, ok := a.(Const); ok {
			args[i].Const, args[i].Value = true, k.Value
		}
	}
	return args
}
