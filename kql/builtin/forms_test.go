package builtin

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"quarry/kql/types"
)

// goForm runs the Go form of the overload that the arguments choose and prints the result
// as it would stand in a result grid.
func goForm(t *testing.T, table *Table, name string, args []Arg) string {
	t.Helper()
	res, miss := Resolve(table.Scalar(name), args)
	if miss != nil {
		return "refused: " + miss.Message
	}
	vals := make([]types.Value, len(args))
	for i, a := range args {
		vals[i] = a.Value
		switch v := a.Value.(type) {
		case int64:
			if res.Params[i] == types.Real {
				vals[i] = float64(v)
			}
		}
		if res.Params[i] == types.Dynamic && a.Type != types.Dynamic {
			vals[i] = types.DynOf(a.Type, a.Value).Value()
		}
	}
	v := CallGo(NewEnv(nil), res.Row, res.Result, vals)
	switch n := v.(type) {
	case nil:
		return "null"
	case int64:
		switch res.Result {
		case types.Datetime:
			return strings.TrimSuffix(types.FormatDatetime(n), ".0000000Z")
		case types.Timespan:
			return types.FormatTimespan(n)
		}
	}
	return fmt.Sprint(v)
}

func tm(s string) Arg {
	t, ok := types.ParseDatetime(s)
	if !ok {
		panic(s)
	}
	return Arg{Type: types.Datetime, Const: true, Value: t}
}

func dur(s string) Arg {
	t, ok := types.ParseTimespan(s)
	if !ok {
		panic(s)
	}
	return Arg{Type: types.Timespan, Const: true, Value: t}
}

func lng(v int64) Arg      { return Arg{Type: types.Long, Const: true, Value: v} }
func num(v float64) Arg    { return Arg{Type: types.Real, Const: true, Value: v} }
func str(v string) Arg     { return Arg{Type: types.String, Const: true, Value: v} }
func jsn(v string) Arg     { return Arg{Type: types.Dynamic, Const: true, Value: v} }
func nul(t types.Type) Arg { return Arg{Type: t, Const: true} }

type formCase struct {
	name string
	args []Arg
	want string
}

func runForms(t *testing.T, cases []formCase) {
	t.Helper()
	table, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if got := goForm(t, table, c.name, c.args); got != c.want {
			var in []string
			for _, a := range c.args {
				in = append(in, fmt.Sprint(a.Value))
			}
			t.Errorf("%s(%s) = %s, want %s", c.name, strings.Join(in, ", "), got, c.want)
		}
	}
}

