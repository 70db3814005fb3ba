package bind

import (
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// meet converts a dynamic operand to the type of its partner: the operators are
// defined on scalars.
func (b *binder) meet(op string, args []plan.Expr, at source.Span) []plan.Expr {
	if len(args) < 2 {
		return args
	}
	stringOp := op[len(op)-1] >= 'a' && op[len(op)-1] <= 'z' && op != "and" && op != "or" && op != "in" && op != "!in" && op != "between" && op != "!between" || strings.HasSuffix(op, "~") && op != "in~" && op != "!in~"
	if stringOp {
		out := append([]plan.Expr{}, args...)
		for i, a := range args {
			if a.Type() == types.Dynamic && (i == 0 || op != "has_any" && op != "has_all") {
				out[i] = b.convertTo(a, types.String, at)
			}
		}
		return out
	}
	switch op {
	case "==", "!=", "in", "!in", "in~", "!in~":
		args = b.equalTypes(args, at)
	}
	common := types.Unknown
	for _, a := range args {
		if t := a.Type(); t != types.Dynamic && (common == types.Unknown || t == types.Real) {
			common = t
		}
	}
	if common == types.Unknown {
		return args
	}
	if common == types.Timespan && (op == "+" || op == "-" || op == "between" || op == "!between") && args[0].Type() == types.Dynamic {
		return args
	}
	out := append([]plan.Expr{}, args...)
	for i, a := range args {
		if a.Type() == types.Dynamic && !(i > 0 && (op == "in" || op == "!in" || op == "in~" || op == "!in~")) {
			out[i] = b.convertTo(a, common, at)
		}
	}
	return out
}

// equalTypes lets a string be tested against a value of another type: the string is
// read as that type, as a dynamic value would be. Rules lean on it
// ("ResultType == 0" over a string column).
func (b *binder) equalTypes(args []plan.Expr, at source.Span) []plan.Expr {
	other, strs := types.Unknown, false
	for _, a := range args {
		switch t := a.Type(); {
		case t == types.String:
			strs = true
		case t == types.Dynamic:
		case other == types.Unknown:
			other = t
		case other.Numeric() && t.Numeric():
			other = builtin.Common(other, t)
		}
	}
	if other == types.Unknown || !strs && (other != types.Bool) {
		return args
	}
	out := append([]plan.Expr{}, args...)
	for i, a := range args {
		if t := a.Type(); t == types.String || other == types.Bool && t.Numeric() {
			out[i] = b.convertTo(a, other, at)
		}
	}
	return out
}
