package ruletest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"quarry/detect"
	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/kql/types"
)

func (r *Result) failf(format string, args ...any) {
	r.Status = Failed
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// judge compares what came of a test with what it expects.
func (w *worker) judge(ctx context.Context, t *Test, res *Result, a *attempt) {
	n := len(a.rows.Values)
	fires := a.alert.Triggered
	switch {
	case t.Expect == Fires && !fires:
		if n == 0 {
			res.failf("the rule stays quiet and should fire")
		} else {
			res.failf("the rule stays quiet and should fire: it finds %s, and its trigger is %s %d", rowsOf(n), w.rule.Rule.Trigger.Symbol(), w.rule.Rule.Trigger.Threshold)
		}
		w.explain(ctx, res, a)
	case t.Expect == Quiet && fires:
		res.failf("the rule fires and should stay quiet: it finds %s", rowsOf(n))
		if n > 0 {
			res.Problems = append(res.Problems, "first row: "+sample(a.rows, 0))
		}
		w.explain(ctx, res, a)
	}
	if t.Rows != nil && !t.Rows.holds(n) && res.Status == Passed {
		res.failf("the rule finds %s, not %s", rowsOf(n), t.Rows)
		w.explain(ctx, res, a)
	}
	if fires && t.Expect == Fires {
		t.likeRows(res, a.rows)
	}
	if t.Alerts != nil && !t.Alerts.holds(len(a.alert.Alerts)) && (fires || t.Expect == Quiet) {
		res.failf("%s, not %s", counted(len(a.alert.Alerts), "alert is raised", "alerts are raised"), t.Alerts)
	}
	if fires {
		t.likeAlerts(res, a.alert.Alerts)
	}
	if t.Breaks != nil && !fires {
		w.claim(ctx, res, t, t.Breaks, a, nil)
	}
}

func rowsOf(n int) string { return counted(n, "row", "rows") }

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// sample is a row without its empty columns.
func sample(rows *types.Rows, i int) string {
	var parts []string
	for j, c := range rows.Schema {
		if s := detect.Text(c.Type, rows.Values[i][j]); s != "" {
			parts = append(parts, c.Name+"="+s)
		}
	}
	return text.Snip(strings.Join(parts, ", "), maxSample, "…")
}

const maxSample = 500 // characters

// likeRows looks for a row of its own for each expected one.
func (t *Test) likeRows(res *Result, rows *types.Rows) {
	if len(t.Like) == 0 {
		return
	}
	d := &decoder{file: t.file}
	for _, like := range t.Like {
		for _, c := range like.cells {
			if j := d.column(rows.Schema, c, "the result"); j >= 0 {
				d.typed(rows.Schema[j], c.value)
			}
		}
	}
	for _, p := range d.problems {
		res.failf("%s", p.Error())
	}
	if d.problems != nil {
		return
	}
	match := assign(len(t.Like), len(rows.Values), func(i, j int) bool { return len(differences(rows, j, t.Like[i].cells)) == 0 })
	for i, j := range match {
		if j >= 0 {
			continue
		}
		line, column := t.Like[i].at.Place()
		why := fmt.Sprintf("%s:%d:%d: no row is like this one", t.file.Name, line, column)
		if len(rows.Values) > 0 {
			near := nearest(rows, t.Like[i].cells, match)
			why += fmt.Sprintf("; in the nearest, %s", strings.Join(differences(rows, near, t.Like[i].cells), ", "))
		}
		res.failf("%s", why)
	}
}

// assign finds for each of n expectations one of m things that meets it and no other
// has; -1 where there is none. It finds as many as can be (augmenting paths).
func assign(n, m int, fits func(i, j int) bool) []int {
	of := make([]int, n)
	taken := make([]int, m)
	for i := range of {
		of[i] = -1
	}
	for j := range taken {
		taken[j] = -1
	}
	var try func(i int, seen []bool) bool
	try = func(i int, seen []bool) bool {
		for j := range m {
			if seen[j] || !fits(i, j) {
				continue
			}
			seen[j] = true
			if taken[j] < 0 || try(taken[j], seen) {
				of[i], taken[j] = j, i
				return true
			}
		}
		return false
	}
	for i := range n {
		try(i, make([]bool, m))
	}
	return of
}

// nearest is the row, if possible one that no other expectation has, with the fewest
// differences.
func nearest(rows *types.Rows, cells []cell, taken []int) int {
	best, least := 0, math.MaxInt
	for j := range rows.Values {
		n := len(differences(rows, j, cells)) * 2
		if slices.Contains(taken, j) {
			n++
		}
		if n < least {
			best, least = j, n
		}
	}
	return best
}

// differences tells what of a row is not as expected.
func differences(rows *types.Rows, j int, cells []cell) []string {
	var out []string
	for _, c := range cells {
		k := rows.Schema.Index(c.column)
		if k < 0 {
			continue
		}
		typ, have := rows.Schema[k].Type, rows.Values[j][k]
		want, _ := value(typ, c.value)
		if !same(typ, have, want) {
			out = append(out, fmt.Sprintf("%s is %s, not %s", c.column, quotedText(typ, have), quotedText(typ, want)))
		}
	}
	return out
}

func quotedText(t types.Type, v types.Value) string {
	switch s := detect.Text(t, v); {
	case v == nil:
		return "null"
	case t == types.String:
		return fmt.Sprintf("%q", s)
	default:
		return s
	}
}

// same compares two values of a type. Reals may differ by what a text of six digits
// leaves out; bags by the order of their keys.
func same(t types.Type, a, b types.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	switch t {
	case types.Real:
		x, _ := a.(float64)
		y, _ := b.(float64)
		return x == y || math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= 1e-6*math.Max(math.Abs(x), math.Abs(y))
	case types.Dynamic:
		x, _ := types.ParseDyn(a.(string))
		y, _ := types.ParseDyn(b.(string))
		return sameDyn(x, y)
	}
	return a == b
}

func sameDyn(a, b types.Dyn) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case types.DynArray:
		for i := range a.Len() {
			if !sameDyn(a.Items()[i], b.Items()[i]) {
				return false
			}
		}
		return true
	case types.DynBag:
		keys := b.Keys()
		for i, k := range a.Keys() {
			if !slices.Contains(keys, k) || !sameDyn(a.Items()[i], b.Key(k)) {
				return false
			}
		}
		return true
	}
	return a.String() == b.String()
}

