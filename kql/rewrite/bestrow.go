package rewrite

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
)

// bestRow takes arg_max(), arg_min() and take_any() of several columns apart: an
// aggregate for each column that is read, in the place of one that keeps whole rows as
// structs. Columns that nobody reads are then not kept at all.
//
// It is exact because the aggregates of one group meet its rows in one order and compare
// the same values, so that all of them choose the same row. It is not wider because over
// sorted rows the first of equals must win, which only the struct form promises.
func bestRow(root *plan.Root) *plan.Root {
	s := &structs{fields: map[plan.ID][]plan.Col{}}
	all := nodes(root)
	for _, n := range all {
		for _, it := range structsOf(n) {
			s.fields[it.Col.ID] = make([]plan.Col, len(it.Expr.(*plan.Call).Args))
		}
	}
	for _, n := range all {
		s.last = max(s.last, largest(n))
	}
	for _, n := range all {
		plan.Exprs(n, s.use)
	}
	return mapRoot(root, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok && a.Order == nil {
			return s.aggregate(a)
		}
		return plan.MapCalls(n, s.field)
	})
}

// largest is the largest number of the columns that a node makes.
func largest(n plan.Node) plan.ID {
	var id plan.ID
	switch n := n.(type) {
	case *plan.Filter, *plan.Limit, *plan.FirstOf, *plan.Join: // they hand columns on
	case *plan.Project:
		for i := range n.Items {
			id = max(id, n.Items[i].Col.ID)
		}
	case *plan.Unnest: // not Out(): what all nodes below hand on would be listed for each
		for _, it := range n.Items {
			id = max(id, it.Col.ID)
			for _, k := range it.Keys {
				id = max(id, k.Col.ID)
			}
		}
		if n.Index != nil {
			id = max(id, n.Index.ID)
		}
	case *plan.Number:
		id = n.Ord.ID
	case *plan.Sort:
		id = n.Ord.ID
	default:
		for _, c := range n.Out() {
			id = max(id, c.ID)
		}
	}
	return id
}

// structsOf are the aggregates of a node that keep rows as structs.
func structsOf(n plan.Node) []plan.Item {
	a, ok := n.(*plan.Aggregate)
	if !ok || a.Order != nil {
		return nil
	}
	var out []plan.Item
	for _, it := range a.Aggs {
		if c, ok := it.Expr.(*plan.Call); ok && c.Row.Field() != nil && (c.Row.Special == builtin.ArgBest || len(c.Args) > 1) {
			out = append(out, it)
		}
	}
	return out
}

type structs struct {
	last   plan.ID
	fields map[plan.ID][]plan.Col // the columns of each struct's fields; without ID: not read
	whole  ids                    // columns that are read as they are, structs as a whole
}

// use notes which fields an expression reads.
func (s *structs) use(e plan.Expr) {
	if id, at, ok := field(e); ok && s.fields[id] != nil {
		if c := &s.fields[id][at]; c.ID == 0 {
			s.last++
			*c = plan.Col{ID: s.last, Type: e.Type()}
		}
		return
	}
	switch e := e.(type) {
	case plan.ColRef:
		s.whole.add(e.ID)
	case *plan.Call:
		for _, a := range e.Args {
			s.use(a)
		}
	case *plan.InQuery:
		s.use(e.X)
	}
}

// field reads "field at of the struct id".
func field(e plan.Expr) (id plan.ID, at int64, ok bool) {
	c, ok := e.(*plan.Call)
	if !ok || c.Row.Name() != builtin.FieldRow {
		return 0, 0, false
	}
	ref, ok1 := c.Args[0].(plan.ColRef)
	k, ok2 := c.Args[1].(plan.Const)
	at, ok3 := k.Value.(int64)
	return ref.ID, at, ok1 && ok2 && ok3
}

func (s *structs) apart(id plan.ID) bool { return s.fields[id] != nil && !s.whole.has(id) }

// field is the column in the place of a field, else the call itself.
func (s *structs) field(c *plan.Call) plan.Expr {
	if id, at, ok := field(c); ok && s.apart(id) {
		return plan.ColRef{ID: s.fields[id][at].ID, T: c.T}
	}
	return c
}

func (s *structs) aggregate(a *plan.Aggregate) plan.Node {
	c := *a
	c.Aggs = nil
	for _, it := range a.Aggs {
		if !s.apart(it.Col.ID) {
			c.Aggs = append(c.Aggs, it)
			continue
		}
		call := it.Expr.(*plan.Call)
		for i, col := range s.fields[it.Col.ID] {
			if col.ID == 0 {
				continue
			}
			args := append(make([]plan.Expr, 0, 2), call.Args[i])
			if call.Row.Special == builtin.ArgBest {
				args = append(args, call.Args[0])
			}
			col.Name = it.Col.Name
			c.Aggs = append(c.Aggs, plan.Item{Col: col, Expr: &plan.Call{Row: call.Row.Field(), Args: args, T: col.Type, Pos: call.Pos}})
		}
	}
	return &c
}
