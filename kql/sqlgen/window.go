package sqlgen

import (
	"fmt"
	"math/bits"
	"strconv"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
)

// buckets cuts time into buckets longer than the window: a right-hand row lies in one
// bucket, a left-hand row looks into the one or two that its window touches.
func (g *generator) buckets(w *plan.Window, l, r *query, on []string) (*query, *query, []string) {
	l, r = l.open(), r.open()
	within(l, w.Left, w.Lefts)
	within(r, w.Right, w.Rights)
	if w.Low == w.High { // the times are a fixed distance apart
		return l, r, append(on, fmt.Sprintf("%s + %s = %s", column(w.Left), sqlx.BigInt(w.High), column(w.Right)))
	}
	left, right := g.name("w"), g.name("w")
	l.items = listed(l.star() + ", " + touched(w) + " AS " + left)
	r.items = listed(r.star() + ", " + bucket(w, column(w.Right), 0) + " AS " + right)
	return l, r, append(on, left+" = "+right)
}

// bucket is the number of the bucket that a time lies in. Buckets are a power of two long,
// which a shift finds without a division, and two to four windows, so that most windows
// touch only one.
func bucket(w *plan.Window, time string, by int64) string {
	if by != 0 {
		time = "(" + time + " + " + string(sqlx.BigInt(by)) + ")"
	}
	return "(" + time + " >> " + strconv.Itoa(bits.Len64(uint64(w.High-w.Low))+1) + ")"
}

// touched unnests the numbers of the buckets that a left-hand row's window touches.
func touched(w *plan.Window) string {
	first, last := bucket(w, column(w.Left), w.Low), bucket(w, column(w.Left), w.High)
	return fmt.Sprintf("unnest(CASE WHEN %[1]s = %[2]s THEN [%[1]s] ELSE [%[1]s, %[2]s] END)", first, last)
}

// leftFirst computes the left side of a join once, and has the right side's table read
// only near it: the times are looked up with one or two columns of the table, and the
// engine reads the other columns of the rows that were found.
func (g *generator) leftFirst(n *plan.Join) *query {
	def := g.first(n.L)
	if narrow, late := g.apart(n.L); narrow != nil {
		g.define(def, func() *query { return g.readLate(narrow, late, def.Cols) })
	}
	q := g.ref(&plan.Ref{Def: def, Cols: def.Cols})
	w := *n.Window
	if g.near == nil {
		g.near = map[plan.ID]func(table string, source map[plan.ID]string) string{}
	}
	g.near[w.Near.Time] = func(table string, source map[plan.ID]string) string {
		left, right := column(w.Left), source[w.Near.Time]
		rows, times := "rowid AS r, "+right+" AS t, "+bucket(&w, right, 0)+" AS b", left+" AS f, "+touched(&w)+" AS w"
		on := fmt.Sprintf("b = w AND t >= f + %s AND t <= f + %s", sqlx.BigInt(w.Low), sqlx.BigInt(w.High))
		if key, ok := source[w.Near.Key]; ok {
			rows, times, on = rows+", "+key+" AS k", times+", "+column(w.Near.Of)+" AS l", on+" AND k = l"
		}
		// The engine hands the rows found down to a scan only where a condition made them few.
		return fmt.Sprintf("rowid IN (SELECT r FROM (SELECT %s FROM %s) SEMI JOIN (SELECT %s FROM %s WHERE %s IS NOT NULL) ON %s)",
			rows, table, times, sharedName(def), left, on)
	}
	return q
}

// first is a node as a definition that is computed once, before what reads it.
func (g *generator) first(n plan.Node) *plan.Shared {
	g.firsts--
	return &plan.Shared{ID: g.firsts, Node: n, Cols: n.Out(), Once: true}
}

// within adds the constant ends of a time.
func within(q *query, id plan.ID, p plan.Period) {
	if p.From != plan.Always.From {
		q.where = append(q.where, column(id)+" >= "+string(sqlx.BigInt(p.From)))
	}
	if p.To != plan.Always.To {
		q.where = append(q.where, column(id)+" <= "+string(sqlx.BigInt(p.To)))
	}
}
