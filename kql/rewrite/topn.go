package rewrite

import "quarry/kql/plan"

// topN moves a limit into the sort below it, which then keeps only that many rows.
// Only a constant limit directly above its own sort, or above projections of it, is
// moved: a filter between the two decides which rows count.
func topN(root *plan.Root) *plan.Root {
	return mapRoot(root, func(n plan.Node) plan.Node {
		l, ok := n.(*plan.Limit)
		if !ok || l.Order == nil {
			return n
		}
		var chain []*plan.Project
		in := l.In
		for {
			if p, ok := in.(*plan.Project); ok && len(p.Partition) == 0 && !hasWindow(p) {
				chain, in = append(chain, p), p.In
				continue
			}
			break
		}
		s, ok := in.(*plan.Sort)
		if !ok || s.Ord.ID != l.Order.ID || s.Limit != nil || len(s.Partition) > 0 {
			return n
		}
		c := *s
		c.Limit = l.N
		var res plan.Node = &c
		for i := len(chain) - 1; i >= 0; i-- {
			p := *chain[i]
			p.In = res
			res = &p
		}
		return res
	})
}
