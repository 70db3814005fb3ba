package syntax

func (p *parser) scan() Op {
	p.next()
	o := &Scan{}
	o.Params = p.operatorParams(scanParams, false)
	end := func(p *parser) bool {
		switch p.kind() {
		case kwPartition, kwOrder, kwBy, kwDeclare, kwWith:
			return true
		}
		return p.commonEnd()
	}
	if p.accept(kwOrder) {
		p.expect(kwBy, "by")
		o.OrderBy = p.orderedList(end)
	}
	if p.accept(kwPartition) {
		p.expect(kwBy, "by")
		o.PartitionBy = commaList(p, listRule[Expr]{item: (*parser).unnamed, missing: (*parser).missingExpr, end: end, atLeast1: true})
	}
	if p.accept(kwDeclare) {
		o.Declare = p.functionParams(false)
	}
	p.expect(kwWith, "with")
	p.expect(tLParen, "(")
	for p.kind() == kwStep {
		o.Steps = append(o.Steps, p.scanStep())
	}
	p.expect(tRParen, ")")
	return o
}

func (p *parser) scanStep() ScanStep {
	start := p.next().start
	s := ScanStep{Name: p.declared(p.newName(), "the name of the step")}
	s.Optional = p.accept(kwOptional)
	if p.accept(kwOutput) {
		p.expect(tAssign, "=")
		switch t := p.tok(); p.text(t) {
		case "all", "last", "none":
			p.next()
			s.Output = p.text(t)
		default:
			p.report(expected(p.gapOrNext(), p.found(), "all", "last", "none"))
		}
	}
	p.expect(tColon, ":")
	s.Cond = p.or(p.unnamed())
	if p.accept(tArrow) {
		s.Assign = commaList(p, listRule[*Assign]{item: (*parser).scanAssign, missing: (*parser).missingScanAssign, end: (*parser).commonEnd, atLeast1: true})
	}
	p.expect(tSemicolon, ";")
	s.At = p.at(start)
	return s
}

func (p *parser) scanAssign() *Assign {
	n := p.newName()
	if n == nil {
		return nil
	}
	p.expect(tAssign, "=")
	a := &Assign{Names: []*Name{n}, X: p.or(p.unnamed())}
	a.At = p.at(int32(n.Span.Start))
	return a
}

func (p *parser) missingScanAssign() *Assign {
	n := p.missingName()
	return &Assign{At: n.At, Names: []*Name{n}, X: &Bad{n.At}}
}

func (o *Scan) print(w *printer) {
	w.op("scan", o.Params)
	if o.OrderBy != nil {
		w.str("order by ")
		w.keys(o.OrderBy)
		w.str(" ")
	}
	if o.PartitionBy != nil {
		w.str("partition by ")
		w.exprs(o.PartitionBy)
		w.str(" ")
	}
	if o.Declare != nil {
		w.str("declare ")
		w.params(o.Declare)
		w.str(" ")
	}
	w.str("with (")
	w.indent++
	for _, s := range o.Steps {
		w.line()
		w.str("step ")
		w.name(s.Name)
		if s.Optional {
			w.str(" optional")
		}
		if s.Output != "" {
			w.str(" output=" + s.Output)
		}
		w.str(": ")
		w.expr(s.Cond)
		for i, a := range s.Assign {
			if i == 0 {
				w.str(" => ")
			}
			w.comma(i)
			w.expr(a)
		}
		w.str(";")
	}
	w.indent--
	w.line()
	w.str(")")
}

func (o *Scan) each(visit func(Node) bool) {
	walkKeys(o.OrderBy, visit)
	walkExprs(o.PartitionBy, visit)
	walkParams(o.Declare, visit)
	for i := range o.Steps {
		s := &o.Steps[i]
		walkName(s.Name, visit)
		walkExpr(s.Cond, visit)
		for _, a := range s.Assign {
			walkExpr(a, visit)
		}
	}
}
