package hunt

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"quarry/engine"
	"quarry/engine/duckdb"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
)

// Most rules of a pack look for what is not there. So before they run, one pass over
// each table counts how many rows meet the conditions that each rule puts on it. Where
// none does, the rule reads an empty table instead, and often needs not run at all. The
// rows that any of the selective rules may want are copied, in one more pass, to a small
// table that those rules read instead of the large one: a rule keeps its conditions, so
// rows that others asked for do not disturb it.

const (
	// minSites is the number of places that read a table from which on a pass pays.
	minSites = 3
	// setsAtOnce bounds the conditions of one statement.
	setsAtOnce = 64
	// hotShare is the largest part of a table, one in so many rows, that is copied.
	hotShare = 4
)

// sieve is the work shared over one table.
type sieve struct {
	table duckdb.Table
	rows  int64
	sites []*sieved

	hot     string // the table of copied rows
	hotRows int64
}

// sieved is a site of a rule and what the pass found out.
type sieved struct {
	*site
	key  string // of its conditions
	rows int64  // that meet the conditions
	hot  bool   // all of them are in the copy
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
		if errs[i] = s.count(ctx, b.session); errs[i] != nil {
			return
		}
		drop, err := s.copy(ctx, b.session)
		if err != nil {
			errs[i] = err
			return
		}
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
		n, err := strconv.Atoi(strings.TrimPrefix(s.Source[i], "c"))
		t, ok := tables[s.Table]
		return plan.ID(n + 1), err == nil && ok && n < len(t.Columns) && t.Columns[n].Physical == s.Source[i]
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

// scan reads columns of the table under the numbers that conditions use.
func (s *sieve) scan(wanted map[int]bool) *plan.Scan {
	out := &plan.Scan{Table: s.table.Physical, Name: s.table.Name}
	for i, c := range s.table.Columns {
		if wanted[i] {
			out.Cols = append(out.Cols, plan.Col{ID: plan.ID(i + 1), Name: c.Name, Type: c.Type})
			out.Source = append(out.Source, c.Physical)
		}
	}
	return out
}

// reads adds the columns that conditions speak of.
func reads(wanted map[int]bool, conds sqlgen.Conditions) {
	for _, e := range conds {
		plan.WalkExpr(e, func(e plan.Expr) {
			if c, ok := e.(plan.ColRef); ok {
				wanted[int(c.ID)-1] = true
			}
		}, nil)
	}
}

// count finds how many rows meet the conditions of each site.
func (s *sieve) count(ctx context.Context, session *Session) error {
	var sets []sqlgen.Conditions
	var groups [][]*sieved // sites with equal conditions
	for _, one := range s.sites {
		switch last := len(groups) - 1; {
		case len(one.conds) == 0:
		case last >= 0 && groups[last][0].key == one.key:
			groups[last] = append(groups[last], one)
		default:
			sets, groups = append(sets, one.conds), append(groups, []*sieved{one})
		}
	}
	for len(sets) > 0 {
		n := min(setsAtOnce, len(sets))
		wanted := map[int]bool{}
		for _, set := range sets[:n] {
			reads(wanted, set)
		}
		program, err := sqlgen.Count(s.scan(wanted), sets[:n])
		if err != nil {
			return err
		}
		rows, err := session.db.Run(ctx, program, session.env)
		if err != nil {
			return err
		}
		counts, _, err := engine.Collect(rows, 1)
		if err != nil {
			return err
		}
		for i, v := range counts.Values[0] {
			for _, one := range groups[i] {
				one.rows, _ = v.(int64)
			}
		}
		sets, groups = sets[n:], groups[n:]
	}
	return nil
}

// copy copies the rows that the most selective sites may want.
func (s *sieve) copy(ctx context.Context, session *Session) (drop func(), err error) {
	var chosen []*sieved
	for _, one := range s.sites {
		if len(one.conds) > 0 && one.rows > 0 {
			chosen = append(chosen, one)
		}
	}
	slices.SortStableFunc(chosen, func(a, b *sieved) int { return int(min(max(a.rows-b.rows, -1), 1)) })
	var sum int64
	wanted := map[int]bool{}
	var sets []sqlgen.Conditions
	last := ""
	for n, one := range chosen {
		if one.key != last {
			if sum += one.rows; sum > s.rows/hotShare {
				chosen = chosen[:n]
				break
			}
			last = one.key
			sets = append(sets, one.conds)
		}
		reads(wanted, one.conds)
		for _, source := range one.scan.Source {
			if i, err := strconv.Atoi(strings.TrimPrefix(source, "c")); err == nil {
				wanted[i] = true
			}
		}
	}
	if len(chosen) < minSites {
		return nil, nil
	}
	program, err := sqlgen.Select(s.scan(wanted), sets)
	if err != nil {
		return nil, err
	}
	if s.hot, drop, err = session.db.SpoolProgram(ctx, program, session.env); err != nil {
		return nil, err
	}
	s.hotRows = sum
	for _, one := range chosen {
		one.hot = true
	}
	return drop, nil
}

// giveUp lets the rules read the table as it is.
func (s *sieve) giveUp() {
	for _, one := range s.sites {
		one.rows, one.hot = s.rows, false
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
		changed = changed || p.rows == 0 || p.hot
	}
	if changed {
		root := fold(res.Root, func(scan *plan.Scan) plan.Node {
			p, ok := parts[scan]
			switch {
			case !ok:
				return scan
			case p.rows == 0:
				return nil
			case p.hot:
				c := *scan
				c.Table = p.of.hot
				return &c
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
			case p.hot:
				rows += float64(p.of.hotRows)
			default:
				rows += float64(p.of.rows)
			}
		}
	})
	return rows * nodes
}
