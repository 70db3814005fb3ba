package builtin

import (
	"cmp"
	"maps"
	"slices"

	"quarry/kql/types"
)

// Funnel is what the plug-ins about sequences of states are told.
type Funnel struct {
	Activity
	Sequence []string
	MaxStep  int64   // the longest time between two steps (funnel_sequence)
	Periods  []int64 // the longest times of a whole sequence (funnel_sequence_completion)
}

// FunnelTable is one of the three results of funnel_sequence.
type FunnelTable uint8

const (
	PrevNext FunnelTable = iota
	PrevOnly
	NextOnly
)

// state is a run of equal states of one id.
type stateRun struct {
	state       string
	first, last int64
}

// maxSamples bounds the ids that a row of funnel_sequence shows.
const maxSamples = 128

// idEvents are the events of one id in order of time.
type idEvents struct {
	id     types.Value
	times  []int64
	states []string
}

// events reads rows of id, time, state within the period.
func (f *Funnel) events(in Rows) ([]*idEvents, error) {
	byID := map[string]*idEvents{}
	var all []*idEvents
	for {
		row, err := in.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		t, ok := row[1].(int64)
		if !ok || t < f.Start || t > f.End {
			continue
		}
		k := RowKey(row[:1])
		e := byID[k]
		if e == nil {
			e = &idEvents{id: Own(row[:1])[0]}
			byID[k] = e
			all = append(all, e)
			if err := in.Hold(2*len(k) + 2*sizeOfEntry); err != nil {
				return nil, err
			}
		}
		state, _ := row[2].(string)
		if err := in.Hold(24 + len(state)); err != nil {
			return nil, err
		}
		e.times, e.states = append(e.times, t), append(e.states, state)
	}
	for _, e := range all {
		order := make([]int, len(e.times))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(e.times[a], e.times[b]) })
		times, states := make([]int64, len(order)), make([]string, len(order))
		for i, o := range order {
			times[i], states[i] = e.times[o], e.states[o]
		}
		e.times, e.states = times, states
	}
	return all, nil
}

// runs joins neighbouring events of the same state.
func (e *idEvents) runs() []stateRun {
	var out []stateRun
	for i, s := range e.states {
		if n := len(out); n > 0 && out[n-1].state == s {
			out[n-1].last = e.times[i]
			continue
		}
		out = append(out, stateRun{s, e.times[i], e.times[i]})
	}
	return out
}

// Around is funnel_sequence: the ids that went through the sequence, its steps no more
// than MaxStep apart, by the state before and after it. idType is the type of the ids.
func (f *Funnel) Around(env *Env, in Rows, table FunnelTable, idType types.Type, emit func([]types.Value) error) error {
	all, err := f.events(in)
	if err != nil {
		return err
	}
	type place struct {
		bin        int64
		prev, next string
	}
	ids := map[place][]types.Dyn{}
	count := map[place]int64{}
	for _, e := range all {
		env.Check()
		runs := e.runs()
		seen := map[place]bool{}
		for i := range runs {
			if !f.at(runs, i) {
				continue
			}
			p := place{bin: f.Bin(runs[i].first)}
			if table != NextOnly && i > 0 && runs[i].first-runs[i-1].last <= f.MaxStep {
				p.prev = runs[i-1].state
			}
			if end := i + len(f.Sequence); table != PrevOnly && end < len(runs) && runs[end].first-runs[end-1].last <= f.MaxStep {
				p.next = runs[end].state
			}
			if seen[p] {
				continue
			}
			seen[p] = true
			count[p]++
			if len(ids[p]) < maxSamples {
				ids[p] = append(ids[p], types.DynOf(idType, e.id))
			}
		}
	}
	order := make([]place, 0, len(count))
	for p := range count {
		order = append(order, p)
	}
	slices.SortFunc(order, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.bin, b.bin), cmp.Compare(count[b], count[a]), cmp.Compare(a.prev, b.prev), cmp.Compare(a.next, b.next))
	})
	for _, p := range order {
		row := []types.Value{p.bin}
		if table != NextOnly {
			row = append(row, p.prev)
		}
		if table != PrevOnly {
			row = append(row, p.next)
		}
		if err := emit(append(row, count[p], types.DynList(ids[p]).String())); err != nil {
			return err
		}
	}
	return nil
}

// at reports the sequence beginning at run i.
func (f *Funnel) at(runs []stateRun, i int) bool {
	if i+len(f.Sequence) > len(runs) {
		return false
	}
	for k, s := range f.Sequence {
		if runs[i+k].state != s || k > 0 && runs[i+k].first-runs[i+k-1].last > f.MaxStep {
			return false
		}
	}
	return true
}

// Completion is funnel_sequence_completion: for each period and state, the ids that
// reached the state, coming through those before it, within the period from the first.
func (f *Funnel) Completion(env *Env, in Rows, emit func([]types.Value) error) error {
	all, err := f.events(in)
	if err != nil {
		return err
	}
	counts := map[int64][][]int64{} // by bin, then period, then state
	for _, e := range all {
		best := map[int64][]int{} // by bin, how far the id got in each period
		for i, s := range e.states {
			if s != f.Sequence[0] {
				continue
			}
			env.Check()
			bin := f.Bin(e.times[i])
			if best[bin] == nil {
				best[bin] = make([]int, len(f.Periods))
			}
			reached, at := 1, i
			for p := range f.Periods {
				best[bin][p] = max(best[bin][p], 1)
			}
			for reached < len(f.Sequence) {
				next := at + 1
				for next < len(e.states) && e.states[next] != f.Sequence[reached] {
					next++
				}
				if next >= len(e.states) {
					break
				}
				at = next
				reached++
				for p, limit := range f.Periods {
					if e.times[at]-e.times[i] <= limit {
						best[bin][p] = max(best[bin][p], reached)
					}
				}
			}
		}
		for bin, got := range best {
			if counts[bin] == nil {
				counts[bin] = make([][]int64, len(f.Periods))
				for p := range f.Periods {
					counts[bin][p] = make([]int64, len(f.Sequence))
				}
			}
			for p, n := range got {
				for k := range n {
					counts[bin][p][k]++
				}
			}
		}
	}
	for _, b := range slices.Sorted(maps.Keys(counts)) {
		for p, limit := range f.Periods {
			for k, s := range f.Sequence {
				if err := emit([]types.Value{b, s, limit, counts[b][p][k]}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
