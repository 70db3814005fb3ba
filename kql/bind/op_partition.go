package bind

import (
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// opPartition runs a sub-query over the rows of each value of a column. The column
// becomes a hidden one that every operator of the sub-query works within.
func (b *binder) opPartition(r *rows, op *syntax.Partition, env *scope) *rows {
	by := b.scalar(op.By, &context{env: env, in: r})
	if by.Type() == types.Dynamic {
		b.report(op.By.Pos(), errDynamicKey("a partition key"))
		return r
	}
	key := b.newCol("$part", by.Type())
	in := r.project(append(r.passAll(), plan.Item{Col: key, Expr: by}))
	in.cols = in.cols[:len(r.cols)]
	in.part = append(append([]plan.Col{}, r.part...), key)
	sub, ok := op.Sub.(*syntax.Pipe)
	if !ok || sub.Source != nil {
		return b.partitionApart(r, op, by, env)
	}
	res := b.pipe(sub, in, env)
	res.part = res.part[:len(r.part)]
	return res
}

// maxApart is how many partitions a sub-query with a source of its own is run for;
// Kusto's limit is the same.
const maxApart = 64

// partitionApart runs a sub-query that has a source of its own once for each value,
// under the name of the partition column. The values are read now.
func (b *binder) partitionApart(r *rows, op *syntax.Partition, by plan.Expr, env *scope) *rows {
	name := b.autoName(op.By)
	if len(r.part) > 0 || name == "" {
		b.fail(op.Keyword(), errRefused("partition with its own source", "it needs a column, and stands in no other sub-query"))
	}
	distinct := b.group(r.plain(), []plan.Item{{Col: b.newCol(name, by.Type()), Expr: by}}, &aggregates{in: r}, nil)
	values, err := b.cat.Rows(&plan.Root{Node: distinct.node, Cols: distinct.cols, Shared: b.shared})
	if err != nil {
		b.unread(op.Keyword(), "partition", err)
	}
	if len(values.Values) > maxApart {
		b.fail(op.By.Pos(), errRefused("partition with its own source", "there are "+plural(len(values.Values), "partition")+", more than "+itoa(maxApart)))
	}
	run := func(v types.Value) *rows {
		k := plan.Const{T: by.Type(), Value: v}
		return b.tabular(op.Sub, env.with(name, &binding{name: name, expr: k}))
	}
	var all []*rows
	for _, row := range values.Values {
		all = append(all, run(row[0]))
	}
	if len(all) == 0 { // the columns are known without a row
		none := run(zero(by.Type()).Value)
		return none.with(&plan.Filter{In: none.node, Pred: plan.Const{T: types.Bool, Value: false}}, none.cols)
	}
	return b.unionAll(all, unionOptions{})
}

// opFork gives one result for each sub-query over the same rows.
func (b *binder) opFork(r *rows, op *syntax.Fork, env *scope) *rows {
	def := b.share("$fork", r)
	def.shared.Once = true
	var first *rows
	for i, p := range op.Prongs {
		res := b.pipe(p.Pipe, b.read(def), env)
		if i == 0 {
			first = res
		} else {
			b.more = append(b.more, b.root(res))
		}
	}
	return first
}

// opFacet gives the values of each column with their counts, and the rows of an
// optional sub-query, as separate results.
func (b *binder) opFacet(r *rows, op *syntax.Facet, env *scope) *rows {
	def := b.share("$facet", r)
	def.shared.Once = true
	var first *rows
	add := func(res *rows) {
		if first == nil {
			first = res
		} else {
			b.more = append(b.more, b.root(res))
		}
	}
	for _, x := range op.By {
		counted := &syntax.Call{At: syntax.At{Span: x.Pos()}, Name: &syntax.Name{At: syntax.At{Span: x.Pos()}, Text: "count"}}
		add(b.opSummarize(b.read(def), &syntax.Summarize{OpAt: op.OpAt, Aggs: []syntax.Expr{counted}, By: []syntax.Expr{x}}, env))
	}
	if op.With != nil {
		add(b.pipe(op.With, b.read(def), env))
	}
	return first
}
