package builtin

import (
	"math"
	"slices"
	"strings"
	"time"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// datetimeRows work on ticks; the calendar is proleptic Gregorian, weeks begin on
// Sunday, and results outside the years 1 to 9999 are null. Source:
// docs/semantics.md, section 6.
var datetimeRows = slices.Concat(
	periods(),
	[]Row{
		{Sig: "datetime_add(part: const string, value: integer, datetime: datetime) -> datetime", Sem: NullOnNull,
			Doc:   "A time moved by so many periods; a day that the month lacks becomes its last.",
			Lower: lowerDatetimeAdd, Check: checkPart("week_of_year", "dayofyear"),
			Go: func(_ *Env, a []types.Value) types.Value {
				return addPart(datePart(a[0]), a[1].(int64), a[2].(int64))
			},
			Examples: []Example{{`datetime_add("month", 1, datetime(2020-01-31))`, `datetime(2020-02-29)`}, {`datetime_add("hour", -1, datetime(2020-01-01))`, `datetime(2019-12-31 23:00)`}}},
		{Sig: "datetime_diff(part: const string, datetime1: datetime, datetime2: datetime) -> long", Sem: Strict,
			Doc:   "How many period boundaries lie between the second time and the first; weeks are counted as a real.",
			Lower: lowerDatetimeDiff, Check: checkPart("week_of_year", "dayofyear"),
			Result: func(args []Arg) types.Type {
				if datePart(args[0].Value) == "week" {
					return types.Real
				}
				return types.Long
			},
			Go: func(_ *Env, a []types.Value) types.Value {
				return diffPart(datePart(a[0]), a[1].(int64), a[2].(int64))
			},
			Examples: []Example{{`datetime_diff("year", datetime(2021-01-01), datetime(2020-12-31))`, `1`}, {`datetime_diff("hour", datetime(2020-01-01 01:00), datetime(2020-01-01 00:59))`, `1`}, {`datetime_diff("nanosecond", datetime(2020-01-01 00:00:00.0000002), datetime(2020-01-01))`, `200`}}},
		partRow("datetime_part", 0), partRow("datepart", Deprecated),
		calendarRow("getyear", "year", "The year."),
		calendarRow("getmonth", "month", "The month, 1 to 12."),
		calendarRow("monthofyear", "month", "The month, 1 to 12."),
		calendarRow("dayofmonth", "day", "The day of the month, 1 to 31."),
		calendarRow("dayofyear", "dayofyear", "The day of the year, 1 to 366."),
		calendarRow("hourofday", "hour", "The hour, 0 to 23."),
		calendarRow("week_of_year", "week_of_year", "The ISO 8601 week: 1 to 53, weeks begin on Monday."),
		deprecated(calendarRow("weekofyear", "week_of_year", "The old spelling of week_of_year.")),
		{Sig: "dayofweek(date: datetime) -> timespan", Sem: Strict, Doc: "Days since Sunday, as a timespan.",
			Duck: "(({date} // 864000000000 + 1) % 7) * CAST(864000000000 AS BIGINT)",
			Go: func(_ *Env, a []types.Value) types.Value {
				return (a[0].(int64)/types.Day + 1) % 7 * types.Day
			},
			Examples: []Example{{`dayofweek(datetime(2020-01-01))`, `3d`}, {`dayofweek(datetime(2020-01-05))`, `0d`}}},

		{Sig: "make_datetime(value: datetime) -> datetime", Doc: "The time itself.", ResultName: NameOnlyArg, Duck: "{value}", Go: same,
			Examples: []Example{{`make_datetime(datetime(2020-01-01))`, `datetime(2020-01-01)`}}},
		{Sig: "make_datetime(value: text) -> datetime", Doc: "The time that a text names, as todatetime() reads it.", ResultName: NameOnlyArg,
			Go: func(_ *Env, a []types.Value) types.Value {
				if t, ok := types.ParseDatetime(a[0].(string)); ok {
					return t
				}
				return nil
			},
			Examples: []Example{{`make_datetime("2020-01-01")`, `datetime(2020-01-01)`}}},
		{Sig: "make_datetime(year: real, month: real, day: real, hour?: real, minute?: real, second?: real) -> datetime", Sem: NullOnNull,
			Doc:      "The time made of its parts; null when there is no such time.",
			Go:       makeDatetime,
			Examples: []Example{{`make_datetime(2020, 2, 29, 12, 30, 1.5)`, `datetime(2020-02-29 12:30:01.5)`}, {`make_datetime(2020, 13, 1)`, `datetime(null)`}}},
		{Sig: "make_timespan(value: timespan) -> timespan", Doc: "The timespan itself.", ResultName: NameOnlyArg, Duck: "{value}", Go: same,
			Examples: []Example{{`make_timespan(1d)`, `1d`}}},
		{Sig: "make_timespan(value: text) -> timespan", Doc: "The timespan that a text names, as totimespan() reads it.", ResultName: NameOnlyArg,
			Go: func(_ *Env, a []types.Value) types.Value {
				if t, ok := types.ParseTimespan(a[0].(string)); ok {
					return t
				}
				return nil
			},
			Examples: []Example{{`make_timespan("01:00:00")`, `1h`}}},
		{Sig: "make_timespan(hours: real, minutes: real, seconds?: real) -> timespan", Sem: NullOnNull,
			Doc: "The timespan made of its parts; null when one is out of its range.",
			Go: func(_ *Env, a []types.Value) types.Value {
				return makeTimespan(append([]types.Value{0.0}, a...))
			},
			Examples: []Example{{`make_timespan(1, 12, 30)`, `time(01:12:30)`}, {`make_timespan(25, 70)`, `timespan(null)`}}},
		{Sig: "make_timespan(days: real, hours: real, minutes: real, seconds: real) -> timespan", Sem: NullOnNull,
			Doc:      "The timespan made of its parts; null when one is out of its range.",
			Go:       func(_ *Env, a []types.Value) types.Value { return makeTimespan(a) },
			Examples: []Example{{`make_timespan(1, 12, 30, 55.123)`, `time(1.12:30:55.123)`}}},
	},
	unixRows("seconds", types.Second), unixRows("milliseconds", types.Millisecond), unixRows("microseconds", types.Microsecond), unixRows("nanoseconds", 0),
	aroundRows(),
)

// inRange is ticks that are null outside the years 1 to 9999.
func (l *Lowering) inRange(ticks sqlx.Expr) sqlx.Expr {
	t := l.Hoist(ticks)
	return when(sqlx.Parts{t, " BETWEEN ", sqlx.BigInt(0), " AND ", sqlx.BigInt(types.MaxDatetime)}, t)
}

// ticksOf is the ticks of a TIMESTAMP.
func ticksOfTimestamp(ts sqlx.Expr) sqlx.Expr {
	return sqlx.Infix("+", sqlx.Infix("*", sqlx.Call("epoch_us", ts), sqlx.BigInt(10)), sqlx.BigInt(types.UnixEpoch))
}

// dateParts maps the names of parts to their lengths in ticks; 0 where it varies, or
// is below a tick.
var dateParts = map[string]int64{
	"year": 0, "quarter": 0, "month": 0, "week": 7 * types.Day, "day": types.Day, "hour": types.Hour, "minute": types.Minute, "second": types.Second,
	"millisecond": types.Millisecond, "microsecond": types.Microsecond, "nanosecond": 0, "week_of_year": 0, "dayofyear": 0,
}

func datePart(v types.Value) string {
	s, _ := v.(string)
	return strings.ToLower(s)
}

func checkPart(except ...string) func(args []Arg) (int, string) {
	return func(args []Arg) (int, string) {
		part := datePart(args[0].Value)
		_, ok := dateParts[part]
		for _, e := range except {
			ok = ok && part != e
		}
		if !ok {
			return 0, `"` + part + `" is not a part of a time; use year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond`
		}
		return 0, ""
	}
}

func lowerDatetimeAdd(l *Lowering) (sqlx.Expr, error) {
	part, n := datePart(l.Args[0].Value), l.Args[1].SQL
	if unit := dateParts[part]; unit > 0 {
		return l.inRange(try(sqlx.Infix("+", l.Args[2].SQL, sqlx.Infix("*", n, sqlx.BigInt(unit))))), nil
	}
	t := l.once(2)
	if part == "nanosecond" {
		return l.inRange(try(sqlx.Infix("+", t, sqlx.Infix("//", n, sqlx.BigInt(100))))), nil
	}
	months := sqlx.Call("to_months", sqlx.Infix("*", n, sqlx.Raw(itoa(monthsOf[part]))))
	moved := ticksOfTimestamp(sqlx.Infix("+", timestampOf(t), months))
	return l.inRange(try(sqlx.Infix("+", moved, sqlx.Infix("%", t, sqlx.BigInt(10))))), nil
}

var monthsOf = map[string]int{"year": 12, "quarter": 3, "month": 1}

func addPart(part string, n, t int64) types.Value {
	if unit := dateParts[part]; unit > 0 {
		by := mulChecked(n, unit)
		if by == nil {
			return nil
		}
		return shift(t, by.(int64))
	}
	if part == "nanosecond" {
		return shift(t, n/100)
	}
	if n > 120000 || n < -120000 {
		return nil
	}
	at := types.ToTime(t)
	y, m, d := at.Date()
	total := y*12 + int(m) - 1 + int(n)*monthsOf[part]
	if total < 12 || total >= 120000 {
		return nil
	}
	first := time.Date(total/12, time.Month(total%12+1), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return types.FromTime(first.AddDate(0, 0, min(d, last)-1)) + t%types.Day
}

func lowerDatetimeDiff(l *Lowering) (sqlx.Expr, error) {
	part, a, b := datePart(l.Args[0].Value), l.Args[1].SQL, l.Args[2].SQL
	minus := func(f func(sqlx.Expr) sqlx.Expr) sqlx.Expr { return bigint(sqlx.Infix("-", f(a), f(b))) }
	switch part {
	case "nanosecond":
		return try(sqlx.Infix("*", sqlx.Infix("-", a, b), sqlx.BigInt(100))), nil
	case "week":
		return double(minus(func(t sqlx.Expr) sqlx.Expr {
			return sqlx.Infix("//", sqlx.Infix("+", t, sqlx.BigInt(types.Day)), sqlx.BigInt(7*types.Day))
		})), nil
	case "year":
		return minus(func(t sqlx.Expr) sqlx.Expr { return sqlx.Call("year", timestampOf(t)) }), nil
	case "quarter", "month":
		per := map[string]int64{"quarter": 4, "month": 12}[part]
		a, b = l.once(1), l.once(2)
		return minus(func(t sqlx.Expr) sqlx.Expr {
			return sqlx.Infix("+", sqlx.Infix("*", sqlx.Call("year", timestampOf(t)), sqlx.BigInt(per)), sqlx.Call(part, timestampOf(t)))
		}), nil
	}
	return minus(func(t sqlx.Expr) sqlx.Expr { return sqlx.Infix("//", t, sqlx.BigInt(dateParts[part])) }), nil
}

func diffPart(part string, a, b int64) types.Value {
	count := func(t int64) int64 {
		at := types.ToTime(t)
		switch part {
		case "year":
			return int64(at.Year())
		case "quarter":
			return int64(at.Year()*4 + (int(at.Month())-1)/3)
		case "month":
			return int64(at.Year()*12 + int(at.Month()))
		case "week":
			return (t + types.Day) / (7 * types.Day)
		}
		return t / dateParts[part]
	}
	switch part {
	case "nanosecond":
		return mulChecked(a-b, 100)
	case "week":
		return float64(count(a) - count(b))
	}
	return count(a) - count(b)
}

func partRow(name string, sem Sem) Row {
	return Row{Sig: name + "(part: const string, date: datetime) -> long", Sem: Strict | sem,
		Doc:   "A part of a time: year, quarter, month, week_of_year, day, dayofyear, hour, minute, second, or the fraction of the second in millisecond, microsecond, nanosecond.",
		Check: checkPart("week"),
		Lower: func(l *Lowering) (sqlx.Expr, error) { return partSQL(datePart(l.Args[0].Value), l.Args[1].SQL), nil },
		Go: func(_ *Env, a []types.Value) types.Value {
			return partOf(datePart(a[0]), a[1].(int64))
		},
		Examples: []Example{{name + `("quarter", datetime(2020-05-01))`, `2`}, {name + `("microsecond", datetime(2020-05-01 00:00:00.7654321))`, `765432`}}}
}

func calendarRow(name, part, doc string) Row {
	at := types.UnixEpoch + 18000*types.Day + 13*types.Hour // 2019-04-14 13:00
	want := partOf(part, at).(int64)
	return Row{Sig: name + "(date: datetime) -> long", Sem: Strict, Doc: doc,
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return partSQL(part, l.Args[0].SQL), nil },
		Go:       func(_ *Env, a []types.Value) types.Value { return partOf(part, a[0].(int64)) },
		Examples: []Example{{name + `(datetime(2019-04-14 13:00))`, itoa(int(want))}}}
}

func partSQL(part string, t sqlx.Expr) sqlx.Expr {
	within := func(unit, whole int64) sqlx.Expr {
		return sqlx.Infix("//", sqlx.Infix("%", t, sqlx.BigInt(whole)), sqlx.BigInt(unit))
	}
	switch part {
	case "hour":
		return within(types.Hour, types.Day)
	case "minute":
		return within(types.Minute, types.Hour)
	case "second":
		return within(types.Second, types.Minute)
	case "millisecond":
		return within(types.Millisecond, types.Second)
	case "microsecond":
		return within(types.Microsecond, types.Second)
	case "nanosecond":
		return sqlx.Infix("*", sqlx.Infix("%", t, sqlx.BigInt(types.Second)), sqlx.BigInt(100))
	case "week_of_year":
		part = "weekofyear"
	}
	return bigint(sqlx.Call(part, timestampOf(t)))
}

func partOf(part string, t int64) types.Value {
	at := types.ToTime(t)
	switch part {
	case "year":
		return int64(at.Year())
	case "quarter":
		return int64(at.Month()-1)/3 + 1
	case "month":
		return int64(at.Month())
	case "day":
		return int64(at.Day())
	case "dayofyear":
		return int64(at.YearDay())
	case "week_of_year":
		_, w := at.ISOWeek()
		return int64(w)
	case "hour":
		return t % types.Day / types.Hour
	case "minute":
		return t % types.Hour / types.Minute
	case "second":
		return t % types.Minute / types.Second
	case "millisecond":
		return t % types.Second / types.Millisecond
	case "microsecond":
		return t % types.Second / types.Microsecond
	}
	return t % types.Second * 100
}

// whole is the integer of a real argument; ok is false when it is out of the range.
func whole(v types.Value, least, most float64) (int, bool) {
	f := math.Trunc(v.(float64))
	return int(f), f >= least && f <= most
}

func makeDatetime(_ *Env, a []types.Value) types.Value {
	y, ok1 := whole(a[0], 1, 9999)
	m, ok2 := whole(a[1], 1, 12)
	d, ok3 := whole(a[2], 1, 31)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	date := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if date.Day() != d {
		return nil
	}
	clock := makeTimespan(append([]types.Value{0.0}, a[3:]...))
	if clock == nil {
		return nil
	}
	return types.FromTime(date) + clock.(int64)
}

// makeTimespan reads days, hours, minutes and seconds; only the seconds may have a
// fraction.
func makeTimespan(a []types.Value) types.Value {
	limits := []float64{10675198, 23, 59, 59}
	units := []int64{types.Day, types.Hour, types.Minute, types.Second}
	total := int64(0)
	for i, v := range a {
		n, ok := whole(v, 0, limits[i])
		if f := v.(float64); !ok || f < 0 {
			return nil
		}
		total += int64(n) * units[i]
		if i == 3 {
			_, frac := math.Modf(v.(float64))
			total += min(int64(math.Round(frac*float64(types.Second))), types.Second-1)
		}
	}
	return total
}

// unixRows convert counts since 1970; unit is in ticks, 0 for nanoseconds.
func unixRows(name string, unit int64) []Row {
	sig := func(t string) string { return "unixtime_" + name + "_todatetime(number: " + t + ") -> datetime" }
	doc := "The time so many " + name + " after 1970-01-01; null outside the years 1 to 9999."
	want := map[int64]string{types.Second: `1546300800`, types.Millisecond: `1546300800000`, types.Microsecond: `1546300800000000`, 0: `1546300800000000000`}[unit]
	whole := Row{Sig: sig("integer"), Doc: doc, Sem: Strict,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			scaled := sqlx.Infix("*", l.Args[0].SQL, sqlx.BigInt(unit))
			if unit == 0 {
				scaled = sqlx.Infix("//", l.Args[0].SQL, sqlx.BigInt(100))
			}
			return l.inRange(try(sqlx.Infix("+", scaled, sqlx.BigInt(types.UnixEpoch)))), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			n := a[0].(int64)
			if unit == 0 {
				return shift(types.UnixEpoch, n/100)
			}
			by := mulChecked(n, unit)
			if by == nil {
				return nil
			}
			return shift(types.UnixEpoch, by.(int64))
		},
		Examples: []Example{{"unixtime_" + name + "_todatetime(" + want + ")", `datetime(2019-01-01)`}}}
	scale := float64(unit)
	if unit == 0 {
		scale = 0.01
	}
	real := Row{Sig: sig("real"), Doc: doc, Sem: Strict,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			ticks := bigint(sqlx.Call("trunc", sqlx.Infix("*", l.Args[0].SQL, sqlx.Double(scale))))
			return l.inRange(try(sqlx.Infix("+", ticks, sqlx.BigInt(types.UnixEpoch)))), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			f := math.Trunc(a[0].(float64) * scale)
			if !(math.Abs(f) < float64(types.MaxDatetime)) {
				return nil
			}
			return shift(types.UnixEpoch, int64(f))
		},
		Examples: []Example{{"unixtime_" + name + "_todatetime(" + want + ".0)", `datetime(2019-01-01)`}}}
	return []Row{whole, real}
}

