package rewrite

import (
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
	p := &pruner{seen: map[*plan.Shared]bool{}}
	p.columns(root.Cols)
	p.order(root.Order)
	p.node(root.Node)
	return mapRoot(root, p.cut)
}

// pruner notes the columns that are needed. Parents are visited first, so that a column
// passed on is needed below only where it is needed above; a shared definition's readers
// may come later, so what a shared definition offers is always needed.
type pruner struct {
	need ids
	seen map[*plan.Shared]bool
	at   []int // kept's, used again
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
		for _, a := range e.Args {
			p.read(a)
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
			if p.need.has(it.Col.ID) {
				p.read(it.Expr)
			}
		}
		for _, it := range n.Items {
			if p.need.has(it.Col.ID) {
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
			if p.need.has(it.Col.ID) {
				p.read(it.Expr)
			}
		}
		p.order(n.Order)
	case *plan.Union:
		for _, in := range n.In {
			for i, c := range in.Out() {
				if p.need.has(n.Cols[i].ID) {
					p.need.add(c.ID)
				}
			}
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
		if !p.seen[n.Def] {
			p.seen[n.Def] = true
			p.columns(n.Def.Cols)
			p.node(n.Def.Node)
		}
		return
	}
	if !is[*plan.Aggregate](n) {
		plan.Exprs(n, p.read)
	}
	plan.Exprs(n, p.queries)
	plan.EachInput(n, p.node)
}

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
			return &plan.Scan{Table: n.Table, Name: n.Name, Cols: pick(n.Cols, at), Source: pick(n.Source, at)}
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
