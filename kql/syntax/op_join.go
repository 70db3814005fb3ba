package syntax

func (p *parser) join() Op {
	p.next()
	o := &Join{}
	o.Params = p.operatorParams(joinParams, true)
	o.Right = p.or(p.unnamed())
	if p.kind() == kwOn {
		o.On = p.joinOn()
	} else if p.accept(kwWhere) {
		o.Where = p.or(p.unnamed())
	}
	return o
}

// joinOn reads "on a, $left.b == $right.c".
func (p *parser) joinOn() []Expr {
	p.next()
	return commaList(p, listRule[Expr]{item: (*parser).unnamed, missing: (*parser).missingExpr, atLeast1: true})
}

func (p *parser) lookup() Op {
	p.next()
	o := &Join{Lookup: true}
	o.Params = p.operatorParams(lookupParams, true)
	o.Right = p.or(p.unnamed())
	if p.kind() == kwOn {
		o.On = p.joinOn()
	} else {
		p.report(missingClause(p.gap(), "on", "name the columns to look up by: on Column"))
	}
	return o
}

func (o *Join) print(w *printer) {
	word := "join"
	if o.Lookup {
		word = "lookup"
	}
	w.op(word, o.Params)
	w.expr(o.Right)
	if o.On != nil {
		w.word("on")
		w.exprs(o.On)
	}
	if o.Where != nil {
		w.word("where")
		w.expr(o.Where)
	}
}

func (o *Join) each(visit func(Node) bool) {
	walkExpr(o.Right, visit)
	walkExprs(o.On, visit)
	walkExpr(o.Where, visit)
}

func (p *parser) union() Op {
	p.next()
	o := &Union{}
	o.Params = p.operatorParams(unionParams, true)
	o.Tables = p.exprs((*parser).unionTable)
	return o
}

func (p *parser) unionTable() Expr {
	if p.kind() == tLParen {
		return p.primary()
	}
	return p.entity()
}

// entity reads a table by its name, path, pattern or function call.
func (p *parser) entity() Expr {
	start := p.tok().start
	if w := p.wildcard(); w != nil {
		return w
	}
	x := p.pathElement()
	for x != nil {
		switch p.kind() {
		case tDot:
			p.next()
			if w := p.wildcard(); w != nil {
				return &Path{At: p.at(start), X: x, Name: w}
			}
			m := p.pathElement()
			if m == nil {
				m = p.requiredName()
			}
			x = &Path{At: p.at(start), X: x, Name: m}
		case tLBracket:
			x = p.index(x, start)
		default:
			return x
		}
	}
	return nil
}

// pathElement reads a call or a name; "[expression]" is the business of index.
func (p *parser) pathElement() Expr {
	if p.scanCall(0) {
		return p.call()
	}
	return p.selector()
}

// index reads "[key]" after x.
func (p *parser) index(x Expr, start int32) Expr {
	p.next()
	ix := &Index{X: x, Key: p.or(p.unnamed())}
	p.expect(tRBracket, "]")
	ix.Span = p.since(start)
	return ix
}

// simplePath reads a column by its path, without calls.
func (p *parser) simplePath() Expr {
	start := p.tok().start
	x := p.selector()
	for x != nil {
		switch p.kind() {
		case tDot:
			p.next()
			m := p.selector()
			if m == nil {
				m = p.requiredName()
			}
			x = &Path{At: p.at(start), X: x, Name: m}
		case tLBracket:
			x = p.index(x, start)
		default:
			return x
		}
	}
	return nil
}

func (p *parser) requiredSimplePath() Expr {
	if x := p.simplePath(); x != nil {
		return x
	}
	return p.requiredName()
}

func (o *Union) print(w *printer) {
	w.op("union", o.Params)
	w.exprs(o.Tables)
}

func (o *Union) each(visit func(Node) bool) { walkExprs(o.Tables, visit) }
