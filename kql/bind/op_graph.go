package bind

import (
	gocontext "context"
	"slices"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// graph is what flows from make-graph to the operator that ends the graph: two tables
// that every graph operator reads again.
type graph struct {
	nodes      *definition // the id, then the properties
	edges      *definition // the ids of source and target, then the properties
	undirected bool
}

// nodeColumns is how many columns of nodes are ids, edgeColumns the same of edges.
const (
	nodeColumns = 1
	edgeColumns = 2
)

// graphRows carries a graph through the pipe.
func (b *binder) graphRows(g *graph) *rows {
	r := b.read(g.edges)
	r.graph = g
	return r
}

func (b *binder) graphTable(name string, r *rows) *definition {
	d := b.share(name, r)
	d.shared.Once = true
	return d
}

func (b *binder) graphOperator(r *rows, op syntax.Op, env *scope) *rows {
	g := r.graph
	switch op := op.(type) {
	case *syntax.GraphMatch:
		return b.opGraphMatch(g, op, env)
	case *syntax.GraphToTable:
		return b.opGraphToTable(g, op)
	case *syntax.GraphMark:
		return b.opGraphMark(g, op)
	case *syntax.GraphWhere:
		return b.opGraphWhere(g, op, env)
	}
	b.fail(op.Keyword(), errValue("this operator does not work on a graph", "end the graph with graph-match, graph-shortest-paths or graph-to-table first"))
	return nil
}

// opMakeGraph binds make-graph: rows are edges; nodes come from node tables and from
// the ends of edges.
func (b *binder) opMakeGraph(r *rows, op *syntax.MakeGraph, env *scope) *rows {
	if op.Partitions != nil || op.Sub != nil {
		b.fail(op.Keyword(), errRefused("make-graph partitioned-by", "use the partition operator's values as a where"))
	}
	if len(r.part) > 0 {
		b.fail(op.Keyword(), errRefused("make-graph inside partition", "it builds one graph"))
	}
	end := func(n *syntax.Name) plan.Col {
		c, ok := r.find(n.Text)
		if !ok {
			b.fail(n.Span, errUnknownColumn(n.Text, r.names()))
		}
		if c.Type == types.Dynamic {
			b.fail(n.Span, errDynamicKey("a node id"))
		}
		return c
	}
	from, to := end(op.From), end(op.To)
	if from.Type != to.Type {
		b.fail(op.To.Span, errJoinTypes(to.Name, from.Type, to.Type))
	}
	src, dst := b.newCol("$source", from.Type), b.newCol("$target", to.Type)
	items := append([]plan.Item{{Col: src, Expr: ref(from)}, {Col: dst, Expr: ref(to)}}, r.passAll()...)
	g := &graph{undirected: op.Undirected, edges: b.graphTable("$edges", r.unordered().projectKeepingHidden(b, items))}

	// Nodes: properties of all node tables; one that has different types is dynamic.
	id := b.newCol("$id", from.Type)
	var tables []*rows
	var props []plan.Col
	place := map[string]int{}
	for _, n := range op.Nodes {
		t := b.tabular(n.Table, env)
		tables = append(tables, t)
		for _, c := range t.cols {
			if i, ok := place[c.Name]; !ok {
				place[c.Name] = len(props)
				props = append(props, b.newCol(c.Name, c.Type))
			} else if props[i].Type != c.Type {
				props[i].Type = types.Dynamic
			}
		}
	}
	if op.NodeID != nil {
		place[op.NodeID.Text] = len(props)
		props = append(props, b.newCol(op.NodeID.Text, from.Type))
	}
	edges := b.read(g.edges)
	var zeros []types.Value
	for _, c := range props {
		zeros = append(zeros, zero(c.Type).Value)
	}
	var places [][]int
	var more []goInput
	idPlaces := []int{} // properties that hold the id itself
	for i, n := range op.Nodes {
		t := tables[i]
		key, ok := t.find(n.On.Text)
		if !ok {
			b.fail(n.On.Span, errUnknownColumn(n.On.Text, t.names()))
		}
		if key.Type != from.Type {
			b.fail(n.On.Span, errJoinTypes(n.On.Text, from.Type, key.Type))
		}
		own := b.newCol("$id", key.Type)
		items := []plan.Item{{Col: own, Expr: ref(key)}}
		var at []int
		for _, c := range t.cols {
			p := props[place[c.Name]]
			items = append(items, plan.Item{Col: b.newCol(c.Name, p.Type), Expr: b.convertTo(ref(c), p.Type, n.On.Span)})
			at = append(at, place[c.Name])
		}
		places = append(places, at)
		in := t.unordered().project(items)
		more = append(more, goInput{in, in.cols})
		if props[place[n.On.Text]].Type == from.Type {
			idPlaces = append(idPlaces, place[n.On.Text])
		}
	}
	if op.NodeID != nil {
		idPlaces = append(idPlaces, place[op.NodeID.Text])
	}
	width := nodeColumns + len(props)
	body := func(_ gocontext.Context, _ *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		return builtin.MergeNodes(in, width, zeros, places, func(row []types.Value) error {
			for _, p := range idPlaces {
				if row[nodeColumns+p] == zeros[p] { // the node is in no table that sets it
					row[nodeColumns+p] = row[0]
				}
			}
			return emit(row)
		})
	}
	nodes := b.runGo(edges, goOp{name: "make-graph", see: refs(edges.cols[:edgeColumns]), out: append([]plan.Col{id}, props...), more: more, body: body})
	g.nodes = b.graphTable("$nodes", nodes)
	return b.graphRows(g)
}

// opGraphToTable gives the nodes or edges as a table; with two outputs the second is a
// further result. "as" names them for later statements; when there are such, they say
// what the results are.
func (b *binder) opGraphToTable(g *graph, op *syntax.GraphToTable) *rows {
	var first *rows
	apart := b.final || !namesAll(op)
	hash := b.table.Scalar(builtin.HashRow)
	for _, o := range op.Outputs {
		def, ids := g.nodes, nodeColumns
		params := []string{"with_node_id"}
		if o.Edges {
			def, ids, params = g.edges, edgeColumns, []string{"with_source_id", "with_target_id"}
		}
		t := b.read(def)
		var items []plan.Item
		names := newNames(t.cols[ids:]...)
		for i, name := range params {
			for _, p := range o.Params {
				if strings.EqualFold(p.Name, name) {
					e := b.make(builtin.HashRow, hash, []plan.Expr{ref(t.cols[i])}, op.Keyword(), nil)
					items = append(items, plan.Item{Col: b.newCol(names.add(word(p, name)), types.Long), Expr: e})
				}
			}
		}
		for _, c := range t.cols[ids:] {
			items = append(items, pass(c))
		}
		res := t.project(items)
		if o.As != nil {
			b.env = b.nameRows(res, o.As.Text, b.env)
		}
		if first == nil {
			first = res
		} else if apart {
			b.more = append(b.more, b.root(res))
		}
	}
	return first
}

// namesAll reports a graph-to-table whose tables all have names.
func namesAll(op *syntax.GraphToTable) bool {
	return !slices.ContainsFunc(op.Outputs, func(o syntax.GraphOutput) bool { return o.As == nil })
}

// namesTables reports a query that only names the tables of a graph.
func namesTables(x syntax.Expr) bool {
	p, ok := x.(*syntax.Pipe)
	if !ok || len(p.Ops) == 0 {
		return false
	}
	op, ok := p.Ops[len(p.Ops)-1].(*syntax.GraphToTable)
	return ok && namesAll(op)
}

// opGraphMark gives each node the number of its connected component.
func (b *binder) opGraphMark(g *graph, op *syntax.GraphMark) *rows {
	kind := strings.ToLower(word(op.Param("kind"), "weak"))
	if kind != "weak" && kind != "strong" {
		b.fail(op.Keyword(), errChoice("kind of component", kind, []string{"weak", "strong"}))
	}
	nodes, edges := b.read(g.nodes), b.read(g.edges)
	out := b.fresh(nodes.cols)
	name := word(op.Param("with_component_id"), "ComponentId")
	if _, taken := nodes.find(name); taken {
		b.fail(op.Keyword(), errDuplicateColumn(name))
	}
	out = append(out, b.newCol(name, types.Long))
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		all, err := readRows(in[0])
		if err != nil {
			return err
		}
		m, err := builtin.ReadGraph(&memory{rows: all, from: in[0], env: env}, in[1])
		if err != nil {
			return err
		}
		for i, c := range m.Components(kind == "strong") {
			if err := emit(append(all[i][:len(all[i]):len(all[i])], c)); err != nil {
				return err
			}
		}
		return nil
	}
	marked := b.runGo(nodes, goOp{name: "graph-mark-components", see: refs(nodes.cols), out: out, more: []goInput{{edges, edges.cols[:edgeColumns]}}, body: body})
	return b.graphRows(&graph{nodes: b.graphTable("$nodes", marked), edges: g.edges, undirected: g.undirected})
}

// opGraphWhere keeps the nodes or edges that meet a condition; edges go with their nodes.
func (b *binder) opGraphWhere(g *graph, op *syntax.GraphWhere, env *scope) *rows {
	nodes, edges := g.nodes, g.edges
	filter := func(d *definition) *rows {
		t := b.read(d)
		pred := b.condition(op.X, &context{env: env, in: t, filter: true})
		return t.with(&plan.Filter{In: t.node, Pred: pred}, t.cols)
	}
	if op.Edges {
		edges = b.graphTable("$edges", filter(edges))
		return b.graphRows(&graph{nodes: nodes, edges: edges, undirected: g.undirected})
	}
	nodes = b.graphTable("$nodes", filter(nodes))
	t := b.read(edges)
	for i := range edgeColumns {
		ends := b.read(nodes)
		t = t.with(&plan.Join{Kind: plan.LeftSemi, L: t.node, R: ends.node, On: []plan.Pair{{L: ref(t.cols[i]), R: ref(ends.cols[0])}}}, t.cols)
	}
	return b.graphRows(&graph{nodes: nodes, edges: b.graphTable("$edges", t), undirected: g.undirected})
}
