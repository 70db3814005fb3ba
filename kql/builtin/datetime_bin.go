package builtin

import (
	"math"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// binRows round down to multiples: of zero, of 0001-01-01, or of a chosen point. A
// size that is not positive gives null.
var binRows = slices.Concat(binOf("bin"), binOf("floor"), []Row{
	{Sig: "bin_at(value: integer, bin_size: integer, fixed_point: integer) -> long", Doc: binAtDoc, Sem: NullOnNull, ResultName: NameFirstArg,
		Lower: lowerBinAt, Go: goBinAt, Examples: []Example{{`bin_at(6, 5, 7)`, `2`}}},
	{Sig: "bin_at(value: timespan, bin_size: timespan, fixed_point: timespan) -> timespan", Doc: binAtDoc, Sem: NullOnNull, ResultName: NameFirstArg,
		Lower: lowerBinAt, Go: goBinAt, Examples: []Example{{`bin_at(time(1h), 1d, 12h)`, `-12h`}}},
	{Sig: "bin_at(value: datetime, bin_size: timespan, fixed_point: datetime) -> datetime", Doc: binAtDoc, Sem: NullOnNull, ResultName: NameFirstArg,
		Lower:    lowerBinAt,
		Go:       func(e *Env, a []types.Value) types.Value { return validTime(goBinAt(e, a)) },
		Examples: []Example{{`bin_at(datetime(2017-05-15 10:20), 1d, datetime(1970-01-01 12:00))`, `datetime(2017-05-14 12:00)`}}},
	{Sig: "bin_at(value: real, bin_size: real, fixed_point: real) -> real", Doc: binAtDoc, Sem: NullOnNull, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			b, o := l.once(1), l.once(2)
			return when(sqlx.Infix(">", b, sqlx.Double(0)), sqlx.Infix("+", sqlx.Infix("*", sqlx.Call("floor", sqlx.Infix("/", sqlx.Infix("-", l.Args[0].SQL, o), b)), b), o)), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			x, b, o := a[0].(float64), a[1].(float64), a[2].(float64)
			if b <= 0 { // NaN gives NaN
				return nil
			}
			return math.Floor((x-o)/b)*b + o
		},
		Examples: []Example{{`bin_at(6.5, 2.5, 7.0)`, `4.5`}}},
	{Sig: "bin_auto(value: summable) -> @0", Special: BinAuto, ResultName: NameFirstArg,
		Doc: "The value rounded down to a multiple of the size that set query_bin_auto_size gives, counted from query_bin_auto_at when that is set."},
})

const binAtDoc = "The value rounded down to a multiple of bin_size counted from fixed_point."

