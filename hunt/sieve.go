package hunt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"quarry/engine/duckdb"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
)

// Most rules of a pack look for what is not there. So before they run, one pass over
// each table finds the rows that have the clues of each rule; where a rule's conditions
// give no clue, the engine counts the rows that meet them. The rows that any of the
// selective rules may want are copied to a small table, where the engine tests all of
// those rules' conditions, and which they read instead of the large one: a rule keeps its
// conditions, so rows that others asked for do not disturb it. Where no row is left, the
// rule reads an empty table, and often needs not run at all.

const (
	// minSites is the number of places that read a table from which on a pass pays.
	minSites = 3
	// setsAtOnce bounds the conditions of one statement.
	setsAtOnce = 64
	// hotShare is the largest part of a table, one in so many rows, that is copied.
	hotShare = 3
	// maxMarks bounds the marks of a copy, for statements grow slow with the columns of a
	// table. Beyond it sets of conditions share one, and a rule reads the rows of others too.
	maxMarks = 4 * sqlgen.BitsOfMarks
	// maxKept bounds the numbers of rows that are noted for one table.
	maxKept = 8 << 20
)

// sieve is the work shared over one table.
type sieve struct {
	table duckdb.Table
	rows  int64
	sites []*sieved

	groups  []*group
	hot     string            // the table of copied rows
	places  map[string]string // of the table's columns in the copy
	hotRows int64
}

// copied is what a scan of the table reads, of the copy.
func (s *sieve) copied(scan *plan.Scan) *plan.Scan {
	c := *scan
	c.Table, c.Source = s.hot, nil
	for _, column := range scan.Source {
		c.Source = append(c.Source, s.places[column])
	}
	return &c
}

// group is the sites with the same conditions.
type group struct {
	sites []*sieved
	conds sqlgen.Conditions
	clues []clue
	rows  int64   // at most so many meet the conditions
	ids   []int64 // of the rows that have the clues, unless they are too many
	mark  string  // of those rows in the copy
}

// sieved is a site of a rule and what the pass found out.
type sieved struct {
	*site
	key  string // of its conditions
	rows int64  // at most so many meet the conditions
	mark string // all of them are in the copy, and have it
}

