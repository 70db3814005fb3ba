package sqlgen

import (
	"fmt"
	"strconv"

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
	g := &generator{goForms: forms == GoForms, functions: map[string]bool{}, shared: map[*plan.Shared]*query{}}
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
	// shared holds the queries of shared definitions, made when first read.
	shared map[*plan.Shared]*query
	// used are the definitions that the statement being made reads, in order.
	used *definitions
	// reads lists what each shared definition reads itself.
	reads map[*plan.Shared][]*plan.Shared
	names int
	spare []*builtin.Lowering // that calls lowered so far have no more use for
	// firsts counts down the left sides of joins that are computed first; near are the
	// conditions that these put on tables, by the table's time. See window.go. columns counts
	// those that no query has.
	firsts  int
	columns int
	near    map[plan.ID]func(table string, source map[plan.ID]string) string
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

// statement makes a complete statement of a body: the shared definitions it reads,
// then itself.
func (g *generator) statement(body func() *query) string {
	outer := g.used
	g.used = &definitions{}
	main := body()
	var all text
	before := "WITH "
	for _, s := range g.used.list {
		before += sharedName(s) + " AS "
		if s.Once {
			before += "MATERIALIZED "
		}
		all = append(all, piece{before + "(", g.shared[s]})
		before = "), "
	}
	g.used = outer
	if len(all) == 0 {
		return main.sql()
	}
	return append(all, piece{") ", main}).String()
}

// sharedName tells the definitions of a query from those made here, whose IDs are below zero.
func sharedName(s *plan.Shared) string {
	if s.ID < 0 {
		return "f" + strconv.Itoa(-s.ID)
	}
	return "s" + strconv.Itoa(s.ID)
}

// root makes the statement of a whole query.
func (g *generator) root(r *plan.Root) string {
	return g.statement(func() *query {
		q, computed, order := g.ordered(r)
		if r.MaxRows > 0 {
			order += " LIMIT " + strconv.FormatInt(r.MaxRows, 10)
		}
		if len(computed) == 0 && order == "" {
			return q.pick(these(r.Cols))
		}
		q = q.open()
		items := room(len(r.Cols))
		for _, c := range r.Cols {
			if text, ok := computed[c.ID]; ok && text != column(c.ID) {
				items.as(c.ID, text)
			} else {
				items.column(c.ID)
			}
		}
		q.items, q.tail = items.list(), order
		return q
	})
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
		q.items = listed(q.star() + ", row_number() OVER () AS " + column(n.Ord.ID))
		return q
	case *plan.Ref:
		return g.ref(n)
	case *plan.GoOp:
		return g.goOp(n)
	}
	g.fail(fmt.Errorf("sqlgen: unknown node %T", n))
	return nil
}
