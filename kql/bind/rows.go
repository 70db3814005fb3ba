package bind

import (
	"slices"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// rows is the row set that flows from operator to operator.
type rows struct {
	node plan.Node
	cols []plan.Col // what the user sees, in order, with unique names
	ord  *plan.Col  // set while the rows are serialized: they are in the order of this column
	// arrival is the order that rows of a constant table were written in. It does not
	// make them serialized; it only makes results repeatable.
	arrival *plan.Col
	// part are hidden columns inside mv-apply and partition: every operator works
	// within rows that agree on them.
	part []plan.Col
	// name is what withsource calls the rows: a table or an "as" name.
	name string
	// open names the plug-in whose columns nobody knows because its input has no rows.
	open string
	// wild rows come from a wildcard over the tables with data: a column that only a
	// known table without data has is there too, and empty.
	wild  bool
	graph *graph // set between make-graph and the operator that ends the graph
}

// hidden are the columns that operators must carry though the user does not see them.
func (r *rows) hidden() []plan.Col {
	h := slices.Clone(r.part)
	if r.ord != nil {
		h = append(h, *r.ord)
	}
	if r.arrival != nil {
		h = append(h, *r.arrival)
	}
	return h
}

// sequence is the column that order-sensitive aggregates follow, or nil.
func (r *rows) sequence() *plan.Col {
	if r.ord != nil {
		return r.ord
	}
	return r.arrival
}

// find looks a visible column up by name.
func (r *rows) find(name string) (plan.Col, bool) {
	for _, c := range r.cols {
		if c.Name == name {
			return c, true
		}
	}
	return plan.Col{}, false
}

func (r *rows) names() []string {
	out := make([]string, len(r.cols))
	for i, c := range r.cols {
		out[i] = c.Name
	}
	return out
}

func (r *rows) schema() types.Schema {
	out := make(types.Schema, len(r.cols))
	for i, c := range r.cols {
		out[i] = types.Column{Name: c.Name, Type: c.Type}
	}
	return out
}

// with is a copy of r over another node and other visible columns.
func (r *rows) with(node plan.Node, cols []plan.Col) *rows {
	c := *r
	c.node, c.cols = node, cols
	return &c
}

// project computes items as the new visible columns and carries the hidden ones.
func (r *rows) project(items []plan.Item) *rows {
	cols := make([]plan.Col, len(items))
	for i, it := range items {
		cols[i] = it.Col
	}
	all := slices.Clip(items)
	if hidden := r.hidden(); len(hidden) > 0 {
		all = append(make([]plan.Item, 0, len(items)+len(hidden)), items...)
		for _, h := range hidden {
			all = append(all, pass(h))
		}
	}
	return r.with(&plan.Project{In: r.node, Items: all, Order: r.ord, Partition: r.partIDs()}, cols)
}

// pass is the item that hands a column on.
func pass(c plan.Col) plan.Item {
	return plan.Item{Col: c, Expr: plan.ColRef{ID: c.ID, T: c.Type}}
}

func ref(c plan.Col) plan.ColRef { return plan.ColRef{ID: c.ID, T: c.Type} }

// passAll hands on all visible columns, with the items by which the projection below did
// so where it did: wide rows pass many projections.
func (r *rows) passAll() []plan.Item {
	items := make([]plan.Item, len(r.cols), len(r.cols)+8)
	below := projected(r.node)
	for i, c := range r.cols {
		if i < len(below) && below[i].Col == c && below[i].Expr == ref(c) {
			items[i] = below[i]
		} else {
			items[i] = pass(c)
		}
	}
	return items
}

// projected are the items of the projection that rows come from, filtered or not.
func projected(n plan.Node) []plan.Item {
	for {
		switch m := n.(type) {
		case *plan.Project:
			return m.Items
		case *plan.Filter:
			n = m.In
		default:
			return nil
		}
	}
}

// unordered is r without its serialization.
func (r *rows) unordered() *rows {
	c := *r
	c.ord = nil
	return &c
}

func (r *rows) partIDs() []plan.ID {
	ids := make([]plan.ID, len(r.part))
	for i, c := range r.part {
		ids[i] = c.ID
	}
	return ids
}

// scope is a chain of let bindings, innermost first.
type scope struct {
	names  map[string]*binding
	parent *scope
	// source is the row set that contextual sub-queries (fork, mv-apply ...) start from.
}

func (s *scope) with(name string, b *binding) *scope {
	return &scope{names: map[string]*binding{name: b}, parent: s}
}

func (s *scope) find(name string) *binding {
	for ; s != nil; s = s.parent {
		if b, ok := s.names[name]; ok {
			return b
		}
	}
	return nil
}

func (s *scope) all() []string {
	var out []string
	for ; s != nil; s = s.parent {
		for n := range s.names {
			out = append(out, n)
		}
	}
	return out
}

// binding is what a let, a parameter or an "as" gives a name to: exactly one of
// expr (scalar), fn (function) and the tabular forms.
type binding struct {
	let     bool
	name    string
	ast     syntax.Expr
	env     *scope
	expr    plan.Expr
	reads   []string // the tables that expr reads
	fn      *syntax.Function
	text    *source.Text // the text fn was read from, when not the query itself
	tabular bool
	def     *definition
	pattern *syntax.Pattern
}

// definition is a shared row set.
type definition struct {
	shared  *plan.Shared
	visible int
	ordered bool // a column after the visible ones is their order
	arrival bool // and one after that their arrival
	graph   *graph
	reads   []string // tables
}

// context is where a scalar expression stands.
type context struct {
	env *scope
	in  *rows // columns; nil where none can be used
	// left and right are the sides of a join condition.
	left, right *rows
	// aggs collects aggregate calls in summarize and its kin; nil elsewhere.
	aggs *aggregates
	// filter: null and false mean the same here.
	filter bool
	// constant: only what is known when the query starts may be used.
	constant bool
	// extra resolves further names (scan steps, graph elements) before columns.
	extra func(name *syntax.Name) (plan.Expr, bool)
	// member resolves "x.name" where x is such a name.
	member func(x, name *syntax.Name) (plan.Expr, bool)
	// call binds the functions that exist only here (of graph patterns), or says no.
	call func(x *syntax.Call) (plan.Expr, bool)
}

func (c *context) with(f func(*context)) *context {
	n := *c
	f(&n)
	return &n
}
