package sqlgen

import (
	"fmt"
	"strconv"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// Program is what an engine runs: the steps in order, then the final query.
type Program struct {
	Steps []Step
	SQL   string
	Cols  []plan.Col // of the final query, in order
	// Functions are the Go forms that the SQL calls; they must be registered first.
	Functions []Function
}

// Step is a Go operator between two SQL parts. The final SQL and later steps name its
// result by Placeholder, which the engine replaces by the table it filled.
type Step struct {
	Name        string
	Inputs      []Input
	Run         plan.GoFunc
	Out         types.Schema
	Placeholder string
}

// Input is one input of a step.
type Input struct {
	SQL    string
	Schema types.Schema
}

// Function is a row's Go form at given argument types.
type Function struct {
	Name   string // in SQL
	Row    *builtin.Row
	Params []types.Type
	Result types.Type
}

// Refusal is an error about a call that the dialect cannot say; Pos is the call's
// byte offset in the query.
type Refusal struct {
	Call string
	Pos  int
	Why  error
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s(): %v", r.Call, r.Why) }

// Forms says which form of a row the program uses.
type Forms uint8

const (
	Native  Forms = iota // SQL where a row has it
	GoForms              // Go where a row has it; tests compare the two
)

// Generate makes the program of a query. Its errors are *Refusal, and internal
// errors of malformed plans.
func Generate(root *plan.Root, forms Forms) (*Program, error) {
	return generate(forms, func(g *generator) {
		g.prog.SQL = g.root(root)
		g.prog.Cols = root.Cols
	})
}

// generate makes a program; make may fail through the generator.
func generate(forms Forms, make func(*generator)) (p *Program, err error) {
	g := &generator{goForms: forms == GoForms, functions: map[string]bool{}, shared: map[*plan.Shared]string{}}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(genError)
			if !ok {
				panic(r)
			}
			p, err = nil, e.error
		}
	}()
	make(g)
	return &g.prog, nil
}

// genError carries an error through the recursion.
type genError struct{ error }

type generator struct {
	prog      Program
	goForms   bool
	functions map[string]bool
	// shared holds the SQL of shared definitions, made when first read.
	shared map[*plan.Shared]string
	// used are the definitions that the statement being made reads, in order.
	used *definitions
	// reads lists what each shared definition reads itself.
	reads map[*plan.Shared][]*plan.Shared
	names int
}

func (g *generator) fail(err error) { panic(genError{err}) }

func (g *generator) name(prefix string) string {
	g.names++
	return prefix + strconv.Itoa(g.names)
}

// column is the SQL name of a column.
func column(id plan.ID) string {
	var b [24]byte
	return string(appendColumn(b[:0], id))
}

func appendColumn(b []byte, id plan.ID) []byte {
	return strconv.AppendInt(append(b, 'q'), int64(id), 10)
}

// passed is the select item that gives a column on, under a name that may be another.
func passed(from, to plan.ID) string {
	var b [48]byte
	item := appendColumn(b[:0], from)
	if from != to {
		item = appendColumn(append(item, " AS "...), to)
	}
	return string(item)
}

// statement makes a complete statement of a body: the shared definitions it reads,
// then itself.
func (g *generator) statement(body func() string) string {
	outer := g.used
	g.used = &definitions{}
	sql := body()
	var with []string
	for _, s := range g.used.list {
		mat := ""
		if s.Once {
			mat = "MATERIALIZED "
		}
		with = append(with, sharedName(s)+" AS "+mat+"("+g.shared[s]+")")
	}
	g.used = outer
	if len(with) > 0 {
		sql = "WITH " + strings.Join(with, ", ") + " " + sql
	}
	return sql
}

func sharedName(s *plan.Shared) string { return "s" + strconv.Itoa(s.ID) }

// root makes the statement of a whole query.
func (g *generator) root(r *plan.Root) string {
	return g.statement(func() string {
		q, computed, order := g.ordered(r)
		items := make([]string, len(r.Cols))
		for i, c := range r.Cols {
			items[i] = column(c.ID)
			if text, ok := computed[c.ID]; ok && text != items[i] {
				items[i] = text + " AS " + items[i]
			}
		}
		if r.MaxRows > 0 {
			order += " LIMIT " + strconv.FormatInt(r.MaxRows, 10)
		}
		return selected(items, q.sub(), order)
	})
}

// selected is a complete SELECT of items, which may be none.
func selected(items []string, from, tail string) string {
	q := query{items: someItem(items), from: from, tail: tail}
	return q.sql()
}

// someItem stands in for a select list without items, which SQL does not have.
func someItem(items []string) []string {
	if len(items) == 0 {
		return []string{"0 AS q0"}
	}
	return items
}

// query is a SELECT in the making. While items is nil it passes all columns on, so
// that filters and one projection can still join it.
type query struct {
	items  []string
	from   string
	joined bool // from is a join, which cannot be selected from as it stands
	where  []string
	tail   string
}

func (q *query) sql() string { return q.between("", "") }

// sub is the query as something to select from.
func (q *query) sub() string {
	if q.items == nil && len(q.where) == 0 && q.tail == "" && !q.joined {
		return q.from
	}
	return q.between("(", ")")
}

// between writes the query between two texts, into memory taken once.
func (q *query) between(open, end string) string {
	const sel, from, where = "SELECT ", " FROM ", " WHERE "
	items := q.items
	if items == nil {
		items = []string{"*"}
	}
	size := len(open) + len(sel) + len(from) + len(q.from) + len(where) + len(q.tail) + len(end)
	for _, it := range items {
		size += len(it) + len(", ")
	}
	for _, w := range q.where {
		size += len(w) + len(" AND ")
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(open)
	b.WriteString(sel)
	join(&b, items, ", ")
	b.WriteString(from)
	b.WriteString(q.from)
	if len(q.where) > 0 {
		b.WriteString(where)
		join(&b, q.where, " AND ")
	}
	b.WriteString(q.tail)
	b.WriteString(end)
	return b.String()
}

func join(b *strings.Builder, parts []string, between string) {
	for i, p := range parts {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(p)
	}
}

// open returns q itself while it still passes all columns on, else a query over it.
func (q *query) open() *query {
	if q.items == nil && q.tail == "" {
		return q
	}
	return &query{from: q.sub()}
}

// node makes the query of a node.
func (g *generator) node(n plan.Node) *query {
	switch n := n.(type) {
	case *plan.Scan:
		return g.scan(n)
	case *plan.Values:
		return g.values(n)
	case *plan.Range:
		return g.rangeNode(n)
	case *plan.Filter:
		return g.filter(n)
	case *plan.Project:
		return g.project(n)
	case *plan.Aggregate:
		return g.aggregate(n)
	case *plan.Sort:
		return g.sort(n)
	case *plan.Limit:
		return g.limitNode(n)
	case *plan.FirstOf:
		return g.firstOf(n)
	case *plan.Join:
		return g.join(n)
	case *plan.Union:
		return g.union(n)
	case *plan.Unnest:
		return g.unnest(n)
	case *plan.Number:
		q := g.node(n.In).open()
		q.items = []string{"*", "row_number() OVER () AS " + column(n.Ord.ID)}
		return q
	case *plan.Ref:
		return g.ref(n)
	case *plan.GoOp:
		return g.goOp(n)
	}
	g.fail(fmt.Errorf("sqlgen: unknown node %T", n))
	return nil
}
