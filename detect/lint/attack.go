package lint

import (
	"fmt"
	"strings"

	"quarry/detect/attack"
	"quarry/detect/rule"
)

func (d *document) attack() {
	list := d.n.Get("tactics")
	items := list.Items()
	var names []string
	if len(items) == 0 && !list.IsText() && d.kind&(scheduled|nrt|hunting) != 0 {
		at := d.top()
		if m, ok := member(d.n, "tactics"); ok {
			at = d.key(m)
		}
		d.report("QL059", at, "the rule names no tactic", "")
	}
	for _, n := range items {
		s := strings.TrimSpace(n.Text())
		t, ok := attack.FindTactic(s)
		if !n.IsText() || !ok {
			d.value("QL050", n, nearTactic(s), "%q is not a tactic", s)
			continue
		}
		names = append(names, t.Name)
		if t.Name != s {
			d.spelling("QL051", n, t.Name, "Sentinel writes the tactic %q in another way", s)
		}
	}
	if len(items) > 5 {
		d.value("QL052", items[5], "", "the rule names %d tactics, more than 5", len(items))
	}
	d.twice(items, "tactics")
	count := 0
	for _, name := range []string{"relevantTechniques", "techniques", "subTechniques"} {
		list := d.n.Get(name)
		for _, n := range list.Items() {
			if count++; count == 11 {
				d.value("QL057", n, "", "the rule names more than 10 techniques")
			}
			d.technique(n, names)
		}
		d.twice(list.Items(), name)
	}
}

func nearTactic(s string) string {
	var names []string
	for _, t := range attack.Tactics() {
		names = append(names, t.Name)
	}
	return near(s, names)
}

func (d *document) technique(n *rule.Node, tactics []string) {
	s := strings.TrimSpace(n.Text())
	base, sub, ok := attack.SplitID(s)
	if !n.IsText() || !ok {
		hint := "write T1059 or T1059.001"
		if _, _, better := attack.SplitID(strings.ToUpper(s)); better {
			hint = "write " + strings.ToUpper(s)
		}
		d.value("QL053", n, hint, "%q is not a technique", s)
		return
	}
	t, ok := attack.FindTechnique(s)
	if !ok {
		hint := ""
		if p, known := attack.FindTechnique(base); known && sub != "" {
			hint = fmt.Sprintf("%s is %s", base, p.Name)
		}
		d.value("QL054", n, hint, "ATT&CK %s has no technique %s", attack.Version, s)
		if t, ok = attack.FindTechnique(base); !ok {
			return
		}
	}
	switch {
	case t.Successor != "":
		next, _ := attack.FindTechnique(t.Successor)
		d.value("QL055", n, fmt.Sprintf("%s (%s) took its place", t.Successor, next.Name), "ATT&CK has revoked %s", s)
	case t.Deprecated:
		d.value("QL055", n, "", "ATT&CK has deprecated %s, %s", s, t.Name)
	}
	if len(tactics) == 0 {
		return
	}
	for _, name := range tactics {
		if t.Serves(name) {
			return
		}
	}
	d.value("QL056", n, fmt.Sprintf("add %s, or take the technique out", strings.Join(t.Tactics, " or ")), "%s, %s, belongs to none of the rule's tactics", s, t.Name)
}
