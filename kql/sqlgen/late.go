package sqlgen

import (
	"math"
	"slices"

	"quarry/kql/plan"
	"quarry/kql/types"
)

// lateColumns takes a window join apart: what decides which rows it has, and the columns
// of its tables that it only hands on. The engine reads the latter by row number, for
// the rows that were found.
//
// It pays where the rows are few, which a condition on both sides beside the window
// makes them as a rule.
type lateColumns struct {
	g     *generator
	conds []plan.Expr // on the way to the join
	few   bool
	read  map[plan.ID]bool // on the way to the tables
	scans []*plan.Scan
	from  map[*plan.Scan]later
	late  map[plan.ID]bool
}

// later are columns of a table, to be read of the rows whose numbers column row holds.
type later struct {
	row  plan.Col
	scan *plan.Scan
}

// worthLate is the number of columns of a table from which reading them later pays.
const worthLate = 3

// apart is the node without its late columns but with row numbers, and what is to be
// read by them; nil where that is nothing.
func (g *generator) apart(n plan.Node) (plan.Node, []later) {
	l := &lateColumns{g: g, read: map[plan.ID]bool{}, from: map[*plan.Scan]later{}, late: map[plan.ID]bool{}}
	if l.look(n); !l.few {
		return nil, nil
	}
	out := map[plan.ID]bool{}
	for _, c := range n.Out() {
		out[c.ID] = true
	}
	var all []later
	for _, s := range l.scans {
		of := &plan.Scan{Table: s.Table, Name: s.Name}
		for i, c := range s.Cols {
			if out[c.ID] && !l.read[c.ID] {
				of.Cols, of.Source = append(of.Cols, c), append(of.Source, s.Source[i])
			}
		}
		if len(of.Cols) < worthLate {
			continue
		}
		for _, c := range of.Cols {
			l.late[c.ID] = true
		}
		l.from[s] = later{g.newColumn(), of}
		all = append(all, l.from[s])
	}
	if len(all) == 0 {
		return nil, nil
	}
	narrow, _ := l.without(n)
	return narrow, all
}

// newColumn is a column of numbers whose ID no query has.
func (g *generator) newColumn() plan.Col {
	g.columns++
	return plan.Col{ID: plan.ID(math.MaxInt32 + g.columns), Type: types.Long}
}

// look notes what is read on the way to the tables.
func (l *lateColumns) look(n plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		l.scans = append(l.scans, n)
	case *plan.Filter:
		if n.Order == nil {
			l.reads(n.Pred)
			plan.EachConjunct(n.Pred, func(cond plan.Expr) { l.conds = append(l.conds, cond) })
			l.look(n.In)
		}
	case *plan.Project:
		if n.Order != nil || len(n.Partition) > 0 {
			return
		}
		for _, it := range n.Items {
			if !passes(it) {
				l.reads(it.Expr)
			}
		}
		l.look(n.In)
	case *plan.Join:
		if n.Kind == plan.Inner && n.Window != nil && n.Window.Near == nil {
			l.few = l.few || slices.ContainsFunc(l.conds, func(cond plan.Expr) bool { return pairs(n, cond) })
			plan.Exprs(n, l.reads)
			l.read[n.Window.Left], l.read[n.Window.Right] = true, true
			l.look(n.L)
			l.look(n.R)
		}
	}
}

func (l *lateColumns) reads(e plan.Expr) {
	plan.WalkExpr(e, func(e plan.Expr) {
		if ref, ok := e.(plan.ColRef); ok {
			l.read[ref.ID] = true
		}
	}, nil)
}

// pairs reports that a condition compares the two sides of a join by more than its window.
func pairs(j *plan.Join, cond plan.Expr) bool {
	has := func(n plan.Node, except plan.ID) (found bool) {
		plan.WalkExpr(cond, func(e plan.Expr) {
			if ref, ok := e.(plan.ColRef); ok && ref.ID != except {
				found = found || slices.ContainsFunc(n.Out(), func(c plan.Col) bool { return c.ID == ref.ID })
			}
		}, nil)
		return found
	}
	return has(j.L, j.Window.Left) && has(j.R, j.Window.Right)
}

