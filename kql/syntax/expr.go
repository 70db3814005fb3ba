package syntax

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