// sieve makes the passes and changes the rules to what is left of their work.
func (b *Batch) sieve(ctx context.Context, parallel int) error {
	sieves, of := b.collect()
	if err := countRows(ctx, b.session, sieves); err != nil {
		return err
	}
	errs := make([]error, len(sieves))
	var mu sync.Mutex
	each(ctx, len(sieves), parallel, func(i int) {
		s := sieves[i]
		if len(s.sites) < minSites {
			return
		}
		s.group()
		drop, err := s.narrow(ctx, b.session)
		errs[i] = err
		if drop != nil {
			mu.Lock()
			b.drops = append(b.drops, drop)
			mu.Unlock()
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, s := range sieves {
		if errs[i] != nil { // more than one rule can bear, such as memory: each is on its own
			s.giveUp()
			b.gaveUp = append(b.gaveUp, errs[i])
		}
	}
	each(ctx, len(b.rules), parallel, func(i int) { b.rules[i].lighten(of[i]) })
	return ctx.Err()
}

// part is a site with the sieve of its table.
type part struct {
	*sieved
	of *sieve
}

// collect finds the sites of all rules. Element i of "of" are those of rule i.
func (b *Batch) collect() (sieves []*sieve, of []map[*plan.Scan]part) {
	tables := map[string]duckdb.Table{}
	for _, t := range b.session.store.Tables() {
		tables[t.Physical] = t
	}
	place := func(s *plan.Scan, i int) (plan.ID, bool) {
		n, stored := plan.StoredPlace(s.Source[i])
		t, ok := tables[s.Table]
		return plan.ID(n + 1), stored && ok && n < len(t.Columns) && t.Columns[n].Physical == s.Source[i]
	}
	byTable := map[string]*sieve{}
	of = make([]map[*plan.Scan]part, len(b.rules))
	for i, r := range b.rules {
		of[i] = map[*plan.Scan]part{}
		if r == nil || r.err != nil || r.broken != nil {
			continue
		}
		for scan, st := range sites(r.answer.Compiled.Results[0].Root, place) {
			t, ok := tables[scan.Table]
			if !ok {
				continue
			}
			s := byTable[t.Physical]
			if s == nil {
				s = &sieve{table: t}
				byTable[t.Physical] = s
				sieves = append(sieves, s)
			}
			one := &sieved{site: st, key: keyOf(st.conds)}
			s.sites = append(s.sites, one)
			of[i][scan] = part{one, s}
		}
	}
	// Maps have no order: the statements, and so the plans, must not change from run to run.
	slices.SortFunc(sieves, func(a, b *sieve) int { return strings.Compare(a.table.Name, b.table.Name) })
	for _, s := range sieves {
		slices.SortStableFunc(s.sites, func(a, b *sieved) int { return strings.Compare(a.key, b.key) })
	}
	return sieves, of
}

// keyOf tells apart conditions that are not the same, by rows, types and constants.
func keyOf(conds sqlgen.Conditions) string {
	var b strings.Builder
	for _, c := range conds {
		writeKey(&b, c)
		b.WriteByte('\n')
	}
	return b.String()
}

func writeKey(b *strings.Builder, e plan.Expr) {
	switch e := e.(type) {
	case plan.Const:
		fmt.Fprintf(b, "%v:%#v", e.T, e.Value)
	case plan.ColRef:
		fmt.Fprintf(b, "#%d", e.ID)
	case *plan.Call:
		fmt.Fprintf(b, "%s/%d:%v(", e.Row.Name(), e.Row.Overload(), e.T)
		for _, a := range e.Args {
			writeKey(b, a)
			b.WriteByte(',')
		}
		b.WriteByte(')')
	}
}

// countRows asks for the size of each table; the engine knows it.
func countRows(ctx context.Context, s *Session, sieves []*sieve) error {
	for _, v := range sieves {
		n, err := s.store.Count(ctx, v.table.Name)
		if err != nil {
			return err
		}
		v.rows = n
		for _, one := range v.sites {
			one.rows = n
		}
	}
	return nil
}

// giveUp lets the rules read the table as it is.
func (s *sieve) giveUp() {
	for _, one := range s.sites {
		one.rows, one.mark = s.rows, ""
	}
}

// lighten replaces what a rule reads and makes its program anew.
func (r *batched) lighten(parts map[*plan.Scan]part) {
	if r == nil || r.err != nil || r.broken != nil {
		return
	}
	res := &r.answer.Compiled.Results[0]
	changed := false
	for _, p := range parts {
		changed = changed || p.rows == 0 || p.mark != ""
	}
	if changed {
		root := fold(res.Root, func(scan *plan.Scan) plan.Node {
			p, ok := parts[scan]
			switch {
			case !ok:
				return scan
			case p.rows == 0:
				return nil
			case p.mark != "":
				c := p.of.copied(scan)
				c.Mark = p.mark
				return c
			}
			return scan
		})
		if program, err := sqlgen.Generate(root, sqlgen.Native); err == nil {
			res.Root, res.Program = root, program
		}
	}
	r.cost = costOf(res.Root, parts)
}

// costOf is the rows that a plan reads, times the operators that it has.
func costOf(root *plan.Root, parts map[*plan.Scan]part) float64 {
	rows, nodes := 1.0, 0.0
	plan.Walk(root.Node, func(n plan.Node) {
		nodes++
		switch n := n.(type) {
		case *plan.Ref:
			nodes++
		case *plan.Scan:
			p, ok := parts[n]
			switch {
			case !ok:
				rows += 1000
			case p.mark != "":
				rows += float64(p.of.hotRows)
			default:
				rows += float64(p.of.rows)
			}
		}
	})
	return rows * nodes
}
