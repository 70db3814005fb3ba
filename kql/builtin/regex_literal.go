package builtin

import (
	"regexp/syntax"

	"quarry/kql/sqlx"
)

// matches is true where a pattern is found in the first argument. A text that every
// match holds is looked for first: most rows fail this cheaper test.
func (l *Lowering) matches(pattern string) sqlx.Expr {
	text := requiredText(pattern)
	if len(text) < 3 {
		return sqlx.Call("regexp_matches", l.sql(0), sqlx.String(pattern))
	}
	s := l.once(0)
	first := sqlx.Call("contains", s, sqlx.String(text))
	match := sqlx.Call("regexp_matches", s, sqlx.String(pattern))
	if l.Filter {
		return sqlx.And(first, match)
	}
	return when(first, match, sqlx.False)
}

// requiredText is the longest text that is part of every match of a pattern, "" when
// none is known. Text whose case does not count is none.
func requiredText(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	return required(re.Simplify())
}

func required(re *syntax.Regexp) string {
	best := ""
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			best = string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		best = required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			best = required(re.Sub[0])
		}
	case syntax.OpConcat:
		run := "" // literals that follow each other
		for _, sub := range re.Sub {
			for sub.Op == syntax.OpCapture && sub.Sub[0].Op == syntax.OpLiteral {
				sub = sub.Sub[0]
			}
			text := required(sub)
			if sub.Op == syntax.OpLiteral {
				run += text
				text = run
			}
			if sub.Op != syntax.OpLiteral || sub.Flags&syntax.FoldCase != 0 {
				run = ""
			}
			if len(text) > len(best) {
				best = text
			}
		}
	}
	return best
}