func TestDatetimeForms(t *testing.T) {
	runForms(t, []formCase{
		{"bin", []Arg{tm("1955-11-05 06:15:00.5"), dur("7d")}, "1955-10-31T00:00:00"},
		{"bin", []Arg{tm("2007-03-09"), dur("30d")}, "2007-02-14T00:00:00"},
		{"bin", []Arg{tm("2020-01-01"), dur("-1h")}, "null"},
		{"bin", []Arg{lng(math.MinInt64), lng(10)}, "null"},
		{"bin", []Arg{num(-0.5), lng(1)}, "-1"},
		{"bin_at", []Arg{tm("2023-03-12 07:30"), dur("90m"), tm("2023-03-12 00:07")}, "2023-03-12T06:07:00"},
		{"bin_at", []Arg{tm("0001-01-01"), dur("7d"), tm("2020-01-01")}, "null"},
		{"startofweek", []Arg{tm("2020-05-13")}, "2020-05-10T00:00:00"},
		{"startofweek", []Arg{tm("0001-01-02")}, "null"},
		{"endofweek", []Arg{tm("9999-12-31")}, "null"},
		{"endofday", []Arg{tm("9999-12-31 12:00")}, "9999-12-31T23:59:59.9999999Z"},
		{"startofmonth", []Arg{tm("2020-05-13"), lng(-5)}, "2019-12-01T00:00:00"},
		{"endofyear", []Arg{tm("2020-05-13"), lng(1)}, "2021-12-31T23:59:59.9999999Z"},
		{"startofyear", []Arg{tm("2020-05-13"), lng(math.MaxInt64)}, "null"},
		{"datetime_add", []Arg{str("month"), lng(1), tm("2020-01-31 10:00:00.0000001")}, "2020-02-29T10:00:00.0000001Z"},
		{"datetime_add", []Arg{str("quarter"), lng(-1), tm("2020-05-31")}, "2020-02-29T00:00:00"},
		{"datetime_add", []Arg{str("year"), lng(8000), tm("2020-05-31")}, "null"},
		{"datetime_add", []Arg{str("week"), lng(math.MaxInt64), tm("2020-05-31")}, "null"},
		{"datetime_add", []Arg{str("moon"), lng(1), tm("2020-05-31")}, `refused: "moon" is not a part of a time; use year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond`},
		{"datetime_diff", []Arg{str("quarter"), tm("2024-03-31"), tm("2020-04-01")}, "15"},
		{"datetime_diff", []Arg{str("week"), tm("2020-12-31"), tm("2020-01-01")}, "52"},
		{"datetime_diff", []Arg{str("microsecond"), tm("2020-01-01 00:00:00.0000020"), tm("2020-01-01 00:00:00.0000005")}, "2"},
		{"datetime_part", []Arg{str("Nanosecond"), tm("2017-10-30 01:02:03.7654321")}, "765432100"},
		{"week_of_year", []Arg{tm("2016-01-01")}, "53"},
		{"week_of_year", []Arg{tm("2018-12-31")}, "1"},
		{"make_datetime", []Arg{lng(2020), lng(2), lng(29), lng(23), lng(59), num(59.9999999)}, "2020-02-29T23:59:59.9999999Z"},
		{"make_datetime", []Arg{lng(2021), lng(2), lng(29)}, "null"},
		{"make_timespan", []Arg{lng(0), lng(25), lng(61), num(61.5)}, "null"},
		{"make_timespan", []Arg{lng(0), lng(0), lng(0), num(0.0000001)}, "00:00:00.0000001"},
		{"unixtime_milliseconds_todatetime", []Arg{num(1500.25)}, "1970-01-01T00:00:01.5002500Z"},
		{"unixtime_seconds_todatetime", []Arg{lng(math.MaxInt64)}, "null"},
		{"unixtime_seconds_todatetime", []Arg{num(math.NaN())}, "null"},
		{"format_datetime", []Arg{tm("2020-01-05"), str("dddd ddd MMM y")}, "0505 055 011 20"},
		{"format_datetime", []Arg{tm("2020-06-15 13:45:09.1234567"), str("FFFFFFF ff h tt")}, "1234567 12 1 PM"},
		{"format_datetime", []Arg{tm("2007-01-02"), str("y-FF")}, "7-"},
		{"format_datetime", []Arg{tm("2007-01-02"), str("zzz")}, `refused: "z" is not a format specifier`},
		{"format_timespan", []Arg{dur("10675199.02:48:05.4775807"), str("d.hh:mm:ss")}, "10675199.02:48:05"},
		{"format_timespan", []Arg{dur("-00:01:30"), str("mm:ss")}, "-01:30"},
		{"datetime_utc_to_local", []Arg{tm("2022-03-27 01:00"), str("Europe/Brussels")}, "2022-03-27T03:00:00"},
		{"datetime_local_to_utc", []Arg{tm("2022-03-27 02:30"), str("Europe/Brussels")}, "2022-03-27T00:30:00"},
		{"datetime_local_to_utc", []Arg{tm("2022-10-30 02:30"), str("Europe/Brussels")}, "2022-10-30T01:30:00"},
		{"datetime_local_to_utc", []Arg{tm("2022-10-30 02:30"), str("Mars/Olympus")}, "null"},
		{"around", []Arg{lng(math.MaxInt64), lng(math.MaxInt64 - 1), lng(5)}, "true"},
	})
}

