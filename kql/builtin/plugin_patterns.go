package builtin

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"quarry/kql/types"
)

// Patterns mines rows for combinations of column values. A pattern fixes the values of
// some columns and leaves the others open.
type Patterns struct {
	Threshold float64 // the least share of the rows (basket), or difference of shares (diffpatterns)
	MaxDims   int     // the most columns a pattern fixes; 0 for all
	Size      float64 // autocluster: how much coverage counts against detail, 0 to 1
	Seeds     int     // autocluster: how many starting points
}

// Pattern is a finding: Fixed[i] says whether column i has Values[i].
type Pattern struct {
	Fixed  []bool
	Values []types.Value
	A, B   float64 // the weight of its rows, in the second row set for diffpatterns
}

// Dataset holds distinct rows with their weights; equal rows are counted together.
type Dataset struct {
	columns int
	rows    []patternRow
	index   map[string]int
	// A and B are the total weights of the row sets.
	A, B   float64
	values [][]types.Value // by column, the distinct values
	codes  []map[string]int32
	hold   func(bytes int) error
	env    *Env
}

type patternRow struct {
	cells []int32 // codes of values
	a, b  float64
}

// maxPatternRows bounds the distinct rows, maxPatterns the candidates of one round.
const (
	maxPatternRows = 200_000
	maxPatterns    = 100_000
)

// NewDataset makes an empty dataset of so many columns; hold is that of the input.
func NewDataset(e *Env, columns int, hold func(bytes int) error) *Dataset {
	d := &Dataset{columns: columns, hold: hold, env: e, index: map[string]int{}, values: make([][]types.Value, columns), codes: make([]map[string]int32, columns)}
	for i := range d.codes {
		d.codes[i] = map[string]int32{}
	}
	return d
}

// Add adds a row of weight w to the first or the second row set.
func (d *Dataset) Add(row []types.Value, w float64, second bool) error {
	k := RowKey(row)
	i, ok := d.index[k]
	if !ok {
		if len(d.rows) >= maxPatternRows {
			return fmt.Errorf("more than %d different rows; project fewer columns or aggregate first", maxPatternRows)
		}
		cells := make([]int32, d.columns)
		size := len(k) + sizeOfEntry + 4*d.columns + 40
		for c, v := range row {
			id := RowKey(row[c : c+1])
			code, seen := d.codes[c][id]
			if !seen {
				code = int32(len(d.values[c]))
				d.codes[c][id] = code
				d.values[c] = append(d.values[c], Own([]types.Value{v})[0])
				size += 2*len(id) + sizeOfEntry + sizeOfValue
			}
			cells[c] = code
		}
		i = len(d.rows)
		d.index[k] = i
		if err := d.hold(size); err != nil {
			return err
		}
		d.rows = append(d.rows, patternRow{cells: cells})
	}
	if second {
		d.rows[i].b += w
		d.B += w
	} else {
		d.rows[i].a += w
		d.A += w
	}
	return nil
}

// itemset is a pattern in the making: the code of each column, -1 for open ones, and
// the rows that fit.
type itemset struct {
	cells []int32
	rows  []int32
	a, b  float64
	last  int // the last column that was fixed
	dims  int
}

func (d *Dataset) all() itemset {
	s := itemset{cells: make([]int32, d.columns), rows: make([]int32, len(d.rows)), last: -1, a: d.A, b: d.B}
	for i := range s.cells {
		s.cells[i] = -1
	}
	for i := range s.rows {
		s.rows[i] = int32(i)
	}
	return s
}

