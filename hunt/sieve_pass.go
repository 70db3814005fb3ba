package hunt

import (
	"context"
	"maps"
	"slices"

	"quarry/engine"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

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

// group brings together the sites that put the same conditions on the table.
func (s *sieve) group() {
	last := ""
	for _, one := range s.sites {
		switch n := len(s.groups); {
		case len(one.conds) == 0:
		case n > 0 && last == one.key:
			s.groups[n-1].sites = append(s.groups[n-1].sites, one)
		default:
			s.groups = append(s.groups, &group{sites: []*sieved{one}, conds: one.conds, clues: cluesOf(one.conds), rows: s.rows})
			last = one.key
		}
	}
}

// narrow finds out which rows each site may want, and copies them where they are few.
func (s *sieve) narrow(ctx context.Context, session *Session) (drop func(), err error) {
	var clued, cheap []*group
	for _, g := range s.groups {
		if len(g.clues) > 0 {
			clued = append(clued, g)
		} else if numeric(g.conds) {
			cheap = append(cheap, g)
		}
	}
	if err := s.search(ctx, session, clued); err != nil {
		return nil, err
	}
	if err := s.count(ctx, session, cheap, false); err != nil {
		return nil, err
	}
	chosen, err := s.copy(ctx, session, clued, &drop)
	if err == nil {
		err = s.count(ctx, session, chosen, true)
	}
	for _, g := range s.groups {
		for _, one := range g.sites {
			one.rows = g.rows
		}
	}
	return drop, err
}

// search reads the columns that clues speak of, and notes the rows that have them.
func (s *sieve) search(ctx context.Context, session *Session, groups []*group) error {
	if len(groups) == 0 {
		return nil
	}
	lists := make([][]clue, len(groups))
	wanted := map[int]bool{}
	for i, g := range groups {
		lists[i], g.rows = g.clues, 0
		for _, c := range g.clues {
			for _, h := range c {
				wanted[int(h.column)-1] = true
			}
		}
	}
	if err := session.indexes.register(ctx, session.db); err != nil {
		return err
	}
	d := newDetector(len(s.table.Columns), lists)
	scan := s.scan(wanted)
	keys := map[plan.ID]int64{}
	for _, c := range scan.Cols {
		if !c.Type.Integer() {
			key, drop := session.indexes.add(d.columns[c.ID-1])
			defer drop()
			keys[c.ID] = key
		}
	}
	program, err := sqlgen.Codes(scan, clueCode, keys)
	if err != nil {
		return err
	}
	schema := make(types.Schema, len(program.Cols))
	for i, c := range program.Cols {
		schema[i] = types.Column{Name: c.Name, Type: c.Type}
	}
	conn, err := session.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, program.SQL, schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	kept := int64(0)
	for {
		n, err := rows.NextChunk()
		if n == 0 || err != nil {
			return err
		}
		ids := rows.Longs(len(schema) - 1)
		d.chunk(scan, rows, n, func(row, list int) {
			g := groups[list]
			if g.rows++; g.rows > s.rows/hotShare {
				kept -= int64(len(g.ids))
				g.ids = nil
			} else if kept < maxKept {
				g.ids = append(g.ids, ids[row])
				kept++
			}
		})
	}
}

// numeric reports conditions that read no texts, which the engine tests at almost no cost.
func numeric(conds sqlgen.Conditions) bool {
	ok := true
	for _, e := range conds {
		plan.WalkExpr(e, func(e plan.Expr) {
			if c, is := e.(plan.ColRef); is {
				ok = ok && c.T != types.String && c.T != types.Dynamic && c.T != types.Guid
			}
		}, nil)
	}
	return ok
}

// count finds how many rows of the table, or of the copy, meet the conditions.
func (s *sieve) count(ctx context.Context, session *Session, groups []*group, copied bool) error {
	for part := range slices.Chunk(groups, setsAtOnce) {
		wanted := map[int]bool{}
		sets := make([]sqlgen.Marked, len(part))
		for i, g := range part {
			sets[i] = sqlgen.Marked{Conditions: g.conds, Mark: g.mark}
			reads(wanted, g.conds)
		}
		scan := s.scan(wanted)
		if copied {
			scan = s.copied(scan)
		}
		program, err := sqlgen.Count(scan, sets)
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
			part[i].rows, _ = v.(int64)
		}
	}
	return nil
}

// copy copies the rows that the most selective groups may want, and lists those groups.
func (s *sieve) copy(ctx context.Context, session *Session, groups []*group, drop *func()) (chosen []*group, err error) {
	for _, g := range groups {
		if g.rows > 0 && int64(len(g.ids)) == g.rows {
			chosen = append(chosen, g)
		}
	}
	slices.SortStableFunc(chosen, func(a, b *group) int { return int(min(max(a.rows-b.rows, -1), 1)) })
	sites := 0
	words := min(len(chosen), maxMarks)/sqlgen.BitsOfMarks + 1
	place := map[int64]int{} // of a row's marks, by its number
	var marks []int64        // so many words of each row
	wanted := map[int]bool{}
	for n, g := range chosen {
		if int64(len(place))+g.rows > s.rows/hotShare {
			chosen = chosen[:n]
			break
		}
		for _, id := range g.ids {
			at, ok := place[id]
			if !ok {
				at = len(marks)
				place[id] = at
				marks = append(marks, make([]int64, words)...)
			}
			marks[at+n%maxMarks/sqlgen.BitsOfMarks] |= 1 << (n % maxMarks % sqlgen.BitsOfMarks)
		}
		reads(wanted, g.conds)
		for _, one := range g.sites {
			sites++
			for _, source := range one.scan.Source {
				if i, ok := plan.StoredPlace(source); ok {
					wanted[i] = true
				}
			}
		}
	}
	if sites < minSites {
		return nil, nil
	}
	schema := make(types.Schema, 1+words) // the number of a row, its marks
	for i := range schema {
		schema[i].Type = types.Long
	}
	list, dropList, err := session.db.Spool(ctx, schema, func(yield func([]types.Value, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(place)) {
			row := make([]types.Value, 1, len(schema))
			row[0] = id
			for _, word := range marks[place[id]:][:words] {
				row = append(row, word)
			}
			if !yield(row, nil) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	defer dropList()
	scan := s.scan(wanted)
	s.places = map[string]string{}
	for i, column := range scan.Source {
		s.places[column] = plan.StoredColumn(i)
	}
	program, err := sqlgen.Select(scan, list, min(len(chosen), maxMarks))
	if err != nil {
		return nil, err
	}
	if s.hot, *drop, err = session.db.SpoolProgram(ctx, program, session.env); err != nil {
		return nil, err
	}
	s.hotRows = int64(len(place))
	for n, g := range chosen {
		g.mark = plan.StoredColumn(len(scan.Source) + n%maxMarks)
		for _, one := range g.sites {
			one.mark = g.mark
		}
	}
	return chosen, nil
}
