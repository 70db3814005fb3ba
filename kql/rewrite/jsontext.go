package rewrite

import (
	"slices"

	"quarry/kql/builtin"
	"quarry/kql/plan"
)

// jsonText spares parse_json() the writing of its value where all who read the value read
// keys of it: they find those in the text as it was written.
//
// It is exact because a path leads to the same in a JSON text and in its minified form, and
// to nothing in what is neither bag nor array. It is not wider because who reads the value
// itself must get the minified form.
func jsonText(root *plan.Root) *plan.Root {
	whole := &pruner{paths: true}
	whole.root(root)
	return mapRoot(root, func(n plan.Node) plan.Node {
		n = plan.MapCalls(n, func(c *plan.Call) plan.Expr {
			if !readsPath(c) {
				return c
			}
			return c.WithArgs(func(a plan.Expr) plan.Expr { return forKeys(a) })
		})
		p, ok := n.(*plan.Project)
		if !ok {
			return n
		}
		items := slices.Clone(p.Items)
		for i, it := range items {
			if !whole.need.has(it.Col.ID) {
				items[i].Expr = forKeys(it.Expr)
			}
		}
		return &plan.Project{In: p.In, Items: items, Order: p.Order, Partition: p.Partition}
	})
}

// parsesJSON reports nodes that call parse_json().
func parsesJSON(n plan.Node) bool {
	found := false
	plan.Exprs(n, func(e plan.Expr) {
		plan.WalkExpr(e, func(e plan.Expr) {
			c, ok := e.(*plan.Call)
			found = found || ok && c.Row.ForKeys() != nil
		}, nil)
	})
	return found
}

// readsPath reports calls that read a key or an element of their first argument.
func readsPath(c *plan.Call) bool {
	switch c.Row.Name() {
	case builtin.KeyRow, builtin.IndexRow:
		return c.Row.ReadsPath(plan.Arguments(c))
	}
	return false
}

// forKeys is a parse_json() in the form for those who read keys of its value alone, and any
// other expression as it is.
func forKeys(e plan.Expr) plan.Expr {
	if c, ok := e.(*plan.Call); ok {
		if row := c.Row.ForKeys(); row != nil {
			d := *c
			d.Row = row
			return &d
		}
	}
	return e
}
