package bind

import (
	"slices"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// expansion is one item of mv-expand or mv-apply.
type expansion struct {
	name    string
	replace plan.ID // the visible column it takes the place of, or 0
	item    plan.UnnestItem
	t       types.Type // what elements are converted to
}

func (b *binder) expansions(r *rows, items []syntax.Expr, env *scope, array bool) []expansion {
	var out []expansion
	names := newNames(r.cols...)
	for _, x := range items {
		t := types.Dynamic
		if ty, ok := x.(*syntax.Typed); ok {
			x, t = ty.X, ty.Type
			if x == nil {
				b.report(ty.Span, errValue("a dynamic value is needed before to typeof()", "name the column to expand"))
				continue
			}
		}
		name, explicit := "", false
		if as, ok := x.(*syntax.Assign); ok {
			name, explicit, x = as.Names[0].Text, true, as.X
			if ty, ok := x.(*syntax.Typed); ok {
				x, t = ty.X, ty.Type
			}
		}
		e := b.scalar(x, &context{env: env, in: r})
		if et := e.Type(); et != types.Dynamic && et != types.Unknown {
			b.report(x.Pos(), errType("a dynamic value", et))
			continue
		}
		ex := expansion{name: name, t: t}
		if !explicit {
			ex.name = b.autoName(x)
			if ex.name == "" {
				ex.name = freeColumn(names)
			}
		}
		if c, ok := r.find(ex.name); ok {
			ex.replace = c.ID
		} else if !names.taken[ex.name] {
			names.taken[ex.name] = true
		}
		ex.item = plan.UnnestItem{Expr: e, Col: b.newCol(ex.name, types.Dynamic), BagArray: array}
		out = append(out, ex)
	}
	return out
}

// expanded is r with its columns replaced by or extended with the expansions.
func expanded(r *rows, exs []expansion) []plan.Col {
	cols := append([]plan.Col{}, r.cols...)
	for _, ex := range exs {
		done := false
		for i := range cols {
			if ex.replace != 0 && cols[i].ID == ex.replace {
				cols[i], done = ex.item.Col, true
			}
		}
		if !done {
			cols = append(cols, ex.item.Col)
		}
	}
	return cols
}

func (b *binder) opMvExpand(r *rows, op *syntax.MvExpand, env *scope) *rows {
	expand := word(op.Param("kind"), word(op.Param("bagexpansion"), "bag"))
	array := strings.EqualFold(expand, "array")
	if !array && !strings.EqualFold(expand, "bag") {
		b.report(op.Keyword(), errChoice("bag expansion", expand, []string{"bag", "array"}))
	}
	exs := b.expansions(r, op.Items, env, array)
	node := &plan.Unnest{In: r.node}
	for _, ex := range exs {
		node.Items = append(node.Items, ex.item)
	}
	cols := expanded(r, exs)
	if p := op.Param("with_itemindex"); p != nil {
		idx := b.newCol(word(p, ""), types.Long)
		node.Index = &idx
		cols = append(cols, idx)
	}
	if op.Limit != nil {
		node.Limit = b.rowCount(op.Limit, env)
	}
	if len(node.Items) == 0 {
		return r
	}
	return b.typedElements(r.with(node, cols), exs)
}

// typedElements converts expanded elements to the types asked for.
func (b *binder) typedElements(r *rows, exs []expansion) *rows {
	items := r.passAll()
	changed := false
	for _, ex := range exs {
		if ex.t == types.Dynamic {
			continue
		}
		for i := range items {
			if items[i].Col.ID == ex.item.Col.ID {
				items[i] = plan.Item{Col: b.newCol(ex.name, ex.t), Expr: b.convertTo(ref(ex.item.Col), ex.t, source.Span{})}
				changed = true
			}
		}
	}
	if !changed {
		return r
	}
	return r.project(items)
}

// opMvApply runs a sub-query over the expansion of each row: the rows get a number,
// and the operators of the sub-query work within rows of one number.
func (b *binder) opMvApply(r *rows, op *syntax.MvApply, env *scope) *rows {
	id := b.newCol("$row", types.Long)
	exs := b.expansions(r, op.Items, env, false)
	if len(exs) == 0 {
		panic(bail{})
	}
	src := b.share("$source", &rows{node: &plan.Number{In: r.node, Ord: id}, cols: slices.Concat(r.cols, r.hidden(), []plan.Col{id})})
	outer := b.read(src)
	inner := b.read(src)
	mapped := make(map[plan.ID]plan.Col, len(inner.cols))
	for i, c := range src.shared.Cols {
		mapped[c.ID] = inner.cols[i]
	}
	node := &plan.Unnest{In: inner.node}
	rowID := mapped[id.ID]
	sub := &rows{part: []plan.Col{rowID}, cols: make([]plan.Col, 0, len(r.cols)+len(exs)+1)}
	for _, c := range r.cols {
		m := mapped[c.ID]
		m.Name = c.Name
		sub.cols = append(sub.cols, m)
	}
	for _, ex := range exs {
		it := ex.item
		it.Expr = rename(it.Expr, mapped)
		node.Items = append(node.Items, it)
	}
	for i := range exs {
		if exs[i].replace != 0 {
			exs[i].replace = mapped[exs[i].replace].ID
		}
	}
	sub.cols = expanded(sub, exs)
	if op.Limit != nil {
		node.Limit = b.rowCount(op.Limit, env)
	}
	// Elements keep their position, so that the sub-query sees them in order.
	idx := b.newCol("$ord", types.Long)
	node.Index = &idx
	sub.node, sub.ord = node, &idx
	if p := op.Param("with_itemindex"); p != nil {
		named := idx
		named.Name = word(p, "")
		sub.cols = append(sub.cols, named)
	}
	sub = b.typedElements(sub, exs)
	res := b.pipe(op.On, sub, env)
	return b.applyBack(r, outer, src, res, id, exs)
}

// applyBack puts the sub-query's rows beside the source row they come from: the
// columns of the source that the sub-query does not give, then the sub-query's own.
func (b *binder) applyBack(r, outer *rows, src *definition, res *rows, id plan.Col, exs []expansion) *rows {
	at := func(orig plan.ID) plan.Col {
		for i, c := range src.shared.Cols {
			if c.ID == orig {
				return outer.cols[i]
			}
		}
		return plan.Col{}
	}
	replaced := map[string]bool{}
	for _, ex := range exs {
		replaced[ex.name] = true
	}
	var cols []plan.Col
	used := map[plan.ID]bool{}
	for _, c := range r.cols {
		if replaced[c.Name] {
			continue
		}
		if rc, ok := res.find(c.Name); ok {
			cols = append(cols, rc)
			used[rc.ID] = true
			continue
		}
		m := at(c.ID)
		m.Name = c.Name
		cols = append(cols, m)
	}
	for _, c := range res.cols {
		if !used[c.ID] {
			cols = append(cols, c)
		}
	}
	join := &plan.Join{Kind: plan.Inner, L: outer.node, R: res.node, On: []plan.Pair{{L: ref(at(id.ID)), R: ref(res.part[0])}}}
	out := &rows{node: join, cols: cols}
	for _, p := range r.part {
		m := at(p.ID)
		out.part = append(out.part, m)
	}
	if r.arrival != nil {
		m := at(r.arrival.ID)
		out.arrival = &m
	}
	return out
}

// rename points the columns of an expression at others.
func rename(e plan.Expr, to map[plan.ID]plan.Col) plan.Expr {
	switch e := e.(type) {
	case plan.ColRef:
		if c, ok := to[e.ID]; ok {
			return plan.ColRef{ID: c.ID, T: e.T}
		}
	case *plan.Call:
		n := *e
		n.Args = make([]plan.Expr, len(e.Args))
		for i, a := range e.Args {
			n.Args[i] = rename(a, to)
		}
		return &n
	case *plan.InQuery:
		n := *e
		n.X = rename(e.X, to)
		return &n
	}
	return e
}
