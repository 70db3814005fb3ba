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

func (g *generator) values(n *plan.Values) *query {
	if len(n.Cols) == 0 {
		if len(n.Rows) == 1 {
			return &query{from: plain("(SELECT 0 AS q0)")}
		}
		return &query{items: listed(oneItem), from: plain("range(" + strconv.Itoa(len(n.Rows)) + ")")}
	}
	items := room(4 * len(n.Cols))
	if len(n.Rows) == 0 {
		for _, c := range n.Cols {
			items.as(c.ID, "CAST(NULL AS ", sqlType(c.Type), ")")
		}
		return &query{items: items.list(), from: plain("range(0)")}
	}
	names := make([]string, len(n.Cols))
	for i, c := range n.Cols {
		names[i] = "v" + strconv.Itoa(i)
		items.as(c.ID, "CAST(", names[i], " AS ", sqlType(c.Type), ")")
	}
	rows := make([]string, len(n.Rows))
	for r, row := range n.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cell(n.Cols[i].Type, v)
		}
		rows[r] = "(" + strings.Join(cells, ", ") + ")"
	}
	return &query{items: items.list(), from: plain("(VALUES " + strings.Join(rows, ", ") + ") AS v(" + strings.Join(names, ", ") + ")")}
}

// cell is a constant inside VALUES, where the column is cast as a whole.
func cell(t types.Type, v types.Value) string {
	switch v := v.(type) {
	case nil:
		if t == types.String {
			return "''"
		}
		return "NULL"
	case int64:
		return string(sqlx.String(strconv.FormatInt(v, 10)))
	case float64:
		return string(sqlx.String(strconv.FormatFloat(v, 'g', -1, 64)))
	case bool:
		return string(sqlx.Bool(v))
	case string:
		return string(sqlx.String(v))
	}
	panic(genError{fmt.Errorf("sqlgen: constant of Go type %T", v)})
}

// rangeNode counts in SQL: the k-th value is From + k*Step.
func (g *generator) rangeNode(n *plan.Range) *query {
	x := g.exprs()
	from, to, step := x.text(n.From), x.text(n.To), x.text(n.Step)
	name := g.name("k")
	count := fmt.Sprintf("greatest(coalesce((%s - %s) // nullif(%s, 0) + 1, 0), 0)", to, from, step)
	if n.Col.Type == types.Real {
		count = fmt.Sprintf("coalesce(greatest(floor((%s - %s) / nullif(%s, 0) + 1e-9) + 1, 0), 0)", to, from, step)
	}
	item := fmt.Sprintf("%s + %s * %s AS %s", from, name, step, column(n.Col.ID))
	if len(x.levels) == 0 {
		return &query{items: listed(item), from: plain(g.counter(count, name))}
	}
	q := x.over(&query{from: plain("(SELECT 0 AS q0)")})
	q.items = listed(q.star() + ", unnest(range(CAST(" + count + " AS BIGINT))) AS " + name)
	q = q.open()
	q.items = listed(item)
	return q
}

// counter is a relation of the numbers 0..count-1. A constant count streams; one that
// holds a sub-query must go through a list.
func (g *generator) counter(count, name string) string {
	if strings.Contains(count, "SELECT") {
		return "(SELECT unnest(range(CAST(" + count + " AS BIGINT))) AS " + name + ")"
	}
	return "range(CAST(" + count + " AS BIGINT)) AS r(" + name + ")"
}

func (g *generator) filter(n *plan.Filter) *query {
	q := g.node(n.In).open()
	x := g.exprs()
	x.order = sequence(n.Order)
	pred := x.lower(n.Pred, true)
	q = x.over(q)
	q.where = append(q.where, conjunct(pred))
	return q
}

func conjunct(e sqlx.Expr) string {
	var b strings.Builder
	b.Grow(64)
	b.WriteByte('(')
	sqlx.Write(&b, e)
	b.WriteByte(')')
	return b.String()
}

// sequence is the column that window rows follow.
func sequence(c *plan.Col) sqlx.Expr {
	if c == nil {
		return nil
	}
	return sqlx.Raw(column(c.ID))
}

func (g *generator) project(n *plan.Project) *query {
	q := g.node(n.In)
	if cols, ok := passedOn(n); ok {
		return q.pick(cols)
	}
	q = q.open()
	x := g.exprs()
	x.order = sequence(n.Order)
	x.partition = g.partitionOf(n)
	var lowered []sqlx.Expr // of what is more than a column
	for _, it := range n.Items {
		if _, ok := it.Expr.(plan.ColRef); !ok {
			lowered = append(lowered, x.lower(it.Expr, false))
		}
	}
	x.jsonKeys(n.In, lowered)
	items := room(len(n.Items))
	for _, it := range n.Items {
		if ref, ok := it.Expr.(plan.ColRef); ok {
			items.passed(ref.ID, it.Col.ID)
		} else {
			items.computed(it.Col.ID, lowered[0])
			lowered = lowered[1:]
		}
	}
	q = x.over(q)
	q.items = items.list()
	return q
}

