package bind

import (
	gocontext "context"
	"fmt"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// timeline binds the timeline column; its type is that of the window sizes, too, but
// for datetimes, which have timespans.
func (p *plugin) timeline(param string) (name string, e plan.Expr, t, step types.Type) {
	name, e = p.column(param)
	t = e.Type()
	switch t {
	case types.Datetime:
		return name, e, t, types.Timespan
	case types.Timespan, types.Long:
		return name, e, t, t
	case types.Int:
		return name, p.b.convertTo(e, types.Long, p.at(param)), types.Long, types.Long
	}
	p.b.fail(p.at(param), errType("a datetime, timespan or integer", t))
	return
}

// ticks is a constant of the timeline or of its windows; windows must be positive.
func (p *plugin) ticks(name string, t types.Type, positive bool) int64 {
	v, ok := p.constant(name, t, nil).Value.(int64)
	if !ok {
		p.b.fail(p.at(name), errValue(name+" must not be null", ""))
	}
	if positive && v <= 0 {
		p.b.fail(p.at(name), errValue(name+" must be greater than zero", ""))
	}
	return v
}

// window is the size of a window: a number, or "week", "month" or "year".
func (p *plugin) window(a *builtin.Activity, name string, t, step types.Type) {
	if l, ok := p.given[name].(*syntax.Literal); ok && l.Type == types.String && t == types.Datetime {
		unit, _ := l.Value.(string)
		switch unit {
		case "week", "month", "year":
			a.Unit = unit
			return
		}
		p.b.fail(p.at(name), errChoice("window", unit, []string{"week", "month", "year"}))
	}
	a.Step = p.ticks(name, step, true)
}

// period reads start and end.
func (p *plugin) period(a *builtin.Activity, t types.Type) {
	a.Start, a.End = p.ticks("start", t, false), p.ticks("end", t, false)
	if a.End < a.Start {
		p.b.fail(p.at("end"), errValue("the end lies before the start", ""))
	}
}

// dimensions binds the columns that slice the result.
func (p *plugin) dimensions(names *uniqueNames) (cols []plan.Col, exprs []plan.Expr) {
	for _, it := range p.items(p.rest) {
		name := it.Col.Name
		if name == "" {
			name = freeColumn(names)
		} else {
			name = names.add(name)
		}
		cols, exprs = append(cols, p.b.newCol(name, it.Expr.Type())), append(exprs, it.Expr)
	}
	return cols, exprs
}

// measures makes the result columns of names and types written in turn.
func (b *binder) measures(names *uniqueNames, list ...any) []plan.Col {
	var out []plan.Col
	for i := 0; i < len(list); i += 2 {
		out = append(out, b.newCol(names.add(list[i].(string)), list[i+1].(types.Type)))
	}
	return out
}

// activity binds the plug-ins that count ids over windows of time.
func (p *plugin) activity(op builtin.PluginOp) *rows {
	b := p.b
	_, id := p.column("id")
	name, at, t, step := p.timeline("timeline")
	names := newNames()
	out := []plan.Col{b.newCol(names.add(name), t)}
	dims, dimExprs := p.dimensions(names)
	out = append(out, dims...)
	a := &builtin.Activity{}
	p.period(a, t)
	var run func(*builtin.Env, builtin.Rows, func([]types.Value) error) error
	switch op {
	case builtin.ActivityCounts:
		p.window(a, "step", t, step)
		out = append(out, b.measures(names, "count", types.Long, "dcount", types.Long, "new_dcount", types.Long, "aggregated_dcount", types.Long)...)
		run = a.Counts
	case builtin.ActivityMetrics:
		p.window(a, "window", t, step)
		out = append(out, b.measures(names, "dcount_values", types.Long, "dcount_newvalues", types.Long, "retention_rate", types.Real, "churn_rate", types.Real)...)
		run = a.Metrics
	case builtin.ActivityEngagement:
		a.Step, a.Outer = p.ticks("inner", step, true), p.ticks("outer", step, true)
		out = append(out, b.measures(names, "dcount_activities_inner", types.Long, "dcount_activities_outer", types.Long, "activity_ratio", types.Real)...)
		run = a.Engagement
	case builtin.ActiveUsers:
		a.Lookback, a.Period, a.Periods = p.ticks("lookback", step, true), p.ticks("period", step, true), p.int("periods", 1)
		p.window(a, "bin", t, step)
		out = append(out, b.measures(names, "dcount", types.Long)...)
		run = a.Active
	case builtin.SessionCount:
		a.Step, a.Lookback = p.ticks("bin", step, true), p.ticks("lookback", step, true)
		out = append(out, b.measures(names, "count_sessions", types.Long)...)
		run = a.Sessions
	default:
		a.Lookback = p.ticks("lookback", step, true)
		a.Step = p.ticks("bin", step, true)
		out = append(out, b.measures(names, "Count", types.Long, "Dcount", types.Long)...)
		run = a.Sliding
	}
	return p.runOver(append([]plan.Expr{id, at}, dimExprs...), out, run)
}

// runOver adds a Go operator over one input.
func (p *plugin) runOver(see []plan.Expr, out []plan.Col, run func(*builtin.Env, builtin.Rows, func([]types.Value) error) error) *rows {
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		return run(env, in[0], emit)
	}
	return p.b.runGo(p.r.unordered(), goOp{name: p.name, see: see, out: out, whole: true, body: body})
}

