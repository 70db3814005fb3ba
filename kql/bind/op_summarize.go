package bind

import (
	"slices"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// aggregates collects the aggregate calls of an operator while its expressions are bound.
type aggregates struct {
	in      *rows
	items   []plan.Item
	outside bool // the expression stands outside any aggregate's arguments
	names   *uniqueNames
	// keys are the input columns that are grouped by; "*" in an aggregate leaves them out.
	keys map[plan.ID]bool
}

// aggregate binds an aggregate call: its arguments see the input's columns, its
// result is a column of the Aggregate node.
func (b *binder) aggregate(x *syntax.Call, overloads []*builtin.Row, c *context) plan.Expr {
	inner := c.with(func(n *context) {
		agg := *c.aggs
		agg.outside = false
		n.aggs = &agg
		n.in = c.aggs.in
		n.filter = false
	})
	var args []plan.Expr
	for _, a := range x.Args {
		if w, ok := a.(*syntax.Wildcard); ok {
			if overloads[0].Name() != "count" {
				b.report(w.Span, errValue("* is not allowed here", ""))
				return unknown
			}
			continue
		}
		args = append(args, b.argument(a, inner))
	}
	e := b.make(x.Name.Text, overloads, args, x.Name.Span, x.Args)
	call, ok := e.(*plan.Call)
	if !ok {
		return e
	}
	return c.aggs.add(b, call)
}

func (a *aggregates) add(b *binder, call *plan.Call) plan.Expr {
	col := b.newCol(call.Row.Name(), call.T)
	a.items = append(a.items, plan.Item{Col: col, Expr: call})
	return ref(col)
}

func (b *binder) opSummarize(r *rows, op *syntax.Summarize, env *scope) *rows {
	names := newNames().over(r)
	written := map[string]bool{}
	for _, x := range append(append([]syntax.Expr{}, op.By...), op.Aggs...) {
		if as, ok := x.(*syntax.Assign); ok {
			for _, n := range as.Names {
				if written[n.Text] {
					b.report(n.Span, errDuplicateColumn(n.Text))
				}
				written[n.Text] = true
			}
		}
	}
	keys := b.groupKeys(r, op.By, env, names)
	agg := &aggregates{in: r, outside: true, names: names, keys: map[plan.ID]bool{}}
	for _, k := range keys {
		if cr, ok := k.Expr.(plan.ColRef); ok {
			agg.keys[cr.ID] = true
		}
	}
	var outs []plan.Item
	for _, x := range op.Aggs {
		outs = append(outs, b.aggregateItem(x, r, agg, env, names)...)
	}
	return b.group(r, keys, agg, outs)
}

// group builds the Aggregate node and the projection of what the user sees.
func (b *binder) group(r *rows, keys []plan.Item, agg *aggregates, outs []plan.Item) *rows {
	node := &plan.Aggregate{In: r.node, Aggs: agg.items, Order: r.sequence()}
	for _, p := range r.part {
		node.Keys = append(node.Keys, pass(p))
	}
	node.Keys = append(node.Keys, keys...)
	res := &rows{node: node, part: r.part}
	b.keepArrival(r, node, res)
	items := make([]plan.Item, 0, len(keys)+len(outs))
	for _, k := range keys {
		items = append(items, pass(k.Col))
	}
	return res.project(append(items, outs...))
}

// keepArrival lets groups come in the order of their first rows.
func (b *binder) keepArrival(in *rows, node *plan.Aggregate, out *rows) {
	if in.arrival == nil {
		return
	}
	at := b.newCol("$arrival", types.Long)
	first, _ := builtin.Resolve(b.table.Aggregate(builtin.MinRow), []builtin.Arg{{Type: types.Long}})
	node.Aggs = append(node.Aggs, plan.Item{Col: at, Expr: &plan.Call{Row: first.Row, Args: []plan.Expr{ref(*in.arrival)}, T: types.Long}})
	out.arrival = &at
}

// groupKeys binds the by clause.
func (b *binder) groupKeys(r *rows, by []syntax.Expr, env *scope, names *uniqueNames) []plan.Item {
	var keys []plan.Item
	for _, x := range by {
		for _, o := range b.outputs(x, &context{env: env, in: r}) {
			name := o.name
			if name == "" {
				name = freeColumn(names)
			} else {
				name = names.add(name)
			}
			if o.expr.Type() == types.Dynamic {
				b.report(keySpan(x), errDynamicKey("a group key"))
			}
			keys = append(keys, plan.Item{Col: b.newCol(name, o.expr.Type()), Expr: o.expr})
		}
	}
	return keys
}

// aggregateItem binds one expression over aggregates.
func (b *binder) aggregateItem(x syntax.Expr, r *rows, agg *aggregates, env *scope, names *uniqueNames) []plan.Item {
	var given []*syntax.Name
	value := x
	if as, ok := x.(*syntax.Assign); ok {
		given, value = as.Names, as.X
	}
	c := &context{env: env, in: r, aggs: agg}
	if call, ok := value.(*syntax.Call); ok {
		if rows := b.table.Aggregate(call.Name.Text); rows != nil && env.find(call.Name.Text) == nil {
			switch rows[0].Special {
			case builtin.ArgBest:
				return b.argBest(rows, call, given, c, names)
			case builtin.AnyRow:
				if len(call.Args) > 1 || isStar(call.Args) {
					return b.anyRow(rows[len(rows)-1:], call, given, c, names)
				}
			}
		}
	}
	before := len(agg.items)
	e := b.scalar(value, c)
	if cr, ok := e.(plan.ColRef); ok && len(agg.items) == before+1 && agg.items[before].Col.ID == cr.ID {
		if call := agg.items[before].Expr.(*plan.Call); call.Row.Expand != nil {
			return b.expandAggregate(call, cr, given, value, names)
		}
	}
	if len(agg.items) == before && e.Type() != types.Unknown {
		if !constantTree(e) {
			b.report(value.Pos(), errNoAggregate())
		}
	}
	name := b.autoName(value)
	switch {
	case given != nil:
		name = names.add(given[0].Text)
	case name == "":
		name = freeColumn(names)
	default:
		name = names.add(name)
	}
	if cr, ok := e.(plan.ColRef); ok && cr.ID == b.lastAggID(agg, before) {
		agg.items[before].Col.Name = name
		return []plan.Item{{Col: plan.Col{ID: cr.ID, Name: name, Type: cr.T}, Expr: cr}}
	}
	return []plan.Item{{Col: b.newCol(name, e.Type()), Expr: e}}
}

func (b *binder) lastAggID(agg *aggregates, before int) plan.ID {
	if len(agg.items) == before+1 {
		return agg.items[before].Col.ID
	}
	return -1
}

func isStar(args []syntax.Expr) bool {
	for _, a := range args {
		if _, ok := a.(*syntax.Wildcard); ok {
			return true
		}
	}
	return false
}

func (b *binder) expandAggregate(call *plan.Call, cr plan.ColRef, given []*syntax.Name, value syntax.Expr, names *uniqueNames) []plan.Item {
	var out []plan.Item
	for i, o := range call.Row.Expand(b.infos(call.Args)) {
		name := ""
		if i < len(given) {
			name = names.add(given[i].Text)
		} else {
			name = names.add(b.outputName(o.Name, value))
		}
		key := b.key(cr, value.Pos(), plan.Const{T: types.Long, Value: int64(i)}, value.Pos())
		e := b.convertTo(key, o.Type, value.Pos())
		out = append(out, plan.Item{Col: b.newCol(name, o.Type), Expr: e})
	}
	if len(given) > len(out) {
		b.report(given[len(out)].Span, errOutputs(call.Row.Name()+"()", len(out), len(given)))
	}
	return out
}

// argBest binds arg_max and arg_min: the best key, then the columns of its row. All
// come from one aggregate over a struct, so they never mix rows.
func (b *binder) argBest(rows []*builtin.Row, x *syntax.Call, given []*syntax.Name, c *context, names *uniqueNames) []plan.Item {
	if len(x.Args) == 0 {
		b.report(x.Name.Span, errArguments(x.Name.Text+" takes at least 1 argument, not 0"))
		return nil
	}
	inner := c.with(func(n *context) {
		agg := *c.aggs
		agg.outside = false
		n.aggs = &agg
		n.in = c.aggs.in
	})
	best, label := x.Args[0], ""
	if as, ok := best.(*syntax.Assign); ok && len(as.Names) == 1 {
		best, label = as.X, as.Names[0].Text
	} else {
		label = b.autoName(best)
	}
	key := b.scalar(best, inner)
	if key.Type() == types.Dynamic {
		b.report(best.Pos(), errDynamicKey("the argument"))
	}
	exprs := []plan.Expr{key}
	labels := []string{label}
	for _, a := range x.Args[1:] {
		if w, ok := a.(*syntax.Wildcard); ok {
			n := len(c.aggs.in.cols)
			exprs, labels = slices.Grow(exprs, n), slices.Grow(labels, n)
			for _, col := range c.aggs.in.cols {
				if match(w.Pattern, col.Name) && !isKeyColumn(c, col, key) {
					exprs, labels = append(exprs, ref(col)), append(labels, col.Name)
				}
			}
			continue
		}
		if as, ok := a.(*syntax.Assign); ok && len(as.Names) == 1 {
			exprs, labels = append(exprs, b.scalar(as.X, inner)), append(labels, as.Names[0].Text)
			continue
		}
		exprs, labels = append(exprs, b.argument(a, inner)), append(labels, b.autoName(a))
	}
	return b.structItems(rows, exprs, labels, given, x, c, names)
}

// isKeyColumn leaves out of "*" what the result has already: the maximised column
// and the group keys that are plain columns.
func isKeyColumn(c *context, col plan.Col, key plan.Expr) bool {
	if cr, ok := key.(plan.ColRef); ok && cr.ID == col.ID {
		return true
	}
	return c.aggs.keys[col.ID]
}

// structItems makes one aggregate that returns a struct and the columns taken from it.
func (b *binder) structItems(overloads []*builtin.Row, exprs []plan.Expr, labels []string, given []*syntax.Name, x *syntax.Call, c *context, names *uniqueNames) []plan.Item {
	for _, e := range exprs {
		if e.Type() == types.Unknown {
			return nil
		}
	}
	res, miss := builtin.Resolve(overloads, b.infos(exprs))
	if miss != nil {
		b.report(x.Name.Span, errArguments(miss.Message))
		return nil
	}
	st := c.aggs.add(b, &plan.Call{Row: res.Row, Args: exprs, T: types.Unknown, Pos: x.Span.Start})
	field := b.table.Scalar(builtin.FieldRow)[0]
	// A wildcard takes hundreds of columns: their calls are made together.
	calls, args := make([]plan.Call, len(exprs)), make([]plan.Expr, 2*len(exprs))
	out := make([]plan.Item, 0, len(exprs))
	for i, e := range exprs {
		name := ""
		if i < len(given) {
			name = names.add(given[i].Text)
		} else if labels[i] == "" {
			name = freeColumn(names)
		} else {
			name = names.add(labels[i])
		}
		of := args[2*i : 2*i+2 : 2*i+2]
		of[0], of[1] = st, plan.Const{T: types.Long, Value: int64(i)}
		calls[i] = plan.Call{Row: field, Args: of, T: e.Type()}
		out = append(out, plan.Item{Col: b.newCol(name, e.Type()), Expr: &calls[i]})
	}
	if len(given) > len(out) {
		b.report(given[len(out)].Span, errOutputs(x.Name.Text+"()", len(out), len(given)))
	}
	return out
}

// anyRow binds take_any over several columns or *: all from one row.
func (b *binder) anyRow(overloads []*builtin.Row, x *syntax.Call, given []*syntax.Name, c *context, names *uniqueNames) []plan.Item {
	inner := c.with(func(n *context) {
		agg := *c.aggs
		agg.outside = false
		n.aggs = &agg
		n.in = c.aggs.in
	})
	var exprs []plan.Expr
	var labels []string
	for _, a := range x.Args {
		if w, ok := a.(*syntax.Wildcard); ok {
			for _, col := range c.aggs.in.cols {
				if match(w.Pattern, col.Name) && !c.aggs.keys[col.ID] {
					exprs, labels = append(exprs, ref(col)), append(labels, col.Name)
				}
			}
			continue
		}
		exprs, labels = append(exprs, b.argument(a, inner)), append(labels, b.autoName(a))
	}
	return b.structItems(overloads, exprs, labels, given, x, c, names)
}

func (b *binder) opDistinct(r *rows, op *syntax.Distinct, env *scope) *rows {
	names := newNames().over(r)
	var keys []plan.Item
	for _, x := range op.Items {
		if w, ok := x.(*syntax.Wildcard); ok {
			for _, c := range r.cols {
				if match(w.Pattern, c.Name) {
					if c.Type == types.Dynamic {
						b.report(w.Span, errDynamicKey("the column "+c.Name))
					}
					keys = append(keys, plan.Item{Col: b.newCol(names.add(c.Name), c.Type), Expr: ref(c)})
				}
			}
			continue
		}
		keys = append(keys, b.groupKeys(r, []syntax.Expr{x}, env, names)...)
	}
	return b.group(r, keys, &aggregates{in: r}, nil)
}
