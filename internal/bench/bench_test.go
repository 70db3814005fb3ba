package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		times Times
		want  float64
	}{{nil, 0}, {Times{3}, 3}, {Times{3, 1, 2}, 2}, {Times{4, 1, 3, 2}, 2.5}} {
		if got := c.times.Median(); got != c.want {
			t.Errorf("%v: %v, want %v", c.times, got, c.want)
		}
	}
}

func TestMet(t *testing.T) {
	slow, fast := Times{10, 10, 10}, Times{1, 1, 100}
	for _, c := range []struct {
		row   Row
		value float64
		met   bool
	}{
		{Faster("w", fast, slow, 10), 10, true},
		{Faster("w", fast, slow, 10.1), 10, false},
		{Within("w", slow, fast, 10), 10, true},
		{Within("w", slow, fast, 9.9), 10, false},
		{Within("w", slow, fast, 0), 10, true},
		{AtMost("w", 61, "ms", 60), 61, false},
		{AtLeast("w", 61, "events/s", 60), 61, true},
	} {
		if c.row.Value != c.value || c.row.Met() != c.met {
			t.Errorf("%+v: value %v, met %v", c.row, c.row.Value, c.row.Met())
		}
	}
}

// TestRace has the jobs take turns, and neither is always first.
func TestRace(t *testing.T) {
	var order strings.Builder
	job := func(name string, d time.Duration) Job {
		return func(context.Context) (time.Duration, error) { order.WriteString(name); return d, nil }
	}
	e := &Env{Reps: 3, log: io.Discard}
	q, r, err := e.Race(context.Background(), "x", job("q", time.Second), job("r", 2*time.Second))
	if err != nil || order.String() != "qrrqqr" || q.Median() != 1 || r.Median() != 2 {
		t.Errorf("%v: %s %v %v", err, order.String(), q, r)
	}
	if q, r, _ = e.Race(context.Background(), "x", job("q", time.Second/2), job("r", time.Second/2)); len(q) != 4 || len(r) != 4 {
		t.Errorf("jobs of half a second ran %d and %d times", len(q), len(r))
	}
	if q, _, _ = e.Race(context.Background(), "x", job("q", time.Microsecond), job("r", time.Microsecond)); len(q) != 4*3 {
		t.Errorf("jobs of a microsecond ran %d times", len(q))
	}
	if _, _, err := e.Race(context.Background(), "x", job("q", 0), job("r", 1)); err == nil {
		t.Error("work that takes no time is no work")
	}
}

// TestKeep replaces the sections that were measured again and no other.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	row := AtMost("a | b", 12.345, "ms", 10)
	for _, date := range []string{"2026-01-01", "2026-01-02"} {
		if err := keep(dir, []Result{{Section: "start", Date: date, Rows: []Row{row}}}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2026-01-02", `a \| b`, "12.3 ms", "at most 10.0: MISSED"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if bytes.Contains(page, []byte("2026-01-01")) {
		t.Errorf("the page still has what was measured before:\n%s", page)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-sections nothing", `no section "nothing"`},
		{"-scale 0", "above 0"},
		{"start", "unexpected argument"},
		{"-quarry /nowhere/quarry", "make build"},
	} {
		err := run(context.Background(), strings.Fields(c.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestSections(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sections {
		if s.Name == "" || s.Title == "" || s.About == "" || s.Run == nil || seen[s.Name] {
			t.Errorf("section %q is not complete, or there twice", s.Name)
		}
		seen[s.Name] = true
	}
}
