package builtin

import (
	"math"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// Integer arithmetic wraps at 64 bits, division truncates and gives null by zero,
// and the remainder is never negative. Datetimes outside the years 1 to 9999 are null.
// Source: docs/semantics.md, sections 2.1 and 5.
var arithmeticRows = []Row{
	{Sig: "+(left: long, right: long) -> long", Kind: Infix, Sem: Strict, Doc: "Sum of integers, wrapping at 64 bits.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return wrapping(l, "+"), nil },
		Go:       longs(func(a, b int64) types.Value { return a + b }),
		Examples: []Example{{"1 + 2", "3"}, {"int(2147483647) + int(1)", "2147483648"}, {"9223372036854775807 + 1", "-9223372036854775807 - 1"}}},
	{Sig: "+(left: decimal, right: decimal) -> decimal", Kind: Infix, Sem: Strict, Doc: "Sum of decimals.",
		Go: decimals(addDecimal), Lower: tried("+"),
		Examples: []Example{{"decimal(1.5) + decimal(2.25)", "decimal(3.75)"}}},
	{Sig: "+(left: real, right: real) -> real", Kind: Infix, Sem: Strict, Doc: "Sum of reals.",
		Duck: "{left} + {right}", Go: reals(func(a, b float64) types.Value { return a + b }),
		Examples: []Example{{"1.5 + 1", "2.5"}}},
	{Sig: "+(left: datetime, right: timespan) -> datetime", Kind: Infix, Sem: Strict, Doc: "A time later by a timespan; null beyond the year 9999.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return shifted(l, 0, 1, 1), nil }, Go: longs(shift),
		Examples: []Example{{"datetime(2020-01-01) + 1d", "datetime(2020-01-02)"}, {"datetime(9999-12-31 23:59:59.9999999) + 1tick", "datetime(null)"}}},
	{Sig: "+(left: timespan, right: datetime) -> datetime", Kind: Infix, Sem: Strict, Doc: "A time later by a timespan; null beyond the year 9999.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return shifted(l, 1, 0, 1), nil }, Go: longs(shift),
		Examples: []Example{{"1d + datetime(2020-01-01)", "datetime(2020-01-02)"}}},
	{Sig: "+(left: timespan, right: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "Sum of timespans.",
		Lower: tried("+"), Go: longs(addChecked),
		Examples: []Example{{"1d + 1h", "25h"}}},

	{Sig: "-(left: long, right: long) -> long", Kind: Infix, Sem: Strict, Doc: "Difference of integers, wrapping at 64 bits.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return wrapping(l, "-"), nil },
		Go:       longs(func(a, b int64) types.Value { return a - b }),
		Examples: []Example{{"1 - 2", "-1"}}},
	{Sig: "-(left: decimal, right: decimal) -> decimal", Kind: Infix, Sem: Strict, Doc: "Difference of decimals.",
		Go: decimals(subDecimal), Lower: tried("-"),
		Examples: []Example{{"decimal(1.5) - 1", "decimal(0.5)"}}},
	{Sig: "-(left: real, right: real) -> real", Kind: Infix, Sem: Strict, Doc: "Difference of reals.",
		Duck: "{left} - {right}", Go: reals(func(a, b float64) types.Value { return a - b }),
		Examples: []Example{{"1.5 - 1", "0.5"}}},
	{Sig: "-(left: datetime, right: datetime) -> timespan", Kind: Infix, Sem: Strict, Doc: "The time between two times.",
		Duck: "{left} - {right}", Go: longs(func(a, b int64) types.Value { return a - b }),
		Examples: []Example{{"datetime(2020-01-02) - datetime(2020-01-01)", "1d"}}},
	{Sig: "-(left: datetime, right: timespan) -> datetime", Kind: Infix, Sem: Strict, Doc: "A time earlier by a timespan; null before the year 1.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return shifted(l, 0, 1, -1), nil },
		Go:       longs(func(a, b int64) types.Value { return unshift(a, b) }),
		Examples: []Example{{"datetime(2020-01-02) - 1d", "datetime(2020-01-01)"}, {"datetime(0001-01-01) - 1tick", "datetime(null)"}}},
	{Sig: "-(left: timespan, right: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "Difference of timespans.",
		Lower: tried("-"), Go: longs(subChecked),
		Examples: []Example{{"1d - 1h", "23h"}}},

	{Sig: "-(value: long) -> long", Kind: Infix, Sem: Strict, Doc: "The negative of an integer.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			x := l.once(0)
			return sqlx.Call("coalesce", try(sqlx.Prefix{Op: "-", X: x}), x), nil // only the least long has no negative: it stays
		},
		Go:       func(_ *Env, a []types.Value) types.Value { return -a[0].(int64) },
		Examples: []Example{{"-(1)", "-1"}}},
	{Sig: "-(value: decimal) -> decimal", Kind: Infix, Sem: Strict, Doc: "The negative of a decimal.",
		Duck: "- {value}",
		Go: func(_ *Env, a []types.Value) types.Value {
			return decimalResult(subDecimal, "0", a[0].(string))
		},
		Examples: []Example{{"-decimal(1.5)", "decimal(-1.5)"}}},
	{Sig: "-(value: real) -> real", Kind: Infix, Sem: Strict, Doc: "The negative of a real.",
		Duck: "- {value}", Go: func(_ *Env, a []types.Value) types.Value { return -a[0].(float64) },
		Examples: []Example{{"-(1.5)", "-1.5"}}},
	{Sig: "-(value: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "The negative of a timespan.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return try(sqlx.Prefix{Op: "-", X: l.apart(0)}), nil }, Go: func(_ *Env, a []types.Value) types.Value { return subChecked(0, a[0].(int64)) },
		Examples: []Example{{"-(1d)", "-1d"}}},
	{Sig: "+(value: long) -> long", Kind: Infix, Doc: "The integer itself.", Duck: "{value}", Go: same,
		Examples: []Example{{"+(1)", "1"}}},
	{Sig: "+(value: decimal) -> decimal", Kind: Infix, Doc: "The decimal itself.", Duck: "{value}", Go: same,
		Examples: []Example{{"+decimal(1.5)", "decimal(1.5)"}}},
	{Sig: "+(value: real) -> real", Kind: Infix, Doc: "The real itself.", Duck: "{value}", Go: same,
		Examples: []Example{{"+(1.5)", "1.5"}}},
	{Sig: "+(value: timespan) -> timespan", Kind: Infix, Doc: "The timespan itself.", Duck: "{value}", Go: same,
		Examples: []Example{{"+(1d)", "1d"}}},

	{Sig: "*(left: long, right: long) -> long", Kind: Infix, Sem: Strict, Doc: "Product of integers, wrapping at 64 bits.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return wrapping(l, "*"), nil },
		Go:       longs(func(a, b int64) types.Value { return a * b }),
		Examples: []Example{{"2 * 3", "6"}, {"9223372036854775807 * 2", "-2"}}},
	{Sig: "*(left: decimal, right: decimal) -> decimal", Kind: Infix, Sem: Strict, Doc: "Product of decimals.",
		Go: decimals(mulDecimal), Examples: []Example{{"decimal(1.5) * 2", "decimal(3)"}}},
	{Sig: "*(left: real, right: real) -> real", Kind: Infix, Sem: Strict, Doc: "Product of reals.",
		Duck: "{left} * {right}", Go: reals(func(a, b float64) types.Value { return a * b }),
		Examples: []Example{{"1.5 * 2", "3.0"}}},
	{Sig: "*(left: timespan, right: long) -> timespan", Kind: Infix, Sem: Strict, Doc: "A timespan so many times.",
		Lower: tried("*"), Go: longs(mulChecked), Examples: []Example{{"1h * 24", "1d"}}},
	{Sig: "*(left: timespan, right: real) -> timespan", Kind: Infix, Sem: Strict, Doc: "A timespan so many times.",
		Duck: "TRY_CAST(trunc({left} * {right}) AS BIGINT)",
		Go:   func(_ *Env, a []types.Value) types.Value { return ticksOf(float64(a[0].(int64)) * a[1].(float64)) }, Examples: []Example{{"1d * 2.5", "60h"}}},
	{Sig: "*(left: long, right: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "A timespan so many times.",
		Lower: tried("*"), Go: longs(mulChecked), Examples: []Example{{"24 * 1h", "1d"}}},
	{Sig: "*(left: real, right: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "A timespan so many times.",
		Duck: "TRY_CAST(trunc({left} * {right}) AS BIGINT)",
		Go:   func(_ *Env, a []types.Value) types.Value { return ticksOf(a[0].(float64) * float64(a[1].(int64))) }, Examples: []Example{{"2.5 * 1d", "60h"}}},

	{Sig: "/(left: long, right: long) -> long", Kind: Infix, Sem: Strict, Doc: "Quotient of integers without its fraction; null by zero.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return quotient(l), nil },
		Go:       longs(divide),
		Examples: []Example{{"7 / 2", "3"}, {"-7 / 2", "-3"}, {"1 / 0", "long(null)"}}},
	{Sig: "/(left: decimal, right: decimal) -> decimal", Kind: Infix, Sem: Strict, Doc: "Quotient of decimals; null by zero.",
		Go: decimals(divDecimal), Examples: []Example{{"decimal(3) / 2", "decimal(1.5)"}}},
	{Sig: "/(left: real, right: real) -> real", Kind: Infix, Sem: Strict, Doc: "Quotient of reals.",
		Duck: "{left} / {right}", Go: reals(func(a, b float64) types.Value { return a / b }),
		Examples: []Example{{"7.0 / 2", "3.5"}, {"1.0 / 0", "real(+inf)"}}},
	{Sig: "/(left: timespan, right: timespan) -> real", Kind: Infix, Sem: Strict, Doc: "How many times one timespan goes into another.",
		Duck: "CAST({left} AS DOUBLE) / CAST({right} AS DOUBLE)",
		Go:   longs(func(a, b int64) types.Value { return float64(a) / float64(b) }), Examples: []Example{{"1d / 1h", "24.0"}}},
	{Sig: "/(left: datetime, right: timespan) -> real", Kind: Infix, Sem: Strict, Doc: "How many timespans have passed since the year 1.",
		Duck: "CAST({left} AS DOUBLE) / CAST({right} AS DOUBLE)",
		Go:   longs(func(a, b int64) types.Value { return float64(a) / float64(b) }), Examples: []Example{{"datetime(0001-01-02) / 1h", "24.0"}}},
	{Sig: "/(left: timespan, right: long) -> timespan", Kind: Infix, Sem: Strict, Doc: "A part of a timespan; null by zero.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return quotient(l), nil }, Go: longs(divide), Examples: []Example{{"1d / 24", "1h"}}},
	{Sig: "/(left: timespan, right: real) -> timespan", Kind: Infix, Sem: Strict, Doc: "A part of a timespan.",
		Duck: "TRY_CAST(trunc({left} / {right}) AS BIGINT)",
		Go:   func(_ *Env, a []types.Value) types.Value { return ticksOf(float64(a[0].(int64)) / a[1].(float64)) }, Examples: []Example{{"1d / 0.5", "2d"}}},

	{Sig: "%(left: long, right: long) -> long", Kind: Infix, Sem: Strict, Doc: "Remainder of a division, never negative; null by zero.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return remainder(l), nil }, Go: longs(modulo),
		Examples: []Example{{"-5 % 3", "1"}, {"5 % -3", "2"}, {"5 % 0", "long(null)"}}},
	{Sig: "%(left: decimal, right: decimal) -> decimal", Kind: Infix, Sem: Strict, Doc: "Remainder of a division, never negative; null by zero.",
		Go: decimals(modDecimal), Examples: []Example{{"decimal(7.5) % 2", "decimal(1.5)"}}},
	{Sig: "%(left: real, right: real) -> real", Kind: Infix, Sem: Strict, Doc: "Remainder of a division, never negative.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return remainder(l), nil },
		Go: reals(func(a, b float64) types.Value {
			r := math.Mod(a, b)
			if r < 0 {
				r += math.Abs(b)
			}
			return r
		}),
		Examples: []Example{{"-7.5 % 2", "0.5"}, {"5.5 % -3", "2.5"}}},
	{Sig: "%(left: timespan, right: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "What is left of a timespan after whole parts of another.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return remainder(l), nil }, Go: longs(modulo), Examples: []Example{{"1d % 5h", "4h"}}},
	{Sig: "%(left: datetime, right: timespan) -> timespan", Kind: Infix, Sem: Strict, Doc: "The time since the last whole multiple of a timespan.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return remainder(l), nil }, Go: longs(modulo),
		Examples: []Example{{"datetime(2020-01-01 05:30) % 1h", "30m"}}},
}

