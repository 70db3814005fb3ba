package builtin

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"quarry/kql/types"
)

// Activity is what the plug-ins about users over time are told. Times are the
// timeline's own numbers (ticks for a datetime). Start and End are both included.
type Activity struct {
	Start, End int64
	Step       int64
	Unit       string // "week", "month" or "year" in place of Step, for datetimes
	Lookback   int64
	Period     int64 // active_users_count
	Periods    int64
	Outer      int64 // activity_engagement
}

// maxBins bounds the bins between start and end.
const maxBins = 1_000_000

// Bin is the start of the window that t falls into: windows are counted from Start.
func (a *Activity) Bin(t int64) int64 {
	if a.Unit == "" {
		return a.Start + floorTo(t-a.Start, a.Step)
	}
	at := types.ToTime(t)
	y, m, d := at.Date()
	switch a.Unit {
	case "week":
		return types.FromTime(time.Date(y, m, d-int(at.Weekday()), 0, 0, 0, 0, time.UTC))
	case "month":
		return types.FromTime(time.Date(y, m, 1, 0, 0, 0, 0, time.UTC))
	}
	return types.FromTime(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC))
}

// shift is the window n windows after the one that starts at bin.
func (a *Activity) shift(bin int64, n int) int64 {
	if a.Unit == "" {
		return bin + int64(n)*a.Step
	}
	at := types.ToTime(bin)
	switch a.Unit {
	case "week":
		return types.FromTime(at.AddDate(0, 0, 7*n))
	case "month":
		return types.FromTime(at.AddDate(0, n, 0))
	}
	return types.FromTime(at.AddDate(n, 0, 0))
}

// bins are all windows from start to end.
func (a *Activity) bins() ([]int64, error) {
	var out []int64
	for b := a.Bin(a.Start); b <= a.End; b = a.shift(b, 1) {
		if len(out) >= maxBins {
			return nil, fmt.Errorf("more than %d windows lie between start and end", maxBins)
		}
		out = append(out, b)
	}
	return out, nil
}

func floorTo(t, step int64) int64 {
	r := t % step
	if r < 0 {
		r += step
	}
	return t - r
}

// activitySlice is the activity of one combination of dimensions, by bin.
type activitySlice = rowGroup[map[int64]*idBin]

type idBin struct {
	count int64
	ids   map[string]bool
}

// read gathers rows of id, time, dimensions by window, from time "from" on.
func (a *Activity) read(in Rows, from int64) ([]*activitySlice, error) {
	return groupRows(in, 2, within(from, a.End), func(to *map[int64]*idBin, row []types.Value) (bytes int) {
		if *to == nil {
			*to = map[int64]*idBin{}
		}
		at := a.Bin(row[1].(int64))
		b := (*to)[at]
		if b == nil {
			b = &idBin{ids: map[string]bool{}}
			(*to)[at] = b
			bytes = 3 * sizeOfEntry
		}
		b.count++
		if id := RowKey(row[:1]); !b.ids[id] {
			b.ids[id] = true
			bytes += len(id) + sizeOfEntry
		}
		return bytes
	})
}

// within wants the rows whose time, the second value, lies in a period.
func within(from, to int64) func(row []types.Value) bool {
	return func(row []types.Value) bool {
		t, ok := row[1].(int64)
		return ok && t >= from && t <= to
	}
}

func resultRow(at []types.Value, dims []types.Value, rest ...types.Value) []types.Value {
	out := make([]types.Value, 0, len(at)+len(dims)+len(rest))
	return append(append(append(out, at...), dims...), rest...)
}

// Counts is activity_counts_metrics.
func (a *Activity) Counts(e *Env, in Rows, emit func([]types.Value) error) error {
	all, err := a.read(in, a.Start)
	if err != nil {
		return err
	}
	for _, s := range all {
		seen := map[string]bool{}
		for _, at := range slices.Sorted(maps.Keys(s.of)) {
			b := s.of[at]
			before := len(seen)
			for id := range b.ids {
				seen[id] = true
			}
			if err := emit(resultRow([]types.Value{at}, s.dims, b.count, int64(len(b.ids)), int64(len(seen)-before), int64(len(seen)))); err != nil {
				return err
			}
		}
	}
	return nil
}