func binOf(name string) []Row {
	const doc = "The value rounded down to a multiple of a size."
	return []Row{
		{Sig: name + "(value: datetime, roundTo: timespan) -> datetime", Doc: doc, Sem: Strict, ResultName: NameFirstArg, Lower: lowerBinDatetime, Go: longs(binLong),
			Examples: []Example{{name + `(datetime(2020-01-01 10:45), 1h)`, `datetime(2020-01-01 10:00)`}, {name + `(datetime(1955-11-05), 7d)`, `datetime(1955-10-31)`}}},
		{Sig: name + "(value: integer, roundTo: integer) -> wide", Doc: doc, Sem: NullOnNull, ResultName: NameFirstArg, Lower: lowerBinLong, Go: longs(binLong),
			Examples: []Example{{name + `(7, 4)`, `4`}, {name + `(-7, 4)`, `-8`}}},
		{Sig: name + "(value: timespan, roundTo: timespan) -> timespan", Doc: doc, Sem: NullOnNull, ResultName: NameFirstArg, Lower: lowerBinLong, Go: longs(binLong),
			Examples: []Example{{name + `(90m, 1h)`, `1h`}}},
		{Sig: name + "(value: datetime, roundTo: datetime) -> datetime", Doc: doc, Sem: Strict, ResultName: NameFirstArg, Lower: lowerBinDatetime, Go: longs(binLong),
			Examples: []Example{{name + `(datetime(2020-01-01), datetime(1000-01-01))`, `datetime(1999-01-01)`}}},
		{Sig: name + "(value: real, roundTo: real) -> real", Doc: doc, Sem: Strict, ResultName: NameFirstArg,
			Lower: func(l *Lowering) (sqlx.Expr, error) {
				b := l.once(1)
				return when(sqlx.Infix(">", b, sqlx.Double(0)), sqlx.Infix("*", sqlx.Call("floor", sqlx.Infix("/", l.Args[0].SQL, b)), b)), nil
			},
			Go: func(_ *Env, a []types.Value) types.Value {
				x, b := a[0].(float64), a[1].(float64)
				if b <= 0 { // NaN gives NaN
					return nil
				}
				return math.Floor(x/b) * b
			},
			Examples: []Example{{name + `(-5.5, 2)`, `-6.0`}}},
		{Sig: name + "(value: decimal, roundTo: decimal) -> decimal", Doc: doc, Sem: NullOnNull, ResultName: NameFirstArg,
			Lower: func(l *Lowering) (sqlx.Expr, error) {
				x, b := l.once(0), l.once(1)
				return when(sqlx.Infix(">", b, sqlx.Raw("0")), sqlx.Cast{X: try(sqlx.Infix("-", x, mod(x, b))), Type: "DECIMAL(38,18)", Try: true}), nil
			},
			Go: decimals(func(d, a, b *apd.Decimal) error {
				if b.Sign() <= 0 {
					d.Form = apd.NaN
					return nil
				}
				var m apd.Decimal
				if err := modDecimal(&m, a, b); err != nil {
					return err
				}
				return subDecimal(d, a, &m)
			}),
			Examples: []Example{{name + `(decimal(7.5), decimal(2))`, `decimal(6)`}}},
	}
}

// mod is the remainder that is never negative, for a positive divisor.
func mod(x, b sqlx.Expr) sqlx.Expr {
	return sqlx.Infix("%", sqlx.Infix("+", sqlx.Infix("%", x, b), b), b)
}

func binLong(x, b int64) types.Value {
	if b <= 0 {
		return nil
	}
	r := x % b
	if r < 0 {
		r += b
	}
	return subChecked(x, r)
}

// lowerBinDatetime needs no care for signs: ticks are never negative.
func lowerBinDatetime(l *Lowering) (sqlx.Expr, error) {
	t := l.once(0)
	if b, ok := l.constant(1); ok && b > 0 {
		return sqlx.Infix("-", t, sqlx.Infix("%", t, l.Args[1].SQL)), nil
	}
	b := l.once(1)
	return when(sqlx.Infix(">", b, sqlx.BigInt(0)), sqlx.Infix("-", t, sqlx.Infix("%", t, b))), nil
}

func lowerBinLong(l *Lowering) (sqlx.Expr, error) {
	x, b := l.once(0), l.once(1)
	r := sqlx.Infix("%", x, b)
	down := try(sqlx.Infix("-", x, when(sqlx.Infix("<", r, sqlx.Raw("0")), sqlx.Infix("+", r, b), r)))
	return when(sqlx.Infix(">", b, sqlx.BigInt(0)), down), nil
}

func lowerBinAt(l *Lowering) (sqlx.Expr, error) {
	x, b, o := l.once(0), l.once(1), l.once(2)
	huge := func(e sqlx.Expr) sqlx.Expr { return sqlx.Cast{X: e, Type: "HUGEINT"} }
	down := try(bigint(sqlx.Infix("-", huge(x), mod(sqlx.Infix("-", huge(x), o), b))))
	at := when(sqlx.Infix(">", b, sqlx.BigInt(0)), down)
	if l.Result == types.Datetime {
		return l.inRange(at), nil
	}
	return at, nil
}

func goBinAt(_ *Env, a []types.Value) types.Value {
	x, b, o := a[0].(int64), a[1].(int64), a[2].(int64)
	if b <= 0 {
		return nil
	}
	// The two remainders apart, so that the difference cannot overflow.
	r := (x%b - o%b) % b
	if r < 0 {
		r += b
	}
	return subChecked(x, r)
}

