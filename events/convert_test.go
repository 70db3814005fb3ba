package events

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"quarry/kql/types"
)

func at(t testing.TB, s string) int64 {
	t.Helper()
	v, ok := types.ParseDatetime(s)
	if !ok {
		t.Fatalf("bad time %q in the test", s)
	}
	return v
}

func TestConvert(t *testing.T) {
	type bad struct{}
	for _, c := range []struct {
		cell cell
		to   types.Type
		want types.Value
	}{
		{cell{kind: kindNull}, types.String, ""},
		{cell{kind: kindNull}, types.Long, nil},
		{cell{kind: kindNumber, text: "1.50"}, types.String, "1.50"},
		{cell{kind: kindTrue, text: "true"}, types.String, "true"},
		{cell{kind: kindObject, text: `{ "a": "x y", "b":[1, 2.0] }`}, types.String, `{"a":"x y","b":[1,2.0]}`},
		{cell{kind: kindEscaped, text: `a\"b`}, types.String, `a"b`},

		{cell{kind: kindString, text: ""}, types.Long, nil},
		{cell{kind: kindText, text: " 42 "}, types.Long, int64(42)},
		{cell{kind: kindString, text: "0x1F"}, types.Long, int64(31)},
		{cell{kind: kindNumber, text: "12.0"}, types.Long, int64(12)},
		{cell{kind: kindNumber, text: "1.2e1"}, types.Long, int64(12)},
		{cell{kind: kindNumber, text: "9223372036854775807"}, types.Long, int64(math.MaxInt64)},
		{cell{kind: kindNumber, text: "-9223372036854775808"}, types.Long, int64(math.MinInt64)},
		{cell{kind: kindNumber, text: "9223372036854775808"}, types.Long, bad{}},
		{cell{kind: kindNumber, text: "1.5"}, types.Long, bad{}},
		{cell{kind: kindNumber, text: "NaN"}, types.Long, nil},
		{cell{kind: kindString, text: "twelve"}, types.Long, bad{}},
		{cell{kind: kindTrue, text: "true"}, types.Long, bad{}},
		{cell{kind: kindArray, text: "[1]"}, types.Long, bad{}},
		{cell{kind: kindNumber, text: "2147483648"}, types.Int, bad{}},
		{cell{kind: kindNumber, text: "-2147483648"}, types.Int, int64(math.MinInt32)},

		{cell{kind: kindNumber, text: "1e3"}, types.Real, 1000.0},
		{cell{kind: kindString, text: "-0.5"}, types.Real, -0.5},
		{cell{kind: kindNumber, text: "-Infinity"}, types.Real, math.Inf(-1)},
		{cell{kind: kindNumber, text: "1e999"}, types.Real, bad{}},
		{cell{kind: kindString, text: "1_000"}, types.Real, bad{}},
		{cell{kind: kindString, text: "0x1p4"}, types.Real, bad{}},

		{cell{kind: kindNumber, text: "-1.50"}, types.Decimal, "-1.5"},
		{cell{kind: kindNumber, text: "12e3"}, types.Decimal, "12000"},
		{cell{kind: kindNumber, text: "1e-3"}, types.Decimal, "0.001"},
		{cell{kind: kindNumber, text: "0.00"}, types.Decimal, "0"},
		{cell{kind: kindNumber, text: "1e99"}, types.Decimal, bad{}},

		{cell{kind: kindString, text: "True"}, types.Bool, true},
		{cell{kind: kindString, text: "0"}, types.Bool, false},
		{cell{kind: kindNumber, text: "1"}, types.Bool, true},
		{cell{kind: kindNumber, text: "2"}, types.Bool, bad{}},
		{cell{kind: kindString, text: "yes"}, types.Bool, bad{}},

		{cell{kind: kindString, text: "2024-01-02T03:04:05.1234567Z"}, types.Datetime, at(t, "2024-01-02T03:04:05.1234567Z")},
		{cell{kind: kindText, text: "2024-01-02 03:04:05+02:00"}, types.Datetime, at(t, "2024-01-02T01:04:05Z")},
		{cell{kind: kindNumber, text: "1704164645"}, types.Datetime, at(t, "2024-01-02T03:04:05Z")},
		{cell{kind: kindNumber, text: "1704164645.1234567"}, types.Datetime, at(t, "2024-01-02T03:04:05.1234567Z")},
		{cell{kind: kindString, text: "1704164645123"}, types.Datetime, at(t, "2024-01-02T03:04:05.123Z")},
		{cell{kind: kindNumber, text: "1704164645123456"}, types.Datetime, at(t, "2024-01-02T03:04:05.123456Z")},
		{cell{kind: kindNumber, text: "1704164645123456789"}, types.Datetime, at(t, "2024-01-02T03:04:05.1234567Z")},
		{cell{kind: kindNumber, text: "17041646"}, types.Datetime, bad{}},
		{cell{kind: kindNumber, text: "170416464512"}, types.Datetime, bad{}},
		{cell{kind: kindString, text: "/Date(1704164645123)/"}, types.Datetime, at(t, "2024-01-02T03:04:05.123Z")},
		{cell{kind: kindString, text: "soon"}, types.Datetime, bad{}},

		{cell{kind: kindString, text: "1.02:03:04"}, types.Timespan, types.Day + 2*types.Hour + 3*types.Minute + 4*types.Second},
		{cell{kind: kindNumber, text: "5"}, types.Timespan, bad{}},
		{cell{kind: kindString, text: "{00112233-4455-6677-8899-AABBCCDDEEFF}"}, types.Guid, "00112233-4455-6677-8899-aabbccddeeff"},
		{cell{kind: kindString, text: "00112233445566778899aabbccddeeff"}, types.Guid, "00112233-4455-6677-8899-aabbccddeeff"},
		{cell{kind: kindString, text: "00112233-4455-6677-8899-aabbccddeefg"}, types.Guid, bad{}},

		{cell{kind: kindObject, text: `{"b": 1.0, "a": "x\u0041 y"}`}, types.Dynamic, `{"b":1.0,"a":"x\u0041 y"}`},
		{cell{kind: kindArray, text: `[NaN, -Infinity, 1]`}, types.Dynamic, `[null,null,1]`},
		{cell{kind: kindObject, text: "{\"a\":\"x\ty\"}"}, types.Dynamic, `{"a":"x\u0009y"}`},
		{cell{kind: kindEscaped, text: `{\"a\": 1}`}, types.Dynamic, `{"a":1}`},
		{cell{kind: kindString, text: `{not json`}, types.Dynamic, `"{not json"`},
		{cell{kind: kindString, text: `42`}, types.Dynamic, `"42"`},
		{cell{kind: kindString, text: ""}, types.Dynamic, nil},
		{cell{kind: kindNumber, text: "1.50"}, types.Dynamic, "1.50"},
		{cell{kind: kindFalse, text: "false"}, types.Dynamic, "false"},
	} {
		got, why := convert(c.cell, c.to)
		if (why != "") != (c.want == bad{}) || why == "" && !cmp.Equal(got, c.want) {
			t.Errorf("%q to %s: %#v %s, want %#v", c.cell.text, c.to, got, why, c.want)
		}
	}
}

