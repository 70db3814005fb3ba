package rewrite

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// keyFilter moves the conditions of a filter that speak of the keys of a summarize below it,
// so that fewer rows are grouped and the conditions can reach the table.
//
// It is exact because such a condition holds for all rows of a group or for none, and no
// group sees the rows of another. It is not wider because values that are equal as keys may
// differ otherwise (1 and 1.0 in JSON, 0 and -0), because a key that is computed would be
// computed twice, and because a condition that is dear is cheaper asked once for a group.
func keyFilter(root *plan.Root) *plan.Root {
	return mapRoot(root, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok || f.Order != nil {
			return n
		}
		out := f.In
		var stay []plan.Expr
		plan.EachConjunct(f.Pred, func(cond plan.Expr) {
			if below := belowKeys(out, cond); below != nil {
				out = below
			} else {
				stay = append(stay, cond)
			}
		})
		if out == f.In {
			return f
		}
		for _, cond := range stay {
			out = &plan.Filter{In: out, Pred: cond}
		}
		return out
	})
}

// belowKeys puts a condition below the summarize that n stands for, with but projections
// between; nil where it cannot be.
func belowKeys(n plan.Node, cond plan.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Project:
		if n.Order != nil || len(n.Partition) > 0 || hasWindow(n) {
			return nil
		}
		c, ok := throughItems(cond, n.Items)
		if !ok {
			return nil
		}
		in := belowKeys(n.In, c)
		if in == nil {
			return nil
		}
		return &plan.Project{In: in, Items: n.Items}
	case *plan.Aggregate:
		c, ok := throughItems(cond, n.Keys)
		if !ok || !cheap(c) {
			return nil
		}
		out := *n
		if out.In = belowKeys(n.In, c); out.In == nil {
			out.In = &plan.Filter{In: n.In, Pred: c}
		}
		return &out
	}
	return nil
}

// throughItems is a condition in the columns that those of a list are; ok is false where it
// reads others.
func throughItems(cond plan.Expr, items []plan.Item) (out plan.Expr, ok bool) {
	ok = true
	found := false
	var through func(e plan.Expr) plan.Expr
	through = func(e plan.Expr) plan.Expr {
		switch e := e.(type) {
		case plan.ColRef:
			for _, it := range items {
				if it.Col.ID == e.ID {
					if ref, is := it.Expr.(plan.ColRef); is {
						found = true
						return ref
					}
				}
			}
			ok = false
		case *plan.Call:
			return e.WithArgs(through)
		case plan.Const:
		default:
			ok = false
		}
		return e
	}
	out = through(cond)
	return out, ok && found
}

// cheap reports comparisons and tests of texts, of values of which equal ones are alike.
func cheap(cond plan.Expr) bool {
	ok := true
	plan.WalkExpr(cond, func(e plan.Expr) {
		switch e := e.(type) {
		case plan.ColRef:
			ok = ok && (e.T == types.String || e.T == types.Bool || e.T.Integer())
		case *plan.Call:
			switch e.Row.Name() {
			case "not", "isempty", "isnotempty", "isnull", "isnotnull":
			default:
				ok = ok && e.Row.Kind == builtin.Infix && e.Row.Sem&builtin.Volatile == 0
			}
		}
	}, nil)
	return ok
}
