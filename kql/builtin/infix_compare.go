package builtin

import (
	"math"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// comparable are the types that == and != take on both sides; ordered are those of
// < <= > >= and between. Numbers stand in the order long, decimal, real.
var (
	comparableTypes = []types.Type{types.Long, types.Decimal, types.Real, types.String, types.Datetime, types.Timespan, types.Bool, types.Guid}
	orderedTypes    = []types.Type{types.Long, types.Decimal, types.Real, types.Datetime, types.Timespan, types.Bool}
)

// sample holds a smaller and a larger value of each type for examples.
var sample = map[types.Type][2]string{
	types.Long:     {"1", "2"},
	types.Decimal:  {"decimal(1.5)", "decimal(2.5)"},
	types.Real:     {"1.5", "2.5"},
	types.String:   {`"a"`, `"b"`},
	types.Datetime: {"datetime(2020-01-01)", "datetime(2021-01-01)"},
	types.Timespan: {"1h", "1d"},
	types.Bool:     {"false", "true"},
	types.Guid:     {"guid(00000000-0000-0000-0000-000000000001)", "guid(00000000-0000-0000-0000-000000000002)"},
}

const (
	noDynamicCompare = "!dynamic values cannot be compared with each other: convert one, as with tostring(), tolong() or todatetime()"
	noStringOrder    = "!strings have no order here: use strcmp(a, b) < 0"
)

// comparisonRows makes the rows of == != < <= > >= for every type.
//
// Null rules (docs/semantics.md, section 3): one null makes == false and != true, two
// make both null; an ordering with a null is null. NaN equals nothing and has no order.
func comparisonRows() []Row {
	var rows []Row
	for _, t := range comparableTypes {
		n, s := t.String(), sample[t]
		rows = append(rows,
			Row{Sig: "==(left: " + n + ", right: " + n + ") -> bool", Kind: Infix, Doc: "True when both values are equal; false when one is null, null when both are.",
				Lower: lowerEqual(false), Go: goEqual(t, false), Examples: []Example{{s[0] + " == " + s[0], "true"}, {s[0] + " == " + s[1], "false"}}},
			Row{Sig: "!=(left: " + n + ", right: " + n + ") -> bool", Kind: Infix, Doc: "True when the values differ; true when one is null, null when both are.",
				Lower: lowerEqual(true), Go: goEqual(t, true), Examples: []Example{{s[0] + " != " + s[0], "false"}, {s[0] + " != " + s[1], "true"}}})
	}
	for _, op := range []string{"==", "!="} {
		not := op == "!="
		rows = append(rows,
			Row{Sig: op + "(left: bool, right: long) -> bool", Kind: Infix, Doc: "Compares a bool with 0 or 1.", Lower: lowerBoolNumber(0, not), Go: goBoolNumber(not),
				Examples: []Example{{"true " + op + " 1", boolText(!not)}}},
			Row{Sig: op + "(left: long, right: bool) -> bool", Kind: Infix, Doc: "Compares a bool with 0 or 1.", Lower: lowerBoolNumber(1, not), Go: goBoolNumber(not),
				Examples: []Example{{"0 " + op + " true", boolText(not)}}},
			Row{Sig: op + "(left: guid, right: string) -> bool", Kind: Infix, Doc: "Compares a guid with a text.", Lower: lowerGuidText(1, not), Go: goGuidText(1, not),
				Examples: []Example{{`guid(74be27de-1e4e-49d9-b579-fe0b331d3642) ` + op + ` "74BE27DE-1E4E-49D9-B579-FE0B331D3642"`, boolText(!not)}}},
			Row{Sig: op + "(left: string, right: guid) -> bool", Kind: Infix, Doc: "Compares a guid with a text.", Lower: lowerGuidText(0, not), Go: goGuidText(0, not),
				Examples: []Example{{`"x" ` + op + ` guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`, boolText(not)}}},
			Row{Sig: op + "(left: dynamic, right: dynamic) -> bool", Kind: Infix, Doc: "Dynamic values cannot be compared: one side must be converted.",
				Unsupported: noDynamicCompare[1:], Check: refuse(noDynamicCompare)})
	}
	for _, op := range []string{"<", "<=", ">", ">="} {
		for _, t := range orderedTypes {
			n, s := t.String(), sample[t]
			rows = append(rows, Row{Sig: op + "(left: " + n + ", right: " + n + ") -> bool", Kind: Infix, Sem: Strict, Doc: "Compares by order; null when one is null.",
				Lower: lowerOrder(op), Go: goOrder(t, op), Examples: []Example{{s[0] + " " + op + " " + s[1], boolText(op[0] == '<')}, {s[0] + " " + op + " " + s[0], boolText(len(op) == 2)}}})
		}
		rows = append(rows,
			Row{Sig: op + "(left: string, right: string) -> bool", Kind: Infix, Doc: "Strings have no order: strcmp() compares them.", Unsupported: noStringOrder[1:], Check: refuse(noStringOrder)},
			Row{Sig: op + "(left: dynamic, right: dynamic) -> bool", Kind: Infix, Doc: "Dynamic values cannot be compared: one side must be converted.",
				Unsupported: noDynamicCompare[1:], Check: refuse(noDynamicCompare)})
	}
	return rows
}

func refuse(message string) func([]Arg) (int, string) {
	return func([]Arg) (int, string) { return 0, message }
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// compare orders two values of a type that are not null; ok is false with a NaN.
func compare(t types.Type, x, y types.Value) (order int, ok bool) {
	switch x := x.(type) {
	case int64:
		return sign(x < y.(int64), x > y.(int64)), true
	case float64:
		y := y.(float64)
		return sign(x < y, x > y), !math.IsNaN(x) && !math.IsNaN(y)
	case bool:
		return sign(!x && y.(bool), x && !y.(bool)), true
	case string:
		if t == types.Decimal {
			return compareDecimals(x, y.(string)), true
		}
		return strings.Compare(x, y.(string)), true
	}
	return 0, false
}

func sign(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

func goEqual(t types.Type, not bool) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		if a[0] == nil || a[1] == nil {
			if a[0] == nil && a[1] == nil {
				return nil
			}
			return not
		}
		order, ok := compare(t, a[0], a[1])
		return (ok && order == 0) != not
	}
}

func goOrder(t types.Type, op string) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		order, ok := compare(t, a[0], a[1])
		if !ok {
			return false
		}
		switch op {
		case "<":
			return order < 0
		case "<=":
			return order <= 0
		case ">":
			return order > 0
		}
		return order >= 0
	}
}

