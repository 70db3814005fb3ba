package plan

// Map rebuilds a tree bottom up: f gets each node with its inputs already mapped.
// Sub-queries inside expressions are mapped too.
func Map(n Node, f func(Node) Node) Node {
	all := func(n Node) Node { return Map(n, f) }
	return f(Rebuild(n, func(_ int, in Node) Node { return all(in) }, all))
}

// Rebuild copies a node with other inputs, and with other queries inside its
// expressions. A node without either is returned as it is.
func Rebuild(n Node, input func(i int, in Node) Node, query func(Node) Node) Node {
	mapExpr := func(e Expr) Expr { return MapQueries(e, query) }
	items := func(list []Item) []Item {
		out := make([]Item, len(list))
		for i, it := range list {
			out[i] = Item{it.Col, mapExpr(it.Expr)}
		}
		return out
	}
	switch m := n.(type) {
	case *Filter:
		return &Filter{In: input(0, m.In), Pred: mapExpr(m.Pred), Order: m.Order}
	case *Project:
		return &Project{In: input(0, m.In), Items: items(m.Items), Order: m.Order, Partition: m.Partition}
	case *Aggregate:
		return &Aggregate{In: input(0, m.In), Keys: items(m.Keys), Aggs: items(m.Aggs), Order: m.Order}
	case *Sort:
		c := *m
		c.In = input(0, m.In)
		c.Keys = make([]SortKey, len(m.Keys))
		for i, k := range m.Keys {
			k.Expr = mapExpr(k.Expr)
			c.Keys[i] = k
		}
		if m.Limit != nil {
			c.Limit = mapExpr(m.Limit)
		}
		return &c
	case *Limit:
		return &Limit{In: input(0, m.In), N: mapExpr(m.N), Order: m.Order}
	case *FirstOf:
		return &FirstOf{In: input(0, m.In), Keys: m.Keys}
	case *Join:
		c := *m
		c.L, c.R = input(0, m.L), input(1, m.R)
		c.On = make([]Pair, len(m.On))
		for i, p := range m.On {
			c.On[i] = Pair{mapExpr(p.L), mapExpr(p.R)}
		}
		if m.Where != nil {
			c.Where = mapExpr(m.Where)
		}
		return &c
	case *Union:
		c := *m
		c.In = make([]Node, len(m.In))
		for i, in := range m.In {
			c.In[i] = input(i, in)
		}
		return &c
	case *Unnest:
		c := *m
		c.In = input(0, m.In)
		c.Items = make([]UnnestItem, len(m.Items))
		for i, it := range m.Items {
			it.Expr = mapExpr(it.Expr)
			c.Items[i] = it
		}
		if m.Limit != nil {
			c.Limit = mapExpr(m.Limit)
		}
		return &c
	case *Range:
		return &Range{Col: m.Col, From: mapExpr(m.From), To: mapExpr(m.To), Step: mapExpr(m.Step)}
	case *Number:
		return &Number{In: input(0, m.In), Ord: m.Ord}
	case *GoOp:
		c := *m
		c.In = make([]Node, len(m.In))
		for i, in := range m.In {
			c.In[i] = input(i, in)
		}
		return &c
	}
	return n
}

// MapExprs copies a node with f applied to every part of its own expressions, larger
// parts first; sub-queries are left alone.
func MapExprs(n Node, f func(Expr) Expr) Node {
	c := Rebuild(n, func(_ int, in Node) Node { return in }, func(q Node) Node { return q })
	m := func(e Expr) Expr { return mapExpr(e, f) }
	items := func(list []Item) {
		for i := range list {
			list[i].Expr = m(list[i].Expr)
		}
	}
	switch c := c.(type) {
	case *Filter:
		c.Pred = m(c.Pred)
	case *Project:
		items(c.Items)
	case *Aggregate:
		items(c.Keys)
		items(c.Aggs)
	case *Sort:
		for i := range c.Keys {
			c.Keys[i].Expr = m(c.Keys[i].Expr)
		}
		if c.Limit != nil {
			c.Limit = m(c.Limit)
		}
	case *Limit:
		c.N = m(c.N)
	case *Join:
		for i := range c.On {
			c.On[i] = Pair{m(c.On[i].L), m(c.On[i].R)}
		}
		if c.Where != nil {
			c.Where = m(c.Where)
		}
	case *Unnest:
		for i := range c.Items {
			c.Items[i].Expr = m(c.Items[i].Expr)
		}
		if c.Limit != nil {
			c.Limit = m(c.Limit)
		}
	case *Range:
		c.From, c.To, c.Step = m(c.From), m(c.To), m(c.Step)
	}
	return c
}

func mapExpr(e Expr, f func(Expr) Expr) Expr {
	switch e := f(e).(type) {
	case *Call:
		var args []Expr
		for i, a := range e.Args {
			if b := mapExpr(a, f); b != a {
				if args == nil {
					args = append(args, e.Args...)
				}
				args[i] = b
			}
		}
		if args == nil {
			return e
		}
		c := *e
		c.Args = args
		return &c
	case *InQuery:
		if x := mapExpr(e.X, f); x != e.X {
			c := *e
			c.X = x
			return &c
		}
		return e
	default:
		return e
	}
}

// MapQueries replaces the queries inside an expression.
func MapQueries(e Expr, query func(Node) Node) Expr {
	switch e := e.(type) {
	case *Call:
		changed := false
		args := make([]Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = MapQueries(a, query)
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
		c.Node = query(e.Node)
		return &c
	case *InQuery:
		c := *e
		c.X, c.Node = MapQueries(e.X, query), query(e.Node)
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
