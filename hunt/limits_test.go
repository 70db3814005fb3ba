package hunt

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"quarry/kql/source"
	"quarry/kql/types"
)

func TestParseTimeout(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"00:04:00": 4 * time.Minute, "00:00:00.4999764": 499976400, "00:01:30.500": 90500 * time.Millisecond,
		"0:01:30": 90 * time.Second, "1 day, 0:00:00": time.Hour, "2 days, 1:00:00": time.Hour, "50m": 50 * time.Minute, "20h": time.Hour,
		"": 0, "soon": 0, "-1s": 0, "0s": 0, "x day, 0:00:00": 0,
	} {
		got, ok := ParseTimeout(s)
		if got != want || ok != (want != 0) {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
}

func TestLimits(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		name, kql string
		settings  map[string]string
		rows      int
		beyond    string // what the limit counts
	}{
		{"none", "range x from 1 to 5 step 1", nil, 5, ""},
		{"records", "range x from 1 to 5 step 1", map[string]string{"truncationmaxrecords": "3"}, 3, "records"},
		{"exactly", "range x from 1 to 5 step 1", map[string]string{"truncationmaxrecords": "5"}, 5, ""},
		{"bytes", "range x from 1 to 5 step 1", map[string]string{"truncationmaxsize": "20"}, 2, "bytes"},
		{"take", "range x from 1 to 5 step 1", map[string]string{"query_take_max_records": "2"}, 2, ""},
		{"statement", "set truncationmaxrecords=1; range x from 1 to 5 step 1", map[string]string{"truncationmaxrecords": "3"}, 1, "records"},
		{"lifted", "set notruncation; range x from 1 to 5 step 1", map[string]string{"truncationmaxrecords": "3"}, 5, ""},
		{"lifted in text", `set notruncation=true; range x from 1 to 5 step 1`, map[string]string{"truncationmaxsize": "1"}, 5, ""},
		{"bad value", "range x from 1 to 5 step 1", map[string]string{"truncationmaxrecords": "many"}, 5, ""},
	} {
		a, err := s.Query(ctx, Request{Text: source.New("", c.kql, 0), Settings: c.settings, Limited: true})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		res, err := a.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for res.Next() {
			n++
		}
		var limit *LimitError
		what := ""
		if errors.As(res.Err(), &limit) {
			what = limit.What
		} else if res.Err() != nil {
			t.Errorf("%s: %v", c.name, res.Err())
		}
		if n != c.rows || what != c.beyond {
			t.Errorf("%s: %d rows and %q, want %d and %q", c.name, n, what, c.rows, c.beyond)
		}
		res.Close()
		a.Close()
	}
}

// TestGiven reads a table that exists for one query only.
func TestGiven(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	given := map[string]*types.Rows{"G": {Schema: types.Schema{{Name: "x", Type: types.Long}}, Values: [][]types.Value{{int64(2)}, {int64(5)}}}}
	rows, _, err := s.All(ctx, Request{Text: source.New("", "G | summarize sum(x)", 0), Given: given}, 0)
	if err != nil || rows.Values[0][0] != int64(7) {
		t.Errorf("%v %v", rows, err)
	}
	if _, _, err := s.All(ctx, Request{Text: source.New("", "G", 0)}, 0); err == nil {
		t.Error("the table is still there")
	}
}

func TestAppendJSON(t *testing.T) {
	for _, c := range []struct {
		v    types.Value
		t    types.Type
		want string
	}{
		{nil, types.String, `""`}, {nil, types.Long, "null"}, {1.0, types.Real, "1.0"}, {1e300, types.Real, "1e+300"},
		{"\u2028\x00\"\\\xff<", types.String, `"\u2028\u0000\"\\\ufffd<"`}, {`{"a":1}`, types.Dynamic, `{"a":1}`},
		{int64(0), types.Datetime, `"0001-01-01T00:00:00Z"`}, {int64(5), types.Datetime, `"0001-01-01T00:00:00.0000005Z"`}, {int64(-1), types.Timespan, `"-00:00:00.0000001"`},
	} {
		if got := string(AppendJSON(nil, c.v, c.t)); got != c.want {
			t.Errorf("%v as %s: %s, want %s", c.v, c.t, got, c.want)
		}
	}
}

func TestFunction(t *testing.T) {
	f, err := NewFunction("F", source.New("", "(a:long, b:string=\"x{y\") {\n T | where n > a }", 0))
	if err != nil {
		t.Fatal(err)
	}
	params, body := FunctionText(f)
	if params != `(a:long, b:string="x{y")` || body != "{\n T | where n > a }" {
		t.Errorf("%q %q", params, body)
	}
	if _, err := NewFunction("F", source.New("", "T | count", 0)); err == nil {
		t.Error("a query is no function")
	}
}

// TestSeriesTooLong reads the ends of an axis from the data: a series that cannot be had
// fails the query, and has no row that a rule would fire on.
func TestSeriesTooLong(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct{ series, step, problem string }{
		{"t", "1s", "1:99: make-series: the axis has 17280001 steps, but a series holds at most 1048576 values"},
		{"t from datetime(2024-01-02)", "1s", "1:99: make-series: the axis has 25833601 steps, but a series holds at most 1048576 values"},
		{"x", "1", "1:99: make-series: the axis has 2000001 steps, but a series holds at most 1048576 values"},
		{"r", "toscalar(print 1e-3)", "1:99: make-series: the axis has 2000001 steps, but a series holds at most 1048576 values"},
		{"x from 0 to 9000000", "toscalar(print 1 - 1)", "1:99: make-series: the step must be greater than zero"},
		{"t", "1d", ""},
	} {
		kql := "range i from 1 to 3 step 1 | extend t = datetime(2024-01-01) + i*100d, x = i*1000000, r = i*1e3 | make-series n = count() on " + c.series + " step " + c.step
		_, _, err := s.All(ctx, Request{Text: source.New("", kql, 0)}, 0)
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s: %v, want %q", kql, err, c.problem)
		}
	}
}
