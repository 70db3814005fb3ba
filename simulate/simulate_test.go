package simulate

import (
	"bufio"
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quarry/events/schema"
	"quarry/kql/types"
)

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

func options(change func(*Options)) Options {
	o := DefaultOptions()
	o.Events, o.Devices, o.Seed = 10_000, 30, 9
	if change != nil {
		change(&o)
	}
	return o
}

func generate(t testing.TB, o Options) (map[string]*buffer, *Truth) {
	t.Helper()
	files := map[string]*buffer{}
	truth, err := Generate(context.Background(), o, func(table string) (io.WriteCloser, error) {
		files[table] = &buffer{}
		return files[table], nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return files, truth
}

func sum(files map[string]*buffer) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString(name + " " + hexText(textID(files[name].String()), 16) + "\n")
	}
	return b.String()
}

// TestSameSeedSameBytes holds for both formats and any number of processors.
func TestSameSeedSameBytes(t *testing.T) {
	for _, format := range []Format{NDJSON, Parquet} {
		o := options(func(o *Options) { o.Format, o.Plant, o.Events = format, "all", 3*batchRows })
		a, truth := generate(t, o)
		before := runtime.GOMAXPROCS(1)
		b, again := generate(t, o)
		runtime.GOMAXPROCS(before)
		if d := cmp.Diff(sum(a), sum(b)); d != "" {
			t.Errorf("%s: the same options give other rows:\n%s", format, d)
		}
		if d := cmp.Diff(truth, again); d != "" {
			t.Error(d)
		}
		o.Seed++
		if c, _ := generate(t, o); sum(c) == sum(a) {
			t.Errorf("%s: another seed gives the same rows", format)
		}
	}
}

type jsonRow map[string]any

// rowsOf reads what was written of a table.
func rowsOf(t testing.TB, b *buffer) []jsonRow {
	t.Helper()
	var out []jsonRow
	in := bufio.NewScanner(bytes.NewReader(b.Bytes()))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var r jsonRow
		d := stdjson.NewDecoder(bytes.NewReader(in.Bytes()))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%v: %s", err, in.Bytes())
		}
		out = append(out, r)
	}
	return out
}

// TestRowsFitTheirTables makes rows of all tables, in order, with values of the types
// that the columns have; the truth counts them.
func TestRowsFitTheirTables(t *testing.T) {
	o := options(func(o *Options) { o.Plant = "all" })
	files, truth := generate(t, o)
	set, err := schema.Core()
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, table := range Tables() {
		b := files[table]
		if b == nil {
			t.Errorf("no row of %s", table)
			continue
		}
		cols, _ := set.Table(table)
		last := ""
		rows := rowsOf(t, b)
		if n := truth.Tables[table]; n != int64(len(rows)) {
			t.Errorf("%s has %d rows, the truth says %d", table, len(rows), n)
		}
		total += int64(len(rows))
		for _, r := range rows {
			at, _ := r["Timestamp"].(string)
			if at == "" {
				at, _ = r["TimeGenerated"].(string)
			}
			if at < last {
				t.Fatalf("%s: a row of %s comes after one of %s", table, at, last)
			}
			last = at
			for name, v := range r {
				i := cols.Index(name)
				if i < 0 {
					t.Fatalf("%s has no column %s", table, name)
				}
				if !fits(v, cols[i].Type) {
					t.Fatalf("%s.%s of type %s: %T %v", table, name, cols[i].Type, v, v)
				}
			}
		}
	}
	if total != int64(o.Events) {
		t.Errorf("%d rows instead of %d", total, o.Events)
	}
	for _, name := range set.Names() {
		if strings.HasPrefix(name, "Device") && !slices.Contains(Tables(), name) {
			t.Errorf("no rows of %s are made", name)
		}
	}
}

func fits(v any, t types.Type) bool {
	switch v := v.(type) {
	case nil:
		return t != types.String
	case bool:
		return t == types.Bool
	case stdjson.Number:
		return t.Integer() && !strings.Contains(v.String(), ".") || t == types.Real
	case string:
		if t == types.Datetime {
			_, ok := types.ParseDatetime(v)
			return ok && len(v) == len("2026-01-05T00:00:00.0000000Z")
		}
		return t == types.String
	}
	return t == types.Dynamic
}

// TestParents finds the row of each process that started another, unless that ran before
// the log began.
func TestParents(t *testing.T) {
	o := options(func(o *Options) { o.Tables = "DeviceProcessEvents,DeviceNetworkEvents" })
	files, truth := generate(t, o)
	type key struct{ device, id, created any }
	known := map[key]string{}
	children := 0
	for _, r := range rowsOf(t, files["DeviceProcessEvents"]) {
		known[key{r["DeviceId"], r["ProcessId"], r["ProcessCreationTime"]}] = r["FileName"].(string)
		if r["InitiatingProcessCreationTime"].(string) < truth.Start {
			continue
		}
		children++
		name := known[key{r["DeviceId"], r["InitiatingProcessId"], r["InitiatingProcessCreationTime"]}]
		if name != r["InitiatingProcessFileName"] {
			t.Fatalf("no row of %v, which started %v", r["InitiatingProcessFileName"], r["FileName"])
		}
	}
	if children < 100 {
		t.Errorf("only %d processes have a parent of the log", children)
	}
}