// maybeNaN reports an argument that may be NaN.
func (l *Lowering) maybeNaN(i int) bool {
	a := l.Args[i]
	if f, ok := a.Value.(float64); ok && a.Const {
		return math.IsNaN(f)
	}
	return !a.Const && a.Type == types.Real
}

func isNaN(x sqlx.Expr) sqlx.Expr { return sqlx.Call("isnan", x) }

func lowerEqual(not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) { return equal(l, l.sql(0), l.sql(1), not), nil }
}

// equal compares the two arguments of l, given in the forms a and b.
func equal(l *Lowering, a, b sqlx.Expr, not bool) sqlx.Expr {
	textual := l.Args[0].Type == types.String && l.Args[1].Type == types.String // never null
	constant := l.Args[0].Const && l.Args[0].Value != nil || l.Args[1].Const && l.Args[1].Value != nil
	switch {
	case textual:
		return sqlx.Infix(equalSign(not), a, b)
	case l.maybeNaN(0) && l.maybeNaN(1): // NaN = NaN is true in DuckDB
		a, b = l.Hoist(a), l.Hoist(b)
		e := sqlx.And(sqlx.Infix("IS NOT DISTINCT FROM", a, b), sqlx.Prefix{Op: "NOT", X: isNaN(a)})
		if not {
			e = sqlx.Prefix{Op: "NOT", X: e}
		}
		return when(sqlx.And(sqlx.IsNull(a), sqlx.IsNull(b)), sqlx.Null, e)
	case l.Filter && !not:
		return sqlx.Infix("=", a, b)
	case l.Filter:
		return sqlx.Infix("IS DISTINCT FROM", a, b)
	case constant:
		return sqlx.Call("coalesce", sqlx.Infix(equalSign(not), a, b), sqlx.Bool(not))
	}
	a, b = l.Hoist(a), l.Hoist(b)
	op := "IS NOT DISTINCT FROM"
	if not {
		op = "IS DISTINCT FROM"
	}
	return when(sqlx.And(sqlx.IsNull(a), sqlx.IsNull(b)), sqlx.Null, sqlx.Infix(op, a, b))
}