func TestDynamicForms(t *testing.T) {
	runForms(t, []formCase{
		{".key", []Arg{jsn(`{"a":{"b":null}}`), str("a")}, `{"b":null}`},
		{".key", []Arg{jsn(`[1]`), str("a")}, "null"},
		{".index", []Arg{jsn(`[1,2,3]`), lng(-1)}, "3"},
		{".index", []Arg{jsn(`{"a":1}`), lng(0)}, "null"},
		{".pack", []Arg{str(`12`)}, `"12"`},
		{".pack", []Arg{dur("2s")}, `"00:00:02"`},
		{".pack", []Arg{num(math.Inf(1))}, `"Infinity"`},
		{"bag_pack", []Arg{str("a"), tm("2020-01-01"), str("a"), lng(1)}, `{"a":"2020-01-01T00:00:00.0000000Z"}`},
		{"bag_pack", []Arg{str("a")}, "refused: keys and values come in pairs; the last key has no value"},
		{"bag_merge", []Arg{jsn(`{"k":1}`), nul(types.Dynamic)}, `{"k":1}`},
		{"bag_remove_keys", []Arg{jsn(`{"key1":123,"key2":{"prop1":"abc","prop2":"xyz"},"key3":[1]}`), jsn(`["$.key2.prop1","key3"]`)}, `{"key1":123,"key2":{"prop2":"xyz"}}`},
		{"bag_set_key", []Arg{jsn(`{"a":{"x":1}}`), str("$['a']['y']"), str("v")}, `{"a":{"x":1,"y":"v"}}`},
		{"bag_zip", []Arg{jsn(`"a"`), jsn(`[1]`)}, "null"},
		{"treepath", []Arg{jsn(`{"a":[1,{"b":2}]}`)}, `["['a']","['a'][0]","['a'][0]['b']"]`},
		{"array_slice", []Arg{jsn(`[1,2,3]`), lng(-9), lng(9)}, `[1,2,3]`},
		{"array_slice", []Arg{jsn(`[1,2,3]`), lng(2), lng(1)}, `[]`},
		{"array_split", []Arg{jsn(`[1,2,3,4,5]`), jsn(`[-2]`)}, `[[1,2,3],[4,5]]`},
		{"array_shift_left", []Arg{jsn(`[1,2,3,4,5]`), lng(-2), lng(-1)}, `[-1,-1,1,2,3]`},
		{"array_shift_right", []Arg{jsn(`["a","b"]`), lng(1)}, `["","a"]`},
		{"array_rotate_right", []Arg{jsn(`[1,2,3]`), lng(-4)}, `[2,3,1]`},
		{"array_index_of", []Arg{jsn(`[5,15,5]`), num(15)}, "1"},
		{"array_index_of", []Arg{jsn(`[5,15,5]`), lng(5), lng(0), lng(-1), lng(2)}, "2"},
		{"array_iff", []Arg{jsn(`[true,"x",0]`), jsn(`[1,2]`), str("no")}, `[1,null,"no"]`},
		{"array_sum", []Arg{jsn(`[1,null,3]`)}, "4"},
		{"array_sort_asc", []Arg{jsn(`[null,"b",2,10,"a"]`)}, `[2,10,"a","b",null]`},
		{"array_sort_desc", []Arg{jsn(`[null,1,2]`), {Type: types.Bool, Const: true, Value: false}}, `[null,2,1]`},
		{"array_sort_asc", []Arg{jsn(`[3,1]`), jsn(`["c","a"]`), jsn(`[1]`)}, `[[1,3],["a","c"],null]`},
		{"set_difference", []Arg{jsn(`[null,1,null,2]`), jsn(`[null]`)}, `[1,2]`},
		{"set_union", []Arg{jsn(`[1,1.0,"1"]`), nul(types.Dynamic), jsn(`[{"a":1,"b":2},{"b":2,"a":1}]`)}, `[1,"1",{"a":1,"b":2}]`},
		{"set_has_element", []Arg{jsn(`["1"]`), lng(1)}, "false"},
		{"range", []Arg{lng(1), lng(0)}, `[]`},
		{"range", []Arg{lng(math.MaxInt64 - 1), lng(math.MaxInt64), lng(1)}, `[9223372036854775806,9223372036854775807]`},
		{"range", []Arg{lng(1), lng(5), lng(0)}, "null"},
		{"zip", []Arg{jsn(`[1,2]`), jsn(`["a"]`)}, `[[1,"a"],[2,null]]`},
		{"case", []Arg{{Type: types.Bool, Value: nil}, lng(1), {Type: types.Bool, Value: true}, lng(2), lng(3)}, "2"},
		{"iff", []Arg{{Type: types.Bool, Value: true}, lng(1), num(2)}, "refused: the results must have one type, but this one is real and another is long"},
		{"coalesce", []Arg{str(""), str("x")}, "x"},
	})
}

