package syntax

// mvItem reads "[a =] x [to typeof(t)]" of mv-expand and mv-apply.
func (p *parser) mvItem() Expr {
	start := p.tok().start
	var x Expr
	if p.kind() == kwTo {
		x = p.missingExpr()
	} else if x = p.named(); x == nil {
		return nil
	}
	if p.kind() != kwTo {
		return x
	}
	t := &Typed{X: x}
	p.toTypeOf(t)
	t.At = p.at(start)
	return t
}

func (p *parser) toTypeOf(t *Typed) {
	p.next()
	if p.kind() != kwTypeof || p.ahead(1).kind != tLParen {
		p.report(missingValue(p.gap(), "typeof(type)", p.found()))
		return
	}
	n := p.typeOf().(*TypeOf)
	t.Type = n.Type
	if n.Columns != nil {
		p.report(missingValue(n.Span, "one type in typeof()", ""))
	}
}

// mvExpand reads mv-expand and mvexpand.
func (p *parser) mvExpand() Op {
	p.next()
	o := &MvExpand{}
	o.Params = p.operatorParams(mvExpandParams, true)
	o.Items = commaList(p, listRule[Expr]{item: (*parser).mvItem, missing: (*parser).missingExpr, atLeast1: true,
		end: func(p *parser) bool { return p.kind() == kwLimit || p.commonEnd() }})
	if p.accept(kwLimit) {
		o.Limit = p.or(p.unnamed())
	}
	return o
}

func (o *MvExpand) print(w *printer) {
	w.op("mv-expand", o.Params)
	w.exprs(o.Items)
	if o.Limit != nil {
		w.word("limit")
		w.expr(o.Limit)
	}
}

func (o *MvExpand) each(visit func(Node) bool) {
	walkExprs(o.Items, visit)
	walkExpr(o.Limit, visit)
}

// mvApply reads mv-apply and mvapply.
func (p *parser) mvApply() Op {
	p.next()
	o := &MvApply{}
	o.Params = p.operatorParams(mvApplyParams, true)
	o.Items = p.mvApplyItems()
	if p.accept(kwLimit) {
		o.Limit = p.or(p.unnamed())
	}
	if t := p.tok(); p.accept(kwId) {
		id := &OpParam{Name: "id", Value: p.or(p.unnamed())}
		id.At = p.at(t.start)
		o.Params = append(o.Params, id)
	}
	p.expect(kwOn, "on")
	if !p.expect(tLParen, "(") {
		o.On = &Pipe{At: At{p.gap()}}
		return o
	}
	o.On = p.subquery()
	p.expect(tRParen, ")")
	return o
}

func (p *parser) mvApplyItems() []Expr {
	if t := p.tok(); t.kind == kwTo { // "to typeof(t)" alone changes the type of the implied item
		mark, pos := len(p.problems), p.pos
		x := &Typed{}
		p.toTypeOf(x)
		if p.kind() != tComma {
			x.At = p.at(t.start)
			return []Expr{x}
		}
		p.problems, p.pos = p.problems[:mark], pos
	}
	return commaList(p, listRule[Expr]{item: (*parser).mvItem, missing: (*parser).missingExpr, end: (*parser).endOfMvApply, atLeast1: true})
}

// endOfMvApply takes limit, id and on for names when they go on like one.
func (p *parser) endOfMvApply() bool {
	switch p.kind() {
	case kwLimit, kwId, kwOn:
		k := p.ahead(1).kind
		return k != tComma && k != kwTo && k != tAssign
	}
	return p.commonEnd()
}

func (o *MvApply) print(w *printer) {
	var params []*OpParam
	var id *OpParam
	for _, d := range o.Params {
		if d.Name == "id" {
			id = d
		} else {
			params = append(params, d)
		}
	}
	w.op("mv-apply", params)
	w.exprs(o.Items)
	if o.Limit != nil {
		w.word("limit")
		w.expr(o.Limit)
	}
	if id != nil {
		w.word("id")
		w.expr(id.Value)
	}
	w.word("on")
	w.block('(', o.On, ')')
}

func (o *MvApply) each(visit func(Node) bool) {
	walkExprs(o.Items, visit)
	walkExpr(o.Limit, visit)
	walkExpr(o.On, visit)
}
