package bind

import (
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// opMakeSeries binds make-series: rows are aggregated per group and bin, then the
// bins of a group are laid out over the whole axis with the default in the gaps.
func (b *binder) opMakeSeries(r *rows, op *syntax.MakeSeries, env *scope) *rows {
	c := &context{env: env, in: r}
	onName := b.autoName(op.On)
	onExpr := op.On
	if as, ok := op.On.(*syntax.Assign); ok {
		onName, onExpr = as.Names[0].Text, as.X
	}
	on := b.scalar(onExpr, c)
	axisType := on.Type()
	stepType := axisType
	switch axisType {
	case types.Datetime:
		stepType = types.Timespan
	case types.Int:
		axisType, stepType = types.Long, types.Long
	case types.Long, types.Real, types.Timespan:
	case types.Unknown:
		panic(bail{})
	default:
		b.fail(op.On.Pos(), errType("a datetime, timespan or number", axisType))
	}
	outer := &context{env: env, constant: true}
	bound := func(x syntax.Expr, t types.Type) plan.Expr {
		if x == nil {
			return nil
		}
		e := b.scalar(x, outer)
		if et := e.Type(); et != t && et != types.Unknown && et != types.Dynamic && !(et.Numeric() && t.Numeric()) {
			b.report(x.Pos(), errType("a "+t.String(), et))
			return unknown
		}
		return b.convert(e, t, x)
	}
	from, to, step := bound(op.From, axisType), bound(op.To, axisType), bound(op.Step, stepType)
	if k, ok := step.(plan.Const); ok && step != nil {
		if v, isInt := k.Value.(int64); isInt && v <= 0 {
			b.fail(op.Step.Pos(), errValue("the step must be greater than zero", ""))
		}
	}
	if step == nil {
		b.fail(op.Keyword(), errValue("make-series needs a step", "write: on Column from A to B step S"))
	}
	if op.InRange && to != nil { // the end of in range() is part of the axis
		to = b.apply("+", op.Keyword(), []plan.Expr{to, step}, nil)
	}
	// The input is read twice when an end of the axis comes from the data.
	onCol := b.newCol("$on", axisType)
	in := r.project(append(r.passAll(), plan.Item{Col: onCol, Expr: b.convertTo(on, axisType, onExpr.Pos())}))
	if from == nil || to == nil {
		in, onCol, from, to = b.axisFromData(in, onCol, from, to, step, r)
	}
	spans := []source.Span{op.On.Pos(), op.On.Pos()}
	inside := b.apply("and", op.Keyword(), []plan.Expr{
		b.apply(">=", op.Keyword(), []plan.Expr{ref(onCol), from}, spans),
		b.apply("<", op.Keyword(), []plan.Expr{ref(onCol), to}, spans)}, nil)
	in = in.with(&plan.Filter{In: in.node, Pred: inside}, in.cols)

	names := newNames()
	keys := b.groupKeys(in, op.By, env, names)
	bin := b.newCol("$bin", types.Long)
	binExpr := b.make(builtin.BinRow, b.table.Scalar(builtin.BinRow), []plan.Expr{ref(onCol), from, step}, op.Keyword(), nil)
	agg := &aggregates{in: in, outside: true, names: names}
	var values []plan.Item
	for _, a := range op.Aggs {
		values = append(values, b.aggregateItem(a.X, in, agg, env, names)...)
	}
	perBin := b.group(in, append(append([]plan.Item{}, keys...), plan.Item{Col: bin, Expr: binExpr}), agg, values)

	// One row a group, even without keys; no rows without points.
	node := &plan.Aggregate{In: perBin.node}
	for _, p := range r.part {
		node.Keys = append(node.Keys, pass(p))
	}
	for _, k := range keys {
		node.Keys = append(node.Keys, pass(k.Col))
	}
	if len(node.Keys) == 0 {
		node.Keys = append(node.Keys, plan.Item{Col: b.newCol("$all", types.Long), Expr: plan.Const{T: types.Long, Value: int64(1)}})
	}
	pointsRow := b.table.Aggregate(builtin.PointsRow)[0]
	var points []plan.Col
	for _, v := range values {
		col := b.newCol(v.Col.Name, types.Dynamic)
		call := &plan.Call{Row: pointsRow, Args: []plan.Expr{ref(bin), b.convertTo(ref(v.Col), types.Dynamic, op.Keyword())}, T: types.Dynamic}
		node.Aggs = append(node.Aggs, plan.Item{Col: col, Expr: call})
		points = append(points, col)
	}
	out := &rows{node: node, part: r.part}
	b.keepArrival(perBin, node, out)
	count := b.bins(op, from, to, step)
	var items []plan.Item
	for _, k := range keys {
		items = append(items, pass(k.Col))
	}
	for i, v := range values {
		fill := b.seriesDefault(op, i, len(values), v.Col.Type, env)
		series := b.make(builtin.SeriesRow, b.table.Scalar(builtin.SeriesRow), []plan.Expr{ref(points[i]), fill, count}, op.Keyword(), nil)
		items = append(items, plan.Item{Col: b.newCol(v.Col.Name, types.Dynamic), Expr: series})
	}
	axis := b.make(builtin.AxisRow, b.table.Scalar(builtin.AxisRow), []plan.Expr{from, step, count}, op.Keyword(), nil)
	if onName == "" {
		onName = freeColumn(names)
	} else {
		onName = names.add(onName)
	}
	items = append(items, plan.Item{Col: b.newCol(onName, types.Dynamic), Expr: axis})
	res := out.project(items)
	if strings.EqualFold(word(op.Param("kind"), ""), "nonempty") && len(keys) == 0 && len(r.part) == 0 {
		return b.nonEmpty(res, op, items, values, axis, count, env)
	}
	return res
}

// bins counts the bins of the axis. One that cannot be is refused here if its ends are
// known, else when they are.
func (b *binder) bins(op *syntax.MakeSeries, from, to, step plan.Expr) plan.Expr {
	var ends [3]types.Value
	for i, e := range []plan.Expr{from, to, step} {
		if k, ok := e.(plan.Const); ok {
			ends[i] = k.Value
		}
	}
	if ends[0] != nil && ends[1] != nil && ends[2] != nil {
		if _, problem := builtin.Bins(ends[0], ends[1], ends[2]); problem != "" {
			b.fail(op.Step.Pos(), errValue("make-series: "+problem, ""))
		}
	}
	place := plan.Const{T: types.String, Value: b.place()}
	return b.make(builtin.BinsRow, b.table.Scalar(builtin.BinsRow), []plan.Expr{from, to, step, place}, op.Keyword(), nil)
}

// nonEmpty adds the series of defaults when there is no other row.
func (b *binder) nonEmpty(res *rows, op *syntax.MakeSeries, items, values []plan.Item, axis, count plan.Expr, env *scope) *rows {
	def := b.share("$series", res)
	main, probe := b.read(def), b.read(def)
	countRow, _ := builtin.Resolve(b.table.Aggregate(builtin.CountRow), nil)
	n := b.newCol("Count", types.Long)
	empty := &plan.Filter{In: &plan.Aggregate{In: probe.node, Aggs: []plan.Item{{Col: n, Expr: &plan.Call{Row: countRow.Row, T: types.Long}}}},
		Pred: b.apply("==", op.Keyword(), []plan.Expr{ref(n), plan.Const{T: types.Long, Value: int64(0)}}, nil)}
	var fill []plan.Item
	none := plan.Const{T: types.Dynamic, Value: "[]"}
	for i, v := range values {
		series := b.make(builtin.SeriesRow, b.table.Scalar(builtin.SeriesRow), []plan.Expr{none, b.seriesDefault(op, i, len(values), v.Col.Type, env), count}, op.Keyword(), nil)
		fill = append(fill, plan.Item{Col: b.newCol(v.Col.Name, types.Dynamic), Expr: series})
	}
	fill = append(fill, plan.Item{Col: b.newCol(items[len(items)-1].Col.Name, types.Dynamic), Expr: axis})
	defaults := (&rows{node: empty}).project(fill)
	return b.unionAll([]*rows{main, defaults}, unionOptions{})
}

// seriesDefault is what fills the gaps of the i-th aggregate: its own default, the
// one written last, or zero.
func (b *binder) seriesDefault(op *syntax.MakeSeries, i, n int, t types.Type, env *scope) plan.Expr {
	if i < len(op.Aggs) && len(op.Aggs) == n {
		if d := op.Aggs[i].Default; d != nil {
			if k, ok := b.constant(d, env, "the default"); ok {
				if k.T.Numeric() && t.Numeric() && k.T != t && k.Value != nil {
					if c, ok := b.convertTo(k, t, d.Pos()).(plan.Const); ok {
						k = c
					}
				}
				return b.convertTo(k, types.Dynamic, d.Pos())
			}
		}
	}
	switch t {
	case types.Real:
		return plan.Const{T: types.Dynamic, Value: "0.0"}
	case types.Int, types.Long, types.Decimal:
		return plan.Const{T: types.Dynamic, Value: "0"}
	}
	return plan.Const{T: types.Dynamic}
}

// axisFromData takes the missing ends of the axis from the smallest and the largest
// value.
func (b *binder) axisFromData(in *rows, onCol plan.Col, from, to, step plan.Expr, r *rows) (*rows, plan.Col, plan.Expr, plan.Expr) {
	in.cols = append(append([]plan.Col{}, in.cols...), in.part...)
	in.part = nil
	def := b.share("$input", in)
	main, probe := b.read(def), b.read(def)
	pos := func(rs *rows, id plan.ID) plan.Col {
		for i, c := range def.shared.Cols {
			if c.ID == id {
				return rs.cols[i]
			}
		}
		return plan.Col{}
	}
	end := func(name string) plan.Expr {
		res, _ := builtin.Resolve(b.table.Aggregate(name), []builtin.Arg{{Type: onCol.Type}})
		col := b.newCol(name, onCol.Type)
		return &plan.Subquery{Node: &plan.Aggregate{In: probe.node, Aggs: []plan.Item{{Col: col, Expr: &plan.Call{Row: res.Row, Args: []plan.Expr{ref(pos(probe, onCol.ID))}, T: onCol.Type}}}}, Col: col}
	}
	span := source.Span{}
	if from == nil {
		low := end(builtin.MinRow)
		from = b.make(builtin.FloorRow, b.table.Scalar(builtin.FloorRow), []plan.Expr{low, step}, span, nil)
	}
	if to == nil {
		// The last bin is the one of the largest value, counted from the start.
		high := end(builtin.MaxRow)
		idx := b.make(builtin.BinRow, b.table.Scalar(builtin.BinRow), []plan.Expr{high, from, step}, span, nil)
		next := b.apply("+", span, []plan.Expr{idx, plan.Const{T: types.Long, Value: int64(1)}}, nil)
		to = b.apply("+", span, []plan.Expr{from, b.convertTo(b.apply("*", span, []plan.Expr{step, next}, nil), step.Type(), span)}, nil)
	}
	newOn := pos(main, onCol.ID)
	out := &rows{node: main.node, cols: main.cols[:len(r.cols)]}
	for i := range r.part {
		out.part = append(out.part, main.cols[len(r.cols)+1+i])
	}
	if main.ord != nil {
		out.ord = main.ord
	}
	return out, newOn, from, to
}
