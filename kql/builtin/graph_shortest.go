package builtin

import "slices"

// shortest finds the shortest matches of each pair of ends. A lone variable edge whose
// way no condition speaks of is a breadth-first search; else the lengths are tried in
// turn, and a pair of ends is done with the first length that matches.
func (m *matcher) shortest() error {
	k := slices.IndexFunc(m.p.Edges, func(e PatternEdge) bool { return e.Variable })
	e := &m.p.Edges[k]
	start, end := m.p.Edges[0].From, m.p.Edges[len(m.p.Edges)-1].To
	aboutWay := slices.ContainsFunc(m.p.Where, func(w PatternCondition) bool { return len(w.Edges) > 0 })
	if len(m.p.Edges) == 1 && e.Low <= 1 && start != end && !aboutWay {
		return m.breadthFirst(e)
	}
	emit := m.emit
	for n := range m.g.Nodes {
		doneAt := map[int32]int{}
		for length := max(e.Low, 1); length <= e.High; length++ {
			m.exact = length
			m.emit = func(row []any) error {
				if d, ok := doneAt[m.nodes[end]]; ok && (d < length || !m.p.All) {
					return nil
				}
				doneAt[m.nodes[end]] = length
				return emit(row)
			}
			if err := m.bind(start, int32(n), func() error { return m.next(0) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// hop is an edge and the node it comes from.
type hop struct{ edge, from int32 }

// breadthFirst searches from each start node layer by layer.
func (m *matcher) breadthFirst(e *PatternEdge) error {
	dir := e.Direction
	if m.p.Undirected {
		dir = 0
	}
	for n := range m.g.Nodes {
		if check := m.p.Nodes[e.From].Check; check >= 0 && m.g.Nodes[n][check] != true {
			continue
		}
		m.nodes[e.From] = int32(n)
		err := m.layers(e, int32(n), dir)
		m.nodes[e.From] = -1
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) layers(e *PatternEdge, start int32, dir int) error {
	if e.Low == 0 {
		if err := m.reach(e, start, start, nil, 0); err != nil {
			return err
		}
	}
	dist, parents := map[int32]int{}, map[int32][]hop{}
	frontier := []int32{start}
	for length := 1; length <= e.High && len(frontier) > 0; length++ {
		m.env.Check()
		var next []int32
		for _, v := range frontier {
			if length > 1 && !m.allTrue(m.g.Nodes[v], e.AllInner) {
				continue
			}
			m.hops(e, v, dir, func(edge, to int32) {
				d, seen := dist[to]
				switch {
				case !seen:
					dist[to] = length
					parents[to] = []hop{{edge, v}}
					next = append(next, to)
				case d == length && m.p.All:
					parents[to] = append(parents[to], hop{edge, v})
				}
			})
		}
		for _, to := range next {
			if to == start && e.Low == 0 {
				continue // the way of no edge is shorter
			}
			if err := m.reach(e, start, to, parents, length); err != nil {
				return err
			}
		}
		frontier = slices.DeleteFunc(next, func(v int32) bool { return v == start })
	}
	return nil
}

// hops visits the edges that lead on from a node and meet the edge conditions.
func (m *matcher) hops(e *PatternEdge, v int32, dir int, visit func(edge, to int32)) {
	try := func(edge, to int32) {
		row := m.g.Edges[edge].Row
		if (e.Check < 0 || row[e.Check] == true) && m.allTrue(row, e.AllEdges) {
			visit(edge, to)
		}
	}
	if dir >= 0 {
		for _, edge := range m.g.Out[v] {
			try(edge, m.g.Edges[edge].To)
		}
	}
	if dir <= 0 {
		for _, edge := range m.g.In[v] {
			try(edge, m.g.Edges[edge].From)
		}
	}
}

func (m *matcher) allTrue(row []any, values []int) bool {
	return !slices.ContainsFunc(values, func(v int) bool { return row[v] != true })
}

// reach gives the ways of a length from start to a node: one, or all.
func (m *matcher) reach(e *PatternEdge, start, to int32, parents map[int32][]hop, length int) error {
	path, way := make([]int32, length), make([]int32, length+1)
	var back func(at int32, left int) error
	back = func(at int32, left int) error {
		way[left] = at
		if left == 0 {
			m.paths[0], m.ways[0] = path, way
			m.done[0] = true
			err := m.bind(e.To, to, m.result)
			m.done[0] = false
			return err
		}
		for _, h := range parents[at] {
			path[left-1] = h.edge
			if err := back(h.from, left-1); err != nil || !m.p.All {
				return err
			}
		}
		return nil
	}
	return back(to, length)
}
