package builtin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// stringOperator is one of the operators between two strings, without its negation.
type stringOperator struct {
	name string
	doc  string
	test textTest
	yes  string // an example that is true
}

// textTest is what an operator asks of a text.
type textTest struct {
	kind testKind
	fold bool // upper and lower case are the same
	// left and right: a term boundary is needed at that end of the needle, where the
	// needle's own character is part of a term.
	left, right bool
}

type testKind uint8

const (
	testEqual testKind = iota
	testContains
	testStarts
	testEnds
	testTerm
	testRegex
)

// stringOperators is the table of operators; every one but "=~" and "matches regex"
// has a "!" form, and !~ negates =~.
var stringOperators = []stringOperator{
	{"=~", "Whether two strings are equal but for case.", textTest{kind: testEqual, fold: true}, `"ABC" =~ "abc"`},
	{"has", "Whether a string has a term (a run of letters and digits), whatever the case.", textTest{testTerm, true, true, true}, `"North America" has "america"`},
	{"has_cs", "Whether a string has a term, in this case.", textTest{testTerm, false, true, true}, `"North America" has_cs "America"`},
	{"hasprefix", "Whether a string has a term that starts so, whatever the case.", textTest{testTerm, true, true, false}, `"North America" hasprefix "ame"`},
	{"hasprefix_cs", "Whether a string has a term that starts so, in this case.", textTest{testTerm, false, true, false}, `"North America" hasprefix_cs "Ame"`},
	{"hassuffix", "Whether a string has a term that ends so, whatever the case.", textTest{testTerm, true, false, true}, `"North America" hassuffix "RICA"`},
	{"hassuffix_cs", "Whether a string has a term that ends so, in this case.", textTest{testTerm, false, false, true}, `"North America" hassuffix_cs "rica"`},
	{"contains", "Whether a string contains another, whatever the case.", textTest{kind: testContains, fold: true}, `"FabriKam" contains "BRik"`},
	{"contains_cs", "Whether a string contains another, in this case.", textTest{kind: testContains}, `"FabriKam" contains_cs "Kam"`},
	{"startswith", "Whether a string starts with another, whatever the case.", textTest{kind: testStarts, fold: true}, `"Fabrikam" startswith "fab"`},
	{"startswith_cs", "Whether a string starts with another, in this case.", textTest{kind: testStarts}, `"Fabrikam" startswith_cs "Fab"`},
	{"endswith", "Whether a string ends with another, whatever the case.", textTest{kind: testEnds, fold: true}, `"Fabrikam" endswith "KAM"`},
	{"endswith_cs", "Whether a string ends with another, in this case.", textTest{kind: testEnds}, `"Fabrikam" endswith_cs "kam"`},
	{"matches regex", "Whether a regular expression (Rust's dialect) matches somewhere in a string.", textTest{kind: testRegex}, `"error 42" matches regex @"\d+"`},
}

