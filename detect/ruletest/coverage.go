package ruletest

import (
	"fmt"
	"strings"

	"quarry/hunt/steps"
	"quarry/kql/source"
)

// Coverage is what the tests of a rule exercise: a step, if rows reach it; a condition
// of an "and", if it is false for some row that reaches its filter; one of an "or", if
// it is true for some; a branch of case() or iff(), if some row takes it. What has no
// figure of its own counts neither way.
type Coverage struct {
	query   *steps.Query
	covered map[thing]bool
	blind   map[thing]bool   // was never measured, though tests ran
	wants   map[thing]string // of a condition: "false" or "true"
}

// thing is what tests can exercise, by its place: the body of a function is one thing,
// however often it is called.
type thing struct {
	kind byte // 's' a step, 'c' a condition, 'b' a branch
	at   source.Span
}

func stepThing(s *steps.Step) thing     { return thing{'s', s.Span} }
func condThing(c *steps.Cond) thing     { return thing{'c', c.Span} }
func branchThing(b *steps.Branch) thing { return thing{'b', b.Span} }

// Gap is something of a rule that no test exercises.
type Gap struct {
	Line int
	Text string // the step
	What string // "no row reaches it", "never false: X", "never true: X", "never taken: X"
	step bool
}

func newCoverage(text *source.Text) *Coverage {
	q, err := steps.New(text)
	if err != nil {
		return nil // the rule does not compile, and its tests say so
	}
	c := &Coverage{query: q, covered: map[thing]bool{}, blind: map[thing]bool{}, wants: map[thing]string{}}
	for _, p := range q.All {
		for _, s := range p.Steps {
			c.covered[stepThing(s)] = false
			c.want(s.Filter, "false")
			for _, x := range s.Cases {
				for _, b := range x.Branches {
					c.covered[branchThing(b)] = false
				}
			}
		}
	}
	return c
}

// want notes what the tests should show of each condition.
func (c *Coverage) want(x *steps.Cond, want string) {
	switch {
	case x == nil:
	case x.Op == "":
		c.covered[condThing(x)], c.wants[condThing(x)] = false, want
	case x.Op == "or":
		want = "true"
	case x.Op == "and":
		want = "false"
	}
	if x != nil {
		for _, p := range x.Parts {
			c.want(p, want)
		}
	}
}

// mark counts one figure: whether it was measured, and whether it covers its thing.
func (c *Coverage) mark(x thing, measured, covers bool) {
	switch {
	case measured:
		c.covered[x] = c.covered[x] || covers
		c.blind[x] = false
	default:
		if _, known := c.blind[x]; !known && !c.covered[x] {
			c.blind[x] = true
		}
	}
}

// add counts the figures of one run of the rule. Knobs change no more than constants,
// so its steps are those of the rule in the same order.
func (c *Coverage) add(q *steps.Query) {
	if c == nil || len(q.All) != len(c.query.All) {
		return
	}
	for i, p := range q.All {
		for j, s := range p.Steps {
			own := c.query.All[i].Steps[j]
			before := s.Rows
			switch {
			case j > 0:
				before = p.Steps[j-1].Rows
			case len(s.Inputs) > 0:
				before = 0
				for _, in := range s.Inputs {
					before += max(0, in.Rows())
				}
			}
			c.mark(stepThing(own), before != steps.Unknown && s.Rows != steps.Unknown, before > 0)
			c.filter(own.Filter, s.Filter, before)
			for k, x := range s.Cases {
				for l, b := range x.Branches {
					c.mark(branchThing(own.Cases[k].Branches[l]), b.Rows != steps.Unknown, b.Rows > 0)
				}
			}
		}
	}
}

func (c *Coverage) filter(own, seen *steps.Cond, before int64) {
	if own == nil {
		return
	}
	for i, p := range own.Parts {
		c.filter(p, seen.Parts[i], before)
	}
	if own.Op == "" {
		covers := seen.Holds > 0
		if c.wants[condThing(own)] == "false" {
			covers = seen.Holds < before
		}
		c.mark(condThing(own), seen.Holds != steps.Unknown && before != steps.Unknown, covers)
	}
}

// gap reports what can be measured and is not covered.
func (c *Coverage) gap(x thing) bool { return !c.covered[x] && !c.blind[x] }

// Steps counts the pipe steps that can be measured, and those that rows reached.
func (c *Coverage) Steps() Share {
	return c.share(func(x thing) bool { return x.kind == 's' })
}

// Branches counts the conditions and branches that can be measured, and those that the
// tests exercise.
func (c *Coverage) Branches() Share {
	return c.share(func(x thing) bool { return x.kind != 's' })
}

func (c *Coverage) share(of func(thing) bool) Share {
	var s Share
	for x, ok := range c.covered {
		if of(x) && !c.blind[x] {
			s.Total++
			if ok {
				s.Covered++
			}
		}
	}
	return s
}

// Functions are those of the query whose inside is not measured.
func (c *Coverage) Functions() []string { return c.query.Closed }

// Gaps lists what no test exercises, in the order of the query.
func (c *Coverage) Gaps() []Gap {
	var out []Gap
	told := map[thing]bool{}
	gap := func(x thing) bool {
		if told[x] || !c.gap(x) {
			return false
		}
		told[x] = true
		return true
	}
	for _, p := range c.query.All {
		for _, s := range p.Steps {
			line, _ := c.query.Text.Position(s.Key.Start)
			if x := stepThing(s); c.gap(x) {
				if gap(x) {
					out = append(out, Gap{line, s.Text, "no row reaches it", true})
				}
				continue // its branches go without saying
			}
			s.Filter.Leaves(func(l *steps.Cond) {
				if gap(condThing(l)) {
					line, _ := c.query.Text.Position(l.Span.Start)
					out = append(out, Gap{line, s.Text, fmt.Sprintf("never %s: %s", c.wants[condThing(l)], flat(l.Text)), false})
				}
			})
			for _, x := range s.Cases {
				for _, b := range x.Branches {
					if gap(branchThing(b)) {
						line, _ := c.query.Text.Position(b.Span.Start)
						what := "never taken: " + flat(b.Text)
						if b.Text == "else" {
							what = "never taken: the last branch of " + flat(x.Text)
						}
						out = append(out, Gap{line, s.Text, what, false})
					}
				}
			}
		}
	}
	return out
}

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
