package bind

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// opTopHitters counts the values of a column, or sums another by them, and keeps the
// greatest. Kusto approximates; here the figures are exact, within what it promises.
func (b *binder) opTopHitters(r *rows, op *syntax.TopHitters, env *scope) *rows {
	names := newNames()
	keys := b.groupKeys(r, []syntax.Expr{op.Of}, env, names)
	agg := &aggregates{in: r}
	name, row := "approximate_count_", builtin.CountRow
	var args []plan.Expr
	label := op.Of
	if op.By != nil {
		name, row, label = "approximate_sum_", builtin.SumRow, op.By
		args = []plan.Expr{b.scalar(op.By, &context{env: env, in: r})}
	}
	res, miss := builtin.Resolve(b.table.Aggregate(row), b.infos(args))
	if miss != nil {
		b.fail(op.By.Pos(), errArguments(miss.Message))
	}
	col := b.newCol(names.add(name+b.autoName(label)), res.Result)
	agg.items = []plan.Item{{Col: col, Expr: &plan.Call{Row: res.Row, Args: args, T: res.Result}}}
	out := b.group(r, keys, agg, []plan.Item{pass(col)})
	return b.sorted(out, []plan.SortKey{{Expr: ref(col), Desc: true}}, b.rowCount(op.N, env))
}

// opTopNested keeps the best groups at each level within those of the level above,
// with their aggregate; "others" adds a row for what was left out.
func (b *binder) opTopNested(r *rows, op *syntax.TopNested, env *scope) *rows {
	if len(r.part) > 0 {
		b.fail(op.Keyword(), errRefused("top-nested", "it is not supported inside mv-apply and partition"))
	}
	def := b.share("$nested", r.unordered())
	names := newNames()
	var above *definition // the levels so far: their keys and aggregates
	var labels []string
	for i, level := range op.Levels {
		in := b.read(def)
		in.ord = nil
		t := &nestedLevel{binder: b, op: op, level: level, env: env, index: i, names: names}
		res := t.bind(in, def, above)
		labels = append(labels, t.keyName, t.aggName)
		above = b.share("$level", res)
	}
	out := b.read(above)
	var items []plan.Item
	for i, c := range out.cols {
		if i < len(labels) {
			c.Name = labels[i]
			items = append(items, plan.Item{Col: c, Expr: ref(c)})
		}
	}
	return out.project(items)
}

// nestedLevel binds one clause of top-nested.
type nestedLevel struct {
	*binder
	op               *syntax.TopNested
	level            syntax.TopNestedLevel
	env              *scope
	index            int
	names            *uniqueNames
	keyName, aggName string
}

// bind gives the rows of the levels up to this one: for each level its key and its
// aggregate, in order.
func (t *nestedLevel) bind(in *rows, def, above *definition) *rows {
	c := &context{env: t.env, in: in}
	x := t.level.Of
	t.keyName = t.autoName(x)
	if as, ok := x.(*syntax.Assign); ok {
		t.keyName, x = as.Names[0].Text, as.X
	}
	if t.keyName == "" {
		t.keyName = freeColumn(t.names)
	} else {
		t.keyName = t.names.add(t.keyName)
	}
	key := t.scalar(x, c)
	if key.Type() == types.Dynamic {
		t.report(x.Pos(), errDynamicKey("a top-nested column"))
	}
	joined, parents := t.underParents(in, above)
	keyCol := t.newCol(t.keyName, key.Type())
	keys := append(append([]plan.Item{}, parents...), plan.Item{Col: keyCol, Expr: key})
	agg := &aggregates{in: joined, outside: true, names: t.names}
	aggX := t.level.By.X
	t.aggName = "aggregated_" + t.keyName
	if as, ok := aggX.(*syntax.Assign); ok {
		t.aggName, aggX = as.Names[0].Text, as.X
	}
	t.aggName = t.names.add(t.aggName)
	value := t.scalar(aggX, &context{env: t.env, in: joined, aggs: agg})
	aggCol := t.newCol(t.aggName, value.Type())
	grouped := t.group(joined, keys, agg, []plan.Item{{Col: aggCol, Expr: value}})
	if t.level.N == nil {
		return grouped
	}
	desc := t.level.By.Desc == nil || *t.level.By.Desc
	ord := t.newCol("$ord", types.Long)
	sort := &plan.Sort{In: grouped.node, Keys: []plan.SortKey{{Expr: ref(aggCol), Desc: desc, NullsFirst: !desc}}, Limit: t.rowCount(t.level.N, t.env), Ord: ord}
	for _, p := range parents {
		sort.Partition = append(sort.Partition, p.Col.ID)
	}
	top := grouped.with(sort, grouped.cols)
	if t.level.Others == nil {
		return top
	}
	return t.withOthers(top, def, above, aggX)
}

// underParents joins the input with the groups kept above it. parents are the items
// that carry those groups' columns.
func (t *nestedLevel) underParents(in *rows, above *definition) (*rows, []plan.Item) {
	if above == nil {
		return in, nil
	}
	up := t.read(above)
	join := &plan.Join{Kind: plan.Inner, L: in.node, R: up.node}
	var parents []plan.Item
	for i, c := range up.cols {
		if i%2 == 0 {
			join.On = append(join.On, plan.Pair{L: t.keyAt(i/2, in), R: ref(c)})
		}
		parents = append(parents, plan.Item{Col: t.newCol(c.Name, c.Type), Expr: ref(c)})
	}
	return in.with(join, in.cols), parents
}

// keyAt is the key expression of an earlier level over the input.
func (t *nestedLevel) keyAt(level int, in *rows) plan.Expr {
	x := t.op.Levels[level].Of
	if as, ok := x.(*syntax.Assign); ok {
		x = as.X
	}
	return t.scalar(x, &context{env: t.env, in: in})
}

// withOthers adds, for each group above, one row that aggregates what was left out.
func (t *nestedLevel) withOthers(top *rows, def, above *definition, aggX syntax.Expr) *rows {
	kept := t.share("$kept", top.unordered())
	out := t.read(kept)
	in := t.read(def)
	in.ord = nil
	rest, parents := t.underParents(in, above)
	anti := &plan.Join{Kind: plan.LeftAnti, L: rest.node}
	probe := t.read(kept)
	anti.R = probe.node
	for i := 0; i <= t.index; i++ {
		anti.On = append(anti.On, plan.Pair{L: t.keyAt(i, in), R: ref(probe.cols[2*i])})
	}
	rest = rest.with(anti, rest.cols)
	agg := &aggregates{in: rest, outside: true, names: newNames()}
	value := t.scalar(aggX, &context{env: t.env, in: rest, aggs: agg})
	label := t.convert(t.scalar(t.level.Others, &context{env: t.env, constant: true}), top.cols[len(top.cols)-2].Type, t.level.Others)
	keyCol, aggCol := t.newCol(t.keyName, label.Type()), t.newCol(t.aggName, value.Type())
	keys := parents
	if len(keys) == 0 { // no row when nothing was left out
		keys = []plan.Item{{Col: t.newCol("$all", types.Long), Expr: plan.Const{T: types.Long, Value: int64(1)}}}
	}
	others := t.group(rest, keys, agg, []plan.Item{{Col: keyCol, Expr: label}, {Col: aggCol, Expr: value}})
	if len(parents) == 0 {
		others = others.project(others.passAll()[1:])
	}
	for i := range others.cols {
		others.cols[i].Name = out.cols[i].Name
	}
	return t.unionAll([]*rows{out, others}, unionOptions{})
}
