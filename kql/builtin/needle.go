package builtin

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// Needles is what a true call cannot do without: argument Of has one of the texts in it,
// whatever the case, or is one of the numbers. A text with letters that are ASCII in
// another case, such as the Kelvin sign, may match without. It lets many conditions be
// tried in one pass over a value.
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
		if !known {
			return n, false
		}
		if op.kind == testRegex {
			return regexNeedles(args)
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
				part := asciiPart(v)
				if !a.Const || of.Type != types.String || part == "" {
					return n, false
				}
				n.Texts = append(n.Texts, part)
				n.Whole = n.Whole && part == v
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

const (
	maxAlternatives = 100 // bounds the texts that a regular expression may need one of
	minRegexText    = 3   // is their length, from which on they tell texts apart
)

// regexNeedles are the texts that every match has one of.
func regexNeedles(args []Arg) (n Needles, ok bool) {
	pattern, isText := args[1].Value.(string)
	if !args[1].Const || !isText || args[0].Const || args[0].Type != types.String {
		return n, false
	}
	pattern, err := TranslateRegex(pattern)
	if err != nil {
		return n, false
	}
	for _, s := range requiredTexts(pattern, required{most: maxAlternatives, folded: true}) {
		n.Texts = append(n.Texts, asciiPart(s))
	}
	return n, shortest(n.Texts) >= minRegexText
}

// asciiPart is the longest part of a text that is ASCII.
func asciiPart(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
	if len(parts) == 0 {
		return ""
	}
	return slices.MaxFunc(parts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}

var stringTests = func() map[string]textTest {
	tests := map[string]textTest{}
	for _, op := range stringOperators {
		tests[op.name] = op.test
	}
	return tests
}()