// passedOn are the columns of a projection that computes nothing.
func passedOn(n *plan.Project) ([]named, bool) {
	cols := make([]named, len(n.Items))
	for i, it := range n.Items {
		ref, ok := it.Expr.(plan.ColRef)
		if !ok {
			return nil, false
		}
		cols[i] = named{ref.ID, it.Col.ID}
	}
	return cols, true
}

// partitionOf are the hidden columns that window rows restart on.
func (g *generator) partitionOf(n *plan.Project) []sqlx.Expr {
	var out []sqlx.Expr
	for _, id := range n.Partition {
		out = append(out, sqlx.Raw(column(id)))
	}
	return out
}

func (g *generator) aggregate(n *plan.Aggregate) *query {
	if q := g.bestRow(n); q != nil {
		return q
	}
	q := g.node(n.In).open()
	x := g.exprs()
	x.order = sequence(n.Order)
	if len(n.Keys)+len(n.Aggs) == 0 {
		return &query{from: plain("(SELECT 0 AS q0)")}
	}
	all := slices.Concat(n.Keys, n.Aggs)
	lowered := make([]sqlx.Expr, len(all))
	for i, it := range all {
		lowered[i] = x.lower(it.Expr, false)
	}
	x.jsonKeys(n.In, lowered)
	items := room(8 * len(all))
	for i, it := range all {
		items.computed(it.Col.ID, lowered[i])
	}
	var groups []string
	for i := range n.Keys {
		groups = append(groups, strconv.Itoa(i+1))
	}
	q = x.over(q)
	q.items = items.list()
	if len(groups) > 0 {
		q.tail = " GROUP BY " + strings.Join(groups, ", ")
	}
	return q
}

// sortKeys is the ORDER BY list over q, and q with what must be computed first.
func (g *generator) sortKeys(q *query, keys []plan.SortKey) (string, *query) {
	x := g.exprs()
	var parts []string
	for _, k := range keys {
		if _, ok := k.Expr.(plan.Const); ok {
			continue
		}
		parts = append(parts, sqlx.Text(x.hoist(x.lower(k.Expr, false)))+direction(k))
	}
	return strings.Join(parts, ", "), x.over(q)
}

func direction(k plan.SortKey) string {
	d, nulls := " ASC", " NULLS LAST"
	if k.Desc {
		d = " DESC"
	}
	if k.NullsFirst {
		nulls = " NULLS FIRST"
	}
	return d + nulls
}

func (g *generator) sort(n *plan.Sort) *query {
	keys, q := g.sortKeys(g.node(n.In).open(), n.Keys)
	order := ""
	if keys != "" {
		order = " ORDER BY " + keys
	}
	if n.Limit != nil && len(n.Partition) == 0 {
		q.tail = order + " LIMIT " + g.limit(n.Limit)
		q = &query{from: q.sub()}
	}
	window := strings.TrimSpace(g.partitionBy(n.Partition) + order)
	q.items = listed(q.star() + ", row_number() OVER (" + window + ") AS " + column(n.Ord.ID))
	if n.Limit != nil && len(n.Partition) > 0 {
		q = q.open()
		q.where = append(q.where, column(n.Ord.ID)+" <= "+g.exprs().text(n.Limit))
	}
	return q
}

func (g *generator) partitionBy(ids []plan.ID) string {
	if len(ids) == 0 {
		return ""
	}
	var cols []string
	for _, id := range ids {
		cols = append(cols, column(id))
	}
	return "PARTITION BY " + strings.Join(cols, ", ")
}

// limit is a row count; a negative one keeps nothing.
func (g *generator) limit(e plan.Expr) string {
	if k, ok := e.(plan.Const); ok {
		v, _ := k.Value.(int64)
		return strconv.FormatInt(max(v, 0), 10)
	}
	x := g.exprs()
	count := x.text(e)
	return "(SELECT greatest(coalesce(" + count + ", 0), 0) FROM " + x.over(&query{from: plain("(SELECT 0 AS q0)")}).sub().String() + ")"
}

func (g *generator) limitNode(n *plan.Limit) *query {
	q := g.node(n.In).open()
	if n.Order != nil {
		q.tail = " ORDER BY " + column(n.Order.ID)
	}
	q.tail += " LIMIT " + g.limit(n.N)
	return q
}

func (g *generator) firstOf(n *plan.FirstOf) *query {
	q := g.node(n.In).open()
	var keys []string
	for _, id := range n.Keys {
		keys = append(keys, column(id))
	}
	q.items = listed("DISTINCT ON (" + strings.Join(keys, ", ") + ") " + q.star())
	return q
}

