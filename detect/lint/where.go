package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"quarry/kql/syntax"
	"quarry/kql/types"
)

// where looks at the conditions of a filter.
func (q *query) where(w *syntax.Where) {
	q.renamed(w.Keyword(), "filter", "where")
	syntax.Walk(w.X, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Pipe:
			return false // its own filters come by themselves
		case *syntax.Binary:
			q.comparison(n)
			if n.Op == "or" {
				q.mixed(n)
			}
		case *syntax.In:
			for _, x := range n.List {
				q.compared(n.X, strings.TrimSuffix(n.Op, "~"), strings.HasSuffix(n.Op, "~"), x)
			}
		case *syntax.Between:
			q.emptyRange(n)
		}
		return true
	})
	q.contradiction(w.X)
}

// comparison looks at one infix operator.
func (q *query) comparison(b *syntax.Binary) {
	switch b.Op {
	case "==", "!=":
		q.compared(b.L, b.Op, false, b.R)
		q.sides(b)
	case "=~", "!~":
		q.compared(b.L, b.Op, true, b.R)
	case "startswith", "endswith", "!startswith", "!endswith", "startswith_cs", "endswith_cs":
		q.asterisk(b.R)
	case "contains", "!contains":
		if s, ok := stringOf(b.R); ok && wholeTerm.MatchString(s) {
			q.at("QL121", b.OpSpan, fmt.Sprintf("%s reads every character to find %q", b.Op, snip(s)), "use has, if whole terms are meant")
		}
	case "has", "!has", "has_cs":
		if s, ok := stringOf(b.R); ok && shortTerm.MatchString(s) {
			q.at("QL123", b.R.Pos(), fmt.Sprintf("the index does not know the term %q", s), "")
		}
	}
}

var (
	wholeTerm = regexp.MustCompile(`^[A-Za-z0-9]{4,}$`)
	shortTerm = regexp.MustCompile(`^[A-Za-z0-9]{1,2}$`)
)

// stringOf is the value of a string literal.
func stringOf(x syntax.Expr) (string, bool) {
	l, ok := x.(*syntax.Literal)
	if !ok || l.Type != types.String {
		return "", false
	}
	s, ok := l.Value.(string)
	return s, ok
}

// compared looks at a value and a literal it is held against.
func (q *query) compared(x syntax.Expr, op string, fold bool, with syntax.Expr) {
	s, ok := stringOf(with)
	if !ok || strings.HasPrefix(op, "has") {
		return
	}
	q.asterisk(with)
	never := "never true"
	if strings.HasPrefix(op, "!") {
		never = "always true"
	}
	if c, ok := x.(*syntax.Call); ok && !fold && len(c.Args) == 1 {
		if c.Name.Text == "tolower" && s != strings.ToLower(s) || c.Name.Text == "toupper" && s != strings.ToUpper(s) {
			q.at("QL109", with.Pos(), fmt.Sprintf("%s() gives no text like %q, so this is %s", c.Name.Text, snip(s), never), "use =~ or in~ without "+c.Name.Text+"()")
		}
	}
	n, ok := x.(*syntax.Name)
	if !ok {
		return
	}
	if bareFile.MatchString(n.Text) && strings.ContainsAny(s, `\/`) {
		q.at("QL109", with.Pos(), fmt.Sprintf("%s holds a name without its folder, so this is %s", n.Text, never), "compare FolderPath, or leave the folder out")
	}
	if !fold && anyCase.MatchString(n.Text) && strings.ToLower(s) != strings.ToUpper(s) {
		q.at("QL122", with.Pos(), fmt.Sprintf("%s comes in any case, and %s tells cases apart", n.Text, op), "use =~ or in~")
	}
}

var (
	bareFile = regexp.MustCompile(`^(?:InitiatingProcess)?(?:Parent)?FileName$`)
	anyCase  = regexp.MustCompile(`^(?:DeviceName|Computer|HostName|Account|AccountName|AccountUpn|UserPrincipalName|TargetUserName|SubjectUserName|FileName|InitiatingProcessFileName|InitiatingProcessAccountName|Process|ProcessName|NewProcessName|ParentProcessName|RemoteDeviceName)$`)
)

// asterisk reports a literal that looks like a pattern.
func (q *query) asterisk(x syntax.Expr) {
	s, ok := stringOf(x)
	if ok && len(s) > 1 && (s[0] == '*' || s[len(s)-1] == '*') && strings.Count(s, "*") <= 2 {
		q.at("QL111", x.Pos(), fmt.Sprintf("%q is compared with its asterisk", snip(s)), "use startswith, endswith, contains or matches regex")
	}
}

// mixed reports "a and b or c".
func (q *query) mixed(b *syntax.Binary) {
	for _, side := range []syntax.Expr{b.L, b.R} {
		if in, ok := side.(*syntax.Binary); ok && in.Op == "and" {
			q.at("QL126", b.OpSpan, "and and or stand side by side without parentheses", "put the and in parentheses, if it is meant to bind closer")
			return
		}
	}
}

