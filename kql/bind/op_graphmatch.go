package bind

import (
	gocontext "context"
	"slices"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// matchBinding is a graph-match while it is bound. Names of the pattern are bound to
// cells, columns that exist only while a match is looked at. What speaks of a single
// node or edge is computed by the engine as a value of that table's rows.
type matchBinding struct {
	b            *binder
	env          *scope
	nodes, edges *rows
	nodeSee      []plan.Expr
	edgeSee      []plan.Expr
	vars         map[string]element
	pattern      *builtin.GraphPattern
	cells        []cell
}

// element is a named node or edge of the pattern.
type element struct {
	node  bool
	index int
}

// cell is a value of a match; real is its expression over the table of its element.
type cell struct {
	builtin.PatternCell
	col  plan.Col
	real plan.Expr
}

func (b *binder) opGraphMatch(g *graph, op *syntax.GraphMatch, env *scope) *rows {
	name := "graph-match"
	if op.Shortest {
		name = "graph-shortest-paths"
	}
	m := &matchBinding{b: b, env: env, nodes: b.read(g.nodes), edges: b.read(g.edges), vars: map[string]element{},
		pattern: &builtin.GraphPattern{Cycles: word(op.Param("cycles"), "unique_edges"), Shortest: op.Shortest,
			All: strings.EqualFold(word(op.Param("output"), "any"), "all"), Undirected: g.undirected}}
	if len(op.Project) == 0 {
		b.fail(op.Keyword(), errValue(name+" needs a project clause", "write: project node.property, edge.property"))
	}
	for _, p := range op.Patterns {
		m.sequence(p)
	}
	m.check(op)
	c := m.context()
	var conditions []plan.Expr
	var spans []source.Span
	for _, x := range conjuncts(op.Where) {
		conditions, spans = append(conditions, b.condition(x, c)), append(spans, x.Pos())
	}
	var items []plan.Item
	names := newNames()
	for _, x := range op.Project {
		for _, o := range b.outputs(x, c) {
			switch {
			case o.explicit && names.taken[o.name]:
				b.report(x.Pos(), errDuplicateColumn(o.name))
			case o.explicit:
				names.taken[o.name] = true
			case o.name == "":
				o.name = freeColumn(names)
			default:
				o.name = names.add(o.name)
			}
			items = append(items, plan.Item{Col: b.newCol(o.name, o.expr.Type()), Expr: o.expr})
		}
	}
	if b.failed {
		panic(bail{})
	}
	for i, e := range conditions {
		m.where(e, spans[i])
	}
	var out []plan.Col
	var results []plan.Expr
	for _, it := range items {
		out, results = append(out, it.Col), append(results, m.lower(it.Expr))
	}
	for i, e := range results {
		m.pattern.Results = append(m.pattern.Results, m.compile(e, op.Project[min(i, len(op.Project)-1)].Pos()))
	}
	if b.failed {
		panic(bail{})
	}
	for _, c := range m.cells {
		m.pattern.Cells = append(m.pattern.Cells, c.PatternCell)
	}
	m.pattern.Width = len(m.cells)
	return m.run(name, out)
}

// sequence reads one chain of the pattern.
func (m *matchBinding) sequence(p syntax.GraphPattern) {
	b := m.b
	last := -1
	var edge *syntax.GraphElem
	for i := range p.Elems {
		e := &p.Elems[i]
		if e.Edge {
			if edge != nil || last < 0 {
				b.fail(e.Span, errValue("an edge stands between two nodes", "write (a)-[e]->(b)"))
			}
			edge = e
			continue
		}
		if last >= 0 && edge == nil {
			b.fail(e.Span, errValue("an edge is missing between two nodes", "write (a)-[e]->(b)"))
		}
		n := m.node(e)
		if edge != nil {
			m.edge(edge, last, n)
		}
		last, edge = n, nil
	}
	if edge != nil {
		b.fail(edge.Span, errValue("the pattern ends with an edge", "write (a)-[e]->(b)"))
	}
}

func (m *matchBinding) node(e *syntax.GraphElem) int {
	if e.Name != nil {
		if have, ok := m.vars[e.Name.Text]; ok {
			if !have.node {
				m.b.fail(e.Name.Span, errDuplicateColumn(e.Name.Text))
			}
			return have.index
		}
		m.vars[e.Name.Text] = element{true, len(m.pattern.Nodes)}
	}
	m.pattern.Nodes = append(m.pattern.Nodes, builtin.PatternNode{Check: -1})
	return len(m.pattern.Nodes) - 1
}

func (m *matchBinding) edge(e *syntax.GraphElem, from, to int) {
	b := m.b
	pe := builtin.PatternEdge{From: from, To: to, Direction: e.Direction, Variable: e.Variable, Low: 1, High: 1, Check: -1}
	if e.Variable {
		bound := func(x syntax.Expr) int {
			k, ok := b.constant(x, m.env, "a path length")
			v, isInt := k.Value.(int64)
			if !ok || !isInt || v < 0 || v > 10_000 {
				b.fail(x.Pos(), errValue("a path length is a whole number from 0 to 10000", ""))
			}
			return int(v)
		}
		pe.Low, pe.High = bound(e.Low), bound(e.High)
		if pe.High < pe.Low || pe.High == 0 {
			b.fail(e.Span, errValue("the greatest length of a path lies below its least", ""))
		}
	}
	if e.Name != nil {
		if _, ok := m.vars[e.Name.Text]; ok {
			b.fail(e.Name.Span, errDuplicateColumn(e.Name.Text))
		}
		m.vars[e.Name.Text] = element{false, len(m.pattern.Edges)}
	}
	m.pattern.Edges = append(m.pattern.Edges, pe)
}

// check holds the pattern to what the search can do.
func (m *matchBinding) check(op *syntax.GraphMatch) {
	b := m.b
	if len(m.pattern.Nodes) == 0 {
		panic(bail{})
	}
	// All parts hang together.
	reached := map[int]bool{0: true}
	for range m.pattern.Edges {
		for _, e := range m.pattern.Edges {
			if reached[e.From] || reached[e.To] {
				reached[e.From], reached[e.To] = true, true
			}
		}
	}
	if len(reached) < len(m.pattern.Nodes) {
		b.fail(op.Keyword(), errValue("the sequences of the pattern share no node", "name a common node in both"))
	}
	if !op.Shortest {
		return
	}
	variable := 0
	for _, e := range m.pattern.Edges {
		if e.Variable {
			variable++
		}
	}
	if variable != 1 || len(op.Patterns) != 1 {
		b.fail(op.Keyword(), errRefused("graph-shortest-paths", "the pattern must be one sequence with one variable-length edge"))
	}
}

// conjuncts are the parts of a condition that are joined by "and".
func conjuncts(x syntax.Expr) []syntax.Expr {
	switch x := x.(type) {
	case nil:
		return nil
	case *syntax.Paren:
		return conjuncts(x.X)
	case *syntax.Binary:
		if x.Op == "and" {
			return append(conjuncts(x.L), conjuncts(x.R)...)
		}
	}
	return []syntax.Expr{x}
}

func (m *matchBinding) context() *context {
	return &context{env: m.env, member: m.member, extra: m.whole, call: m.call}
}

// member is "variable.property".
func (m *matchBinding) member(x, name *syntax.Name) (plan.Expr, bool) {
	v, ok := m.vars[x.Text]
	if !ok {
		return nil, false
	}
	kind, table, ids := builtin.NodeValue, m.nodes, nodeColumns
	if !v.node {
		kind, table, ids = builtin.EdgeValue, m.edges, edgeColumns
		if m.pattern.Edges[v.index].Variable {
			kind = builtin.PathValue
		}
	}
	for _, c := range table.cols[ids:] {
		if c.Name == name.Text {
			return m.cell(kind, v.index, ref(c)), true
		}
	}
	m.b.report(name.Span, errUnknownColumn(name.Text, table.names()[ids:]))
	return unknown, true
}

// whole is a variable by itself: for a variable-length edge the array of its edges.
func (m *matchBinding) whole(name *syntax.Name) (plan.Expr, bool) {
	v, ok := m.vars[name.Text]
	if !ok {
		return nil, false
	}
	if v.node || !m.pattern.Edges[v.index].Variable {
		m.b.report(name.Span, errValue("\""+name.Text+"\" is a node or an edge of the pattern, not a value", "name a property, as in "+name.Text+".property"))
		return unknown, true
	}
	return m.cell(builtin.PathValue, v.index, m.b.packColumns(m.edges.cols[edgeColumns:], false, name.Span)), true
}

// call binds the functions of graphs.
func (m *matchBinding) call(x *syntax.Call) (plan.Expr, bool) {
	b := m.b
	f := b.table.GraphFunction(x.Name.Text)
	want := 1
	switch f {
	case builtin.NoGraphFunc:
		return nil, false
	case builtin.GraphAny: // any() is an aggregate elsewhere
		want = 2
	case builtin.GraphAll, builtin.GraphMap:
		want = 2
	}
	if len(x.Args) != want {
		b.report(x.Name.Span, errArguments(x.Name.Text+" takes "+plural(want, "argument")+" here, not "+itoa(len(x.Args))))
		return unknown, true
	}
	target, inner := x.Args[0], false
	if c, ok := target.(*syntax.Call); ok && b.table.GraphFunction(c.Name.Text) == builtin.GraphInnerNodes && len(c.Args) == 1 {
		target, inner = c.Args[0], true
	}
	n, _ := target.(*syntax.Name)
	var v element
	ok := false
	if n != nil {
		v, ok = m.vars[n.Text]
	}
	if !ok {
		b.report(target.Pos(), errValue("a variable of the pattern is needed here", ""))
		return unknown, true
	}
	switch f {
	case builtin.GraphLabels:
		return plan.Const{T: types.Dynamic, Value: "[]"}, true
	case builtin.GraphDegreeIn, builtin.GraphDegreeOut:
		if !v.node {
			b.report(target.Pos(), errValue("a node of the pattern is needed here", ""))
			return unknown, true
		}
		kind := builtin.DegreeIn
		if f == builtin.GraphDegreeOut {
			kind = builtin.DegreeOut
		}
		return m.cellOf(kind, v.index, nil, types.Long), true
	}
	if v.node || !m.pattern.Edges[v.index].Variable || f == builtin.GraphInnerNodes {
		b.report(x.Span, errValue("a variable-length edge is needed here", "inner_nodes() stands inside all(), any() and map()"))
		return unknown, true
	}
	table := m.edges
	kinds := map[builtin.GraphFunc]builtin.CellKind{builtin.GraphAll: builtin.PathAll, builtin.GraphAny: builtin.PathAny, builtin.GraphMap: builtin.PathValue}
	if inner {
		table = m.nodes
		kinds = map[builtin.GraphFunc]builtin.CellKind{builtin.GraphAll: builtin.InnerAll, builtin.GraphAny: builtin.InnerAny, builtin.GraphMap: builtin.InnerValue}
	}
	c := &context{env: m.env, in: table, call: m.innerCall}
	if f == builtin.GraphMap {
		return m.cell(kinds[f], v.index, b.scalar(x.Args[1], c)), true
	}
	return m.cell(kinds[f], v.index, b.condition(x.Args[1], c)), true
}

// innerCall binds labels() inside all(), any() and map().
func (m *matchBinding) innerCall(x *syntax.Call) (plan.Expr, bool) {
	if m.b.table.GraphFunction(x.Name.Text) == builtin.GraphLabels && len(x.Args) == 0 {
		return plan.Const{T: types.Dynamic, Value: "[]"}, true
	}
	return nil, false
}

// cell makes the value of a match that reads an expression of an element's table.
func (m *matchBinding) cell(kind builtin.CellKind, at int, real plan.Expr) plan.Expr {
	if real.Type() == types.Unknown {
		return unknown
	}
	t := real.Type()
	switch kind {
	case builtin.PathValue, builtin.InnerValue:
		t = types.Dynamic
	}
	return m.cellOf(kind, at, real, t)
}

func (m *matchBinding) cellOf(kind builtin.CellKind, at int, real plan.Expr, t types.Type) plan.Expr {
	for _, c := range m.cells {
		if c.Kind == kind && c.Element == at && c.real == real && real != nil && isColumn(real) {
			return ref(c.col)
		}
	}
	c := cell{real: real, col: m.b.newCol("$cell", t), PatternCell: builtin.PatternCell{Kind: kind, Element: at, Slot: len(m.cells)}}
	if real != nil {
		c.Value, c.Type = m.value(kind, real), real.Type()
	}
	m.cells = append(m.cells, c)
	return ref(c.col)
}

func isColumn(e plan.Expr) bool {
	_, ok := e.(plan.ColRef)
	return ok
}

// value is the place of an expression among the values of its table's rows.
func (m *matchBinding) value(kind builtin.CellKind, real plan.Expr) int {
	see := &m.edgeSee
	switch kind {
	case builtin.NodeValue, builtin.InnerValue, builtin.InnerAll, builtin.InnerAny:
		see = &m.nodeSee
	}
	if isColumn(real) {
		if i := slices.IndexFunc(*see, func(e plan.Expr) bool { return e == real }); i >= 0 {
			return i
		}
	}
	*see = append(*see, real)
	return len(*see) - 1
}

func (m *matchBinding) find(id plan.ID) (cell, bool) {
	for _, c := range m.cells {
		if c.col.ID == id {
			return c, true
		}
	}
	return cell{}, false
}

// run adds the search to the plan.
func (m *matchBinding) run(name string, out []plan.Col) *rows {
	b := m.b
	items := []plan.Item{pass(m.edges.cols[0]), pass(m.edges.cols[1])}
	for _, e := range m.edgeSee {
		items = append(items, plan.Item{Col: b.newCol("$edge", e.Type()), Expr: e})
	}
	edges := m.edges.project(items)
	pattern := m.pattern
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		g, err := builtin.ReadGraph(in[0], in[1])
		if err != nil {
			return err
		}
		return pattern.Match(env, g, emit)
	}
	see := append([]plan.Expr{ref(m.nodes.cols[0])}, m.nodeSee...)
	return b.runGo(m.nodes, goOp{name: name, see: see, out: out, more: []goInput{{edges, edges.cols}}, body: body})
}