// wrapping is a + b, a - b or a * b that wraps at 64 bits instead of raising.
func wrapping(l *Lowering, op string) sqlx.Expr {
	a, b := l.once(0), l.once(1)
	huge := sqlx.Infix(op, sqlx.Cast{X: a, Type: "HUGEINT"}, b)
	var wrapped sqlx.Expr
	if op == "*" {
		const two64, two63 = sqlx.Raw("18446744073709551616"), sqlx.Raw("9223372036854775808")
		up := sqlx.Infix("%", sqlx.Infix("+", sqlx.Infix("%", sqlx.Infix("+", huge, two63), two64), two64), two64)
		wrapped = sqlx.Infix("-", up, two63)
	} else { // a sum is off by 2^64 at most, to the side of the first operand
		wrapped = when(sqlx.Infix(">=", a, sqlx.BigInt(0)), sqlx.Infix("-", huge, sqlx.Raw("18446744073709551616")),
			sqlx.Infix("+", huge, sqlx.Raw("18446744073709551616")))
	}
	return sqlx.Call("coalesce", try(sqlx.Infix(op, a, b)), sqlx.Cast{X: wrapped, Type: "BIGINT"})
}

// tried is left op right, null where that overflows.
func tried(op string) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) { return try(sqlx.Infix(op, l.apart(0), l.apart(1))), nil }
}

