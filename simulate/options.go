package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options say what to make.
type Options struct {
	Events  int    // rows in all, planted ones included
	Devices int    // at least MinDevices
	Seed    uint64 // the same seed gives the same rows
	Plant   string // scenarios of Scenarios, separated by commas, or "all"; "" plants nothing
	Start   time.Time
	Length  time.Duration // the time that the rows are spread over
	// Tables are the tables to make, NAME or NAME=WEIGHT, separated by commas; "" is all
	// of Tables in their usual shares.
	Tables string
	// HotShare is the part of the rows that falls on one file server; 0 to 0.9.
	HotShare float64
	Format   Format
}

// Format is a file format.
type Format string

// The formats.
const (
	NDJSON  Format = "ndjson"
	Parquet Format = "parquet"
)

// The bounds of Options.
const (
	MaxEvents  = 1_000_000_000
	MinDevices = 2
	MaxDevices = 10_000
)

// The usual values of Options.
const (
	DefaultHotShare = 0.2
)

// DefaultStart is where the simulated time begins, a Monday.
var DefaultStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// Check tells what is wrong with options.
func (o Options) Check() error {
	switch {
	case o.Events < 1 || o.Events > MaxEvents:
		return fmt.Errorf("the number of events must be 1 to %d", MaxEvents)
	case o.Devices < MinDevices || o.Devices > MaxDevices:
		return fmt.Errorf("the number of devices must be %d to %d", MinDevices, MaxDevices)
	case o.Length < time.Hour || o.Length > 10*365*24*time.Hour:
		return errors.New("the rows must be spread over an hour at least, and ten years at most")
	case o.Start.Year() < 1970 || o.Start.Year() > 2200:
		return errors.New("the rows must begin in the years 1970 to 2200")
	case !(o.HotShare >= 0 && o.HotShare <= 0.9):
		return errors.New("the share of the hot server must be 0 to 0.9")
	case o.Format != NDJSON && o.Format != Parquet:
		return fmt.Errorf("unknown format %q; known are %s and %s", o.Format, NDJSON, Parquet)
	}
	mix, err := o.mix()
	if err != nil {
		return err
	}
	cases, err := o.cases()
	if err != nil {
		return err
	}
	n := 0
	for _, c := range cases {
		for _, r := range c.rows() {
			if n++; !mix.has(r.table) {
				return fmt.Errorf("the scenario %s has rows of %s, which is not among the tables to make", c.scenario, r.table)
			}
		}
	}
	if o.Events < n {
		return fmt.Errorf("what is planted has %d events; ask for as many at least", n)
	}
	if o.Length < time.Duration(len(cases)+1)*caseRoom {
		return fmt.Errorf("%d attacks need %v to be told apart; ask for a longer time or fewer scenarios", len(cases), time.Duration(len(cases)+1)*caseRoom)
	}
	return nil
}

// caseRoom is the time between two planted cases, so that no row belongs to both.
const caseRoom = 5 * time.Minute

// cases are the chains and near misses to plant.
func (o Options) cases() ([]plantCase, error) {
	if o.Plant == "" {
		return nil, nil
	}
	names := Scenarios()
	if o.Plant != "all" {
		names = strings.Split(o.Plant, ",")
	}
	var out []plantCase
	for i, name := range names {
		name = strings.TrimSpace(name)
		cases, ok := scenarios[name]
		if !ok {
			return nil, fmt.Errorf("unknown scenario %q; known are %s, and all", name, strings.Join(Scenarios(), ", "))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("the scenario %s is named twice", name)
		}
		for _, c := range cases {
			c.scenario = name
			out = append(out, c)
		}
	}
	return out, nil
}