func equalSign(not bool) string {
	if not {
		return "<>"
	}
	return "="
}

// lowerOrder guards against NaN, which DuckDB puts above every number.
func lowerOrder(op string) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		big := 0 // the side that NaN would win on
		if op[0] == '<' {
			big = 1
		}
		x := []sqlx.Expr{l.sql(0), l.sql(1)}
		if !l.maybeNaN(big) {
			return sqlx.Infix(op, x[0], x[1]), nil
		}
		x[big] = l.once(big)
		number := sqlx.Expr(sqlx.Prefix{Op: "NOT", X: isNaN(x[big])})
		if small := 1 - big; !l.Filter && !l.Args[small].Const { // NaN > null is null, not false
			x[small] = l.once(small)
			number = sqlx.Infix("OR", number, sqlx.IsNull(x[small]))
		}
		return sqlx.And(sqlx.Infix(op, x[0], x[1]), number), nil
	}
}

// A bool stands for 0 or 1 beside a number.
func lowerBoolNumber(boolean int, not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		x := []sqlx.Expr{l.sql(0), l.sql(1)}
		x[boolean] = sqlx.Cast{X: x[boolean], Type: "BIGINT"}
		return equal(l, x[0], x[1], not), nil
	}
}

func goBoolNumber(not bool) func(*Env, []types.Value) types.Value {
	eq := goEqual(types.Long, not)
	number := func(v types.Value) types.Value {
		if b, ok := v.(bool); ok {
			if b {
				return int64(1)
			}
			return int64(0)
		}
		return v
	}
	return func(e *Env, a []types.Value) types.Value { return eq(e, []types.Value{number(a[0]), number(a[1])}) }
}

// A guid and a text are compared in lower case.
func lowerGuidText(text int, not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		x := []sqlx.Expr{l.sql(0), l.sql(1)}
		if v, ok := l.Args[text].Value.(string); ok && l.Args[text].Const {
			x[text] = sqlx.String(strings.ToLower(v))
		} else {
			x[text] = sqlx.Call("lower", x[text])
		}
		return equal(l, x[0], x[1], not), nil
	}
}

func goGuidText(text int, not bool) func(*Env, []types.Value) types.Value {
	eq := goEqual(types.Guid, not)
	return func(e *Env, a []types.Value) types.Value {
		x := []types.Value{a[0], a[1]}
		x[text] = strings.ToLower(x[text].(string))
		return eq(e, x)
	}
}

// betweenRows are x between (low .. high) and its negation, ends included. For a
// datetime the high end may be a timespan, counted from the low one.
func betweenRows() []Row {
	var rows []Row
	for _, op := range []string{"between", "!between"} {
		not := op[0] == '!'
		for _, t := range orderedTypes[:5] {
			n, s := t.String(), sample[t]
			rows = append(rows, Row{Sig: op + "(value: " + n + ", low: " + n + ", high: " + n + ") -> bool", Kind: Infix,
				Doc:   "Whether a value lies in a range, ends included; \"!\" negates.",
				Lower: lowerBetween(not), Go: goBetween(t, not),
				Examples: []Example{{s[1] + " " + op + " (" + s[0] + " .. " + s[1] + ")", boolText(!not)}}})
		}
		rows = append(rows, Row{Sig: op + "(value: datetime, low: datetime, high: timespan) -> bool", Kind: Infix,
			Doc:   "Whether a time lies in a range that starts at low and lasts high; \"!\" negates.",
			Lower: lowerBetween(not),
			Go: func(e *Env, a []types.Value) types.Value {
				low, ok1 := a[1].(int64)
				span, ok2 := a[2].(int64)
				if !ok1 || !ok2 {
					return goBetween(types.Datetime, not)(e, []types.Value{a[0], a[1], nil})
				}
				return goBetween(types.Datetime, not)(e, []types.Value{a[0], low, shift(low, span)})
			},
			Examples: []Example{{"datetime(2020-01-05) " + op + " (datetime(2020-01-01) .. 7d)", boolText(!not)}}})
	}
	return rows
}

