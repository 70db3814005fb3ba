package builtin

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// Table holds every row, indexed by name.
type Table struct {
	rows   []*Row
	byName map[string][]*Row
	infix  map[string][]*Row
	aggs   map[string][]*Row
}

// New builds the table. It fails on a malformed row, which a test catches.
func New() (*Table, error) {
	t := &Table{byName: map[string][]*Row{}, infix: map[string][]*Row{}, aggs: map[string][]*Row{}}
	for _, group := range groups() {
		for i := range group.rows {
			r := group.rows[i]
			sig, err := parseSig(r.Sig)
			if err != nil {
				return nil, err
			}
			r.sig, r.Group = sig, group.name
			row := &r
			t.rows = append(t.rows, row)
			switch r.Kind {
			case Infix:
				row.overload = len(t.infix[sig.name])
				t.infix[sig.name] = append(t.infix[sig.name], row)
			case Aggregate:
				row.overload = len(t.aggs[sig.name])
				t.aggs[sig.name] = append(t.aggs[sig.name], row)
			default:
				row.overload = len(t.byName[sig.name])
				t.byName[sig.name] = append(t.byName[sig.name], row)
			}
		}
	}
	return t, nil
}

type group struct {
	name string
	rows []Row
}

// Rows are all rows in table order.
func (t *Table) Rows() []*Row { return t.rows }

// Scalar returns the overloads of a scalar or window function.
func (t *Table) Scalar(name string) []*Row { return t.byName[name] }

// Aggregate returns the overloads of an aggregate.
func (t *Table) Aggregate(name string) []*Row { return t.aggs[name] }

// Infix returns the overloads of an operator: "+", "has", "!in~", "-" (unary: one parameter).
func (t *Table) Infix(op string) []*Row { return t.infix[op] }

// Names are all function and aggregate names, sorted, for hints.
func (t *Table) Names() []string {
	var out []string
	for n := range t.byName {
		out = append(out, n)
	}
	for n := range t.aggs {
		out = append(out, n)
	}
	sort.Strings(out)
	return slices.Compact(out)
}

// Resolved is an overload chosen for a call.
type Resolved struct {
	Row    *Row
	Params []types.Type // what each argument must be converted to
	Result types.Type
}

// Mismatch says why no overload takes the arguments; Arg is the one at fault, or
// -1 when their number is wrong.
type Mismatch struct {
	Arg     int
	Message string
}

// Resolve chooses among overloads: the one that needs the fewest conversions, the
// first of equals.
func Resolve(rows []*Row, args []Arg) (Resolved, *Mismatch) {
	if len(rows) == 0 {
		return Resolved{}, &Mismatch{-1, "Quarry has no form of this call"}
	}
	var best, nearest *Row // nearest is the one whose first fault comes last
	bestScore, nearestFault := -1, -2
	for _, r := range rows {
		score, fault := fit(r, args)
		switch {
		case score > bestScore:
			best, bestScore = r, score
		case score < 0 && fault > nearestFault:
			nearest, nearestFault = r, fault
		}
	}
	if best == nil {
		return Resolved{}, mismatch(nearest, args, nearestFault)
	}
	res := Resolved{Row: best, Params: make([]types.Type, len(args))}
	common := types.Unknown
	for i, a := range args {
		if p, _ := best.Param(i, len(args)); p.Class == "T" {
			common = Common(common, a.Type)
		}
	}
	for i, a := range args {
		p, _ := best.Param(i, len(args))
		if p.Class == "T" {
			res.Params[i] = common
		} else {
			res.Params[i] = p.target(a.Type)
		}
	}
	if best.Check != nil {
		if i, msg := best.Check(args); msg != "" {
			return Resolved{}, &Mismatch{i, msg}
		}
	}
	res.Result = best.resultType(args, common)
	return res, nil
}

// Arity says why no overload takes n arguments, or nil when one does.
func Arity(rows []*Row, n int) *Mismatch {
	var miss *Mismatch
	for _, r := range rows {
		m := arity(r, n)
		if m == nil {
			return nil
		}
		if miss == nil {
			miss = m
		}
	}
	return miss
}

func arity(r *Row, n int) *Mismatch {
	least, most := r.Arity()
	if n >= least && (most < 0 || n <= most) {
		return nil
	}
	want := strconv.Itoa(least)
	switch {
	case most < 0:
		want = "at least " + want
	case most != least:
		want += " to " + strconv.Itoa(most)
	}
	return &Mismatch{-1, fmt.Sprintf("%s takes %s, not %d", r.Name(), count(want, "argument"), n)}
}

// fit scores how well a row takes the arguments. A negative score is no fit; fault is
// then the argument that does not fit, or -1 when their number does not.
func fit(r *Row, args []Arg) (score, fault int) {
	if least, most := r.Arity(); len(args) < least || most >= 0 && len(args) > most {
		return -1, -1
	}
	for i, a := range args {
		p, _ := r.Param(i, len(args))
		s := p.accepts(a.Type)
		if s == 0 || p.Const && !a.Const {
			return -1, i
		}
		score += s
	}
	return score * 16 / max(1, 2*len(args)), 0
}

// mismatch says why a row does not take the arguments.
func mismatch(r *Row, args []Arg, fault int) *Mismatch {
	if fault < 0 {
		return arity(r, len(args))
	}
	p, _ := r.Param(fault, len(args))
	if p.accepts(args[fault].Type) == 0 {
		return &Mismatch{fault, fmt.Sprintf("the argument is a %s where %s expects %s for %s", args[fault].Type, r.Name(), p.wants(), p.Name)}
	}
	return &Mismatch{fault, fmt.Sprintf("%s must be a constant in %s", p.Name, r.Name())}
}

func count(n, noun string) string {
	if n == "1" {
		return n + " " + noun
	}
	return n + " " + noun + "s"
}

func (p Param) wants() string {
	switch p.Class {
	case "":
	case "scalar", "T", "text", "packed":
		return "a value"
	case "number":
		return "a number"
	case "integer":
		return "an integer"
	case "summable":
		return "a number, datetime or timespan"
	default:
		return "a value that is not dynamic"
	}
	var names []string
	for _, t := range p.Types {
		names = append(names, t.String())
	}
	return strings.Join(names, " or ")
}

func (r *Row) resultType(args []Arg, common types.Type) types.Type {
	if r.Result != nil {
		return r.Result(args)
	}
	switch s := r.sig.result; {
	case s == "T":
		return common
	case s == "wide":
		wide := types.Unknown
		for _, a := range args {
			if a.Type.Numeric() {
				wide = Common(wide, a.Type)
			}
		}
		return wide
	case strings.HasPrefix(s, "@"):
		n, _ := strconv.Atoi(s[1:])
		if n < len(args) {
			return args[n].Type
		}
		return types.Unknown
	default:
		t, _ := types.Parse(s)
		return t
	}
}

// Common is the type that values of both types share: the wider number, the other
// type when one is unknown, the scalar when the other is dynamic; Unknown when there is none.
func Common(a, b types.Type) types.Type {
	switch {
	case a == b || b == types.Unknown:
		return a
	case a == types.Unknown:
		return b
	case a == types.Dynamic:
		return b
	case b == types.Dynamic:
		return a
	case a.Numeric() && b.Numeric():
		return max(a, b) // Int < Long < Real < Decimal
	}
	return types.Unknown
}
