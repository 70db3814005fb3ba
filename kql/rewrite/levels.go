package rewrite

import "quarry/kql/plan"

// levels computes what a chain of extends and projects computes in as few steps as it can:
// in the first what needs but columns of the rows below, in the second what needs columns of
// the first, and so on. So no step hands all columns on for the sake of one, and keys of one
// JSON text that several steps read are found in one pass.
//
// It is exact because each expression is computed once for each row, from the same values.
// It is not wider because a filter between two steps spares the upper one rows, and because
// steps that look at neighbouring rows, or whose order counts, depend on their place.
func levels(root *plan.Root) *plan.Root {
	seen := map[plan.Node]bool{} // steps of chains
	return eachQuery(root, func(top plan.Node, ref func(*plan.Ref) *plan.Ref) plan.Node {
		var node func(plan.Node) plan.Node
		node = func(n plan.Node) plan.Node {
			if r, ok := n.(*plan.Ref); ok {
				return ref(r)
			}
			if !seen[n] {
				if c := chainOf(n); c != nil {
					for _, p := range c.steps {
						seen[p] = true
					}
					if c.look() {
						n = c.inLevels()
					}
				}
			}
			return plan.Rebuild(n, func(_ int, in plan.Node) plan.Node { return node(in) }, node)
		}
		return node(top)
	})
}

// chain is projections one over another.
type chain struct {
	steps []*plan.Project // from the highest
	below []plan.Col      // of the rows that they start from

	computed map[plan.ID]*computed
	order    []*computed
	highest  int
	renamed  map[plan.ID]plan.ColRef // columns that are another one, under a new number
}

// computed is a column that a chain computes, and the step that it can be computed in.
type computed struct {
	plan.Item
	level int
}

// chainOf is the chain that begins with n, nil where there is none.
func chainOf(n plan.Node) *chain {
	c := &chain{}
	for {
		p, ok := n.(*plan.Project)
		if !ok || p.Order != nil || len(p.Partition) > 0 || hasWindow(p) || hasVolatile(p) {
			break
		}
		c.steps = append(c.steps, p)
		n = p.In
	}
	if len(c.steps) < 2 {
		return nil
	}
	c.below = n.Out()
	return c
}

func hasVolatile(n plan.Node) bool {
	found := false
	plan.Exprs(n, func(e plan.Expr) { found = found || volatile(e) })
	return found
}

// look finds the level of each column, and whether there are fewer levels than steps.
func (c *chain) look() bool {
	c.computed, c.renamed = map[plan.ID]*computed{}, map[plan.ID]plan.ColRef{}
	known := make(ids, len(c.below))
	for _, col := range c.below {
		known.add(col.ID)
	}
	busy := 0 // steps that compute something
	for i := len(c.steps) - 1; i >= 0; i-- {
		before := len(c.order)
		for _, it := range c.steps[i].Items {
			e := c.resolved(it.Expr)
			ref, passed := e.(plan.ColRef)
			if passed && ref.ID == it.Col.ID {
				continue
			}
			if known.has(it.Col.ID) {
				return false // a number that means two columns
			}
			known.add(it.Col.ID)
			if passed {
				c.renamed[it.Col.ID] = ref
				continue
			}
			one := &computed{Item: plan.Item{Col: it.Col, Expr: e}, level: 1}
			plan.WalkExpr(e, func(e plan.Expr) {
				if ref, ok := e.(plan.ColRef); ok {
					if from := c.computed[ref.ID]; from != nil {
						one.level = max(one.level, from.level+1)
					}
				}
			}, nil)
			c.computed[it.Col.ID] = one
			c.order = append(c.order, one)
			c.highest = max(c.highest, one.level)
		}
		if len(c.order) > before {
			busy++
		}
	}
	return c.highest < busy
}

// resolved is an expression of a step that speaks of columns by their first numbers.
func (c *chain) resolved(e plan.Expr) plan.Expr {
	if len(c.renamed) == 0 {
		return e
	}
	switch e := e.(type) {
	case plan.ColRef:
		if first, ok := c.renamed[e.ID]; ok {
			return first
		}
	case *plan.Call:
		return e.WithArgs(c.resolved)
	case *plan.InQuery:
		if x := c.resolved(e.X); x != e.X {
			d := *e
			d.X = x
			return &d
		}
	}
	return e
}

// inLevels is the chain with a step for each level.
func (c *chain) inLevels() plan.Node {
	top := make([]plan.Item, 0, len(c.steps[0].Items))
	need := ids{}
	for _, it := range c.steps[0].Items {
		e := c.resolved(plan.ColRef{ID: it.Col.ID, T: it.Col.Type})
		need.add(e.(plan.ColRef).ID)
		top = append(top, plan.Item{Col: it.Col, Expr: e})
	}
	made := make([]*plan.Project, c.highest)
	for level := c.highest; level > 0; level-- {
		p := &plan.Project{}
		for _, col := range c.below {
			if need.has(col.ID) {
				p.Items = append(p.Items, plan.Item{Col: col, Expr: plan.ColRef{ID: col.ID, T: col.Type}})
			}
		}
		below := ids{}
		for _, one := range c.order {
			if !need.has(one.Col.ID) || one.level > level {
				continue
			}
			it := one.Item
			if one.level < level {
				it.Expr = plan.ColRef{ID: it.Col.ID, T: it.Col.Type}
			}
			p.Items = append(p.Items, it)
		}
		for _, it := range p.Items {
			plan.WalkExpr(it.Expr, func(e plan.Expr) {
				if ref, ok := e.(plan.ColRef); ok {
					below.add(ref.ID)
				}
			}, nil)
		}
		made[level-1] = p
		need = below
	}
	in := c.steps[len(c.steps)-1].In
	for _, p := range made {
		p.In = in
		in = p
	}
	return &plan.Project{In: in, Items: top}
}
