package rewrite

import (
	"fmt"
	"math"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/types"
)

// windowJoin finds joins whose pairs count only where a right-hand time lies within
// constant distances of a left-hand time, and marks them with that window. The engine
// then matches time buckets instead of all rows that share the other keys, whose number
// grows with the square of the busiest device's events.
//
// It is exact because the conditions stay where they are: buckets leave out only pairs
// that some condition above the join turns down. What the conditions say is taken
// together, across several joins and through computed columns, so that each join of a
// chain keeps the window of the first table. A condition that bounds a right-hand time is
// not true where that time is null, so it turns down the rows that an outer join fills
// up, and the join is an inner one.
//
// It is not wider because a condition says nothing below an operator that looks at
// several rows at once (a summarize but for its keys, a limit, a window function, a
// shared definition), an outer join whose unmatched rows are wanted must keep them, and
// a distance that varies from row to row has no bucket of a fixed width.
func windowJoin(root *plan.Root) *plan.Root {
	w := &windows{analysis: analysis{root: root}}
	return eachQuery(root, func(top plan.Node, ref func(*plan.Ref) *plan.Ref) plan.Node {
		w.ref = ref
		return w.node(top, known{})
	})
}

type windows struct {
	analysis
	ref func(*plan.Ref) *plan.Ref
}

// known is what conditions above a node say about every row of it that counts in the
// end. wall names the operator that they cannot look below.
type known struct {
	facts []fact
	wall  string
	above [][]plan.ID // what each condition reads; see nearscan.go
}

func (k known) and(more []fact) known {
	k.facts = append(k.facts[:len(k.facts):len(k.facts)], more...)
	return k
}

// on keeps what is known about the given columns alone.
func (k known) on(wall string, keys ...plan.ID) known {
	out := known{wall: wall, above: k.above}
	in := map[plan.ID]bool{0: true}
	for _, id := range keys {
		in[id] = true
	}
	for _, f := range k.facts {
		if in[f.a] && in[f.b] {
			out.facts = append(out.facts, f)
		}
	}
	return out
}

func (w *windows) node(n plan.Node, k known) plan.Node {
	query := func(n plan.Node) plan.Node { return w.node(n, known{}) }
	below := func(k known) plan.Node {
		return plan.Rebuild(n, func(_ int, in plan.Node) plan.Node { return w.node(in, k) }, query)
	}
	switch n := n.(type) {
	case *plan.Filter:
		if hasWindow(n) {
			return below(known{wall: "a function over neighbouring rows"})
		}
		return below(k.and(w.facts(n.Pred)).under(n.Pred))
	case *plan.Project:
		if hasWindow(n) {
			return below(known{wall: "a function over neighbouring rows"})
		}
		return below(k.and(w.computed(n.Items)).through(n.Items))
	case *plan.Aggregate:
		return below(k.on("a summarize", itemIDs(n.Keys)...).and(w.computed(n.Keys)).through(n.Keys))
	case *plan.FirstOf:
		return below(k.on("one row for each key", n.Keys...))
	case *plan.Sort:
		if n.Limit != nil {
			return below(known{wall: "a limit"})
		}
	case *plan.Limit:
		return below(known{wall: "a limit"})
	case *plan.GoOp:
		return below(known{wall: n.Name})
	case *plan.Union:
		return plan.Rebuild(n, func(i int, in plan.Node) plan.Node { return w.node(in, k.renamed(n, in)) }, query)
	case *plan.Ref:
		return w.ref(n)
	case *plan.Join:
		return w.join(n, k)
	}
	return below(k)
}

func itemIDs(items []plan.Item) []plan.ID {
	ids := make([]plan.ID, len(items))
	for i, it := range items {
		ids[i] = it.Col.ID
	}
	return ids
}

