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
	if texts := requiredTexts(pattern, required{most: 1}); len(texts) == 1 {
		return texts[0]
	}
	return ""
}

// requiredTexts are texts of which every match of a pattern has one, nil when none are known.
func requiredTexts(pattern string, r required) []string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	return r.of(re.Simplify())
}

// required says which texts are looked for.
type required struct {
	most   int  // so many at most
	folded bool // also those whose case does not count
}

func (r required) of(re *syntax.Regexp) (best []string) {
	switch re.Op {
	case syntax.OpLiteral:
		if r.folded || re.Flags&syntax.FoldCase == 0 {
			return []string{string(re.Rune)}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return r.of(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return r.of(re.Sub[0])
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			texts := r.of(sub)
			if best = append(best, texts...); texts == nil || len(best) > r.most {
				return nil
			}
		}
	case syntax.OpConcat:
		run := "" // literals that follow each other
		for _, sub := range re.Sub {
			for sub.Op == syntax.OpCapture && sub.Sub[0].Op == syntax.OpLiteral {
				sub = sub.Sub[0]
			}
			texts := r.of(sub)
			if sub.Op == syntax.OpLiteral && texts != nil {
				run += texts[0]
				texts[0] = run
			} else {
				run = ""
			}
			if shortest(texts) > shortest(best) {
				best = texts
			}
		}
	}
	return best
}

// shortest is the length of the shortest text, 0 where there is none.
func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	n := len(texts[0])
	for _, s := range texts {
		n = min(n, len(s))
	}
	return n
}