// shifted is a datetime argument moved by a timespan argument, null out of range.
func shifted(l *Lowering, at, by int, sign int64) sqlx.Expr {
	op := "+"
	if sign < 0 {
		op = "-"
	}
	if c, ok := l.Args[by].Value.(int64); ok && l.Args[by].Const && c > -types.MaxDatetime && c < types.MaxDatetime {
		// A constant cannot overflow 64 bits, so one comparison on the column decides.
		t := l.once(at)
		moved := sqlx.Infix(op, t, l.sql(by))
		if c*sign >= 0 {
			return when(sqlx.Infix("<=", t, sqlx.BigInt(types.MaxDatetime-c*sign)), moved)
		}
		return when(sqlx.Infix(">=", t, sqlx.BigInt(-c*sign)), moved)
	}
	moved := l.Hoist(try(sqlx.Infix(op, l.apart(at), l.apart(by))))
	return when(sqlx.Parts{moved, " BETWEEN ", sqlx.BigInt(0), " AND ", sqlx.BigInt(types.MaxDatetime)}, moved)
}

// constant is the value of a constant whole-number argument.
func (l *Lowering) constant(i int) (int64, bool) {
	v, ok := l.Args[i].Value.(int64)
	return v, ok && l.Args[i].Const
}

func quotient(l *Lowering) sqlx.Expr {
	q := sqlx.Infix("//", l.apart(0), l.apart(1))
	if c, ok := l.constant(1); ok && c != -1 {
		return q // "//" by zero is NULL
	}
	return try(q)
}

