package sqlgen

import (
	"slices"
	"strconv"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// fewestKeys is how many keys of one dynamic column are worth one reading of all: with
// two, making the list costs what the second reading does.
const fewestKeys = 3

// jsonKeys has the texts of several keys of one dynamic column read in one pass over its
// JSON: a list of paths in the place of a path for each.
//
// Only columns that are dynamic are read so. Other text may be no JSON, which the
// extraction refuses; it stands under a condition that must be asked first.
func (x *exprs) jsonKeys(in plan.Node, items []sqlx.Expr) {
	paths := map[sqlx.Expr][]string{} // of each column, quoted
	for _, e := range items {
		sqlx.Walk(e, func(e sqlx.Expr) {
			if col, path, ok := extraction(e); ok && !slices.Contains(paths[col], path) {
				paths[col] = append(paths[col], path)
			}
		})
	}
	worth := false
	for _, p := range paths {
		worth = worth || len(p) >= fewestKeys
	}
	if !worth {
		return
	}
	dynamic := map[sqlx.Expr]bool{}
	for _, c := range in.Out() {
		if c.Type == types.Dynamic {
			dynamic[sqlx.Raw(column(c.ID))] = true
		}
	}
	lists := map[sqlx.Expr]sqlx.Expr{}
	for i, e := range items {
		items[i] = sqlx.Map(e, func(e sqlx.Expr) sqlx.Expr {
			col, path, ok := extraction(e)
			if !ok || !dynamic[col] || len(paths[col]) < fewestKeys {
				return e
			}
			if lists[col] == nil {
				lists[col] = x.hoist(sqlx.Call("json_extract_string", col, sqlx.Raw("["+strings.Join(paths[col], ", ")+"]")))
			}
			return sqlx.Raw(sqlx.Text(lists[col]) + "[" + strconv.Itoa(1+slices.Index(paths[col], path)) + "]")
		})
	}
}

// extraction recognises the text of one key.
func extraction(e sqlx.Expr) (col sqlx.Expr, path string, ok bool) {
	f, ok := e.(sqlx.Func)
	if !ok || f.Name != "json_extract_string" || len(f.Args) != 2 {
		return nil, "", false
	}
	base, ok1 := f.Args[0].(sqlx.Raw)
	lit, ok2 := f.Args[1].(sqlx.Raw)
	if !ok1 || !ok2 || !strings.HasPrefix(string(lit), "'$.") {
		return nil, "", false
	}
	return base, string(lit), true
}
