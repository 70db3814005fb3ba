package rewrite

import "quarry/kql/plan"

// Apply runs the rules in order. What no rule changes is shared with the query as it was.
func Apply(root *plan.Root) *plan.Root {
	starts := make([]bool, len(rules))
	for _, n := range nodes(root) {
		for i := range rules {
			starts[i] = starts[i] || rules[i].starts(n)
		}
	}
	for i, rule := range rules {
		if starts[i] {
			root = rule.apply(root)
		}
	}
	out := prune(root)
	out.Shared = nil
	eachNode(out, nil, func(s *plan.Shared) { out.Shared = append(out.Shared, s) })
	return out
}

// rules are applied once each, in this order, to queries that have a node which starts
// them. In the end prune drops what nobody reads.
var rules = []struct {
	starts func(plan.Node) bool
	apply  func(*plan.Root) *plan.Root
}{
	{is[*plan.Ref], inlineShared},
	{hasStructs, bestRow},
	{isSorted, sortedFilter},
	{is[*plan.Aggregate], keyFilter},
	{is[*plan.Sort], topN},
	{is[*plan.Join], windowJoin},
	{is[*plan.Project], levels},
	{parsesJSON, jsonText},
	{is[*plan.Unnest], unnestKeys},
}

func is[T plan.Node](n plan.Node) bool { _, ok := n.(T); return ok }

func hasStructs(n plan.Node) bool { return len(structsOf(n)) > 0 }

func isSorted(n plan.Node) bool { return is[*plan.Sort](n) || is[*plan.Number](n) }

// mapRoot maps a query and the shared definitions it reads, bottom up.
func mapRoot(root *plan.Root, f func(plan.Node) plan.Node) *plan.Root {
	return eachQuery(root, func(n plan.Node, ref func(*plan.Ref) *plan.Ref) plan.Node {
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
func eachQuery(root *plan.Root, rewrite func(top plan.Node, ref func(*plan.Ref) *plan.Ref) plan.Node) *plan.Root {
	shared := map[*plan.Shared]*plan.Shared{}
	var ref func(r *plan.Ref) *plan.Ref
	ref = func(r *plan.Ref) *plan.Ref {
		def, ok := shared[r.Def]
		if !ok {
			def = r.Def
			if n := rewrite(def.Node, ref); n != def.Node {
				def = &plan.Shared{ID: def.ID, Name: def.Name, Node: n, Cols: def.Cols, Once: def.Once}
			}
			shared[r.Def] = def
		}
		if def == r.Def {
			return r
		}
		return &plan.Ref{Def: def, Cols: r.Cols}
	}
	out := *root
	out.Node = rewrite(root.Node, ref)
	return &out
}

// nodes are the nodes of a query and of the shared definitions it reads.
func nodes(root *plan.Root) []plan.Node {
	all := make([]plan.Node, 0, 32)
	eachNode(root, func(n plan.Node) { all = append(all, n) }, nil)
	return all
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
