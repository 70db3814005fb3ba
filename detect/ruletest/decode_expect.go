package ruletest

import (
	"quarry/detect/rule"
	"quarry/kql/types"
)

func (d *decoder) nearMiss(n *rule.Node) *NearMiss {
	x := &NearMiss{at: n}
	for _, m := range d.members(n, "a near miss", "name", "breaks", "change", "now", "set") {
		switch m.Key {
		case "name":
			x.Name = d.text(m)
		case "breaks":
			x.Breaks = &Claim{d.text(m), m.Value}
		case "now":
			x.Now = d.time(m)
		case "set":
			x.Set = d.settings(m)
		case "change":
			list := m.Value.Items()
			if m.Value.IsMap() {
				list = []*rule.Node{m.Value}
			}
			if len(list) == 0 {
				d.fail(m.Value, "write - {table: T, row: 1, set: {COLUMN: VALUE}}", "change is not a list of changes")
			}
			for _, c := range list {
				x.Changes = append(x.Changes, d.change(c))
			}
		}
	}
	switch {
	case x.Name == "":
		d.fail(n, "", "the near miss has no name")
	case len(x.Changes) == 0 && x.Set == nil && x.Now.IsZero():
		d.fail(n, "give change, set or now", "the near miss %q changes nothing", x.Name)
	}
	return x
}

func (d *decoder) change(n *rule.Node) Change {
	c := Change{at: n}
	for _, m := range d.members(n, "a change", "table", "row", "set", "remove", "shift", "drop", "add") {
		switch v := m.Value; m.Key {
		case "table":
			c.table = d.text(m)
		case "row":
			if c.row = d.number(m); c.row < 1 {
				d.fail(v, "rows are counted from 1", "there is no row %s", v.Text())
			}
		case "set":
			c.set = d.cells(v, "set")
		case "remove":
			items := v.Items()
			if v.IsText() {
				items = []*rule.Node{v}
			}
			for _, x := range items {
				c.remove = append(c.remove, cell{column: x.Text(), value: x})
			}
		case "shift":
			if v.IsText() {
				c.shift = []cell{{value: v}}
			} else {
				c.shift = d.cells(v, "shift")
			}
			for _, s := range c.shift {
				if _, ok := types.ParseTimespan(s.value.Text()); !ok {
					d.fail(s.value, "write it as 30s, -5m or 1.00:00:00", "%q is not a timespan", s.value.Text())
				}
			}
		case "drop":
			if c.drop = v.Text() == "true"; !c.drop {
				d.fail(v, "write drop: true", "drop is %q", v.Text())
			}
		case "add":
			c.add = d.rows(v, "add")
		}
	}
	if c.set == nil && c.remove == nil && c.shift == nil && !c.drop && c.add == nil {
		d.fail(n, "give set, remove, shift, drop or add", "the change changes nothing")
	}
	return c
}

func (d *decoder) alert(n *rule.Node) AlertLike {
	a := AlertLike{at: n}
	for _, m := range d.members(n, "an expected alert", "name", "description", "severity", "tactics", "techniques", "details", "entities") {
		switch m.Key {
		case "details":
			a.details = d.cells(m.Value, "details")
		case "entities":
			for _, e := range m.Value.Items() {
				a.entities = append(a.entities, d.entity(e))
			}
		default:
			a.fields = append(a.fields, cell{m.Key, m.Value, m})
		}
	}
	return a
}

func (d *decoder) entity(n *rule.Node) EntityLike {
	e := EntityLike{at: n}
	for _, c := range d.cells(n, "an entity") {
		if c.column == "type" {
			e.typ = c.value.Text()
		} else {
			e.identifiers = append(e.identifiers, c)
		}
	}
	if e.typ == "" {
		d.fail(n, "add type: Host, Account, IP, ...", "the entity has no type")
	}
	return e
}
