package builtin

import (
	"math"

	"quarry/kql/types"
)

// Relation says what a row states about its operands, for rewrites that reason about
// ranges.
type Relation uint8

const (
	NoRelation Relation = iota
	Equals
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	Within      // between: both ends included
	Conjunction // and
	Disjunction // or
	Negation    // not
)

// relations are the rows that state something, by name.
var relations = map[string]Relation{
	"==": Equals, "<": Less, "<=": LessOrEqual, ">": Greater, ">=": GreaterOrEqual,
	"between": Within, "and": Conjunction, "or": Disjunction, "not": Negation,
}

// Relation is what a row states about its operands.
func (r *Row) Relation() Relation { return relations[r.Name()] }

// Opposite is the relation that holds where r does not, neither operand being null.
func (r Relation) Opposite() Relation {
	switch r {
	case Less:
		return GreaterOrEqual
	case LessOrEqual:
		return Greater
	case Greater:
		return LessOrEqual
	case GreaterOrEqual:
		return Less
	}
	return NoRelation
}

// Measure says how a row makes a time, a distance of times, or a count of units from
// its arguments, for rewrites that reason about how far apart two times are. Where
// the result is not null, the arguments named are not null either.
type Measure struct {
	Op MeasureOp
	// Of and From are the positions of the arguments: the result is made of Of, less
	// From where there are two.
	Of, From int
	// By is a constant that counts: the ticks by which Moved moves, or the ticks of one
	// Unit.
	By int64
	// Low and High bound, in ticks, what the result is off: a time rounded down to an
	// hour is between an hour less a tick and nothing before the time itself.
	Low, High int64
}

// MeasureOp is the kind of a Measure.
type MeasureOp uint8

const (
	NoMeasure MeasureOp = iota
	Moved               // Of and By and something in Low..High
	Distance            // Of less From, in ticks
	Units               // Of, or Of less From, in units of By ticks, give or take Low..High ticks
	Size                // Of without its sign
	Inverse             // Of with the other sign
	Rounded             // Of to a whole number that is less than one away
)

// Measure reports how the row makes its result; ok is false when it is not known, or
// depends on more than the constants among the arguments.
func (r *Row) Measure(args []Arg) (m Measure, ok bool) {
	kinds := func(want ...types.Type) bool {
		if len(args) != len(want) {
			return false
		}
		for i, t := range want {
			if args[i].Type != t {
				return false
			}
		}
		return true
	}
	constant := func(i int) (int64, bool) {
		v, ok := args[i].Value.(int64)
		return v, ok && args[i].Const && v > -types.MaxDatetime && v < types.MaxDatetime
	}
	const time, span = types.Datetime, types.Timespan
	switch r.Name() {
	case "+":
		at := -1 // the constant
		switch {
		case kinds(time, span), kinds(span, span) && args[1].Const:
			at = 1
		case kinds(span, time), kinds(span, span):
			at = 0
		}
		if at >= 0 {
			if v, ok := constant(at); ok {
				return Measure{Op: Moved, Of: 1 - at, By: v}, true
			}
		}
	case "-":
		switch {
		case kinds(time, time):
			return Measure{Op: Distance, Of: 0, From: 1}, true
		case kinds(time, span), kinds(span, span):
			if v, ok := constant(1); ok {
				return Measure{Op: Moved, Of: 0, By: -v}, true
			}
		case kinds(span), kinds(types.Long), kinds(types.Real):
			return Measure{Op: Inverse}, true
		}
	case "/":
		if kinds(span, span) {
			if v, ok := constant(1); ok && v > 0 {
				// The quotient is a real: a tick more covers what it is rounded by.
				return Measure{Op: Units, Of: 0, From: -1, By: v, Low: -1, High: 1}, true
			}
		}
	case "abs":
		if kinds(span) || kinds(types.Long) || kinds(types.Real) || kinds(types.Int) {
			return Measure{Op: Size}, true
		}
	case "toint", "tolong", "ceiling", "round":
		if kinds(types.Real) {
			return Measure{Op: Rounded}, true
		}
	case "todouble", "toreal":
		if kinds(types.Long) {
			return Measure{Op: Moved}, true // not moved at all
		}
	case "bin", "floor":
		if kinds(time, span) {
			if v, ok := constant(1); ok && v > 0 {
				return Measure{Op: Moved, Low: 1 - v}, true
			}
		}
	case "startofday":
		if kinds(time) {
			return Measure{Op: Moved, Low: 1 - types.Day}, true
		}
	case "datetime_add":
		if n, ok := constant(1); ok && len(args) == 3 {
			if unit := dateParts[datePart(args[0].Value)]; unit > 0 && abs(n) < types.MaxDatetime/unit {
				return Measure{Op: Moved, Of: 2, By: n * unit}, true
			}
		}
	case "datetime_diff":
		if len(args) == 3 && args[0].Const {
			return crossings(datePart(args[0].Value))
		}
	}
	return Measure{}, false
}

// crossings is datetime_diff: it counts the boundaries of a unit between two times, so
// that the distance is less than one unit away from the count.
func crossings(part string) (Measure, bool) {
	m := Measure{Op: Units, Of: 1, From: 2, By: dateParts[part]}
	if m.By == 0 {
		return m, false
	}
	m.Low, m.High = 1-m.By, m.By-1
	return m, true
}

func abs(v int64) int64 { return max(v, -v, math.MinInt64+1) }
