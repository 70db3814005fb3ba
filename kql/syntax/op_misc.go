package syntax

func (p *parser) as() Op {
	p.next()
	o := &As{}
	o.Params = p.operatorParams(asParams, true)
	o.Name = p.requiredName()
	return o
}

func (o *As) print(w *printer) {
	w.op("as", o.Params)
	w.name(o.Name)
}

func (o *As) each(visit func(Node) bool) { walkName(o.Name, visit) }

func (p *parser) consume() Op {
	p.next()
	o := &Consume{}
	o.Params = p.operatorParams(consumeParams, false)
	return o
}

func (o *Consume) print(w *printer)       { w.op("consume", o.Params) }
func (o *Consume) each(_ func(Node) bool) {}

func (p *parser) printOp() Op {
	p.next()
	return &PrintOp{Items: p.exprs((*parser).named)}
}

func (o *PrintOp) print(w *printer) {
	w.op("print", nil)
	w.exprs(o.Items)
}

func (o *PrintOp) each(visit func(Node) bool) { walkExprs(o.Items, visit) }

func (p *parser) getSchema() Op {
	p.next()
	o := &GetSchema{}
	if d := p.operatorParam(getSchemaParams); d != nil {
		o.Params = []*OpParam{d}
	}
	return o
}

func (o *GetSchema) print(w *printer)       { w.op("getschema", o.Params) }
func (o *GetSchema) each(_ func(Node) bool) {}

func (p *parser) assertSchema() Op {
	p.next()
	return &AssertSchema{Columns: p.rowSchema()}
}

func (o *AssertSchema) print(w *printer) {
	w.op("assert-schema", nil)
	w.schema(o.Columns)
}

func (o *AssertSchema) each(visit func(Node) bool) { walkParams(o.Columns, visit) }

func (o *BadOp) print(w *printer)       { w.str("?") }
func (o *BadOp) each(_ func(Node) bool) {}

// The operators below are read so that they can be refused by name.

func (p *parser) executeAndCache() Op {
	return &Unsupported{Name: p.text(p.next()), Text: "__executeAndCache"}
}

// macroExpand reads "macro-expand params Group as Name ( statements )".
func (p *parser) macroExpand() Op {
	first := p.pos
	o := &Unsupported{Name: p.text(p.next())}
	o.Params = p.operatorParams(unionParams, true)
	if p.kind() == kwEntityGroup {
		p.entityGroup()
	} else {
		p.or(p.entity())
	}
	if p.accept(kwAs) {
		p.requiredName()
	}
	p.expect(tLParen, "(")
	p.statementList()
	p.expect(tRParen, ")")
	o.Params, o.Text = nil, p.spaced(first)
	return o
}

// partitionBy reads "__partitionby params Column [id X] ( sub-query )".
func (p *parser) partitionBy() Op {
	first := p.pos
	o := &Unsupported{Name: p.text(p.next())}
	p.operatorParams(partitionParams, false)
	p.requiredSimplePath()
	if p.accept(kwId) {
		p.or(p.literal())
	}
	p.expect(tLParen, "(")
	p.subquery()
	p.expect(tRParen, ")")
	o.Text = p.spaced(first)
	return o
}

// inlineExternalTable reports the operator and skips to the end of its pipe stage.
func (p *parser) inlineExternalTable() Op {
	if k := p.ahead(1).kind; k != tLParen && k != kwKind {
		return nil
	}
	first := p.pos
	o := &Unsupported{Name: p.text(p.next())}
	p.skipStage()
	o.Text = p.spaced(first)
	return o
}

func (o *Unsupported) print(w *printer)       { w.str(o.Text) }
func (o *Unsupported) each(_ func(Node) bool) {}
