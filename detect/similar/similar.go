package similar

import (
	"sort"
	"strings"

	"quarry/detect/rule"
)

// Group is rules whose queries have one normal form, in the order they were given.
type Group struct {
	Rules  []*rule.Rule
	Normal string   // the normal form, constants as signs of their type
	Others []Differ // what each rule but the first has that the first has not
}

// Differ is how one rule of a group differs from the first.
type Differ struct {
	Rule   *rule.Rule
	Lines  []Change // lines of the normal form, with the constants in them
	Values []Change // the constants alone
}

// Same reports that the query says the same in every constant.
func (d Differ) Same() bool { return len(d.Values) == 0 }

// Change is a line or a constant of the first rule, and of the other.
type Change struct {
	Line     int // of the normal form, 1-based; 0 for a constant
	From, To string
}

// Find groups the rules whose normal forms agree. Larger groups come first, then
// those whose first rule came first. A query that does not parse is in no group;
// those rules come back beside.
func Find(rules []*rule.Rule) (groups []Group, unread []*rule.Rule) {
	forms := make([]form, len(rules))
	byNormal := map[string][]int{}
	var order []string
	for i, r := range rules {
		if !r.Runnable() {
			continue
		}
		f, ok := normalize(r.Query)
		if !ok {
			unread = append(unread, r)
			continue
		}
		forms[i] = f
		if byNormal[f.normal] == nil {
			order = append(order, f.normal)
		}
		byNormal[f.normal] = append(byNormal[f.normal], i)
	}
	for _, normal := range order {
		members := byNormal[normal]
		if len(members) < 2 {
			continue
		}
		g := Group{Normal: normal}
		for k, i := range members {
			g.Rules = append(g.Rules, rules[i])
			if k > 0 {
				g.Others = append(g.Others, compare(rules[i], forms[members[0]], forms[i]))
			}
		}
		groups = append(groups, g)
	}
	sort.SliceStable(groups, func(i, j int) bool { return len(groups[i].Rules) > len(groups[j].Rules) })
	return groups, unread
}

// compare lays two queries of one normal form over each other: they have the same
// lines and the same number of constants.
func compare(r *rule.Rule, a, b form) Differ {
	d := Differ{Rule: r}
	left, right := strings.Split(a.filled, "\n"), strings.Split(b.filled, "\n")
	for i := range min(len(left), len(right)) {
		if left[i] != right[i] {
			d.Lines = append(d.Lines, Change{i + 1, strings.TrimSpace(left[i]), strings.TrimSpace(right[i])})
		}
	}
	for i := range min(len(a.values), len(b.values)) {
		if a.values[i] != b.values[i] {
			d.Values = append(d.Values, Change{0, a.values[i], b.values[i]})
		}
	}
	return d
}
