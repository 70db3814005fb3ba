package rewrite

import "quarry/kql/plan"

// Apply runs every rule in order over a copy of the query.
func Apply(root *plan.Root) *plan.Root {
	for _, rule := range rules {
		root = rule(root)
	}
	return root
}

// rules are applied once each, in this order.
var rules = []func(*plan.Root) *plan.Root{
	inlineShared,
	topN,
	windowJoin,
	prune,
}

// mapRoot maps a query and the shared definitions it reads.
func mapRoot(root *plan.Root, f func(plan.Node) plan.Node) *plan.Root {
	shared := map[*plan.Shared]*plan.Shared{}
	var all func(plan.Node) plan.Node
	all = func(n plan.Node) plan.Node {
		r, ok := n.(*plan.Ref)
		if !ok {
			return f(n)
		}
		def, ok := shared[r.Def]
		if !ok {
			d := *r.Def
			def = &d
			shared[r.Def] = def
			def.Node = plan.Map(r.Def.Node, all)
		}
		return &plan.Ref{Def: def, Cols: r.Cols}
	}
	out := *root
	out.Node = plan.Map(root.Node, all)
	return &out
}
