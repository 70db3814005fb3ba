package rewrite

import "quarry/kql/plan"

// Apply runs every rule in order over a copy of the query.
func Apply(root *plan.Root) *plan.Root {
	for _, rule := range rules {
		root = rule(root)
	}
	root.Shared = nil
	eachNode(root, nil, func(s *plan.Shared) { root.Shared = append(root.Shared, s) })
	return root
}

// rules are applied once each, in this order.
var rules = []func(*plan.Root) *plan.Root{
	inlineShared,
	bestRow,
	sortedFilter,
	topN,
	windowJoin,
	prune,
}

// mapRoot maps a query and the shared definitions it reads, bottom up.
func mapRoot(root *plan.Root, f func(plan.Node) plan.Node) *plan.Root {
	return eachQuery(root, func(n plan.Node, ref func(*plan.Ref) plan.Node) plan.Node {
		return plan.Map(n, func(n plan.Node) plan.Node {
			if r, ok := n.(*plan.Ref); ok {
				return ref(r)
			}
			return f(n)
		})
	})
}

// eachQuery rewrites a query and each shared definition that it reads. rewrite is given
// the node on top, and what to put in the place of a reading of a definition.
func eachQuery(root *plan.Root, rewrite func(top plan.Node, ref func(*plan.Ref) plan.Node) plan.Node) *plan.Root {
	shared := map[*plan.Shared]*plan.Shared{}
	var ref func(r *plan.Ref) plan.Node
	ref = func(r *plan.Ref) plan.Node {
		def, ok := shared[r.Def]
		if !ok {
			d := *r.Def
			def = &d
			shared[r.Def] = def
			def.Node = rewrite(r.Def.Node, ref)
		}
		return &plan.Ref{Def: def, Cols: r.Cols}
	}
	out := *root
	out.Node = rewrite(root.Node, ref)
	return &out
}

// eachNode calls node for the nodes of a query and of the shared definitions it reads,
// and def for each such definition, those it reads itself first. Both may be nil.
func eachNode(root *plan.Root, node func(plan.Node), def func(*plan.Shared)) {
	seen := map[*plan.Shared]bool{}
	var visit func(plan.Node)
	visit = func(n plan.Node) {
		if node != nil {
			node(n)
		}
		if r, ok := n.(*plan.Ref); ok && !seen[r.Def] {
			seen[r.Def] = true
			plan.Walk(r.Def.Node, visit)
			if def != nil {
				def(r.Def)
			}
		}
	}
	plan.Walk(root.Node, visit)
}
