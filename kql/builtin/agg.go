package builtin

import (
	"math"
	"slices"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// aggRows are the aggregates with an exact SQL form. An aggregate and its "if" twin
// come from one lowering; the predicate is a FILTER.
var aggRows = aggregates(slices.Concat(
	[]Row{
		{Sig: "count(expr?: scalar) -> long", Doc: "The number of rows, also of those where expr is null.",
			ResultName: NamePrefixArg, Prefix: "count", Duck: "count(*)",
			Examples: []Example{{`range x from 1 to 4 step 1 | summarize count()`, `4`}}},
		{Sig: "cnt() -> long", Doc: "The old spelling of count.", Sem: Deprecated, ResultName: NamePrefixArg, Prefix: "cnt", Duck: "count(*)",
			Examples: []Example{{`range x from 1 to 4 step 1 | summarize cnt()`, `4`}}},
		{Sig: "countif(predicate: bool) -> long", Doc: "The number of rows where the predicate is true.",
			ResultName: NamePrefixArg, Prefix: "countif", Lower: func(l *Lowering) (sqlx.Expr, error) { return agg("count", l.Args[0].SQL, sqlx.Raw("*")), nil },
			Examples: []Example{{`range x from 1 to 4 step 1 | summarize countif(x > 1)`, `3`}}},
	},
	twins("sum", "expr: integer", "long", "The sum; 0 of nothing. It wraps around like all long arithmetic.", sumLong, `10`),
	twins("sum", "expr: real|decimal|timespan|datetime", "@0", "The sum; 0 of nothing.", sumOther, ""),
	twins("avg", "expr: integer", "real", "The average of the values that are not null; NaN of nothing.", avgReal, `2.5`),
	twins("avg", "expr: real", "real", "The average of the values that are not null; NaN of nothing.", avgReal, ""),
	twins("avg", "expr: decimal", "decimal", "The average of the values that are not null; null of nothing.", avgDecimal, ""),
	twins("avg", "expr: timespan|datetime", "@0", "The average of the values that are not null; null of nothing.", avgTicks, ""),
	twins("min", "expr: orderable", "@0", "The least value that is not null; NaN where there is one.", minOf, `1`),
	twins("max", "expr: orderable", "@0", "The greatest value that is not null; NaN where there is one.", maxOf, `4`),
	twins("stdev", "expr: summable", "real", "The standard deviation of a sample; 0 for fewer than two values.", root(spread("var_samp")), `1.2909944487487155`),
	twins("stdevp", "expr: summable", "real", "The standard deviation of a population; 0 of nothing.", root(spread("var_pop")), `1.118033988749895`),
	twins("variance", "expr: summable", "real", "The variance of a sample, to ten decimals; 0 for fewer than two values.", spread("var_samp"), `1.6666666667`),
	twins("variancep", "expr: summable", "real", "The variance of a population, to ten decimals; 0 of nothing.", spread("var_pop"), `1.25`),
	twins("count_distinct", "expr: nondynamic", "long", "The exact number of different values that are not null.", countDistinct, `4`),
	twins("take_any", "expr: scalar", "@0", "Some value of the group, one that is not null or empty where there is one.", takeAny, ""),
	[]Row{
		dcountRow("dcount(expr: scalar, accuracy?: const integer) -> long", "dcount", -1),
		dcountRow("dcountif(expr: scalar, predicate: bool, accuracy?: const integer) -> long", "dcountif", 1),
		covariance("covariance", "covar_samp", 0), covariance("covarianceif", "covar_samp", 1),
		covariance("covariancep", "covar_pop", 0), covariance("covariancepif", "covar_pop", 1),
		bitwise("binary_all_and", "bit_and", "The bitwise and of the values.", `0`),
		bitwise("binary_all_or", "bit_or", "The bitwise or of the values.", `7`),
		bitwise("binary_all_xor", "bit_xor", "The bitwise exclusive or of the values.", `4`),
		{Sig: "passthrough(expr: scalar) -> @0", Doc: "Some value of the group.", ResultName: NameFirstArg,
			Lower: func(l *Lowering) (sqlx.Expr, error) { return takeAny(l, l.Args[0].SQL, nil), nil }},

		{Sig: "take_any(expr...: scalar) -> dynamic", Doc: "The columns of some row of the group.", Special: AnyRow, Lower: lowerAnyRow},
		{Sig: "any(expr: scalar) -> @0", Doc: "The old spelling of take_any.", Special: AnyRow, Sem: Deprecated, ResultName: NamePrefixArg, Prefix: "any",
			Lower: func(l *Lowering) (sqlx.Expr, error) { return takeAny(l, l.Args[0].SQL, nil), nil }},
		{Sig: "any(expr...: scalar) -> dynamic", Doc: "The old spelling of take_any.", Special: AnyRow, Sem: Deprecated, Lower: lowerAnyRow},
		{Sig: "anyif(expr: scalar, predicate: bool) -> @0", Doc: "The old spelling of take_anyif.", Sem: Deprecated, ResultName: NamePrefixArg, Prefix: "anyif",
			Lower: func(l *Lowering) (sqlx.Expr, error) { return takeAny(l, l.Args[0].SQL, l.Args[1].SQL), nil }},
		argBest("arg_max", "arg_max", "The columns of the row where the first argument is greatest; rows where it is null count last."),
		argBest("arg_min", "arg_min", "The columns of the row where the first argument is least; rows where it is null count last."),
		deprecated(argBest("argmax", "arg_max", "The old spelling of arg_max.")),
		deprecated(argBest("argmin", "arg_min", "The old spelling of arg_min.")),
	},
))

// Field is the aggregate that gives one field of the struct that r gives: its arguments
// are the field and, for ArgBest, what is greatest or least. All fields of one group come
// from one row, since each aggregate compares the same values in the same order. nil
// when r has no such form.
func (r *Row) Field() *Row {
	switch {
	case r.Special == AnyRow:
		return firstField
	case r.Special == ArgBest && strings.HasSuffix(r.Name(), "max"):
		return maxField
	case r.Special == ArgBest:
		return minField
	}
	return nil
}

// ChoosesRow reports a row that Field gives: an aggregate whose value is that of its first
// argument in one row of the group.
func (r *Row) ChoosesRow() bool { return r == maxField || r == minField || r == firstField }

var (
	maxField   = fieldRow(".argmax(value: scalar, by: orderable) -> @0", "arg_max_nulls_last")
	minField   = fieldRow(".argmin(value: scalar, by: orderable) -> @0", "arg_min_nulls_last")
	firstField = fieldRow(".first(value: scalar) -> @0", "first")
)

func fieldRow(sig, fn string) *Row {
	r := row(sig, nil)
	r.Kind = Aggregate
	r.Lower = func(l *Lowering) (sqlx.Expr, error) {
		args := []sqlx.Expr{l.Args[0].SQL}
		if len(l.Args) > 1 {
			args = append(args, l.bestKey(fn == "arg_min_nulls_last", 1))
		}
		e := agg(fn, nil, args...)
		if l.Result == types.String {
			e = orElse(e, sqlx.String(""))
		}
		return e, nil
	}
	return r
}

// bestKey is what arg_max and arg_min compare. NaN is the least as well as the greatest;
// the engine puts it above all numbers.
func (l *Lowering) bestKey(least bool, arg int) sqlx.Expr {
	key := l.Args[arg].SQL
	if least && l.Args[arg].Type == types.Real {
		return when(sqlx.Call("isnan", key), sqlx.Double(math.Inf(-1)), key)
	}
	return key
}

// fieldRows take apart what ArgBest and AnyRow aggregates give.
var fieldRows = []Row{
	{Sig: ".field(row: scalar, position: const long) -> dynamic", Doc: "A field of a row that an aggregate chose.", Sem: 0,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			e := sqlx.Expr(sqlx.Call("struct_extract", l.Args[0].SQL, sqlx.String(fieldName(int(l.Args[1].Value.(int64))))))
			if l.Result == types.String { // no row at all: the empty string, not NULL
				e = sqlx.Call("coalesce", e, sqlx.String(""))
			}
			return e, nil
		}},
}

