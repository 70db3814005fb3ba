package syntax

import "quarry/kql/types"

// stringOps are the infix operators that bind tightest, with the spelling they
// have in the tree.
func stringOp(k kind) string {
	switch k {
	case tEqTilde:
		return "=~"
	case tNotTilde:
		return "!~"
	case tColon:
		return ":"
	case tMatchesRegex:
		return "matches regex"
	case kwHas:
		return "has"
	case tNotHas:
		return "!has"
	case kwHasCs:
		return "has_cs"
	case tNotHasCs:
		return "!has_cs"
	case kwHasprefix:
		return "hasprefix"
	case tNotHasPrefix:
		return "!hasprefix"
	case kwHasprefixCs:
		return "hasprefix_cs"
	case tNotHasPrefixCs:
		return "!hasprefix_cs"
	case kwHassuffix:
		return "hassuffix"
	case tNotHasSuffix:
		return "!hassuffix"
	case kwHassuffixCs:
		return "hassuffix_cs"
	case tNotHasSuffixCs:
		return "!hassuffix_cs"
	case kwContains:
		return "contains"
	case kwNotcontains, tNotContains:
		return "!contains"
	case kwContainsCs, kwContainscs:
		return "contains_cs"
	case kwNotcontainscs, tNotContainsCs:
		return "!contains_cs"
	case kwStartswith:
		return "startswith"
	case tNotStartsWith:
		return "!startswith"
	case kwStartswithCs:
		return "startswith_cs"
	case tNotStartsWithCs:
		return "!startswith_cs"
	case kwEndswith:
		return "endswith"
	case tNotEndsWith:
		return "!endswith"
	case kwEndswithCs:
		return "endswith_cs"
	case tNotEndsWithCs:
		return "!endswith_cs"
	case kwLike:
		return "like"
	case kwNotlike:
		return "notlike"
	case kwLikecs:
		return "likecs"
	case kwNotlikecs:
		return "notlikecs"
	}
	return ""
}

func multiplicativeOp(k kind) string {
	switch k {
	case tStar:
		return "*"
	case tSlash:
		return "/"
	case tPercent:
		return "%"
	}
	return ""
}

func additiveOp(k kind) string {
	switch k {
	case tPlus:
		return "+"
	case tMinus:
		return "-"
	}
	return ""
}

func relationalOp(k kind) string {
	switch k {
	case tLess:
		return "<"
	case tLessEq:
		return "<="
	case tGreater:
		return ">"
	case tGreaterEq:
		return ">="
	}
	return ""
}

// listOp is the spelling of an operator that takes a list in parentheses.
func listOp(k kind) string {
	switch k {
	case kwIn:
		return "in"
	case kwInCI:
		return "in~"
	case tNotIn:
		return "!in"
	case tNotInCI:
		return "!in~"
	case kwHasAny:
		return "has_any"
	case kwHasAll:
		return "has_all"
	}
	return ""
}

// unnamed reads a scalar expression: everything but "name = x" and pipes.
func (p *parser) unnamed() Expr {
	if !p.enter() {
		p.leave()
		return nil
	}
	x := p.orExpr()
	p.leave()
	return x
}

// binary makes X op Y of x; the current token is the operator.
func (p *parser) binary(op string, x Expr, right func(*parser) Expr) Expr {
	t := p.next()
	b := &Binary{Op: op, OpSpan: t.span(), L: x}
	b.R = p.or(right(p))
	b.Span = p.since(int32(x.Pos().Start))
	return b
}

func (p *parser) orExpr() Expr {
	x := p.andExpr()
	for x != nil && p.kind() == kwOr {
		x = p.binary("or", x, (*parser).andExpr)
	}
	return x
}

func (p *parser) andExpr() Expr {
	x := p.equality()
	for x != nil && p.kind() == kwAnd {
		x = p.binary("and", x, (*parser).equality)
	}
	return x
}

func (p *parser) equality() Expr {
	if p.kind() == tStar && p.ahead(1).kind == tEqEq {
		return p.binary("==", p.star(), (*parser).relational)
	}
	x := p.relational()
	if x == nil {
		return nil
	}
	switch k := p.kind(); k {
	case tEqEq:
		return p.binary("==", x, (*parser).relational)
	case tNotEq, tNotEqSQL:
		return p.binary("!=", x, (*parser).relational)
	case kwBetween, tNotBetween:
		b := &Between{Not: k == tNotBetween, X: x}
		p.next()
		p.expect(tLParen, "(")
		b.Low = p.or(p.unnamed())
		p.expect(tDotDot, "..")
		b.High = p.or(p.unnamed())
		p.expect(tRParen, ")")
		b.Span = p.since(int32(x.Pos().Start))
		return b
	case kwIn:
		if p.ahead(1).kind == kwRange { // make-series ... in range(...)
			return x
		}
	}
	if op := listOp(p.kind()); op != "" {
		in := &In{Op: op, X: x, OpSpan: p.next().span()}
		p.expect(tLParen, "(")
		if p.scanQuery() {
			in.List = []Expr{p.or(p.expression())}
		} else {
			in.List = p.exprs((*parser).unnamed)
		}
		p.expect(tRParen, ")")
		in.Span = p.since(int32(x.Pos().Start))
		return in
	}
	return x
}

