package rewrite

import (
	"slices"

	"quarry/kql/plan"
	"quarry/kql/types"
)

// nearOf lets a window join read its right-hand table only around the times that its left
// side has, where the left side is what another window join left over: few rows as a
// rule, so that most of the table's columns stay unread.
//
// It is exact because the rows left out share no time bucket with any left-hand row. It
// is not wider because a left side that is computed first is computed whole: a condition
// after the join that speaks of the left side alone must still reach its tables. A left
// side that is read from a table has too many times to leave out much.
func nearOf(j *plan.Join, above [][]plan.ID) *plan.Near {
	if !windowed(j.L) || j.Window.Low == j.Window.High {
		return nil
	}
	time, ok := stored(j.R, j.Window.Right)
	if !ok {
		return nil
	}
	left := map[plan.ID]bool{}
	for _, c := range j.L.Out() {
		left[c.ID] = true
	}
	for _, cols := range above {
		if !slices.ContainsFunc(cols, func(id plan.ID) bool { return !left[id] }) {
			return nil
		}
	}
	out := &plan.Near{Time: time}
	for _, p := range j.On {
		l, ok1 := p.L.(plan.ColRef)
		r, ok2 := p.R.(plan.ColRef)
		if !ok1 || !ok2 || l.T != types.String {
			continue
		}
		if key, ok := stored(j.R, r.ID); ok {
			out.Key, out.Of = key, l.ID
			break
		}
	}
	return out
}

// windowed reports a node that a window join is part of.
func windowed(n plan.Node) bool {
	if j, ok := n.(*plan.Join); ok && j.Window != nil {
		return true
	}
	for _, in := range n.Inputs() {
		if windowed(in) {
			return true
		}
	}
	return false
}

// stored is the column of a table that a column is, where each row of the table decides
// for itself whether it counts.
func stored(n plan.Node, id plan.ID) (plan.ID, bool) {
	switch n := n.(type) {
	case *plan.Scan:
		return id, true
	case *plan.Filter:
		if !hasWindow(n) {
			return stored(n.In, id)
		}
	case *plan.Project:
		if hasWindow(n) {
			return 0, false
		}
		for _, it := range n.Items {
			if ref, ok := it.Expr.(plan.ColRef); ok && it.Col.ID == id {
				return stored(n.In, ref.ID)
			}
		}
	}
	return 0, false
}

// under adds a condition to those above a node: what each of its parts that must all
// hold reads.
func (k known) under(cond plan.Expr) known {
	k.above = k.above[:len(k.above):len(k.above)]
	plan.EachConjunct(cond, func(part plan.Expr) { k.above = append(k.above, columnsOf(part)) })
	return k
}

func columnsOf(e plan.Expr) (cols []plan.ID) {
	plan.WalkExpr(e, func(e plan.Expr) {
		if ref, ok := e.(plan.ColRef); ok && !slices.Contains(cols, ref.ID) {
			cols = append(cols, ref.ID)
		}
	}, nil)
	return cols
}

// through is what is known below computed columns: the conditions above read what these
// are computed of.
func (k known) through(items []plan.Item) known {
	above := make([][]plan.ID, len(k.above))
	for i, cols := range k.above {
		for _, id := range cols {
			reads := []plan.ID{id}
			for _, it := range items {
				if it.Col.ID == id {
					reads = columnsOf(it.Expr)
				}
			}
			for _, id := range reads {
				if !slices.Contains(above[i], id) {
					above[i] = append(above[i], id)
				}
			}
		}
	}
	k.above = above
	return k
}
