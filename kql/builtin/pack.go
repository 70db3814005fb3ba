package builtin

import (
	"math"
	"strconv"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// PackValueRow makes any scalar a dynamic value, as an element of an array would be.
const PackValueRow = ".pack"

// packRows convert scalars to dynamic. Unlike todynamic(), a string stays a string.
var packRows = []Row{
	{Sig: ".pack(value: dynamic) -> dynamic", Doc: "A dynamic value as it is.",
		Lower: lowerPack, Go: func(_ *Env, a []types.Value) types.Value { return a[0] }},
	packRow("string|guid|decimal", types.String),
	packRow("datetime", types.Datetime),
	packRow("timespan", types.Timespan),
	packRow("scalar", types.Long),
}

func packRow(accepts string, t types.Type) Row {
	return Row{Sig: ".pack(value: " + accepts + ") -> dynamic", Doc: "A value as an element of an array.",
		Lower: lowerPack,
		Go:    func(_ *Env, a []types.Value) types.Value { return types.DynOf(t, a[0]).Value() }}
}

func lowerPack(l *Lowering) (sqlx.Expr, error) {
	if l.Args[0].Type == types.Real {
		return packSQL(types.Real, l.once(0)), nil
	}
	return packSQL(l.Args[0].Type, l.Args[0].SQL), nil
}

// packSQL is the JSON text of a value of type t, NULL for null. x is written twice
// for reals.
func packSQL(t types.Type, x sqlx.Expr) sqlx.Expr {
	quoted := func(x sqlx.Expr) sqlx.Expr { return sqlx.Infix("||", sqlx.String(`"`), x, sqlx.String(`"`)) }
	switch t {
	case types.Dynamic:
		return x
	case types.String:
		return varchar(sqlx.Call("to_json", x))
	case types.Datetime:
		return quoted(datetimeSQL(x))
	case types.Timespan:
		return quoted(timespanSQL(x))
	case types.Guid:
		return quoted(x)
	case types.Decimal:
		return quoted(decimalSQL(x))
	case types.Real:
		return sqlx.Case{When: []sqlx.When{
			{Cond: sqlx.Call("isfinite", x), Then: varchar(sqlx.Call("to_json", x))},
			{Cond: sqlx.Call("isnan", x), Then: sqlx.String(`"NaN"`)},
			{Cond: sqlx.Infix(">", x, sqlx.Double(0)), Then: sqlx.String(`"Infinity"`)},
			{Cond: sqlx.Infix("<", x, sqlx.Double(0)), Then: sqlx.String(`"-Infinity"`)},
		}}
	}
	return varchar(x)
}

// elementSQL is packSQL with "null" for null, as inside an array or a bag.
func elementSQL(t types.Type, x sqlx.Expr) sqlx.Expr {
	return sqlx.Call("coalesce", packSQL(t, x), sqlx.String("null"))
}

func varchar(x sqlx.Expr) sqlx.Expr { return sqlx.Cast{X: x, Type: "VARCHAR"} }
func bigint(x sqlx.Expr) sqlx.Expr  { return sqlx.Cast{X: x, Type: "BIGINT"} }
func double(x sqlx.Expr) sqlx.Expr  { return sqlx.Cast{X: x, Type: "DOUBLE"} }

// glue is texts one after another, none of which is NULL. The operator || would copy all
// that stands before it for each part: the square of the length for a bag of many keys.
func glue(texts ...sqlx.Expr) sqlx.Expr { return sqlx.Call("concat", texts...) }

// lambda applies f to every element of a SQL list.
func lambda(list sqlx.Expr, f func(x sqlx.Expr) sqlx.Expr) sqlx.Expr {
	return sqlx.Call("list_transform", list, sqlx.Raw("lambda q: "+sqlx.Text(f(sqlx.Raw("q")))))
}

// bracket makes JSON text of a SQL list of JSON texts.
func bracket(list sqlx.Expr) sqlx.Expr {
	return sqlx.Infix("||", sqlx.String("["), sqlx.Call("array_to_string", list, sqlx.String(",")), sqlx.String("]"))
}

// decimalSQL prints DECIMAL(38,18) without the zeros at its end.
func decimalSQL(x sqlx.Expr) sqlx.Expr {
	return sqlx.Call("rtrim", sqlx.Call("rtrim", varchar(sqlx.Cast{X: x, Type: "DECIMAL(38,18)"}), sqlx.String("0")), sqlx.String("."))
}

// timestampOf is the TIMESTAMP of ticks, whole microseconds. The sub-microsecond
// digit goes first, since the division would round it wrongly before 1970.
func timestampOf(t sqlx.Expr) sqlx.Expr {
	return sqlx.Call("make_timestamp", sqlx.Infix("//", sqlx.Infix("-", t, sqlx.Infix("%", t, sqlx.BigInt(10)), sqlx.BigInt(types.UnixEpoch)), sqlx.BigInt(10)))
}

// datetimeSQL is the ISO text of ticks: seven digits and Z.
func datetimeSQL(t sqlx.Expr) sqlx.Expr {
	return sqlx.Infix("||", sqlx.Call("strftime", timestampOf(t), sqlx.String("%Y-%m-%dT%H:%M:%S.%f")), varchar(sqlx.Infix("%", t, sqlx.BigInt(10))), sqlx.String("Z"))
}

// timespanSQL is [-][d.]hh:mm:ss[.fffffff] of ticks.
func timespanSQL(t sqlx.Expr) sqlx.Expr {
	// As HUGEINT, so that the most negative timespan has an absolute value.
	abs := sqlx.Call("abs", sqlx.Cast{X: t, Type: "HUGEINT"})
	part := func(unit, mod int64) sqlx.Expr {
		return sqlx.Infix("%", sqlx.Infix("//", abs, sqlx.BigInt(unit)), sqlx.BigInt(mod))
	}
	days := sqlx.Infix("//", abs, sqlx.BigInt(types.Day))
	frac := sqlx.Infix("%", abs, sqlx.BigInt(types.Second))
	two := func(e sqlx.Expr) sqlx.Expr { return padded(e, 2) }
	none := sqlx.String("")
	return sqlx.Infix("||",
		sqlx.Case{When: []sqlx.When{{Cond: sqlx.Infix("<", t, sqlx.BigInt(0)), Then: sqlx.String("-")}}, Else: none},
		sqlx.Case{When: []sqlx.When{{Cond: sqlx.Infix(">", days, sqlx.BigInt(0)), Then: sqlx.Infix("||", varchar(days), sqlx.String("."))}}, Else: none},
		two(part(types.Hour, 24)), sqlx.String(":"), two(part(types.Minute, 60)), sqlx.String(":"),
		// the seconds of a null are null, and so is the whole
		two(part(types.Second, 60)),
		sqlx.Case{When: []sqlx.When{{Cond: sqlx.Infix(">", frac, sqlx.BigInt(0)), Then: sqlx.Infix("||", sqlx.String("."), padded(frac, 7))}}, Else: none})
}

// padded is a non-negative number with zeros before it.
func padded(e sqlx.Expr, width int) sqlx.Expr {
	text := varchar(e)
	if width == 2 {
		return sqlx.Call("lpad", text, sqlx.Raw("2"), sqlx.String("0"))
	}
	return sqlx.Call("right", sqlx.Infix("||", sqlx.String(strings.Repeat("0", width)), text), sqlx.Raw(itoa(width)))
}

// wrap64 is a HUGEINT as BIGINT, wrapped around as Kusto's long arithmetic is.
func wrap64(x sqlx.Expr) sqlx.Expr {
	const two64 = sqlx.Raw("CAST('18446744073709551616' AS HUGEINT)")
	const two63 = sqlx.Raw("CAST('9223372036854775808' AS HUGEINT)")
	mod := sqlx.Infix("%", sqlx.Infix("+", sqlx.Infix("%", sqlx.Infix("+", x, two63), two64), two64), two64)
	return sqlx.Call("coalesce", sqlx.Cast{X: x, Type: "BIGINT", Try: true}, bigint(sqlx.Infix("-", mod, two63)))
}

func itoa(n int) string { return strconv.Itoa(n) }

// nanSQL is the real NaN.
var nanSQL = sqlx.Double(math.NaN())