// newActivity binds new_activity_metrics: what follows the window is a constant (the
// cohort), a table (ids that are not new) or a dimension.
func (p *plugin) newActivity() *rows {
	b := p.b
	_, id := p.column("id")
	name, at, t, step := p.timeline("timeline")
	a := &builtin.Activity{}
	p.period(a, t)
	p.window(a, "window", t, step)
	var cohort *int64
	var lookback []goInput
	var dims []syntax.Expr
	for i, x := range p.rest {
		if b.isTable(x, &context{env: p.env, in: p.r}) && i == len(p.rest)-1 {
			known := b.tabular(x, p.env)
			idName := b.autoName(p.given["id"])
			c, ok := known.find(idName)
			if !ok {
				b.fail(x.Pos(), errUnknownColumn(idName, known.names()))
			}
			if c.Type != id.Type() {
				b.fail(x.Pos(), errJoinTypes(idName, id.Type(), c.Type))
			}
			lookback = []goInput{{known, []plan.Col{c}}}
			continue
		}
		if _, e := p.expr(x); i == 0 && constantTree(e) {
			v, ok := p.value(x, "the cohort", t).Value.(int64)
			if ok {
				cohort = &v
			}
			continue
		}
		dims = append(dims, x)
	}
	p.rest = dims
	if len(p.r.part) > 0 && lookback != nil {
		b.fail(p.op.Keyword(), errRefused(p.name+" with a lookback table inside partition", "it reads the table once"))
	}
	names := newNames()
	out := b.measures(names, "from_"+name, t, "to_"+name, t)
	dimCols, dimExprs := p.dimensions(names)
	out = append(append(out, dimCols...), b.measures(names, "dcount_new_values", types.Long, "dcount_retained_values", types.Long,
		"dcount_churn_values", types.Long, "retention_rate", types.Real, "churn_rate", types.Real)...)
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		var known map[string]bool
		if len(in) > 1 {
			var err error
			if known, err = builtin.IDs(in[1]); err != nil {
				return err
			}
		}
		return a.Cohorts(env, in[0], known, cohort, emit)
	}
	return b.runGo(p.r.unordered(), goOp{name: p.name, see: append([]plan.Expr{id, at}, dimExprs...), out: out, whole: true, more: lookback, body: body})
}

// rollingPercentile binds rolling_percentile.
func (p *plugin) rollingPercentile() *rows {
	b := p.b
	valueName, value := p.column("value")
	switch t := value.Type(); {
	case t == types.Decimal:
		value = b.convertTo(value, types.Real, p.at("value"))
	case !t.Numeric() && t != types.Datetime && t != types.Timespan:
		b.fail(p.at("value"), errType("a number, datetime or timespan", t))
	}
	k := p.constant("percentile", types.Unknown, nil)
	percent, _ := p.value(p.given["percentile"], "percentile", types.Real).Value.(float64)
	if percent < 0 || percent > 100 {
		b.fail(p.at("percentile"), errValue("a percentile lies between 0 and 100", ""))
	}
	name, at, t, step := p.timeline("index")
	size := p.ticks("binSize", step, true)
	bins := p.int("bins", 1)
	if bins <= 0 {
		b.fail(p.at("bins"), errValue("bins must be greater than zero", ""))
	}
	names := newNames()
	out := []plan.Col{b.newCol(names.add(name), t)}
	dims, dimExprs := p.dimensions(names)
	label := strings.Join([]string{"rolling", itoa(int(bins)), "percentile", valueName, fmt.Sprint(k.Value)}, "_")
	out = append(append(out, dims...), b.newCol(names.add(label), value.Type()))
	return p.runOver(append([]plan.Expr{value, at}, dimExprs...), out, func(env *builtin.Env, in builtin.Rows, emit func([]types.Value) error) error {
		return builtin.RollingPercentiles(env, in, percent, size, bins, emit)
	})
}
