package syntax

// take reads take and limit.
func (p *parser) take() Op {
	p.next()
	o := &Take{}
	o.Params = p.operatorParams(nil, true)
	o.N = p.or(p.named())
	return o
}

func (o *Take) print(w *printer) {
	w.op("take", o.Params)
	w.expr(o.N)
}

func (o *Take) each(visit func(Node) bool) { walkExpr(o.N, visit) }

func (p *parser) sample() Op {
	p.next()
	o := &Sample{}
	o.Params = p.operatorParams(nil, true)
	o.N = p.or(p.named())
	return o
}

func (o *Sample) print(w *printer) {
	w.op("sample", o.Params)
	w.expr(o.N)
}

func (o *Sample) each(visit func(Node) bool) { walkExpr(o.N, visit) }

func (p *parser) sampleDistinct() Op {
	p.next()
	o := &SampleDistinct{}
	o.Params = p.operatorParams(nil, true)
	o.N = p.or(p.named())
	p.expect(kwOf, "of")
	o.Of = p.or(p.named())
	return o
}

func (o *SampleDistinct) print(w *printer) {
	w.op("sample-distinct", o.Params)
	w.expr(o.N)
	w.word("of")
	w.expr(o.Of)
}

func (o *SampleDistinct) each(visit func(Node) bool) {
	walkExpr(o.N, visit)
	walkExpr(o.Of, visit)
}
