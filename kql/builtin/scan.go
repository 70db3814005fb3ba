package builtin

import (
	"context"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// Scan is the state machine of the scan operator, as its documentation describes it
// ("Matching logic"): each row is held against the steps from the last to the first.
type Scan struct {
	Steps []ScanStep
	// Columns is how many leading values of an input row are the row itself.
	Columns int
	// Keys are the values that part the rows into independent scans; Carry those handed
	// on behind each result row.
	Keys, Carry []int
	// Cells are the parts of the state that expressions read, and where they read them.
	Cells []ScanCell
	Width int // of the row that expressions are computed over
	// Empty is a row of a step that has matched nothing yet; Defaults are the declared columns.
	Empty, Defaults []types.Value
	MatchID         bool
}

// ScanStep is one step. Targets are the declared columns that Assign sets.
type ScanStep struct {
	Optional bool
	Output   string // "", "all", "last", "none"
	Cond     func(*Env, []types.Value) types.Value
	Assign   []func(*Env, []types.Value) types.Value
	Targets  []int
}

// ScanCell is "step.column" of an expression: column Column of the row that step Step
// matched last, put into value Slot.
type ScanCell struct{ Step, Column, Slot int }

// sequence is what a step knows: the rows that it and the steps before it matched last.
type sequence struct {
	rows    [][]types.Value // by step, with the columns that cells read; nil where a step was skipped
	id      int64
	pending []types.Value // held back by output=last
}

// size is the memory that the sequence takes, in bytes.
func (q *sequence) size() int {
	if q == nil {
		return 0
	}
	n := sizeOfEntry + SizeOf(q.pending)
	for _, row := range q.rows {
		n += SizeOf(row)
	}
	return n
}

// Run scans. Its memory is the states of the partitions.
func (s *Scan) Run(_ context.Context, env *Env, in []Rows, emit func([]types.Value) error) error {
	type machine struct {
		states []*sequence
		nextID int64
		held   int // bytes
	}
	kept := make([][]int, len(s.Steps)) // the columns that cells read
	for _, c := range s.Cells {
		kept[c.Step] = append(kept[c.Step], c.Column)
	}
	machines := map[string]*machine{}
	var order []*machine
	buf := make([]types.Value, s.Width)
	flush := func(q *sequence) error {
		if q == nil || q.pending == nil {
			return nil
		}
		row := q.pending
		q.pending = nil
		return emit(row)
	}
	for {
		row, err := in[0].Next()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		key := ""
		if len(s.Keys) > 0 {
			vals := make([]types.Value, len(s.Keys))
			for i, k := range s.Keys {
				vals[i] = row[k]
			}
			key = RowKey(vals)
		}
		m := machines[key]
		if m == nil {
			m = &machine{states: make([]*sequence, len(s.Steps))}
			machines[key] = m
			order = append(order, m)
			if err := in[0].Hold(2*sizeOfEntry + len(key) + 8*len(s.Steps)); err != nil {
				return err
			}
		}
		changed := false
		copy(buf, row)
		for k := len(s.Steps) - 1; k >= 0; k-- {
			// Check 1: a step before this one has a sequence that the row carries on.
			prev, first := s.before(m.states, k)
			if prev >= 0 {
				from := m.states[prev]
				if s.matches(env, k, buf, from, false) {
					if err := flush(m.states[k]); err != nil {
						return err
					}
					if err := flush(from); err != nil {
						return err
					}
					next := &sequence{rows: make([][]types.Value, k+1), id: from.id}
					copy(next.rows, from.rows)
					m.states[prev] = nil
					out := s.extend(env, k, buf, from, false)
					next.rows[k] = s.keep(kept[k], out)
					m.states[k], changed = next, true
					if err := s.output(k, next, row, out, emit); err != nil {
						return err
					}
					continue
				}
			}
			// Check 2: the step's own sequence goes on, or a first step begins one.
			cur := m.states[k]
			if cur == nil && !first || !s.matches(env, k, buf, cur, true) {
				continue
			}
			out := s.extend(env, k, buf, cur, true)
			if cur == nil {
				cur = &sequence{rows: make([][]types.Value, k+1), id: m.nextID}
				m.nextID++
				m.states[k] = cur
			}
			cur.rows[k], changed = s.keep(kept[k], out), true
			if err := s.output(k, cur, row, out, emit); err != nil {
				return err
			}
		}
		if changed {
			size := 0
			for _, q := range m.states {
				size += q.size()
			}
			if err := in[0].Hold(size - m.held); err != nil {
				return err
			}
			m.held = size
		}
	}
	for _, m := range order {
		for _, q := range m.states {
			if err := flush(q); err != nil {
				return err
			}
		}
	}
	return nil
}

// before finds the step whose sequence step k may carry on: the one before it, or an
// earlier one when those between are optional. first reports that k may begin one.
func (s *Scan) before(states []*sequence, k int) (prev int, first bool) {
	for j := k - 1; j >= 0; j-- {
		if states[j] != nil {
			return j, false
		}
		if !s.Steps[j].Optional {
			return -1, false
		}
	}
	return -1, true
}

// matches computes the condition of step k over the row and a state. own says that
// the state is the step's own, not that of a step before it.
func (s *Scan) matches(env *Env, k int, buf []types.Value, q *sequence, own bool) bool {
	s.fill(k, buf, q, own)
	return s.Steps[k].Cond(env, buf) == true
}

// fill sets the state cells of the row that expressions are computed over.
func (s *Scan) fill(k int, buf []types.Value, q *sequence, own bool) {
	for _, c := range s.Cells {
		if c.Step > k {
			continue
		}
		from := s.Empty
		if q != nil && c.Step < len(q.rows) && q.rows[c.Step] != nil && (own || c.Step < k) {
			from = q.rows[c.Step]
		}
		buf[c.Slot] = from[c.Column]
	}
}

// extend is the row with the declared columns as step k sets them.
func (s *Scan) extend(env *Env, k int, buf []types.Value, q *sequence, own bool) []types.Value {
	s.fill(k, buf, q, own)
	out := make([]types.Value, 0, s.Columns+len(s.Defaults)+1+len(s.Carry))
	out = append(append(out, buf[:s.Columns]...), s.Defaults...)
	for i, f := range s.Steps[k].Assign {
		out[s.Columns+s.Steps[k].Targets[i]] = f(env, buf)
	}
	return out
}

// keep copies the columns of a matched row that expressions read.
func (s *Scan) keep(columns []int, row []types.Value) []types.Value {
	if len(columns) == 0 {
		return nil
	}
	out := make([]types.Value, s.Columns+len(s.Defaults))
	for _, c := range columns {
		out[c] = row[c]
		if text, ok := row[c].(string); ok {
			out[c] = strings.Clone(text)
		}
	}
	return out
}

func (s *Scan) output(k int, q *sequence, row, extended []types.Value, emit func([]types.Value) error) error {
	if s.Steps[k].Output == "none" {
		return nil
	}
	out := extended[:len(extended):len(extended)]
	if s.MatchID {
		out = append(out, q.id)
	}
	for _, i := range s.Carry {
		out = append(out, row[i])
	}
	if s.Steps[k].Output == "last" {
		q.pending = Own(out)
		return nil
	}
	return emit(out)
}

// RowKey is a text that rows of equal values share. NaN equals NaN, null equals null.
func RowKey(vals []types.Value) string {
	var b []byte
	for _, v := range vals {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case bool:
			b = strconv.AppendBool(append(b, 'b'), v)
		case int64:
			b = strconv.AppendInt(append(b, 'i'), v, 10)
		case float64:
			b = strconv.AppendFloat(append(b, 'f'), v, 'g', -1, 64)
		case string:
			b = strconv.AppendInt(append(b, 's'), int64(len(v)), 10)
			b = append(append(b, ':'), v...)
		}
		b = append(b, ';')
	}
	return string(b)
}
