package bind

import (
	"quarry/kql/builtin"
	"quarry/kql/eval"
	"quarry/kql/plan"
	"quarry/kql/source"
)

// uses lists the cells that an expression reads.
func (m *matchBinding) uses(e plan.Expr) []cell {
	var out []cell
	plan.WalkExpr(e, func(x plan.Expr) {
		if c, ok := x.(plan.ColRef); ok {
			if found, ok := m.find(c.ID); ok {
				out = append(out, found)
			}
		}
	}, nil)
	return out
}

// single reports the one node or plain edge that cells speak of.
func single(cells []cell) (kind builtin.CellKind, at int, ok bool) {
	for i, c := range cells {
		if c.Kind != builtin.NodeValue && c.Kind != builtin.EdgeValue || i > 0 && (c.Kind != kind || c.Element != at) {
			return 0, 0, false
		}
		kind, at = c.Kind, c.Element
	}
	return kind, at, true
}

// real writes an expression over one element as one over its table.
func (m *matchBinding) real(e plan.Expr) plan.Expr {
	switch e := e.(type) {
	case plan.ColRef:
		if c, ok := m.find(e.ID); ok {
			return c.real
		}
	case *plan.Call:
		n := *e
		n.Args = make([]plan.Expr, len(e.Args))
		for i, a := range e.Args {
			n.Args[i] = m.real(a)
		}
		return &n
	case *plan.InQuery:
		n := *e
		n.X = m.real(e.X)
		return &n
	}
	return e
}

// lower leaves in an expression only what joins several elements: the largest parts
// over one node or edge become values of its table.
func (m *matchBinding) lower(e plan.Expr) plan.Expr {
	switch e.(type) {
	case plan.Const, plan.ColRef:
		return e
	}
	if kind, at, ok := single(m.uses(e)); ok {
		return m.cell(kind, at, m.real(e))
	}
	call, ok := e.(*plan.Call)
	if !ok {
		return e
	}
	n := *call
	n.Args = make([]plan.Expr, len(call.Args))
	for i, a := range call.Args {
		n.Args[i] = m.lower(a)
	}
	return &n
}

// where adds a condition: to the check of one element where it speaks of one, else to
// those of the search.
func (m *matchBinding) where(e plan.Expr, at source.Span) {
	cells := m.uses(e)
	if kind, i, ok := single(cells); ok && len(cells) > 0 {
		real := m.real(e)
		var check *int
		see := &m.nodeSee
		if kind == builtin.NodeValue {
			check = &m.pattern.Nodes[i].Check
		} else {
			check, see = &m.pattern.Edges[i].Check, &m.edgeSee
		}
		if *check >= 0 {
			(*see)[*check] = m.b.apply("and", at, []plan.Expr{(*see)[*check], real}, []source.Span{at, at})
			return
		}
		*check = len(*see)
		*see = append(*see, real)
		return
	}
	// all(edge, condition) by itself also stops the search early.
	if _, isCell := e.(plan.ColRef); isCell && len(cells) == 1 {
		edge := &m.pattern.Edges[cells[0].Element]
		switch cells[0].Kind {
		case builtin.PathAll:
			edge.AllEdges = append(edge.AllEdges, cells[0].Value)
			return
		case builtin.InnerAll:
			edge.AllInner = append(edge.AllInner, cells[0].Value)
			return
		}
	}
	low := m.lower(e)
	w := builtin.PatternCondition{Check: m.compile(low, at)}
	for _, c := range m.uses(low) {
		switch c.Kind {
		case builtin.NodeValue, builtin.DegreeIn, builtin.DegreeOut:
			w.Nodes = append(w.Nodes, c.Element)
		default:
			w.Edges = append(w.Edges, c.Element)
		}
	}
	if len(w.Nodes)+len(w.Edges) == 0 {
		w.Nodes = []int{0}
	}
	m.pattern.Where = append(m.pattern.Where, w)
}

func (m *matchBinding) compile(e plan.Expr, at source.Span) eval.Func {
	f, err := eval.Compile(e, func(id plan.ID) (int, bool) {
		c, ok := m.find(id)
		return c.Slot, ok
	})
	if err != nil {
		m.b.report(at, errRefused("a graph pattern", err.Error()))
	}
	return f
}