func fieldName(i int) string { return "f" + itoa(i) }

// aggregates marks rows as such.
func aggregates(rows []Row) []Row {
	for i := range rows {
		rows[i].Kind = Aggregate
	}
	return rows
}

func deprecated(r Row) Row {
	r.Sem |= Deprecated
	return r
}

// aggSQL makes the SQL of an aggregate of x over the rows where the predicate holds;
// filter is nil for all rows.
type aggSQL func(l *Lowering, x, filter sqlx.Expr) sqlx.Expr

// twins makes name(x) and nameif(x, predicate). want is name's result over 1, 2, 3, 4.
func twins(name, param, result, doc string, f aggSQL, want string) []Row {
	lower := func(l *Lowering) (sqlx.Expr, error) {
		var filter sqlx.Expr
		if len(l.Args) > 1 {
			filter = l.Args[1].SQL
		}
		return f(l, l.once(0), filter), nil
	}
	ifName, resultName := name+"if", NamePrefixArg
	if name == "take_any" {
		resultName = NameFirstArg
	}
	plain := Row{Sig: name + "(" + param + ") -> " + result, Doc: doc, ResultName: resultName, Prefix: name, Lower: lower}
	cond := Row{Sig: ifName + "(" + param + ", predicate: bool) -> " + result, Doc: doc + " Only rows where the predicate is true count.",
		ResultName: resultName, Prefix: ifName, Lower: lower}
	if name == "take_any" {
		plain.Special = AnyRow
	}
	if want != "" {
		plain.Examples = []Example{{"range x from 1 to 4 step 1 | summarize " + name + "(x)", want}}
		cond.Examples = []Example{{"range x from 1 to 9 step 1 | summarize " + ifName + "(x, x < 5)", want}}
	}
	return []Row{plain, cond}
}

