package bind

import (
	"strings"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

func (b *binder) text0() source.Span { return source.Span{} }

// nameRows gives rows a name that later parts of the query can read.
func (b *binder) nameRows(r *rows, name string, env *scope) *scope {
	d := b.share(name, r)
	d.shared.Once = true
	*r = *b.read(d)
	r.name = name
	return env.with(name, &binding{name: name, tabular: true, def: d})
}

func (b *binder) opAs(r *rows, op *syntax.As, env *scope) (*rows, *scope) {
	out := *r
	env = b.nameRows(&out, op.Name.Text, env)
	b.env = b.env.with(op.Name.Text, env.find(op.Name.Text))
	return &out, env
}

// opConsume reads its input and gives no rows and no columns.
func (b *binder) opConsume(r *rows, op *syntax.Consume) *rows {
	f := &plan.Filter{In: r.node, Pred: plan.Const{T: types.Bool, Value: false}}
	return &rows{node: &plan.Project{In: f}}
}

func (b *binder) opPrint(op *syntax.PrintOp, env *scope) *rows {
	one := &rows{node: &plan.Values{Rows: [][]types.Value{{}}}}
	names := newNames()
	var items []plan.Item
	for i, x := range op.Items {
		outs := b.outputs(x, &context{env: env})
		for _, o := range outs {
			name := o.name
			if !o.explicit && (name == "" || len(outs) == 1) {
				name = "print_" + itoa(i)
			}
			if names.taken[name] {
				if o.explicit {
					b.report(x.Pos(), errDuplicateColumn(name))
				}
				name = names.add(name)
			}
			names.taken[name] = true
			items = append(items, plan.Item{Col: b.newCol(name, o.expr.Type()), Expr: o.expr})
		}
	}
	return one.project(items)
}

func (b *binder) opRange(op *syntax.Range, env *scope) *rows {
	c := &context{env: env, constant: true}
	from, to, step := b.scalar(op.From, c), b.scalar(op.To, c), b.scalar(op.Step, c)
	t := from.Type()
	if t == types.Int {
		t = types.Long
	}
	stepType := t
	switch t {
	case types.Datetime, types.Timespan:
		stepType = types.Timespan
	case types.Long:
		if to.Type() == types.Real || step.Type() == types.Real {
			t, stepType = types.Real, types.Real
		}
	case types.Real, types.Unknown:
	default:
		b.report(op.From.Pos(), errType("a number, datetime or timespan", t))
		t = types.Unknown
	}
	check := func(e plan.Expr, want types.Type, x syntax.Expr) plan.Expr {
		et := e.Type()
		if et != want && et != types.Unknown && want != types.Unknown && !(et.Numeric() && want.Numeric()) {
			b.report(x.Pos(), errType("a "+want.String(), et))
			return unknown
		}
		return b.convert(e, want, x)
	}
	col := b.newCol(op.Name.Text, t)
	node := &plan.Range{Col: col, From: check(from, t, op.From), To: check(to, t, op.To), Step: check(step, stepType, op.Step)}
	return &rows{node: node, cols: []plan.Col{col}}
}

func (b *binder) opGetSchema(r *rows) *rows {
	v := &plan.Values{}
	for _, n := range []string{"ColumnName", "ColumnOrdinal", "DataType", "ColumnType"} {
		t := types.String
		if n == "ColumnOrdinal" {
			t = types.Int
		}
		v.Cols = append(v.Cols, b.newCol(n, t))
	}
	for i, c := range r.cols {
		v.Rows = append(v.Rows, []types.Value{c.Name, int64(i), c.Type.DotNet(), c.Type.String()})
	}
	return &rows{node: v, cols: v.Cols}
}

func (b *binder) opRender(r *rows, op *syntax.Render) *rows {
	chart := &plan.Chart{Kind: op.Chart.Text, Props: map[string]string{}}
	for _, p := range op.Props {
		name := strings.ToLower(p.Name)
		if lit, ok := p.Value.(*syntax.Literal); ok && lit.Type != types.String && strings.HasSuffix(name, "title") {
			b.report(lit.Span, errType("a string", lit.Type))
		}
		chart.Props[name] = literalText(p.Value)
	}
	b.chart = chart
	return r
}

// literalText is the plain text of a property value.
func literalText(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Text
	case *syntax.Literal:
		if s, ok := x.Value.(string); ok && x.Type == types.String {
			return s
		}
		return x.Text
	case *syntax.ColumnList:
		var parts []string
		for _, it := range x.Items {
			parts = append(parts, literalText(it))
		}
		return strings.Join(parts, ",")
	}
	return ""
}

func (b *binder) opInvoke(r *rows, op *syntax.Invoke, env *scope) *rows {
	x := op.Func
	for {
		p, ok := x.(*syntax.Path)
		if !ok {
			break
		}
		x = p.Name
	}
	call, ok := x.(*syntax.Call)
	if !ok {
		b.fail(op.Func.Pos(), errValue("invoke needs a function call", ""))
	}
	return b.tableCall(call, r, env)
}

// opAssertSchema checks the columns and hands the rows on.
func (b *binder) opAssertSchema(r *rows, op *syntax.AssertSchema) *rows {
	for i, want := range op.Columns {
		c, ok := r.find(want.Name.Text)
		switch {
		case !ok:
			b.report(want.Span, errUnknownColumn(want.Name.Text, r.names()))
		case c.Type != want.Type:
			b.report(want.Span, errType("a "+want.Type.String()+" column", c.Type))
		case !op.Star && r.cols[i].Name != want.Name.Text:
			b.report(want.Span, errValue("the column stands at another place", ""))
		}
	}
	if !op.Star && len(op.Columns) != len(r.cols) {
		b.report(op.Span, errColumnCount(len(r.cols), len(op.Columns)))
	}
	return r
}