func (g *generator) union(n *plan.Union) *query {
	from := make(text, 0, len(n.In)+1)
	before := "("
	for i, in := range n.In {
		cols := these(in.Out())
		if i == 0 {
			for j, c := range n.Cols {
				cols[j].to = c.ID
			}
		}
		from = append(from, piece{before, g.node(in).member(cols)})
		before = " UNION ALL "
	}
	return &query{from: append(from, piece{text: ")"})}
}

// member is the query of columns as one of several in a UNION ALL, which has no room for
// an ORDER BY or a LIMIT.
func (q *query) member(cols []named) *query {
	if q.tail != "" {
		q = q.open()
	}
	return q.pick(cols)
}

// unnest expands dynamic values: several lists in one select list are zipped and
// padded with null.
func (g *generator) unnest(n *plan.Unnest) *query {
	if len(n.Items) == 1 && len(n.Items[0].Keys) > 0 {
		return g.unnestKeys(n)
	}
	q := g.node(n.In).open()
	x := g.exprs()
	var lists []string
	for _, it := range n.Items {
		list := sqlx.Text(builtin.ElementList(x.lower(it.Expr, false), it.BagArray, x.hoist, x.udf))
		if n.Limit != nil {
			list = "list_slice(" + list + ", 1, " + x.text(n.Limit) + ")"
		}
		lists = append(lists, sqlx.Text(x.hoist(sqlx.Raw(list))))
	}
	q = x.over(q)
	var items items
	items.add(q.star())
	for i, it := range n.Items {
		items.as(it.Col.ID, "CAST(unnest(", lists[i], ") AS VARCHAR)")
	}
	if n.Index != nil {
		lens := make([]string, len(lists))
		for i, l := range lists {
			lens[i] = "len(" + l + ")"
		}
		items.as(n.Index.ID, "CAST(unnest(range(greatest(", strings.Join(lens, ", "), "))) AS BIGINT)")
	}
	q.items = items.list()
	return q
}

func (g *generator) ref(n *plan.Ref) *query {
	s := n.Def
	if _, ok := g.shared[s]; !ok {
		g.define(s, func() *query { return g.node(s.Node) })
	}
	g.use(s)
	called := room(len(n.Cols))
	for _, c := range n.Cols {
		called.column(c.ID)
	}
	return aliased(sharedName(s), called, n.Cols)
}

// define makes the query of a definition. What it reads is defined by then: there are no
// cycles.
func (g *generator) define(s *plan.Shared, make func() *query) {
	outer := g.used
	g.used = &definitions{}
	g.shared[s] = make().pick(these(s.Cols))
	g.deps(s, g.used.list)
	g.used = outer
}

// deps remembers what a definition reads; use lists it before the definition.
func (g *generator) deps(s *plan.Shared, used []*plan.Shared) {
	if g.reads == nil {
		g.reads = map[*plan.Shared][]*plan.Shared{}
	}
	g.reads[s] = used
}

// use notes that the statement reads s, after all that s reads itself.
func (g *generator) use(s *plan.Shared) {
	if g.used.has[s] {
		return
	}
	for _, d := range g.reads[s] {
		g.used.add(d)
	}
	g.used.add(s)
}

// definitions are shared definitions in the order they must be written in.
type definitions struct {
	list []*plan.Shared
	has  map[*plan.Shared]bool
}

func (d *definitions) add(s *plan.Shared) {
	if d.has[s] {
		return
	}
	if d.has == nil {
		d.has = map[*plan.Shared]bool{}
	}
	d.has[s] = true
	d.list = append(d.list, s)
}

// goOp makes the step of a Go operator; what follows reads its result table.
func (g *generator) goOp(n *plan.GoOp) *query {
	step := Step{Name: n.Name, Run: n.Run, Placeholder: "\x00" + g.name("step") + "\x00"}
	for i, in := range n.In {
		cols := map[plan.ID]plan.Col{}
		for _, c := range in.Out() {
			cols[c.ID] = c
		}
		var input Input
		input.SQL = g.statement(func() *query {
			var args []plan.Col
			for _, id := range n.Args[i] {
				args = append(args, cols[id])
				input.Schema = append(input.Schema, types.Column{Name: cols[id].Name, Type: cols[id].Type})
			}
			if len(n.Args[i]) == 0 {
				input.Schema = types.Schema{{Name: "q0", Type: types.Long}}
			}
			q := g.node(in)
			if i > 0 || n.Order == nil {
				return q.pick(these(args))
			}
			q = q.open().pick(these(args))
			q.tail = " ORDER BY " + column(n.Order.ID)
			return q
		})
		step.Inputs = append(step.Inputs, input)
	}
	called := room(len(n.Cols))
	for i, c := range n.Cols {
		step.Out = append(step.Out, types.Column{Name: plan.StoredColumn(i), Type: c.Type})
		called.column(c.ID)
	}
	g.prog.Steps = append(g.prog.Steps, step)
	return aliased(step.Placeholder, called, n.Cols)
}
