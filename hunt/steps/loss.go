package steps

import (
	"fmt"
	"strings"
)

// Loss is the place where the last rows of a query went.
type Loss struct {
	Pipeline *Pipeline
	Step     *Step
	Before   int64 // rows that reached the step
	Cond     *Cond // the condition that no row met, if the step is a filter
}

// FirstLoss is the first step after which no row is left, on the path that the query's
// rows take; nil if there is none, or if it was not measured.
func (q *Query) FirstLoss() *Loss { return firstLoss(q.Main, 0) }

func firstLoss(p *Pipeline, depth int) *Loss {
	if depth > 32 {
		return nil
	}
	for i, s := range p.Steps {
		if s.Rows != 0 {
			continue
		}
		// The rows were lost before, where a pipeline that it reads lost its own.
		if s.Filter == nil {
			if l := inputLoss(s.Inputs, depth+1); l != nil {
				return l
			}
		}
		l := &Loss{Pipeline: p, Step: s}
		if i > 0 {
			l.Before = p.Steps[i-1].Rows
		}
		if s.Filter != nil {
			l.Cond = s.Filter
			for _, c := range s.Filter.Parts {
				if s.Filter.Op == "and" && c.Left == 0 {
					l.Cond = c
					break
				}
			}
		}
		return l
	}
	return nil
}

// inputLoss is the loss of a pipeline that a step reads, if possible one that had rows to
// lose.
func inputLoss(inputs []*Pipeline, depth int) *Loss {
	var first *Loss
	for _, in := range inputs {
		if in.Rows() != 0 {
			continue
		}
		l := firstLoss(in, depth)
		if l != nil && !l.Step.Source {
			return l
		}
		if first == nil {
			first = l
		}
	}
	return first
}

// Explain says in a sentence what the step did.
func (l *Loss) Explain() string {
	switch {
	case l.Step.Source:
		return fmt.Sprintf("%s has no rows", l.Step.Text)
	case l.Before <= 0:
		return fmt.Sprintf("no row comes out of %s", quoted(l.Step.Text))
	case l.Cond == nil:
		return fmt.Sprintf("%s %s go into %s and none comes out", number(l.Before), plural(l.Before, "row"), quoted(l.Step.Text))
	case l.Cond.Holds > 0 && l.Cond != l.Step.Filter:
		return fmt.Sprintf("%s holds for %d of %d rows, but for none that meets the conditions before it", l.Cond.Text, l.Cond.Holds, l.Before)
	case l.Before == 1:
		return fmt.Sprintf("%s does not hold for the one row that reaches it", l.Cond.Text)
	}
	return fmt.Sprintf("%s holds for none of the %d rows that reach it", l.Cond.Text, l.Before)
}

func quoted(s string) string { return "\"" + strings.TrimPrefix(s, "| ") + "\"" }

func number(n int64) string { return fmt.Sprint(n) }

func plural(n int64, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}
