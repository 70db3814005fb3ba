package sqlgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// exprs lowers the expressions of one SELECT. What must be computed first (window
// rows, arguments used twice) goes into levels of inner SELECTs.
type exprs struct {
	g         *generator
	order     sqlx.Expr
	partition []sqlx.Expr
	levels    [][]hoisted
	level     map[string]int // of each hoisted column
	byText    map[string]string
	// hoister and caller are hoist and udf as values, made once.
	hoister func(sqlx.Expr) sqlx.Expr
	caller  func(*builtin.Row, types.Type, ...builtin.Arg) sqlx.Expr
}

type hoisted struct {
	name, sql string
	expr      sqlx.Expr // what sql says
}

func (g *generator) exprs() *exprs { return &exprs{g: g} }

// over returns the query that the lowered expressions select from: q, with the
// hoisted columns computed in inner queries.
func (x *exprs) over(q *query) *query {
	for _, level := range x.levels {
		inner := q.open()
		var items items
		items.add(inner.star())
		for _, h := range level {
			items.add(h.sql, " AS ", h.name)
		}
		inner.items = items.list()
		q = &query{from: inner.sub()}
	}
	return q.open()
}

func (x *exprs) hoist(e sqlx.Expr) sqlx.Expr {
	if r, ok := e.(sqlx.Raw); ok && !strings.ContainsAny(string(r), " (") {
		return r
	}
	text := sqlx.Text(e)
	if name, ok := x.byText[text]; ok && !strings.Contains(text, "random()") {
		return sqlx.Raw(name)
	}
	at := x.above(text)
	name := x.g.name("h")
	for len(x.levels) <= at {
		x.levels = append(x.levels, nil)
	}
	x.levels[at] = append(x.levels[at], hoisted{name, text, e})
	if x.level == nil {
		x.level, x.byText = map[string]int{}, map[string]string{}
	}
	x.level[name], x.byText[text] = at, name
	return sqlx.Raw(name)
}

// above is the first level that may read what text reads.
func (x *exprs) above(text string) int {
	at := 0
	for name, l := range x.level {
		if l >= at && containsWord(text, name) {
			at = l + 1
		}
	}
	return at
}

