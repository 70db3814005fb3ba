package builtin

import (
	"strings"

	"quarry/kql/types"
)

// Descent says what a call's text has of its arguments' texts.
type Descent uint8

const (
	Unrelated Descent = iota
	Same              // all of it, but for case
	Part              // a part of it
	Decoded           // a part of the JSON text, unless that hides letters behind \u
	Printed           // a number, a truth value or a time, written out
)

// Descent reports which arguments a call's text, or JSON text, is made from: it is that
// of one of them, as the kind says.
func (r *Row) Descent(args []Arg) (Descent, []int) {
	first := []int{0}
	switch name := r.Name(); name {
	case "tolower", "toupper", "tostring":
		switch t := args[0].Type; {
		case t == types.String:
			return Same, first
		case t == types.Dynamic:
			return Decoded, first
		case Prints(t):
			return Printed, first
		}
	case "substring", "split":
		if args[0].Type == types.String {
			return Part, first
		}
	case "extract", "trim", "trim_start", "trim_end":
		if n := len(args) - 1; n < 3 && args[n].Type == types.String {
			return Part, []int{n}
		}
	case KeyRow, ".index", "parse_json", "todynamic", "parsejson", jsonRowForKeys:
		if t := args[0].Type; t == types.String || t == types.Dynamic {
			return Decoded, first
		}
	case "coalesce":
		of := make([]int, len(args))
		for i := range of {
			of[i] = i
		}
		return Same, of
	case "iff", "iif":
		return Same, []int{1, 2}
	case "case":
		of := []int{len(args) - 1}
		for i := 1; i < len(args)-1; i += 2 {
			of = append(of, i)
		}
		return Same, of
	}
	return Unrelated, nil
}

// Carries reports the argument without which, it being null or empty, a call's text is
// empty and its value null.
func (r *Row) Carries(args []Arg) (of int, ok bool) {
	if r.Name() == "split" { // an empty text has one part
		return 0, false
	}
	how, from := r.Descent(args)
	if len(from) != 1 || how == Unrelated || how == Printed {
		return 0, false
	}
	return from[0], true
}

// Presence reports the argument that is neither null nor empty where a call is true.
func (r *Row) Presence(args []Arg) (of int, ok bool) {
	switch r.Name() {
	case "isnotempty", "notempty":
		return 0, true
	case "isnotnull", "notnull": // an empty text is not null
		return 0, args[0].Type == types.Dynamic
	}
	n, ok := r.Needles(args)
	return n.Of, ok && len(n.Texts) > 0
}

// Prints reports a type whose texts NeverPrinted knows.
func Prints(t types.Type) bool {
	return t == types.Bool || t.Numeric() || t == types.Datetime || t == types.Timespan
}

// printed are the letters that stand together in printed numbers, truth values and times.
var printed = []string{"true", "false", "infinity", "nan", "null", "t", "z"}

// NeverPrinted reports that no number, truth value or time has s in its text.
func NeverPrinted(s string) bool {
	word := ""
	dots := 0
	for i := 0; i <= len(s); i++ {
		c := byte(0)
		if i < len(s) {
			c = lowered[s[i]]
		}
		if c >= 'a' && c <= 'z' {
			word += string(c)
		} else {
			if word != "" && !anyContains(printed, word) {
				return true
			}
			word = ""
		}
		switch {
		case c == '.':
			if dots++; dots == 2 { // as in an address; days and fractions have colons between
				return true
			}
		case c < '0' || c > '9':
			dots = 0
		}
	}
	return false
}

func anyContains(list []string, s string) bool {
	for _, t := range list {
		if strings.Contains(t, s) {
			return true
		}
	}
	return false
}

// Undisguised reports that JSON cannot write s, of ASCII, in another way than as it is
// but with \u: it has no sign that is escaped or stands between values.
func Undisguised(s string) bool {
	return NeverPrinted(s) && !strings.ContainsAny(s, "\"\\/,:{}[]\x7f") && strings.IndexFunc(s, func(r rune) bool { return r < ' ' }) < 0
}
