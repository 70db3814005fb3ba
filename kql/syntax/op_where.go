package syntax

func (p *parser) where() Op {
	p.next()
	o := &Where{}
	o.Params = p.operatorParams(nil, true)
	o.X = p.or(p.named())
	return o
}

func (o *Where) print(w *printer) {
	w.op("where", o.Params)
	w.expr(o.X)
}

func (o *Where) each(visit func(Node) bool) { walkExpr(o.X, visit) }