// scanQuery tells a sub-query from a list of scalars.
func (p *parser) scanQuery() bool {
	if p.scanOperator() {
		return true
	}
	for depth, i := 0, 0; ; i++ {
		switch p.ahead(i).kind {
		case tEnd, tSemicolon:
			return false
		case tComma:
			if depth == 0 {
				return false
			}
		case tLParen:
			depth++
		case tRParen:
			if depth == 0 {
				return false
			}
			depth--
		case tBar:
			if depth == 0 {
				return true
			}
		}
	}
}

func (p *parser) relational() Expr {
	x := p.additive()
	if x != nil {
		if op := relationalOp(p.kind()); op != "" {
			return p.binary(op, x, (*parser).additive)
		}
	}
	return x
}

func (p *parser) additive() Expr {
	x := p.multiplicative()
	for x != nil {
		op := additiveOp(p.kind())
		if op == "" {
			break
		}
		x = p.binary(op, x, (*parser).multiplicative)
	}
	return x
}

func (p *parser) multiplicative() Expr {
	x := p.stringOperation()
	for x != nil {
		op := multiplicativeOp(p.kind())
		if op == "" {
			break
		}
		x = p.binary(op, x, (*parser).stringOperation)
	}
	return x
}

func (p *parser) stringOperation() Expr {
	if p.kind() == tStar {
		if op := stringOp(p.ahead(1).kind); op != "" {
			return p.binary(op, p.star(), (*parser).unary)
		}
	}
	x := p.unary()
	if x != nil {
		if op := stringOp(p.kind()); op != "" {
			return p.binary(op, x, (*parser).unary)
		}
	}
	return x
}

func (p *parser) unary() Expr {
	if k := p.kind(); k == tMinus || k == tPlus {
		t := p.next()
		u := &Unary{Op: p.text(t)}
		u.X = p.or(p.path())
		u.At = p.at(t.start)
		return u
	}
	return p.path()
}

// path reads a primary expression and the ".name" and "[key]" after it.
func (p *parser) path() Expr {
	if p.kind() == kwTotable {
		return p.subqueryCall()
	}
	x := p.primary()
	for x != nil {
		start := int32(x.Pos().Start)
		switch p.kind() {
		case tDot:
			p.next()
			x = p.member(x, start)
		case tLBracket:
			p.next()
			ix := &Index{X: x}
			if ix.Key = p.unnamed(); ix.Key == nil {
				p.report(missingName(p.gap(), "a key", p.found(), ""))
				ix.Key = &Bad{At{p.gap()}}
			}
			p.expect(tRBracket, "]")
			ix.Span = p.since(start)
			x = ix
		default:
			return x
		}
	}
	return nil
}

// member reads what follows "x.".
func (p *parser) member(x Expr, start int32) Expr {
	var m Expr
	switch {
	case p.scanCall(0):
		m = p.call()
	case p.kind() == tLBracket && p.scanBracketed(0) == 0 && !p.bracketedWildcardAhead():
		p.next() // x.[key]
		ix := &Index{X: x, Key: p.or(p.unnamed())}
		p.expect(tRBracket, "]")
		ix.Span = p.since(start)
		return ix
	default:
		m = p.selector()
	}
	if m == nil {
		m = p.requiredName()
	}
	return &Path{At: p.at(start), X: x, Name: m}
}

func (p *parser) bracketedWildcardAhead() bool {
	return p.kind() == tLBracket && p.scanWildcard(1) > 0
}

// selector reads the name of a column or table.
func (p *parser) selector() Expr {
	t := p.tok()
	switch {
	case p.bracketedWildcardAhead():
		p.next()
		w := p.wildcard().(*Wildcard)
		p.expect(tRBracket, "]")
		w.At, w.Bracketed = p.at(t.start), true
		return w
	case t.use&asColumn != 0:
		p.next()
		return &Name{At: At{t.span()}, Text: p.text(t)}
	}
	return p.nameExpr()
}

