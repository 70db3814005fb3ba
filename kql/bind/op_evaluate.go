package bind

import (
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// plugin is one call of evaluate while it is bound.
type plugin struct {
	b     *binder
	r     *rows
	env   *scope
	op    *syntax.Evaluate
	name  string
	spec  []builtin.PluginParam
	given map[string]syntax.Expr // by parameter name
	rest  []syntax.Expr          // of the variadic parameter
}

func (b *binder) opEvaluate(r *rows, op *syntax.Evaluate, env *scope) *rows {
	name := op.Plugin.Name.Text
	spec, ok := b.table.Plugin(name)
	if !ok {
		var known []string
		for _, p := range b.table.Plugins() {
			known = append(known, p.Name())
		}
		b.fail(op.Plugin.Name.Span, errUnknownPlugin(name, known))
	}
	if spec.Unsupported != "" {
		b.fail(op.Plugin.Name.Span, errRefused("the plug-in "+name, spec.Unsupported))
	}
	if r == nil {
		b.fail(op.Keyword(), errValue("this operator needs a table before it", "write the table first, as in T | evaluate "+name+"(...)"))
	}
	p := &plugin{b: b, r: r, env: env, op: op, name: name, spec: spec.Params(), given: map[string]syntax.Expr{}}
	p.match()
	res := p.run(spec.Op)
	if b.failed {
		panic(bail{})
	}
	if op.Schema && spec.Op != builtin.BagUnpack && spec.Op != builtin.Pivot {
		res = p.declared(res)
	}
	return res
}

func (p *plugin) run(op builtin.PluginOp) *rows {
	if len(p.r.part) > 0 && (op == builtin.Preview || op == builtin.FunnelSequence) {
		p.b.fail(p.op.Keyword(), errRefused(p.name+" inside partition", "it gives several tables"))
	}
	switch op {
	case builtin.BagUnpack:
		return p.bagUnpack()
	case builtin.Pivot:
		return p.pivot()
	case builtin.Narrow:
		return p.narrow()
	case builtin.Preview:
		return p.preview()
	case builtin.Identity:
		return p.r
	case builtin.EstimateRows:
		return p.estimate()
	case builtin.SchemaMerge:
		return p.schemaMerge()
	case builtin.RowsNear:
		return p.rowsNear()
	case builtin.IPv4Lookup, builtin.IPv6Lookup:
		return p.ipLookup(op == builtin.IPv6Lookup)
	case builtin.GeoPolygonLookup, builtin.GeoLineLookup:
		return p.geoLookup(op == builtin.GeoLineLookup)
	case builtin.RollingPercentile:
		return p.rollingPercentile()
	case builtin.DcountIntersect:
		return p.dcountIntersect()
	case builtin.ActivityCounts, builtin.ActivityMetrics, builtin.ActivityEngagement, builtin.ActiveUsers, builtin.SessionCount, builtin.SlidingWindow:
		return p.activity(op)
	case builtin.NewActivity:
		return p.newActivity()
	case builtin.FunnelSequence:
		return p.funnelSequence()
	case builtin.FunnelCompletion:
		return p.funnelCompletion()
	case builtin.SequenceDetect:
		return p.sequenceDetect()
	case builtin.Autocluster, builtin.Basket, builtin.Diffpatterns:
		return p.patterns(op)
	}
	p.b.fail(p.op.Keyword(), errRefused("the plug-in "+p.name, "it is not allowed here"))
	return nil
}

// match gives each parameter its argument: by name, then by position. A bool literal
// after the variadic ones belongs to the parameter behind them.
func (p *plugin) match() {
	var positional []syntax.Expr
	for _, a := range p.op.Plugin.Args {
		as, ok := a.(*syntax.Assign)
		if ok && !as.Multi && len(as.Names) == 1 {
			if q, ok := p.param(as.Names[0].Text); ok && q.Kind != "expr" && !q.Variadic {
				p.given[q.Name] = as.X
				continue
			}
		}
		positional = append(positional, a)
	}
	for i, q := range p.spec {
		if p.given[q.Name] != nil {
			continue
		}
		if q.Variadic {
			after := p.spec[i+1:]
			for len(positional) > 0 && !(len(after) > 0 && isBoolLiteral(positional[0])) {
				p.rest, positional = append(p.rest, positional[0]), positional[1:]
			}
			continue
		}
		if len(positional) == 0 {
			if !q.Optional {
				p.b.fail(p.op.Plugin.Name.Span, errArguments(p.name+" needs a value for "+q.Name))
			}
			continue
		}
		if p.skips(q, positional) {
			continue
		}
		p.given[q.Name], positional = positional[0], positional[1:]
	}
	if len(positional) > 0 {
		p.b.fail(positional[0].Pos(), errArguments(p.name+" takes no further argument"))
	}
}

// skips reports an optional parameter whose place the argument cannot take: "~" asks
// for the default, and the optional ends of a period are left out by leaving them out.
func (p *plugin) skips(q builtin.PluginParam, args []syntax.Expr) bool {
	if q.Optional && q.Kind == "aggregate" {
		call, ok := args[0].(*syntax.Call)
		return !ok || p.b.table.Aggregate(call.Name.Text) == nil
	}
	return false
}

func isBoolLiteral(x syntax.Expr) bool {
	l, ok := x.(*syntax.Literal)
	return ok && l.Type == types.Bool
}

func (p *plugin) param(name string) (builtin.PluginParam, bool) {
	for _, q := range p.spec {
		if strings.EqualFold(q.Name, name) {
			return q, true
		}
	}
	return builtin.PluginParam{}, false
}

// has reports an argument that was written and is not "~", the mark of a default.
func (p *plugin) has(name string) bool {
	x := p.given[name]
	if l, ok := x.(*syntax.Literal); ok && l.Value == "~" {
		return false
	}
	return x != nil
}

func (p *plugin) at(name string) source.Span {
	if x := p.given[name]; x != nil {
		return x.Pos()
	}
	return p.op.Plugin.Name.Span
}

// column binds an argument over the input's columns and names it.
func (p *plugin) column(name string) (string, plan.Expr) { return p.expr(p.given[name]) }

// expr binds an expression over the input's columns; its name is the written one, or
// that of the column.
func (p *plugin) expr(x syntax.Expr) (string, plan.Expr) {
	name := p.b.autoName(x)
	if as, ok := x.(*syntax.Assign); ok && len(as.Names) == 1 {
		name, x = as.Names[0].Text, as.X
	}
	e := p.b.scalar(x, &context{env: p.env, in: p.r})
	if e.Type() == types.Unknown {
		p.b.failed = true
		panic(bail{})
	}
	return name, e
}

// items binds a list of expressions as columns.
func (p *plugin) items(list []syntax.Expr) []plan.Item {
	var out []plan.Item
	for _, x := range list {
		name, e := p.expr(x)
		out = append(out, plan.Item{Col: p.b.newCol(name, e.Type()), Expr: e})
	}
	return out
}

// constant evaluates an argument; without one it is def.
func (p *plugin) constant(name string, t types.Type, def types.Value) plan.Const {
	if !p.has(name) {
		return plan.Const{T: t, Value: def}
	}
	return p.value(p.given[name], name, t)
}

func (p *plugin) value(x syntax.Expr, name string, t types.Type) plan.Const {
	k, ok := p.b.constant(x, p.env, name)
	if !ok {
		panic(bail{})
	}
	if k.T == t || t == types.Unknown {
		return k
	}
	if !(k.T.Numeric() && t.Numeric()) && k.T != types.Dynamic {
		p.b.fail(x.Pos(), errType("a "+t.String()+" for "+name, k.T))
	}
	c, ok := p.b.convert(k, t, x).(plan.Const)
	if !ok {
		if c, ok = p.b.evaluate(p.b.convert(k, t, x)); !ok {
			p.b.fail(x.Pos(), errNotConstant(name))
		}
	}
	return c
}

func (p *plugin) int(name string, def int64) int64 {
	v, ok := p.constant(name, types.Long, def).Value.(int64)
	if !ok {
		p.b.fail(p.at(name), errValue(name+" must not be null", ""))
	}
	return v
}

func (p *plugin) real(name string, def float64) float64 {
	v, ok := p.constant(name, types.Real, def).Value.(float64)
	if !ok {
		p.b.fail(p.at(name), errValue(name+" must not be null", ""))
	}
	return v
}

func (p *plugin) flag(name string, def bool) bool {
	v, _ := p.constant(name, types.Bool, def).Value.(bool)
	return v
}

// table binds a tabular argument.
func (p *plugin) table(name string) *rows {
	x := p.given[name]
	if !p.b.isTabular(x, p.env) {
		p.b.fail(x.Pos(), errNotTable("this argument"))
	}
	return p.b.tabular(x, p.env)
}

// declared gives a result the columns of the written schema: "*" stands for all it has.
func (p *plugin) declared(r *rows) *rows {
	var items []plan.Item
	seen := map[string]bool{}
	for _, want := range p.op.Columns {
		seen[want.Name.Text] = true
	}
	if p.op.Star {
		for _, c := range r.cols {
			if !seen[c.Name] {
				items = append(items, pass(c))
			}
		}
	}
	for _, want := range p.op.Columns {
		c, ok := r.find(want.Name.Text)
		switch {
		case !ok:
			p.b.report(want.Span, errUnknownColumn(want.Name.Text, r.names()))
		case c.Type == want.Type:
			items = append(items, pass(c))
		default:
			items = append(items, plan.Item{Col: p.b.newCol(c.Name, want.Type), Expr: p.b.convertTo(ref(c), want.Type, want.Span)})
		}
	}
	return r.projectKeepingHidden(p.b, items)
}
