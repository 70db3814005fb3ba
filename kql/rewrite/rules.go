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
	prune,
}
