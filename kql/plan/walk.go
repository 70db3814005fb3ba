package plan

// Map rebuilds a tree bottom up: f gets each node with its inputs already mapped.
// Sub-queries inside expressions are mapped too.
func Map(n Node, f func(Node) Node) Node {
	mapExpr := func(e Expr) Expr { return MapQueries(e, f) }
	items := func(list []Item) []Item {
		out := make([]Item, len(list))
		for i, it := range list {
			out[i] = Item{it.Col, mapExpr(it.Expr)}
		}
		return out
	}
	switch m := n.(type) {
	case *Filter:
		return f(&Filter{In: Map(m.In, f), Pred: mapExpr(m.Pred), Order: m.Order})
	case *Project:
		return f(&Project{In: Map(m.In, f), Items: items(m.Items), Order: m.Order, Partition: m.Partition})
	case *Aggregate:
		return f(&Aggregate{In: Map(m.In, f), Keys: items(m.Keys), Aggs: items(m.Aggs), Order: m.Order})
	case *Sort:
		c := *m
		c.In = Map(m.In, f)
		c.Keys = make([]SortKey, len(m.Keys))
		for i, k := range m.Keys {
			k.Expr = mapExpr(k.Expr)
			c.Keys[i] = k
		}
		if m.Limit != nil {
			c.Limit = mapExpr(m.Limit)
		}
		return f(&c)
	case *Limit:
		return f(&Limit{In: Map(m.In, f), N: mapExpr(m.N), Order: m.Order})
	case *FirstOf:
		return f(&FirstOf{In: Map(m.In, f), Keys: m.Keys})
	case *Join:
		c := *m
		c.L, c.R = Map(m.L, f), Map(m.R, f)
		c.On = make([]Pair, len(m.On))
		for i, p := range m.On {
			c.On[i] = Pair{mapExpr(p.L), mapExpr(p.R)}
		}
		if m.Where != nil {
			c.Where = mapExpr(m.Where)
		}
		return f(&c)
	case *Union:
		c := *m
		c.In = make([]Node, len(m.In))
		for i, in := range m.In {
			c.In[i] = Map(in, f)
		}
		return f(&c)
	case *Unnest:
		c := *m
		c.In = Map(m.In, f)
		c.Items = make([]UnnestItem, len(m.Items))
		for i, it := range m.Items {
			it.Expr = mapExpr(it.Expr)
			c.Items[i] = it
		}
		if m.Limit != nil {
			c.Limit = mapExpr(m.Limit)
		}
		return f(&c)
	case *Range:
		return f(&Range{Col: m.Col, From: mapExpr(m.From), To: mapExpr(m.To), Step: mapExpr(m.Step)})
	case *Number:
		return f(&Number{In: Map(m.In, f), Ord: m.Ord})
	case *GoOp:
		c := *m
		c.In = make([]Node, len(m.In))
		for i, in := range m.In {
			c.In[i] = Map(in, f)
		}
		return f(&c)
	}
	return f(n)
}

// MapQueries maps the sub-queries inside an expression.
func MapQueries(e Expr, f func(Node) Node) Expr {
	switch e := e.(type) {
	case *Call:
		changed := false
		args := make([]Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = MapQueries(a, f)
			changed = changed || args[i] != a
		}
		if !changed {
			return e
		}
		c := *e
		c.Args = args
		return &c
	case *Subquery:
		c := *e
		c.Node = Map(e.Node, f)
		return &c
	case *InQuery:
		c := *e
		c.X, c.Node = MapQueries(e.X, f), Map(e.Node, f)
		return &c
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
	Exprs(n, func(e Expr) { WalkExpr(e, nil, visit) })
	for _, in := range n.Inputs() {
		Walk(in, visit)
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
