package bind

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// sortKeys binds sort keys. KQL sorts descending unless told; nulls come first when
// ascending and last when descending unless told.
func (b *binder) sortKeys(r *rows, keys []*syntax.Ordered, c *context) []plan.SortKey {
	var out []plan.SortKey
	for _, k := range keys {
		e := b.scalar(k.X, c)
		if e.Type() == types.Dynamic {
			b.report(k.X.Pos(), errDynamicKey("a sort key"))
			continue
		}
		key := plan.SortKey{Expr: e, Desc: k.Desc == nil || *k.Desc}
		key.NullsFirst = !key.Desc
		if k.NullsFirst != nil {
			key.NullsFirst = *k.NullsFirst
		}
		out = append(out, key)
	}
	return out
}

// sorted orders r by keys; rows that agree keep the order they had.
func (b *binder) sorted(r *rows, keys []plan.SortKey, limit plan.Expr) *rows {
	if seq := r.sequence(); seq != nil {
		keys = append(keys, plan.SortKey{Expr: ref(*seq), NullsFirst: true})
	}
	ord := b.newCol("$ord", types.Long)
	n := r.with(&plan.Sort{In: r.node, Keys: keys, Limit: limit, Partition: r.partIDs(), Ord: ord}, r.cols)
	n.ord = &ord
	return n
}

func (b *binder) opSort(r *rows, op *syntax.Sort, env *scope) *rows {
	return b.sorted(r, b.sortKeys(r, op.Keys, &context{env: env, in: r}), nil)
}

// rowCount binds the N of take, top and their kin.
func (b *binder) rowCount(x syntax.Expr, env *scope) plan.Expr {
	e := b.scalar(x, &context{env: env, constant: true})
	if e.Type() == types.Dynamic {
		e = b.convert(e, types.Long, x)
	}
	if t := e.Type(); !t.Integer() && t != types.Unknown {
		b.report(x.Pos(), errType("an integer", t))
		return plan.Const{T: types.Long, Value: int64(0)}
	}
	return b.convert(e, types.Long, x)
}

func (b *binder) opTop(r *rows, op *syntax.Top, env *scope) *rows {
	return b.sorted(r, b.sortKeys(r, op.Keys, &context{env: env, in: r}), b.rowCount(op.N, env))
}

func (b *binder) opTake(r *rows, op *syntax.Take, env *scope) *rows {
	return b.take(r, b.rowCount(op.N, env))
}

// take keeps n rows, the first ones when they are in an order.
func (b *binder) take(r *rows, n plan.Expr) *rows {
	if len(r.part) > 0 {
		var keys []plan.SortKey
		if seq := r.sequence(); seq != nil {
			keys = []plan.SortKey{{Expr: ref(*seq), NullsFirst: true}}
		}
		t := b.sorted(r.unordered(), keys, n)
		t.ord = r.ord
		return t
	}
	return r.with(&plan.Limit{In: r.node, N: n, Order: r.sequence()}, r.cols)
}

// opSample takes rows at random.
func (b *binder) opSample(r *rows, op *syntax.Sample, env *scope) *rows {
	return b.random(r, b.rowCount(op.N, env))
}

func (b *binder) random(r *rows, n plan.Expr) *rows {
	rnd := b.make(builtin.RandomRow, b.table.Scalar(builtin.RandomRow), nil, b.text0(), nil)
	s := b.sorted(r.unordered(), []plan.SortKey{{Expr: rnd}}, n)
	s.ord = r.ord
	return s
}

func (b *binder) opSampleDistinct(r *rows, op *syntax.SampleDistinct, env *scope) *rows {
	n := b.rowCount(op.N, env)
	keys := b.groupKeys(r, []syntax.Expr{op.Of}, env, newNames())
	return b.take(b.group(r, keys, &aggregates{in: r}, nil), n)
}

func (b *binder) opCount(r *rows, op *syntax.Count) *rows {
	agg := &aggregates{in: r}
	rows := b.table.Aggregate(builtin.CountRow)
	res, _ := builtin.Resolve(rows, nil)
	name := "Count"
	if op.As != nil {
		name = op.As.Text
	}
	col := b.newCol(name, types.Long)
	agg.items = []plan.Item{{Col: col, Expr: &plan.Call{Row: res.Row, T: types.Long}}}
	return b.group(r, nil, agg, []plan.Item{pass(col)})
}
