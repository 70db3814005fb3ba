package bind

import (
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// call binds a scalar call: a let function, an aggregate where they may stand, a
// scalar row, or a saved function.
func (b *binder) call(x *syntax.Call, c *context) plan.Expr {
	name := x.Name.Text
	if c.call != nil {
		if e, ok := c.call(x); ok {
			return e
		}
	}
	if bd := c.env.find(name); bd != nil && bd.fn != nil {
		return b.callLambda(bd, x, c)
	}
	if agg := b.table.Aggregate(name); agg != nil && (c.aggs != nil && c.aggs.outside || b.table.Scalar(name) == nil) {
		if c.aggs == nil || !c.aggs.outside {
			b.report(x.Name.Span, errAggregateHere(name))
			return unknown
		}
		return b.aggregate(x, agg, c)
	}
	rows := b.table.Scalar(name)
	if rows == nil {
		if f, ok := b.cat.Function(name); ok {
			return b.callLambda(savedBinding(f), x, c)
		}
		b.report(x.Name.Span, errUnknownFunction(name, append(b.table.Names(), c.env.all()...)))
		return unknown
	}
	if rows[0].Special != builtin.NotSpecial {
		return b.special(rows[0], x, c)
	}
	if rows[0].Kind == builtin.Window && (c.in == nil || c.in.ord == nil) {
		b.report(x.Name.Span, errNotSerialized(name))
		return unknown
	}
	args := make([]plan.Expr, len(x.Args))
	for i, a := range x.Args {
		args[i] = b.argument(a, c)
	}
	return b.make(name, rows, args, x.Name.Span, x.Args)
}

// argument binds one argument; a named one stands for its position.
func (b *binder) argument(a syntax.Expr, c *context) plan.Expr {
	if as, ok := a.(*syntax.Assign); ok && !as.Multi {
		return b.scalar(as.X, c)
	}
	if w, ok := a.(*syntax.Wildcard); ok {
		b.report(w.Span, errValue("* is not allowed here", ""))
		return unknown
	}
	if t, ok := a.(*syntax.TypeOf); ok && t.Columns == nil {
		return plan.Const{T: types.String, Value: t.Type.String()}
	}
	if b.isTable(a, c) {
		b.report(a.Pos(), errIsTable("this argument"))
		return unknown
	}
	return b.scalar(a, c)
}

// make resolves overloads and builds the call. written are the arguments in the
// text, for the places of messages; it may be nil.
func (b *binder) make(name string, rows []*builtin.Row, args []plan.Expr, at source.Span, written []syntax.Expr) plan.Expr {
	for _, a := range args {
		if a.Type() == types.Unknown {
			if miss := builtin.Arity(rows, len(args)); miss != nil {
				b.report(at, errArguments(miss.Message))
			}
			return unknown
		}
	}
	res, miss := builtin.Resolve(rows, b.infos(args))
	if miss != nil {
		if miss.Arg >= 0 && miss.Arg < len(written) {
			at = written[miss.Arg].Pos()
		}
		b.report(at, errArguments(miss.Message))
		return unknown
	}
	return b.finish(res, args, at)
}

// finish converts the arguments and folds constants.
func (b *binder) finish(res builtin.Resolved, args []plan.Expr, at source.Span) plan.Expr {
	r := res.Row
	if r.Unsupported != "" {
		b.report(at, errRefused(r.Name()+"()", r.Unsupported))
		return unknown
	}
	if r.Needs != "" && !b.provides(r.Needs) {
		// The call fails when it meets a row; a hunt reports the need before that.
		b.warn(at, errNeeds(r.Needs, ""))
	}
	conv := make([]plan.Expr, len(args))
	constant := true
	for i, a := range args {
		conv[i] = b.convertTo(a, res.Params[i], at)
		if _, ok := conv[i].(plan.Const); !ok {
			constant = false
		}
	}
	call := &plan.Call{Row: r, Args: conv, T: res.Result, Pos: at.Start}
	b.weigh(call, at)
	if constant && r.Go != nil && r.Expand == nil && r.Sem&builtin.Volatile == 0 && r.Kind != builtin.Aggregate && r.Kind != builtin.Window && !b.unfolded(r) {
		if k, ok := b.fold(call); ok {
			return k
		}
	}
	return call
}

// unfolded reports calls that stay although they could be computed now. A sign is
// always part of its number.
func (b *binder) unfolded(r *builtin.Row) bool {
	return b.opts.Unfolded && !(r.Kind == builtin.Infix && len(r.Params()) == 1)
}

// fold computes a call of constants with the row's Go form.
func (b *binder) fold(call *plan.Call) (k plan.Const, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false // left to the engine, which reports it in context
		}
	}()
	vals := make([]types.Value, len(call.Args))
	for i, a := range call.Args {
		vals[i] = a.(plan.Const).Value
	}
	return plan.Const{T: call.T, Value: builtin.CallGo(b.opts.Env, call.Row, call.T, vals)}, true
}