// periods makes startofday ... endofyear.
func periods() []Row {
	var out []Row
	for _, p := range []struct{ name, wantStart, wantEnd string }{
		{"day", "2020-05-13", "2020-05-13 23:59:59.9999999"},
		{"week", "2020-05-10", "2020-05-16 23:59:59.9999999"},
		{"month", "2020-05-01", "2020-05-31 23:59:59.9999999"},
		{"year", "2020-01-01", "2020-12-31 23:59:59.9999999"},
	} {
		resultName := NameNone
		if p.name == "day" {
			resultName = NameFirstArg
		}
		for _, end := range []bool{false, true} {
			name, doc, want := "startof"+p.name, "The first moment of the "+p.name, p.wantStart
			if end {
				name, doc, want = "endof"+p.name, "The last moment (100 ns before the next) of the "+p.name, p.wantEnd
			}
			out = append(out, Row{Sig: name + "(date: datetime, offset?: long) -> datetime", Sem: Strict,
				Doc:        doc + ", or of one that many before (-) or after it.",
				ResultName: resultName,
				Lower:      func(l *Lowering) (sqlx.Expr, error) { return periodSQL(l, p.name, end), nil },
				Go: func(_ *Env, a []types.Value) types.Value {
					n := int64(0)
					if len(a) > 1 {
						n = a[1].(int64)
					}
					return calendarPeriod(p.name, end, a[0].(int64), n)
				},
				Examples: []Example{{name + "(datetime(2020-05-13 14:15))", "datetime(" + want + ")"}}})
		}
	}
	return out
}

func periodSQL(l *Lowering, name string, end bool) sqlx.Expr {
	t := l.once(0)
	unit := map[string]int64{"day": types.Day, "week": 7 * types.Day}[name]
	if len(l.Args) == 1 && name == "day" { // always in range
		start := sqlx.Infix("-", t, sqlx.Infix("%", t, sqlx.BigInt(unit)))
		if end {
			return sqlx.Infix("+", start, sqlx.BigInt(unit-1))
		}
		return start
	}
	n := sqlx.Expr(sqlx.BigInt(0))
	if len(l.Args) > 1 {
		n = l.Args[1].SQL
	}
	last := int64(0)
	if end {
		n, last = sqlx.Infix("+", n, sqlx.BigInt(1)), 1
	}
	var start sqlx.Expr
	if unit > 0 {
		shift := int64(0)
		if name == "week" {
			shift = types.Day // 0001-01-01 is a Monday
		}
		up := sqlx.Infix("+", t, sqlx.BigInt(shift))
		start = sqlx.Infix("+", sqlx.Infix("-", up, sqlx.Infix("%", up, sqlx.BigInt(unit)), sqlx.BigInt(shift)), sqlx.Infix("*", n, sqlx.BigInt(unit)))
	} else {
		months := sqlx.Infix("*", n, sqlx.Raw(itoa(monthsOf[name])))
		start = ticksOfTimestamp(sqlx.Infix("+", sqlx.Call("date_trunc", sqlx.String(name), timestampOf(t)), sqlx.Call("to_months", months)))
	}
	return l.inRange(try(sqlx.Infix("-", start, sqlx.BigInt(last))))
}

func calendarPeriod(name string, end bool, t, n int64) types.Value {
	if n > 4e6 || n < -4e6 { // more days than there are
		return nil
	}
	last := int64(0)
	if end {
		n, last = n+1, 1
	}
	var start int64
	switch name {
	case "day":
		start = t - t%types.Day + n*types.Day
	case "week":
		start = t - (t+types.Day)%(7*types.Day) + n*7*types.Day
	default:
		y, m, _ := types.ToTime(t).Date()
		if name == "year" {
			m, n = 1, n*12
		}
		start = types.FromTime(time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC))
	}
	return validTime(start - last)
}
