package syntax

import "strings"

// script reads the whole text.
func (p *parser) script() *Script {
	s := &Script{}
	for p.kind() == tDirective {
		t := p.next()
		s.Directives = append(s.Directives, &Directive{At: At{t.span()}, Text: strings.TrimRight(p.text(t), " \t")})
	}
	s.Statements = p.statementList()
	if p.kind() != tEnd {
		p.report(unexpectedRest(p.tok().span(), p.found()))
	}
	s.At = At{p.toks[0].span().Join(p.toks[len(p.toks)-1].span())}
	return s
}

// statementList reads statements; one that follows another without a semicolon is
// read too, after a report.
func (p *parser) statementList() []Statement {
	var list []Statement
	for s := p.statement(); s != nil; {
		list = append(list, s)
		if p.accept(tSemicolon) {
			s = p.statement()
			continue
		}
		at, found, mark := p.gapOrNext(), p.found(), len(p.problems)
		if s = p.statement(); s != nil {
			p.reportAt(mark, p.wordHint(at, separatorExpected(at, "; or |", found)))
		}
	}
	return list
}

func (p *parser) statement() Statement {
	t := p.tok()
	switch next := p.ahead(1).kind; t.kind {
	case kwAlias:
		if next == kwDatabase {
			return p.alias()
		}
	case kwLet:
		if p.scanName(1) > 0 {
			return p.let()
		}
	case kwDeclare:
		switch next {
		case kwPattern:
			return p.pattern()
		case kwQueryParameters:
			return p.declare()
		}
	case kwRestrict:
		if next == kwAccess {
			return p.restrict()
		}
	case kwSet:
		return p.set()
	}
	if x := p.expression(); x != nil {
		return &Query{At: At{x.Pos()}, X: x}
	}
	return nil
}

func (p *parser) let() Statement {
	start := p.next().start
	s := &Let{Name: p.requiredName()}
	p.expect(tAssign, "=")
	switch {
	case p.kind() == kwMaterialize:
		s.Value = p.subqueryCall()
	case p.kind() == kwEntityGroup:
		s.Value = p.entityGroup()
	case p.scanFunction():
		s.Value = p.function()
	default:
		s.Value = p.or(p.expression())
	}
	s.At = p.at(start)
	return s
}

func (p *parser) entityGroup() Expr {
	if p.scanCall(0) { // entity_group("name")
		return p.call()
	}
	g := &EntityGroup{}
	start := p.next().start
	p.expect(tLBracket, "[")
	g.Items = p.exprs((*parser).unnamed)
	p.expect(tRBracket, "]")
	g.At = p.at(start)
	return g
}

// scanFunction tells "(a:long) {...}" and "view () {...}" from an expression.
func (p *parser) scanFunction() bool {
	i := 0
	if p.kind() == kwView {
		i++
	}
	if p.ahead(i).kind != tLParen {
		return false
	}
	if k := p.ahead(i + 1).kind; k == tRParen || k == tStar {
		return true
	}
	n := p.scanNewName(i + 1)
	return n > 0 && p.ahead(i+1+n).kind == tColon
}

func (p *parser) function() Expr {
	start := p.tok().start
	f := &Function{View: p.accept(kwView)}
	f.Params = p.functionParams(false)
	if !p.enter() {
		p.leave()
		return f
	}
	defer p.leave()
	if p.kind() == tLBrace {
		f.Body = p.body(true)
	} else {
		p.expect(tLBrace, "{")
	}
	f.At = p.at(start)
	return f
}

// body reads "{ let ...; query }".
func (p *parser) body(declare bool) []Statement {
	var list []Statement
	p.expect(tLBrace, "{")
	for p.kind() == kwLet || declare && p.kind() == kwDeclare {
		if p.kind() == kwLet {
			list = append(list, p.let())
		} else {
			list = append(list, p.declare())
		}
		p.expect(tSemicolon, ";")
	}
	if x := p.expression(); x != nil {
		list = append(list, &Query{At: At{x.Pos()}, X: x})
	}
	p.accept(tSemicolon)
	p.expect(tRBrace, "}")
	return list
}

func (p *parser) set() Statement {
	start := p.next().start
	s := &Set{Name: p.requiredName()}
	if p.accept(tAssign) {
		s.Value = p.or(p.unnamed())
	}
	s.At = p.at(start)
	return s
}

func (p *parser) declare() Statement {
	start := p.next().start
	p.expect(kwQueryParameters, "query_parameters")
	d := &Declare{Params: p.functionParams(true)}
	d.At = p.at(start)
	return d
}

func (p *parser) alias() Statement {
	start := p.next().start
	p.expect(kwDatabase, "database")
	s := &Alias{Name: p.requiredName()}
	p.expect(tAssign, "=")
	s.Value = p.or(p.unnamed())
	s.At = p.at(start)
	return s
}

