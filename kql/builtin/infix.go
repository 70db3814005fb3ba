package builtin

import (
	"slices"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// infixRows are the operators written between or before their operands. The
// overloads of one operator stand in the order long, decimal, real: of equally good
// ones the first is taken, so int+int is long and real+decimal is decimal.
var infixRows = slices.Concat(arithmeticRows, comparisonRows(), logicRows, stringOperatorRows(), listOperatorRows(), betweenRows())

var logicRows = []Row{
	{Sig: "and(left: bool, right: bool) -> bool", Kind: Infix, Doc: "True when both are true; null when one is null and the other is not false.",
		Sem: Associative, Lower: chain("AND"),
		Go: func(_ *Env, a []types.Value) types.Value {
			switch {
			case a[0] == false || a[1] == false:
				return false
			case a[0] == nil || a[1] == nil:
				return nil
			}
			return true
		},
		Examples: []Example{{"true and false", "false"}, {"bool(null) and false", "false"}, {"bool(null) and true", "bool(null)"}}},
	{Sig: "or(left: bool, right: bool) -> bool", Kind: Infix, Doc: "True when one is true; null when one is null and the other is not true.",
		Sem: Associative, Lower: lowerOr,
		Go: func(_ *Env, a []types.Value) types.Value {
			switch {
			case a[0] == true || a[1] == true:
				return true
			case a[0] == nil || a[1] == nil:
				return nil
			}
			return false
		},
		Examples: []Example{{"true or false", "true"}, {"bool(null) or true", "true"}, {"bool(null) or false", "bool(null)"}}},
	{Sig: "not(expression: bool) -> bool", Doc: "The opposite of a bool; null for null.", Sem: Strict,
		Duck:     "NOT {expression}",
		Go:       func(_ *Env, a []types.Value) types.Value { return !a[0].(bool) },
		Examples: []Example{{"not(true)", "false"}, {"not(1 == 2)", "true"}, {"not(bool(null))", "bool(null)"}}},
}

// chain joins all arguments: the planner hands over whole chains of one operator.
func chain(op string) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		operands := make([]sqlx.Expr, len(l.Args))
		for i, a := range l.Args {
			operands[i] = a.SQL
		}
		return sqlx.Op{Op: op, Args: operands}, nil
	}
}

// try is TRY(x): NULL for the rows where x would raise an error.
func try(x sqlx.Expr) sqlx.Expr { return sqlx.Call("TRY", x) }

// when is CASE WHEN cond THEN then END, with ELSE when one is given.
func when(cond, then sqlx.Expr, or ...sqlx.Expr) sqlx.Expr {
	c := sqlx.Case{When: []sqlx.When{{Cond: cond, Then: then}}}
	if len(or) > 0 {
		c.Else = or[0]
	}
	return c
}

// once is the argument for a form that uses it more than once.
func (l *Lowering) once(i int) sqlx.Expr {
	if l.Args[i].Const {
		return l.Args[i].SQL
	}
	return l.Hoist(l.Args[i].SQL)
}

// apart is an argument for use inside TRY, which takes no scalar subquery and
// nothing volatile.
func (l *Lowering) apart(i int) sqlx.Expr {
	x := l.Args[i].SQL
	for _, refused := range []string{"(SELECT ", "random()", "uuid()"} {
		if strings.Contains(sqlx.Text(x), refused) {
			return l.Hoist(x)
		}
	}
	return x
}

// sql is the plain SQL form of an argument.
func (l *Lowering) sql(i int) sqlx.Expr { return l.Args[i].SQL }

// literal is the SQL literal of a constant of the given type; value is not null.
func literal(t types.Type, v types.Value) sqlx.Expr {
	switch v := v.(type) {
	case bool:
		return sqlx.Bool(v)
	case int64:
		return sqlx.BigInt(v)
	case float64:
		return sqlx.Double(v)
	case string:
		if t == types.Decimal {
			return sqlx.Cast{X: sqlx.String(v), Type: duckDecimal}
		}
		return sqlx.String(v)
	}
	return sqlx.Null
}

// duckDecimal is the SQL type of decimal.
const duckDecimal = "DECIMAL(38,18)"
