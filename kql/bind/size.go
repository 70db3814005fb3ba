package bind

import (
	"quarry/kql/plan"
	"quarry/kql/source"
)

// A let constant or a parameter that is used twice is written out twice, so thirty
// of them, each twice the one before, would be a billion terms. These bounds lie far
// above what anybody writes and far below what hurts.
const (
	maxTerms   = 1 << 18 // terms of one expression, with everything written out
	maxCalls   = 1 << 14 // calls of let and saved functions of one query
	maxResults = 256     // tables of one answer
	maxCells   = 1 << 22 // columns times tables of one union
)

// terms counts the terms of an expression with everything written out. Calls know
// their own number, so that no expression is counted more than once.
func (b *binder) terms(e plan.Expr) int {
	switch e := e.(type) {
	case *plan.Call:
		return max(e.Terms, 1)
	case *plan.InQuery:
		return b.terms(e.X) + b.queryTerms(e.Node)
	case *plan.Subquery:
		return b.queryTerms(e.Node)
	}
	return 1
}

func (b *binder) queryTerms(n plan.Node) int {
	if t, ok := b.weights[n]; ok {
		return t
	}
	t := 1
	plan.Exprs(n, func(e plan.Expr) { t = min(t+b.terms(e), maxTerms+1) })
	plan.EachInput(n, func(in plan.Node) { t = min(t+b.queryTerms(in), maxTerms+1) })
	if b.weights == nil {
		b.weights = map[plan.Node]int{}
	}
	b.weights[n] = t
	return t
}

// weigh sets the terms of a call; it fails the query when they are too many.
func (b *binder) weigh(c *plan.Call, at source.Span) {
	c.Terms = 1
	for _, a := range c.Args {
		c.Terms += b.terms(a)
	}
	if c.Terms > maxTerms {
		b.fail(at, errTooLarge("the expression", "let constants and parameters are written out where they are used; materialize() a table, or use extend, to compute a value once"))
	}
}
