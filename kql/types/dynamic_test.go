package types

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDyn(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`null`, `null`}, {` true `, `true`}, {`"a b"`, `"a b"`}, {`12`, `12`}, {`-0`, `0`},
		{`123456789012345678901234567890`, `123456789012345678901234567890`},
		{`1.50`, `1.5`}, {`1e5`, `100000.0`}, {`1E+2`, `100.0`}, {`0.0000001`, `1e-7`}, {`1.5e-7`, `1.5e-7`}, {`1e21`, `1e21`}, {`1e20`, `100000000000000000000.0`},
		{`-0.0`, `-0.0`}, {`2.0`, `2.0`}, {`0.000001`, `0.000001`}, {`0.1`, `0.1`}, {`12345678901234567.5`, `12345678901234568.0`},
		{"[ 1 ,\n2, [ ] , { } ]", `[1,2,[],{}]`},
		{`{"b":1,"a":[null,true],"b":2}`, `{"b":1,"a":[null,true]}`},
		{`"\u00e9\/\u0001\ud83d\ude00 \" \\ \n"`, `"é/\u0001😀 \" \\ \n"`}, {`"\ud800x"`, `"` + "\uFFFD" + `x"`}, {`"\ud800\u0041"`, `"` + "\uFFFD" + `A"`},
		{``, `ERR`}, {`{`, `ERR`}, {`[1,]`, `ERR`}, {`{"a":1,}`, `ERR`}, {`{a:1}`, `ERR`}, {`'a'`, `ERR`}, {`NaN`, `ERR`}, {`01`, `ERR`}, {`1.`, `ERR`}, {`.5`, `ERR`},
		{`1 2`, `ERR`}, {`tru`, `ERR`}, {`"a`, `ERR`}, {"\"a\nb\"", `ERR`}, {`"\x"`, `ERR`}, {`"\u12"`, `ERR`}, {`1e`, `ERR`}, {`-`, `ERR`}, {`+1`, `ERR`},
	} {
		d, ok := ParseDyn(c.in)
		got := "ERR"
		if ok {
			got = d.String()
		}
		if got != c.want {
			t.Errorf("ParseDyn(%s) = %s, want %s", c.in, got, c.want)
		}
	}
	deep := strings.Repeat("[", MaxDynDepth) + strings.Repeat("]", MaxDynDepth)
	if _, ok := ParseDyn(deep); !ok {
		t.Errorf("%d levels refused", MaxDynDepth)
	}
	if _, ok := ParseDyn("[" + deep + "]"); ok {
		t.Errorf("%d levels accepted", MaxDynDepth+1)
	}
}

func TestDynAccess(t *testing.T) {
	d, _ := ParseDyn(`{"a":{"b":[10,"x",null]},"n":null,"f":1.0}`)
	b := d.Key("a").Key("b")
	for _, c := range []struct{ got, want string }{
		{b.Index(0).String(), "10"}, {b.Index(-3).String(), "10"}, {b.Index(-4).String(), "null"}, {b.Index(1).Text(), "x"}, {b.Index(2).Text(), ""},
		{b.Key("x").String(), "null"}, {d.Index(0).String(), "null"}, {d.Key("A").String(), "null"}, {b.Text(), `[10,"x",null]`}, {d.Key("f").Text(), "1.0"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if _, ok := d.Lookup("n"); !ok {
		t.Error("a null property is there")
	}
	if d.Key("n").Value() != nil {
		t.Error("null has no value")
	}
}

func TestDynOf(t *testing.T) {
	for _, c := range []struct {
		t    Type
		v    Value
		want string
	}{
		{Datetime, int64(637134336000000001), `"2020-01-01T00:00:00.0000001Z"`}, {Timespan, 2 * Second, `"00:00:02"`}, {Long, int64(-7), `-7`},
		{Real, 1.0, `1.0`}, {Real, math.NaN(), `"NaN"`}, {Real, math.Inf(-1), `"-Infinity"`}, {Decimal, "1.50", `"1.50"`}, {String, `a"b`, `"a\"b"`},
		{Bool, true, `true`}, {Dynamic, `{"a":1}`, `{"a":1}`}, {Long, nil, `null`},
	} {
		if got := DynOf(c.t, c.v).String(); got != c.want {
			t.Errorf("DynOf(%v, %v) = %s, want %s", c.t, c.v, got, c.want)
		}
	}
}

func TestDynOrder(t *testing.T) {
	parse := func(s string) Dyn { d, _ := ParseDyn(s); return d }
	if !parse(`{"a":1,"b":[2.0]}`).Equal(parse(`{"b":[2],"a":1}`)) {
		t.Error("bags with the same content differ")
	}
	if parse(`1`).Equal(parse(`"1"`)) || parse(`9007199254740993`).Equal(parse(`9007199254740992`)) {
		t.Error("different values are equal")
	}
	var got []string
	for _, s := range []string{`1 2`, `2 1.5`, `"b" "a"`, `null 1`, `9007199254740993 9007199254740992`} {
		x, y, _ := strings.Cut(s, " ")
		got = append(got, map[int]string{-1: "<", 0: "=", 1: ">"}[cmpSign(parse(x).Compare(parse(y)))])
	}
	if d := cmp.Diff([]string{"<", ">", ">", "<", ">"}, got); d != "" {
		t.Error(d)
	}
}

func cmpSign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// FuzzParseDyn checks the reader against encoding/json, and that what is printed reads back.
func FuzzParseDyn(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x"],"b":null}`, `"\ud83d\ude00"`, `-0.0e-1`, `[[[]]]`, "\"\x7f\"", `{"":0}`, `"\ud83d"`, `"\udc00\ud83d"`, `{"a":nan}`, `[1,]`, "\"1234567\n\"",
		`"12345678\"é"`, `01`, `-`, `1.`, `1e999`, `nul`, `{"a":1}x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := ParseDyn(s)
		if valid := ValidJSON(s); valid != ok && (valid || !strings.Contains(strings.ToLower(s), `\ud`)) {
			t.Fatalf("%q: valid is %v, read is %v", s, valid, ok)
		}
		if !ok {
			if json.Valid([]byte(s)) && strings.Count(s, "[")+strings.Count(s, "{") < MaxDynDepth {
				t.Fatalf("refused valid JSON %q", s)
			}
			return
		}
		if !json.Valid([]byte(s)) {
			t.Fatalf("accepted %q", s)
		}
		text := d.String()
		back, ok := ParseDyn(text)
		if !ok || back.String() != text {
			t.Fatalf("%q prints as %q, which reads as %q", s, text, back)
		}
	})
}