func containsWord(text, word string) bool {
	for i := 0; ; {
		j := strings.Index(text[i:], word)
		if j < 0 {
			return false
		}
		j += i
		end := j + len(word)
		if (j == 0 || !wordByte(text[j-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		i = end
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// text lowers an expression to SQL text.
func (x *exprs) text(e plan.Expr) string { return sqlx.Text(x.lower(e, false)) }

// lower makes the SQL of an expression. filter is set where null and false may be confused.
func (x *exprs) lower(e plan.Expr, filter bool) sqlx.Expr {
	switch e := e.(type) {
	case plan.Const:
		return literal(e.T, e.Value)
	case plan.ColRef:
		return sqlx.Raw(column(e.ID))
	case *plan.Call:
		return x.call(e, filter)
	case *plan.Subquery:
		return x.subquery(e)
	case *plan.InQuery:
		return x.inQuery(e, filter)
	}
	x.g.fail(fmt.Errorf("sqlgen: unknown expression %T", e))
	return nil
}

func (x *exprs) call(c *plan.Call, filter bool) sqlx.Expr {
	if c.Row.Sem&builtin.Associative != 0 {
		return x.chain(c, filter)
	}
	l := x.lowering(c, filter)
	l.Order, l.Partition, l.GoForm = x.order, x.partition, x.g.goForms
	l.Args = slices.Grow(l.Args, len(c.Args))
	for _, a := range c.Args {
		arg := builtin.Arg{Type: a.Type(), SQL: x.lower(a, false)}
		if k, ok := a.(plan.Const); ok {
			arg.Const, arg.Value = true, k.Value
		}
		l.Args = append(l.Args, arg)
	}
	e := x.lowered(l, c)
	if c.Row.Kind == builtin.Window {
		return x.hoist(e)
	}
	return e
}

// lowering is a call on its way to SQL, without its arguments.
func (x *exprs) lowering(c *plan.Call, filter bool) *builtin.Lowering {
	if x.hoister == nil {
		x.hoister, x.caller = x.hoist, x.udf
	}
	var l *builtin.Lowering
	if n := len(x.g.spare); n > 0 {
		l, x.g.spare = x.g.spare[n-1], x.g.spare[:n-1]
	} else {
		l = &builtin.Lowering{Args: make([]builtin.Arg, 0, 4)}
	}
	*l = builtin.Lowering{Row: c.Row, Args: l.Args[:0], Result: c.T, Filter: filter, Hoist: x.hoister, UDF: x.caller}
	return l
}

// lowered is the SQL of a call; the lowering, of which nothing is kept, serves another.
func (x *exprs) lowered(l *builtin.Lowering, c *plan.Call) sqlx.Expr {
	e, err := l.Lowered()
	if err != nil {
		x.g.fail(&Refusal{Call: c.Row.Name(), Pos: c.Pos, Why: err})
	}
	x.g.spare = append(x.g.spare, l)
	return e
}

// chain flattens nested calls of one associative row ("and", "or"): thousands of
// terms must not nest.
func (x *exprs) chain(c *plan.Call, filter bool) sqlx.Expr {
	var rev []plan.Expr
	var cur plan.Expr = c
	for {
		n, ok := cur.(*plan.Call)
		if !ok || n.Row != c.Row {
			break
		}
		rev = append(rev, n.Args[1])
		cur = n.Args[0]
	}
	l := x.lowering(c, filter)
	l.Args = append(l.Args, builtin.Arg{Type: cur.Type(), SQL: x.lower(cur, filter)})
	for i := len(rev) - 1; i >= 0; i-- {
		l.Args = append(l.Args, builtin.Arg{Type: rev[i].Type(), SQL: x.lower(rev[i], filter)})
	}
	return x.lowered(l, c)
}

func (x *exprs) subquery(s *plan.Subquery) sqlx.Expr {
	q := x.g.node(s.Node)
	order := ""
	if s.Order != nil {
		order = " ORDER BY " + column(s.Order.ID)
	}
	q = q.open().pick(these([]plan.Col{s.Col}))
	q.tail = order + " LIMIT 1"
	e := sqlx.Expr(sqlx.Raw(q.sub().String()))
	if s.Col.Type == types.String {
		e = sqlx.Call("coalesce", e, sqlx.String(""))
	}
	return x.hoist(e) // DuckDB takes no sub-query inside TRY
}

func (x *exprs) inQuery(e *plan.InQuery, filter bool) sqlx.Expr {
	left := x.lower(e.X, false)
	if e.CaseFold {
		left = sqlx.Call("lower", left)
	}
	q := x.g.node(e.Node)
	if e.CaseFold {
		q = q.open()
		q.items = listed(sqlx.Text(sqlx.Call("lower", sqlx.Raw(column(e.Col)))))
	} else {
		q = q.pick([]named{{e.Col, e.Col}})
	}
	op := " IN "
	if e.Not {
		op = " NOT IN "
	}
	in := sqlx.Parts{left, op + "(" + q.sql() + ")"}
	if filter && !e.Not {
		return in
	}
	return sqlx.Call("coalesce", in, sqlx.Bool(e.Not))
}

// udf calls a row's Go form.
func (x *exprs) udf(r *builtin.Row, result types.Type, args ...builtin.Arg) sqlx.Expr {
	var name strings.Builder
	name.WriteString("quarry_" + identifier(r.Name()) + "_")
	params := make([]types.Type, len(args))
	sqls := make([]sqlx.Expr, len(args))
	for i, a := range args {
		params[i], sqls[i] = physical(a.Type), a.SQL
		name.WriteByte(typeLetter(params[i]))
	}
	name.WriteByte('_')
	name.WriteByte(typeLetter(physical(result)))
	if n := x.g.overload(r); n > 0 {
		name.WriteString(strconv.Itoa(n))
	}
	f := Function{Name: name.String(), Row: r, Params: params, Result: physical(result)}
	if !x.g.functions[f.Name] {
		x.g.functions[f.Name] = true
		x.g.prog.Functions = append(x.g.prog.Functions, f)
	}
	return sqlx.Func{Name: f.Name, Args: sqls}
}

// overload tells rows of one name apart, so that each Go form has a function of its own.
func (g *generator) overload(r *builtin.Row) int { return r.Overload() }

// physical folds types of one SQL form: a UDF serves them all.
func physical(t types.Type) types.Type {
	switch t {
	case types.Int, types.Datetime, types.Timespan:
		return types.Long
	case types.Guid, types.Unknown:
		return types.Dynamic
	}
	return t
}

func typeLetter(t types.Type) byte {
	return "?bilrdswtgj"[t]
}

func identifier(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "x%x", r)
		}
	}
	return b.String()
}

// literal is the SQL of a constant.
func literal(t types.Type, v types.Value) sqlx.Expr {
	if v == nil {
		if t == types.String {
			return sqlx.String("")
		}
		return sqlx.Raw("CAST(NULL AS " + sqlType(t) + ")")
	}
	switch v := v.(type) {
	case bool:
		return sqlx.Bool(v)
	case int64:
		return sqlx.BigInt(v)
	case float64:
		return sqlx.Double(v)
	case string:
		if t == types.Decimal {
			return sqlx.Raw("CAST(" + string(sqlx.String(v)) + " AS DECIMAL(38,18))")
		}
		return sqlx.String(v)
	}
	panic(genError{fmt.Errorf("sqlgen: constant of Go type %T", v)})
}

// sqlType is the column type of a KQL type.
func sqlType(t types.Type) string {
	switch t {
	case types.Bool:
		return "BOOLEAN"
	case types.Int, types.Long, types.Datetime, types.Timespan:
		return "BIGINT"
	case types.Real:
		return "DOUBLE"
	case types.Decimal:
		return "DECIMAL(38,18)"
	}
	return "VARCHAR"
}
