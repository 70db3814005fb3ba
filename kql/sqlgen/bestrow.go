package sqlgen

import (
	"slices"

	"quarry/kql/builtin"
	"quarry/kql/plan"
)

// bestRow is the query of an aggregate that keeps whole rows of a table, as arg_max(t, *)
// does: it keeps their numbers only, and the engine reads the columns of the rows that
// were chosen. nil where that is not what the aggregate does.
//
// The engine would keep a value of each column for each group, and copy it whenever a
// better row comes: in logs, which are written in the order of time, with nearly each row.
func (g *generator) bestRow(n *plan.Aggregate) *query {
	scan, from := tableBelow(n.In)
	if scan == nil || n.Order != nil || len(n.Keys) == 0 { // without keys there may be no row to choose
		return nil
	}
	var chosen []*chosenRow
	narrow := *n
	narrow.Aggs = nil
	for _, it := range n.Aggs {
		call, at := choice(it, from)
		if call == nil {
			narrow.Aggs = append(narrow.Aggs, it)
			continue
		}
		i := slices.IndexFunc(chosen, func(c *chosenRow) bool { return c.same(call) })
		if i < 0 {
			i = len(chosen)
			chosen = append(chosen, &chosenRow{call: call, of: &plan.Scan{Table: scan.Table, Name: scan.Name, Mark: scan.Mark}})
		}
		chosen[i].add(it, scan.Source[at])
	}
	chosen = slices.DeleteFunc(chosen, func(c *chosenRow) bool {
		if len(c.items) < worthBestRow {
			narrow.Aggs = append(narrow.Aggs, c.items...)
			return true
		}
		return false
	})
	if len(chosen) == 0 {
		return nil
	}
	number := g.newColumn()
	narrow.In = numbered(n.In, scan, number)
	for _, c := range chosen {
		c.row = g.newColumn()
		call := *c.call
		call.Args = slices.Clone(call.Args)
		call.Args[0], call.T = plan.ColRef{ID: number.ID, T: number.Type}, number.Type
		narrow.Aggs = append(narrow.Aggs, plan.Item{Col: c.row, Expr: &call})
	}
	q := &query{joined: true, all: columns(n.Out()), from: g.aggregate(&narrow).sub()}
	conds := conditionsOn(n.In)
	for _, c := range chosen {
		q.from = append(q.from, g.byNumber(c.of, c.row, conds, scan)...)
	}
	return q
}

// conditionsOn are conditions on the table below a node that hold for the rows chosen.
// Asked again they spare the engine, which seeks many rows by a sketch of their numbers,
// the parts of the table where none is.
func conditionsOn(n plan.Node) (conds []plan.Expr) {
	for {
		switch m := n.(type) {
		case *plan.Filter:
			plan.EachConjunct(m.Pred, func(cond plan.Expr) { conds = append(conds, cond) })
			n = m.In
		case *plan.Project: // what is above it speaks of its columns
			conds = nil
			n = m.In
		default:
			return slices.DeleteFunc(conds, func(cond plan.Expr) bool { return !repeatable(cond) })
		}
	}
}

// repeatable reports a condition that says the same when asked again, at little cost.
func repeatable(cond plan.Expr) bool {
	good := true
	plan.WalkExpr(cond, func(e plan.Expr) {
		switch e := e.(type) {
		case *plan.Call:
			good = good && e.Row.Sem&builtin.Volatile == 0 && e.Row.Kind != builtin.Window
		case *plan.Subquery, *plan.InQuery:
			good = false
		}
	}, nil)
	return good
}

// worthBestRow is the number of columns of a row from which reading them by its number pays.
const worthBestRow = 2

// chosenRow is a row of each group, of which columns of the table are wanted.
type chosenRow struct {
	call  *plan.Call // chooses it
	items []plan.Item
	of    *plan.Scan
	row   plan.Col // its number
}

func (c *chosenRow) add(it plan.Item, source string) {
	c.items = append(c.items, it)
	c.of.Cols, c.of.Source = append(c.of.Cols, it.Col), append(c.of.Source, source)
}

// same reports that another aggregate chooses the same row.
func (c *chosenRow) same(call *plan.Call) bool {
	return c.call.Row == call.Row && slices.Equal(c.call.Args[1:], call.Args[1:])
}

// choice is the call of an aggregate that gives a column of the row it chooses, where
// that is the column of a table numbered at, and what it compares is a column.
func choice(it plan.Item, from map[plan.ID]int) (call *plan.Call, at int) {
	c, ok := it.Expr.(*plan.Call)
	if !ok || !c.Row.ChoosesRow() {
		return nil, 0
	}
	for _, a := range c.Args {
		if _, ok := a.(plan.ColRef); !ok {
			return nil, 0
		}
	}
	at, ok = from[c.Args[0].(plan.ColRef).ID]
	if !ok {
		return nil, 0
	}
	return c, at
}

// tableBelow is the one table that a node reads, row by row, and which of its columns
// those of the node are. It is nil where there is more to the node.
func tableBelow(n plan.Node) (scan *plan.Scan, from map[plan.ID]int) {
	switch n := n.(type) {
	case *plan.Scan:
		from = make(map[plan.ID]int, len(n.Cols))
		for i, c := range n.Cols {
			from[c.ID] = i
		}
		return n, from
	case *plan.Filter:
		if n.Order == nil {
			return tableBelow(n.In)
		}
	case *plan.Project:
		if n.Order != nil || len(n.Partition) > 0 {
			break
		}
		scan, below := tableBelow(n.In)
		from = make(map[plan.ID]int, len(n.Items))
		for _, it := range n.Items {
			if ref, ok := it.Expr.(plan.ColRef); ok {
				if at, ok := below[ref.ID]; ok {
					from[it.Col.ID] = at
				}
			}
		}
		return scan, from
	}
	return nil, nil
}

// numbered is a node with the number of each row of the table below it.
func numbered(n plan.Node, scan *plan.Scan, number plan.Col) plan.Node {
	switch n := n.(type) {
	case *plan.Scan:
		c := *scan
		c.Cols, c.Source = append(slices.Clip(c.Cols), number), append(slices.Clip(c.Source), "rowid")
		return &c
	case *plan.Filter:
		c := *n
		c.In = numbered(n.In, scan, number)
		return &c
	case *plan.Project:
		c := *n
		c.In = numbered(n.In, scan, number)
		c.Items = append(slices.Clip(c.Items), plan.Item{Col: number, Expr: plan.ColRef{ID: number.ID, T: number.Type}})
		return &c
	}
	return n
}
