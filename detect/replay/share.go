package replay

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sort"
	"time"

	"quarry/engine"
	"quarry/hunt"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// candidates are the rows of a table that a query may use in any run: those that pass
// the conditions which do not change from run to run. Of each row only the values
// that are compared with times are kept; the rows are sorted by the first of them.
type candidates struct {
	span bound     // of the first axis: what lies outside is left out
	axes []string  // what the values are, as the keys of expressions
	at   [][]int64 // by axis; null is none, which no bound lets through
	same []bool    // by axis: its values are those of the first
}

// none is the value of an axis that has none.
const none = -1 << 63

// maxCandidates bounds what is kept of one table for one query; 5 million rows are
// some 80 MB. Queries over more rows run each time.
const maxCandidates = 5_000_000

// window is what a run sees of the candidates of one scan.
type window struct {
	known bool
	rows  int
	id    [sha256.Size]byte // the same for the same rows
}

// sharing decides which runs of one query need not be run.
type sharing struct {
	session *hunt.Session
	text    *source.Text
	span    bound // what any run's window can hold of a table's time
	cache   map[string]*candidates
	stable  map[string]map[string]bool // by scan: the conditions that all runs so far have
}

// look finds what a run sees of a scan.
func (s *sharing) look(ctx context.Context, sc *scan) (window, error) {
	if len(sc.bounds) == 0 {
		// No condition on time: the run sees all of a table that does not change.
		return window{known: true, rows: 1}, nil
	}
	c, err := s.load(ctx, sc)
	if err != nil || c == nil {
		return window{}, err
	}
	return c.window(sc.bounds), nil
}

// load gives the candidates of a scan, at first use from the table.
func (s *sharing) load(ctx context.Context, sc *scan) (*candidates, error) {
	stable := s.stable[sc.place]
	if stable == nil {
		stable = map[string]bool{}
		for key := range sc.conditions {
			stable[key] = true
		}
		s.stable[sc.place] = stable
	}
	for key := range stable {
		if _, ok := sc.conditions[key]; !ok {
			delete(stable, key) // it changes with the clock: the rows must not be chosen by it
		}
	}
	key := sc.scan.Table
	var preds []plan.Expr
	for _, c := range sortedKeys(stable) {
		key += "\x00" + c
		preds = append(preds, sc.conditions[c])
	}
	// First comes what the window bounds: it keeps the rows of other years out.
	axes := sortedKeys(sc.bounds)
	span := bound{lo: none + 1, hi: 1<<63 - 1}
	for i, a := range axes {
		if b := sc.bounds[a]; b.lo >= s.span.lo && b.hi <= s.span.hi {
			axes[0], axes[i] = axes[i], axes[0]
			span = s.span
			break
		}
	}
	for _, a := range axes {
		key += "\x01" + a
	}
	if c, ok := s.cache[key]; ok {
		return c, nil
	}
	if len(s.cache) > 2*len(s.stable) {
		clear(s.cache) // conditions that turned out to change made others of no use
	}
	c, err := s.read(ctx, sc, preds, axes, span)
	if err == nil {
		s.cache[key] = c
	}
	return c, err
}

// read runs the query for candidates.
func (s *sharing) read(ctx context.Context, sc *scan, preds []plan.Expr, axes []string, span bound) (*candidates, error) {
	var node plan.Node = sc.scan
	for _, p := range preds {
		node = &plan.Filter{In: node, Pred: p}
	}
	project := &plan.Project{In: node}
	next := plan.ID(1)
	for _, c := range sc.scan.Cols {
		next = max(next, c.ID+1)
	}
	root := &plan.Root{Node: project}
	for i, a := range axes {
		col := plan.Col{ID: next + plan.ID(i), Name: "t", Type: types.Datetime}
		project.Items = append(project.Items, plan.Item{Col: col, Expr: sc.bounds[a].expr})
		root.Cols = append(root.Cols, col)
	}
	rows, err := s.session.Rows(ctx, s.text, root)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return collect(rows, axes, span)
}

