package syntax

import "strings"

// name reads an identifier, a keyword that may be one, or a bracketed name.
func (p *parser) name() *Name {
	switch t := p.tok(); {
	case t.kind == tName || t.use&asName != 0:
		p.next()
		return &Name{At: At{t.span()}, Text: p.text(t), Quoted: t.use&wasKeyword != 0}
	case t.kind == tLBracket:
		return p.bracketedName()
	case t.kind == tLBrace:
		return p.placeholderName()
	}
	return nil
}

// newName is name where more keywords are allowed: before '=' and in schemas.
func (p *parser) newName() *Name {
	if t := p.tok(); t.use&asNewName != 0 {
		p.next()
		return &Name{At: At{t.span()}, Text: p.text(t)}
	}
	return p.name()
}

// declared is a required new name.
func (p *parser) declared(n *Name, what string) *Name {
	if n != nil {
		return n
	}
	p.report(missingName(p.gap(), what, p.found(), p.foundKeyword()))
	return &Name{At: At{p.gap()}}
}

func (p *parser) requiredName() *Name { return p.declared(p.name(), "a name") }

// nameExpr is name as an expression.
func (p *parser) nameExpr() Expr {
	if n := p.name(); n != nil {
		return n
	}
	return nil
}

// missingName reports that a name is missing and stands in for it.
func (p *parser) missingName() *Name { return p.declared(nil, "a name") }

func (p *parser) missingNameExpr() Expr { return p.missingName() }

// scanBracketed is the length in tokens of "['name']" n tokens on, or 0.
func (p *parser) scanBracketed(n int) int {
	if p.ahead(n).kind != tLBracket || p.ahead(n+1).kind != tString {
		return 0
	}
	i := n + 2
	for p.ahead(i).kind == tString {
		i++
	}
	if p.ahead(i).kind != tRBracket {
		return 0
	}
	return i + 1 - n
}

// scanName is the length in tokens of a name n tokens on, or 0.
func (p *parser) scanName(n int) int {
	t := p.ahead(n)
	if t.kind == tName || t.use&asName != 0 {
		return 1
	}
	return p.scanBracketed(n)
}

// scanNewName is scanName with the keywords that newName allows.
func (p *parser) scanNewName(n int) int {
	if p.ahead(n).use&asNewName != 0 {
		return 1
	}
	return p.scanName(n)
}

func (p *parser) bracketedName() *Name {
	if p.scanBracketed(0) == 0 {
		return nil
	}
	start := p.next().start
	s, _, _ := p.strings()
	p.next()
	return &Name{At: p.at(start), Text: s, Quoted: true}
}

// strings reads adjacent string literals as one; text has them as written, one space between.
func (p *parser) strings() (value, text string, obfuscated bool) {
	t := p.next()
	text = p.text(t)
	value, obfuscated = stringValue(text)
	if p.kind() != tString {
		return value, text, obfuscated
	}
	var v, w strings.Builder
	v.WriteString(value)
	w.WriteString(text)
	for p.kind() == tString {
		s := p.text(p.next())
		piece, o := stringValue(s)
		obfuscated = obfuscated || o
		v.WriteString(piece)
		w.WriteString(" " + s)
	}
	return v.String(), w.String(), obfuscated
}

// placeholderName reads "{Param}", which editors substitute before they send a
// query, to say so.
func (p *parser) placeholderName() *Name {
	if t := p.ahead(1); t.kind != tName && t.use&isKeyword == 0 || p.ahead(2).kind != tRBrace || !p.adjacent(1) || !p.adjacent(2) {
		return nil
	}
	start := p.tok().start
	p.pos += 3
	n := &Name{At: p.at(start), Text: p.src[start:p.lastEnd()]}
	p.report(placeholder(n.Span, n.Text))
	return n
}

// scanWildcard is the length in tokens of a name with '*' in it, or of "*", or 0.
func (p *parser) scanWildcard(n int) int {
	wordLike := func(t token) bool { return t.kind == tName || t.use&(asName|asNewName) != 0 }
	i := n
	switch t := p.ahead(i); {
	case t.kind == tStar:
		i++
	case wordLike(t) && p.ahead(i+1).kind == tStar && p.adjacent(i+1):
		i += 2
	default:
		return 0
	}
	for p.adjacent(i) {
		if t := p.ahead(i); t.kind != tStar && t.kind != tLong && !wordLike(t) {
			break
		}
		i++
	}
	return i - n
}

func (p *parser) wildcard() Expr {
	n := p.scanWildcard(0)
	if n == 0 {
		return nil
	}
	start := p.tok().start
	p.pos += n
	return &Wildcard{At: p.at(start), Pattern: p.src[start:p.lastEnd()]}
}

// star reads a lone "*".
func (p *parser) star() Expr {
	if p.kind() != tStar {
		return nil
	}
	t := p.next()
	return &Wildcard{At: At{t.span()}, Pattern: "*"}
}

// nameOrWildcard is an item of project-away and project-keep.
func (p *parser) nameOrWildcard() Expr {
	if w := p.wildcard(); w != nil {
		return w
	}
	return p.nameExpr()
}