func TestWiden(t *testing.T) {
	all := []types.Type{types.Bool, types.Int, types.Long, types.Real, types.Decimal, types.String, types.Datetime, types.Timespan, types.Guid, types.Dynamic}
	for _, a := range all {
		if widen(a, types.Unknown) != a || widen(types.Unknown, a) != a {
			t.Errorf("unknown is not neutral to %s", a)
		}
		for _, b := range all {
			w := widen(a, b)
			if w != widen(b, a) {
				t.Errorf("widen(%s, %s) depends on the order", a, b)
			}
			if widen(w, a) != w || widen(w, b) != w {
				t.Errorf("widen(%s, %s) = %s is not wide enough", a, b, w)
			}
			if _, ok := Widen(nil, a, w); !ok {
				t.Errorf("null does not go from %s to %s", a, w)
			}
			for _, c := range all {
				if widen(w, c) != widen(a, widen(b, c)) {
					t.Errorf("widening %s, %s, %s depends on the order", a, b, c)
				}
			}
		}
	}
	if _, ok := Widen(int64(1<<53+1), types.Long, types.Real); ok {
		t.Error("a digit is lost from long to real")
	}
	if v, _ := Widen("", types.String, types.Dynamic); v != nil {
		t.Errorf("empty text as dynamic: %v", v)
	}
}
