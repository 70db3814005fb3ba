package bind

import (
	"quarry/kql/plan"
	"quarry/kql/syntax"
)

// operator binds one operator over r (nil when it starts the query). It returns the
// scope for what follows, which "as" extends.
func (b *binder) operator(r *rows, op syntax.Op, env *scope) (*rows, *scope) {
	if r == nil && !starts(op) {
		b.fail(op.Keyword(), errValue("this operator needs a table before it", "write the table first, as in T | where ..."))
	}
	if r != nil && r.graph != nil {
		return b.graphOperator(r, op, env), env
	}
	switch op := op.(type) {
	case *syntax.Where:
		return b.opWhere(r, op, env), env
	case *syntax.Project:
		return b.opProject(r, op, env), env
	case *syntax.ProjectReorder:
		return b.opReorder(r, op), env
	case *syntax.Summarize:
		return b.opSummarize(r, op, env), env
	case *syntax.Distinct:
		return b.opDistinct(r, op, env), env
	case *syntax.Count:
		return b.opCount(r, op), env
	case *syntax.Sort:
		return b.opSort(r, op, env), env
	case *syntax.Top:
		return b.opTop(r, op, env), env
	case *syntax.TopNested:
		return b.opTopNested(r, op, env), env
	case *syntax.TopHitters:
		return b.opTopHitters(r, op, env), env
	case *syntax.Take:
		return b.opTake(r, op, env), env
	case *syntax.Sample:
		return b.opSample(r, op, env), env
	case *syntax.SampleDistinct:
		return b.opSampleDistinct(r, op, env), env
	case *syntax.Join:
		return b.opJoin(r, op, env), env
	case *syntax.Union:
		return b.opUnion(r, op, env), env
	case *syntax.MvExpand:
		return b.opMvExpand(r, op, env), env
	case *syntax.MvApply:
		return b.opMvApply(r, op, env), env
	case *syntax.ParseOp:
		return b.opParse(r, op, env), env
	case *syntax.ParseKV:
		return b.opParseKV(r, op, env), env
	case *syntax.MakeSeries:
		return b.opMakeSeries(r, op, env), env
	case *syntax.Partition:
		return b.opPartition(r, op, env), env
	case *syntax.Scan:
		return b.opScan(r, op, env), env
	case *syntax.As:
		return b.opAs(r, op, env)
	case *syntax.Consume:
		return b.opConsume(r, op), env
	case *syntax.Fork:
		return b.opFork(r, op, env), env
	case *syntax.Facet:
		return b.opFacet(r, op, env), env
	case *syntax.Find:
		return b.opFind(r, op, env), env
	case *syntax.Search:
		return b.opSearch(r, op, env), env
	case *syntax.Range:
		return b.opRange(op, env), env
	case *syntax.PrintOp:
		return b.opPrint(op, env), env
	case *syntax.GetSchema:
		return b.opGetSchema(r), env
	case *syntax.Render:
		return b.opRender(r, op), env
	case *syntax.Invoke:
		return b.opInvoke(r, op, env), env
	case *syntax.Reduce:
		return b.opReduce(r, op, env), env
	case *syntax.Evaluate:
		return b.opEvaluate(r, op, env), env
	case *syntax.MakeGraph:
		return b.opMakeGraph(r, op, env), env
	case *syntax.AssertSchema:
		return b.opAssertSchema(r, op), env
	case *syntax.Unsupported:
		b.fail(op.Keyword(), errRefused(op.Name, "Quarry does not run this operator"))
	}
	b.fail(op.Keyword(), errRefused("this operator", "it is not allowed here"))
	return nil, nil
}

// starts reports the operators that need no table before them.
func starts(op syntax.Op) bool {
	switch op := op.(type) {
	case *syntax.Union, *syntax.Search, *syntax.Find, *syntax.Range, *syntax.PrintOp, *syntax.Evaluate, *syntax.Unsupported:
		return true
	case *syntax.MakeGraph:
		return op.Sub != nil
	}
	return false
}

func (b *binder) opWhere(r *rows, op *syntax.Where, env *scope) *rows {
	pred := b.condition(op.X, &context{env: env, in: r, filter: true})
	return r.with(&plan.Filter{In: r.node, Pred: pred, Order: r.ord}, r.cols)
}