// convert makes e a value of type t or reports that it cannot be.
func (b *binder) convert(e plan.Expr, t types.Type, x syntax.Expr) plan.Expr {
	return b.convertTo(e, t, x.Pos())
}

func (b *binder) convertTo(e plan.Expr, t types.Type, at source.Span) plan.Expr {
	from := e.Type()
	if from == t || from == types.Unknown || t == types.Unknown {
		return e
	}
	if from == types.Int && t == types.Long {
		switch e := e.(type) {
		case plan.Const:
			e.T = t
			return e
		case plan.ColRef:
			e.T = t
			return e
		case *plan.Call: // int and long have one SQL form
			c := *e
			c.T = t
			return &c
		case *plan.Subquery:
			c := *e
			c.Col.Type = t
			return &c
		}
	}
	name := builtin.Convert(from, t)
	if name == "" {
		b.report(at, errNoConversion(from, t))
		return unknown
	}
	res, miss := builtin.Resolve(b.table.Scalar(name), b.infos([]plan.Expr{e}))
	if miss != nil || res.Params[0] == t { // a row that takes t itself is no conversion
		b.report(at, errNoConversion(from, t))
		return unknown
	}
	out := b.finish(builtin.Resolved{Row: res.Row, Params: res.Params, Result: t}, []plan.Expr{e}, at)
	return out
}

// provides reports whether something outside the query is configured.
func (b *binder) provides(need string) bool {
	_, ok := b.opts.Settings["provides:"+need]
	return ok
}

const maxCallDepth = 64

// enter counts nesting of functions; it fails the query when it is too deep.
func (b *binder) enter(name string, at source.Span) func() {
	b.depth++
	if b.depth > maxCallDepth {
		b.fail(at, errTooDeep(name))
	}
	if b.calls++; b.calls > maxCalls {
		b.fail(at, errTooLarge("the query", "functions are written out where they are called, and these call each other too often"))
	}
	return func() { b.depth-- }
}

func savedBinding(f *Function) *binding {
	return &binding{name: f.Name, fn: f.Lambda, text: f.Text, env: &scope{names: map[string]*binding{}}}
}

// callLambda binds a call of a let or saved function that gives a scalar.
func (b *binder) callLambda(bd *binding, x *syntax.Call, c *context) plan.Expr {
	defer b.enter(bd.name, x.Span)()
	env := b.bindArgs(bd, x, c)
	if env == nil {
		return unknown
	}
	defer b.inText(bd, x.Span)()
	env, final := b.body(bd.fn, env)
	if b.isTabular(final, env) {
		b.report(x.Span, errIsTable(bd.name+"()"))
		return unknown
	}
	inner := *c
	inner.env = env
	inner.in = nil
	return b.scalar(final, &inner)
}

// inText makes diagnostics inside a saved function point at the call, since the
// function's text is another one.
func (b *binder) inText(bd *binding, call source.Span) func() {
	if bd.text == nil {
		return func() {}
	}
	from, away, at := len(b.list.Items), b.away, b.at
	if !away {
		b.away, b.at = true, call
	}
	return func() {
		b.away, b.at = away, at
		for i := from; i < len(b.list.Items); i++ {
			d := &b.list.Items[i]
			if line, _ := bd.text.Position(d.Span.Start); !strings.HasPrefix(d.Message, "in ") {
				d.Message = "in " + bd.name + "() line " + itoa(line) + ": " + d.Message
			}
			d.Span = call
		}
	}
}

