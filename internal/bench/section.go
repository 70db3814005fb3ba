package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// Section is a part of the report.
type Section struct {
	Name  string // what SECTIONS=... asks for
	Title string
	About string // what is measured against what, in sentences
	// Run measures. An error that is a Skip leaves the section out of this run.
	Run func(ctx context.Context, e *Env) ([]Row, error)
}

// Skip is the error of a section that cannot be measured here, and why.
type Skip string

func (s Skip) Error() string { return string(s) }

// Row is one claim of a section: what was measured, and what was aimed at.
type Row struct {
	Work   string  `json:"work"`
	Quarry Times   `json:"quarry,omitempty"` // seconds of each repetition
	Rival  Times   `json:"rival,omitempty"`
	Value  float64 `json:"value"` // what the target is about
	Unit   string  `json:"unit"`  // of Value: "x", "ms", "GiB", ...
	Target float64 `json:"target,omitempty"`
	Floor  bool    `json:"floor,omitempty"` // Value must reach Target; else it must not pass it
	Note   string  `json:"note,omitempty"`
}

// Met reports whether the target is reached. A row without one only informs.
func (r Row) Met() bool {
	switch {
	case r.Target == 0:
		return true
	case r.Floor:
		return r.Value >= r.Target
	}
	return r.Value <= r.Target
}

// Faster claims that Quarry is at least target times as fast as the rival; target 0
// only informs.
func Faster(work string, quarry, rival Times, target float64) Row {
	return Row{Work: work, Quarry: quarry, Rival: rival, Value: rival.Median() / quarry.Median(), Unit: "x as fast", Target: target, Floor: true}
}

// Within claims that Quarry takes at most target times the rival's time.
func Within(work string, quarry, rival Times, target float64) Row {
	return Row{Work: work, Quarry: quarry, Rival: rival, Value: quarry.Median() / rival.Median(), Unit: "x the time", Target: target}
}

// AtMost claims a bound of a value.
func AtMost(work string, value float64, unit string, target float64) Row {
	return Row{Work: work, Value: value, Unit: unit, Target: target}
}

// AtLeast claims a floor of a value.
func AtLeast(work string, value float64, unit string, target float64) Row {
	return Row{Work: work, Value: value, Unit: unit, Target: target, Floor: true}
}

// Times are the seconds that repetitions took.
type Times []float64

// Median is the middle one.
func (t Times) Median() float64 {
	s := slices.Sorted(slices.Values(t))
	switch n := len(s); {
	case n == 0:
		return 0
	case n%2 == 0:
		return (s[n/2-1] + s[n/2]) / 2
	default:
		return s[n/2]
	}
}

// Env is what a section works with.
type Env struct {
	Dir    string  // a folder of the section's own, removed after it
	Scale  float64 // 1 is the size that the targets speak of
	Reps   int     // repetitions of each job
	Quarry string  // the program
	Shared string  // the folder of data sets and rules beside the repository; "" if absent

	self string // this program, which starts again as a child
	log  io.Writer
}

// N scales a number of events.
func (e *Env) N(n int) int { return max(1, int(float64(n)*e.Scale)) }

// Path is a file in the section's folder.
func (e *Env) Path(elem ...string) string {
	return filepath.Join(append([]string{e.Dir}, elem...)...)
}

// Logf tells a person what goes on.
func (e *Env) Logf(format string, args ...any) { fmt.Fprintf(e.log, "  "+format+"\n", args...) }

// Job does a piece of work once and says how long it took. What it does to make ready
// is not counted; see Clock.
type Job func(ctx context.Context) (time.Duration, error)

// Clock runs f and says how long that took.
func Clock(f func() error) (time.Duration, error) {
	runtime.GC() // of what came before
	start := time.Now()
	err := f()
	return time.Since(start), err
}

// ClockCPU is Clock in processor time, that of the collector included: for work within
// this process, which other programs of the machine should not slow down.
func ClockCPU(f func() error) (time.Duration, error) {
	runtime.GC()
	start := processorTime()
	err := f()
	return processorTime() - start, err
}

// Short jobs are repeated more often, as what else the machine does is more of their time:
// until both together took raceSeconds, but at most raceFactor x Reps times.
const (
	raceSeconds = 4
	raceFactor  = 4
)

// Race lets two jobs take turns, each Reps times or more, changing who goes first.
func (e *Env) Race(ctx context.Context, name string, quarry, rival Job) (q, r Times, err error) {
	jobs := []struct {
		job   Job
		times *Times
	}{{quarry, &q}, {rival, &r}}
	taken := 0.0
	for i := 0; i < e.Reps || i < raceFactor*e.Reps && taken < raceSeconds; i++ {
		for k := range jobs {
			j := jobs[(i+k)%2]
			if err := j.times.add(ctx, j.job); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		taken += q[i] + r[i]
		e.Logf("%s: quarry %s, rival %s (%d)", name, seconds(q[i]), seconds(r[i]), i+1)
	}
	return q, r, nil
}

// Repeat does a job Reps times.
func (e *Env) Repeat(ctx context.Context, name string, job Job) (t Times, err error) {
	for i := range e.Reps {
		if err := t.add(ctx, job); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		e.Logf("%s: %s (%d of %d)", name, seconds(t[i]), i+1, e.Reps)
	}
	return t, nil
}

func (t *Times) add(ctx context.Context, job Job) error {
	d, err := job(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && d <= 0 {
		err = errors.New("the work took no time at all, so it was not done")
	}
	*t = append(*t, d.Seconds())
	return err
}

func seconds(s float64) string {
	switch {
	case s < 0.1:
		return fmt.Sprintf("%.1f ms", s*1000)
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}
