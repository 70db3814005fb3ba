package builtin

import (
	"fmt"

	"quarry/kql/types"
)

// GraphFunc is a function that speaks of the elements of a graph pattern.
type GraphFunc uint8

const (
	NoGraphFunc GraphFunc = iota
	GraphAll
	GraphAny
	GraphMap
	GraphInnerNodes
	GraphDegreeIn
	GraphDegreeOut
	GraphLabels
)

// GraphFunctionDoc describes a graph function for the reference.
type GraphFunctionDoc struct {
	Name, Sig, Doc string
	Func           GraphFunc
}

var graphFunctions = []GraphFunctionDoc{
	{"all", "all(edge, condition)", "Whether every edge of a variable-length edge, or every node of inner_nodes(edge), meets a condition on its properties.", GraphAll},
	{"any", "any(edge, condition)", "Whether some edge of a variable-length edge, or some node of inner_nodes(edge), meets a condition on its properties.", GraphAny},
	{"inner_nodes", "inner_nodes(edge)", "The nodes between the ends of a variable-length edge; the first argument of all(), any() and map().", GraphInnerNodes},
	{"labels", "labels(element)", "The labels of a node or edge; graphs of make-graph have none.", GraphLabels},
	{"map", "map(edge, expression)", "The array of an expression over each edge of a variable-length edge, or each node of inner_nodes(edge).", GraphMap},
	{"node_degree_in", "node_degree_in(node)", "How many edges lead to a node.", GraphDegreeIn},
	{"node_degree_out", "node_degree_out(node)", "How many edges lead from a node.", GraphDegreeOut},
}

// GraphFunctions are the functions of graph patterns.
func (t *Table) GraphFunctions() []GraphFunctionDoc { return graphFunctions }

// GraphFunction finds a graph function by name.
func (t *Table) GraphFunction(name string) GraphFunc {
	for _, f := range graphFunctions {
		if f.Name == name {
			return f.Func
		}
	}
	return NoGraphFunc
}

// maxGraph bounds the nodes and the edges of a graph.
const maxGraph = 5_000_000

// Graph is a graph in memory. Node and edge rows hold what patterns ask for.
type Graph struct {
	Nodes [][]types.Value // the values behind the id
	Edges []GraphEdge
	Out   [][]int32 // by node, the edges that lead from it
	In    [][]int32
	ids   map[string]int32
}

// GraphEdge is one edge; Row are the values behind its ends.
type GraphEdge struct {
	From, To int32
	Row      []types.Value
}

// ReadGraph reads node rows (id, values) and edge rows (source, target, values).
// Edges whose ends are no nodes are left out.
func ReadGraph(nodes, edges Rows) (*Graph, error) {
	g := &Graph{ids: map[string]int32{}}
	for {
		row, err := nodes.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		if len(g.Nodes) >= maxGraph {
			return nil, fmt.Errorf("the graph has more than %d nodes", maxGraph)
		}
		id := RowKey(row[:1])
		if err := nodes.Hold(SizeOf(row) + len(id) + sizeOfEntry + 2*sizeOfRow); err != nil {
			return nil, err
		}
		g.ids[id] = int32(len(g.Nodes))
		g.Nodes = append(g.Nodes, row[1:])
	}
	g.Out, g.In = make([][]int32, len(g.Nodes)), make([][]int32, len(g.Nodes))
	for {
		row, err := edges.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			return g, nil
		}
		from, ok1 := g.ids[RowKey(row[:1])]
		to, ok2 := g.ids[RowKey(row[1:2])]
		if !ok1 || !ok2 {
			continue
		}
		if len(g.Edges) >= maxGraph {
			return nil, fmt.Errorf("the graph has more than %d edges", maxGraph)
		}
		if err := edges.Hold(SizeOf(row) + 16); err != nil { // the ends and the lists of both
			return nil, err
		}
		e := int32(len(g.Edges))
		g.Edges = append(g.Edges, GraphEdge{from, to, row[2:]})
		g.Out[from] = append(g.Out[from], e)
		g.In[to] = append(g.In[to], e)
	}
}