// agg writes fn(args) [FILTER (WHERE filter)].
func agg(fn string, filter sqlx.Expr, args ...sqlx.Expr) sqlx.Expr {
	call := sqlx.Func{Name: fn, Args: args}
	if filter == nil {
		return call
	}
	return sqlx.Func{Args: []sqlx.Expr{sqlx.Parts{call, " FILTER (WHERE ", filter, ")"}}}
}

// both is the conjunction of two filters, either of which may be nil.
func both(a, b sqlx.Expr) sqlx.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return sqlx.And(a, b)
}

func orElse(x, otherwise sqlx.Expr) sqlx.Expr { return sqlx.Call("coalesce", x, otherwise) }

func sumLong(_ *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	return orElse(wrap64(agg("sum", filter, x)), sqlx.BigInt(0))
}

func sumOther(l *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	sum := agg("sum", filter, x)
	switch l.Args[0].Type {
	case types.Real:
		return orElse(sum, sqlx.Double(0))
	case types.Decimal:
		return sqlx.Cast{X: orElse(sum, sqlx.Raw("0")), Type: "DECIMAL(38,18)"}
	}
	return orElse(wrap64(sum), sqlx.BigInt(0))
}

func avgReal(_ *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	return orElse(agg("avg", filter, x), nanSQL)
}

func avgDecimal(_ *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	return sqlx.Cast{X: agg("avg", filter, x), Type: "DECIMAL(38,18)", Try: true}
}

// avgTicks is exact: a double has too few digits for ticks.
func avgTicks(_ *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	return bigint(sqlx.Infix("//", agg("sum", filter, x), agg("count", filter, x)))
}

func minOf(l *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	least := agg("min", filter, x)
	switch l.Args[0].Type {
	case types.Real: // the engine puts NaN above all numbers
		return sqlx.Case{When: []sqlx.When{{Cond: agg("bool_or", filter, sqlx.Call("isnan", x)), Then: nanSQL}}, Else: least}
	case types.String:
		return orElse(least, sqlx.String(""))
	}
	return least
}

func maxOf(l *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	if l.Args[0].Type == types.String {
		return orElse(agg("max", filter, x), sqlx.String(""))
	}
	return agg("max", filter, x)
}

// spread is a variance to ten decimals, as Kusto gives it. The engine fails where a
// square is too large for a real; such groups give NaN.
func spread(fn string) aggSQL {
	return func(_ *Lowering, x, filter sqlx.Expr) sqlx.Expr {
		x = double(x)
		small := sqlx.Infix("<", sqlx.Call("abs", x), sqlx.Double(1e150))
		return sqlx.Case{
			When: []sqlx.When{{Cond: agg("bool_or", filter, sqlx.Prefix{Op: "NOT", X: small}), Then: nanSQL}},
			Else: orElse(sqlx.Call("round", agg(fn, both(filter, small), x), sqlx.Raw("10")), sqlx.Double(0)),
		}
	}
}

func root(f aggSQL) aggSQL {
	return func(l *Lowering, x, filter sqlx.Expr) sqlx.Expr { return sqlx.Call("sqrt", f(l, x, filter)) }
}

func countDistinct(_ *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	return agg("count", filter, sqlx.Raw("DISTINCT "+sqlx.Text(x)))
}

