package builtin

import (
	"cmp"
	"slices"

	"quarry/kql/types"
)

// Needles is what a true call cannot do without: argument Of has one of the texts in it,
// whatever the case, or is one of the numbers. A text with letters that are ASCII in
// another case, such as the Kelvin sign, may match without. It lets many conditions be tried in one pass over a value.
type Needles struct {
	Of      int
	Texts   []string // ASCII, not empty
	Numbers []int64
	Whole   bool // the argument is nothing but one of the texts
}

// Needles reports what a true call of the row cannot do without; ok is false when it is
// not known.
func (r *Row) Needles(args []Arg) (n Needles, ok bool) {
	if len(args) < 2 {
		return n, false
	}
	list := args[1:]
	switch name := r.Name(); name {
	case "==":
		if args[0].Const {
			n.Of, list = 1, args[:1]
		}
		n.Whole = true
	case "in", "in~":
		n.Whole = true
	case "has_any", "has_all":
	default:
		op, known := stringTests[name]
		if !known || op.kind == testRegex {
			return n, false
		}
		n.Whole = op.kind == testEqual
	}
	of := args[n.Of]
	if of.Const {
		return n, false
	}
	for _, a := range list {
		items := []types.Value{a.Value}
		if a.Type == types.Dynamic {
			dyns, constant := constantItems([]Arg{a})
			if !constant {
				return n, false
			}
			items = items[:0]
			for _, d := range dyns {
				if !n.Whole {
					items = append(items, d.Text())
				} else if v := fromDyn(of.Type, d); v != nil { // an element of another kind equals none
					items = append(items, v)
				}
			}
		}
		for _, v := range items {
			switch v := v.(type) {
			case string:
				if !a.Const || of.Type != types.String || v == "" || !ascii(v) {
					return n, false
				}
				n.Texts = append(n.Texts, v)
			case int64:
				if !a.Const || of.Type != types.Long && of.Type != types.Int {
					return n, false
				}
				n.Numbers = append(n.Numbers, v)
			default:
				return n, false
			}
		}
	}
	if r.Name() == "has_all" && len(n.Texts) > 0 {
		n.Texts = []string{slices.MaxFunc(n.Texts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })}
	}
	return n, len(n.Texts)+len(n.Numbers) > 0
}

var stringTests = func() map[string]textTest {
	tests := map[string]textTest{}
	for _, op := range stringOperators {
		tests[op.name] = op.test
	}
	return tests
}()
