package bind

import (
	"slices"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// unknown stands for an expression that was reported; it agrees with everything.
var unknown = plan.Const{T: types.Unknown}

// scalar binds a scalar expression.
func (b *binder) scalar(x syntax.Expr, c *context) plan.Expr {
	if bd, call, path := application(x, c.env); bd != nil {
		fn, call, why := matched(bd, call, path)
		if fn == nil {
			b.report(x.Pos(), why)
			return unknown
		}
		return b.callLambda(fn, call, c)
	}
	switch x := x.(type) {
	case *syntax.Literal:
		return plan.Const{T: x.Type, Value: x.Value}
	case *syntax.Paren:
		return b.scalar(x.X, c)
	case *syntax.Name:
		return b.name(x, c)
	case *syntax.Path:
		return b.path(x, c)
	case *syntax.Index:
		return b.index(x, c)
	case *syntax.Unary:
		return b.infix(x.Op, x.Span, []syntax.Expr{x.X}, c)
	case *syntax.Binary:
		return b.binary(x, c)
	case *syntax.In:
		return b.in(x, c)
	case *syntax.Between:
		return b.between(x, c)
	case *syntax.Call:
		return b.call(x, c)
	case *syntax.Assign:
		b.report(x.Span, errValue("a name cannot be given here", "a comparison is written with =="))
		return b.scalar(x.X, c)
	case *syntax.Bad:
		b.failed = true
		return unknown
	case *syntax.Pipe, *syntax.DataTable, *syntax.ExternalData:
		b.report(x.Pos(), errIsTable("this"))
		return unknown
	}
	b.report(x.Pos(), errValue("a value is needed here", ""))
	return unknown
}

// condition binds an expression that must be bool.
func (b *binder) condition(x syntax.Expr, c *context) plan.Expr {
	e := b.scalar(x, c)
	if t := e.Type(); t != types.Bool && t != types.Unknown {
		b.report(x.Pos(), errType("a bool", t))
		return unknown
	}
	return e
}

// constant binds an expression and evaluates it now; ok is false after a report.
func (b *binder) constant(x syntax.Expr, env *scope, what string) (plan.Const, bool) {
	e := b.scalar(x, &context{env: env, constant: true})
	if k, ok := e.(plan.Const); ok {
		return k, k.T != types.Unknown
	}
	if k, ok := b.evaluate(e); ok {
		return k, true
	}
	b.report(x.Pos(), errNotConstant(what))
	return plan.Const{}, false
}

// evaluate asks the engine for the value of an expression without columns.
func (b *binder) evaluate(e plan.Expr) (plan.Const, bool) {
	if !constantTree(e) {
		return plan.Const{}, false
	}
	col := b.newCol("value", e.Type())
	root := &plan.Root{
		Node:   &plan.Project{In: &plan.Values{Rows: [][]types.Value{{}}}, Items: []plan.Item{{Col: col, Expr: e}}},
		Cols:   []plan.Col{col},
		Shared: b.shared,
	}
	res, err := b.cat.Rows(root)
	if err != nil || len(res.Values) != 1 {
		return plan.Const{}, false
	}
	return plan.Const{T: e.Type(), Value: res.Values[0][0]}, true
}

func constantTree(e plan.Expr) bool {
	switch e := e.(type) {
	case plan.Const:
		return true
	case *plan.Call:
		if e.Row.Sem&builtin.Volatile != 0 {
			return false
		}
		for _, a := range e.Args {
			if !constantTree(a) {
				return false
			}
		}
		return true
	case *plan.Subquery:
		return true
	}
	return false
}

func (b *binder) name(x *syntax.Name, c *context) plan.Expr {
	if c.extra != nil {
		if e, ok := c.extra(x); ok {
			return e
		}
	}
	if c.in != nil && !c.constant {
		if col, ok := c.in.find(x.Text); ok {
			if c.aggs != nil && c.aggs.outside {
				b.report(x.Span, errNoAggregate())
				return unknown
			}
			return ref(col)
		}
	}
	if bd := c.env.find(x.Text); bd != nil {
		switch {
		case bd.expr != nil:
			b.reads.add(bd.reads...)
			return bd.expr
		case bd.fn != nil && len(bd.fn.Params) == 0: // a function without parameters may be named alone
			return b.callLambda(bd, &syntax.Call{At: x.At, Name: x}, c)
		case bd.fn != nil:
			b.report(x.Span, errCallFunction(x.Text))
		default:
			b.report(x.Span, errIsTable(x.Text))
		}
		return unknown
	}
	if !c.constant {
		if e, ok := b.latentColumn(c.in, x.Text); ok {
			return e
		}
		if e, ok := b.isEmptyInput(c.in, x.Text, x.Span); ok {
			return e
		}
	}
	known := c.env.all()
	if c.in != nil {
		known = append(c.in.names(), known...)
	}
	switch {
	case x.Text == "null" && !x.Quoted:
		b.report(x.Span, errValue("null has no type here", "write a typed null, such as long(null)"))
	case c.in != nil:
		b.report(x.Span, errUnknownColumn(x.Text, known))
	default:
		b.report(x.Span, errUnknownName(x.Text, known))
	}
	return unknown
}

// path binds "x.name": a side of a join, a member of a scan step or graph element,
// or a key of a dynamic value.
func (b *binder) path(x *syntax.Path, c *context) plan.Expr {
	member, isName := x.Name.(*syntax.Name)
	if base, ok := x.X.(*syntax.Name); ok && isName {
		side := c.left
		if base.Text == "$right" {
			side = c.right
		}
		if (base.Text == "$left" || base.Text == "$right") && c.left != nil {
			if col, ok := side.find(member.Text); ok {
				return ref(col)
			}
			b.report(member.Span, errUnknownColumn(member.Text, side.names()))
			return unknown
		}
		if c.member != nil {
			if e, ok := c.member(base, member); ok {
				return e
			}
		}
	}
	if b.isTabular(x, c.env) {
		b.report(x.Span, errIsTable("this"))
		return unknown
	}
	obj := b.scalar(x.X, c)
	if !isName {
		b.report(x.Name.Pos(), errValue("a property name is needed after the dot", ""))
		return unknown
	}
	return b.key(obj, member.Span, plan.Const{T: types.String, Value: member.Text}, x.Span)
}

func (b *binder) index(x *syntax.Index, c *context) plan.Expr {
	obj := b.scalar(x.X, c)
	key := b.scalar(x.Key, c)
	if t := key.Type(); t != types.String && t != types.Dynamic && t != types.Unknown && !t.Integer() {
		b.report(x.Key.Pos(), errType("a string key or an integer position", t))
		return unknown
	}
	return b.key(obj, source.Span{Start: x.X.Pos().End, End: x.Span.End}, key, x.Span)
}

// key reads a key or an element of a dynamic value.
func (b *binder) key(obj plan.Expr, at source.Span, key plan.Expr, span source.Span) plan.Expr {
	switch obj.Type() {
	case types.Unknown:
		return unknown
	case types.Dynamic:
	default:
		b.report(at, errType("a dynamic value", obj.Type()))
		return unknown
	}
	switch t := key.Type(); {
	case t == types.Unknown:
		return unknown
	case t == types.Dynamic:
		key = b.convertTo(key, types.String, span)
		fallthrough
	case t == types.String:
		return b.make(builtin.KeyRow, b.table.Scalar(builtin.KeyRow), []plan.Expr{obj, key}, span, nil)
	case t.Integer():
		return b.make(builtin.IndexRow, b.table.Scalar(builtin.IndexRow), []plan.Expr{obj, key}, span, nil)
	default:
		b.report(span, errType("a string key or an integer position", t))
		return unknown
	}
}

// binary binds infix operators. Chains of and/or may be thousands long, so they
// are walked with a loop.
func (b *binder) binary(x *syntax.Binary, c *context) plan.Expr {
	if x.Op != "and" && x.Op != "or" {
		if w, ok := x.L.(*syntax.Wildcard); ok {
			return b.anyColumn(w, x, c)
		}
		return b.infix(x.Op, x.OpSpan, []syntax.Expr{x.L, x.R}, c)
	}
	var operands []syntax.Expr
	var spans []source.Span
	var cur syntax.Expr = x
	for {
		n, ok := cur.(*syntax.Binary)
		if !ok || n.Op != x.Op {
			break
		}
		operands, spans = append(operands, n.R), append(spans, n.OpSpan)
		cur = n.L
	}
	operands = append(operands, cur)
	acc := b.scalar(operands[len(operands)-1], c)
	accPos := operands[len(operands)-1].Pos()
	for i := len(operands) - 2; i >= 0; i-- {
		right := b.scalar(operands[i], c)
		acc = b.apply(x.Op, spans[i], []plan.Expr{acc, right}, []source.Span{accPos, operands[i].Pos()})
		accPos = accPos.Join(operands[i].Pos())
	}
	return acc
}

// anyColumn binds "* has x": true where any string-like column agrees.
func (b *binder) anyColumn(w *syntax.Wildcard, x *syntax.Binary, c *context) plan.Expr {
	if c.in == nil {
		b.report(w.Span, errValue("there are no columns here", ""))
		return unknown
	}
	right := b.scalar(x.R, c)
	var any plan.Expr
	for _, col := range c.in.cols {
		if !match(w.Pattern, col.Name) {
			continue
		}
		left := plan.Expr(ref(col))
		if col.Type != types.String {
			left = b.convertTo(left, types.String, w.Span)
		}
		e := b.apply(x.Op, x.OpSpan, []plan.Expr{left, right}, []source.Span{w.Span, x.R.Pos()})
		if any == nil {
			any = e
		} else {
			any = b.apply("or", x.OpSpan, []plan.Expr{any, e}, nil)
		}
	}
	if any == nil {
		return plan.Const{T: types.Bool, Value: false}
	}
	return any
}

func (b *binder) infix(op string, at source.Span, operands []syntax.Expr, c *context) plan.Expr {
	args := make([]plan.Expr, len(operands))
	spans := make([]source.Span, len(operands))
	for i, o := range operands {
		args[i], spans[i] = b.scalar(o, c), o.Pos()
	}
	return b.apply(op, at, args, spans)
}

// apply makes the call of an infix row.
func (b *binder) apply(op string, at source.Span, args []plan.Expr, spans []source.Span) plan.Expr {
	for _, a := range args {
		if a.Type() == types.Unknown {
			return unknown
		}
	}
	args = b.meet(op, args, at)
	rows := b.table.Infix(op)
	res, miss := builtin.Resolve(rows, b.infos(args))
	if miss != nil {
		if len(args) == 2 && miss.Arg < 2 && !strings.Contains(miss.Message, "constant") && !strings.HasPrefix(miss.Message, "!") {
			b.report(at, errOperands(op, args[0].Type(), args[1].Type()))
		} else {
			b.report(at, errArguments(strings.TrimPrefix(miss.Message, "!")))
		}
		return unknown
	}
	return b.finish(res, args, at)
}

// in binds the list operators; a single tabular item makes a semi-join.
func (b *binder) in(x *syntax.In, c *context) plan.Expr {
	if _, ok := x.X.(*syntax.Wildcard); ok {
		b.report(x.X.Pos(), errRefused("* with "+x.Op, "name the column"))
		return unknown
	}
	left := b.scalar(x.X, c)
	if len(x.List) == 1 && b.isTable(x.List[0], c) {
		return b.inTable(x, left, c)
	}
	args := []plan.Expr{left}
	spans := []source.Span{x.X.Pos()}
	for _, item := range x.List {
		args, spans = append(args, b.scalar(item, c)), append(spans, item.Pos())
	}
	return b.apply(x.Op, x.OpSpan, args, spans)
}

func (b *binder) inTable(x *syntax.In, left plan.Expr, c *context) plan.Expr {
	r := b.tabular(x.List[0], c.env)
	if len(r.cols) == 0 {
		b.report(x.List[0].Pos(), errValue("the table has no column", ""))
		return unknown
	}
	col := r.cols[0]
	if left.Type() == types.Unknown {
		return unknown
	}
	switch x.Op {
	case "in", "!in", "in~", "!in~":
	default: // has_any, has_all: collect the column into one array
		list := b.collect(r, col)
		return b.apply(x.Op, x.OpSpan, []plan.Expr{b.convertTo(left, types.String, x.X.Pos()), list}, nil)
	}
	node, id, t := r.node, col.ID, col.Type
	want := left.Type()
	if want == types.Dynamic && t != types.Dynamic {
		left, want = b.convertTo(left, t, x.X.Pos()), t
	}
	if t != want {
		if t != types.Dynamic && builtin.Common(t, want) == types.Unknown {
			b.report(x.OpSpan, errOperands(x.Op, left.Type(), t))
			return unknown
		}
		to := want
		if t.Numeric() && want.Numeric() {
			to = builtin.Common(t, want)
			left = b.convertTo(left, to, x.X.Pos())
		}
		out := b.newCol(col.Name, to)
		node = &plan.Project{In: node, Items: []plan.Item{{Col: out, Expr: b.convertTo(ref(col), to, x.List[0].Pos())}}}
		id = out.ID
	}
	return &plan.InQuery{X: left, Node: node, Col: id, Not: strings.HasPrefix(x.Op, "!"), CaseFold: strings.HasSuffix(x.Op, "~")}
}

// collect gathers a column into one dynamic array, as a scalar.
func (b *binder) collect(r *rows, col plan.Col) plan.Expr {
	row := b.table.Aggregate(builtin.CollectRow)
	arg := b.convertTo(ref(col), types.String, source.Span{})
	res, _ := builtin.Resolve(row, []builtin.Arg{{Type: arg.Type()}})
	out := b.newCol("values", types.Dynamic)
	node := &plan.Aggregate{In: r.node, Aggs: []plan.Item{{Col: out, Expr: &plan.Call{Row: res.Row, Args: []plan.Expr{arg}, T: types.Dynamic}}}}
	return &plan.Subquery{Node: node, Col: out}
}

func (b *binder) between(x *syntax.Between, c *context) plan.Expr {
	op := "between"
	if x.Not {
		op = "!between"
	}
	left, low, high := b.scalar(x.X, c), b.scalar(x.Low, c), b.scalar(x.High, c)
	args := []plan.Expr{left, low, high}
	for _, a := range args {
		if a.Type() == types.Unknown {
			return unknown
		}
	}
	args = b.meet(op, args, x.Span)
	rows := b.table.Infix(op)
	res, miss := builtin.Resolve(rows, b.infos(args))
	if miss != nil {
		// A left side of the wrong type is a matter of the operator, which begins after it.
		at := source.Span{Start: min(x.X.Pos().End+1, x.Span.End), End: x.Low.Pos().Start}
		switch miss.Arg {
		case 1:
			at = x.Low.Pos()
		case 2:
			at = x.High.Pos()
		}
		b.report(at, errArguments(miss.Message))
		return unknown
	}
	return b.finish(res, args, x.Span)
}

// infos describes bound arguments to the builtin table, in a list that is used again.
func (b *binder) infos(args []plan.Expr) []builtin.Arg {
	b.args = slices.Grow(b.args[:0], len(args))
	for _, e := range args {
		a := builtin.Arg{Type: e.Type()}
		if k, ok := e.(plan.Const); ok {
			a.Const, a.Value = true, k.Value
		}
		b.args = append(b.args, a)
	}
	return b.args
}
