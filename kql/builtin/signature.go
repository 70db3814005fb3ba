package builtin

import (
	"fmt"
	"strings"

	"quarry/kql/types"
)

// The notation of Row.Sig:
//
//	name(param: type, opt?: type, rest...: type) -> result
//
// A parameter type is a KQL type, several joined with "|", or a class:
//
//	scalar      any scalar type
//	number      int, long, real, decimal
//	integer     int, long
//	summable    number, timespan, datetime
//	orderable   everything but dynamic
//	nondynamic  everything but dynamic
//	array, bag  dynamic
//	text        any scalar; it arrives as string, as if by tostring()
//	packed      any scalar; it arrives as dynamic, as an element of an array would
//	T           any scalar; all T parameters share their common type
//
// Neighbouring "..." parameters repeat in turn: "case(predicate...: bool, then...: T,
// else: T)" takes pairs and one more.
//
// "const" before the type demands a constant; "star" allows "*". A "|"-list
// accepts each of its types as it is; the first listed is what others convert to.
// The result is a KQL type, T, or @N: the type of the Nth argument (0-based), or
// "wide": the widest number type among the arguments.
type signature struct {
	name   string
	params []Param
	result string
}

// Param is one parameter of a Row.
type Param struct {
	Name     string
	Class    string       // "", or one of the class words
	Types    []types.Type // accepted types when Class is ""
	Optional bool
	Variadic bool // any number, also none
	Const    bool
}

func parseSig(s string) (*signature, error) {
	open, arrow := strings.IndexByte(s, '('), strings.LastIndex(s, "->")
	if open < 0 || arrow < open {
		return nil, fmt.Errorf("signature %q: want name(params) -> type", s)
	}
	sig := &signature{name: strings.TrimSpace(s[:open]), result: strings.TrimSpace(s[arrow+2:])}
	inner := strings.TrimSpace(s[open+1 : arrow])
	inner = strings.TrimSuffix(inner, ")")
	for _, part := range strings.Split(inner, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, typ, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("signature %q: parameter %q has no type", s, part)
		}
		p := Param{Name: strings.TrimSpace(name)}
		if n, ok := strings.CutSuffix(p.Name, "..."); ok {
			p.Name, p.Variadic, p.Optional = n, true, true
		}
		if n, ok := strings.CutSuffix(p.Name, "?"); ok {
			p.Name, p.Optional = n, true
		}
		for _, w := range strings.Fields(typ) {
			switch w {
			case "const":
				p.Const = true
			case "scalar", "number", "integer", "summable", "orderable", "nondynamic", "text", "packed", "T":
				p.Class = w
			case "array", "bag":
				p.Types = []types.Type{types.Dynamic}
			default:
				for _, t := range strings.Split(w, "|") {
					ty, ok := types.Parse(t)
					if !ok {
						return nil, fmt.Errorf("signature %q: unknown type %q", s, t)
					}
					p.Types = append(p.Types, ty)
				}
			}
		}
		sig.params = append(sig.params, p)
	}
	switch r := sig.result; {
	case r == "T" || r == "wide" || strings.HasPrefix(r, "@"):
	default:
		if _, ok := types.Parse(r); !ok {
			return nil, fmt.Errorf("signature %q: unknown result type %q", s, r)
		}
	}
	return sig, nil
}

// Name is the KQL name of the row.
func (r *Row) Name() string { return r.sig.name }

// Params are the row's parameters in order.
func (r *Row) Params() []Param { return r.sig.params }

// Param gives the parameter that the i-th of n arguments belongs to; ok is false past the end.
func (r *Row) Param(i, n int) (p Param, ok bool) {
	ps := r.sig.params
	first, past := r.sig.repeated()
	switch tail := len(ps) - past; {
	case first == past || i < first:
		if i >= len(ps) {
			return Param{}, false
		}
		return ps[i], true
	case i >= n-tail && i >= first:
		return ps[past+i-max(first, n-tail)], true
	default:
		return ps[first+(i-first)%(past-first)], true
	}
}

// repeated is the range of "..." parameters, empty when there are none.
func (s *signature) repeated() (first, past int) {
	for first < len(s.params) && !s.params[first].Variadic {
		first++
	}
	past = first
	for past < len(s.params) && s.params[past].Variadic {
		past++
	}
	return first, past
}

// Arity is the least and the most number of arguments; max is -1 for variadics.
func (r *Row) Arity() (least, most int) {
	for _, p := range r.sig.params {
		if !p.Optional {
			least++
		}
		if p.Variadic {
			most = -1
		} else if most >= 0 {
			most++
		}
	}
	return least, most
}

// accepts says how well a parameter takes an argument type: 0 not at all, 1 by an
// implicit conversion, 2 as it is.
func (p Param) accepts(t types.Type) int {
	if t == types.Unknown {
		return 2
	}
	switch p.Class {
	case "scalar", "T", "text":
		return 2
	case "packed":
		return 1 + exact(t == types.Dynamic)/2
	case "nondynamic", "orderable":
		return exact(t != types.Dynamic)
	case "number":
		return exact(t.Numeric())
	case "integer":
		return exact(t.Integer())
	case "summable":
		return exact(t.Numeric() || t == types.Timespan || t == types.Datetime)
	}
	best := 0
	for _, want := range p.Types {
		best = max(best, convertible(t, want))
	}
	return best
}

func exact(ok bool) int {
	if ok {
		return 2
	}
	return 0
}

// convertible says whether a value of type from may stand where to is wanted:
// 2 the same type, 1 widened without loss or (from dynamic) converted, 0 no.
func convertible(from, to types.Type) int {
	switch {
	case from == to:
		return 2
	case to == types.Long && from == types.Int, to == types.Real && (from.Integer() || from == types.Decimal),
		to == types.Decimal && (from.Integer() || from == types.Real):
		return 1
	case to == types.Int && from == types.Long:
		return 1
	}
	return 0
}

// target is the type an argument is converted to before the call.
func (p Param) target(t types.Type) types.Type {
	switch {
	case p.Class == "text":
		return types.String
	case p.Class == "packed":
		return types.Dynamic
	case p.Class != "" || t == types.Unknown:
		return t
	}
	for _, want := range p.Types {
		if want == t {
			return t
		}
	}
	for _, want := range p.Types {
		if convertible(t, want) > 0 {
			return want
		}
	}
	return p.Types[0]
}
