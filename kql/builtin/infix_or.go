package builtin

import (
	"slices"
	"strings"

	"quarry/kql/sqlx"
)

// lowerOr joins its operands. In a filter, where some of them are themselves several
// conditions, it asks them one after the other as a CASE: of an AND within an OR the engine
// changes the order as it goes, and tries dear tests first. What each operand asks of one
// column stands before the CASE as a condition of its own, which the engine takes down to
// the table and its zone maps.
func lowerOr(l *Lowering) (sqlx.Expr, error) {
	or, _ := chain("OR")(l)
	operands := or.(sqlx.Op).Args
	c := sqlx.Case{When: make([]sqlx.When, len(operands)), Else: sqlx.False}
	several := false
	for i, x := range operands {
		_, all := conditions(x)
		several = several || all
		c.When[i] = sqlx.When{Cond: x, Then: sqlx.True}
	}
	if !l.Filter || !several {
		return or, nil
	}
	return sqlx.And(append(common(operands), c)...), nil
}

// conditions are what must all hold for x; ok is false when that is x alone.
func conditions(x sqlx.Expr) (all []sqlx.Expr, ok bool) {
	if op, ok := x.(sqlx.Op); ok && op.Op == "AND" {
		return op.Args, true
	}
	return []sqlx.Expr{x}, false
}

// common are the conditions that follow for columns which each operand compares with
// constants.
func common(operands []sqlx.Expr) []sqlx.Expr {
	first, _ := conditions(operands[0])
	var out []sqlx.Expr
	seen := map[string]bool{}
	for _, x := range first {
		col := comparedColumn(x)
		if col == "" || seen[col] {
			continue
		}
		seen[col] = true
		each := make([]sqlx.Expr, 0, len(operands))
		for _, operand := range operands {
			all, _ := conditions(operand)
			var tests []sqlx.Expr
			for _, y := range all {
				if comparedColumn(y) == col {
					tests = append(tests, y)
				}
			}
			if len(tests) > 0 {
				each = append(each, sqlx.And(tests...))
			}
		}
		if len(each) == len(operands) {
			out = append(out, sqlx.Infix("OR", each...))
		}
	}
	return out
}

// comparedColumn is the column, or its lower case, that x compares with constants; "" where
// x is something else.
func comparedColumn(x sqlx.Expr) string {
	var args []sqlx.Expr
	switch x := x.(type) {
	case sqlx.Op:
		if slices.Contains([]string{"=", "<", "<=", ">", ">="}, x.Op) {
			args = x.Args
		}
	case sqlx.InList:
		if !x.Not {
			args = append(append(args, x.X), x.List...)
		}
	}
	col := ""
	for _, a := range args {
		if f, ok := a.(sqlx.Func); ok && f.Name == "lower" && len(f.Args) == 1 {
			a = f.Args[0]
		}
		switch r, ok := a.(sqlx.Raw); {
		case !ok:
			return ""
		case isConstant(r):
		case col != "":
			return ""
		default:
			col = string(r)
		}
	}
	return col
}

// isConstant reports SQL literals.
func isConstant(r sqlx.Raw) bool {
	c := r[0]
	return c == '\'' || c == '-' || c >= '0' && c <= '9' || strings.HasPrefix(string(r), "CAST(")
}
