package ruletest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quarry/hunt"
	"quarry/hunt/steps"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// nearMiss runs one near miss of a test; that of one that does not fire says nothing.
func (w *worker) nearMiss(ctx context.Context, t *Test, m *NearMiss, p *prepared, base *attempt) {
	name := t.Name + " / " + m.Name
	if !w.wanted(name) && !w.wanted(t.Name) {
		return
	}
	started := time.Now()
	res := t.result(name, m.at)
	res.NearMiss = true
	w.add(res)
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	defer func() { res.Seconds = time.Since(started).Seconds() }()
	if base == nil || !base.alert.Triggered {
		res.failf("the test %q does not fire, so a change of it shows nothing", t.Name)
		return
	}
	d := &decoder{file: t.file}
	tables := maps.Clone(p.tables)
	for _, c := range m.Changes {
		d.apply(c, tables)
	}
	if d.problems != nil {
		res.unprepared(d.problems)
		return
	}
	now := p.now
	if !m.Now.IsZero() {
		now = m.Now
	}
	a, done := w.attempt(ctx, res, t, p, tables, merged(t.Set, m.Set), now)
	defer done()
	if a == nil {
		return
	}
	if a.alert.Triggered {
		res.failf("the rule still fires, with %s", rowsOf(len(a.rows.Values)))
		w.explain(ctx, res, a)
		return
	}
	if m.Breaks != nil {
		w.claim(ctx, res, t, m.Breaks, a, base)
	}
}

// apply changes rows of tables; those of the test itself stay as they are.
func (d *decoder) apply(c Change, tables map[string]*types.Rows) {
	name := c.table
	if name == "" {
		names := slices.Sorted(maps.Keys(tables))
		if len(names) != 1 {
			d.fail(c.at, "add table: "+strings.Join(names, " or "), "the test gives rows of %d tables, and the change does not say which it means", len(names))
			return
		}
		name = names[0]
	}
	old := tables[name]
	if old == nil {
		names := slices.Sorted(maps.Keys(tables))
		hint := ""
		if near := diag.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		d.fail(c.at, hint, "the test gives no rows of the table %q", name)
		return
	}
	if c.row > len(old.Values) {
		d.fail(c.at, "", "there is no row %d of %s, which has %d", c.row, name, len(old.Values))
		return
	}
	rows := &types.Rows{Schema: old.Schema}
	changed := len(c.add) > 0
	for i, row := range old.Values {
		if c.row > 0 && c.row != i+1 {
			rows.Values = append(rows.Values, row)
			continue
		}
		if c.drop {
			changed = true
			continue
		}
		next := d.changed(c, rows.Schema, row, name)
		for k := range next {
			changed = changed || !same(rows.Schema[k].Type, next[k], row[k])
		}
		rows.Values = append(rows.Values, next)
	}
	for _, n := range c.add {
		if n.IsMap() {
			rows.Values = append(rows.Values, d.typedRow(rows.Schema, n, name))
		} else {
			d.fail(n, "write the row out", "a change adds written rows only")
		}
	}
	if !changed && d.problems == nil {
		d.fail(c.at, "the rows of "+name+" hold these values already", "the change changes nothing")
	}
	tables[name] = rows
}

// changed is one row with a change.
func (d *decoder) changed(c Change, schema types.Schema, row []types.Value, table string) []types.Value {
	next := slices.Clone(row)
	put := func(j int, v types.Value) {
		next[j] = v
		// The two names of a row's time stay one.
		for _, pair := range [][2]string{{"Timestamp", "TimeGenerated"}, {"TimeGenerated", "Timestamp"}} {
			if k := schema.Index(pair[1]); schema[j].Name == pair[0] && k >= 0 && row[k] == row[j] {
				next[k] = v
			}
		}
	}
	for _, x := range c.set {
		if j := d.column(schema, x, table); j >= 0 {
			put(j, d.typed(schema[j], x.value))
		}
	}
	for _, x := range c.remove {
		if j := d.column(schema, x, table); j >= 0 {
			put(j, blank(schema[j].Type))
		}
	}
	for _, x := range c.shift {
		by, _ := types.ParseTimespan(x.value.Text())
		if x.column != "" {
			j := d.column(schema, x, table)
			if j < 0 {
				continue
			}
			at, ok := row[j].(int64)
			if !ok || schema[j].Type != types.Datetime {
				d.fail(x.value, "shift moves a time", "%s of %s holds no time", x.column, table)
				continue
			}
			put(j, at+by)
			continue
		}
		for j, col := range schema {
			if at, ok := row[j].(int64); ok && col.Type == types.Datetime {
				next[j] = at + by
			}
		}
	}
	return next
}

// claim checks that what a near miss says it breaks is what keeps the rule quiet: rows
// reach it, and it lets fewer of them through than in the test that fires (base, which
// is nil for a test of its own: then, not all of them).
func (w *worker) claim(ctx context.Context, res *Result, t *Test, c *Claim, a, base *attempt) {
	q, err := steps.New(a.text)
	if err != nil {
		res.failf("what it breaks cannot be checked: %v", err)
		return
	}
	found := find(q, c.Text)
	if len(found) == 0 {
		line, column := c.at.Place()
		res.Status = Broken
		res.Problems = append(res.Problems, fmt.Sprintf("%s:%d:%d: the query has no condition or step %q%s", t.file.Name, line, column, c.Text, hintFor(q, c.Text)))
		return
	}
	why := ""
	for _, at := range found {
		ok, text, err := w.breaks(ctx, at, q, a, base)
		if err != nil {
			res.failf("what it breaks cannot be checked: %v", err)
			return
		}
		if ok {
			return
		}
		if why == "" {
			why = text
		}
	}
	res.failf("the rule is quiet for another reason than %s: %s", c.Text, why)
	w.explain(ctx, res, a)
}

