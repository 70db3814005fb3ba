package hunt

import "quarry/kql/plan"

// fold removes what cannot give rows from a plan: scan says what to read in the place
// of a scan, nil being no row at all.
func fold(root *plan.Root, scan func(*plan.Scan) plan.Node) *plan.Root {
	defs := map[*plan.Shared]*plan.Shared{}
	var f func(plan.Node) plan.Node
	f = func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Scan:
			if m := scan(n); m != nil {
				return m
			}
			return nothing(n)
		case *plan.Filter, *plan.Project, *plan.Sort, *plan.Limit, *plan.FirstOf, *plan.Unnest, *plan.Number:
			if empty(n.Inputs()[0]) {
				return nothing(n)
			}
		case *plan.Aggregate:
			if len(n.Keys) > 0 && empty(n.In) { // without keys it gives a row
				return nothing(n)
			}
		case *plan.Join:
			if noPairs(n) {
				return nothing(n)
			}
		case *plan.Union:
			u := *n
			u.In = nil
			for _, in := range n.In {
				if !empty(in) {
					u.In = append(u.In, in)
				}
			}
			if len(u.In) == 0 {
				return nothing(n)
			}
			return &u
		case *plan.Ref:
			def, ok := defs[n.Def]
			if !ok {
				d := *n.Def
				def = &d
				defs[n.Def] = def
				def.Node = plan.Map(n.Def.Node, f)
			}
			if empty(def.Node) {
				return nothing(n)
			}
			return &plan.Ref{Def: def, Cols: n.Cols}
		}
		return n
	}
	out := *root
	out.Node = plan.Map(root.Node, f)
	return &out
}

// noPairs reports joins that give nothing since a side is empty.
func noPairs(j *plan.Join) bool {
	l, r := empty(j.L), empty(j.R)
	switch j.Kind {
	case plan.Inner, plan.Cross, plan.LeftSemi, plan.RightSemi:
		return l || r
	case plan.Left, plan.LeftAnti:
		return l
	case plan.Right, plan.RightAnti:
		return r
	}
	return l && r
}

func empty(n plan.Node) bool {
	v, ok := n.(*plan.Values)
	return ok && len(v.Rows) == 0
}

func nothing(n plan.Node) plan.Node { return &plan.Values{Cols: n.Out()} }