// MergeNodes makes the nodes of a graph: one for each id of the node tables and of the
// edges. Tables of the ids' sources come in order: the edges (two ids a row), then the
// node tables (id, properties). places says where the properties of a table stand in
// the result, ids where its id does; a property set twice keeps its first value.
func MergeNodes(in []Rows, width int, zeros []types.Value, places [][]int, emit func([]types.Value) error) error {
	index := map[string]int{}
	var all [][]types.Value
	node := func(id types.Value) ([]types.Value, error) {
		k := RowKey([]types.Value{id})
		if i, ok := index[k]; ok {
			return all[i], nil
		}
		if len(all) >= maxGraph {
			return nil, fmt.Errorf("the graph has more than %d nodes", maxGraph)
		}
		row := make([]types.Value, width)
		row[0] = id
		copy(row[1:], zeros)
		if err := in[0].Hold(SizeOf(row) + len(k) + sizeOfEntry); err != nil {
			return nil, err
		}
		index[k] = len(all)
		all = append(all, row)
		return row, nil
	}
	for t, place := range places {
		for {
			row, err := in[t+1].Next()
			if err != nil {
				return err
			}
			if row == nil {
				break
			}
			n, err := node(row[0])
			if err != nil {
				return err
			}
			for i, at := range place {
				if v := row[1+i]; n[1+at] == zeros[at] {
					n[1+at] = v
					if text, ok := v.(string); ok {
						if err := in[t+1].Hold(len(text)); err != nil {
							return err
						}
					}
				}
			}
		}
	}
	for {
		row, err := in[0].Next()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		for _, id := range row[:2] {
			if _, err := node(id); err != nil {
				return err
			}
		}
	}
	for _, row := range all {
		if err := emit(row); err != nil {
			return err
		}
	}
	return nil
}

// Components numbers the connected components of a graph from 0, and says which each
// node belongs to. Strong ones hold nodes that lead to each other along the edges.
func (g *Graph) Components(strong bool) []int64 {
	if strong {
		return g.strongComponents()
	}
	of := make([]int64, len(g.Nodes))
	for i := range of {
		of[i] = -1
	}
	next := int64(0)
	var stack []int32
	for start := range g.Nodes {
		if of[start] >= 0 {
			continue
		}
		stack = append(stack[:0], int32(start))
		of[start] = next
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			visit := func(m int32) {
				if of[m] < 0 {
					of[m] = next
					stack = append(stack, m)
				}
			}
			for _, e := range g.Out[n] {
				visit(g.Edges[e].To)
			}
			for _, e := range g.In[n] {
				visit(g.Edges[e].From)
			}
		}
		next++
	}
	return of
}

// strongComponents is Tarjan's algorithm without recursion.
func (g *Graph) strongComponents() []int64 {
	n := len(g.Nodes)
	of, low, num := make([]int64, n), make([]int32, n), make([]int32, n)
	for i := range of {
		of[i] = -1
	}
	type frame struct{ node, edge int32 }
	var path []frame
	var open []int32
	counter, next := int32(0), int64(0)
	enter := func(v int32) {
		counter++
		num[v], low[v] = counter, counter
		open = append(open, v)
		path = append(path, frame{v, 0})
	}
	for start := range g.Nodes {
		if num[start] != 0 {
			continue
		}
		enter(int32(start))
		for len(path) > 0 {
			f := &path[len(path)-1]
			v := f.node
			if int(f.edge) < len(g.Out[v]) {
				w := g.Edges[g.Out[v][f.edge]].To
				f.edge++
				if num[w] == 0 {
					enter(w)
				} else if of[w] < 0 {
					low[v] = min(low[v], num[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				u := path[len(path)-1].node
				low[u] = min(low[u], low[v])
			}
			if low[v] == num[v] {
				for {
					w := open[len(open)-1]
					open = open[:len(open)-1]
					of[w] = next
					if w == v {
						break
					}
				}
				next++
			}
		}
	}
	return of
}
