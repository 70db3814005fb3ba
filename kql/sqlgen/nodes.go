package sqlgen

import (
	"fmt"
	"strconv"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

func (g *generator) scan(n *plan.Scan) *query {
	items := make([]string, len(n.Cols))
	for i, c := range n.Cols {
		items[i] = n.Source[i] + " AS " + column(c.ID)
	}
	return &query{items: someItem(items), from: plain(n.Table)}
}

func (g *generator) values(n *plan.Values) *query {
	if len(n.Cols) == 0 {
		if len(n.Rows) == 1 {
			return &query{from: plain("(SELECT 0 AS q0)")}
		}
		return &query{items: []string{"0 AS q0"}, from: plain("range(" + strconv.Itoa(len(n.Rows)) + ")")}
	}
	items := make([]string, len(n.Cols))
	if len(n.Rows) == 0 {
		for i, c := range n.Cols {
			items[i] = "CAST(NULL AS " + sqlType(c.Type) + ") AS " + column(c.ID)
		}
		return &query{items: items, from: plain("range(0)")}
	}
	names := make([]string, len(n.Cols))
	for i, c := range n.Cols {
		names[i] = "v" + strconv.Itoa(i)
		items[i] = "CAST(" + names[i] + " AS " + sqlType(c.Type) + ") AS " + column(c.ID)
	}
	rows := make([]string, len(n.Rows))
	for r, row := range n.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cell(n.Cols[i].Type, v)
		}
		rows[r] = "(" + strings.Join(cells, ", ") + ")"
	}
	return &query{items: items, from: plain("(VALUES " + strings.Join(rows, ", ") + ") AS v(" + strings.Join(names, ", ") + ")")}
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
		return &query{items: []string{item}, from: plain(g.counter(count, name))}
	}
	q := x.over(&query{from: plain("(SELECT 0 AS q0)")})
	q.items = []string{"*", "unnest(range(CAST(" + count + " AS BIGINT))) AS " + name}
	q = q.open()
	q.items = []string{item}
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
	q := g.node(n.In).open()
	x := g.exprs()
	x.order = sequence(n.Order)
	x.partition = g.partitionOf(n)
	items := make([]string, len(n.Items))
	var at []int // the places of those that are more than a column
	var lowered []sqlx.Expr
	for i, it := range n.Items {
		if ref, ok := it.Expr.(plan.ColRef); ok {
			items[i] = passed(ref.ID, it.Col.ID)
			continue
		}
		at, lowered = append(at, i), append(lowered, x.lower(it.Expr, false))
	}
	x.jsonKeys(n.In, lowered)
	for i, e := range lowered {
		items[at[i]] = sqlx.Text(e) + " AS " + column(n.Items[at[i]].Col.ID)
	}
	q = x.over(q)
	q.items = someItem(items)
	return q
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
	q := g.node(n.In).open()
	x := g.exprs()
	x.order = sequence(n.Order)
	var items, groups []string
	for i, k := range n.Keys {
		items = append(items, x.text(k.Expr)+" AS "+column(k.Col.ID))
		groups = append(groups, strconv.Itoa(i+1))
	}
	for _, a := range n.Aggs {
		items = append(items, x.text(a.Expr)+" AS "+column(a.Col.ID))
	}
	q = x.over(q)
	if len(items) == 0 {
		return &query{from: plain("(SELECT 0 AS q0)")}
	}
	q.items = items
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
	q.items = []string{"*", "row_number() OVER (" + window + ") AS " + column(n.Ord.ID)}
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
	q.items = []string{"DISTINCT ON (" + strings.Join(keys, ", ") + ") *"}
	return q
}

func (g *generator) union(n *plan.Union) *query {
	from := make(text, 0, len(n.In)+1)
	before := "("
	for i, in := range n.In {
		cols := in.Out()
		items := make([]string, len(cols))
		for j, c := range cols {
			items[j] = column(c.ID)
			if i == 0 {
				items[j] += " AS " + column(n.Cols[j].ID)
			}
		}
		from = append(from, piece{before, &query{items: someItem(items), from: g.node(in).sub()}})
		before = " UNION ALL "
	}
	return &query{from: append(from, piece{text: ")"})}
}

// unnest expands dynamic values: several lists in one select list are zipped and
// padded with null.
func (g *generator) unnest(n *plan.Unnest) *query {
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
	items := []string{"*"}
	for i, it := range n.Items {
		items = append(items, "CAST(unnest("+lists[i]+") AS VARCHAR) AS "+column(it.Col.ID))
	}
	if n.Index != nil {
		lens := make([]string, len(lists))
		for i, l := range lists {
			lens[i] = "len(" + l + ")"
		}
		items = append(items, "CAST(unnest(range(greatest("+strings.Join(lens, ", ")+"))) AS BIGINT) AS "+column(n.Index.ID))
	}
	q.items = items
	return q
}

func (g *generator) ref(n *plan.Ref) *query {
	s := n.Def
	if _, ok := g.shared[s]; !ok {
		g.shared[s] = nil // cycles cannot be: a definition reads only earlier ones
		outer := g.used
		g.used = &definitions{}
		q := g.node(s.Node)
		items := make([]string, len(s.Cols))
		for i, c := range s.Cols {
			items[i] = column(c.ID)
		}
		g.shared[s] = &query{items: someItem(items), from: q.sub()}
		g.deps(s, g.used.list)
		g.used = outer
	}
	g.use(s)
	items := make([]string, len(s.Cols))
	for i, c := range s.Cols {
		items[i] = passed(c.ID, n.Cols[i].ID)
	}
	return &query{items: someItem(items), from: plain(sharedName(s))}
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
			q := g.node(in)
			var items []string
			for _, id := range n.Args[i] {
				items = append(items, column(id))
				input.Schema = append(input.Schema, types.Column{Name: cols[id].Name, Type: cols[id].Type})
			}
			if len(items) == 0 {
				input.Schema = types.Schema{{Name: "q0", Type: types.Long}}
			}
			order := ""
			if i == 0 && n.Order != nil {
				order = " ORDER BY " + column(n.Order.ID)
			}
			return &query{items: someItem(items), from: q.sub(), tail: order}
		})
		step.Inputs = append(step.Inputs, input)
	}
	var items []string
	for i, c := range n.Cols {
		step.Out = append(step.Out, types.Column{Name: "c" + strconv.Itoa(i), Type: c.Type})
		items = append(items, "c"+strconv.Itoa(i)+" AS "+column(c.ID))
	}
	g.prog.Steps = append(g.prog.Steps, step)
	return &query{items: someItem(items), from: plain(step.Placeholder)}
}
