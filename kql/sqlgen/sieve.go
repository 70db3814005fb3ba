package sqlgen

import (
	"strings"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// Conditions are conditions on the rows of one table, all of which must hold.
type Conditions []plan.Expr

// Count makes the query that counts, in one pass over a table, for how many rows each
// of several conditions hold. The conditions speak of the columns of scan.
func Count(scan *plan.Scan, sets []Conditions) (*Program, error) {
	return generate(Native, func(g *generator) {
		x := g.exprs()
		items := make([]string, len(sets))
		for i, set := range sets {
			// A select list computes all parts of an AND, a CASE only what it must.
			items[i] = "count(CASE WHEN " + x.all(set) + " THEN 1 END)"
			g.prog.Cols = append(g.prog.Cols, plan.Col{ID: plan.ID(i + 1), Type: types.Long})
		}
		q := x.over(g.scan(scan))
		q.items = items
		g.prog.SQL = q.sql()
	})
}

// Select makes the query for the rows of a table for which any of several conditions
// hold, in the order of the table. Its columns are called as in the table.
func Select(scan *plan.Scan, sets []Conditions) (*Program, error) {
	return generate(Native, func(g *generator) {
		x := g.exprs()
		any := make([]string, len(sets))
		for i, set := range sets {
			any[i] = x.all(set)
		}
		q := x.over(g.scan(scan))
		for i, c := range scan.Cols {
			q.items = append(q.items, column(c.ID)+" AS "+scan.Source[i])
		}
		q.where = append(q.where, "("+strings.Join(any, " OR ")+")")
		g.prog.Cols, g.prog.SQL = scan.Cols, q.sql()
	})
}

// all is the SQL condition that every one of a set holds.
func (x *exprs) all(set Conditions) string {
	parts := make([]string, len(set))
	for i, e := range set {
		parts[i] = "(" + sqlx.Text(x.lower(e, true)) + ")"
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}
