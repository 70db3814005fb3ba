package builtin

import (
	"fmt"
	"slices"

	"quarry/kql/types"
)

// GraphPattern is what graph-match and graph-shortest-paths look for.
type GraphPattern struct {
	Nodes []PatternNode
	Edges []PatternEdge
	// Cycles: "unique_edges" matches no edge twice, "none" no node twice, "all" anything.
	Cycles string
	// Cells are the values that conditions and results read, and where they read them.
	Cells []PatternCell
	Width int
	// Where are the conditions over several elements; each is checked as soon as all it
	// speaks of is matched.
	Where []PatternCondition
	// Results are the values of a match.
	Results []func(*Env, []types.Value) types.Value
	// Shortest: only the shortest matches of each pair of ends, one or (All) every one.
	Shortest, All bool
	Undirected    bool
}

// PatternNode is a node of the pattern. Check is the value of a node's row that must
// be true, -1 for none.
type PatternNode struct{ Check int }

// PatternEdge joins two nodes of the pattern. Low and High are 1 for a plain edge.
type PatternEdge struct {
	From, To  int
	Direction int // 1 from From to To, -1 the other way, 0 both
	Variable  bool
	Low, High int
	Check     int // a value of the edge's row that must be true; -1: none
	// AllEdges and AllInner are values of edges and of inner nodes that must be true on
	// the whole way.
	AllEdges, AllInner []int
}

// CellKind says what a cell reads.
type CellKind uint8

const (
	NodeValue  CellKind = iota // a value of a node
	EdgeValue                  // a value of a plain edge
	PathValue                  // the array of a value over the edges of a variable edge
	InnerValue                 // the same over its inner nodes
	PathAll                    // whether a value is true for all edges
	PathAny
	InnerAll
	InnerAny
	DegreeIn
	DegreeOut
)

// PatternCell is one value of the row that conditions and results are computed over.
type PatternCell struct {
	Kind    CellKind
	Element int // of Nodes or Edges
	Value   int // of the element's row
	Type    types.Type
	Slot    int
}

// PatternCondition is a condition and the elements it needs.
type PatternCondition struct {
	Check        func(*Env, []types.Value) types.Value
	Nodes, Edges []int
}

// maxMatches bounds the matches of a pattern, maxTries the steps of the search.
const (
	maxMatches = 1_000_000
	maxTries   = 500_000_000
)

// matcher is one search.
type matcher struct {
	env   *Env
	g     *Graph
	p     *GraphPattern
	order []int     // edges in the order they are matched
	nodes []int32   // by pattern node, -1 when free
	paths [][]int32 // by pattern edge, the edges of the way
	ways  [][]int32 // by pattern edge, the nodes of the way, both ends included
	used  map[int32]bool
	done  []bool // edges matched so far
	row   []types.Value
	emit  func([]types.Value) error
	tries int
	found int
	// exact is the length that the way of the variable edge must have (shortest paths);
	// 0 for any.
	exact int
}

// Match runs the search.
func (p *GraphPattern) Match(env *Env, g *Graph, emit func([]types.Value) error) error {
	m := &matcher{env: env, g: g, p: p, emit: emit, used: map[int32]bool{}, row: make([]types.Value, p.Width),
		nodes: make([]int32, len(p.Nodes)), paths: make([][]int32, len(p.Edges)), ways: make([][]int32, len(p.Edges)), done: make([]bool, len(p.Edges))}
	for i := range m.nodes {
		m.nodes[i] = -1
	}
	start := m.plan()
	if p.Shortest {
		return m.shortest()
	}
	return m.startAt(start, func() error { return m.next(0) })
}

// plan picks the node to start from, the one with the fewest candidates, and orders the
// edges so that each touches a node matched before.
func (m *matcher) plan() int {
	counts := make([]int, len(m.p.Nodes))
	for i, n := range m.p.Nodes {
		if n.Check < 0 {
			counts[i] = len(m.g.Nodes)
			continue
		}
		for _, row := range m.g.Nodes {
			if row[n.Check] == true {
				counts[i]++
			}
		}
	}
	start := 0
	for i := range counts {
		if counts[i] < counts[start] {
			start = i
		}
	}
	if m.p.Shortest {
		start = m.p.Edges[0].From
	}
	reached := map[int]bool{start: true}
	picked := make([]bool, len(m.p.Edges))
	for range m.p.Edges {
		for i, e := range m.p.Edges {
			if !picked[i] && (reached[e.From] || reached[e.To]) {
				picked[i] = true
				reached[e.From], reached[e.To] = true, true
				m.order = append(m.order, i)
				break
			}
		}
	}
	return start
}

func (m *matcher) startAt(start int, then func() error) error {
	for n := range m.g.Nodes {
		if err := m.bind(start, int32(n), then); err != nil {
			return err
		}
	}
	return nil
}

// bind matches a node of the pattern with one of the graph and goes on.
func (m *matcher) bind(at int, n int32, then func() error) error {
	if have := m.nodes[at]; have >= 0 {
		if have != n {
			return nil
		}
		return then()
	}
	if check := m.p.Nodes[at].Check; check >= 0 && m.g.Nodes[n][check] != true {
		return nil
	}
	if m.p.Cycles == "none" && slices.Contains(m.nodes, n) {
		return nil
	}
	m.nodes[at] = n
	err := m.checked(at, -1, then)
	m.nodes[at] = -1
	return err
}

// checked goes on if all conditions hold that the new element completes.
func (m *matcher) checked(node, edge int, then func() error) error {
	for i := range m.p.Where {
		w := &m.p.Where[i]
		if !slices.Contains(w.Nodes, node) && !slices.Contains(w.Edges, edge) || !m.ready(w) {
			continue
		}
		m.fill(w.Nodes, w.Edges)
		if w.Check(m.env, m.row) != true {
			return nil
		}
	}
	return then()
}