func (p *parser) primary() Expr {
	t := p.tok()
	switch t.kind {
	case tLong, tInt, tReal, tDecimal, tBool, tDatetime, tTimespan, tGuid, tRawGuid, tString, kwDynamic:
		return p.literal()
	case kwDatatable:
		return p.dataTable()
	case kwExternaldata, kwExternalData:
		return p.externalData()
	case tLParen:
		p.next()
		x := p.or(p.expression())
		p.expect(tRParen, ")")
		return &Paren{At: p.at(t.start), X: x}
	case kwToscalar:
		return p.subqueryCall()
	case kwMaterializedViewCombine, kwInternalContextualDatatable, tAt:
		p.next()
		p.report(unsupported(t.span(), p.text(t)))
		return &Bad{At{t.span()}}
	case kwTypeof:
		if p.ahead(1).kind == tLParen {
			return p.typeOf()
		}
	}
	if p.scanCall(0) {
		return p.call()
	}
	x := p.selector()
	if x == nil {
		if t.kind == tLBracket {
			return p.bracketed()
		}
		return p.misplacedKeyword()
	}
	if p.kind() == kwDatascope {
		p.report(unsupported(p.tok().span(), "datascope"))
		p.next()
		p.expect(tAssign, "=")
		p.next()
	}
	return x
}

// bracketed reads "[expression]" where a column or table should stand: names in
// brackets are constants.
func (p *parser) bracketed() Expr {
	start := p.next().start
	if p.unnamed() == nil {
		p.missingName()
	}
	p.expect(tRBracket, "]")
	b := &Bad{p.at(start)}
	p.later(missingName(b.Span, "a name in brackets", "", ""))
	return b
}

// scanCall reports "name(" n tokens on.
func (p *parser) scanCall(n int) bool {
	k := p.scanName(n)
	return k > 0 && p.ahead(n+k).kind == tLParen
}

func (p *parser) call() Expr {
	n := p.name()
	c := &Call{Name: n}
	p.next()
	c.Args = p.exprs0((*parser).argument)
	p.expect(tRParen, ")")
	c.Span = p.since(int32(n.Span.Start))
	return c
}

func (p *parser) argument() Expr {
	if p.kind() == tStar {
		if k := p.ahead(1).kind; k == tRParen || k == tComma {
			return p.star()
		}
	}
	return p.named()
}

// subqueryCall reads toscalar(...), totable(...) and materialize(...).
func (p *parser) subqueryCall() Expr {
	t := p.next()
	c := &Call{Name: &Name{At: At{t.span()}, Text: p.text(t)}}
	if t.kind != kwMaterialize && p.kind() == kwKind && p.ahead(1).kind == tAssign {
		c.Kind = p.operatorParam(toScalarParams)
	}
	p.expect(tLParen, "(")
	c.Args = []Expr{p.or(p.expression())}
	p.expect(tRParen, ")")
	c.Span = p.since(t.start)
	return c
}

// misplacedKeyword takes a keyword for a name, after a report, when what follows
// it could only follow a name.
func (p *parser) misplacedKeyword() Expr {
	t := p.tok()
	if t.use&isKeyword == 0 || t.kind == tEnd {
		return nil
	}
	switch k := p.ahead(1).kind; {
	case k == kwAnd || k == kwOr || k == tEqEq || k == tNotEq || k == kwBetween || k == tNotBetween:
	case stringOp(k) != "" || multiplicativeOp(k) != "" || relationalOp(k) != "" || listOp(k) != "":
	case k == tRParen || k == tRBracket || k == tRBrace || k == tDot || k == tComma || k == tBar:
	default:
		return nil
	}
	p.next()
	p.report(needsBrackets(t.span(), p.text(t)))
	return &Name{At: At{t.span()}, Text: p.text(t)}
}

// named reads "name = x", "(a, b) = x" or x.
func (p *parser) named() Expr {
	start := p.tok().start
	if n := p.scanNewName(0); n > 0 && p.ahead(n).kind == tAssign {
		name := p.newName()
		p.next()
		return p.assign(start, []*Name{name}, false)
	}
	if n := p.scanDashed(); n > 0 && p.ahead(n).kind == tAssign {
		p.pos += n
		name := &Name{At: p.at(start), Text: p.src[start:p.lastEnd()]}
		p.report(needsBrackets(name.Span, name.Text))
		p.next()
		return p.assign(start, []*Name{name}, false)
	}
	if n := p.scanNames(); n > 0 && p.ahead(n).kind == tAssign {
		p.next()
		names := commaList(p, listRule[*Name]{item: (*parser).newName, missing: (*parser).missingName, end: (*parser).commonEnd, atLeast1: true})
		p.expect(tRParen, ")")
		p.expect(tAssign, "=")
		return p.assign(start, names, true)
	}
	return p.unnamed()
}

