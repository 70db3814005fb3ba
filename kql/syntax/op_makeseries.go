package syntax

func (p *parser) makeSeries() Op {
	p.next()
	o := &MakeSeries{}
	o.Params = p.operatorParams(makeSeriesParams, true)
	for _, a := range commaList(p, listRule[*MakeSeriesAgg]{item: (*parser).makeSeriesAgg, missing: (*parser).missingMakeSeriesAgg, atLeast1: true,
		end: func(p *parser) bool {
			k := p.kind()
			return k == kwOn || k == kwFrom || k == kwIn || p.commonEnd()
		}}) {
		o.Aggs = append(o.Aggs, *a)
	}
	p.expect(kwOn, "on")
	o.On = p.or(p.named())
	if k := p.kind(); k == kwFrom || k == kwTo || k == kwStep {
		if p.accept(kwFrom) {
			o.From = p.or(p.unnamed())
		}
		if p.accept(kwTo) {
			o.To = p.or(p.unnamed())
		}
		p.expect(kwStep, "step")
		o.Step = p.or(p.unnamed())
	} else {
		p.makeSeriesRange(o)
	}
	if p.accept(kwBy) {
		o.By = commaList(p, listRule[Expr]{item: (*parser).named, missing: (*parser).missingExpr, atLeast1: true})
	}
	return o
}

func (p *parser) makeSeriesAgg() *MakeSeriesAgg {
	x := p.named()
	if x == nil {
		return nil
	}
	a := &MakeSeriesAgg{X: x}
	if p.accept(kwDefault) {
		p.expect(tAssign, "=")
		a.Default = p.or(p.named())
	}
	return a
}

func (p *parser) missingMakeSeriesAgg() *MakeSeriesAgg { return &MakeSeriesAgg{X: p.missingExpr()} }

// makeSeriesRange reads the older "in range(from, to, step)".
func (p *parser) makeSeriesRange(o *MakeSeries) {
	if p.kind() != kwIn {
		p.report(expected(p.gapOrNext(), p.found(), "from", "step", "in range(...)"))
		return
	}
	p.next()
	o.InRange = true
	p.expect(kwRange, "range")
	p.expect(tLParen, "(")
	args := p.exprs0((*parser).named)
	p.expect(tRParen, ")")
	if len(args) != 3 {
		p.report(missingClause(p.gap(), "range(from, to, step)", ""))
		return
	}
	o.From, o.To, o.Step = args[0], args[1], args[2]
}

func (o *MakeSeries) print(w *printer) {
	w.op("make-series", o.Params)
	for i, a := range o.Aggs {
		w.comma(i)
		w.expr(a.X)
		if a.Default != nil {
			w.str(" default=")
			w.expr(a.Default)
		}
	}
	w.word("on")
	w.expr(o.On)
	if o.InRange {
		w.str(" in range(")
		w.exprs([]Expr{o.From, o.To, o.Step})
		w.str(")")
	} else {
		w.clause("from", o.From)
		w.clause("to", o.To)
		w.clause("step", o.Step)
	}
	if o.By != nil {
		w.word("by")
		w.exprs(o.By)
	}
}

func (o *MakeSeries) each(visit func(Node) bool) {
	for _, a := range o.Aggs {
		walkExpr(a.X, visit)
		walkExpr(a.Default, visit)
	}
	walkExpr(o.On, visit)
	walkExpr(o.From, visit)
	walkExpr(o.To, visit)
	walkExpr(o.Step, visit)
	walkExprs(o.By, visit)
}

// rangeOp yields to the function range().
func (p *parser) rangeOp() Op {
	if p.ahead(1).kind == tLParen {
		return nil
	}
	p.next()
	o := &Range{Name: p.requiredName()}
	p.expect(kwFrom, "from")
	o.From = p.or(p.unnamed())
	p.expect(kwTo, "to")
	o.To = p.or(p.unnamed())
	p.expect(kwStep, "step")
	o.Step = p.or(p.unnamed())
	return o
}

func (o *Range) print(w *printer) {
	w.op("range", nil)
	w.name(o.Name)
	w.clause("from", o.From)
	w.clause("to", o.To)
	w.clause("step", o.Step)
}

func (o *Range) each(visit func(Node) bool) {
	walkName(o.Name, visit)
	walkExpr(o.From, visit)
	walkExpr(o.To, visit)
	walkExpr(o.Step, visit)
}