// sides reports a column compared with itself.
func (q *query) sides(b *syntax.Binary) {
	l, okL := b.L.(*syntax.Name)
	r, okR := b.R.(*syntax.Name)
	if okL && okR && l.Text == r.Text && b.Op == "!=" {
		q.at("QL109", b.OpSpan, fmt.Sprintf("%s never differs from itself", l.Text), "")
	}
}

// moment is a point in time that is known when the query is written: so many ticks
// before now, or since the year 1.
type moment struct {
	ticks int64
	now   bool
}

func (q *query) moment(x syntax.Expr) (moment, bool) {
	switch x := x.(type) {
	case *syntax.Paren:
		return q.moment(x.X)
	case *syntax.Literal:
		v, ok := x.Value.(int64)
		return moment{v, false}, ok && x.Type == types.Datetime
	case *syntax.Name:
		if v, ok := q.lets[x.Text]; ok && v != nil {
			if _, again := v.(*syntax.Name); !again {
				return q.moment(v)
			}
		}
	case *syntax.Call:
		switch {
		case x.Name.Text == "now" && len(x.Args) == 0:
			return moment{0, true}, true
		case x.Name.Text == "ago" && len(x.Args) == 1:
			v, ok := q.timespan(x.Args[0])
			return moment{-v, true}, ok
		}
	}
	return moment{}, false
}

// emptyRange reports a range that ends before it begins.
func (q *query) emptyRange(b *syntax.Between) {
	never := "never true"
	if b.Not {
		never = "always true"
	}
	low, okL := q.moment(b.Low)
	high, okH := q.moment(b.High)
	if okL && okH && low.now == high.now && low.ticks > high.ticks {
		q.at("QL109", b.Low.Pos(), "the range ends before it begins, so this is "+never, "exchange the two ends")
		return
	}
	a, okA := number(b.Low)
	z, okZ := number(b.High)
	if okA && okZ && a > z {
		q.at("QL109", b.Low.Pos(), "the range ends before it begins, so this is "+never, "exchange the two ends")
	}
}

func number(x syntax.Expr) (float64, bool) {
	l, ok := x.(*syntax.Literal)
	if !ok {
		return 0, false
	}
	switch v := l.Value.(type) {
	case int64:
		return float64(v), l.Type == types.Long || l.Type == types.Int
	case int32:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// contradiction looks for a column that must have two values at once, or a time that
// must be before one point and after a later one.
func (q *query) contradiction(x syntax.Expr) {
	equal := map[string]syntax.Expr{}
	lower, upper := map[string]moment{}, map[string]moment{}
	parts := conjuncts(x, nil)
	slices.SortFunc(parts, func(a, b syntax.Expr) int { return a.Pos().Start - b.Pos().Start })
	for _, part := range parts {
		b, ok := part.(*syntax.Binary)
		if !ok {
			continue
		}
		n, ok := b.L.(*syntax.Name)
		if !ok {
			continue
		}
		switch b.Op {
		case "==", "=~":
			lit, ok := b.R.(*syntax.Literal)
			if !ok || lit.Value == nil {
				continue
			}
			if old, ok := equal[n.Text]; ok && differ(old.(*syntax.Literal), lit) {
				q.at("QL109", b.R.Pos(), fmt.Sprintf("%s cannot be %s and %s at once", n.Text, q.written(old.Pos()), q.written(b.R.Pos())), "use or, or in (...)")
			}
			equal[n.Text] = lit
		case ">", ">=", "<", "<=":
			m, ok := q.moment(b.R)
			if !ok {
				continue
			}
			side, other := lower, upper
			if b.Op[0] == '<' {
				side, other = upper, lower
			}
			side[n.Text] = m
			if o, ok := other[n.Text]; ok && o.now == m.now && lower[n.Text].ticks >= upper[n.Text].ticks {
				q.at("QL109", b.Pos(), fmt.Sprintf("no %s is after the one time and before the other", n.Text), "exchange them")
			}
		}
	}
}

func differ(a, b *syntax.Literal) bool {
	s, okS := a.Value.(string)
	t, okT := b.Value.(string)
	if okS && okT {
		return !strings.EqualFold(s, t)
	}
	return a.Type == b.Type && a.Value != b.Value && a.Type != types.Dynamic
}

// conjuncts are the parts that "and" joins.
func conjuncts(x syntax.Expr, out []syntax.Expr) []syntax.Expr {
	for {
		switch n := x.(type) {
		case *syntax.Paren:
			x = n.X
			continue
		case *syntax.Binary:
			if n.Op == "and" {
				out = conjuncts(n.R, out)
				x = n.L
				continue
			}
		}
		return append(out, x)
	}
}
