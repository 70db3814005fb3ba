package rewrite

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
)

// sortedFilter moves a filter below the sort, or the numbering of rows, under it, so that
// fewer rows are sorted and the condition can reach the table.
//
// It is exact because the numbers that a sort gives are read for their order alone, which
// the rows that stay keep among themselves. It is not wider because a sort with a limit
// keeps other rows once some are gone, and so does each partition of one; a condition that
// looks at neighbouring rows reads the numbers; and one that differs at each evaluation
// (rand) would be asked of other rows.
func sortedFilter(root *plan.Root) *plan.Root {
	return mapRoot(root, func(n plan.Node) plan.Node {
		if f, ok := n.(*plan.Filter); ok && !hasWindow(f) && !volatile(f.Pred) {
			return sink(f)
		}
		return n
	})
}

// sink moves a filter down a chain of sorts.
func sink(f *plan.Filter) plan.Node {
	switch in := f.In.(type) {
	case *plan.Sort:
		if in.Limit == nil && len(in.Partition) == 0 && !reads(f.Pred, in.Ord.ID) {
			c := *in
			c.In = sink(&plan.Filter{In: in.In, Pred: f.Pred})
			return &c
		}
	case *plan.Number:
		if !reads(f.Pred, in.Ord.ID) {
			return &plan.Number{In: sink(&plan.Filter{In: in.In, Pred: f.Pred}), Ord: in.Ord}
		}
	}
	return f
}

func reads(e plan.Expr, id plan.ID) bool {
	found := false
	plan.WalkExpr(e, func(e plan.Expr) {
		if ref, ok := e.(plan.ColRef); ok && ref.ID == id {
			found = true
		}
	}, nil)
	return found
}

// volatile reports expressions that may differ at each evaluation; what is in a query of
// its own is computed once.
func volatile(e plan.Expr) bool {
	found := false
	plan.WalkExpr(e, func(e plan.Expr) {
		if c, ok := e.(*plan.Call); ok && c.Row.Sem&builtin.Volatile != 0 {
			found = true
		}
	}, nil)
	return found
}
