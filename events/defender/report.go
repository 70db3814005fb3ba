package defender

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// Clock says how the offset of a file was found.
type Clock uint8

// The ways to an offset.
const (
	ClockUTC      Clock = iota // the form writes UTC and nothing contradicts it
	ClockMeasured              // header against Sysmon's UtcTime
	ClockReceipt               // the shipper's stamps: local against UTC
	ClockGiven                 // Options.ClockOffset
	ClockUnknown               // the form states no zone and nothing tells it: taken as UTC
)

// FileReport is what happened to one file.
type FileReport struct {
	Name, Format string
	Events       int
	Offset       int64 // ticks taken off the clock of events without UtcTime
	Clock        Clock
	WholeSeconds bool // events that were mapped have whole seconds only
	Drifted      int  // Sysmon network and DNS events whose UtcTime was useless; they have the header's time

	localTime bool
}

// Notice is a line for the user about the file's clock, "" if there is nothing to say.
func (f FileReport) Notice() string {
	var note []string
	switch {
	case f.Clock == ClockUnknown:
		note = append(note, "its clock names no time zone and no event tells it; it is taken as UTC (--clock-offset sets it)")
	case f.Clock == ClockMeasured && f.Offset != 0:
		note = append(note, fmt.Sprintf("its clock is %s against Sysmon's UtcTime; other events were set right by that (--clock-offset overrides)", signed(f.Offset)))
	case f.Clock == ClockReceipt && f.Offset != 0:
		note = append(note, fmt.Sprintf("its clock is %s by the shipper's stamps; events were set right by that (--clock-offset overrides)", signed(f.Offset)))
	}
	if f.WholeSeconds {
		note = append(note, "its events have whole seconds, so Sysmon times on the same devices were cut to seconds to keep the order")
	}
	if f.Drifted > 0 {
		note = append(note, fmt.Sprintf("the UtcTime of %d Sysmon network and DNS events is far off the clock of all others; they have the time of their records", f.Drifted))
	}
	if note == nil {
		return ""
	}
	return f.Name + ": " + strings.Join(note, "; ")
}

func signed(ticks int64) string {
	if ticks > 0 {
		return "+" + types.FormatTimespan(ticks)
	}
	return types.FormatTimespan(ticks)
}

// EventCount counts the events of one provider and number.
type EventCount struct {
	Provider string
	ID       int
	Count    int
}

// Report says what went in, what came out, and what was concluded.
type Report struct {
	Files    []FileReport
	Events   []EventCount   // by provider and id
	Unmapped []EventCount   // those of Events that no Defender table has a place for
	Rows     map[string]int // emitted, by table
	Merged   map[string]int // records that became part of another row, by kind of fact
	Derived  int            // rows concluded from share auditing
	Devices  int

	counts map[eventKey]*eventTally
}

type eventKey struct {
	provider string
	id       int
}

type eventTally struct {
	eventKey
	n      int
	mapped bool
}

func (r *Report) init() {
	r.Rows, r.Merged, r.counts = map[string]int{}, map[string]int{}, map[eventKey]*eventTally{}
}

func (r *Report) count(k *kind, ev *winevent.Event) {
	if k.tally == nil || k.tally.id != ev.EventID {
		key := eventKey{k.Provider, ev.EventID}
		if k.tally = r.counts[key]; k.tally == nil {
			k.tally = &eventTally{eventKey: key, mapped: k.handler != nil}
			r.counts[key] = k.tally
		}
	}
	k.tally.n++
}

// settle turns the tallies into sorted lists.
func (r *Report) settle() {
	keys := slices.SortedFunc(maps.Keys(r.counts), func(a, b eventKey) int {
		return cmp.Or(cmp.Compare(a.provider, b.provider), cmp.Compare(a.id, b.id))
	})
	for _, k := range keys {
		t := r.counts[k]
		c := EventCount{k.provider, k.id, t.n}
		r.Events = append(r.Events, c)
		if !t.mapped {
			r.Unmapped = append(r.Unmapped, c)
		}
	}
}

// TotalMerged is the number of records that became part of another row.
func (r *Report) TotalMerged() int {
	n := 0
	for _, c := range r.Merged {
		n += c
	}
	return n
}
