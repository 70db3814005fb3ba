package syntax

func (p *parser) search() Op {
	p.next()
	o := &Search{}
	o.Params = p.operatorParams(searchParams, true)
	p.refuseDataScope()
	o.In = p.inTables()
	if o.X = p.unnamed(); o.X == nil {
		s := p.star()
		switch {
		case s == nil:
			o.X = p.missingExpr()
		case p.kind() == kwAnd:
			o.X = p.binary("and", s, (*parser).unnamed)
		default:
			o.X = s
		}
	}
	return o
}

func (p *parser) refuseDataScope() {
	if t := p.tok(); p.accept(kwDatascope) {
		p.report(unsupported(t.span(), "datascope"))
		p.expect(tAssign, "=")
		p.next()
	}
}

// inTables reads "in (A, B*, C | as D)".
func (p *parser) inTables() []Expr {
	if !p.accept(kwIn) {
		return nil
	}
	p.expect(tLParen, "(")
	list := p.exprs((*parser).findTable)
	p.expect(tRParen, ")")
	return list
}

func (p *parser) findTable() Expr {
	x := p.entity()
	if x == nil || p.kind() != tBar {
		return x
	}
	pipe := &Pipe{Source: x}
	p.next()
	if p.kind() == kwAs {
		pipe.Ops = []Op{p.operator()}
	} else {
		p.report(expected(p.gapOrNext(), p.found(), "as"))
	}
	pipe.At = p.at(int32(x.Pos().Start))
	return pipe
}

func (o *Search) print(w *printer) {
	w.op("search", o.Params)
	w.inTables(o.In)
	w.expr(o.X)
}

func (o *Search) each(visit func(Node) bool) {
	walkExprs(o.In, visit)
	walkExpr(o.X, visit)
}

func (p *parser) find() Op {
	p.next()
	o := &Find{}
	p.refuseDataScope()
	o.Params = p.operatorParams(findParams, false)
	o.In = p.inTables()
	if o.Params != nil || o.In != nil {
		p.expect(kwWhere, "where")
	} else {
		p.accept(kwWhere)
	}
	o.X = p.or(p.unnamed())
	columns := func() []Expr {
		return commaList(p, listRule[Expr]{item: (*parser).findColumn, missing: (*parser).missingExpr, atLeast1: true})
	}
	switch p.kind() {
	case kwProject:
		p.next()
		o.Project = columns()
	case kwProjectSmart:
		p.next()
		o.ProjectSmart = true
	}
	if p.accept(kwInternalProjectAway) {
		o.ProjectAway = columns()
	}
	return o
}

// findColumn reads "pack(*)", "*", a column, or "column:type".
func (p *parser) findColumn() Expr {
	t := p.tok()
	switch t.kind {
	case tStar:
		return p.star()
	case kwPack:
		p.next()
		c := &Call{Name: &Name{At: At{t.span()}, Text: p.text(t)}}
		p.expect(tLParen, "(")
		if s := p.star(); s != nil {
			c.Args = []Expr{s}
		} else {
			p.expect(tStar, "*")
		}
		p.expect(tRParen, ")")
		c.At = p.at(t.start)
		return c
	}
	n := p.name()
	if n == nil {
		return nil
	}
	if !p.accept(tColon) {
		return n
	}
	c := &Typed{X: n, Type: p.declaredType(true), Colon: true}
	c.At = p.at(t.start)
	return c
}

func (o *Find) print(w *printer) {
	w.op("find", o.Params)
	w.inTables(o.In)
	w.str("where ")
	w.expr(o.X)
	if o.Project != nil {
		w.word("project")
		w.exprs(o.Project)
	}
	if o.ProjectSmart {
		w.str(" project-smart")
	}
	if o.ProjectAway != nil {
		w.word("__projectAway")
		w.exprs(o.ProjectAway)
	}
}

func (o *Find) each(visit func(Node) bool) {
	walkExprs(o.In, visit)
	walkExpr(o.X, visit)
	walkExprs(o.Project, visit)
	walkExprs(o.ProjectAway, visit)
}