// renamed is what is known of a union's columns, said of one of its inputs.
func (k known) renamed(u *plan.Union, in plan.Node) known {
	if len(k.facts)+len(k.above) == 0 {
		return k
	}
	var said ids // the columns it speaks of, few of many
	for _, f := range k.facts {
		said.add(f.a)
		said.add(f.b)
	}
	for _, cols := range k.above {
		for _, c := range cols {
			said.add(c)
		}
	}
	id := map[plan.ID]plan.ID{}
	plan.EachOut(in, func(i int, c plan.Col) {
		if of := u.Cols[i].ID; said.has(of) {
			id[of] = c.ID
		}
	})
	name := func(c plan.ID) plan.ID {
		if to, ok := id[c]; ok {
			return to
		}
		return c
	}
	out := known{wall: k.wall, facts: make([]fact, len(k.facts)), above: make([][]plan.ID, len(k.above))}
	for i, f := range k.facts {
		out.facts[i] = fact{name(f.a), name(f.b), f.max}
	}
	for i, cols := range k.above {
		for _, c := range cols {
			out.above[i] = append(out.above[i], name(c))
		}
	}
	return out
}

func (w *windows) join(n *plan.Join, k known) plan.Node {
	l, r := w.given(n.L), w.given(n.R)
	c := *n
	left, right := k, k
	switch n.Kind {
	case plan.LeftSemi, plan.LeftAnti:
		right = known{}
	case plan.RightSemi, plan.RightAnti:
		left = known{}
	default:
		// An outer join is an inner one where conditions after it drop the rows without a
		// partner. What its inputs give says nothing of those: they have no such row.
		sure := k
		switch n.Kind {
		case plan.Left:
			sure = k.and(l)
		case plan.Right:
			sure = k.and(r)
		case plan.Inner, plan.Cross:
			sure = k.and(l).and(r)
		}
		all := append(k.and(l).facts, r...)
		closed := closeFacts(sure.facts)
		if w.find(n, closed) != nil {
			c.Kind, closed = plan.Inner, closeFacts(all)
			c.Window = w.find(n, closed)
			c.Window.Lefts, c.Window.Rights = implied(closed, all, c.Window.Left), implied(closed, all, c.Window.Right)
		} else if len(n.On) > 0 {
			c.Unbounded = w.why(n, closed, k)
		}
		if c.Kind == plan.Inner || c.Kind == plan.Cross {
			left, right = k.and(r), k.and(l)
		}
	}
	out := plan.Rebuild(&c, func(i int, in plan.Node) plan.Node {
		if i == 0 {
			return w.node(in, left)
		}
		return w.node(in, right)
	}, func(n plan.Node) plan.Node { return w.node(n, known{}) })
	if j := out.(*plan.Join); j.Window != nil {
		j.Window.Near = nearOf(j, k.above)
	}
	return out
}

// find is the narrowest window between a time of the left and one of the right side.
func (w *windows) find(n *plan.Join, c closure) *plan.Window {
	var best *plan.Window
	rights := times(n.R)
	for _, l := range times(n.L) {
		for _, r := range rights {
			high, ok1 := c.bound(r.ID, l.ID)
			low, ok2 := c.bound(l.ID, r.ID)
			low = -low
			if !ok1 || !ok2 || tooFar(low) || tooFar(high) {
				continue
			}
			if best == nil || high-low < best.High-best.Low {
				best = &plan.Window{Left: l.ID, Right: r.ID, Low: low, High: high, Lefts: plan.Always, Rights: plan.Always}
			}
		}
	}
	return best
}

// tooFar keeps sums of a time and a few distances inside 64 bits; the limit is more than
// 3000 years.
func tooFar(ticks int64) bool { return ticks <= -1<<60 || ticks >= 1<<60 }

func times(n plan.Node) []plan.Col {
	var out []plan.Col
	for _, c := range n.Out() {
		if c.Type == types.Datetime {
			out = append(out, c)
		}
	}
	return out
}

// implied is the period that a time must lie in for reasons that no condition on it
// alone gives: those the engine finds by itself.
func implied(c closure, facts []fact, id plan.ID) plan.Period {
	p := plan.Always
	if most, ok := c.bound(id, 0); ok && !said(facts, fact{id, 0, most}) {
		p.To = most
	}
	if most, ok := c.bound(0, id); ok && !said(facts, fact{0, id, most}) {
		p.From = -most
	}
	return p
}