func (p *parser) restrict() Statement {
	start := p.next().start
	p.expect(kwAccess, "access")
	p.expect(kwTo, "to")
	p.expect(tLParen, "(")
	s := &Restrict{Entities: p.exprs((*parser).entity)}
	p.expect(tRParen, ")")
	if p.accept(kwWith) {
		s.Props = p.properties()
	}
	s.At = p.at(start)
	return s
}

// pattern reads "declare pattern Name = (params)[path] { (values).[value] = { query }; ... }".
func (p *parser) pattern() Statement {
	start := p.next().start
	p.next()
	s := &Pattern{Name: p.requiredName()}
	if p.accept(tAssign) {
		p.expect(tLParen, "(")
		s.Params = commaList(p, listRule[*Param]{item: (*parser).nameAndType, missing: (*parser).missingParam, end: (*parser).commonEnd})
		p.expect(tRParen, ")")
		if p.accept(tLBracket) {
			if s.Path = p.nameAndType(); s.Path == nil {
				s.Path = p.missingParam()
			}
			p.expect(tRBracket, "]")
		}
		p.expect(tLBrace, "{")
		if p.kind() != tLParen {
			p.report(missingClause(p.gap(), "a pattern match", `write ("value") = { query };`))
		}
		for p.kind() == tLParen {
			s.Arms = append(s.Arms, p.patternArm())
		}
		p.expect(tRBrace, "}")
	}
	s.At = p.at(start)
	return s
}

func (p *parser) patternArm() *PatternArm {
	start := p.next().start
	a := &PatternArm{Values: p.exprs((*parser).unnamed)}
	p.expect(tRParen, ")")
	if p.accept(tDot) {
		p.expect(tLBracket, "[")
		if a.Path = p.literal(); a.Path == nil {
			a.Path = p.missingConstant()
		}
		p.expect(tRBracket, "]")
	}
	p.expect(tAssign, "=")
	a.Body = p.body(false)
	a.At = p.at(start)
	p.expect(tSemicolon, ";")
	return a
}

// spaced is the text of the tokens from first to the current one with a space
// wherever the source has white space or a comment.
func (p *parser) spaced(first int) string {
	var b strings.Builder
	for i := first; i < p.pos; i++ {
		if i > first && p.toks[i].start > p.toks[i-1].end {
			b.WriteByte(' ')
		}
		b.WriteString(p.text(p.toks[i]))
	}
	return b.String()
}

// expression reads a scalar expression or a pipe.
func (p *parser) expression() Expr {
	start := p.tok().start
	var src Expr
	var op Op
	if p.scanOperator() {
		if op = p.operator(); op == nil {
			src = p.unnamed()
		}
	} else if src = p.unnamed(); src == nil {
		op = p.operator()
	}
	switch {
	case src == nil && op == nil:
		return nil
	case op == nil && p.kind() != tBar:
		return src
	}
	pipe := &Pipe{Source: src}
	if op != nil {
		pipe.Ops = append(pipe.Ops, op)
	}
	p.pipeline(pipe)
	pipe.At = p.at(start)
	return pipe
}

// pipeline reads "| op | op".
func (p *parser) pipeline(pipe *Pipe) {
	for p.accept(tBar) {
		pipe.Ops = append(pipe.Ops, p.requiredOperator())
	}
}

// subquery reads operators that work on a source given elsewhere: the body of
// mv-apply, fork, facet and partition.
func (p *parser) subquery() *Pipe {
	pipe := &Pipe{}
	start := p.tok().start
	pipe.Ops = []Op{p.requiredOperator()}
	p.pipeline(pipe)
	pipe.At = p.at(start)
	return pipe
}

// skipStage passes what belongs to an unknown operator.
func (p *parser) skipStage() {
	for depth := 0; ; p.next() {
		switch p.kind() {
		case tEnd, tSemicolon:
			return
		case tBar:
			if depth == 0 {
				return
			}
		case tLParen, tLBracket, tLBrace:
			depth++
		case tRParen, tRBracket, tRBrace:
			if depth--; depth < 0 {
				return
			}
		}
	}
}

// requiredOperator reads an operator or reports that none is there.
func (p *parser) requiredOperator() Op {
	t := p.tok()
	if op := p.operator(); op != nil {
		return op
	}
	bad := &BadOp{}
	if t.kind == tName {
		p.pos += p.scanDashed() // mv-expnd is one word to whoever wrote it
		bad.Key = p.since(t.start)
		p.report(operatorExpected(bad.Key, p.src[bad.Key.Start:bad.Key.End], p.table.names))
		p.skipStage()
		bad.At = p.at(t.start)
		return bad
	}
	bad.At, bad.Key = At{p.gap()}, p.gap()
	p.report(operatorExpected(p.gap(), "", nil))
	return bad
}
