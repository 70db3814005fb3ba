package syntax

// glyph consumes tokens that touch one another and spell s.
func (p *parser) glyph(s string) bool {
	n := 0
	for i := 0; n < len(s); i++ {
		t := p.ahead(i)
		if t.kind == tEnd || i > 0 && !p.adjacent(i) || len(s)-n < int(t.end-t.start) || p.text(t) != s[n:n+int(t.end-t.start)] {
			return false
		}
		if n += int(t.end - t.start); n == len(s) {
			p.pos += i + 1
			return true
		}
	}
	return false
}

func (p *parser) makeGraph() Op {
	p.next()
	o := &MakeGraph{}
	o.Params = p.operatorParams(makeGraphParams, true)
	o.From = p.requiredName()
	if !p.glyph("-->") {
		if o.Undirected = p.glyph("--"); !o.Undirected {
			p.report(expected(p.gapOrNext(), p.found(), "-->", "--"))
		}
	}
	o.To = p.requiredName()
	if p.accept(kwWithNodeId) {
		p.expect(tAssign, "=")
		o.NodeID = p.requiredName()
	} else if p.accept(kwWith) {
		for _, n := range commaList(p, listRule[*GraphNodes]{item: (*parser).graphNodes, missing: (*parser).missingGraphNodes, atLeast1: true,
			end: func(p *parser) bool { return p.kind() == kwPartitionedBy || p.commonEnd() }}) {
			o.Nodes = append(o.Nodes, *n)
		}
	}
	if p.accept(kwPartitionedBy) {
		o.Partitions = p.requiredSimplePath()
		p.expect(tLParen, "(")
		o.Sub = p.subquery()
		p.expect(tRParen, ")")
	}
	return o
}

func (p *parser) graphNodes() *GraphNodes {
	x := p.unary()
	if x == nil {
		return nil
	}
	n := &GraphNodes{Table: x}
	p.expect(kwOn, "on")
	n.On = p.requiredName()
	return n
}

func (p *parser) missingGraphNodes() *GraphNodes {
	return &GraphNodes{Table: p.missingExpr(), On: &Name{At: At{p.gap()}}}
}

func (o *MakeGraph) print(w *printer) {
	w.op("make-graph", o.Params)
	w.name(o.From)
	if o.Undirected {
		w.str(" -- ")
	} else {
		w.str(" --> ")
	}
	w.name(o.To)
	for i, n := range o.Nodes {
		if i == 0 {
			w.str(" with ")
		}
		w.comma(i)
		w.expr(n.Table)
		w.word("on")
		w.name(n.On)
	}
	if o.NodeID != nil {
		w.str(" with_node_id=")
		w.name(o.NodeID)
	}
	if o.Partitions != nil {
		w.word("partitioned-by")
		w.expr(o.Partitions)
		w.str(" ")
		w.block('(', o.Sub, ')')
	}
}

func (o *MakeGraph) each(visit func(Node) bool) {
	walkName(o.From, visit)
	walkName(o.To, visit)
	for _, n := range o.Nodes {
		walkExpr(n.Table, visit)
		walkName(n.On, visit)
	}
	walkName(o.NodeID, visit)
	walkExpr(o.Partitions, visit)
	if o.Sub != nil {
		walkExpr(o.Sub, visit)
	}
}

func (p *parser) graphMatch() Op {
	p.next()
	o := &GraphMatch{}
	o.Params = p.operatorParams(graphMatchParams, true)
	p.graphPatterns(o)
	return o
}

func (p *parser) graphShortestPaths() Op {
	p.next()
	o := &GraphMatch{Shortest: true}
	o.Params = p.operatorParams(shortestParams, true)
	p.graphPatterns(o)
	return o
}

func (p *parser) graphPatterns(o *GraphMatch) {
	for {
		o.Patterns = append(o.Patterns, p.graphPattern())
		if !p.accept(tComma) {
			break
		}
	}
	if p.accept(kwWhere) {
		o.Where = p.or(p.expression())
	}
	if p.accept(kwProject) {
		o.Project = p.exprs((*parser).named)
	}
}

func (p *parser) graphPattern() GraphPattern {
	g := GraphPattern{}
	start := p.tok().start
	for {
		e, ok := p.graphElem()
		if !ok {
			break
		}
		g.Elems = append(g.Elems, e)
	}
	if len(g.Elems) == 0 {
		p.report(missingClause(p.gap(), "a graph pattern", "write (a)-[e]->(b)"))
	}
	g.At = p.at(start)
	return g
}