func goBetween(t types.Type, not bool) func(*Env, []types.Value) types.Value {
	from, to := goOrder(t, ">="), goOrder(t, "<=")
	ordered := func(f func(*Env, []types.Value) types.Value, x, y types.Value) types.Value {
		if x == nil || y == nil {
			return nil
		}
		return f(nil, []types.Value{x, y})
	}
	return func(_ *Env, a []types.Value) types.Value {
		if x, ok := a[0].(float64); ok && math.IsNaN(x) {
			return not // NaN is in no range, of whatever ends
		}
		lo, hi := ordered(from, a[0], a[1]), ordered(to, a[0], a[2])
		switch {
		case lo == false || hi == false:
			return not
		case lo == nil || hi == nil:
			return nil
		}
		return !not
	}
}

func lowerBetween(not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		x, low, high := l.sql(0), l.sql(1), l.sql(2)
		if l.Args[0].Type == types.Datetime && l.Args[2].Type == types.Timespan {
			end := Lowering{Row: l.Row, Args: l.Args[1:], Hoist: l.Hoist}
			from, ok1 := l.constant(1)
			span, ok2 := l.constant(2)
			if ok1 && ok2 {
				high = literalOrNull(types.Datetime, shift(from, span))
			} else {
				low = l.once(1)
				end.Args = []Arg{{Type: types.Datetime, SQL: low, Const: ok1, Value: l.Args[1].Value}, l.Args[2]}
				high = shifted(&end, 0, 1, 1)
			}
		}
		exact := not || !l.Filter // null and false must be told apart
		nan := l.Args[0].Type == types.Real && (l.maybeNaN(2) || l.maybeNaN(0) && exact)
		if nan {
			x, high = l.once(0), l.once(2)
		}
		e := sqlx.Expr(sqlx.Parts{x, " BETWEEN ", low, " AND ", high})
		if nan {
			e = sqlx.And(l.betweenNumbers(e, x, high, exact)...)
		}
		if not {
			e = sqlx.Prefix{Op: "NOT", X: e}
		}
		return e, nil
	}
}

// betweenNumbers adds to a BETWEEN of reals that NaN, the greatest number to DuckDB, is
// neither in a range nor the end of one.
func (l *Lowering) betweenNumbers(e, x, high sqlx.Expr, exact bool) []sqlx.Expr {
	all := []sqlx.Expr{e}
	if l.maybeNaN(2) {
		number := sqlx.Expr(sqlx.Prefix{Op: "NOT", X: isNaN(high)})
		if exact {
			number = sqlx.Infix("OR", number, sqlx.IsNull(x))
		}
		all = append(all, number)
	}
	if l.maybeNaN(0) && exact {
		all = append(all, sqlx.Prefix{Op: "NOT", X: isNaN(x)})
	}
	return all
}

// literalOrNull is literal for values that may be null.
func literalOrNull(t types.Type, v types.Value) sqlx.Expr {
	if v != nil {
		return literal(t, v)
	}
	return sqlx.Cast{X: sqlx.Null, Type: duckType(t)}
}

// duckType is the SQL type that values of a KQL type have.
func duckType(t types.Type) string {
	switch t {
	case types.Bool:
		return "BOOLEAN"
	case types.Int, types.Long, types.Datetime, types.Timespan:
		return "BIGINT"
	case types.Real:
		return "DOUBLE"
	case types.Decimal:
		return duckDecimal
	}
	return "VARCHAR"
}
