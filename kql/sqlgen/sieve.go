package sqlgen

import (
	"strconv"
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
		var items items
		for i, set := range sets {
			// A select list computes all parts of an AND, a CASE only what it must.
			items.add("count(CASE WHEN ", x.all(set), " THEN 1 END)")
			g.prog.Cols = append(g.prog.Cols, plan.Col{ID: plan.ID(i + 1), Type: types.Long})
		}
		q := x.over(g.scan(scan))
		q.items = items.list()
		g.prog.SQL = q.sql()
	})
}

// Select makes the query for the rows of a table whose rowid is in column c0 of the table
// rows, in the order of the table. Its columns are called as those of a stored table.
func Select(scan *plan.Scan, rows string) (*Program, error) {
	return generate(Native, func(g *generator) {
		g.prog.Cols = scan.Cols
		columns := make([]string, len(scan.Source))
		for i, s := range scan.Source {
			columns[i] = s + " AS c" + strconv.Itoa(i)
		}
		g.prog.SQL = "SELECT " + strings.Join(columns, ", ") + " FROM " + scan.Table + " WHERE rowid IN (SELECT c0 FROM " + rows + ") ORDER BY rowid"
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
