package rewrite

import (
	"slices"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

func hasWindow(n plan.Node) bool {
	found := false
	plan.Exprs(n, func(e plan.Expr) {
		plan.WalkExpr(e, func(e plan.Expr) {
			if c, ok := e.(*plan.Call); ok && c.Row.Kind == builtin.Window {
				found = true
			}
		}, nil)
	})
	return found
}

// prune drops columns that nobody reads: from scans, so that storage does not read
// them, and from projections, so that they are not computed. Aggregates keep their
// keys, and unions keep their columns aligned by position.
func prune(root *plan.Root) *plan.Root {
	p := &pruner{}
	p.root(root)
	cut := map[*plan.Shared]*plan.Shared{}
	var apply func(plan.Node) plan.Node
	apply = func(n plan.Node) plan.Node {
		r, ok := n.(*plan.Ref)
		if !ok {
			return p.cut(n)
		}
		at, some := p.kept(len(r.Def.Cols), func(i int) plan.ID { return r.Def.Cols[i].ID })
		at = slices.Clone(at)
		def := cut[r.Def]
		if def == nil {
			def = r.Def
			if node := plan.Map(r.Def.Node, apply); some || node != r.Def.Node {
				def = &plan.Shared{ID: def.ID, Name: def.Name, Node: node, Cols: pick(def.Cols, at), Once: def.Once}
			}
			cut[r.Def] = def
		}
		if def == r.Def {
			return r
		}
		return p.narrow(&plan.Ref{Def: def, Cols: pick(r.Cols, at)})
	}
	out := *root
	out.Node = plan.Map(root.Node, apply)
	return &out
}

// narrow leaves out what only other readers of the definition need.
func (p *pruner) narrow(r *plan.Ref) plan.Node {
	var items []plan.Item
	for _, c := range r.Cols {
		if p.need.has(c.ID) {
			items = append(items, plan.Item{Col: c, Expr: plan.ColRef{ID: c.ID, T: c.Type}})
		}
	}
	if len(items) == len(r.Cols) {
		return r
	}
	return &plan.Project{In: r, Items: items}
}

// pruner notes the columns that are needed. Parents are visited first, so that a column
// passed on is needed below only where it is needed above; likewise a shared definition
// is visited after all that read it.
type pruner struct {
	need ids
	// paths leaves out columns of which but keys and elements are read.
	paths bool
	at    []int // kept's, used again
}

// root notes what a query and the definitions it reads need.
func (p *pruner) root(root *plan.Root) {
	var defs []*plan.Shared
	eachNode(root, nil, func(s *plan.Shared) { defs = append(defs, s) })
	p.columns(root.Cols)
	p.order(root.Order)
	p.node(root.Node)
	for _, s := range slices.Backward(defs) {
		if at, _ := p.kept(len(s.Cols), func(i int) plan.ID { return s.Cols[i].ID }); len(at) == 0 {
			p.columns(s.Cols[:min(1, len(s.Cols))]) // its rows count
		}
		p.node(s.Node)
	}
}

func (p *pruner) columns(cols []plan.Col) {
	for _, c := range cols {
		p.need.add(c.ID)
	}
}

func (p *pruner) ids(list []plan.ID) {
	for _, id := range list {
		p.need.add(id)
	}
}

func (p *pruner) order(c *plan.Col) {
	if c != nil {
		p.need.add(c.ID)
	}
}

// read notes what an expression reads.
func (p *pruner) read(e plan.Expr) {
	switch e := e.(type) {
	case plan.ColRef:
		p.need.add(e.ID)
	case *plan.Call:
		for i, a := range e.Args {
			if !(p.paths && i == 0 && isColumn(a) && readsPath(e)) {
				p.read(a)
			}
		}
	case *plan.Subquery:
		p.need.add(e.Col.ID)
		p.order(e.Order)
	case *plan.InQuery:
		p.read(e.X)
		p.need.add(e.Col)
	}
}

func (p *pruner) node(n plan.Node) {
	switch n := n.(type) {
	case *plan.Project:
		p.ids(n.Partition)
		if n.Order != nil && hasWindow(n) {
			p.order(n.Order)
		}
		for _, it := range n.Items {
			if p.reads(it) {
				p.read(it.Expr)
			}
		}
		for _, it := range n.Items {
			if p.reads(it) {
				p.queries(it.Expr)
			}
		}
		p.node(n.In)
		return
	case *plan.Aggregate:
		for _, it := range n.Keys {
			p.read(it.Expr)
		}
		for _, it := range n.Aggs {
			if p.reads(it) {
				p.read(it.Expr)
			}
		}
		p.order(n.Order)
	case *plan.Union:
		for _, in := range n.In {
			plan.EachOut(in, func(i int, c plan.Col) {
				if p.need.has(n.Cols[i].ID) {
					p.need.add(c.ID)
				}
			})
		}
	case *plan.Filter:
		if n.Order != nil && hasWindow(n) {
			p.order(n.Order)
		}
	case *plan.Join:
		if n.Window != nil {
			p.need.add(n.Window.Left)
			p.need.add(n.Window.Right)
		}
	case *plan.FirstOf:
		p.ids(n.Keys)
	case *plan.Sort:
		p.ids(n.Partition)
		p.need.add(n.Ord.ID)
	case *plan.Limit:
		p.order(n.Order)
	case *plan.GoOp:
		for _, list := range n.Args {
			p.ids(list)
		}
		p.order(n.Order)
	case *plan.Ref:
		for i, c := range n.Cols {
			if p.need.has(c.ID) {
				p.need.add(n.Def.Cols[i].ID)
			}
		}
		return
	}
	if !is[*plan.Aggregate](n) {
		plan.Exprs(n, p.read)
	}
	plan.Exprs(n, p.queries)
	plan.EachInput(n, p.node)
}

// reads reports items whose expressions are evaluated. One that hands a column on reads
// of it what is read of the item.
func (p *pruner) reads(it plan.Item) bool {
	return p.need.has(it.Col.ID) || p.paths && !isColumn(it.Expr)
}

func isColumn(e plan.Expr) bool { _, ok := e.(plan.ColRef); return ok }

// queries visits the queries inside an expression.
func (p *pruner) queries(e plan.Expr) {
	switch e := e.(type) {
	case *plan.Call:
		for _, a := range e.Args {
			p.queries(a)
		}
	case *plan.Subquery:
		p.node(e.Node)
	case *plan.InQuery:
		p.queries(e.X)
		p.node(e.Node)
	}
}

// cut is a node without the columns that are not needed.
func (p *pruner) cut(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Scan:
		if at, some := p.kept(len(n.Cols), func(i int) plan.ID { return n.Cols[i].ID }); some {
			return &plan.Scan{Table: n.Table, Name: n.Name, Cols: pick(n.Cols, at), Source: pick(n.Source, at), Mark: n.Mark}
		}
	case *plan.Values:
		if at, some := p.kept(len(n.Cols), func(i int) plan.ID { return n.Cols[i].ID }); some {
			c := &plan.Values{Cols: pick(n.Cols, at), Rows: make([][]types.Value, len(n.Rows))}
			for r, row := range n.Rows {
				c.Rows[r] = pick(row, at)
			}
			return c
		}
	case *plan.Project:
		if at, some := p.kept(len(n.Items), func(i int) plan.ID { return n.Items[i].Col.ID }); some {
			return &plan.Project{In: n.In, Items: pick(n.Items, at), Order: n.Order, Partition: n.Partition}
		}
	case *plan.Aggregate:
		// Without keys and aggregates one row is left, as it must be.
		if at, some := p.kept(len(n.Aggs), func(i int) plan.ID { return n.Aggs[i].Col.ID }); some {
			return &plan.Aggregate{In: n.In, Keys: n.Keys, Aggs: pick(n.Aggs, at), Order: n.Order}
		}
	case *plan.Union:
		if at, some := p.kept(len(n.Cols), func(i int) plan.ID { return n.Cols[i].ID }); some {
			return &plan.Union{In: n.In, Cols: pick(n.Cols, at)}
		}
	}
	return n
}

// kept are the places of a list whose columns are needed; some says that others are not.
func (p *pruner) kept(n int, id func(int) plan.ID) (at []int, some bool) {
	at = p.at[:0]
	for i := range n {
		if p.need.has(id(i)) {
			at = append(at, i)
		}
	}
	p.at = at
	return at, len(at) < n
}

func pick[T any](list []T, at []int) []T {
	out := make([]T, len(at))
	for i, j := range at {
		out[i] = list[j]
	}
	return out
}

// ids is a set of columns, a bit each.
type ids []uint64

func (s ids) has(id plan.ID) bool {
	i := int(id) / 64
	return i < len(s) && s[i]>>(id%64)&1 != 0
}

func (s *ids) add(id plan.ID) {
	i := int(id) / 64
	if i >= len(*s) {
		*s = append(*s, make([]uint64, i+1-len(*s))...)
	}
	(*s)[i] |= 1 << (id % 64)
}
