package sqlgen

import (
	"quarry/kql/plan"
)

func (g *generator) scan(n *plan.Scan) *query {
	q := scanned(n)
	if n.Mark != "" {
		q.where = append(q.where, marked(n.Mark))
	}
	for _, c := range n.Cols {
		if near := g.near[c.ID]; near != nil {
			source := make(map[plan.ID]string, len(n.Cols))
			for i, c := range n.Cols {
				source[c.ID] = n.Source[i]
			}
			q.where = append(q.where, near(n.Table, source))
		}
	}
	return q
}

// scanned names the columns of a table where it is read: one SELECT less than a list of
// what they shall be called.
func scanned(n *plan.Scan) *query {
	names := make(map[int]plan.ID, len(n.Cols))
	end := 0
	for i, c := range n.Cols {
		at, ok := plan.StoredPlace(n.Source[i])
		if _, twice := names[at]; twice || !ok {
			items := room(2 * len(n.Cols))
			for i, c := range n.Cols {
				items.as(c.ID, n.Source[i])
			}
			return &query{items: items.list(), from: plain(n.Table)}
		}
		names[at] = c.ID
		end = max(end, at+1)
	}
	called := room(end)
	for at := range end {
		if id, ok := names[at]; ok {
			called.column(id)
		} else {
			called.add(plan.StoredColumn(at))
		}
	}
	return aliased(n.Table, called, n.Cols)
}

// marked is the condition that a row has a mark. The engine puts it to the rows before it
// reads their other columns, as it does with a column and a constant that are compared.
func marked(column string) string { return column + " = 1" }

// aliased reads columns of a relation whose columns are called anew, in order.
func aliased(relation string, called *items, cols []plan.Col) *query {
	if len(cols) == 0 {
		return &query{items: listed(oneItem), from: plain(relation)}
	}
	return &query{all: columns(cols), from: plain(relation + " AS t(" + called.list().sql + ")")}
}
