package sched

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"quarry/detect/rule"
)

const layout = "02T15:04"

// day reads a time of January 2026: "02T15:04".
func day(s string) time.Time {
	t, err := time.Parse("2006-01-"+layout, "2026-01-"+s)
	if err != nil {
		panic(err)
	}
	return t
}

func load(t *testing.T, name, text string) *rule.Rule {
	t.Helper()
	p, err := rule.LoadFS(context.Background(), fstest.MapFS{name: {Data: []byte(text)}}, "")
	if err != nil || len(p.Rules) != 1 {
		t.Fatalf("%v %v", err, p.Problems)
	}
	return p.Rules[0]
}

func scheduled(t *testing.T, more string) *rule.Rule {
	return load(t, "r.yaml", "id: a\nname: n\nkind: Scheduled\nquery: T\n"+more)
}

func custom1(t *testing.T, period string) *rule.Rule {
	return load(t, "r.json", `{"id":"7","displayName":"c","queryCondition":{"queryText":"T"},"schedule":{"period":"`+period+`"}}`)
}

// TestRuns says each run as window and start: from-at>made.
func TestRuns(t *testing.T) {
	for _, c := range []struct {
		name        string
		rule        *rule.Rule
		from, until string
		want        string
	}{
		// The first run is at once; the last one is at the end.
		{"scheduled", scheduled(t, "queryFrequency: 1h\nqueryPeriod: 2h\n"), "01T00:00", "01T02:00",
			"31T22:00-01T00:00>01T00:05 31T23:00-01T01:00>01T01:05 01T00:00-01T02:00>01T02:05"},
		{"ends between runs", scheduled(t, "queryFrequency: PT1H\nqueryPeriod: 01:00:00\n"), "01T00:00", "01T01:59",
			"31T23:00-01T00:00>01T00:05 01T00:00-01T01:00>01T01:05"},
		// 08:30 is a run, so 00:30 is one too.
		{"start time before", scheduled(t, "queryFrequency: 4h\nqueryPeriod: 4h\nstartTimeUtc: 2025-12-30T08:30:00Z\n"), "01T00:00", "01T05:00",
			"31T20:30-01T00:30>01T00:35 01T00:30-01T04:30>01T04:35"},
		{"start time after", scheduled(t, "queryFrequency: 1h\nqueryPeriod: 1h\nstartTimeUtc: 2026-01-01T08:30:00Z\n"), "01T00:00", "01T09:00",
			"01T07:30-01T08:30>01T08:35"},
		{"start time is a run", scheduled(t, "queryFrequency: 1d\nqueryPeriod: 1d\nstartTimeUtc: 2025-12-01\n"), "01T00:00", "01T23:00",
			"31T00:00-01T00:00>01T00:05"},
		{"nrt", load(t, "r.yaml", "id: a\nname: n\nkind: NRT\nquery: T\n"), "01T00:00", "01T00:02",
			"31T23:59-01T00:00>01T00:02 01T00:00-01T00:01>01T00:03 01T00:01-01T00:02>01T00:04"},
		{"hunting", load(t, "r.yaml", "id: a\nname: n\nquery: T\n"), "01T00:00", "09T00:00", "01T00:00-09T00:00>09T00:00"},
		// The first run of a custom detection looks back over 30 days.
		{"24H", custom1(t, "24H"), "01T00:00", "02T00:00", "02T00:00-01T00:00>01T00:00 03T00:00-02T00:00>02T00:00"},
		{"12H", custom1(t, "12H"), "01T00:00", "01T12:00", "02T00:00-01T00:00>01T00:00 30T12:00-01T12:00>01T12:00"},
		{"3H", custom1(t, "3H"), "01T00:00", "01T03:00", "02T00:00-01T00:00>01T00:00 31T15:00-01T03:00>01T03:00"},
		{"1H", custom1(t, "1H"), "01T00:00", "01T01:00", "02T00:00-01T00:00>01T00:00 31T21:00-01T01:00>01T01:00"},
		{"continuous", custom1(t, "0"), "01T00:00", "01T00:01", "31T23:59-01T00:00>01T00:00 01T00:00-01T00:01>01T00:01"},
	} {
		s, err := Of(c.rule)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		clock := s.Begin(day(c.from), day(c.until))
		n := clock.Runs()
		for {
			r, ok := clock.Next()
			if !ok {
				break
			}
			got = append(got, r.From.Format(layout)+"-"+r.At.Format(layout)+">"+r.Made.Format(layout))
		}
		if strings.Join(got, " ") != c.want || n != len(got) {
			t.Errorf("%s: %d runs: %s", c.name, n, strings.Join(got, " "))
		}
		if (c.rule.Kind == rule.NRT || c.rule.QueryFrequency == "0") != s.OnArrival {
			t.Errorf("%s: OnArrival is %v", c.name, s.OnArrival)
		}
	}
}