func (m *matcher) ready(w *PatternCondition) bool {
	for _, n := range w.Nodes {
		if m.nodes[n] < 0 {
			return false
		}
	}
	for _, e := range w.Edges {
		if !m.done[e] {
			return false
		}
	}
	return true
}

// next matches the i-th edge in order, then those after it.
func (m *matcher) next(i int) error {
	if i == len(m.order) {
		return m.result()
	}
	k := m.order[i]
	e := &m.p.Edges[k]
	from, to, dir := e.From, e.To, e.Direction
	backward := m.nodes[from] < 0
	if backward {
		from, to, dir = to, from, -dir
	}
	if m.p.Undirected {
		dir = 0
	}
	m.ways[k] = append(m.ways[k][:0], m.nodes[from])
	m.paths[k] = m.paths[k][:0]
	return m.walk(k, e, dir, to, backward, func() error { return m.next(i + 1) })
}

// walk extends the way of edge k by one edge, or ends it at the pattern's node.
func (m *matcher) walk(k int, e *PatternEdge, dir, to int, backward bool, then func() error) error {
	m.env.Check()
	if m.tries++; m.tries > maxTries {
		return fmt.Errorf("the search takes too many steps; narrow the pattern's conditions")
	}
	n := len(m.paths[k])
	at := m.ways[k][len(m.ways[k])-1]
	if n >= e.Low && (m.exact == 0 || !e.Variable || n == m.exact) {
		path, way := m.paths[k], m.ways[k]
		if backward {
			m.paths[k], m.ways[k] = backwards(path), backwards(way)
		}
		m.done[k] = true
		err := m.bind(to, at, func() error { return m.checked(-1, k, then) })
		m.done[k] = false
		m.paths[k], m.ways[k] = path, way
		if err != nil {
			return err
		}
	}
	if n == e.High || m.exact > 0 && e.Variable && n >= m.exact {
		return nil
	}
	// The node the way goes on from is an inner one now.
	if n > 0 {
		for _, v := range e.AllInner {
			if m.g.Nodes[at][v] != true {
				return nil
			}
		}
	}
	step := func(edge, node int32) error {
		ge := &m.g.Edges[edge]
		if e.Check >= 0 && ge.Row[e.Check] != true {
			return nil
		}
		for _, v := range e.AllEdges {
			if ge.Row[v] != true {
				return nil
			}
		}
		if m.p.Cycles == "none" && slices.Contains(m.ways[k], node) {
			return nil
		}
		unique := m.p.Cycles != "all"
		if unique {
			if m.used[edge] {
				return nil
			}
			m.used[edge] = true
		}
		m.paths[k], m.ways[k] = append(m.paths[k], edge), append(m.ways[k], node)
		err := m.walk(k, e, dir, to, backward, then)
		m.paths[k], m.ways[k] = m.paths[k][:n], m.ways[k][:n+1]
		if unique {
			delete(m.used, edge)
		}
		return err
	}
	if dir >= 0 {
		for _, edge := range m.g.Out[at] {
			if err := step(edge, m.g.Edges[edge].To); err != nil {
				return err
			}
		}
	}
	if dir <= 0 {
		for _, edge := range m.g.In[at] {
			if dir == 0 && m.g.Edges[edge].From == at {
				continue // a loop was walked already
			}
			if err := step(edge, m.g.Edges[edge].From); err != nil {
				return err
			}
		}
	}
	return nil
}

func backwards(list []int32) []int32 {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// fill sets the cells of some elements; nil means all.
func (m *matcher) fill(nodes, edges []int) {
	for _, c := range m.p.Cells {
		isNode := c.Kind == NodeValue || c.Kind == DegreeIn || c.Kind == DegreeOut
		if nodes != nil || edges != nil {
			if isNode && !slices.Contains(nodes, c.Element) || !isNode && !slices.Contains(edges, c.Element) {
				continue
			}
		}
		m.row[c.Slot] = m.cell(c)
	}
}

func (m *matcher) cell(c PatternCell) types.Value {
	switch c.Kind {
	case NodeValue:
		return m.g.Nodes[m.nodes[c.Element]][c.Value]
	case DegreeIn:
		return int64(len(m.g.In[m.nodes[c.Element]]))
	case DegreeOut:
		return int64(len(m.g.Out[m.nodes[c.Element]]))
	case EdgeValue:
		return m.g.Edges[m.paths[c.Element][0]].Row[c.Value]
	}
	var values []types.Value
	switch c.Kind {
	case PathValue, PathAll, PathAny:
		for _, e := range m.paths[c.Element] {
			values = append(values, m.g.Edges[e].Row[c.Value])
		}
	default:
		if way := m.ways[c.Element]; len(way) > 2 {
			for _, n := range way[1 : len(way)-1] {
				values = append(values, m.g.Nodes[n][c.Value])
			}
		}
	}
	switch c.Kind {
	case PathAll, InnerAll:
		return !slices.ContainsFunc(values, func(v types.Value) bool { return v != true })
	case PathAny, InnerAny:
		return slices.Contains(values, types.Value(true))
	}
	list := make([]types.Dyn, len(values))
	for i, v := range values {
		list[i] = types.DynOf(c.Type, v)
	}
	return types.DynList(list).String()
}

func (m *matcher) result() error {
	if m.found++; m.found > maxMatches {
		return fmt.Errorf("more than %d matches; narrow the pattern's conditions", maxMatches)
	}
	m.fill(nil, nil)
	out := make([]types.Value, len(m.p.Results))
	for i, f := range m.p.Results {
		out[i] = f(m.env, m.row)
	}
	return m.emit(out)
}
