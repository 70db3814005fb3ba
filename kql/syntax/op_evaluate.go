package syntax

func (p *parser) evaluate() Op {
	p.next()
	o := &Evaluate{}
	o.Params = p.operatorParams(evaluateParams, false)
	switch start := p.tok().start; {
	case p.scanCall(0):
		o.Plugin = p.call().(*Call)
	case p.scanName(0) > 0:
		o.Plugin = &Call{Name: p.name()}
		p.expect(tLParen, "(")
		o.Plugin.At = p.at(start)
	default:
		p.report(missingName(p.gap(), "a plugin", p.found(), p.foundKeyword()))
		o.Plugin = &Call{At: At{p.gap()}, Name: &Name{At: At{p.gap()}}}
	}
	if p.accept(tColon) {
		o.Schema = true
		p.evaluateSchema(o)
	}
	return o
}

// evaluateSchema reads "(*, a:long)".
func (p *parser) evaluateSchema(o *Evaluate) {
	if p.kind() != tLParen {
		p.report(missingClause(p.gap(), "a schema", "write (name:type, ...)"))
		return
	}
	p.next()
	p.accept(tComma)
	o.Star = p.accept(tStar)
	p.accept(tComma)
	o.Columns = commaList(p, listRule[*Param]{item: (*parser).nameAndType, missing: (*parser).missingParam, end: (*parser).commonEnd, trailing: true})
	p.expect(tRParen, ")")
}

func (o *Evaluate) print(w *printer) {
	w.op("evaluate", o.Params)
	w.expr(o.Plugin)
	if o.Schema {
		w.str(" : (")
		if o.Star {
			w.str("*")
			if o.Columns != nil {
				w.str(", ")
			}
		}
		w.columns(o.Columns)
		w.str(")")
	}
}

func (o *Evaluate) each(visit func(Node) bool) {
	walkExpr(o.Plugin, visit)
	walkParams(o.Columns, visit)
}

// invoke reads a function call, perhaps of another database.
func (p *parser) invoke() Op {
	p.next()
	o := &Invoke{}
	start := p.tok().start
	if !p.scanCall(0) {
		o.Func = p.missingExpr()
		return o
	}
	o.Func = p.call()
	for p.kind() == tDot && p.scanCall(1) {
		p.next()
		m := p.call()
		o.Func = &Path{At: p.at(start), X: o.Func, Name: m}
	}
	return o
}

func (o *Invoke) print(w *printer) {
	w.op("invoke", nil)
	w.expr(o.Func)
}

func (o *Invoke) each(visit func(Node) bool) { walkExpr(o.Func, visit) }

func (p *parser) reduce() Op {
	p.next()
	o := &Reduce{}
	o.Params = p.operatorParams(reduceParams, false)
	p.expect(kwBy, "by")
	o.By = p.or(p.named())
	if p.accept(kwWith) {
		o.Props = p.paramList(reduceParams, true)
	}
	return o
}

func (o *Reduce) print(w *printer) {
	w.op("reduce", o.Params)
	w.str("by ")
	w.expr(o.By)
	for i, d := range o.Props {
		if i == 0 {
			w.str(" with ")
		}
		w.comma(i)
		w.param(d)
	}
}

func (o *Reduce) each(visit func(Node) bool) {
	walkExpr(o.By, visit)
	walkOpParams(o.Props, visit)
}