func remainder(l *Lowering) sqlx.Expr {
	if c, ok := l.constant(1); ok && c != 0 && c > -1<<62 && c < 1<<62 {
		n := sqlx.BigInt(max(c, -c))
		if l.Args[0].Type == types.Datetime {
			return sqlx.Infix("%", l.sql(0), n)
		}
		return sqlx.Infix("%", sqlx.Infix("+", sqlx.Infix("%", l.sql(0), n), n), n)
	}
	b := l.once(1)
	r := l.Hoist(try(sqlx.Infix("%", l.apart(0), b)))
	return when(sqlx.Infix("<", r, sqlx.Raw("0")), try(sqlx.Infix("+", r, sqlx.Call("abs", b))), r)
}

func same(_ *Env, a []types.Value) types.Value { return a[0] }

func longs(f func(a, b int64) types.Value) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value { return f(a[0].(int64), a[1].(int64)) }
}

func reals(f func(a, b float64) types.Value) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value { return f(a[0].(float64), a[1].(float64)) }
}

// addChecked, subChecked and mulChecked are null where 64 bits do not suffice.
func addChecked(a, b int64) types.Value {
	if s := a + b; (s > a) == (b > 0) {
		return s
	}
	return nil
}

func subChecked(a, b int64) types.Value {
	if d := a - b; (d < a) == (b > 0) {
		return d
	}
	return nil
}

func mulChecked(a, b int64) types.Value {
	if a == 0 || b == 0 {
		return int64(0)
	}
	if p := a * b; p/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64) {
		return p
	}
	return nil
}

// shift and unshift move a datetime by a timespan.
func shift(t, by int64) types.Value   { return validTime(addChecked(t, by)) }
func unshift(t, by int64) types.Value { return validTime(subChecked(t, by)) }

func validTime(v types.Value) types.Value {
	if t, ok := v.(int64); ok && t >= 0 && t <= types.MaxDatetime {
		return t
	}
	return nil
}

func divide(a, b int64) types.Value {
	if b == 0 || a == math.MinInt64 && b == -1 {
		return nil
	}
	return a / b
}

func modulo(a, b int64) types.Value {
	if b == 0 {
		return nil
	}
	if b == -1 {
		return int64(0)
	}
	r := a % b
	if r < 0 {
		if b == math.MinInt64 {
			return nil
		}
		r += max(b, -b)
	}
	return r
}

// ticksOf is a real number of ticks without its fraction; null out of range.
func ticksOf(f float64) types.Value {
	f = math.Trunc(f)
	if !(f >= math.MinInt64 && f < math.MaxInt64) {
		return nil
	}
	return int64(f)
}
