package rewrite

import "quarry/kql/plan"

// inlineShared puts a definition that is read once in the place of its reader. A
// definition read more often stays shared: its text would double with every level
// of nesting.
func inlineShared(root *plan.Root) *plan.Root {
	count := map[*plan.Shared]int{}
	for _, n := range nodes(root) {
		if r, ok := n.(*plan.Ref); ok {
			count[r.Def]++
		}
	}
	return eachQuery(root, func(top plan.Node, ref func(*plan.Ref) *plan.Ref) plan.Node {
		return plan.Map(top, func(n plan.Node) plan.Node {
			r, ok := n.(*plan.Ref)
			switch {
			case !ok:
				return n
			case count[r.Def] > 1:
				return ref(r)
			}
			return renaming(ref(r))
		})
	})
}

// renaming is a definition in the place of its reading.
func renaming(r *plan.Ref) plan.Node {
	items := make([]plan.Item, len(r.Cols))
	for i, c := range r.Def.Cols {
		items[i] = plan.Item{Col: r.Cols[i], Expr: plan.ColRef{ID: c.ID, T: c.Type}}
	}
	return &plan.Project{In: r.Def.Node, Items: items}
}
