package bind

import (
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// isTabular tells a tabular expression from a scalar one.
func (b *binder) isTabular(x syntax.Expr, env *scope) bool {
	switch x := x.(type) {
	case *syntax.Pipe:
		return len(x.Ops) > 0 || b.isTabular(x.Source, env)
	case *syntax.DataTable, *syntax.ExternalData:
		return true
	case *syntax.Paren:
		return b.isTabular(x.X, env)
	case *syntax.Name:
		if bd := env.find(x.Text); bd != nil {
			return bd.tabular || bd.fn != nil && len(bd.fn.Params) == 0 && b.tabularBody(bd)
		}
		_, ok := b.lookup(x.Text)
		return ok
	case *syntax.Call:
		if bd, call, path := application(x, env); bd != nil {
			fn, _, _ := matched(bd, call, path)
			return fn != nil && b.tabularBody(fn)
		}
		if bd := env.find(x.Name.Text); bd != nil {
			return bd.fn != nil && b.tabularBody(bd)
		}
		if rows := b.table.Scalar(x.Name.Text); rows != nil {
			switch rows[0].Special {
			case builtin.Materialize, builtin.ToTable, builtin.TableByName, builtin.Watchlist:
				return true
			}
			return false
		}
		if f, ok := b.cat.Function(x.Name.Text); ok {
			return b.tabularBody(savedBinding(f))
		}
	case *syntax.Path:
		if bd, call, path := application(x, env); bd != nil {
			fn, _, _ := matched(bd, call, path)
			return fn != nil && b.tabularBody(fn)
		}
		return b.qualified(x) != nil
	}
	return false
}

// isTable is isTabular where columns are in sight: a column hides a table of its name.
func (b *binder) isTable(x syntax.Expr, c *context) bool {
	inner := x
	for {
		p, ok := inner.(*syntax.Paren)
		if !ok {
			break
		}
		inner = p.X
	}
	if n, ok := inner.(*syntax.Name); ok && c.in != nil {
		if _, ok := c.in.find(n.Text); ok {
			return false
		}
	}
	if p, ok := inner.(*syntax.Path); ok && c.in != nil {
		if n, ok := p.X.(*syntax.Name); ok {
			if _, ok := c.in.find(n.Text); ok {
				return false
			}
		}
	}
	return b.isTabular(x, c.env)
}

// tabularBody reports whether a function gives a table.
func (b *binder) tabularBody(bd *binding) bool {
	if b.depth > maxCallDepth {
		return false
	}
	b.depth++
	defer func() { b.depth-- }()
	env := bd.env
	for _, p := range bd.fn.Params {
		n := &binding{name: p.Name.Text, tabular: p.Tabular}
		if !p.Tabular {
			n.expr = unknown
		}
		env = env.with(p.Name.Text, n)
	}
	for _, st := range bd.fn.Body {
		switch st := st.(type) {
		case *syntax.Let:
			n := &binding{name: st.Name.Text, ast: st.Value, env: env}
			if fn, ok := st.Value.(*syntax.Function); ok {
				n.fn = fn
			} else if n.tabular = b.isTabular(st.Value, env); !n.tabular {
				n.expr = unknown
			}
			env = env.with(st.Name.Text, n)
		case *syntax.Query:
			return b.isTabular(st.X, env)
		}
	}
	return false
}

// qualified returns the entity of "database('x').T" and its kin, or nil.
func (b *binder) qualified(x *syntax.Path) syntax.Expr {
	base := x.X
	for {
		switch y := base.(type) {
		case *syntax.Path:
			if call, ok := y.Name.(*syntax.Call); ok && b.isQualifier(call) {
				return x.Name
			}
			base = y.X
			continue
		case *syntax.Call:
			if b.isQualifier(y) {
				return x.Name
			}
		}
		return nil
	}
}

func (b *binder) isQualifier(c *syntax.Call) bool {
	rows := b.table.Scalar(c.Name.Text)
	return rows != nil && rows[0].Special == builtin.Qualifier
}

// tabular binds a tabular expression.
func (b *binder) tabular(x syntax.Expr, env *scope) *rows {
	if bd, call, path := application(x, env); bd != nil {
		fn, call, why := matched(bd, call, path)
		if fn == nil {
			b.fail(x.Pos(), why)
		}
		return b.callTable(fn, call, nil, env)
	}
	switch x := x.(type) {
	case *syntax.Pipe:
		return b.pipe(x, nil, env)
	case *syntax.Paren:
		return b.tabular(x.X, env)
	case *syntax.Name:
		return b.tableName(x, env)
	case *syntax.Call:
		return b.tableCall(x, nil, env)
	case *syntax.Path:
		if entity := b.qualified(x); entity != nil {
			return b.tabular(entity, &scope{names: map[string]*binding{}})
		}
	case *syntax.DataTable:
		return b.dataTable(x, env)
	case *syntax.ExternalData:
		return b.externalData(x, env)
	case *syntax.Bad:
		b.failed = true
		panic(bail{})
	case *syntax.Wildcard:
		return b.unionOf([]syntax.Expr{x}, env, unionOptions{})
	}
	b.fail(x.Pos(), errNotTable("this"))
	return nil
}

// pipe binds an operator chain; from is the source of a contextual one.
func (b *binder) pipe(x *syntax.Pipe, from *rows, env *scope) *rows {
	r := from
	if x.Source != nil {
		r = b.tabular(x.Source, env)
	}
	outer := b.at
	for _, op := range x.Ops {
		if !b.away {
			b.at = op.Keyword()
		}
		r, env = b.operator(r, op, env)
	}
	b.at = outer
	return r
}

func (b *binder) tableName(x *syntax.Name, env *scope) *rows {
	if bd := env.find(x.Text); bd != nil {
		switch {
		case bd.def != nil:
			return b.read(bd.def)
		case bd.fn != nil && len(bd.fn.Params) == 0:
			return b.callTable(bd, &syntax.Call{At: x.At, Name: x}, nil, env)
		case bd.fn != nil:
			b.fail(x.Span, errCallFunction(x.Text))
		default:
			b.fail(x.Span, errNotTable(x.Text))
		}
	}
	if t, ok := b.lookup(x.Text); ok {
		b.reads.add(t.Name)
		return b.scan(t)
	}
	if f, ok := b.cat.Function(x.Text); ok {
		return b.callTable(savedBinding(f), &syntax.Call{At: x.At, Name: x}, nil, env)
	}
	b.fail(x.Span, errUnknownTable(x.Text, append(b.cat.TableNames(), env.all()...)))
	return nil
}

// scan reads a stored table.
func (b *binder) scan(t *Table) *rows {
	cols := b.newCols(t.Columns)
	if t.Physical == "" {
		return &rows{node: &plan.Values{Cols: cols}, cols: cols, name: t.Name}
	}
	s := &plan.Scan{Table: t.Physical, Name: t.Name, Source: t.Source, Cols: cols}
	return b.scoped(&rows{node: s, cols: cols, name: t.Name})
}

// tableCall binds a call that gives a table; piped is the row set that invoke passes
// as the first argument.
func (b *binder) tableCall(x *syntax.Call, piped *rows, env *scope) *rows {
	name := x.Name.Text
	if bd := env.find(name); bd != nil && bd.fn != nil {
		return b.callTable(bd, x, piped, env)
	}
	if rows := b.table.Scalar(name); rows != nil {
		if r := b.specialTable(rows[0], x, env); r != nil {
			return r
		}
		for _, a := range x.Args {
			if b.isTabular(a, env) { // T within a scalar function: the table is what is wrong
				b.fail(a.Pos(), errIsTable("this argument"))
			}
		}
		b.fail(x.Span, errNotTable(name+"()"))
	}
	if f, ok := b.cat.Function(name); ok {
		return b.callTable(savedBinding(f), x, piped, env)
	}
	if name == FileProfiles && piped != nil {
		return b.fileProfile(x, piped, env)
	}
	b.fail(x.Name.Span, errUnknownFunction(name, append(b.table.Names(), env.all()...)))
	return nil
}

func (b *binder) specialTable(row *builtin.Row, x *syntax.Call, env *scope) *rows {
	if len(x.Args) == 0 {
		return nil
	}
	switch row.Special {
	case builtin.Materialize:
		r := b.tabular(x.Args[0], env)
		d := b.share(r.name, r)
		d.shared.Once = true
		return b.read(d)
	case builtin.ToTable:
		return b.tabular(x.Args[0], env)
	case builtin.TableByName:
		k, ok := b.constant(x.Args[0], env, "the table name")
		if !ok {
			panic(bail{})
		}
		name, _ := k.Value.(string)
		return b.tableName(&syntax.Name{At: syntax.At{Span: x.Args[0].Pos()}, Text: name}, env)
	case builtin.Watchlist:
		k, ok := b.constant(x.Args[0], env, "the watchlist alias")
		if !ok {
			panic(bail{})
		}
		alias, _ := k.Value.(string)
		t, ok := b.cat.Watchlist(alias)
		if !ok {
			b.fail(x.Span, errNeeds("watchlist "+alias, "give it with --watchlist "+alias+"=FILE.csv"))
		}
		return b.scan(t)
	}
	return nil
}

// callTable binds a call of a let or saved function that gives a table.
func (b *binder) callTable(bd *binding, x *syntax.Call, piped *rows, env *scope) *rows {
	defer b.enter(bd.name, x.Span)()
	c := &context{env: env}
	var inner *scope
	if piped != nil {
		inner = b.bindPiped(bd, x, piped, c)
	} else {
		inner = b.bindArgs(bd, x, c)
	}
	if inner == nil {
		panic(bail{})
	}
	done := b.inText(bd, x.Span)
	defer done()
	inner, final := b.body(bd.fn, inner)
	if !b.isTabular(final, inner) {
		if n, ok := final.(*syntax.Name); ok && inner.find(n.Text) == nil {
			return b.tableName(n, inner)
		}
		b.fail(x.Span, errNotTable(bd.name+"()"))
	}
	r := b.tabular(final, inner)
	if bd.fn.View {
		r.name = bd.name
	}
	return r
}

// bindPiped binds "invoke f(args)": the rows are the first argument.
func (b *binder) bindPiped(bd *binding, x *syntax.Call, piped *rows, c *context) *scope {
	if len(bd.fn.Params) == 0 || !bd.fn.Params[0].Tabular {
		b.report(x.Name.Span, errValue(bd.name+" takes no table as its first parameter", "invoke passes the rows on as the first argument"))
		return nil
	}
	first := bd.fn.Params[0]
	b.lastID++
	hidden := "$invoke" + itoa(int(b.lastID))
	call := *x
	call.Args = append([]syntax.Expr{&syntax.Name{At: syntax.At{Span: x.Name.Span}, Text: hidden}}, x.Args...)
	inner := *c
	inner.env = c.env.with(hidden, b.tableArgument(first.Name.Text, piped, &syntax.Param{Name: first.Name}, x.Name.Span))
	return b.bindArgs(bd, &call, &inner)
}

func (b *binder) dataTable(x *syntax.DataTable, env *scope) *rows {
	v := &plan.Values{}
	names := newNames()
	for _, p := range x.Columns {
		if names.taken[p.Name.Text] {
			b.report(p.Span, errDuplicateColumn(p.Name.Text))
		}
		names.taken[p.Name.Text] = true
		v.Cols = append(v.Cols, b.newCol(p.Name.Text, p.Type))
	}
	if len(v.Cols) == 0 || len(x.Values)%len(v.Cols) != 0 {
		at := x.Span
		if n := len(x.Values); n > 0 {
			at = x.Values[0].Pos().Join(x.Values[n-1].Pos())
		}
		b.fail(at, errColumnCount(len(x.Values), len(v.Cols)))
	}
	for i := 0; i < len(x.Values); i += len(v.Cols) {
		row := make([]types.Value, len(v.Cols))
		for j, c := range v.Cols {
			cell := x.Values[i+j]
			k, ok := b.constant(cell, env, "a datatable value")
			if !ok {
				continue
			}
			conv := b.convertCell(k, c.Type, cell.Pos())
			row[j] = conv.Value
		}
		v.Rows = append(v.Rows, row)
	}
	at := b.newCol("$arrival", types.Long)
	return &rows{node: &plan.Number{In: v, Ord: at}, cols: v.Cols, arrival: &at}
}

// convertCell makes a datatable constant fit its column.
func (b *binder) convertCell(k plan.Const, t types.Type, at source.Span) plan.Const {
	if k.T == t {
		return k
	}
	if k.Value == nil || k.T == types.Unknown {
		return zero(t)
	}
	e := b.convertTo(k, t, at)
	if c, ok := e.(plan.Const); ok {
		return c
	}
	if c, ok := b.evaluate(e); ok {
		return c
	}
	b.report(at, errNoConversion(k.T, t))
	return zero(t)
}

func (b *binder) externalData(x *syntax.ExternalData, env *scope) *rows {
	var uris []string
	for _, u := range x.URIs {
		if k, ok := b.constant(u, env, "an external data address"); ok {
			if s, ok := k.Value.(string); ok {
				uris = append(uris, s)
			}
		}
	}
	var schema types.Schema
	for _, p := range x.Columns {
		schema = append(schema, types.Column{Name: p.Name.Text, Type: p.Type})
	}
	props := map[string]string{}
	for _, p := range x.Props {
		switch v := p.Value.(type) {
		case *syntax.Name:
			props[strings.ToLower(p.Name)] = v.Text
		case *syntax.Literal:
			props[strings.ToLower(p.Name)] = v.Text
			if s, ok := v.Value.(string); ok && v.Type == types.String {
				props[strings.ToLower(p.Name)] = s
			}
		}
	}
	t, err := b.cat.External(uris, schema, props)
	if err != nil {
		b.fail(x.Span, errNeeds("external data "+strings.Join(places(uris), ", "), err.Error()))
	}
	return b.scan(t)
}

// places are addresses without their keys and signatures, which are secrets.
func places(uris []string) []string {
	out := make([]string, len(uris))
	for i, u := range uris {
		out[i], _, _ = strings.Cut(u, ";")
		out[i], _, _ = strings.Cut(out[i], "?")
	}
	return out
}
