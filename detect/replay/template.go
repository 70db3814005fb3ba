package replay

import (
	"maps"
	"slices"

	"quarry/detect/alert"
)

// template is what is known of the runs of a query that asks neither the clock nor,
// while it is compiled, the rows: their plans differ in nothing but the bounds of their
// windows, which move with the run. Runs whose answer follows from the rows need not be
// compiled then.
type template struct {
	run  alert.Run
	plan *examined // of run; nil: no run yet
	// moves says, by scan and part, which ends of the bounds move; nil: not known.
	moves [][]ends
	never bool
}

type ends struct{ lo, hi bool }

// learn takes a run's plan: the first is kept, the next of the same kind of window
// shows what moves. Anything else that differs leaves each run to be compiled.
func (t *template) learn(run alert.Run, x *examined) {
	switch {
	case t.never || t.moves != nil:
		return
	case x.volatile:
		t.never = true
		return
	case t.plan == nil || !alike(t.run, run):
		t.run, t.plan = run, x // the first window may be longer than the others
		return
	}
	by := ticks(run.At) - ticks(t.run.At)
	t.never = by == 0 || x.shape != t.plan.shape || len(x.scans) != len(t.plan.scans)
	for i := 0; !t.never && i < len(x.scans); i++ {
		a, b := t.plan.scans[i], x.scans[i]
		t.never = len(a.parts) != len(b.parts) || !slices.Equal(sortedKeys(a.conditions), sortedKeys(b.conditions))
		var moves []ends
		for j := 0; !t.never && j < len(a.parts); j++ {
			p, q := a.parts[j], b.parts[j]
			lo, hi := q.lo-p.lo, q.hi-p.hi
			t.never = p.axis != q.axis || lo != 0 && lo != by || hi != 0 && hi != by
			moves = append(moves, ends{lo != 0, hi != 0})
		}
		t.moves = append(t.moves, moves)
	}
	if t.never {
		t.moves = nil
	}
}

// at is the plan of a run, as far as its answer can follow from rows; nil if it is not
// known.
func (t *template) at(run alert.Run) *examined {
	if t.never || t.moves == nil || !alike(t.run, run) {
		return nil
	}
	by := ticks(run.At) - ticks(t.run.At)
	x := *t.plan
	x.scans = slices.Clone(x.scans)
	for i, old := range x.scans {
		sc := *old
		sc.conditions, sc.parts, sc.bounds = maps.Clone(old.conditions), nil, nil
		for j, p := range old.parts {
			if t.moves[i][j].lo {
				p.lo += by
			}
			if t.moves[i][j].hi {
				p.hi += by
			}
			sc.bind(p)
		}
		x.scans[i] = &sc
	}
	return &x
}

// alike reports that the windows of two runs are the same but for their place in time.
func alike(a, b alert.Run) bool {
	return a.At.Sub(a.From) == b.At.Sub(b.From) && a.Made.Sub(a.At) == b.Made.Sub(b.At)
}
