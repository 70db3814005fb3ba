package syntax

func (p *parser) summarize() Op {
	p.next()
	o := &Summarize{}
	o.Params = p.operatorParams(summarizeParams, true)
	o.Aggs = commaList(p, listRule[Expr]{item: (*parser).named, missing: (*parser).missingExpr, end: func(p *parser) bool { return p.kind() == kwBy || p.commonEnd() }})
	if p.accept(kwBy) {
		o.By = commaList(p, listRule[Expr]{item: (*parser).named, missing: (*parser).missingExpr, end: (*parser).endOfBy, atLeast1: true})
		if p.kind() == kwBin && p.ahead(1).kind == tAssign {
			p.pos += 2
			o.Bin = p.or(p.unnamed())
		}
	}
	return o
}

// endOfBy stops before the old "by t bin=1d".
func (p *parser) endOfBy() bool {
	if p.kind() == kwBin && p.ahead(1).kind == tAssign {
		if k := p.ahead(2).kind; k >= tString && k <= tRawGuid {
			return true
		}
	}
	return p.commonEnd()
}

func (o *Summarize) print(w *printer) {
	w.op("summarize", o.Params)
	w.exprs(o.Aggs)
	if o.By != nil {
		w.word("by")
		w.exprs(o.By)
	}
	if o.Bin != nil {
		w.str(" bin=")
		w.expr(o.Bin)
	}
}

func (o *Summarize) each(visit func(Node) bool) {
	walkExprs(o.Aggs, visit)
	walkExprs(o.By, visit)
	walkExpr(o.Bin, visit)
}

func (p *parser) distinct() Op {
	p.next()
	o := &Distinct{}
	o.Params = p.operatorParams(distinctParams, true)
	o.Items = p.exprs(func(p *parser) Expr {
		if s := p.star(); s != nil {
			return s
		}
		return p.named()
	})
	return o
}

func (o *Distinct) print(w *printer) {
	w.op("distinct", o.Params)
	w.exprs(o.Items)
}

func (o *Distinct) each(visit func(Node) bool) { walkExprs(o.Items, visit) }

// count yields to the function count().
func (p *parser) count() Op {
	if p.ahead(1).kind == tLParen {
		return nil
	}
	p.next()
	o := &Count{}
	if p.accept(kwAs) {
		if t := p.tok(); t.kind == tName {
			o.As = p.name()
		} else {
			p.report(missingName(p.gapOrNext(), "a name", p.found(), p.foundKeyword()))
			o.As = &Name{At: At{p.gap()}}
		}
	}
	return o
}

func (o *Count) print(w *printer) {
	w.op("count", nil)
	if o.As != nil {
		w.word("as")
		w.name(o.As)
	}
}

func (o *Count) each(visit func(Node) bool) { walkName(o.As, visit) }
