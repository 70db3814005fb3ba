package builtin

import (
	"math"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// Convert names the row that converts between two types without being asked: a
// number to a wider one, a dynamic value to a scalar, a scalar to an element of a
// dynamic value. It is "" where there is no such row.
func Convert(from, to types.Type) string {
	switch to {
	case types.Bool:
		return "tobool"
	case types.Int:
		return "toint"
	case types.Long:
		return "tolong"
	case types.Real:
		return "todouble"
	case types.Decimal:
		return "todecimal"
	case types.String:
		return "tostring"
	case types.Datetime:
		return "todatetime"
	case types.Timespan:
		return "totimespan"
	case types.Guid:
		return "toguid"
	case types.Dynamic:
		return PackValueRow
	}
	return ""
}

// conversion is one target type: its functions and what they take. Long comes before
// real and decimal, so that an int is taken for a long and not for a real.
type conversion struct {
	names []string // the first is the usual one
	to    types.Type
	doc   string
	from  []source
}

// source is one type that a conversion takes: as SQL and in Go, for values that are
// not null. A nil SQL form runs the Go form.
type source struct {
	from     types.Type
	sql      func(l *Lowering, x sqlx.Expr) sqlx.Expr
	value    func(v types.Value) types.Value
	examples []Example
}

// convertRows are the conversions between types. Source of their rules:
// docs/semantics.md, section 5, and section 6 for times.
func convertRows() []Row {
	var rows []Row
	for _, c := range conversions() {
		for i, name := range c.names {
			for _, s := range c.from {
				r := Row{Sig: name + "(value: " + s.from.String() + ") -> " + c.to.String(), Doc: c.doc, ResultName: NameFirstArg,
					Sem: NullOnNull, Go: skipNull(c.to, s.value)}
				if i > 0 {
					r.Doc = "Another name of " + c.names[0] + "()."
				}
				for _, e := range s.examples {
					r.Examples = append(r.Examples, Example{strings.Replace(e.Call, c.names[0]+"(", name+"(", 1), e.Want})
				}
				if s.sql != nil {
					r.Sem = 0
					if c.to == types.String && s.from != types.String {
						r.Sem = EmptyOnNull
					}
					r.Lower = func(l *Lowering) (sqlx.Expr, error) { return s.sql(l, l.sql(0)), nil }
				}
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// skipNull keeps nulls from a Go form whose SQL form needs no guard against them.
func skipNull(to types.Type, f func(types.Value) types.Value) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		if a[0] == nil {
			if to == types.String {
				return ""
			}
			return nil
		}
		return f(a[0])
	}
}

func asIs(_ *Lowering, x sqlx.Expr) sqlx.Expr { return x }
func itself(v types.Value) types.Value        { return v }

// castTo is a CAST that cannot fail.
func castTo(sqlType string) func(*Lowering, sqlx.Expr) sqlx.Expr {
	return func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return sqlx.Cast{X: x, Type: sqlType} }
}

// integerShortcut converts texts that are written as an integer of at most so many digits
// is printed by a cast, and leaves the others to the Go form.
func integerShortcut(digits int) func(*Lowering, sqlx.Expr) sqlx.Expr {
	return func(l *Lowering, _ sqlx.Expr) sqlx.Expr {
		text, arg := l.digits()
		n := l.Hoist(sqlx.Cast{X: text, Type: "BIGINT", Try: true})
		printed := sqlx.Infix("=", varchar(n), text)
		if digits < 19 {
			most := int64(math.Pow10(digits)) - 1
			printed = sqlx.And(sqlx.Parts{n, " BETWEEN ", sqlx.BigInt(-most), " AND ", sqlx.BigInt(most)}, printed)
		}
		return l.shortcut(text, arg, printed, n)
	}
}

// numberShortcut converts texts of the plain shape by a cast and leaves the others to the
// Go form: the shape is what DuckDB and Kusto read alike.
func numberShortcut(l *Lowering, _ sqlx.Expr) sqlx.Expr {
	text, arg := l.digits()
	plain := sqlx.Call("regexp_full_match", text, sqlx.String(`-?[0-9]{1,15}(?:\.[0-9]{1,15})?`))
	return l.shortcut(text, arg, plain, sqlx.Cast{X: text, Type: "DOUBLE", Try: true})
}

// shortcut is value where plain holds, else what the Go form makes of arg. The text of
// missing keys is null.
func (l *Lowering) shortcut(text sqlx.Expr, arg Arg, plain, value sqlx.Expr) sqlx.Expr {
	c := sqlx.Case{When: []sqlx.When{{Cond: plain, Then: value}}, Else: l.UDF(l.Row, l.Result, arg)}
	if arg.Type == types.Dynamic {
		c.When = append(c.When, sqlx.When{Cond: sqlx.IsNull(text), Then: sqlx.Null})
	}
	return c
}

// digits is the argument as text, for a shortcut, and as itself, for the Go form. The
// texts and the numbers of dynamic values are written with the same digits. A key of a
// column is read once more where the shortcut does not do, which costs less than reading
// both for every row.
func (l *Lowering) digits() (text sqlx.Expr, arg Arg) {
	arg = l.Args[0]
	base, _, isPath := splitPath(arg.SQL)
	if _, isColumn := base.(sqlx.Raw); !isPath || !isColumn {
		arg.SQL = l.once(0)
	}
	if arg.Type == types.Dynamic {
		return l.Hoist(dynamicText(arg.SQL)), arg
	}
	return arg.SQL, arg
}

func conversions() []conversion {
	return []conversion{
		{[]string{"tostring"}, types.String, "The value as text; null is the empty string.", []source{
			{types.String, asIs, itself, []Example{{`tostring("a")`, `"a"`}}},
			{types.Bool, boolSQL, func(v types.Value) types.Value { return Text(types.Bool, v) }, []Example{{`tostring(true)`, `"True"`}}},
			{types.Long, castTo("VARCHAR"), func(v types.Value) types.Value { return Text(types.Long, v) }, []Example{{`tostring(123)`, `"123"`}, {`tostring(long(null))`, `""`}}},
			{types.Real, realSQL, func(v types.Value) types.Value { return Text(types.Real, v) }, []Example{{`tostring(1.0)`, `"1.0"`}, {`tostring(real(nan))`, `"NaN"`}}},
			{types.Decimal, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return decimalSQL(x) }, func(v types.Value) types.Value { return Text(types.Decimal, v) }, []Example{{`tostring(decimal(1.50))`, `"1.5"`}}},
			{types.Datetime, func(l *Lowering, _ sqlx.Expr) sqlx.Expr { return datetimeSQL(l.once(0)) }, func(v types.Value) types.Value { return Text(types.Datetime, v) },
				[]Example{{`tostring(datetime(2020-01-01))`, `"2020-01-01T00:00:00.0000000Z"`}}},
			{types.Timespan, func(l *Lowering, _ sqlx.Expr) sqlx.Expr { return timespanSQL(l.once(0)) }, func(v types.Value) types.Value { return Text(types.Timespan, v) },
				[]Example{{`tostring(1d + 2h)`, `"1.02:00:00"`}, {`tostring(-90s)`, `"-00:01:30"`}}},
			{types.Guid, asIs, itself, []Example{{`tostring(guid(74be27de-1e4e-49d9-b579-fe0b331d3642))`, `"74be27de-1e4e-49d9-b579-fe0b331d3642"`}}},
			{types.Dynamic, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return dynamicText(x) },
				func(v types.Value) types.Value { return Text(types.Dynamic, v) }, []Example{{`tostring(dynamic("a"))`, `"a"`}, {`tostring(dynamic({"a": [1, 2]}))`, `"{\"a\":[1,2]}"`}, {`tostring(dynamic(null))`, `""`}}},
		}},
		{[]string{"toint"}, types.Int, "The value as a 32-bit integer; null where it is none.", []source{
			{types.Int, asIs, itself, []Example{{`toint(int(5))`, `int(5)`}}},
			{types.Long, func(l *Lowering, _ sqlx.Expr) sqlx.Expr { return wrap32(l.once(0)) }, func(v types.Value) types.Value { return int64(int32(v.(int64))) }, []Example{{`toint(2147483648)`, `int(-2147483648)`}}},
			{types.Real, realToInteger(math.MinInt32, math.MaxInt32), func(v types.Value) types.Value { return realInteger(v.(float64), math.MinInt32, math.MaxInt32) }, []Example{{`toint(-2.9)`, `int(-2)`}}},
			{types.Decimal, nil, func(v types.Value) types.Value { return int32Of(parseLong(decimalWhole(v.(string)))) }, []Example{{`toint(decimal(2.9))`, `int(2)`}}},
			{types.Bool, castTo("BIGINT"), boolLong, []Example{{`toint(true)`, `int(1)`}}},
			{types.Timespan, func(l *Lowering, _ sqlx.Expr) sqlx.Expr { return wrap32(l.once(0)) }, func(v types.Value) types.Value { return int64(int32(v.(int64))) }, []Example{{`toint(1h)`, `int(1640261632)`}}},
			{types.Datetime, func(l *Lowering, _ sqlx.Expr) sqlx.Expr { return wrap32(l.once(0)) }, func(v types.Value) types.Value { return int64(int32(v.(int64))) }, []Example{{`toint(datetime(2020-01-01))`, `int(-1954807808)`}}},
			{types.String, integerShortcut(9), func(v types.Value) types.Value { return int32Of(parseLong(v.(string))) }, []Example{{`toint("42")`, `int(42)`}, {`toint("4.2")`, `int(null)`}, {`toint("3000000000")`, `int(null)`}}},
			{types.Dynamic, integerShortcut(9), func(v types.Value) types.Value { return dynamicInt(v) }, []Example{{`toint(dynamic("42"))`, `int(42)`}, {`toint(dynamic([1]))`, `int(null)`}}},
		}},
		{[]string{"tolong"}, types.Long, "The value as a 64-bit integer; null where it is none.", []source{
			{types.Long, asIs, itself, []Example{{`tolong(5)`, `5`}}},
			{types.Real, realToInteger(math.MinInt64, math.MaxInt64), func(v types.Value) types.Value { return realInteger(v.(float64), math.MinInt64, math.MaxInt64) }, []Example{{`tolong(2.9)`, `2`}, {`tolong(1e19)`, `9223372036854775807`}}},
			{types.Decimal, nil, func(v types.Value) types.Value { return longOf(parseLong(decimalWhole(v.(string)))) }, []Example{{`tolong(decimal(2.9))`, `2`}}},
			{types.Bool, castTo("BIGINT"), boolLong, []Example{{`tolong(true)`, `1`}}},
			{types.Timespan, asIs, itself, []Example{{`tolong(1d)`, `864000000000`}}},
			{types.Datetime, asIs, itself, []Example{{`tolong(datetime(2020-01-01))`, `637134336000000000`}}},
			{types.String, integerShortcut(19), func(v types.Value) types.Value { return longOf(parseLong(v.(string))) }, []Example{{`tolong(" 42 ")`, `42`}, {`tolong("0x1F")`, `31`}, {`tolong("1e3")`, `long(null)`}}},
			{types.Dynamic, integerShortcut(19), dynamicLong, []Example{{`tolong(dynamic(1.9))`, `1`}, {`tolong(dynamic({}))`, `long(null)`}}},
		}},
		{[]string{"todouble", "toreal"}, types.Real, "The value as a real; null where it is none.", []source{
			{types.Long, castTo("DOUBLE"), longReal, []Example{{`todouble(5)`, `5.0`}}},
			{types.Real, asIs, itself, []Example{{`todouble(1.5)`, `1.5`}}},
			{types.Decimal, castTo("DOUBLE"), func(v types.Value) types.Value { return realOf(parseReal(v.(string))) }, []Example{{`todouble(decimal(1.5))`, `1.5`}}},
			{types.Bool, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return double(bigint(x)) }, func(v types.Value) types.Value { return longReal(boolLong(v)) }, []Example{{`todouble(true)`, `1.0`}}},
			{types.Timespan, castTo("DOUBLE"), longReal, []Example{{`todouble(1s)`, `10000000.0`}}},
			{types.Datetime, castTo("DOUBLE"), longReal, []Example{{`todouble(datetime(2020-01-01))`, `637134336000000000.0`}}},
			{types.String, numberShortcut, func(v types.Value) types.Value { return realOf(parseReal(v.(string))) }, []Example{{`todouble("1e3")`, `1000.0`}, {`todouble("abc")`, `real(null)`}}},
			{types.Dynamic, numberShortcut, dynamicReal, []Example{{`todouble(dynamic("3.14"))`, `3.14`}}},
		}},
		{[]string{"todecimal"}, types.Decimal, "The value as a decimal; null where it is none.", []source{
			{types.Long, castTo(duckDecimal), func(v types.Value) types.Value { return Text(types.Long, v) }, []Example{{`todecimal(5)`, `decimal(5)`}}},
			{types.Decimal, asIs, itself, []Example{{`todecimal(decimal(1.5))`, `decimal(1.5)`}}},
			{types.Real, nil, func(v types.Value) types.Value { return parseDecimal(Text(types.Real, v)) }, []Example{{`todecimal(0.1)`, `decimal(0.1)`}}},
			{types.Bool, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return sqlx.Cast{X: bigint(x), Type: duckDecimal} }, func(v types.Value) types.Value { return Text(types.Long, boolLong(v)) }, []Example{{`todecimal(true)`, `decimal(1)`}}},
			{types.String, nil, func(v types.Value) types.Value { return parseDecimal(v.(string)) }, []Example{{`todecimal("123.45")`, `decimal(123.45)`}, {`todecimal("x")`, `decimal(null)`}}},
			{types.Dynamic, nil, func(v types.Value) types.Value { return convertDyn(types.Decimal, dyn(v)) }, []Example{{`todecimal(dynamic("1.5"))`, `decimal(1.5)`}}},
		}},
		{[]string{"tobool", "toboolean"}, types.Bool, "The value as a bool; null where it is none.", []source{
			{types.Bool, asIs, itself, []Example{{`tobool(true)`, `true`}}},
			{types.Long, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return sqlx.Infix("<>", x, sqlx.Raw("0")) }, func(v types.Value) types.Value { return v != int64(0) }, []Example{{`tobool(-5)`, `true`}}},
			{types.Real, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return sqlx.Infix("<>", x, sqlx.Raw("0")) }, func(v types.Value) types.Value { return v != 0.0 }, []Example{{`tobool(0.5)`, `true`}}},
			{types.Decimal, func(_ *Lowering, x sqlx.Expr) sqlx.Expr { return sqlx.Infix("<>", x, sqlx.Raw("0")) }, func(v types.Value) types.Value { return compareDecimals(v.(string), "0") != 0 }, []Example{{`tobool(decimal(0))`, `false`}}},
			{types.String, wordBool, func(v types.Value) types.Value { return parseBool(v.(string)) }, []Example{{`tobool("True")`, `true`}, {`tobool("0")`, `false`}, {`tobool("yes")`, `bool(null)`}}},
			{types.Dynamic, wordBool, func(v types.Value) types.Value { return convertDyn(types.Bool, dyn(v)) }, []Example{{`tobool(dynamic(true))`, `true`}, {`tobool(dynamic("42"))`, `true`}}},
		}},
		{[]string{"todatetime"}, types.Datetime, "The value as a datetime; null where it is none.", []source{
			{types.Datetime, asIs, itself, []Example{{`todatetime(datetime(2020-01-01))`, `datetime(2020-01-01)`}}},
			{types.String, nil, func(v types.Value) types.Value { return timeOf(types.ParseDatetime(v.(string))) }, []Example{{`todatetime("2020-01-01 13:45:00+02:00")`, `datetime(2020-01-01 11:45:00)`}, {`todatetime("x")`, `datetime(null)`}}},
			{types.Long, func(l *Lowering, _ sqlx.Expr) sqlx.Expr {
				x := l.once(0)
				return when(sqlx.Parts{x, " BETWEEN ", sqlx.BigInt(0), " AND ", sqlx.BigInt(types.MaxDatetime)}, x)
			}, validTime, []Example{{`todatetime(637134336000000000)`, `datetime(2020-01-01)`}}},
			{types.Real, nil, func(v types.Value) types.Value { return validTime(ticksOf(v.(float64))) }, []Example{{`todatetime(1.5)`, `datetime(0001-01-01 00:00:00.0000001)`}}},
			{types.Dynamic, nil, func(v types.Value) types.Value { return convertDyn(types.Datetime, dyn(v)) }, []Example{{`todatetime(dynamic("2020-01-01"))`, `datetime(2020-01-01)`}}},
		}},
		{[]string{"totimespan", "totime"}, types.Timespan, "The value as a timespan; null where it is none.", []source{
			{types.Timespan, asIs, itself, []Example{{`totimespan(1d)`, `1d`}}},
			{types.String, nil, func(v types.Value) types.Value { return timeOf(types.ParseTimespan(v.(string))) }, []Example{{`totimespan("1.02:03:04")`, `time(1.02:03:04)`}, {`totimespan("abc")`, `timespan(null)`}}},
			{types.Long, asIs, itself, []Example{{`totimespan(10000000)`, `1s`}}},
			{types.Dynamic, nil, func(v types.Value) types.Value { return convertDyn(types.Timespan, dyn(v)) }, []Example{{`totimespan(dynamic("00:01:00"))`, `1m`}}},
		}},
		{[]string{"toguid"}, types.Guid, "The value as a guid; null where it is none.", []source{
			{types.Guid, asIs, itself, []Example{{`toguid(guid(74be27de-1e4e-49d9-b579-fe0b331d3642))`, `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`}}},
			{types.String, nil, func(v types.Value) types.Value { return parseGuid(v.(string)) }, []Example{{`toguid("0123456789ab-cdef-0123-456789abcdef")`, `guid(01234567-89ab-cdef-0123-456789abcdef)`}, {`toguid("x")`, `guid(null)`}}},
			{types.Dynamic, nil, func(v types.Value) types.Value { return convertDyn(types.Guid, dyn(v)) }, []Example{{`toguid(dynamic("74be27de1e4e49d9b579fe0b331d3642"))`, `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`}}},
		}},
	}
}

