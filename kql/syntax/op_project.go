package syntax

// project reads project and project-rename.
func (p *parser) project() Op {
	o := &Project{Kind: p.text(p.next())}
	o.Items = p.exprs0((*parser).named)
	return o
}

// projectAway reads project-away and project-keep.
func (p *parser) projectAway() Op {
	o := &Project{Kind: p.text(p.next())}
	o.Items = p.exprs0((*parser).nameOrWildcard)
	return o
}

func (p *parser) projectByNames() Op {
	o := &Project{Kind: p.text(p.next())}
	o.Items = p.exprs0((*parser).unnamed)
	return o
}

func (p *parser) extend() Op {
	o := &Project{Kind: p.text(p.next())}
	o.Items = p.exprs((*parser).named)
	return o
}

func (p *parser) serialize() Op {
	o := &Project{Kind: p.text(p.next())}
	o.Params = p.operatorParams(nil, true)
	o.Items = p.exprs0((*parser).named)
	return o
}

func (o *Project) print(w *printer) {
	w.op(o.Kind, o.Params)
	w.exprs(o.Items)
}

func (o *Project) each(visit func(Node) bool) { walkExprs(o.Items, visit) }

// projectReorder reads the columns; an order that is written applies to a pattern.
func (p *parser) projectReorder() Op {
	p.next()
	o := &ProjectReorder{}
	for _, it := range commaList(p, listRule[*ReorderItem]{item: (*parser).reorderItem, missing: (*parser).missingReorderItem, end: (*parser).commonEnd}) {
		o.Items = append(o.Items, *it)
	}
	return o
}

func (p *parser) reorderItem() *ReorderItem {
	x := p.nameOrWildcard()
	if x == nil {
		return nil
	}
	it := &ReorderItem{X: x}
	switch p.kind() {
	case kwAsc, kwDesc, kwGrannyAsc, kwGrannyDesc:
		it.Order = p.text(p.next())
	}
	return it
}

func (p *parser) missingReorderItem() *ReorderItem { return &ReorderItem{X: p.missingExpr()} }

func (o *ProjectReorder) print(w *printer) {
	w.op("project-reorder", nil)
	for i, it := range o.Items {
		w.comma(i)
		w.expr(it.X)
		if it.Order != "" {
			w.str(" " + it.Order)
		}
	}
}

func (o *ProjectReorder) each(visit func(Node) bool) {
	for _, it := range o.Items {
		walkExpr(it.X, visit)
	}
}
