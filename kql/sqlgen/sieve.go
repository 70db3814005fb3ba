package sqlgen

import (
	"slices"
	"strconv"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// Conditions are conditions on the rows of one table, all of which must hold.
type Conditions []plan.Expr

// Marked are conditions on rows that have a mark, where there is one.
type Marked struct {
	Conditions
	Mark string // see plan.Scan
}

// Count makes the query that counts, in one pass over a table, for how many rows each
// of several conditions hold. The conditions speak of the columns of scan.
func Count(scan *plan.Scan, sets []Marked) (*Program, error) {
	return generate(Native, func(g *generator) {
		x := g.exprs()
		read := *scan
		var items items
		for i, set := range sets {
			// A select list computes all parts of an AND, a CASE only what it must.
			one := "CASE WHEN " + x.all(set.Conditions) + " THEN 1 END"
			if set.Mark != "" {
				c := g.newColumn()
				read.Cols, read.Source = append(slices.Clip(read.Cols), c), append(slices.Clip(read.Source), set.Mark)
				one = "CASE WHEN " + marked(column(c.ID)) + " THEN " + one + " END"
			}
			items.add("count(", one, ")")
			g.prog.Cols = append(g.prog.Cols, plan.Col{ID: plan.ID(i + 1), Type: types.Long})
		}
		q := x.over(g.scan(&read))
		q.items = items.list()
		g.prog.SQL = q.sql()
	})
}

// Codes makes the query that reads a table, function(text, key) in the place of each column
// that has a key, and after the columns the engine's own number of each row.
func Codes(scan *plan.Scan, function string, keys map[plan.ID]int64) (*Program, error) {
	return generate(Native, func(g *generator) {
		var items items
		for i, c := range scan.Cols {
			if key, ok := keys[c.ID]; ok {
				c.Type = types.Long
				items.add(function, "(", scan.Source[i], ", ", string(sqlx.BigInt(key)), ")")
			} else {
				items.add(scan.Source[i])
			}
			g.prog.Cols = append(g.prog.Cols, c)
		}
		items.add("rowid")
		g.prog.Cols = append(g.prog.Cols, plan.Col{Name: "rowid", Type: types.Long})
		g.prog.SQL = "SELECT " + items.list().sql + " FROM " + scan.Table
	})
}

// BitsOfMarks are the marks in one number, which stays positive.
const BitsOfMarks = 62

// Select makes the query for the rows of a table whose rowid is in column c0 of the table
// rows, in the order of the table. Its columns are called as those of a stored table: first
// those of scan, then so many marks, which are bits of the further columns of rows.
func Select(scan *plan.Scan, rows string, marks int) (*Program, error) {
	return generate(Native, func(g *generator) {
		g.prog.Cols = scan.Cols
		var items items
		for i, s := range scan.Source {
			items.add("t.", s, " AS ", plan.StoredColumn(i))
		}
		for i := range marks {
			items.add("CAST(r.", plan.StoredColumn(1+i/BitsOfMarks), " >> ", strconv.Itoa(i%BitsOfMarks), " & 1 AS UTINYINT) AS ", plan.StoredColumn(len(scan.Source)+i))
		}
		g.prog.SQL = "SELECT " + items.list().sql + " FROM " + scan.Table + " AS t JOIN " + rows + " AS r ON t.rowid = r.c0 ORDER BY t.rowid"
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