func boolSQL(_ *Lowering, x sqlx.Expr) sqlx.Expr {
	return sqlx.Case{When: []sqlx.When{{Cond: x, Then: sqlx.String("True")}, {Cond: sqlx.Prefix{Op: "NOT", X: x}, Then: sqlx.String("False")}}}
}

// realSQL uses DuckDB's own text where it is the same as Text's.
func realSQL(l *Lowering, _ sqlx.Expr) sqlx.Expr {
	x := l.once(0)
	abs := sqlx.Call("abs", x)
	arg := l.Args[0]
	arg.SQL = x
	plain := sqlx.Infix("OR", sqlx.And(sqlx.Infix(">=", abs, sqlx.Double(1e-4)), sqlx.Infix("<", abs, sqlx.Double(1e15))), sqlx.Infix("=", x, sqlx.Double(0)))
	return when(plain, varchar(x), l.UDF(l.Row, l.Result, arg))
}

func wrap32(x sqlx.Expr) sqlx.Expr {
	low := sqlx.Infix("&", x, sqlx.BigInt(math.MaxUint32))
	return when(sqlx.Infix(">", low, sqlx.BigInt(math.MaxInt32)), sqlx.Infix("-", low, sqlx.BigInt(1<<32)), low)
}

// realToInteger drops the fraction and saturates; null for what is not finite.
func realToInteger(low, high int64) func(*Lowering, sqlx.Expr) sqlx.Expr {
	return func(l *Lowering, _ sqlx.Expr) sqlx.Expr {
		x := l.once(0)
		return sqlx.Case{When: []sqlx.When{
			{Cond: sqlx.Prefix{Op: "NOT", X: sqlx.Call("isfinite", x)}, Then: sqlx.Null},
			{Cond: sqlx.Infix(">=", x, sqlx.Double(float64(high))), Then: sqlx.BigInt(high)},
			{Cond: sqlx.Infix("<=", x, sqlx.Double(float64(low))), Then: sqlx.BigInt(low)},
		}, Else: sqlx.Cast{X: sqlx.Call("trunc", x), Type: "BIGINT", Try: true}}
	}
}

// wordBool decides true and false itself and leaves numbers to the Go form.
func wordBool(l *Lowering, _ sqlx.Expr) sqlx.Expr {
	x := l.once(0)
	arg := l.Args[0]
	arg.SQL = x
	word := x
	if arg.Type == types.String {
		word = sqlx.Call("lower", x)
	}
	return sqlx.Case{When: []sqlx.When{
		{Cond: sqlx.Infix("=", word, sqlx.String("true")), Then: sqlx.True},
		{Cond: sqlx.Infix("=", word, sqlx.String("false")), Then: sqlx.False},
	}, Else: l.UDF(l.Row, l.Result, arg)}
}
