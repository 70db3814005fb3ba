package syntax

import (
	"fmt"
	"strings"

	"quarry/kql/source"
	"quarry/kql/types"
)

// Knob is a constant that a query defines at its head, "let Name = constant;":
// what a user of a detection may want to set without editing it.
type Knob struct {
	Name  string
	Type  types.Type
	Value string      // the constant as written: 5, "a", -1d, ago(7d), dynamic([1, 2])
	Span  source.Span // of the constant
}

// LetConstants returns the constants that head the script, in order. Head means
// before the first statement that is neither let nor set nor declare; a let that
// is no constant does not end it. A constant is a literal, perhaps with a sign or in
// parentheses, or ago() or now() of one.
func LetConstants(s *Script) []Knob {
	var knobs []Knob
	for _, st := range s.Statements {
		switch st := st.(type) {
		case *Set, *Declare, *Alias:
		case *Let:
			if typ, ok := constantType(st.Value); ok {
				knobs = append(knobs, Knob{Name: st.Name.Text, Type: typ, Value: constantText(st.Value), Span: st.Value.Pos()})
			}
		default:
			return knobs
		}
	}
	return knobs
}

// constantType is the type of a constant expression.
func constantType(x Expr) (types.Type, bool) {
	switch x := x.(type) {
	case *Literal:
		return x.Type, true
	case *Unary:
		t, ok := constantType(x.X)
		return t, ok && (t.Numeric() || t == types.Timespan)
	case *Paren:
		return constantType(x.X)
	case *Call:
		switch x.Name.Text {
		case "now", "ago":
			if len(x.Args) > 1 || x.Name.Text == "ago" && len(x.Args) == 0 {
				return 0, false
			}
			for _, a := range x.Args {
				if t, ok := constantType(a); !ok || t != types.Timespan {
					return 0, false
				}
			}
			return types.Datetime, true
		}
	}
	return 0, false
}

// constantText is the constant as it is to be shown: Print of it, which keeps the
// spelling of literals.
func constantText(x Expr) string { return Print(x) }

// SetLet returns text with the constant of the head's "let name = ..." replaced by
// value, which must be a constant of the same type. A long also stands for a real or
// a decimal, and text that is no constant stands for a string as it is
// ("SetLet(q, "Device", "WS01")").
func SetLet(text, name, value string) (string, error) {
	script, errs := Parse(source.New("", text, 0))
	if errs != nil {
		return "", errs
	}
	var names []string
	for _, k := range LetConstants(script) {
		if k.Name != name {
			names = append(names, k.Name)
			continue
		}
		value, err := fitConstant(value, k)
		if err != nil {
			return "", err
		}
		return text[:k.Span.Start] + value + text[k.Span.End:], nil
	}
	if near := nearest(name, names); near != "" {
		return "", fmt.Errorf("the query has no constant %s (did you mean %s?)", name, near)
	}
	if len(names) == 0 {
		return "", fmt.Errorf("the query has no constant %s, nor any other", name)
	}
	return "", fmt.Errorf("the query has no constant %s, it has %s", name, strings.Join(names, ", "))
}

// fitConstant checks that value can stand for the constant k and returns what to write.
func fitConstant(value string, k Knob) (string, error) {
	value = strings.TrimSpace(value)
	typ, ok := types.Unknown, false
	if script, errs := Parse(source.New("", "let x = "+value, 0)); errs == nil && len(script.Statements) == 1 {
		if let, is := script.Statements[0].(*Let); is && let.Value.Pos().End == len("let x = ")+len(value) {
			typ, ok = constantType(let.Value)
		}
	}
	switch {
	case ok && (typ == k.Type || typ == types.Int && k.Type == types.Long || typ == types.Long && k.Type == types.Int):
		return value, nil
	case ok && typ == types.Long && (k.Type == types.Real || k.Type == types.Decimal):
		return k.Type.String() + "(" + value + ")", nil
	case k.Type == types.String:
		return QuoteString(value), nil
	case k.Type == types.Datetime:
		if _, fits := types.ParseDatetime(value); fits {
			return "datetime(" + value + ")", nil
		}
	case k.Type == types.Timespan:
		if _, fits := types.ParseTimespan(value); fits && !ok {
			return "timespan(" + value + ")", nil
		}
	}
	return "", fmt.Errorf("%s is a %s, and %s is none", k.Name, k.Type, value)
}