// frequent finds all patterns of at least the wanted weight, each extended only to
// columns behind its last one (Apriori's order, depth first). Only closed ones are
// kept: those to which no further value can be added without losing rows.
func (d *Dataset) frequent(maxDims int, enough func(a, b float64) bool) ([]itemset, error) {
	var out []itemset
	if maxDims <= 0 || maxDims > d.columns {
		maxDims = d.columns
	}
	var grow func(s itemset) error
	grow = func(s itemset) error {
		if s.dims > 0 && d.closed(s, maxDims) {
			if len(out) >= maxPatterns {
				return fmt.Errorf("more than %d patterns; raise the threshold", maxPatterns)
			}
			if err := d.hold(sizeOfEntry + 4*d.columns); err != nil {
				return err
			}
			found := s
			found.rows = nil // the weights say all that is asked of it from here on
			out = append(out, found)
		}
		if s.dims == maxDims {
			return nil
		}
		for c := s.last + 1; c < d.columns; c++ {
			d.env.Check()
			byValue := map[int32]*itemset{}
			var order []int32
			for _, r := range s.rows {
				row := &d.rows[r]
				v := row.cells[c]
				n := byValue[v]
				if n == nil {
					n = &itemset{last: c, dims: s.dims + 1}
					byValue[v] = n
					order = append(order, v)
				}
				n.rows = append(n.rows, r)
				n.a += row.a
				n.b += row.b
			}
			for _, v := range order {
				n := byValue[v]
				if d.empty(c, v) || !enough(n.a, n.b) {
					continue
				}
				n.cells = slices.Clone(s.cells)
				n.cells[c] = v
				if err := grow(*n); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return out, grow(d.all())
}

// empty reports a value that says nothing: null or the empty string.
func (d *Dataset) empty(column int, code int32) bool {
	v := d.values[column][code]
	return v == nil || v == ""
}

func (d *Dataset) closed(s itemset, maxDims int) bool {
	if s.dims >= maxDims {
		return true
	}
	d.env.Check()
	for c := range s.cells {
		if s.cells[c] >= 0 {
			continue
		}
		first := d.rows[s.rows[0]].cells[c]
		if d.empty(c, first) {
			continue
		}
		if !slices.ContainsFunc(s.rows, func(r int32) bool { return d.rows[r].cells[c] != first }) {
			return false
		}
	}
	return true
}

func (d *Dataset) pattern(s itemset) Pattern {
	p := Pattern{Fixed: make([]bool, d.columns), Values: make([]types.Value, d.columns), A: s.a, B: s.b}
	for c, code := range s.cells {
		if code >= 0 {
			p.Fixed[c], p.Values[c] = true, d.values[c][code]
		}
	}
	return p
}

func (d *Dataset) patterns(sets []itemset) []Pattern {
	out := make([]Pattern, len(sets))
	for i, s := range sets {
		out[i] = d.pattern(s)
	}
	return out
}

// Basket finds the frequent closed patterns, the heaviest first.
func (p Patterns) Basket(d *Dataset) ([]Pattern, error) {
	sets, err := d.frequent(p.MaxDims, func(a, _ float64) bool { return a >= p.Threshold*d.A })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sets, func(x, y itemset) int { return cmp.Compare(y.a, x.a) })
	return d.patterns(sets), nil
}

// Diff finds patterns whose shares of the two row sets differ by at least Threshold;
// of two where one refines the other only the more telling one stays.
func (p Patterns) Diff(d *Dataset) ([]Pattern, error) {
	if d.A == 0 || d.B == 0 {
		return nil, nil
	}
	share := func(a, b float64) float64 { return math.Abs(a/d.A - b/d.B) }
	sets, err := d.frequent(p.MaxDims, func(a, b float64) bool { return a/d.A >= p.Threshold || b/d.B >= p.Threshold })
	if err != nil {
		return nil, err
	}
	sets = slices.DeleteFunc(sets, func(s itemset) bool { return share(s.a, s.b) < p.Threshold })
	slices.SortStableFunc(sets, func(x, y itemset) int { return cmp.Compare(share(y.a, y.b), share(x.a, x.b)) })
	return d.patterns(d.unrelated(sets)), nil
}

// unrelated keeps, in order, the sets that neither refine nor generalise one kept before.
func (d *Dataset) unrelated(sets []itemset) []itemset {
	var kept []itemset
	for _, s := range sets {
		d.env.Check()
		if !slices.ContainsFunc(kept, func(k itemset) bool { return refines(s, k) || refines(k, s) }) {
			kept = append(kept, s)
		}
	}
	return kept
}

// refines reports that x fixes all that y fixes.
func refines(x, y itemset) bool {
	for c, code := range y.cells {
		if code >= 0 && x.cells[c] != code {
			return false
		}
	}
	return true
}

// Autocluster grows patterns from the heaviest rows: a seed fixes all its columns, and
// those are opened one by one as long as the score, the weighted geometric mean of
// coverage and detail, gets better. It follows the Seed-Expand algorithm that Kusto's
// documentation names; its results, as Kusto's, are a choice and not all patterns.
func (p Patterns) Autocluster(d *Dataset) []Pattern {
	order := make([]int32, len(d.rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(x, y int32) int { return cmp.Compare(d.rows[y].a, d.rows[x].a) })
	score := func(s itemset) float64 {
		return math.Pow(s.a/d.A, p.Size) * math.Pow(float64(s.dims)/float64(d.columns), 1-p.Size)
	}
	var found []itemset
	for _, seed := range order[:min(p.Seeds, len(order))] {
		s := d.fit(d.seed(seed))
		best, bestScore := s, -1.0
		for s.dims > 0 {
			if v := score(s); v > bestScore {
				best, bestScore = s, v
			}
			if s.dims == 1 {
				break
			}
			next, nextScore := s, -1.0
			for c := range s.cells {
				if s.cells[c] < 0 {
					continue
				}
				cells := slices.Clone(s.cells)
				cells[c] = -1
				if t := d.fit(cells); score(t) > nextScore {
					next, nextScore = t, score(t)
				}
			}
			s = next
		}
		if bestScore > 0 {
			found = append(found, best)
		}
	}
	slices.SortStableFunc(found, func(x, y itemset) int { return cmp.Compare(score(y), score(x)) })
	return d.patterns(d.unrelated(found))
}

// seed fixes all columns of a row that say something.
func (d *Dataset) seed(row int32) []int32 {
	cells := slices.Clone(d.rows[row].cells)
	for c, code := range cells {
		if d.empty(c, code) {
			cells[c] = -1
		}
	}
	return cells
}

// fit finds the rows of a pattern.
func (d *Dataset) fit(cells []int32) itemset {
	d.env.Check()
	s := itemset{cells: cells}
	for _, code := range cells {
		if code >= 0 {
			s.dims++
		}
	}
rows:
	for i := range d.rows {
		for c, code := range cells {
			if code >= 0 && d.rows[i].cells[c] != code {
				continue rows
			}
		}
		s.a += d.rows[i].a
	}
	return s
}
