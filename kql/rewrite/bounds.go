package rewrite

import (
	"math"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// fact says that two columns of times are not null and that a - b <= max, in ticks. The
// column 0 stands for the year 1, so that a fact may also hold one time against a constant.
type fact struct {
	a, b plan.ID
	max  int64
}

const (
	// farthest bounds what is reasoned about, so that the sum of two bounds fits 64 bits.
	farthest = 1 << 62
	// exactReal bounds the ticks that reals count to the tick.
	exactReal = 1 << 52
)

// quantity is what is known of a value: times its unit it lies in
// plus - minus + [low, high], plus and minus being columns of times, or 0.
type quantity struct {
	plus, minus plan.ID
	unit        int64 // ticks in one; 0 for a number without columns, whose unit is the other side's
	number      float64
	low, high   int64
	whole       bool // only whole multiples of the unit occur
	size        bool // the value is without its sign
}

// analysis reads conditions of a query.
type analysis struct {
	root  *plan.Root
	defs  map[plan.ID]plan.Expr // see def; made when first asked for, which is seldom
	steps int                   // how many conditions were read
}

// def is the expression of a computed column. A column whose rows an outer join filled up
// is null there, which no fact says of it.
func (a *analysis) def(id plan.ID) (e plan.Expr, ok bool) {
	if a.defs == nil {
		a.defs = definitions(a.root)
	}
	e, ok = a.defs[id]
	return e, ok
}

// mostSteps bounds the work: expressions that share parts would be read again and again.
const mostSteps = 20_000

// measure reads an expression as a quantity.
func (a *analysis) measure(e plan.Expr, depth int) (q quantity, ok bool) {
	if depth > 20 {
		return q, false
	}
	switch e := e.(type) {
	case plan.Const:
		return constantQuantity(e)
	case plan.ColRef:
		if e.T == types.Datetime {
			return quantity{plus: e.ID, unit: 1, whole: true}, true
		}
		if def, ok := a.def(e.ID); ok {
			return a.measure(def, depth+1)
		}
	case *plan.Call:
		m, ok := measureOf(e)
		if !ok {
			return q, false
		}
		q, ok := a.measure(e.Args[m.Of], depth+1)
		if !ok || q.unit == 0 || q.size {
			return q, false
		}
		return a.apply(m, q, e, depth)
	}
	return q, false
}

func measureOf(c *plan.Call) (builtin.Measure, bool) {
	return c.Row.Measure(plan.Arguments(c))
}

func (a *analysis) apply(m builtin.Measure, q quantity, e *plan.Call, depth int) (quantity, bool) {
	if m.Op == builtin.Distance || m.Op == builtin.Units && m.From >= 0 {
		from, ok := a.measure(e.Args[m.From], depth+1)
		if !ok {
			return q, false
		}
		if q, ok = q.less(from); !ok {
			return q, false
		}
	}
	switch m.Op {
	case builtin.Moved:
		q.low, q.high = q.low+m.By*q.unit+m.Low, q.high+m.By*q.unit+m.High
	case builtin.Units:
		q.low, q.high = q.low+m.Low, q.high+m.High
		q.unit, q.whole = m.By, e.T == types.Long
	case builtin.Size:
		q.size = true
	case builtin.Inverse:
		q.plus, q.minus, q.low, q.high = q.minus, q.plus, -q.high, -q.low
	case builtin.Rounded:
		q.low, q.high, q.whole = q.low-q.unit+1, q.high+q.unit-1, true
	}
	return q, near(q.low) && near(q.high)
}

func constantQuantity(k plan.Const) (q quantity, ok bool) {
	switch v := k.Value.(type) {
	case int64:
		if k.T == types.Datetime || k.T == types.Timespan {
			return quantity{unit: 1, low: v, high: v, whole: true}, v >= -types.MaxDatetime && v <= types.MaxDatetime
		}
		q.number = float64(v)
	case float64:
		q.number = v
	default:
		return q, false
	}
	return q, math.Abs(q.number) < math.MaxInt32 // beyond, toint() no longer follows
}

// less is q - p, when at most one column is added and one taken away.
func (q quantity) less(p quantity) (quantity, bool) {
	if q.unit != p.unit || q.size || p.size {
		return q, false
	}
	plus, minus := [2]plan.ID{q.plus, p.minus}, [2]plan.ID{q.minus, p.plus}
	for i := range plus {
		for j := range minus {
			if plus[i] == minus[j] {
				plus[i], minus[j] = 0, 0
			}
		}
	}
	if plus[0] != 0 && plus[1] != 0 || minus[0] != 0 && minus[1] != 0 {
		return q, false
	}
	q.plus, q.minus = plus[0]+plus[1], minus[0]+minus[1]
	q.low, q.high = q.low-p.high, q.high-p.low
	q.whole = q.whole && p.whole
	return q, true
}

func near(v int64) bool { return v > -farthest && v < farthest }

// facts are what a condition says of every row for which it is true.
func (a *analysis) facts(e plan.Expr) []fact { return a.read(e, false, nil) }

// read appends the facts of a condition, or of its negation.
func (a *analysis) read(e plan.Expr, not bool, to []fact) []fact {
	if a.steps++; a.steps > mostSteps {
		return to
	}
	if ref, ok := e.(plan.ColRef); ok {
		def, _ := a.def(ref.ID)
		return a.read(def, not, to)
	}
	c, ok := e.(*plan.Call)
	if !ok {
		return to
	}
	rel := c.Row.Relation()
	switch {
	case rel == builtin.Negation:
		return a.read(c.Args[0], !not, to)
	case rel == builtin.Conjunction && !not, rel == builtin.Disjunction && not:
		for _, arg := range c.Args {
			to = a.read(arg, not, to)
		}
		return to
	case rel == builtin.Disjunction && !not:
		return append(to, either(a.read(c.Args[0], false, nil), a.read(c.Args[1], false, nil))...)
	case rel == builtin.NoRelation || len(c.Args) < 2:
		return to
	}
	if not {
		if rel = rel.Opposite(); rel == builtin.NoRelation {
			return to
		}
	}
	x, ok := a.measure(c.Args[0], 0)
	if !ok {
		return to
	}
	y, ok := a.measure(c.Args[1], 0)
	if !ok {
		return to
	}
	switch rel {
	case builtin.Equals:
		return y.above(x, false, x.above(y, false, to))
	case builtin.Less:
		return y.above(x, true, to)
	case builtin.LessOrEqual:
		return y.above(x, false, to)
	case builtin.Greater:
		return x.above(y, true, to)
	case builtin.GreaterOrEqual:
		return x.above(y, false, to)
	case builtin.Within:
		to = x.above(y, false, to)
		high, ok := a.measure(c.Args[2], 0)
		if ok && c.Args[0].Type() == types.Datetime && c.Args[2].Type() == types.Timespan { // low .. how long
			if high.plus != 0 || high.minus != 0 {
				return to
			}
			y.low, y.high = y.low+high.low, y.high+high.high
			high, ok = y, near(y.low) && near(y.high)
		}
		if ok {
			to = high.above(x, false, to)
		}
	}
	return to
}

// either keeps what both of two conditions say, as far as the weaker one says it.
func either(a, b []fact) []fact {
	var out []fact
	for _, x := range a {
		for _, y := range b {
			if x.a == y.a && x.b == y.b {
				out = append(out, fact{x.a, x.b, max(x.max, y.max)})
			}
		}
	}
	return out
}

// above appends the facts of q >= p, or of q > p.
func (q quantity) above(p quantity, strict bool, to []fact) []fact {
	ok := !q.size // from below a size bounds nothing
	switch {
	case q.unit == 0:
		q, ok = q.in(p)
	case p.unit == 0:
		p, ok = p.in(q)
	}
	if !ok {
		return to
	}
	if p.size {
		if p.size = false; q.plus != 0 || q.minus != 0 {
			return to
		}
		other := p
		other.plus, other.minus, other.low, other.high = p.minus, p.plus, -p.high, -p.low
		to = q.aboveSigned(other, strict, to)
	}
	return q.aboveSigned(p, strict, to)
}

// in is a number in the unit of another quantity.
func (q quantity) in(p quantity) (quantity, bool) {
	ticks := q.number * float64(p.unit)
	return quantity{unit: p.unit, low: int64(math.Floor(ticks)), high: int64(math.Ceil(ticks)), whole: q.number == math.Trunc(q.number)},
		p.unit != 0 && math.Abs(ticks) < exactReal
}

func (q quantity) aboveSigned(p quantity, strict bool, to []fact) []fact {
	d, ok := p.less(q) // d <= 0
	if !ok || d.plus == 0 && d.minus == 0 || !near(d.low) {
		return to
	}
	most := -d.low
	if strict && d.whole {
		most -= d.unit
	}
	return append(to, fact{d.plus, d.minus, most})
}

// closure is the tightest bound between any two columns that facts imply together.
type closure struct {
	at  map[plan.ID]int
	max [][]int64 // [a][b]: a - b <= max; farthest: no bound
}

// mostColumns keeps a closure, whose cost grows with the cube of the columns, small.
const mostColumns = 40

// close combines facts; those on columns beyond mostColumns are left out.
func closeFacts(facts []fact) closure {
	c := closure{at: map[plan.ID]int{}}
	number := func(id plan.ID) (int, bool) {
		i, ok := c.at[id]
		if !ok && len(c.at) < mostColumns {
			i, ok = len(c.at), true
			c.at[id] = i
		}
		return i, ok
	}
	type edge struct{ a, b int }
	direct := map[edge]int64{}
	for _, f := range facts {
		a, ok1 := number(f.a)
		b, ok2 := number(f.b)
		if !ok1 || !ok2 || f.max >= farthest {
			continue
		}
		if m, ok := direct[edge{a, b}]; !ok || f.max < m {
			direct[edge{a, b}] = f.max
		}
	}
	n := len(c.at)
	c.max = make([][]int64, n)
	for i := range c.max {
		c.max[i] = make([]int64, n)
		for j := range c.max[i] {
			c.max[i][j] = farthest
			if m, ok := direct[edge{i, j}]; ok {
				c.max[i][j] = max(m, -farthest)
			}
		}
	}
	for k := range n {
		for i := range n {
			if c.max[i][k] == farthest {
				continue
			}
			for j := range n {
				if c.max[k][j] != farthest {
					c.max[i][j] = min(c.max[i][j], max(c.max[i][k]+c.max[k][j], -farthest))
				}
			}
		}
	}
	return c
}

// bound is the most that a - b can be; ok is false when nothing bounds it.
func (c closure) bound(a, b plan.ID) (most int64, ok bool) {
	i, ok1 := c.at[a]
	j, ok2 := c.at[b]
	if !ok1 || !ok2 {
		return 0, false
	}
	return c.max[i][j], c.max[i][j] < farthest
}