func said(facts []fact, f fact) bool {
	for _, g := range facts {
		if g.a == f.a && g.b == f.b && g.max <= f.max {
			return true
		}
	}
	return false
}

// given is what holds for every row that a node produces.
func (w *windows) given(n plan.Node) []fact {
	switch n := n.(type) {
	case *plan.Filter:
		return append(w.facts(n.Pred), w.given(n.In)...)
	case *plan.Project:
		return append(w.computed(n.Items), w.given(n.In)...)
	case *plan.Aggregate:
		if len(n.Keys) > 0 {
			return append(w.computed(n.Keys), w.given(n.In)...)
		}
	case *plan.Join:
		switch n.Kind {
		case plan.Inner, plan.Cross:
			return append(w.given(n.L), w.given(n.R)...)
		case plan.Left, plan.LeftSemi, plan.LeftAnti:
			return w.given(n.L)
		case plan.Right, plan.RightSemi, plan.RightAnti:
			return w.given(n.R)
		}
	case *plan.Sort, *plan.Limit, *plan.FirstOf, *plan.Number, *plan.Unnest:
		return w.given(n.Inputs()[0])
	}
	return nil
}

// computed is how far computed times are from the times they are computed of.
func (w *windows) computed(items []plan.Item) []fact {
	var out []fact
	for _, it := range items {
		if it.Col.Type != types.Datetime {
			continue
		}
		q, ok := w.measure(it.Expr, 0)
		if ok && q.plus != 0 && q.plus != it.Col.ID && q.minus == 0 && q.unit == 1 && !q.size {
			out = append(out, fact{it.Col.ID, q.plus, q.high}, fact{q.plus, it.Col.ID, -q.low})
		}
	}
	return out
}

// definitions are the expressions of all computed columns of a query, but for texts, which
// are no conditions, times or distances.
func definitions(root *plan.Root) map[plan.ID]plan.Expr {
	defs := map[plan.ID]plan.Expr{}
	add := func(items []plan.Item) {
		for _, it := range items {
			if it.Col.Type == types.String || it.Col.Type == types.Dynamic {
				continue
			}
			if ref, ok := it.Expr.(plan.ColRef); !ok || ref.ID != it.Col.ID {
				defs[it.Col.ID] = it.Expr
			}
		}
	}
	for _, n := range nodes(root) {
		switch n := n.(type) {
		case *plan.Project:
			add(n.Items)
		case *plan.Aggregate:
			add(n.Keys)
		}
	}
	return defs
}

// why is the reason that a join has no window, as a sentence's end.
func (w *windows) why(n *plan.Join, c closure, k known) string {
	lefts, rights := times(n.L), times(n.R)
	for _, side := range []struct {
		name  string
		times []plan.Col
	}{{"left", lefts}, {"right", rights}} {
		if len(side.times) == 0 {
			return "its " + side.name + " side has no datetime column"
		}
	}
	for _, l := range lefts {
		for _, r := range rights {
			high, ok1 := c.bound(r.ID, l.ID)
			low, ok2 := c.bound(l.ID, r.ID)
			switch {
			case ok1 && ok2:
				return fmt.Sprintf("%s of the right side and %s of the left may be %s apart", r.Name, l.Name, types.FormatTimespan(max(low, high)))
			case ok1 && high < math.MaxInt64:
				return fmt.Sprintf("nothing says how long %s of the right side may be before %s of the left", r.Name, l.Name)
			case ok2:
				return fmt.Sprintf("nothing says how long %s of the right side may be after %s of the left", r.Name, l.Name)
			}
		}
	}
	var b strings.Builder
	b.WriteString("no condition after it holds a time of its right side within a constant distance of one of its left side")
	if k.wall != "" {
		b.WriteString(", as far as conditions reach: they cannot look below " + k.wall)
	}
	return b.String()
}