func (p *parser) graphElem() (GraphElem, bool) {
	e := GraphElem{}
	start := p.tok().start
	switch {
	case p.accept(tLParen):
		e.Name = p.name()
		p.expect(tRParen, ")")
	case p.glyph("-->"):
		e.Edge, e.Direction = true, 1
	case p.glyph("<--"):
		e.Edge, e.Direction = true, -1
	case p.glyph("--"):
		e.Edge = true
	case p.glyph("-["), p.glyph("<-["):
		left := p.src[start] == '<'
		e.Edge = true
		if left {
			e.Direction = -1
		}
		e.Name = p.name()
		if p.accept(tStar) {
			e.Variable = true
			e.Low = p.or(p.unary())
			p.expect(tDotDot, "..")
			e.High = p.or(p.unary())
		}
		at := p.gapOrNext()
		switch {
		case p.glyph("]->"):
			if left {
				p.report(missingClause(at, "]-", "an edge points one way"))
			}
			e.Direction = 1
		case !p.glyph("]-"):
			p.report(expected(p.gapOrNext(), p.found(), "]->", "]-"))
		}
	default:
		return e, false
	}
	e.At = p.at(start)
	return e, true
}

func (o *GraphMatch) print(w *printer) {
	if o.Shortest {
		w.op("graph-shortest-paths", o.Params)
	} else {
		w.op("graph-match", o.Params)
	}
	for i, g := range o.Patterns {
		w.comma(i)
		for _, e := range g.Elems {
			w.graphElem(e)
		}
	}
	if o.Where != nil {
		w.word("where")
		w.expr(o.Where)
	}
	if o.Project != nil {
		w.word("project")
		w.exprs(o.Project)
	}
}

func (w *printer) graphElem(e GraphElem) {
	left, right := "(", ")"
	if e.Edge {
		if e.Name == nil && !e.Variable {
			w.str([]string{"<--", "--", "-->"}[e.Direction+1])
			return
		}
		left = []string{"<-[", "-[", "-["}[e.Direction+1]
		right = []string{"]-", "]-", "]->"}[e.Direction+1]
	}
	w.str(left)
	w.name(e.Name)
	if e.Variable {
		w.str("*")
		w.expr(e.Low)
		w.str(" .. ")
		w.expr(e.High)
	}
	w.str(right)
}

func (o *GraphMatch) each(visit func(Node) bool) {
	for _, g := range o.Patterns {
		for _, e := range g.Elems {
			walkName(e.Name, visit)
			walkExpr(e.Low, visit)
			walkExpr(e.High, visit)
		}
	}
	walkExpr(o.Where, visit)
	walkExprs(o.Project, visit)
}

func (p *parser) graphToTable() Op {
	p.next()
	o := &GraphToTable{}
	for {
		var g GraphOutput
		rules := graphNodesParams
		switch {
		case p.accept(kwNodes):
		case p.accept(kwEdges):
			g.Edges, rules = true, graphEdgesParams
		default:
			p.report(missingClause(p.gap(), "nodes or edges", ""))
			return o
		}
		if p.accept(kwAs) {
			g.As = p.requiredName()
		}
		g.Params = p.operatorParams(rules, true)
		o.Outputs = append(o.Outputs, g)
		if !p.accept(tComma) {
			return o
		}
	}
}

func (o *GraphToTable) print(w *printer) {
	w.op("graph-to-table", nil)
	for i, g := range o.Outputs {
		w.comma(i)
		if g.Edges {
			w.str("edges")
		} else {
			w.str("nodes")
		}
		if g.As != nil {
			w.word("as")
			w.name(g.As)
		}
		for _, d := range g.Params {
			w.str(" ")
			w.param(d)
		}
	}
}

func (o *GraphToTable) each(visit func(Node) bool) {
	for _, g := range o.Outputs {
		walkName(g.As, visit)
		walkOpParams(g.Params, visit)
	}
}

func (p *parser) graphMark() Op {
	p.next()
	o := &GraphMark{}
	o.Params = p.operatorParams(graphMarkParams, true)
	return o
}

func (o *GraphMark) print(w *printer)       { w.op("graph-mark-components", o.Params) }
func (o *GraphMark) each(_ func(Node) bool) {}

// graphWhere reads graph-where-nodes and graph-where-edges.
func (p *parser) graphWhere() Op {
	o := &GraphWhere{Edges: p.next().kind == kwGraphWhereEdges}
	o.X = p.or(p.unnamed())
	return o
}

func (o *GraphWhere) print(w *printer) {
	if o.Edges {
		w.op("graph-where-edges", nil)
	} else {
		w.op("graph-where-nodes", nil)
	}
	w.expr(o.X)
}

func (o *GraphWhere) each(visit func(Node) bool) { walkExpr(o.X, visit) }
