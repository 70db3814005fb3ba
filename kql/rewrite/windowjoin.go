package rewrite

import (
	"math"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// windowJoin finds, above an inner join, conditions that hold a right-hand time
// within constant distances of a left-hand time, and marks the join with that
// window. The engine then matches time buckets instead of all rows that share the
// other keys, whose number grows with the square of the busiest device's events. The
// conditions stay: buckets only leave out pairs that cannot meet them.
//
// It is not wider because outer joins must keep unmatched rows, and because a
// distance that varies from row to row has no bucket of a fixed width.
func windowJoin(root *plan.Root) *plan.Root {
	return mapRoot(root, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok {
			return n
		}
		preds := []plan.Expr{f.Pred}
		in := f.In
		for {
			inner, ok := in.(*plan.Filter)
			if !ok {
				break
			}
			preds, in = append(preds, inner.Pred), inner.In
		}
		j, ok := in.(*plan.Join)
		if !ok || j.Kind != plan.Inner || j.Window != nil {
			return n
		}
		w := findWindow(j, preds)
		if w == nil {
			return n
		}
		marked := *j
		marked.Window = w
		return replaceJoin(f, &marked)
	})
}

// replaceJoin rebuilds a chain of filters over another join.
func replaceJoin(f *plan.Filter, j *plan.Join) plan.Node {
	c := *f
	if inner, ok := f.In.(*plan.Filter); ok {
		c.In = replaceJoin(inner, j)
	} else {
		c.In = j
	}
	return &c
}

// moved is a column moved by a constant number of ticks.
type moved struct {
	col plan.ID
	by  int64
}

// window bounds of one pair of columns: low <= right - left <= high.
type bounds struct{ low, high int64 }

// findWindow collects the bounds that the conditions put on pairs of times.
func findWindow(j *plan.Join, preds []plan.Expr) *plan.Window {
	left, right := ids(j.L), ids(j.R)
	type pair struct{ l, r plan.ID }
	found := map[pair]*bounds{}
	var order []pair
	// atLeast notes a >= b + gap.
	atLeast := func(a, b moved, gap int64) {
		p, b0 := pair{}, (*bounds)(nil)
		get := func(l, r plan.ID) {
			p = pair{l, r}
			if b0 = found[p]; b0 == nil {
				b0 = &bounds{math.MinInt64, math.MaxInt64}
				found[p] = b0
				order = append(order, p)
			}
		}
		switch {
		case right[a.col] && left[b.col]: // r + a.by >= l + b.by + gap
			get(b.col, a.col)
			b0.low = max(b0.low, b.by-a.by+gap)
		case left[a.col] && right[b.col]: // l + a.by >= r + b.by + gap
			get(a.col, b.col)
			b0.high = min(b0.high, a.by-b.by-gap)
		}
	}
	var visit func(plan.Expr)
	visit = func(e plan.Expr) {
		c, ok := e.(*plan.Call)
		if !ok {
			return
		}
		rel := c.Row.Relation()
		if rel == builtin.Conjunction {
			for _, a := range c.Args {
				visit(a)
			}
			return
		}
		if rel == builtin.NoRelation || len(c.Args) < 2 {
			return
		}
		var sides []moved
		for i, a := range c.Args {
			m, ok := shifted(a)
			if k, isConst := a.(plan.Const); isConst && i == 2 && k.T == types.Timespan { // low .. span
				span, _ := k.Value.(int64)
				m, ok = moved{sides[1].col, sides[1].by + span}, k.Value != nil && span < maxWindow && span > -maxWindow
			}
			if !ok {
				return
			}
			sides = append(sides, m)
		}
		switch rel {
		case builtin.Equals:
			atLeast(sides[0], sides[1], 0)
			atLeast(sides[1], sides[0], 0)
		case builtin.Less:
			atLeast(sides[1], sides[0], 1)
		case builtin.LessOrEqual:
			atLeast(sides[1], sides[0], 0)
		case builtin.Greater:
			atLeast(sides[0], sides[1], 1)
		case builtin.GreaterOrEqual:
			atLeast(sides[0], sides[1], 0)
		case builtin.Within:
			atLeast(sides[0], sides[1], 0)
			atLeast(sides[2], sides[0], 0)
		}
	}
	for _, p := range preds {
		visit(p)
	}
	for _, p := range order {
		b := found[p]
		if b.low > math.MinInt64 && b.high < math.MaxInt64 && b.low > -maxWindow && b.high < maxWindow && b.high-b.low >= 0 {
			return &plan.Window{Left: p.l, Right: p.r, Low: b.low, High: b.high}
		}
	}
	return nil
}

// maxWindow keeps sums of times and distances inside 64 bits.
const maxWindow = types.MaxDatetime

// shifted reads an expression as a datetime column moved by a constant.
func shifted(e plan.Expr) (moved, bool) {
	switch e := e.(type) {
	case plan.ColRef:
		return moved{col: e.ID}, e.T == types.Datetime
	case *plan.Call:
		args := make([]builtin.Arg, len(e.Args))
		for i, a := range e.Args {
			args[i].Type = a.Type()
			if k, ok := a.(plan.Const); ok {
				args[i].Const, args[i].Value = true, k.Value
			}
		}
		at, ticks, ok := e.Row.Shift(args)
		if !ok {
			return moved{}, false
		}
		m, ok := shifted(e.Args[at])
		m.by += ticks
		return m, ok && m.by < maxWindow && m.by > -maxWindow
	}
	return moved{}, false
}

func ids(n plan.Node) map[plan.ID]bool {
	out := map[plan.ID]bool{}
	for _, c := range n.Out() {
		out[c.ID] = true
	}
	return out
}
