package sched

import (
	"fmt"
	"time"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/kql/types"
)

// Schedule is when a rule runs.
type Schedule struct {
	// Every is the time from run to run; 0 is one run over the whole span.
	Every time.Duration
	// Look is the length of the window, which ends with the run's time.
	Look time.Duration
	// FirstLook is the window of the first run, where it is another; else 0.
	FirstLook time.Duration
	// Delay is how long after its time a run starts. Its window is as of its time, but
	// it sees the rows of the window that have come in until it starts.
	Delay time.Duration
	// OnArrival puts the window on the time a row came in, not on the row's own time.
	// Its beginning is then not part of it, so that no row is seen twice.
	OnArrival bool
	// Start is the time of a run from which the others are counted; zero for none.
	Start time.Time
	// Pause is how long the rule stops after an alert; 0 is not at all.
	Pause time.Duration
}

// What Sentinel and Defender fix or allow.
const (
	scheduledDelay = 5 * time.Minute
	nrtEvery       = time.Minute
	nrtDelay       = 2 * time.Minute
	least          = 5 * time.Minute
	most           = 14 * 24 * time.Hour
	maxPause       = 24 * time.Hour
	customFirst    = 30 * 24 * time.Hour
)

// customLook is how far a custom detection of each frequency looks back.
var customLook = map[time.Duration]time.Duration{
	24 * time.Hour: 30 * 24 * time.Hour,
	12 * time.Hour: 48 * time.Hour,
	3 * time.Hour:  12 * time.Hour,
	time.Hour:      4 * time.Hour,
}

// Of reads a rule's schedule. The error says what the service would refuse.
func Of(r *rule.Rule) (Schedule, error) {
	if !r.Runnable() {
		return Schedule{}, fmt.Errorf("a rule of kind %s has no query to run", r.Kind)
	}
	var s Schedule
	var err error
	switch r.Kind {
	case rule.Hunting, rule.Query:
		return s, nil
	case rule.NRT:
		s = Schedule{Every: nrtEvery, Look: nrtEvery, Delay: nrtDelay, OnArrival: true}
	case rule.Custom:
		s, err = custom(r)
	case rule.Scheduled:
		s.Delay = scheduledDelay
		if s.Every, err = bounded("queryFrequency", r.QueryFrequency, least, most); err == nil {
			s.Look, err = bounded("queryPeriod", r.QueryPeriod, least, most)
		}
		if err == nil && s.Every > s.Look {
			err = fmt.Errorf("queryFrequency is %s and queryPeriod %s: what happens between the windows would be seen by no run", r.QueryFrequency, r.QueryPeriod)
		}
		if err == nil {
			s.Start, err = start(r)
		}
	case rule.Summary:
		err = fmt.Errorf("a summary rule writes a table and makes no alerts")
	default:
		err = fmt.Errorf("a rule of kind %s runs in Microsoft's cloud only", r.Kind)
	}
	if err == nil && r.SuppressionEnabled {
		s.Pause, err = bounded("suppressionDuration", r.SuppressionDuration, 0, maxPause)
	}
	return s, err
}

func custom(r *rule.Rule) (Schedule, error) {
	if r.QueryFrequency == "0" { // continuous
		return Schedule{Every: nrtEvery, Look: nrtEvery, OnArrival: true}, nil
	}
	every, err := bounded("the schedule's period", r.QueryFrequency, least, most)
	if err != nil {
		return Schedule{}, err
	}
	s := Schedule{Every: every, FirstLook: customFirst}
	if look, ok := customLook[every]; ok {
		s.Look = look
		return s, nil
	}
	if r.QueryPeriod == "" {
		return s, fmt.Errorf("a custom detection that runs every %s has no lookback: it is fixed for 1h, 3h, 12h and 24h only", rule.FormatDuration(every))
	}
	s.Look, err = bounded("the lookback", r.QueryPeriod, least, customFirst)
	return s, err
}

func bounded(what, text string, lo, hi time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, fmt.Errorf("the rule has no %s", what)
	}
	d, err := rule.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	if d < lo || d > hi {
		return 0, fmt.Errorf("%s is %s and must be between %s and %s", what, text, rule.FormatDuration(lo), rule.FormatDuration(hi))
	}
	return d, nil
}

// start reads startTimeUtc, which rules in use have.
func start(r *rule.Rule) (time.Time, error) {
	if r.StartTime == "" {
		return time.Time{}, nil
	}
	at, ok := types.ParseDatetime(r.StartTime)
	if !ok {
		return time.Time{}, fmt.Errorf("startTimeUtc: %q is not a time; write it as 2026-01-31T08:00:00Z", r.StartTime)
	}
	return types.ToTime(at), nil
}

// Begin switches the rule on at a time, for runs until another, both included; a zero
// until is never.
//
// The first run is at once, or at the first time after from that is a whole number of
// intervals from Start, and not before Start. A rule without a schedule runs once, at
// the end, over the whole span.
func (s Schedule) Begin(from, until time.Time) *Clock {
	c := &Clock{schedule: s, next: from, from: from, until: until, first: true}
	if s.Every > 0 && !s.Start.IsZero() {
		c.next = s.Start
		if gap := from.Sub(s.Start); gap > 0 {
			c.next = s.Start.Add((gap + s.Every - 1) / s.Every * s.Every)
		}
	}
	return c
}

// Clock steps through the runs of a rule. It is not safe for concurrent use.
type Clock struct {
	schedule    Schedule
	from, until time.Time
	next        time.Time
	first       bool
	pausedUntil time.Time
	suppressed  int
	end         bool
}

// Next is the next run that takes place; false at the end. Runs during a pause are
// passed over and counted.
func (c *Clock) Next() (alert.Run, bool) {
	if c.schedule.Every == 0 {
		if c.end {
			return alert.Run{}, false
		}
		c.end = true
		return alert.Run{At: c.until, From: c.from, Made: c.until}, true
	}
	for {
		at := c.next
		if !c.until.IsZero() && at.After(c.until) {
			return alert.Run{}, false
		}
		c.next = at.Add(c.schedule.Every)
		look := c.schedule.Look
		if c.first && c.schedule.FirstLook > 0 {
			look = c.schedule.FirstLook
		}
		c.first = false
		if at.Before(c.pausedUntil) {
			c.suppressed++
			continue
		}
		return alert.Run{At: at, From: at.Add(-look), Made: at.Add(c.schedule.Delay)}, true
	}
}

// Alerted tells that a run made an alert: if the rule pauses, the runs of less than
// the pause's length after it do not take place.
func (c *Clock) Alerted(r alert.Run) {
	if c.schedule.Pause > 0 {
		c.pausedUntil = r.At.Add(c.schedule.Pause)
	}
}

// Suppressed is the number of runs passed over so far.
func (c *Clock) Suppressed() int { return c.suppressed }

// Runs is how many runs there are until the end when none is passed over.
func (c *Clock) Runs() int {
	if c.schedule.Every == 0 {
		return 1
	}
	if c.next.After(c.until) {
		return 0
	}
	return int(c.until.Sub(c.next)/c.schedule.Every) + 1
}