func collect(rows engine.Rows, axes []string, span bound) (*candidates, error) {
	c := &candidates{span: span, axes: axes, at: make([][]int64, len(axes)), same: make([]bool, len(axes))}
	for rows.Next() {
		row := rows.Row()
		if first, ok := row[0].(int64); !ok || first < span.lo || first > span.hi {
			continue
		}
		if len(c.at[0]) == maxCandidates {
			return nil, nil
		}
		for i, v := range row {
			n, ok := v.(int64)
			if !ok {
				n = none
			}
			c.at[i] = append(c.at[i], n)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	sort.Sort(c)
	for i := range axes {
		c.same[i] = true
		for j, v := range c.at[i] {
			if v != c.at[0][j] {
				c.same[i] = false
				break
			}
		}
	}
	return c, nil
}

// Len, Less and Swap sort the rows by all axes, so that the order follows from the
// values alone.
func (c *candidates) Len() int { return len(c.at[0]) }
func (c *candidates) Less(i, j int) bool {
	for _, axis := range c.at {
		if axis[i] != axis[j] {
			return axis[i] < axis[j]
		}
	}
	return false
}
func (c *candidates) Swap(i, j int) {
	for _, axis := range c.at {
		axis[i], axis[j] = axis[j], axis[i]
	}
}

// window finds the rows within bounds. Rows of equal times are told apart by nothing
// and always seen together, so their positions name a set of rows.
func (c *candidates) window(bounds map[string]*bound) window {
	if b := bounds[c.axes[0]]; b.lo < c.span.lo || b.hi > c.span.hi {
		return window{} // it may see rows that were left out
	}
	lo, hi := int64(none+1), int64(1<<63-1)
	var others []int
	for i, a := range c.axes {
		b := bounds[a]
		if c.same[i] {
			lo, hi = max(lo, b.lo), min(hi, b.hi)
		} else {
			others = append(others, i)
		}
	}
	first := c.at[0]
	i := sort.Search(len(first), func(i int) bool { return first[i] >= lo })
	j := i + sort.Search(len(first)-i, func(k int) bool { return first[i+k] > hi })
	if lo > hi {
		i, j = 0, 0
	}
	w := window{known: true, rows: j - i}
	h := sha256.New()
	if len(others) == 0 {
		if w.rows > 0 {
			h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(i)), uint64(j)))
		}
		h.Sum(w.id[:0])
		return w
	}
	w.rows = 0
	var buf []byte
rows:
	for k := i; k < j; k++ {
		for _, o := range others {
			b := bounds[c.axes[o]]
			if v := c.at[o][k]; v == none || v < b.lo || v > b.hi {
				continue rows
			}
		}
		w.rows++
		if buf = binary.BigEndian.AppendUint64(buf, uint64(k)); len(buf) > 8<<10 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(buf)
	h.Sum(w.id[:0])
	return w
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// answers keeps answers of earlier runs by what they follow from.
type answers struct {
	byKey map[[sha256.Size]byte]*types.Rows
	order [][sha256.Size]byte
	cells int
}

// maxCells bounds what is kept of answers; a cell is some 50 bytes.
const maxCells = 500_000

func (a *answers) get(key [sha256.Size]byte) *types.Rows { return a.byKey[key] }

func (a *answers) put(key [sha256.Size]byte, rows *types.Rows) {
	size := (len(rows.Values) + 1) * (len(rows.Schema) + 1)
	if size > maxCells/4 {
		return
	}
	if a.byKey == nil {
		a.byKey = map[[sha256.Size]byte]*types.Rows{}
	}
	for a.cells+size > maxCells && len(a.order) > 0 {
		old := a.byKey[a.order[0]]
		a.cells -= (len(old.Values) + 1) * (len(old.Schema) + 1)
		delete(a.byKey, a.order[0])
		a.order = a.order[1:]
	}
	a.byKey[key] = rows
	a.order = append(a.order, key)
	a.cells += size
}

func ticks(t time.Time) int64 { return types.FromTime(t) }