func stringOperatorRows() []Row {
	var rows []Row
	for _, op := range stringOperators {
		names := []string{op.name}
		switch op.name {
		case "matches regex":
		case "=~":
			names = append(names, "!~")
		default:
			names = append(names, "!"+op.name)
		}
		for i, name := range names {
			not := i == 1
			row := Row{Sig: name + "(source: string, search: string) -> bool", Kind: Infix, Doc: op.doc,
				Lower: op.test.lower(not), Go: op.test.row(not),
				Examples: []Example{{strings.Replace(op.yes, op.name, name, 1), boolText(!not)}}}
			if not {
				row.Doc = "The opposite of " + op.name + "."
			}
			if op.test.kind == testRegex {
				row.Check = func(args []Arg) (int, string) {
					i, msg := checkPattern(1)(args)
					return i, told(msg)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// told marks a message that says all, so that the binder does not speak of operand
// types instead.
func told(message string) string {
	if message == "" {
		return ""
	}
	return "!" + message
}

// row is the Go form of an operator.
func (t textTest) row(not bool) func(*Env, []types.Value) types.Value {
	if t.kind == testRegex {
		return func(e *Env, a []types.Value) types.Value {
			re := e.Regexp(a[1].(string))
			return re != nil && re.MatchString(a[0].(string))
		}
	}
	return func(_ *Env, a []types.Value) types.Value {
		return t.holds(t.folded(a[0].(string)), t.folded(a[1].(string))) != not
	}
}

func (t textTest) folded(s string) string {
	if t.fold {
		return strings.ToLower(s)
	}
	return s
}

// holds tests texts that are folded already.
func (t textTest) holds(s, needle string) bool {
	switch t.kind {
	case testEqual:
		return s == needle
	case testContains:
		return strings.Contains(s, needle)
	case testStarts:
		return strings.HasPrefix(s, needle)
	case testEnds:
		return strings.HasSuffix(s, needle)
	}
	return hasTerm(s, needle, t.left, t.right)
}

// hasTerm finds needle where its ends are ends of terms. A term is a run of letters
// and digits; an end of the needle that is neither needs no boundary.
// Source: docs/semantics.md, section 4.
func hasTerm(s, needle string, left, right bool) bool {
	if needle == "" {
		return true
	}
	left, right = edges(needle, left, right)
	for at := 0; ; {
		i := strings.Index(s[at:], needle)
		if i < 0 {
			return false
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(needle):])
		if !(left && i > 0 && inTerm(before)) && !(right && i+len(needle) < len(s) && inTerm(after)) {
			return true
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		at = i + size
	}
}

// edges says which ends of a needle need a boundary.
func edges(needle string, left, right bool) (l, r bool) {
	first, _ := utf8.DecodeRuneInString(needle)
	last, _ := utf8.DecodeLastRuneInString(needle)
	return left && inTerm(first), right && inTerm(last)
}

func inTerm(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.Is(unicode.Nd, r)
}

// lower is the SQL form of an operator.
func (t textTest) lower(not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		needle, constant := "", false
		if l.Args[1].Const {
			needle, constant = l.Args[1].Value.(string)
		}
		var e sqlx.Expr
		switch {
		case t.kind == testRegex && constant:
			p, err := TranslateRegex(needle)
			if err != nil {
				return nil, err
			}
			e = l.matches(p)
		case t.kind == testRegex, t.kind == testTerm && !constant:
			return l.UDF(l.Row, l.Result, l.Args...), nil
		case t.kind == testTerm:
			e = t.lowerTerm(l, needle)
		default:
			e = t.compareSQL(l.sql(0), l.sql(1), needle, constant)
		}
		if not {
			e = sqlx.Prefix{Op: "NOT", X: e}
		}
		return e, nil
	}
}

// compareSQL is the form of the tests that need no regular expression. Where a constant
// has no letters, as an address has none, case makes no difference: no letter becomes a
// digit or a sign.
func (t textTest) compareSQL(s, needle sqlx.Expr, text string, constant bool) sqlx.Expr {
	if t.fold && !(constant && caseless(text)) {
		s = sqlx.Call("lower", s)
		if needle = sqlx.Call("lower", needle); constant {
			needle = sqlx.String(strings.ToLower(text))
		}
	}
	switch t.kind {
	case testEqual:
		return sqlx.Infix("=", s, needle)
	case testStarts:
		return sqlx.Call("starts_with", s, needle)
	case testEnds:
		return sqlx.Call("ends_with", s, needle)
	}
	return sqlx.Call("contains", s, needle)
}

// lowerTerm is true where the text has the needle as a term. Looking for an ASCII
// needle as a substring first is the cheaper test that most rows fail; of an AND the
// engine would change the order as it goes, and try both ways.
func (t textTest) lowerTerm(l *Lowering, needle string) sqlx.Expr {
	if needle == "" {
		return sqlx.True
	}
	contains := textTest{kind: testContains, fold: t.fold}
	if left, right := edges(needle, t.left, t.right); !left && !right {
		return contains.compareSQL(l.sql(0), sqlx.String(needle), needle, true)
	}
	s := l.once(0)
	text := l.Args[0]
	text.SQL = s
	match := l.UDF(termRows[t], types.Bool, text, Arg{Type: types.String, SQL: sqlx.String(needle)})
	if !ascii(needle) {
		return match
	}
	first := contains.compareSQL(s, sqlx.String(needle), needle, true)
	return when(first, match, sqlx.False)
}

// termRows are what tests for a constant term run. A regular expression that knows all
// letters takes longer to compile than most searches for it.
var termRows = func() map[textTest]*Row {
	rows := map[textTest]*Row{}
	for _, op := range stringOperators {
		t := op.test
		if t.kind != testTerm {
			continue
		}
		r := &Row{Sig: "." + op.name + "(source: string, search: string) -> bool", Go: t.row(false),
			Compile: func(needle string) (func(string) bool, error) {
				if t.fold && t.left && t.right {
					return newTermSet([]string{needle}).match, nil
				}
				needle = t.folded(needle)
				return func(s string) bool { return t.holds(t.folded(s), needle) }, nil
			}}
		r.sig, _ = parseSig(r.Sig)
		rows[t] = r
	}
	return rows
}()

// caseless reports ASCII texts without letters.
func caseless(s string) bool {
	return ascii(s) && !strings.ContainsFunc(s, unicode.IsLetter)
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
