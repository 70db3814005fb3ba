package rewrite

import "quarry/kql/plan"

// inlineShared puts a definition that is read once in the place of its reader. A
// definition read more often stays shared: its text would double with every level
// of nesting.
func inlineShared(root *plan.Root) *plan.Root {
	count := map[*plan.Shared]int{}
	seen := map[*plan.Shared]bool{}
	var visit func(plan.Node)
	visit = func(n plan.Node) {
		if r, ok := n.(*plan.Ref); ok {
			count[r.Def]++
			if !seen[r.Def] {
				seen[r.Def] = true
				plan.Walk(r.Def.Node, visit)
			}
		}
	}
	plan.Walk(root.Node, visit)
	done := map[*plan.Shared]*plan.Shared{}
	var inline func(plan.Node) plan.Node
	inline = func(n plan.Node) plan.Node {
		r, ok := n.(*plan.Ref)
		if !ok {
			return n
		}
		def, ok := done[r.Def]
		if !ok {
			c := *r.Def
			def = &c
			done[r.Def] = def
			def.Node = plan.Map(r.Def.Node, inline)
		}
		if count[r.Def] > 1 {
			return &plan.Ref{Def: def, Cols: r.Cols}
		}
		p := &plan.Project{In: def.Node}
		for i, c := range def.Cols {
			p.Items = append(p.Items, plan.Item{Col: r.Cols[i], Expr: plan.ColRef{ID: c.ID, T: c.Type}})
		}
		return p
	}
	out := *root
	out.Node = plan.Map(root.Node, inline)
	return &out
}