// TestPause: an alert at 01:00 stops a rule for three hours: 02:00 and 03:00 do not
// take place, 04:00 does.
func TestPause(t *testing.T) {
	s, err := Of(scheduled(t, "queryFrequency: 1h\nqueryPeriod: 1h\nsuppressionEnabled: true\nsuppressionDuration: 3h\n"))
	if err != nil {
		t.Fatal(err)
	}
	clock := s.Begin(day("01T00:00"), day("01T05:00"))
	var got []string
	for {
		r, ok := clock.Next()
		if !ok {
			break
		}
		got = append(got, fmt.Sprint(r.At.Hour()))
		if r.At.Hour() == 1 {
			clock.Alerted(r)
		}
	}
	if strings.Join(got, " ") != "0 1 4 5" || clock.Suppressed() != 2 {
		t.Errorf("runs at %s, %d suppressed", got, clock.Suppressed())
	}
}

// TestForever: without an end the clock goes on, as a server needs it.
func TestForever(t *testing.T) {
	s, _ := Of(scheduled(t, "queryFrequency: 1h\nqueryPeriod: 1h\n"))
	clock := s.Begin(day("01T00:00"), time.Time{})
	for range 1000 {
		if _, ok := clock.Next(); !ok {
			t.Fatal("it stops")
		}
	}
}

func TestRefused(t *testing.T) {
	for want, r := range map[string]*rule.Rule{
		"no queryFrequency":                     scheduled(t, "queryPeriod: 1h\n"),
		"no queryPeriod":                        scheduled(t, "queryFrequency: 1h\n"),
		"queryFrequency is 1m and must be":      scheduled(t, "queryFrequency: 1m\nqueryPeriod: 1h\n"),
		"queryPeriod is 15d and must be":        scheduled(t, "queryFrequency: 1d\nqueryPeriod: 15d\n"),
		"seen by no run":                        scheduled(t, "queryFrequency: 2h\nqueryPeriod: 1h\n"),
		"suppressionDuration is 25h":            scheduled(t, "queryFrequency: 1h\nqueryPeriod: 1h\nsuppressionEnabled: true\nsuppressionDuration: 25h\n"),
		"the rule has no suppressionDuration":   scheduled(t, "queryFrequency: 1h\nqueryPeriod: 1h\nsuppressionEnabled: true\n"),
		"startTimeUtc: \"soon\" is not":         scheduled(t, "queryFrequency: 1h\nqueryPeriod: 1h\nstartTimeUtc: soon\n"),
		"writes a table":                        load(t, "r.yaml", "id: a\nname: n\nquery: T\ndestinationTable: X_CL\nbinSize: 20\n"),
		"a rule of kind Fusion has no query":    load(t, "r.yaml", "id: a\nname: n\nkind: Fusion\n"),
		"a custom detection that runs every 2h": custom1(t, "2H"),
	} {
		if _, err := Of(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
