package syntax

// parse reads parse and parse-where.
func (p *parser) parse() Op {
	o := &ParseOp{Where: p.next().kind == kwParseWhere}
	o.Params = p.operatorParams(parseParams, true)
	o.X = p.or(p.unnamed())
	p.expect(kwWith, "with")
	for x := p.parseItem(); x != nil; x = p.parseItem() {
		o.With = append(o.With, x)
	}
	return o
}

// parseItem reads a literal, "*", or a capture with or without its type.
func (p *parser) parseItem() Expr {
	t := p.tok()
	switch t.kind {
	case tStar:
		return p.star()
	case tString:
		return p.literal()
	}
	var n *Name
	if t.kind == tColon {
		n = p.requiredName()
	} else if n = p.newName(); n == nil {
		return nil
	}
	if !p.accept(tColon) {
		return n
	}
	c := &Typed{X: n, Type: p.declaredType(false), Colon: true}
	c.At = p.at(t.start)
	return c
}

func (o *ParseOp) print(w *printer) {
	word := "parse"
	if o.Where {
		word = "parse-where"
	}
	w.op(word, o.Params)
	w.expr(o.X)
	w.word("with")
	for i, x := range o.With {
		if i > 0 {
			w.str(" ")
		}
		w.expr(x)
	}
}

func (o *ParseOp) each(visit func(Node) bool) {
	walkExpr(o.X, visit)
	walkExprs(o.With, visit)
}

func (p *parser) parseKV() Op {
	p.next()
	o := &ParseKV{X: p.or(p.unnamed())}
	p.expect(kwAs, "as")
	o.Columns = p.rowSchema()
	if p.accept(kwWith) {
		p.expect(tLParen, "(")
		o.Props = p.paramList(parseKVParams, false)
		p.expect(tRParen, ")")
	}
	return o
}

// paramList reads "name = value, ..." of the given names; known as in scanParam.
func (p *parser) paramList(rules []paramRule, known bool) []*OpParam {
	item := func(p *parser) *OpParam {
		if r := p.scanParam(rules, known, false, 0); r != nil {
			return p.param(r)
		}
		return nil
	}
	return commaList(p, listRule[*OpParam]{item: item, missing: (*parser).missingProperty, end: (*parser).commonEnd})
}

func (o *ParseKV) print(w *printer) {
	w.op("parse-kv", nil)
	w.expr(o.X)
	w.str(" as ")
	w.schema(o.Columns)
	w.props(o.Props)
}

func (o *ParseKV) each(visit func(Node) bool) {
	walkExpr(o.X, visit)
	walkParams(o.Columns, visit)
	walkOpParams(o.Props, visit)
}