func TestMathForms(t *testing.T) {
	runForms(t, []formCase{
		{"round", []Arg{num(3.25), lng(1)}, "3.3"},
		{"round", []Arg{num(1e308), lng(5)}, "1e+308"},
		{"log", []Arg{num(-1)}, "null"},
		{"log", []Arg{num(0)}, "-Inf"},
		{"sqrt", []Arg{num(-1)}, "NaN"},
		{"sign", []Arg{num(math.NaN())}, "0"},
		{"abs", []Arg{lng(math.MinInt64)}, "null"},
		{"binary_shift_left", []Arg{lng(1), lng(63)}, "-9223372036854775808"},
		{"binary_shift_left", []Arg{lng(1), lng(64)}, "1"},
		{"binary_shift_right", []Arg{lng(-8), lng(1)}, "-4"},
		{"beta_cdf", []Arg{num(1.5), num(10), num(20)}, "NaN"},
		{"convert_temperature", []Arg{num(100), str("DegreeCelsius"), str("Kelvin")}, "373.15"},
		{"convert_mass", []Arg{num(1), str("Kilogram"), str("Meter")}, `refused: "Meter" is not a unit of mass such as Kilogram`},
		{"percentile_tdigest", []Arg{jsn(`["tdigest",[[1,1]]]`), num(50), str("datetime")}, "0001-01-01T00:00:00.0000001Z"},
	})
}

// TestSketches feeds more values than a sketch keeps exactly.
func TestSketches(t *testing.T) {
	const n = 50000
	values := make([]types.Dyn, n)
	pairs := make([]types.Dyn, n)
	for i := range values {
		values[i] = types.DynInt(int64(i))
		pairs[i] = types.DynList([]types.Dyn{types.DynInt(int64(i)), types.DynInt(1)})
	}
	env := NewEnv(nil)
	half := func(from, to int) types.Dyn {
		s := newHLL.Go(env, []types.Value{types.DynList(values[from:to]).String(), int64(14)})
		d, _ := types.ParseDyn(s.(string))
		return d
	}
	merged := mergeHLLs.Go(env, []types.Value{types.DynList([]types.Dyn{half(0, n/2), half(n/4, n), half(0, 10)}).String()})
	h, ok := readHLL(dynArg(merged))
	if !ok || math.Abs(float64(h.count())-n) > n*0.03 {
		t.Errorf("%d different values count as %d", n, h.count())
	}
	whole := types.DynList([]types.Dyn{types.DynText("tdigest"), types.DynList(pairs)})
	d, ok := readDigest(dynArg(mergeDigests.Go(env, []types.Value{types.DynList([]types.Dyn{whole}).String()})))
	if !ok || len(d) > exactSketch {
		t.Fatalf("the digest has %d centroids", len(d))
	}
	if d.total() != n {
		t.Errorf("the digest weighs %v", d.total())
	}
	for _, p := range []float64{0.01, 0.5, 0.99} {
		if got, _ := d.percentile(p).Float(); math.Abs(got-p*n) > n*0.005 {
			t.Errorf("percentile %v is %v", p, got)
		}
	}
}

func TestParams(t *testing.T) {
	table, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range 5 {
		p, _ := table.Scalar("case")[0].Param(i, 5)
		got = append(got, p.Name)
	}
	if want := "predicate then predicate then else"; strings.Join(got, " ") != want {
		t.Errorf("case takes %v, want %s", got, want)
	}
	if _, ok := table.Scalar("pow")[0].Param(2, 3); ok {
		t.Error("pow takes no third argument")
	}
}
