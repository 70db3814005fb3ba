package syntax

import (
	"slices"
	"strings"

	"quarry/kql/diag"
	"quarry/kql/source"
)

const (
	// maxDepth bounds nesting, so that neither the parser nor a later phase that
	// recurses over the tree can exhaust its stack.
	maxDepth = 500
	// maxLength bounds the text, in bytes.
	maxLength = 64 << 20
	// maxProblems bounds what one run reports, maxHeld what it finds before it sorts.
	maxProblems = 25
	maxHeld     = 1000
)

// Parse reads a query text. The list is nil when the text is fine; otherwise it
// holds the errors found, in order, and the tree has Bad nodes and empty names
// where something is missing. Remarks that stop nothing are in Script.Warnings.
func Parse(text *source.Text) (*Script, *diag.List) {
	if len(text.Body) > maxLength {
		return &Script{}, &diag.List{Text: text, Items: []diag.Diagnostic{tooLong(len(text.Body))}}
	}
	p := &parser{src: text.Body, table: operators}
	p.toks = lex(text.Body, p.report)
	script := p.script()
	script.Warnings = p.warnings
	if len(p.problems) == 0 {
		p.problems = p.values
	}
	if len(p.problems) == 0 {
		return script, nil
	}
	slices.SortStableFunc(p.problems, func(a, b problem) int { return a.Span.Start - b.Span.Start })
	p.problems = slices.CompactFunc(p.problems, func(a, b problem) bool { return a.Span.Start == b.Span.Start })
	if len(p.problems) > maxProblems {
		p.problems = p.problems[:maxProblems]
	}
	return script, &diag.List{Text: text, Items: p.problems}
}

// parser is recursive descent over a slice of tokens. A method named after a node
// returns nil, having consumed nothing, when no such node begins at the current
// token; the caller decides whether that is an error. One token of look-ahead is
// the rule; the scan functions look further without consuming.
type parser struct {
	src      string
	table    *operatorTable
	toks     []token // ends with tEnd
	pos      int
	depth    int
	gaveUp   bool // nested too deeply: unwinding
	problems []problem
	values   []problem // see later
	warnings []problem
}

func (p *parser) report(d problem) {
	if p.gaveUp || len(p.problems) > maxHeld {
		return
	}
	// One mistake tends to be found again at the same place by every rule above.
	if n := len(p.problems); n > 0 && p.problems[n-1].Span.Start == d.Span.Start {
		return
	}
	p.problems = append(p.problems, d)
}

// later reports what is wrong with the meaning of a constant. Such errors matter
// only once the text has the right form.
func (p *parser) later(d problem) { p.values = append(p.values, d) }

// enter opens a level of nesting; when it returns false the parser has moved to
// the end of the text and unwinds.
func (p *parser) enter() bool {
	p.depth++
	if p.depth <= maxDepth {
		return true
	}
	p.report(tooDeep(p.tok().span()))
	p.gaveUp = true
	p.pos = len(p.toks) - 1
	return false
}

func (p *parser) leave() { p.depth-- }

func (p *parser) tok() token { return p.toks[p.pos] }
func (p *parser) kind() kind { return p.toks[p.pos].kind }

// ahead is the token n places on; the last token repeats for ever.
func (p *parser) ahead(n int) token {
	if p.pos+n < len(p.toks) {
		return p.toks[p.pos+n]
	}
	return p.toks[len(p.toks)-1]
}

func (p *parser) text(t token) string { return p.src[t.start:t.end] }

// next consumes and returns the current token; the end is never passed.
func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != tEnd {
		p.pos++
	}
	return t
}

func (p *parser) accept(k kind) bool {
	if p.toks[p.pos].kind == k {
		p.next()
		return true
	}
	return false
}

// adjacent reports whether the token n places on touches the one before it.
func (p *parser) adjacent(n int) bool {
	i := p.pos + n
	return i > 0 && i < len(p.toks) && p.toks[i].start == p.toks[i-1].end
}

// lastEnd is the end of the token before the current one.
func (p *parser) lastEnd() int {
	if p.pos == 0 {
		return 0
	}
	return int(p.toks[p.pos-1].end)
}

// since is the span from start to the last consumed token.
func (p *parser) since(start int32) source.Span {
	return source.Span{Start: int(start), End: max(int(start), p.lastEnd())}
}

func (p *parser) at(start int32) At { return At{p.since(start)} }

// gap is where something that is missing should have been: behind the last token.
func (p *parser) gap() source.Span { return source.Span{Start: p.lastEnd(), End: p.lastEnd()} }