func takeAny(l *Lowering, x, filter sqlx.Expr) sqlx.Expr {
	if l.Args[0].Type == types.String {
		return orElse(agg("any_value", filter, sqlx.Call("nullif", x, sqlx.String(""))), sqlx.String(""))
	}
	return agg("any_value", filter, x)
}

func dcountRow(sig, name string, pred int) Row {
	call, want := "dcount(x % 3)", `3`
	if pred >= 0 {
		call, want = "dcountif(x % 3, x > 2)", `2`
	}
	return Row{Sig: sig, ResultName: NamePrefixArg, Prefix: name,
		Doc: "The number of different values that are not null. Kusto estimates it; here it is exact, whatever the accuracy.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			var filter sqlx.Expr
			if pred >= 0 {
				filter = l.Args[pred].SQL
			}
			return countDistinct(l, l.Args[0].SQL, filter), nil
		},
		Examples: []Example{{"range x from 1 to 4 step 1 | summarize " + call, want}}}
}

func covariance(name, fn string, pred int) Row {
	sig, call := name+"(x: summable, y: summable) -> real", "range x from 1 to 4 step 1 | summarize "+name+"(x, x * 2)"
	if pred > 0 {
		sig, call = name+"(x: summable, y: summable, predicate: bool) -> real", "range x from 1 to 9 step 1 | summarize "+name+"(x, x * 2, x < 5)"
	}
	want := `3.3333333333`
	if fn == "covar_pop" {
		want = `2.5`
	}
	return Row{Sig: sig, ResultName: NameTwoArgs, Prefix: name,
		Doc: "The covariance of two expressions over the rows where both have a value, to ten decimals.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			var filter sqlx.Expr
			if pred > 0 {
				filter = l.Args[2].SQL
			}
			x, y := double(l.once(0)), double(l.once(1))
			small := sqlx.And(sqlx.Infix("<", sqlx.Call("abs", x), sqlx.Double(1e150)), sqlx.Infix("<", sqlx.Call("abs", y), sqlx.Double(1e150)))
			return sqlx.Case{
				When: []sqlx.When{{Cond: agg("bool_or", filter, sqlx.Prefix{Op: "NOT", X: small}), Then: nanSQL}},
				Else: orElse(sqlx.Call("round", agg(fn, both(filter, small), y, x), sqlx.Raw("10")), sqlx.Double(0)),
			}, nil
		},
		Examples: []Example{{call, want}}}
}

func bitwise(name, fn, doc, want string) Row {
	return Row{Sig: name + "(expr: integer) -> @0", Doc: doc, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			return bigint(agg(fn, nil, l.Args[0].SQL)), nil
		},
		Examples: []Example{{"range x from 1 to 4 step 1 | summarize " + name + "(x)", want}}}
}

// argBest makes a row that gives the struct of all its arguments in the best row.
// Where the first argument is null in the whole group, any row is the best.
func argBest(name, fn, doc string) Row {
	return Row{Sig: name + "(by: orderable, returned...: scalar) -> dynamic", Doc: doc, Special: ArgBest,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			row := l.rowStruct()
			return orElse(agg(fn, nil, row, l.bestKey(fn == "arg_min", 0)), l.first(row)), nil
		},
		Examples: []Example{{"range x from 1 to 4 step 1 | extend y = -x | summarize " + name + "(y, x)", map[string]string{"arg_max": `1`, "arg_min": `4`}[fn]}}}
}

// lowerAnyRow gives the struct of some row; a single column prefers a row that has it.
func lowerAnyRow(l *Lowering) (sqlx.Expr, error) {
	if len(l.Args) == 1 {
		l.Args[0].SQL = takeAny(l, l.Args[0].SQL, nil)
		return l.rowStruct(), nil
	}
	return l.first(l.rowStruct()), nil
}

// rowStruct is the struct of all arguments, its fields named f0, f1, ...
func (l *Lowering) rowStruct() sqlx.Expr {
	parts := sqlx.Parts{"struct_pack("}
	for i, a := range l.Args {
		if i > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, fieldName(i)+" := ", a.SQL)
	}
	return sqlx.Func{Args: []sqlx.Expr{append(parts, ")")}}
}

// first is the value of the first row.
func (l *Lowering) first(x sqlx.Expr) sqlx.Expr {
	if l.Order == nil {
		return agg("first", nil, x)
	}
	return sqlx.Func{Name: "first", Args: []sqlx.Expr{sqlx.Parts{x, " ORDER BY ", l.Order}}}
}