// TestSkew gives the hot server its share, and files their hashes.
func TestSkew(t *testing.T) {
	files, truth := generate(t, options(func(o *Options) { o.HotShare, o.Tables = 0.4, "DeviceFileEvents=3,DeviceProcessEvents=1" }))
	hot, hashes := 0, map[string]string{}
	rows := rowsOf(t, files["DeviceFileEvents"])
	for _, r := range rows {
		if r["DeviceName"] == "fs01."+domain {
			hot++
		}
		name, hash := r["FileName"].(string), r["SHA256"].(string)
		if h := hashes[name]; h != "" && h != hash {
			t.Errorf("%s has two hashes", name)
		}
		hashes[name] = hash
	}
	if share := float64(hot) / float64(len(rows)); share < 0.38 || share > 0.42 {
		t.Errorf("the hot server has %.2f of the rows", share)
	}
	if share := float64(truth.Tables["DeviceFileEvents"]) / 10_000; share < 0.73 || share > 0.77 {
		t.Errorf("the table of weight 3 has %.2f of the rows", share)
	}
}

func TestPlants(t *testing.T) {
	files, truth := generate(t, options(func(o *Options) { o.Plant = "smb-copy-exec, password-spray" }))
	byID := map[string]jsonRow{}
	for table, b := range files {
		if !strings.HasPrefix(table, "Device") {
			continue
		}
		for _, r := range rowsOf(t, b) {
			byID[r["ReportId"].(stdjson.Number).String()] = r
		}
	}
	expect := map[string]string{}
	for _, p := range truth.Plants {
		expect[p.Case] = p.Expect
		for _, row := range p.Rows {
			if r := byID[digits(int(row.ReportID))]; r == nil || r["Timestamp"] != row.Time {
				t.Errorf("%s: the row %d of %s is not there at %s", p.Case, row.ReportID, row.Table, row.Time)
			}
		}
	}
	want := map[string]string{"typical": fires, "edge": fires, "late": quiet, "other device": quiet, "other path": quiet,
		"out of order": quiet, "other source": quiet, "local copy": quiet, "nine accounts": fires, "one too few": quiet, "one account": quiet, "successes": quiet}
	if d := cmp.Diff(want, expect); d != "" {
		t.Errorf("cases (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]int{"File copied over SMB, then executed": 2, "File Copy and Execution": 2, "One address fails on many accounts": 1}, truth.Rules); d != "" {
		t.Error(d)
	}
}

func TestClock(t *testing.T) {
	start := types.FromTime(DefaultStart)
	c := newClock(start, 14*types.Day)
	hours := map[int]int{}
	days := map[int]int{}
	const n = 100_000
	last := start
	for i := range n {
		at := c.at(float64(i) / n)
		if at < last || at >= start+14*types.Day {
			t.Fatalf("%s comes after %s", types.FormatDatetime(at), types.FormatDatetime(last))
		}
		last = at
		when := types.ToTime(at)
		hours[when.Hour()]++
		days[int(when.Weekday())]++
	}
	if hours[10] < 5*hours[2] || days[3] < 3*days[0] {
		t.Errorf("hours %v, days %v", hours, days)
	}
}

func TestCheck(t *testing.T) {
	good := options(func(o *Options) { o.Events, o.Devices, o.Length, o.Plant = 100, 2, time.Hour, "smb-copy-exec" })
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Events = 0 }, "number of events"}, {func(o *Options) { o.Events = 31 }, "has 32 events"},
		{func(o *Options) { o.Devices = 1 }, "number of devices"}, {func(o *Options) { o.Plant = "nothing" }, "known are"},
		{func(o *Options) { o.Plant = "smb-copy-exec,smb-copy-exec" }, "twice"}, {func(o *Options) { o.Length = time.Second }, "an hour at least"},
		{func(o *Options) { o.Plant, o.Events = "all", 1000 }, "ask for a longer time"}, {func(o *Options) { o.Tables = "Nothing" }, "known are"},
		{func(o *Options) { o.Tables = "DeviceFileEvents=0" }, "weight"}, {func(o *Options) { o.Tables = "DeviceFileEvents,DeviceFileEvents" }, "twice"},
		{func(o *Options) { o.Tables = "," }, "no table"}, {func(o *Options) { o.Tables = "DeviceFileEvents" }, "not among the tables"},
		{func(o *Options) { o.HotShare = 1 }, "hot server"}, {func(o *Options) { o.Format = "xml" }, "known are"},
	} {
		o := good
		c.change(&o)
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestStops gives up on an error of what is written to, and on a context that ends.
func TestStops(t *testing.T) {
	full := errors.New("the disk is full")
	_, err := Generate(context.Background(), options(nil), func(string) (io.WriteCloser, error) { return nil, full }, nil)
	if !errors.Is(err, full) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = Generate(ctx, options(func(o *Options) { o.Events = MaxEvents }), func(string) (io.WriteCloser, error) { return &discard{}, nil }, func(int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type discard struct{}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }
func (*discard) Close() error                { return nil }

func BenchmarkGenerate(b *testing.B) {
	for _, format := range []Format{NDJSON, Parquet} {
		b.Run(string(format), func(b *testing.B) {
			o := options(func(o *Options) { o.Events, o.Format = 100_000, format })
			for b.Loop() {
				if _, err := Generate(context.Background(), o, func(string) (io.WriteCloser, error) { return &discard{}, nil }, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(o.Events)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
