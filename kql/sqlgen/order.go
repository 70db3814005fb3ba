package sqlgen

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
)

// ordered makes the query of a root, its columns that are not simply columns of that
// query, and its ORDER BY. A sort at the very end is said in SQL directly, without
// numbering the rows, even where projections follow it: the engine then reads the other
// columns of the first rows only.
func (g *generator) ordered(r *plan.Root) (*query, map[plan.ID]string, string) {
	if r.Order == nil {
		return g.node(r.Node), nil, ""
	}
	s, items := lastSort(r)
	if s == nil {
		return g.node(r.Node), nil, " ORDER BY " + column(r.Order.ID)
	}
	keys, q := g.sortKeys(g.node(s.In).open(), s.Keys)
	order := ""
	if keys != "" {
		order = " ORDER BY " + keys
	}
	if s.Limit != nil {
		order += " LIMIT " + g.limit(s.Limit)
	}
	x := g.exprs()
	computed := map[plan.ID]string{}
	for _, it := range items {
		computed[it.Col.ID] = x.text(it.Expr)
	}
	return x.over(q), computed, order
}

// lastSort is the sort that orders the result, and what the result's columns are made of
// when projections stand above it; nil when something else stands there.
func lastSort(r *plan.Root) (*plan.Sort, []plan.Item) {
	items := make([]plan.Item, len(r.Cols))
	for i, c := range r.Cols {
		items[i] = plan.Item{Col: c, Expr: plan.ColRef{ID: c.ID, T: c.Type}}
	}
	n := r.Node
	for {
		p, ok := n.(*plan.Project)
		if !ok {
			break
		}
		made := map[plan.ID]plan.Expr{}
		for _, it := range p.Items {
			made[it.Col.ID] = it.Expr
		}
		for i := range items {
			ref, ok := items[i].Expr.(plan.ColRef)
			if !ok {
				return nil, nil // it would have to be computed over this projection
			}
			if items[i].Expr = made[ref.ID]; items[i].Expr == nil {
				return nil, nil
			}
		}
		n = p.In
	}
	s, ok := n.(*plan.Sort)
	if !ok || len(s.Partition) > 0 || s.Ord.ID != r.Order.ID {
		return nil, nil
	}
	own := map[plan.ID]bool{}
	for _, c := range s.In.Out() {
		own[c.ID] = true
	}
	for _, it := range items {
		good := true
		plan.WalkExpr(it.Expr, func(e plan.Expr) {
			switch e := e.(type) {
			case plan.ColRef:
				good = good && own[e.ID]
			case *plan.Call:
				good = good && e.Row.Kind != builtin.Window
			}
		}, nil)
		if !good {
			return nil, nil
		}
	}
	return s, items
}
