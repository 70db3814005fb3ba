package ruletest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/kql/diag"
	"quarry/kql/types"
)

// decoder turns a document into tests and collects what is wrong.
type decoder struct {
	file     *File
	problems Problems
	values   int
}

func (d *decoder) fail(n *rule.Node, hint, format string, args ...any) {
	line, column := n.Place()
	d.failAt(line, column, hint, format, args...)
}

func (d *decoder) failAt(line, column int, hint, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, rule.Problem{File: d.file.Name, Line: line, Column: column, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
}

// members lists a mapping's members whose keys are known, and fails for others.
func (d *decoder) members(n *rule.Node, what string, known ...string) []rule.Member {
	if !n.IsMap() {
		d.fail(n, "it has the keys "+strings.Join(known, ", "), "%s is not a mapping", what)
		return nil
	}
	var out []rule.Member
	for _, m := range n.Members() {
		found := false
		for _, k := range known {
			found = found || k == m.Key
		}
		if !found {
			hint := "there are " + strings.Join(known, ", ")
			if near := diag.Nearest(m.Key, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			d.failAt(m.Line, m.Column, hint, "unknown key %q of %s", m.Key, what)
			continue
		}
		out = append(out, m)
	}
	return out
}

func (d *decoder) document(n *rule.Node) {
	seen := false
	for _, m := range d.members(n, "a test file", "tests", "schemas") {
		switch m.Key {
		case "tests":
			seen = true
			d.tests(m.Value)
		case "schemas":
			d.file.Schemas = d.schemas(m.Value)
		}
	}
	if !seen && d.problems == nil {
		d.fail(n, "", "the file has no tests")
	}
}

func (d *decoder) schemas(n *rule.Node) map[string]types.Schema {
	if !n.IsMap() {
		d.fail(n, "write TABLE: {COLUMN: TYPE, ...}", "schemas is not a mapping")
		return nil
	}
	out := map[string]types.Schema{}
	for _, m := range n.Members() {
		if !m.Value.IsMap() || len(m.Value.Members()) == 0 {
			d.failAt(m.Line, m.Column, "write COLUMN: TYPE", "the schema of %s has no columns", m.Key)
			continue
		}
		var s types.Schema
		for _, c := range m.Value.Members() {
			t, ok := types.Parse(c.Value.Text())
			switch {
			case !ok:
				d.fail(c.Value, "types are bool, int, long, real, decimal, string, datetime, timespan, guid, dynamic", "%q is no type", c.Value.Text())
			case s.Index(c.Key) >= 0:
				d.failAt(c.Line, c.Column, "", "the column %s is there twice", c.Key)
			}
			s = append(s, types.Column{Name: c.Key, Type: t})
		}
		out[m.Key] = s
	}
	return out
}

func (d *decoder) tests(n *rule.Node) {
	if !n.IsList() || len(n.Items()) == 0 {
		d.fail(n, "write a list: - name: ...", "there are no tests")
		return
	}
	names := map[string]bool{}
	for _, item := range n.Items() {
		t := d.test(item)
		if t == nil {
			continue
		}
		if names[t.Name] {
			d.fail(item, "", "two tests are called %q", t.Name)
		}
		names[t.Name] = true
		d.file.Tests = append(d.file.Tests, t)
	}
}

func (d *decoder) test(n *rule.Node) *Test {
	t := &Test{file: d.file, at: n}
	for _, m := range d.members(n, "a test", "name", "rule", "now", "set", "schemas", "tables", "events", "watchlists", "external", "functions", "expect", "breaks", "rows", "alerts", "entities", "nearMisses") {
		switch v := m.Value; m.Key {
		case "name":
			t.Name = d.text(m)
		case "rule":
			t.Rule = d.text(m)
		case "now":
			t.Now = d.time(m)
		case "set":
			t.Set = d.settings(m)
		case "schemas":
			t.schemas = d.schemas(v)
		case "tables":
			t.tables = d.tables(m)
		case "events":
			t.events = d.events(m)
		case "watchlists":
			for _, c := range d.cells(v, "watchlists") {
				if !c.value.IsList() && !c.value.IsText() {
					d.fail(c.value, "write the rows as a list, or the name of a file", "the watchlist %s has no rows", c.column)
				}
				t.watchlists = append(t.watchlists, list{c.column, c.value})
			}
		case "external":
			t.external = map[string]string{}
			for _, c := range d.cells(v, "external") {
				if t.external[c.column] = c.value.Text(); !c.value.IsText() {
					d.fail(c.value, "write ADDRESS: FILE", "the copy of %s is not the name of a file", c.column)
				}
			}
		case "functions":
			t.functions = d.texts(m)
		case "expect":
			if t.Expect = d.text(m); t.Expect != Fires && t.Expect != Quiet {
				d.fail(v, "", "expect is %q, not fires or quiet", t.Expect)
			}
		case "breaks":
			t.Breaks = &Claim{d.text(m), v}
		case "rows":
			var has *rule.Node
			t.Rows, has = d.amount(m)
			for _, row := range has.Items() {
				t.Like = append(t.Like, RowLike{d.cells(row, "an expected row"), row})
			}
		case "alerts":
			var has *rule.Node
			t.Alerts, has = d.amount(m)
			for _, a := range has.Items() {
				t.Raised = append(t.Raised, d.alert(a))
			}
		case "entities":
			for _, e := range v.Items() {
				t.Entities = append(t.Entities, d.entity(e))
			}
			if !v.IsList() || len(v.Items()) == 0 {
				d.fail(v, "write - {type: Host, FullName: ...}", "entities is not a list of entities")
			}
		case "nearMisses":
			for _, x := range v.Items() {
				t.NearMisses = append(t.NearMisses, d.nearMiss(x))
			}
			if !v.IsList() || len(v.Items()) == 0 {
				d.fail(v, "write - {name: ..., change: ...}", "nearMisses is not a list of near misses")
			}
		}
	}
	d.sense(t, n)
	return t
}

// sense refuses tests that cannot pass, or that test nothing.
func (d *decoder) sense(t *Test, n *rule.Node) {
	switch {
	case t.Name == "":
		d.fail(n, "", "the test has no name")
	case t.Expect == "":
		d.fail(n, "add expect: fires or expect: quiet", "the test %q expects nothing", t.Name)
	case t.Expect == Quiet && (t.Like != nil || t.Raised != nil || t.Entities != nil):
		d.fail(n, "", "a quiet rule gives no rows, alerts or entities to expect")
	case t.Expect == Quiet && t.Alerts != nil && t.Alerts.Min > 0:
		d.fail(n, "", "alerts is %s, but the test expects quiet", t.Alerts)
	case t.Expect == Fires && t.Breaks != nil:
		d.fail(t.Breaks.at, "it belongs to a quiet test or a near miss", "a rule that fires breaks no condition")
	case t.Expect == Quiet && t.NearMisses != nil:
		d.fail(n, "near misses are changes of a test that fires", "the quiet test %q has near misses", t.Name)
	}
	names := map[string]bool{}
	for _, m := range t.NearMisses {
		if names[m.Name] {
			d.fail(m.at, "", "two near misses are called %q", m.Name)
		}
		names[m.Name] = true
	}
}

func (d *decoder) tables(m rule.Member) []given {
	var out []given
	for _, c := range d.cells(m.Value, "tables") {
		out = append(out, given{c.column, d.rows(c.value, c.column), c.key})
	}
	return out
}

// rows reads a list of rows and names of files, or the name of one file.
func (d *decoder) rows(n *rule.Node, what string) []*rule.Node {
	if n.IsText() {
		return []*rule.Node{n}
	}
	if !n.IsList() && !n.IsNull() {
		d.fail(n, "write - {COLUMN: VALUE, ...}, or the name of a file", "%s is not a list of rows", what)
	}
	for _, row := range n.Items() {
		if !row.IsMap() && !row.IsText() {
			d.fail(row, "", "a row of %s is neither a mapping nor the name of a file", what)
		}
		d.count(row)
	}
	return n.Items()
}

func (d *decoder) events(m rule.Member) []slice {
	items := m.Value.Items()
	if !m.Value.IsList() {
		items = []*rule.Node{m.Value}
	}
	var out []slice
	for _, n := range items {
		s := slice{at: n}
		if n.IsText() {
			s.path = n.Text()
			out = append(out, s)
			continue
		}
		for _, m := range d.members(n, "events", "file", "from", "to", "where", "tables") {
			switch m.Key {
			case "file":
				s.path = d.text(m)
			case "from":
				s.from = d.time(m)
			case "to":
				s.to = d.time(m)
			case "where":
				s.where = d.text(m)
			case "tables":
				s.tables = d.texts(m)
			}
		}
		if s.path == "" {
			d.fail(n, "add file: PATH", "the events have no file")
		}
		out = append(out, s)
	}
	return out
}

// cells lists the members of a mapping, each key once.
func (d *decoder) cells(n *rule.Node, what string) []cell {
	if !n.IsMap() {
		d.fail(n, "", "%s is not a mapping", what)
		return nil
	}
	var out []cell
	for _, m := range n.Members() {
		out = append(out, cell{m.Key, m.Value, m})
	}
	d.count(n)
	return out
}

// count bounds what aliases can make of a small file.
func (d *decoder) count(n *rule.Node) {
	d.values++
	if d.values > maxValues {
		if d.values == maxValues+1 {
			d.fail(n, "put the rows into files of their own", "the tests have more than %d values", maxValues)
		}
		return
	}
	for _, x := range n.Items() {
		d.count(x)
	}
	for _, m := range n.Members() {
		d.count(m.Value)
	}
}

func (d *decoder) text(m rule.Member) string {
	if !m.Value.IsText() {
		d.fail(m.Value, "", "%s is not text", m.Key)
	}
	return strings.TrimSpace(m.Value.Text())
}

func (d *decoder) texts(m rule.Member) []string {
	if m.Value.IsText() {
		return []string{m.Value.Text()}
	}
	var out []string
	for _, x := range m.Value.Items() {
		if !x.IsText() {
			d.fail(x, "", "an entry of %s is not text", m.Key)
		}
		out = append(out, x.Text())
	}
	if out == nil {
		d.fail(m.Value, "", "%s is not a list of texts", m.Key)
	}
	return out
}

func (d *decoder) number(m rule.Member) int {
	n, err := strconv.Atoi(m.Value.Text())
	if err != nil || n < 0 {
		d.fail(m.Value, "", "%s is %q, not a whole number", m.Key, m.Value.Text())
		return 0
	}
	return n
}

func (d *decoder) time(m rule.Member) time.Time {
	ticks, ok := types.ParseDatetime(m.Value.Text())
	if !ok {
		d.fail(m.Value, "write it as 2026-01-31T12:00:00Z", "%s is %q, not a time", m.Key, m.Value.Text())
		return time.Time{}
	}
	return types.ToTime(ticks)
}

func (d *decoder) settings(m rule.Member) map[string]string {
	out := map[string]string{}
	for _, c := range d.cells(m.Value, m.Key) {
		if out[c.column] = c.value.Text(); !c.value.IsText() {
			d.fail(c.value, "a list is written as text: dynamic([...])", "the setting %s is not a constant", c.column)
		}
	}
	return out
}

// amount reads a number, {min: N, max: N, has: [...]}, or a list, which is as many
// entries as it has; has is the entries.
func (d *decoder) amount(m rule.Member) (a *Amount, has *rule.Node) {
	switch {
	case m.Value.IsText():
		n := d.number(m)
		return &Amount{Min: n, Max: n, Exact: true, min: m.Value, max: m.Value}, nil
	case m.Value.IsList():
		n := len(m.Value.Items())
		if n == 0 {
			d.fail(m.Value, "write "+m.Key+": 0", "the list of %s is empty", m.Key)
		}
		return &Amount{Min: n, Max: n, Exact: true}, m.Value
	}
	a = &Amount{Max: -1}
	for _, x := range d.members(m.Value, m.Key, "min", "max", "has") {
		switch x.Key {
		case "min":
			a.Min, a.min = d.number(x), x.Value
		case "max":
			a.Max, a.max = d.number(x), x.Value
		case "has":
			if has = x.Value; !has.IsList() || len(has.Items()) == 0 {
				d.fail(has, "", "has is not a list")
			}
		}
	}
	if a.Max >= 0 && a.Max < a.Min {
		d.fail(a.max, "", "max is less than min")
	}
	return a, has
}
