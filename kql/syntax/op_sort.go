package syntax

// ordered reads "x [asc|desc] [nulls first|last]". A key without any of these is
// an Ordered too.
func (p *parser) ordered() *Ordered {
	x := p.named()
	if x == nil {
		return nil
	}
	o := &Ordered{X: x}
	switch p.kind() {
	case kwAsc, kwGrannyAsc:
		p.granny()
		o.Desc = new(bool)
	case kwDesc, kwGrannyDesc:
		p.granny()
		o.Desc = new(bool)
		*o.Desc = true
	}
	if p.accept(kwNulls) {
		o.NullsFirst = new(bool)
		switch {
		case p.accept(kwFirst):
			*o.NullsFirst = true
		case !p.accept(kwLast):
			p.report(expected(p.gapOrNext(), p.found(), "first", "last"))
		}
	}
	o.Span = p.since(int32(x.Pos().Start))
	return o
}

// granny consumes asc or desc. The granny orders (natural order of digits) exist
// for columns only; a sort by them is refused.
func (p *parser) granny() {
	t := p.next()
	if t.kind == kwGrannyAsc || t.kind == kwGrannyDesc {
		p.report(unsupported(t.span(), p.text(t)+" in a sort"))
	}
}

func (p *parser) missingOrdered() *Ordered {
	x := p.missingExpr()
	return &Ordered{At: At{x.Pos()}, X: x}
}

func (p *parser) requiredOrdered() *Ordered {
	if o := p.ordered(); o != nil {
		return o
	}
	return p.missingOrdered()
}

func (p *parser) orderedList(end func(*parser) bool) []*Ordered {
	return commaList(p, listRule[*Ordered]{item: (*parser).ordered, missing: (*parser).missingOrdered, end: end, atLeast1: true})
}

// sort reads sort and order.
func (p *parser) sort() Op {
	p.next()
	o := &Sort{}
	o.Params = p.operatorParams(sortParams, false)
	p.expect(kwBy, "by")
	o.Keys = p.orderedList((*parser).commonEnd)
	return o
}

func (o *Sort) print(w *printer) {
	w.op("sort", o.Params)
	w.word("by")
	w.keys(o.Keys)
}

func (o *Sort) each(visit func(Node) bool) { walkKeys(o.Keys, visit) }

func (p *parser) top() Op {
	p.next()
	o := &Top{}
	o.Params = p.operatorParams(topParams, true)
	o.N = p.or(p.named())
	p.expect(kwBy, "by")
	o.Keys = []*Ordered{p.requiredOrdered()}
	return o
}

func (o *Top) print(w *printer) {
	w.op("top", o.Params)
	w.expr(o.N)
	w.word("by")
	w.keys(o.Keys)
}

func (o *Top) each(visit func(Node) bool) {
	walkExpr(o.N, visit)
	walkKeys(o.Keys, visit)
}

func (p *parser) topNested() Op {
	o := &TopNested{}
	for _, l := range commaList(p, listRule[*TopNestedLevel]{item: (*parser).topNestedLevel, missing: (*parser).missingTopNestedLevel, end: (*parser).commonEnd, atLeast1: true}) {
		o.Levels = append(o.Levels, *l)
	}
	return o
}

func (p *parser) topNestedLevel() *TopNestedLevel {
	t := p.tok()
	if !p.accept(kwTopNested) {
		return nil
	}
	l := &TopNestedLevel{N: p.named()}
	p.expect(kwOf, "of")
	l.Of = p.or(p.named())
	if p.accept(kwWith) {
		p.expect(kwOthers, "others")
		p.expect(tAssign, "=")
		if l.Others = p.literal(); l.Others == nil {
			l.Others = p.or(p.unnamed())
		}
	}
	p.expect(kwBy, "by")
	l.By = p.requiredOrdered()
	l.At = p.at(t.start)
	return l
}

func (p *parser) missingTopNestedLevel() *TopNestedLevel {
	p.report(missingClause(p.gap(), "top-nested", ""))
	bad := &Bad{At{p.gap()}}
	return &TopNestedLevel{At: At{p.gap()}, Of: bad, By: &Ordered{X: bad}}
}

func (o *TopNested) print(w *printer) {
	for i, l := range o.Levels {
		w.comma(i)
		w.str("top-nested")
		if l.N != nil {
			w.str(" ")
			w.expr(l.N)
		}
		w.word("of")
		w.expr(l.Of)
		if l.Others != nil {
			w.str(" with others = ")
			w.expr(l.Others)
		}
		w.word("by")
		w.key(l.By)
	}
}

func (o *TopNested) each(visit func(Node) bool) {
	for _, l := range o.Levels {
		walkExpr(l.N, visit)
		walkExpr(l.Of, visit)
		walkExpr(l.Others, visit)
		walkExpr(l.By, visit)
	}
}

func (p *parser) topHitters() Op {
	p.next()
	o := &TopHitters{N: p.or(p.named())}
	p.expect(kwOf, "of")
	o.Of = p.or(p.named())
	if p.accept(kwBy) {
		o.By = p.or(p.named())
	}
	return o
}

func (o *TopHitters) print(w *printer) {
	w.op("top-hitters", nil)
	w.expr(o.N)
	w.word("of")
	w.expr(o.Of)
	if o.By != nil {
		w.word("by")
		w.expr(o.By)
	}
}

func (o *TopHitters) each(visit func(Node) bool) {
	walkExpr(o.N, visit)
	walkExpr(o.Of, visit)
	walkExpr(o.By, visit)
}