func aroundRows() []Row {
	row := func(value, delta, call string) Row {
		return Row{Sig: "around(value: " + value + ", center: " + value + ", delta: " + delta + ") -> bool", Sem: NullOnNull,
			Doc: "Whether value is within delta of center, both ends included.",
			Lower: func(l *Lowering) (sqlx.Expr, error) {
				v, c, d := l.once(0), l.once(1), l.once(2)
				wide := func(x sqlx.Expr) sqlx.Expr {
					if value == "real" {
						return x
					}
					return sqlx.Cast{X: x, Type: "HUGEINT"}
				}
				in := []sqlx.Expr{sqlx.Infix(">=", v, sqlx.Infix("-", wide(c), d)), sqlx.Infix("<=", v, sqlx.Infix("+", wide(c), d))}
				if value == "real" { // to DuckDB NaN is the greatest number
					in = append(in, sqlx.Prefix{Op: "NOT", X: isNaN(v)})
				}
				return sqlx.And(in...), nil
			},
			Go: func(_ *Env, a []types.Value) types.Value {
				if v, ok := a[0].(float64); ok {
					c, d := a[1].(float64), a[2].(float64)
					return v >= c-d && v <= c+d
				}
				v, c, d := a[0].(int64), a[1].(int64), a[2].(int64)
				low, high := subChecked(c, d), addChecked(c, d)
				return (low == nil && d > 0 || low != nil && v >= low.(int64)) && (high == nil && d > 0 || high != nil && v <= high.(int64))
			},
			Examples: []Example{{call, `true`}}}
	}
	return []Row{
		row("datetime", "timespan", `around(datetime(2020-01-01 00:01), datetime(2020-01-01), 1m)`),
		row("timespan", "timespan", `around(61s, 1m, 1s)`),
		row("integer", "integer", `around(5, 3, 2)`),
		row("real", "real", `around(5.0, 3.0, 2.5)`),
	}
}