// gapOrNext is the position for missing punctuation and keywords: the next token
// when it stands on the same line at most a space away, else behind the last one.
func (p *parser) gapOrNext() source.Span {
	end, t := p.lastEnd(), p.tok()
	if t.kind != tEnd && int(t.start)-end < 2 && p.src[end] != '\n' && p.src[end] != '\r' {
		return t.span()
	}
	return p.gap()
}

// found describes the current token for a message.
func (p *parser) found() string {
	t := p.tok()
	if t.kind == tEnd {
		return "the end of the query"
	}
	s := p.text(t)
	if len(s) > 40 {
		s = s[:37] + "..."
	}
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i] + "..."
	}
	if t.kind == tString {
		return s
	}
	return `"` + s + `"`
}

// foundKeyword is the current token when it is a keyword, for the hint that a name needs brackets.
func (p *parser) foundKeyword() string {
	if t := p.tok(); t.use&isKeyword != 0 && isLetter(p.src[t.start]) {
		return p.text(t)
	}
	return ""
}

// expect consumes k, or reports that it is missing.
func (p *parser) expect(k kind, what string) bool {
	if p.accept(k) {
		return true
	}
	p.report(expected(p.gapOrNext(), p.found(), what))
	return false
}

// missingExpr reports that an expression is missing and stands in for it.
func (p *parser) missingExpr() Expr {
	p.report(missingExpression(p.gap(), p.found(), p.foundKeyword()))
	return &Bad{At{p.gap()}}
}

// or returns x, or reports a missing expression.
func (p *parser) or(x Expr) Expr {
	if x != nil {
		return x
	}
	return p.missingExpr()
}

// commonEnd reports a token that ends every list.
func (p *parser) commonEnd() bool { return endsList(p.kind()) }

func endsList(k kind) bool {
	switch k {
	case tRParen, tRBracket, tRBrace, tBar, tSemicolon, tEnd:
		return true
	}
	return false
}

// listRule says how a comma-separated list is read.
type listRule[T comparable] struct {
	item     func(*parser) T
	missing  func(*parser) T    // reports and stands in for an absent item
	end      func(*parser) bool // nil: the list ends where no comma follows an item
	atLeast1 bool
	trailing bool // a comma may follow the last item
}

// commaList reads a list. With an end rule, an item that follows another without a
// comma still belongs to the list, after a report.
func commaList[T comparable](p *parser, r listRule[T]) []T {
	var none T
	var list []T
	read := func() T {
		if r.end != nil && r.end(p) {
			return none
		}
		return r.item(p)
	}
	x := read()
	if x == none && p.kind() == tComma {
		x = r.missing(p)
	}
	for x != none {
		list = append(list, x)
		switch {
		case p.kind() == tEnd || r.end != nil && r.end(p):
			return list
		case p.accept(tComma):
			if x = read(); x == none && (!r.trailing || p.kind() == tComma) {
				if x = r.missing(p); p.kind() != tComma {
					return append(list, x)
				}
			}
		case r.end != nil:
			before := p.gapOrNext()
			found := p.found()
			mark := len(p.problems)
			if x = r.item(p); x != none {
				p.reportAt(mark, p.wordHint(before, separatorExpected(before, "a comma", found)))
			}
		default:
			return list
		}
	}
	if r.atLeast1 && len(list) == 0 {
		list = append(list, r.missing(p))
	}
	return list
}

// wordHint adds what to write when a separator is missing because a word round the
// gap is no operator as it stands.
func (p *parser) wordHint(gap source.Span, d problem) problem {
	before := p.src[:gap.Start]
	switch {
	case strings.HasSuffix(strings.TrimRight(before, " "), "not"):
		d.Hint = "not is a function: not(...)"
	case strings.HasPrefix(p.src[gap.Start:], "matches"):
		d.Hint = "write matches regex, with one space"
	}
	return d
}

// reportAt reports d as if before the problems from mark on.
func (p *parser) reportAt(mark int, d problem) {
	if p.gaveUp || len(p.problems) > maxHeld {
		return
	}
	if mark > 0 && p.problems[mark-1].Span.Start == d.Span.Start {
		return
	}
	p.problems = slices.Insert(p.problems, mark, d)
}

// exprs is the commonest list: at least one expression up to a common end.
func (p *parser) exprs(item func(*parser) Expr) []Expr {
	return commaList(p, listRule[Expr]{item: item, missing: (*parser).missingExpr, end: (*parser).commonEnd, atLeast1: true})
}

// exprs0 is exprs for a list that may be empty.
func (p *parser) exprs0(item func(*parser) Expr) []Expr {
	return commaList(p, listRule[Expr]{item: item, missing: (*parser).missingExpr, end: (*parser).commonEnd})
}