func (p *parser) assign(start int32, names []*Name, multi bool) Expr {
	a := &Assign{Names: names, Multi: multi, X: p.or(p.unnamed())}
	a.At = p.at(start)
	return a
}

// scanDashed is the length in tokens of "some-name" or of any keyword.
func (p *parser) scanDashed() int {
	if t := p.tok(); t.kind != tName && (t.use&isKeyword == 0 || !isWord(p.src[t.start])) {
		return 0
	}
	i := 1
	for p.adjacent(i) {
		if t := p.ahead(i); t.kind != tName && t.kind != tMinus && (t.use&isKeyword == 0 || !isWord(p.src[t.start])) {
			break
		}
		i++
	}
	return i
}

// scanNames is the length in tokens of "(a, b)", or 0.
func (p *parser) scanNames() int {
	if p.kind() != tLParen {
		return 0
	}
	i := 1
	for !endsList(p.ahead(i).kind) {
		n := p.scanNewName(i)
		if n == 0 {
			return 0
		}
		if i += n; p.ahead(i).kind != tComma {
			break
		}
		i++
	}
	if p.ahead(i).kind != tRParen {
		return 0
	}
	return i + 1
}

// literal reads a constant; a sign belongs to it only here.
func (p *parser) literal() Expr {
	t := p.tok()
	switch t.kind {
	case tString:
		value, text, hidden := p.strings()
		return &Literal{At: p.at(t.start), Type: types.String, Value: value, Text: text, Obfuscated: hidden}
	case tLong, tInt, tReal, tDecimal, tBool, tDatetime, tTimespan, tGuid, tRawGuid:
		p.next()
		return p.constant(t.kind, t.start)
	case kwDynamic:
		return p.dynamic()
	case tPlus, tMinus:
		n := p.ahead(1)
		if p.adjacent(1) && (n.kind == tLong || n.kind == tReal || n.kind == tTimespan) && isDigit(p.src[n.start]) {
			p.pos += 2
			return p.constant(n.kind, t.start)
		}
	case kwTypeof:
		if p.ahead(1).kind == tLParen {
			return p.typeOf()
		}
	case tLBrace:
		if n := p.placeholderName(); n != nil {
			return n
		}
	}
	return nil
}

// constant makes the literal whose text reaches from start to the last token.
func (p *parser) constant(k kind, start int32) Expr {
	text := p.src[start:p.lastEnd()]
	l := &Literal{At: p.at(start), Type: literalTypes[k], Text: text}
	if k == tRawGuid {
		p.report(bareGuidNotAllowed(l.Span, text))
	}
	body, neg := text, false
	if body[0] == '+' || body[0] == '-' {
		neg, body = body[0] == '-', body[1:]
	}
	v, ok := literalValue(k, body)
	if !ok {
		d := badLiteral(l.Span, text, l.Type.String())
		// Text in quotes is converted, and what can't be converted is null; a rule with a
		// date left to fill in is still a rule.
		if _, quoted := quotedIn(body); quoted {
			d.Message += ", it counts as null"
			d.Warning, d.Hint = true, ""
			p.warnings = append(p.warnings, d)
			return l
		}
		p.later(d)
		return l
	}
	if neg {
		switch x := v.(type) {
		case int64:
			v = -x
		case float64:
			v = -x
		}
	}
	l.Value = v
	return l
}

// typeOf reads "typeof(type)" and "typeof(a:type, *)".
func (p *parser) typeOf() Expr {
	start := p.next().start
	p.next()
	n := &TypeOf{}
	if t := p.tok(); isTypeKeyword(t.kind, true) || t.kind == tName && p.ahead(1).kind == tRParen {
		n.Type = p.anyType()
	} else {
		n.Columns = commaList(p, listRule[*Param]{item: (*parser).typeOfItem, missing: (*parser).missingTypeOfItem, end: (*parser).commonEnd})
	}
	if n.Type == types.Unknown && len(n.Columns) == 0 {
		p.later(missingType(p.gap()))
	}
	p.expect(tRParen, ")")
	n.At = p.at(start)
	return n
}

func (p *parser) typeOfItem() *Param {
	if p.kind() == tStar {
		t := p.next()
		return &Param{At: At{t.span()}, Star: true}
	}
	return p.nameAndType()
}

func (p *parser) missingTypeOfItem() *Param {
	p.report(missingType(p.gap()))
	return &Param{At: At{p.gap()}}
}