func passes(it plan.Item) bool {
	ref, ok := it.Expr.(plan.ColRef)
	return ok && ref.ID == it.Col.ID
}

// without is a node without late columns, and the row numbers that it has in their place.
func (l *lateColumns) without(n plan.Node) (plan.Node, []plan.Col) {
	switch n := n.(type) {
	case *plan.Scan:
		of, ok := l.from[n]
		if !ok {
			break
		}
		c := &plan.Scan{Table: n.Table, Name: n.Name, Cols: []plan.Col{of.row}, Source: []string{"rowid"}, Mark: n.Mark}
		for i, col := range n.Cols {
			if !l.late[col.ID] {
				c.Cols, c.Source = append(c.Cols, col), append(c.Source, n.Source[i])
			}
		}
		return c, []plan.Col{of.row}
	case *plan.Filter:
		if in, rows := l.without(n.In); len(rows) > 0 {
			return &plan.Filter{In: in, Pred: n.Pred}, rows
		}
	case *plan.Project:
		in, rows := l.without(n.In)
		if len(rows) == 0 {
			break
		}
		c := &plan.Project{In: in}
		for _, it := range n.Items {
			if !l.late[it.Col.ID] {
				c.Items = append(c.Items, it)
			}
		}
		for _, row := range rows {
			c.Items = append(c.Items, plan.Item{Col: row, Expr: plan.ColRef{ID: row.ID, T: row.Type}})
		}
		return c, rows
	case *plan.Join:
		left, rows := l.without(n.L)
		right, more := l.without(n.R)
		c := *n
		c.L, c.R = left, right
		return &c, slices.Concat(rows, more)
	}
	return n, nil
}

// readLate is the query of a node whose late columns are read when its rows are known.
func (g *generator) readLate(narrow plan.Node, all []later, out []plan.Col) *query {
	def := g.first(narrow)
	g.define(def, func() *query { return g.node(narrow) })
	g.use(def)
	// The engine hands the rows found down to a scan only where a condition made them few.
	found := &query{from: plain(sharedName(def)), where: []string{column(all[0].row.ID) + " IS NOT NULL"}}
	q := &query{joined: true, from: found.sub()}
	items := room(len(out))
	for _, c := range out {
		items.column(c.ID)
	}
	q.items = items.list()
	for _, of := range all {
		q.from = append(q.from, g.byNumber(of.scan, of.row, nil, nil)...)
	}
	return q
}

// byNumber joins the columns of a table's rows whose numbers column row holds. conds hold
// for these rows; they speak of the columns of from.
func (g *generator) byNumber(of *plan.Scan, row plan.Col, conds []plan.Expr, from *plan.Scan) text {
	number := g.newColumn()
	of.Cols, of.Source = append(of.Cols, number), append(of.Source, "rowid")
	wanted := these(of.Cols)
	var node plan.Node = of
	for _, cond := range conds {
		node = &plan.Filter{In: node, Pred: cond}
		plan.WalkExpr(cond, func(e plan.Expr) {
			ref, ok := e.(plan.ColRef)
			if !ok || slices.ContainsFunc(of.Cols, func(c plan.Col) bool { return c.ID == ref.ID }) {
				return
			}
			i := slices.IndexFunc(from.Cols, func(c plan.Col) bool { return c.ID == ref.ID })
			of.Cols, of.Source = append(of.Cols, from.Cols[i]), append(of.Source, from.Source[i])
		}, nil)
	}
	return slices.Concat(plain(" JOIN "), text{{"(", g.node(node).pick(wanted)}, {text: ")"}}, plain(" ON "+column(row.ID)+" = "+column(number.ID)))
}
