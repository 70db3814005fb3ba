package bind

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// funnel reads what both funnel plug-ins take.
func (p *plugin) funnel() (f *builtin.Funnel, timeName, stateName string, see []plan.Expr, t, step types.Type) {
	b := p.b
	_, id := p.column("id")
	timeName, at, t, step := p.timeline("timeline")
	stateName, state := p.column("state")
	f = &builtin.Funnel{}
	p.period(&f.Activity, t)
	p.window(&f.Activity, "bin", t, step)
	for _, s := range p.list("sequence") {
		f.Sequence = append(f.Sequence, s.Text())
	}
	if len(f.Sequence) == 0 {
		b.fail(p.at("sequence"), errValue("the sequence is empty", "write dynamic([\"A\", \"B\"])"))
	}
	return f, timeName, stateName, []plan.Expr{id, at, b.convertTo(state, types.String, p.at("state"))}, t, step
}

// list is a constant array.
func (p *plugin) list(name string) []types.Dyn {
	text, _ := p.value(p.given[name], name, types.Dynamic).Value.(string)
	d, _ := types.ParseDyn(text)
	if d.Kind() != types.DynArray {
		p.b.fail(p.at(name), errValue(name+" must be a dynamic array", ""))
	}
	return d.Items()
}

// funnelSequence gives three results: by the states before and after the sequence, by
// those before, by those after.
func (p *plugin) funnelSequence() *rows {
	b := p.b
	f, timeName, _, see, t, step := p.funnel()
	f.MaxStep = p.ticks("maxStep", step, true)
	def := b.share("$funnel", p.r)
	def.shared.Once = true
	result := func(table builtin.FunnelTable, names ...any) *rows {
		in := b.read(def)
		mapped := map[plan.ID]plan.Col{}
		for i, c := range in.cols {
			mapped[def.shared.Cols[i].ID] = c
		}
		over := make([]plan.Expr, len(see))
		for i, e := range see {
			over[i] = rename(e, mapped)
		}
		q := *p
		q.r = in
		u := newNames()
		out := append([]plan.Col{b.newCol(u.add(timeName), t)}, b.measures(u, append(names, "dcount", types.Long, "samples", types.Dynamic)...)...)
		return q.runOver(over, out, func(env *builtin.Env, rows builtin.Rows, emit func([]types.Value) error) error {
			return f.Around(env, rows, table, see[0].Type(), emit)
		})
	}
	first := result(builtin.PrevNext, "prev", types.String, "next", types.String)
	for _, more := range []*rows{result(builtin.PrevOnly, "prev", types.String), result(builtin.NextOnly, "next", types.String)} {
		b.more = append(b.more, b.root(more))
	}
	return first
}

func (p *plugin) funnelCompletion() *rows {
	f, timeName, stateName, see, t, step := p.funnel()
	for _, d := range p.list("periods") {
		v, ok := d.Int()
		if step == types.Timespan {
			v, ok = types.ParseTimespan(d.Text())
		}
		if !ok || v < 0 {
			p.b.fail(p.at("periods"), errValue("a period must be a "+step.String(), ""))
		}
		f.Periods = append(f.Periods, v)
	}
	u := newNames()
	out := append([]plan.Col{p.b.newCol(u.add(timeName), t)}, p.b.measures(u, stateName, types.String, "Period", step, "dcount", types.Long)...)
	return p.runOver(see, out, f.Completion)
}

// sequenceDetect takes conditions and dimensions in one list: what is a bool is a
// condition.
func (p *plugin) sequenceDetect() *rows {
	b := p.b
	timeName, at, t, step := p.timeline("timeline")
	maxStep, maxSpan := p.ticks("maxStep", step, true), p.ticks("maxSpan", step, true)
	see := []plan.Expr{at}
	var labels []string
	var dims []syntax.Expr
	for _, x := range p.rest {
		name, e := p.expr(x)
		if e.Type() == types.Bool {
			see, labels = append(see, e), append(labels, name)
			continue
		}
		dims = append(dims, x)
	}
	if len(labels) == 0 {
		b.fail(p.op.Plugin.Span, errArguments(p.name+" needs a condition for each step"))
	}
	p.rest = dims
	names := newNames()
	out, dimExprs := p.dimensions(names)
	for _, l := range labels {
		out = append(out, b.newCol(names.add(l+"_"+timeName), t))
	}
	out = append(out, b.newCol(names.add("Duration"), step))
	n := len(labels)
	return p.runOver(append(see, dimExprs...), out, func(env *builtin.Env, in builtin.Rows, emit func([]types.Value) error) error {
		return builtin.DetectSequences(env, in, n, maxStep, maxSpan, emit)
	})
}
