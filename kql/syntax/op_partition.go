package syntax

func (p *parser) partition() Op {
	p.next()
	o := &Partition{}
	o.Params = p.operatorParams(partitionParams, false)
	p.expect(kwBy, "by")
	o.By = p.requiredSimplePath()
	if p.accept(kwIn) {
		if p.scanCall(0) {
			o.Scope = p.call()
		} else {
			o.Scope = p.or(p.dynamic())
		}
	}
	switch p.kind() {
	case tLBrace:
		p.next()
		o.Braces = true
		o.Sub = p.or(p.expression())
		p.expect(tRBrace, "}")
	case tLParen:
		p.next()
		o.Sub = p.subquery()
		p.expect(tRParen, ")")
	default:
		p.expect(tLParen, "(")
		o.Sub = &Bad{At{p.gap()}}
	}
	return o
}

func (o *Partition) print(w *printer) {
	w.op("partition", o.Params)
	w.str("by ")
	w.expr(o.By)
	if o.Scope != nil {
		w.word("in")
		w.expr(o.Scope)
	}
	w.str(" ")
	if o.Braces {
		w.block('{', o.Sub, '}')
	} else {
		w.block('(', o.Sub, ')')
	}
}

func (o *Partition) each(visit func(Node) bool) {
	walkExpr(o.By, visit)
	walkExpr(o.Scope, visit)
	walkExpr(o.Sub, visit)
}

func (p *parser) fork() Op {
	if k := p.ahead(1).kind; k != tLParen && p.scanName(1) == 0 && k != tEnd && k != tBar {
		return nil
	}
	p.next()
	o := &Fork{}
	for {
		var f NamedPipe
		if n := p.scanName(0); n > 0 && p.ahead(n).kind == tAssign {
			f.Name = p.name()
			p.next()
			p.expect(tLParen, "(")
		} else if !p.accept(tLParen) {
			break
		}
		f.Pipe = p.prong()
		p.expect(tRParen, ")")
		o.Prongs = append(o.Prongs, f)
	}
	if len(o.Prongs) == 0 {
		p.expect(tLParen, "(")
	}
	return o
}

// prong reads operators, or, as KQL's grammar has it, any expression.
func (p *parser) prong() *Pipe {
	if p.table.read[p.kind()] != nil {
		return p.subquery()
	}
	x := p.or(p.expression())
	if pipe, ok := x.(*Pipe); ok {
		return pipe
	}
	return &Pipe{At: At{x.Pos()}, Source: x}
}

func (o *Fork) print(w *printer) {
	w.str("fork")
	for _, f := range o.Prongs {
		w.str(" ")
		if f.Name != nil {
			w.name(f.Name)
			w.str("=")
		}
		w.block('(', f.Pipe, ')')
	}
}

func (o *Fork) each(visit func(Node) bool) {
	for _, f := range o.Prongs {
		walkName(f.Name, visit)
		walkExpr(f.Pipe, visit)
	}
}

func (p *parser) facet() Op {
	p.next()
	o := &Facet{}
	p.expect(kwBy, "by")
	o.By = commaList(p, listRule[Expr]{item: (*parser).simplePath, missing: (*parser).missingNameExpr, atLeast1: true,
		end: func(p *parser) bool { return p.kind() == kwWith || p.commonEnd() }})
	if !p.accept(kwWith) {
		return o
	}
	if p.accept(tLParen) {
		o.With = p.subquery()
		p.expect(tRParen, ")")
		return o
	}
	start := p.tok().start
	o.With = &Pipe{Ops: []Op{p.requiredOperator()}}
	o.With.At = p.at(start)
	return o
}

func (o *Facet) print(w *printer) {
	w.op("facet", nil)
	w.str("by ")
	w.exprs(o.By)
	if o.With != nil {
		w.word("with")
		w.block('(', o.With, ')')
	}
}

func (o *Facet) each(visit func(Node) bool) {
	walkExprs(o.By, visit)
	if o.With != nil {
		walkExpr(o.With, visit)
	}
}