// spot is a condition of a step, or a step as a whole (cond nil), by its place in the
// query, so that it can be found in another measure of the same rule.
type spot struct {
	pipeline, step int
	cond           []int // path of parts from the filter
	whole          bool
}

func (s spot) in(q *steps.Query) (before int64, step *steps.Step, cond *steps.Cond) {
	p := q.All[s.pipeline]
	step = p.Steps[s.step]
	before = steps.Unknown
	if s.step > 0 {
		before = p.Steps[s.step-1].Rows
	} else if len(step.Inputs) > 0 {
		before = 0
		for _, in := range step.Inputs {
			before += max(0, in.Rows())
		}
	}
	if s.whole {
		return before, step, nil
	}
	cond = step.Filter
	for _, i := range s.cond {
		cond = cond.Parts[i]
	}
	return before, step, cond
}

// passage is how many rows reach a spot and come through it.
type passage struct{ before, passed int64 }

// pass measures a spot.
func (w *worker) pass(ctx context.Context, s spot, q *steps.Query, a *attempt) (passage, error) {
	if err := q.MeasureStep(ctx, w.Session, hunt.Request{Now: a.now, Own: a.own}, s.pipeline, s.step); err != nil {
		return passage{}, err
	}
	before, step, cond := s.in(q)
	if cond != nil {
		return passage{before, cond.Holds}, nil
	}
	return passage{before, step.Rows}, nil
}

// breaks reports whether rows are lost at the spot, and if not, why it is not that.
func (w *worker) breaks(ctx context.Context, s spot, q *steps.Query, a, base *attempt) (ok bool, why string, err error) {
	x, err := w.pass(ctx, s, q, a)
	if err != nil {
		return false, "", err
	}
	_, step, _ := s.in(q)
	what := "that condition"
	if s.whole {
		what = "that step"
	}
	switch {
	case step.Source: // a table without rows
		return step.Rows == 0, "the table has rows", nil
	case x.before == 0:
		return false, "no row reaches " + what, nil
	case x.passed == steps.Unknown || x.before == steps.Unknown:
		return false, what + " cannot be measured", nil
	}
	if base == nil {
		switch {
		case !s.whole && x.passed == x.before:
			return false, fmt.Sprintf("it holds for every row that reaches it (%d)", x.before), nil
		case s.whole && x.passed > 0:
			return false, fmt.Sprintf("%d of %d rows come through it", x.passed, x.before), nil
		}
		return true, "", nil
	}
	if base.probe == nil {
		if base.probe, err = steps.New(base.text); err != nil {
			return false, "", err
		}
	}
	y, err := w.pass(ctx, s, base.probe, base)
	if err != nil {
		return false, "", err
	}
	// Rows that the change adds or drops before the spot are not lost at it.
	if x.before-x.passed > y.before-y.passed || x.passed == 0 && y.passed > 0 {
		return true, "", nil
	}
	return false, fmt.Sprintf("it loses no more rows than in the test that fires (%d of %d come through)", x.passed, x.before), nil
}

// find looks a claim up: a condition as it is written, blanks aside, else a step.
func find(q *steps.Query, text string) []spot {
	want := canonical(text)
	var exact, steplike []spot
	for i, p := range q.All {
		for j, s := range p.Steps {
			var visit func(c *steps.Cond, path []int)
			visit = func(c *steps.Cond, path []int) {
				if c == nil {
					return
				}
				if canonical(c.Text) == want {
					exact = append(exact, spot{i, j, slices.Clone(path), false})
				}
				for k, part := range c.Parts {
					visit(part, append(path, k))
				}
			}
			visit(s.Filter, nil)
			if squeeze(strings.TrimPrefix(s.Text, "| ")) == squeeze(strings.TrimPrefix(strings.TrimSpace(text), "| ")) {
				steplike = append(steplike, spot{i, j, nil, true})
			}
		}
	}
	return append(exact, steplike...)
}

// canonical is a condition as the printer writes it, or the text without blanks.
func canonical(text string) string {
	script, errs := syntax.Parse(source.New("", text, 0))
	if errs == nil && len(script.Statements) == 1 {
		if q, ok := script.Statements[0].(*syntax.Query); ok {
			text = syntax.Print(q.X)
			for strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") && balanced(text[1:len(text)-1]) {
				text = text[1 : len(text)-1]
			}
		}
	}
	return squeeze(text)
}

func balanced(s string) bool {
	depth := 0
	for _, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// hintFor names the condition or step that was meant.
func hintFor(q *steps.Query, text string) string {
	var all []string
	for _, p := range q.All {
		for _, s := range p.Steps {
			s.Filter.Leaves(func(c *steps.Cond) { all = append(all, c.Text) })
			all = append(all, strings.TrimPrefix(s.Text, "| "))
		}
	}
	for _, c := range all {
		if strings.Contains(squeeze(c), squeeze(text)) {
			return fmt.Sprintf(" (did you mean %q?)", c)
		}
	}
	if near := diag.Nearest(text, all); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return " (write it as the query does, one of the conditions of a where, or a whole step)"
}