// Metrics is activity_metrics: each window against the one before it.
func (a *Activity) Metrics(e *Env, in Rows, emit func([]types.Value) error) error {
	all, err := a.read(in, a.Start)
	if err != nil {
		return err
	}
	for _, s := range all {
		for _, at := range slices.Sorted(maps.Keys(s.of)) {
			b, kept, before := s.of[at], 0, 0
			if prev := s.of[a.shift(at, -1)]; prev != nil {
				before = len(prev.ids)
				for id := range b.ids {
					if prev.ids[id] {
						kept++
					}
				}
			}
			retention := float64(kept) / float64(before)
			if err := emit(resultRow([]types.Value{at}, s.dims, int64(len(b.ids)), int64(len(b.ids)-kept), retention, 1-retention)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Engagement is activity_engagement: each window against the outer one that ends with it.
func (a *Activity) Engagement(e *Env, in Rows, emit func([]types.Value) error) error {
	all, err := a.read(in, a.Start-a.Outer)
	if err != nil {
		return err
	}
	for _, s := range all {
		order := slices.Sorted(maps.Keys(s.of))
		for i, at := range order {
			if at < a.Start {
				continue
			}
			ids := map[string]bool{}
			for j := i; j >= 0 && order[j] >= at+a.Step-a.Outer; j-- {
				e.Check()
				for id := range s.of[order[j]].ids {
					ids[id] = true
				}
			}
			inner := len(s.of[at].ids)
			if err := emit(resultRow([]types.Value{at}, s.dims, int64(inner), int64(len(ids)), float64(inner)/float64(len(ids)))); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sliding is sliding_window_counts: for each window the rows and ids of the lookback
// that ends with it.
func (a *Activity) Sliding(e *Env, in Rows, emit func([]types.Value) error) error {
	all, err := a.read(in, a.Start-a.Lookback)
	if err != nil {
		return err
	}
	bins, err := a.bins()
	if err != nil {
		return err
	}
	for _, s := range all {
		order := slices.Sorted(maps.Keys(s.of))
		first := 0
		for _, at := range bins {
			for first < len(order) && order[first] <= at-a.Lookback {
				first++
			}
			count, ids := int64(0), map[string]bool{}
			for _, o := range order[first:] {
				if o > at {
					break
				}
				e.Check()
				count += s.of[o].count
				for id := range s.of[o].ids {
					ids[id] = true
				}
			}
			if count == 0 {
				continue
			}
			if err := emit(resultRow([]types.Value{at}, s.dims, count, int64(len(ids)))); err != nil {
				return err
			}
		}
	}
	return nil
}

// visits are the times of each id of one combination of dimensions.
type visits = rowGroup[map[string][]int64]

func readVisits(in Rows, from, to int64) ([]*visits, error) {
	all, err := groupRows(in, 2, within(from, to), func(ids *map[string][]int64, row []types.Value) int {
		if *ids == nil {
			*ids = map[string][]int64{}
		}
		id, bytes := RowKey(row[:1]), 8
		if (*ids)[id] == nil {
			bytes += len(id) + sizeOfEntry
		}
		(*ids)[id] = append((*ids)[id], row[1].(int64))
		return bytes
	})
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		for _, times := range v.of {
			slices.Sort(times)
		}
	}
	return all, nil
}

// emitCounts gives the counts of bins in order.
func emitCounts(dims []types.Value, counts map[int64]int64, emit func([]types.Value) error) error {
	for _, b := range slices.Sorted(maps.Keys(counts)) {
		if err := emit(resultRow([]types.Value{b}, dims, counts[b])); err != nil {
			return err
		}
	}
	return nil
}

// Active is active_users_count: an id counts in a bin where, at one of its times, at
// least Periods different periods lie within the lookback that ends there.
func (a *Activity) Active(e *Env, in Rows, emit func([]types.Value) error) error {
	all, err := readVisits(in, a.Start-a.Lookback, a.End)
	if err != nil {
		return err
	}
	for _, v := range all {
		counts := map[int64]int64{}
		for _, times := range v.of {
			var periods []int64 // the different ones so far
			counted := int64(math.MinInt64)
			for _, t := range times {
				e.Check()
				p := a.Start + floorTo(t-a.Start, a.Period)
				if n := len(periods); n == 0 || periods[n-1] != p {
					periods = append(periods, p)
				}
				if t < a.Start {
					continue
				}
				n := int64(0)
				for i := len(periods) - 1; i >= 0 && periods[i] > p-a.Lookback; i-- {
					n++
				}
				if bin := a.Bin(t); n >= a.Periods && bin != counted {
					counts[bin]++
					counted = bin
				}
			}
		}
		if err := emitCounts(v.dims, counts, emit); err != nil {
			return err
		}
	}
	return nil
}

// Sessions is session_count: a row begins a session when its id was not seen in the
// lookback before it. Bins are multiples of the bin size.
func (a *Activity) Sessions(e *Env, in Rows, emit func([]types.Value) error) error {
	all, err := readVisits(in, a.Start-a.Lookback, a.End)
	if err != nil {
		return err
	}
	for _, v := range all {
		counts := map[int64]int64{}
		for _, times := range v.of {
			for i, t := range times {
				if t >= a.Start && (i == 0 || t-times[i-1] >= a.Lookback) {
					counts[floorTo(t, a.Step)]++
				}
			}
		}
		if err := emitCounts(v.dims, counts, emit); err != nil {
			return err
		}
	}
	return nil
}

// Cohorts is new_activity_metrics: the ids first seen in each window through all
// windows after it. known are ids that are not new; cohort picks one window when set.
func (a *Activity) Cohorts(e *Env, in Rows, known map[string]bool, cohort *int64, emit func([]types.Value) error) error {
	all, err := a.read(in, a.Start)
	if err != nil {
		return err
	}
	bins, err := a.bins()
	if err != nil {
		return err
	}
	for _, s := range all {
		first := map[string]int64{}
		members := map[int64][]string{}
		for _, at := range slices.Sorted(maps.Keys(s.of)) {
			for id := range s.of[at].ids {
				if _, seen := first[id]; !seen && !known[id] {
					first[id] = at
					members[at] = append(members[at], id)
				}
			}
		}
		for i, from := range bins {
			if size := len(members[from]); size == 0 || cohort != nil && a.Bin(*cohort) != from {
				continue
			}
			for _, to := range bins[i:] {
				if err := emit(a.follow(s, first, members[from], from, to)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (a *Activity) follow(s *activitySlice, first map[string]int64, members []string, from, to int64) []types.Value {
	size, fresh, kept := len(members), 0, 0
	if b := s.of[to]; b != nil {
		for _, id := range members {
			if b.ids[id] {
				kept++
			}
		}
		for id := range b.ids {
			if at, isNew := first[id]; isNew && at > from {
				fresh++
			}
		}
	}
	if to == from {
		fresh = size
	}
	retention := float64(kept) / float64(size)
	return resultRow([]types.Value{from, to}, s.dims, int64(fresh), int64(kept), int64(size-kept), retention, float64(size-kept)/float64(size))
}

// IDs reads a set of ids for Cohorts, one a row.
func IDs(in Rows) (map[string]bool, error) {
	out := map[string]bool{}
	for {
		row, err := in.Next()
		if row == nil || err != nil {
			return out, err
		}
		if id := RowKey(row[:1]); !out[id] {
			out[id] = true
			if err := in.Hold(len(id) + sizeOfEntry); err != nil {
				return nil, err
			}
		}
	}
}
