package replay

import (
	"slices"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// sink gives a plan of the same answer whose conditions stand as near to the tables as
// they can: what a query asks of a column that it computed is asked of what the column
// was computed of. Such a plan is only examined, never run; so a definition may be
// written out at each place that reads it, and a condition may be asked of more rows.
func sink(root *plan.Root) *plan.Root {
	out := *root
	out.Shared = nil // those that are left are found where they are read
	out.Node = (&sinker{}).node(root.Node, nil)
	return &out
}

type sinker struct{ copies int }

// maxCopies bounds how often definitions are written out, and maxTerms the size of a
// condition: both may double with each step of a query.
const (
	maxCopies = 64
	maxTerms  = 4096
)

// node gives a node of the rows of n that pass preds.
func (s *sinker) node(n plan.Node, preds []plan.Expr) plan.Node {
	// Each case says which conditions pass to each input; the others stay.
	below := make([][]plan.Expr, len(n.Inputs()))
	var above []plan.Expr
	switch n := n.(type) {
	case *plan.Filter:
		if n.Order == nil && !windowed(n.Pred) {
			own := conjuncts(plan.MapQueries(n.Pred, s.query))
			return s.node(n.In, slices.Concat(own, preds))
		}
		above = preds // it compares rows that these would leave out
	case *plan.Project:
		if n.Order != nil || len(n.Partition) > 0 || slices.ContainsFunc(n.Items, func(it plan.Item) bool { return windowed(it.Expr) }) {
			above = preds
			break
		}
		below[0], above = pass(preds, definitions(n.Items))
	case *plan.Aggregate:
		above = preds
		if len(n.Keys) > 0 { // without keys it gives a row even of none
			below[0], above = pass(preds, definitions(slices.DeleteFunc(slices.Clone(n.Keys), func(k plan.Item) bool { return !exact(k.Col.Type) })))
		}
	case *plan.Unnest:
		below[0], above = pass(preds, same(n.In))
	case *plan.Union:
		// What an input does not take stays; asked of the others twice it does no harm.
		for i, in := range n.In {
			legs := map[plan.ID]plan.Expr{}
			for j, c := range in.Out() {
				legs[n.Cols[j].ID] = plan.ColRef{ID: c.ID, T: c.Type}
			}
			var stay []plan.Expr
			below[i], stay = pass(preds, legs)
			for _, p := range stay {
				if !slices.Contains(above, p) {
					above = append(above, p)
				}
			}
		}
	case *plan.Join:
		above = preds
		if l := n.Kind; l == plan.Inner || l == plan.Cross || l == plan.Left || l == plan.LeftSemi || l == plan.LeftAnti {
			below[0], above = pass(above, same(n.L))
		}
		if r := n.Kind; r == plan.Inner || r == plan.Cross || r == plan.Right || r == plan.RightSemi || r == plan.RightAnti {
			below[1], above = pass(above, same(n.R))
		}
	case *plan.Ref:
		if s.copies == maxCopies {
			return filtered(n, preds)
		}
		s.copies++
		p := &plan.Project{In: n.Def.Node}
		for i, c := range n.Def.Cols {
			p.Items = append(p.Items, plan.Item{Col: n.Cols[i], Expr: plan.ColRef{ID: c.ID, T: c.Type}})
		}
		return s.node(p, preds)
	default:
		above = preds
	}
	return filtered(plan.Rebuild(n, func(i int, in plan.Node) plan.Node { return s.node(in, below[i]) }, s.query), above)
}

func (s *sinker) query(n plan.Node) plan.Node { return s.node(n, nil) }

func filtered(n plan.Node, preds []plan.Expr) plan.Node {
	for _, p := range preds {
		n = &plan.Filter{In: n, Pred: p}
	}
	return n
}

// exact reports whether equal values of a type cannot be told apart, so that a
// condition holds for a group's key as it does for each of its rows. -0.0 and 0.0 can.
func exact(t types.Type) bool {
	switch t {
	case types.Bool, types.Int, types.Long, types.Datetime, types.Timespan, types.Guid, types.String:
		return true
	}
	return false
}

// definitions are what computed columns stand for.
func definitions(items []plan.Item) map[plan.ID]plan.Expr {
	out := make(map[plan.ID]plan.Expr, len(items))
	for _, it := range items {
		out[it.Col.ID] = it.Expr
	}
	return out
}

// same are the columns of a node, each standing for itself.
func same(n plan.Node) map[plan.ID]plan.Expr {
	out := map[plan.ID]plan.Expr{}
	for _, c := range n.Out() {
		out[c.ID] = plan.ColRef{ID: c.ID, T: c.Type}
	}
	return out
}

// pass writes conditions over what columns stand for; stay are those that cannot be.
func pass(preds []plan.Expr, columns map[plan.ID]plan.Expr) (through, stay []plan.Expr) {
	for _, p := range preds {
		if q, _, ok := substitute(p, columns); ok {
			through = append(through, conjuncts(q)...)
		} else {
			stay = append(stay, p)
		}
	}
	return through, stay
}

// substitute replaces columns in an expression of one row alone, and counts its terms.
func substitute(e plan.Expr, columns map[plan.ID]plan.Expr) (out plan.Expr, terms int, ok bool) {
	switch e := e.(type) {
	case plan.Const:
		return e, 1, true
	case plan.ColRef:
		x, ok := columns[e.ID]
		if !ok || x.Type() != e.T {
			return nil, 0, false
		}
		if ref, ok := x.(plan.ColRef); ok {
			return ref, 1, true
		}
		n := size(x)
		return x, n, n <= maxTerms && alone(x)
	case *plan.Call:
		if !rowwise(e) {
			return nil, 0, false
		}
		c := *e
		c.Args, c.Terms = make([]plan.Expr, len(e.Args)), 1
		for i, a := range e.Args {
			x, n, ok := substitute(a, columns)
			if c.Terms += n; !ok || c.Terms > maxTerms {
				return nil, 0, false
			}
			c.Args[i] = x
		}
		return &c, c.Terms, true
	}
	return nil, 0, false
}

func size(e plan.Expr) int {
	if c, ok := e.(*plan.Call); ok {
		return max(c.Terms, 1)
	}
	return 1
}

// alone reports that an expression depends on nothing but one row.
func alone(e plan.Expr) bool {
	switch e := e.(type) {
	case plan.Const, plan.ColRef:
		return true
	case *plan.Call:
		return rowwise(e) && !slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return !alone(a) })
	}
	return false
}

// rowwise reports that a call gives the same for the same arguments.
func rowwise(c *plan.Call) bool {
	return c.Row.Sem&builtin.Volatile == 0 && c.Row.Kind != builtin.Aggregate && c.Row.Kind != builtin.Window
}