// body binds the let statements of a function and returns its final expression.
func (b *binder) body(fn *syntax.Function, env *scope) (*scope, syntax.Expr) {
	for _, st := range fn.Body {
		switch st := st.(type) {
		case *syntax.Let:
			env = env.with(st.Name.Text, b.letBinding(st.Name.Text, st.Value, env))
		case *syntax.Query:
			return env, st.X
		}
	}
	b.report(fn.Span, errValue("the function gives nothing", "its body ends with an expression: { let a = 1; a + 1 }"))
	return env, &syntax.Bad{At: fn.At}
}

// bindArgs gives the parameters of a function their values for one call. It
// returns nil after a report.
func (b *binder) bindArgs(bd *binding, x *syntax.Call, c *context) *scope {
	fn := bd.fn
	given := make([]syntax.Expr, len(fn.Params))
	pos := 0
	for _, a := range x.Args {
		if as, ok := a.(*syntax.Assign); ok && !as.Multi {
			i := paramIndex(fn.Params, as.Names[0].Text)
			if i < 0 {
				b.report(as.Names[0].Span, errUnknownName(as.Names[0].Text, paramNames(fn.Params)))
				return nil
			}
			given[i] = as.X
			continue
		}
		if pos >= len(fn.Params) {
			b.report(x.Name.Span, errArguments(bd.name+" takes "+plural(len(fn.Params), "argument")+", not "+itoa(len(x.Args))))
			return nil
		}
		given[pos] = a
		pos++
	}
	env := bd.env
	if env == nil {
		env = &scope{names: map[string]*binding{}}
	}
	for i, p := range fn.Params {
		arg := given[i]
		name := p.Name.Text
		if p.Tabular {
			if arg == nil {
				b.report(x.Name.Span, errArguments(bd.name+" needs a table for "+name))
				return nil
			}
			r := b.tabular(arg, c.env)
			env = env.with(name, b.tableArgument(name, r, p, arg.Pos()))
			continue
		}
		var e plan.Expr
		switch {
		case arg != nil:
			e = b.argument(arg, c)
		case p.Default != nil:
			e = b.scalar(p.Default, &context{env: bd.env})
			arg = p.Default
		default:
			b.report(x.Name.Span, errArguments(bd.name+" needs a value for "+name))
			return nil
		}
		if p.Type != types.Unknown {
			if e.Type() != p.Type && !implicit(e.Type(), p.Type) {
				b.report(arg.Pos(), errType("a "+p.Type.String(), e.Type()))
				return nil
			}
			e = b.convertTo(e, p.Type, arg.Pos())
		}
		env = env.with(name, &binding{name: name, expr: e})
	}
	return env
}

// tableArgument checks a table against a tabular parameter and makes it readable.
func (b *binder) tableArgument(name string, r *rows, p *syntax.Param, at source.Span) *binding {
	for _, want := range p.Columns {
		col, ok := r.find(want.Name.Text)
		if !ok {
			b.report(at, errUnknownColumn(want.Name.Text, r.names()))
		} else if want.Type != types.Unknown && col.Type != want.Type && col.Type != types.Unknown {
			b.report(at, errType("a "+want.Type.String()+" column "+want.Name.Text, col.Type))
		}
	}
	return &binding{name: name, tabular: true, def: b.share(name, r)}
}

// implicit reports the conversions a function call makes by itself.
func implicit(from, to types.Type) bool {
	return from == types.Unknown || from == types.Dynamic || to == types.Dynamic && from != types.Dynamic || from.Numeric() && to.Numeric()
}

func paramIndex(ps []*syntax.Param, name string) int {
	for i, p := range ps {
		if p.Name.Text == name {
			return i
		}
	}
	return -1
}

func paramNames(ps []*syntax.Param) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Name.Text
	}
	return out
}

// checkParams reports a parameter that is named twice.
func (b *binder) checkParams(fn *syntax.Function) {
	seen := map[string]bool{}
	for _, p := range fn.Params {
		if seen[p.Name.Text] {
			b.report(p.Name.Span, errDuplicateColumn(p.Name.Text))
		}
		seen[p.Name.Text] = true
	}
}
