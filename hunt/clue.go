package hunt

import (
	"slices"
	"strings"

	"quarry/engine/duckdb"
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

// A clue is what a row must have for a condition to hold: one of some texts or numbers
// in one of some columns. Rows that lack a clue of a rule are of no interest to it, and
// the clues of all rules are looked for in one pass over each value.
type clue []hint

type hint struct {
	column plan.ID
	builtin.Needles
	decoded bool // the column holds the text as JSON, which may write it with \u
}

// minKey is the length of a name from which on it tells rows apart.
const minKey = 3

// maxHints bounds a clue.
const maxHints = 1000

// cluesOf lists clues that rows meeting the conditions all have.
func cluesOf(conds sqlgen.Conditions) (out []clue) {
	for _, e := range conds {
		out = append(out, clues(e)...)
	}
	return out
}

func clues(e plan.Expr) []clue {
	c, ok := e.(*plan.Call)
	if !ok {
		return nil
	}
	switch c.Row.Relation() {
	case builtin.Conjunction:
		return cluesOf(c.Args)
	case builtin.Disjunction:
		var either clue
		for _, a := range c.Args {
			of := clues(a)
			if len(of) == 0 {
				return nil
			}
			if either = append(either, slices.MaxFunc(of, func(a, b clue) int { return a.rarity() - b.rarity() })...); len(either) > maxHints {
				return nil
			}
		}
		return []clue{either}
	}
	args := plan.Arguments(c)
	if n, ok := c.Row.Needles(args); ok {
		t := tracer{Needles: n}
		if t.trace(c.Args[n.Of], n.Whole, false) {
			return []clue{t.found}
		}
	}
	if of, ok := c.Row.Presence(args); ok {
		if found := keyClue(c.Args[of]); found != nil {
			return []clue{found}
		}
	}
	return nil
}

// keyClue is the name of a key that JSON must have for e, read from it, to be there; the
// longest where a path has several.
func keyClue(e plan.Expr) (best clue) {
	for {
		c, ok := e.(*plan.Call)
		if !ok {
			return best
		}
		args := plan.Arguments(c)
		next, ok := c.Row.Carries(args)
		if !ok {
			return best
		}
		if c.Row.Name() == builtin.KeyRow && args[1].Const {
			name, _ := args[1].Value.(string)
			t := tracer{Needles: builtin.Needles{Texts: []string{name}}}
			if len(name) >= minKey && builtin.Undisguised(name) && (best == nil || len(name) > len(best[0].Texts[0])) && t.trace(c.Args[0], false, true) {
				best = t.found
			}
		}
		e = c.Args[next]
	}
}

// tracer finds the columns that the text or number of an expression comes from.
type tracer struct {
	builtin.Needles
	found clue
}

// trace adds the columns that must have a needle for e to have one. whole: e must be
// the needle; decoded: e was, or is, part of a JSON text.
func (t *tracer) trace(e plan.Expr, whole, decoded bool) bool {
	switch e := e.(type) {
	case plan.Const:
		return e.Value == nil || e.T == types.String && !slices.ContainsFunc(t.Texts, func(s string) bool {
			return strings.Contains(strings.ToLower(e.Value.(string)), strings.ToLower(s))
		})
	case plan.ColRef:
		h := hint{column: e.ID, Needles: t.Needles, decoded: decoded}
		h.Whole = whole
		switch {
		case decoded && (e.T == types.String || e.T == types.Dynamic):
			if slices.ContainsFunc(t.Texts, func(s string) bool { return !builtin.Undisguised(s) }) || len(t.Numbers) > 0 {
				return false
			}
		case decoded:
			return false
		case e.T != types.String && !e.T.Integer():
			return false
		}
		t.found = append(t.found, h)
		return true
	case *plan.Call:
		how, of := e.Row.Descent(plan.Arguments(e))
		switch how {
		case builtin.Unrelated:
			return false
		case builtin.Printed:
			return !slices.ContainsFunc(t.Texts, func(s string) bool { return !builtin.NeverPrinted(s) })
		case builtin.Part:
			whole = false
		case builtin.Decoded:
			whole, decoded = false, true
		}
		for _, i := range of {
			if !t.trace(e.Args[i], whole, decoded) {
				return false
			}
		}
		return true
	}
	return false
}

// rarity is high for clues that few rows will have: long texts, and whole values.
func (c clue) rarity() int {
	least := 100
	for _, h := range c {
		n := 20
		for _, s := range h.Texts {
			n = min(n, len(s))
		}
		if h.Whole {
			n += 20
		}
		least = min(least, n)
	}
	return least
}

// detector finds which of many lists of clues the rows of a table have.
type detector struct {
	columns []*clueIndex // by the number of the column; nil where no clue speaks of it
	list    []int        // the list that a clue is of
	needed  []int        // clues of a list

	hits    [][]int32 // clues of the rows of a chunk
	row     uint32
	seen    []uint32 // the last row that had a clue
	counted []uint32 // the last row that had a clue of a list
	have    []int    // clues of that row
}

func newDetector(columns int, lists [][]clue) *detector {
	d := &detector{columns: make([]*clueIndex, columns), needed: make([]int, len(lists)), counted: make([]uint32, len(lists)), have: make([]int, len(lists)),
		hits: make([][]int32, duckdb.ChunkRows)}
	for i, list := range lists {
		d.needed[i] = len(list)
		for _, c := range list {
			id := int32(len(d.list))
			d.list = append(d.list, i)
			for _, h := range c {
				x := d.columns[h.column-1]
				if x == nil {
					x = newClueIndex()
					d.columns[h.column-1] = x
				}
				x.add(id, h)
			}
		}
	}
	d.seen = make([]uint32, len(d.list))
	for _, x := range d.columns {
		if x != nil {
			x.finish()
		}
	}
	return d
}

// chunk tells which rows of a chunk have all clues of which list. The chunk has the codes
// of texts (see indexes), and numbers.
func (d *detector) chunk(scan *plan.Scan, rows *duckdb.Rows, n int, found func(row, list int)) {
	for i := range n {
		d.hits[i] = d.hits[i][:0]
	}
	for at, c := range scan.Cols {
		x, values := d.columns[c.ID-1], rows.Longs(at)
		if !c.Type.Integer() {
			x.decode(values, d.hits)
			continue
		}
		for i, v := range values {
			if ids := x.numbers[v]; ids != nil && !rows.Null(at, i) {
				d.hits[i] = append(d.hits[i], ids...)
			}
		}
	}
	for i, ids := range d.hits[:n] {
		d.complete(ids, func(list int) { found(i, list) })
	}
}

// complete calls found for each list whose clues are all among those of a row.
func (d *detector) complete(ids []int32, found func(list int)) {
	if d.row++; d.row == 0 { // after four billion rows the marks of old ones would count
		clear(d.seen)
		clear(d.counted)
		d.row = 1
	}
	for _, id := range ids {
		if d.seen[id] == d.row {
			continue
		}
		d.seen[id] = d.row
		list := d.list[id]
		if d.counted[list] != d.row {
			d.counted[list], d.have[list] = d.row, 0
		}
		if d.have[list]++; d.have[list] == d.needed[list] {
			found(list)
		}
	}
}
