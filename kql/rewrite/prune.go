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
	need := map[plan.ID]bool{}
	for _, c := range root.Cols {
		need[c.ID] = true
	}
	if root.Order != nil {
		need[root.Order.ID] = true
	}
	collect := func(e plan.Expr) {
		plan.WalkExpr(e, func(e plan.Expr) {
			switch e := e.(type) {
			case plan.ColRef:
				need[e.ID] = true
			case *plan.Subquery:
				need[e.Col.ID] = true
				if e.Order != nil {
					need[e.Order.ID] = true
				}
			case *plan.InQuery:
				need[e.Col] = true
			}
		}, nil)
	}
	seen := map[*plan.Shared]bool{}
	var visit func(plan.Node)
	visit = func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Project:
			// A column passed on is needed below only if it is needed above; parents are
			// visited first, but a shared definition's readers may come later, so what a
			// shared definition offers is always needed.
			for _, it := range n.Items {
				if need[it.Col.ID] {
					collect(it.Expr)
				}
			}
			for _, id := range n.Partition {
				need[id] = true
			}
			if n.Order != nil && hasWindow(n) {
				need[n.Order.ID] = true
			}
			for _, it := range n.Items {
				if need[it.Col.ID] {
					visitQueries(it.Expr, visit)
				}
			}
			visit(n.In)
			return
		case *plan.Aggregate:
			for _, it := range n.Keys {
				collect(it.Expr)
			}
			for _, it := range n.Aggs {
				if need[it.Col.ID] {
					collect(it.Expr)
				}
			}
			if n.Order != nil {
				need[n.Order.ID] = true
			}
		case *plan.Union:
			for i, c := range n.Cols {
				if need[c.ID] {
					for _, in := range n.In {
						need[in.Out()[i].ID] = true
					}
				}
			}
		case *plan.Filter:
			if n.Order != nil && hasWindow(n) {
				need[n.Order.ID] = true
			}
		case *plan.Join:
			if n.Window != nil {
				need[n.Window.Left], need[n.Window.Right] = true, true
			}
		case *plan.FirstOf:
			for _, id := range n.Keys {
				need[id] = true
			}
		case *plan.Sort:
			for _, id := range n.Partition {
				need[id] = true
			}
			need[n.Ord.ID] = true
		case *plan.Limit:
			if n.Order != nil {
				need[n.Order.ID] = true
			}
		case *plan.GoOp:
			for _, ids := range n.Args {
				for _, id := range ids {
					need[id] = true
				}
			}
			if n.Order != nil {
				need[n.Order.ID] = true
			}
		case *plan.Ref:
			if !seen[n.Def] {
				seen[n.Def] = true
				for _, c := range n.Def.Cols {
					need[c.ID] = true
				}
				visit(n.Def.Node)
			}
			return
		}
		switch n.(type) {
		case *plan.Aggregate:
		default:
			plan.Exprs(n, collect)
		}
		plan.Exprs(n, func(e plan.Expr) { visitQueries(e, visit) })
		for _, in := range n.Inputs() {
			visit(in)
		}
	}
	visit(root.Node)
	keep := func(items []plan.Item) []plan.Item {
		out := make([]plan.Item, 0, len(items))
		for _, it := range items {
			if need[it.Col.ID] {
				out = append(out, it)
			}
		}
		return out
	}
	shared := map[*plan.Shared]*plan.Shared{}
	var cut func(plan.Node) plan.Node
	cut = func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Scan:
			c := &plan.Scan{Table: n.Table, Name: n.Name}
			for i, col := range n.Cols {
				if need[col.ID] {
					c.Cols, c.Source = append(c.Cols, col), append(c.Source, n.Source[i])
				}
			}
			return c
		case *plan.Values:
			return cutValues(n, need)
		case *plan.Project:
			return &plan.Project{In: n.In, Items: keep(n.Items), Order: n.Order, Partition: n.Partition}
		case *plan.Aggregate:
			// Without keys and aggregates one row is left, as it must be.
			return &plan.Aggregate{In: n.In, Keys: n.Keys, Aggs: keep(n.Aggs), Order: n.Order}
		case *plan.Union:
			c := &plan.Union{In: n.In}

			for _, col := range n.Cols {
				if need[col.ID] {
					c.Cols = append(c.Cols, col)
				}
			}
			return c
		case *plan.Ref:
			def, ok := shared[n.Def]
			if !ok {
				d := *n.Def
				def = &d
				shared[n.Def] = def
				def.Node = plan.Map(n.Def.Node, cut)
			}
			return &plan.Ref{Def: def, Cols: n.Cols}
		}
		return n
	}
	out := *root
	out.Node = plan.Map(root.Node, cut)
	return &out
}

func visitQueries(e plan.Expr, visit func(plan.Node)) {
	switch e := e.(type) {
	case *plan.Call:
		for _, a := range e.Args {
			visitQueries(a, visit)
		}
	case *plan.Subquery:
		visit(e.Node)
	case *plan.InQuery:
		visitQueries(e.X, visit)
		visit(e.Node)
	}
}

func cutValues(n *plan.Values, need map[plan.ID]bool) plan.Node {
	c := &plan.Values{Rows: make([][]types.Value, len(n.Rows))}
	for i, col := range n.Cols {
		if !need[col.ID] {
			continue
		}
		c.Cols = append(c.Cols, col)
		for r := range n.Rows {
			c.Rows[r] = append(c.Rows[r], n.Rows[r][i])
		}
	}
	return c
}