// likeAlerts looks for an alert of its own for each expected one, and for entities in
// any of them.
func (t *Test) likeAlerts(res *Result, alerts []*alert.Alert) {
	match := assign(len(t.Raised), len(alerts), func(i, j int) bool { return len(t.Raised[i].differences(alerts[j])) == 0 })
	for i, j := range match {
		if j >= 0 {
			continue
		}
		line, column := t.Raised[i].at.Place()
		why := fmt.Sprintf("%s:%d:%d: no alert is like this one", t.file.Name, line, column)
		var least []string
		for _, a := range alerts {
			if d := t.Raised[i].differences(a); least == nil || len(d) < len(least) {
				least = d
			}
		}
		if least != nil {
			why += "; in the nearest, " + strings.Join(least, ", ")
		}
		res.failf("%s", why)
	}
	var all []alert.Entity
	for _, a := range alerts {
		all = append(all, a.Entities...)
	}
	for _, e := range t.Entities {
		if !e.in(all) {
			line, column := e.at.Place()
			res.failf("%s:%d:%d: no alert has the entity %s; %s", t.file.Name, line, column, e, listEntities(all))
		}
	}
}

// differences tells what of an alert is not as expected.
func (x AlertLike) differences(a *alert.Alert) []string {
	var out []string
	differ := func(what, have, want string) {
		out = append(out, fmt.Sprintf("%s is %q, not %q", what, have, want))
	}
	for _, f := range x.fields {
		want := f.value.Text()
		switch f.column {
		case "name":
			if a.Name != want {
				differ("name", a.Name, want)
			}
		case "description":
			if strings.TrimSpace(a.Description) != strings.TrimSpace(want) {
				differ("description", a.Description, want)
			}
		case "severity":
			if !strings.EqualFold(a.Severity, want) {
				differ("severity", a.Severity, want)
			}
		case "tactics":
			if !sameSet(a.Tactics, texts(f.value)) {
				differ("tactics", strings.Join(a.Tactics, ", "), strings.Join(texts(f.value), ", "))
			}
		case "techniques":
			if have := slices.Concat(a.Techniques, a.SubTech); !containsAll(have, texts(f.value)) {
				differ("techniques", strings.Join(have, ", "), strings.Join(texts(f.value), ", "))
			}
		}
	}
	for _, c := range x.details {
		var have []string
		for _, d := range a.Details {
			if d.Name == c.column {
				have = d.Values
			}
		}
		if !sameSet(have, texts(c.value)) {
			differ("the detail "+c.column, strings.Join(have, ", "), strings.Join(texts(c.value), ", "))
		}
	}
	for _, e := range x.entities {
		if !e.in(a.Entities) {
			out = append(out, fmt.Sprintf("the entity %s is missing; %s", e, listEntities(a.Entities)))
		}
	}
	return out
}

func texts(n *rule.Node) []string {
	if n.IsText() {
		return []string{n.Text()}
	}
	var out []string
	for _, x := range n.Items() {
		out = append(out, x.Text())
	}
	return out
}

func sameSet(a, b []string) bool { return len(a) == len(b) && containsAll(a, b) && containsAll(b, a) }

func containsAll(list, want []string) bool {
	for _, w := range want {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return true
}

// in reports whether one of the entities has all of the identifiers.
func (x EntityLike) in(list []alert.Entity) bool {
	return slices.ContainsFunc(list, func(e alert.Entity) bool {
		if !strings.EqualFold(e.Type, x.typ) {
			return false
		}
		for _, id := range x.identifiers {
			if !slices.Contains(e.Fields, rule.Pair{Name: id.column, Value: id.value.Text()}) {
				return false
			}
		}
		return true
	})
}

func (x EntityLike) String() string {
	e := alert.Entity{Type: x.typ}
	for _, id := range x.identifiers {
		e.Fields = append(e.Fields, rule.Pair{Name: id.column, Value: id.value.Text()})
	}
	return e.String()
}

const maxListed = 8

func listEntities(list []alert.Entity) string {
	if len(list) == 0 {
		return "there are no entities"
	}
	var parts []string
	for i, e := range list {
		if i == maxListed {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		parts = append(parts, e.String())
	}
	return "there are " + strings.Join(parts, "; ")
}
