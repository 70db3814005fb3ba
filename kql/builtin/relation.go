package builtin

import "quarry/kql/types"

// Relation says what an infix row states about its operands, for rewrites that
// reason about ranges.
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
)

// Relation is what a row states about its operands.
func (r *Row) Relation() Relation {
	if r.Kind != Infix {
		return NoRelation
	}
	switch r.Name() {
	case "==":
		return Equals
	case "<":
		return Less
	case "<=":
		return LessOrEqual
	case ">":
		return Greater
	case ">=":
		return GreaterOrEqual
	case "between":
		return Within
	case "and":
		return Conjunction
	}
	return NoRelation
}

// Shift reports calls that move a datetime by a constant: the position of the
// argument that is moved and the distance in ticks. Calendar units, whose length
// varies, are no shift.
func (r *Row) Shift(args []Arg) (arg int, ticks int64, ok bool) {
	constant := func(i int, t types.Type) (int64, bool) {
		if i >= len(args) || !args[i].Const || args[i].Type != t {
			return 0, false
		}
		v, ok := args[i].Value.(int64)
		return v, ok
	}
	switch name := r.Name(); {
	case r.Kind == Infix && (name == "+" || name == "-") && len(args) == 2 && args[0].Type == types.Datetime:
		if v, ok := constant(1, types.Timespan); ok {
			if name == "-" {
				v = -v
			}
			return 0, v, true
		}
	case r.Kind == Infix && name == "+" && len(args) == 2 && args[1].Type == types.Datetime:
		if v, ok := constant(0, types.Timespan); ok {
			return 1, v, true
		}
	case name == "datetime_add" && len(args) == 3:
		unit, _ := args[0].Value.(string)
		n, ok := constant(1, types.Long)
		length, fixed := fixedUnits[unit]
		if ok && fixed && n < 1<<40/length*1<<20 && n > -(1<<40/length*1<<20) {
			return 2, n * length, true
		}
	}
	return 0, 0, false
}

// fixedUnits are the parts of datetime_add that have one length, in ticks.
var fixedUnits = map[string]int64{
	"day": types.Day, "hour": types.Hour, "minute": types.Minute, "second": types.Second,
	"millisecond": types.Millisecond, "microsecond": types.Microsecond, "week": 7 * types.Day,
}
