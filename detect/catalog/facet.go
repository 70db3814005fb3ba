package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"quarry/detect/attack"
	"quarry/detect/rule"
	"quarry/kql/diag"
)

// dimension is a field by which rows are picked and counted.
type dimension struct {
	name, column string
	value        func(*Row) string
	// label is the name under which values that mean the same are counted; nil is the
	// value itself.
	label func(string) string
	// within reports whether a value that a user asks for takes in one of a row; nil is
	// equality.
	within func(asked, have string) bool
}

var dimensions = []dimension{
	{name: "tactic", column: "Tactic", value: func(r *Row) string { return r.Tactic }, label: tacticLabel},
	{name: "technique", column: "TechniqueId", value: func(r *Row) string { return r.TechniqueID },
		within: func(asked, have string) bool { return beginsWith(have, asked+".") }},
	{name: "platform", column: "Platform", value: func(r *Row) string { return r.Platform }},
	{name: "type", column: "DetectionType", value: func(r *Row) string { return r.DetectionType }},
	{name: "connector", column: "ConnectorId", value: func(r *Row) string { return r.ConnectorID }},
	{name: "datatype", column: "DataTypes", value: func(r *Row) string { return r.DataTypes },
		within: func(asked, have string) bool { return beginsWith(have, asked+" (") }},
	{name: "severity", column: "DetectionSeverity", value: func(r *Row) string { return r.DetectionSeverity }},
}

// tacticLabel is Sentinel's name of a tactic, whatever the spelling.
func tacticLabel(s string) string {
	if name, ok := attack.TacticName(s); ok {
		return name
	}
	return s
}

func beginsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// FacetNames lists the fields that a facet may pick rows by.
func FacetNames() []string {
	var out []string
	for _, d := range dimensions {
		out = append(out, d.name)
	}
	return out
}

// Facet picks rows by the value of one field.
type Facet struct {
	Name, Value string
	dimension
}

// ParseFacet reads "tactic=Persistence". The name may be the column's, DataTypes for
// datatype; the value "" picks the rows that have none.
func ParseFacet(s string) (Facet, error) {
	name, value, ok := strings.Cut(s, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok {
		return Facet{}, fmt.Errorf("%q is not NAME=VALUE; names are %s", s, strings.Join(FacetNames(), ", "))
	}
	for _, d := range dimensions {
		if strings.EqualFold(name, d.name) || strings.EqualFold(name, d.column) {
			return Facet{d.name, value, d}, nil
		}
	}
	if near := diag.Nearest(name, FacetNames()); near != "" {
		return Facet{}, fmt.Errorf("there is no facet %q; did you mean %q?", name, near)
	}
	return Facet{}, fmt.Errorf("there is no facet %q; there are %s", name, strings.Join(FacetNames(), ", "))
}

// holds reports whether a row has the facet's value, whatever the case. A technique
// takes in its sub-techniques, and a data type its parts: SecurityAlert takes in
// "SecurityAlert (MCAS)".
func (f *Facet) holds(r *Row) bool {
	have, asked := f.value(r), f.Value
	switch {
	case strings.EqualFold(have, asked):
		return true
	case asked == "" || have == "":
		return false
	case f.label != nil && strings.EqualFold(f.label(have), f.label(asked)):
		return true
	}
	return f.within != nil && f.within(asked, have)
}

// Pick keeps the rows that have, for each facet named, one of its values.
func (c *Catalog) Pick(facets []Facet) *Catalog {
	if len(facets) == 0 {
		return c
	}
	return c.keep(func(_ *rule.Rule, r *Row) bool {
		for i, f := range facets {
			if slices.ContainsFunc(facets[:i], func(g Facet) bool { return g.Name == f.Name }) {
				continue // its values were looked at with the first of them
			}
			if !slices.ContainsFunc(facets, func(g Facet) bool { return g.Name == f.Name && g.holds(r) }) {
				return false
			}
		}
		return true
	})
}

// Nearest is the value in the catalogue that is spelt most like the facet's, or "" when
// the catalogue has the value, or none like it.
func (c *Catalog) Nearest(f Facet) string {
	var known []string
	for _, e := range c.Entries {
		for i := range e.Rows {
			if f.holds(&e.Rows[i]) {
				return ""
			}
			known = append(known, f.value(&e.Rows[i]))
		}
	}
	slices.Sort(known)
	return diag.Nearest(f.Value, slices.Compact(known))
}

// Count is how many rules and how many of their rows have a value.
type Count struct {
	Facet string `json:"facet"`
	Value string `json:"value"` // "" counts those without one
	Rules int    `json:"rules"`
	Rows  int    `json:"rows"`
}

// Facets counts the values of every field that facets pick by, field by field, those of
// most rules first. A rule with several values counts for each of them.
func (c *Catalog) Facets() []Count {
	var out []Count
	for _, d := range dimensions {
		at := map[string]int{}
		start := len(out)
		for _, e := range c.Entries {
			counted := map[string]bool{}
			for i := range e.Rows {
				v := d.value(&e.Rows[i])
				if d.label != nil {
					v = d.label(v)
				}
				n, ok := at[v]
				if !ok {
					n = len(out)
					at[v] = n
					out = append(out, Count{Facet: d.name, Value: v})
				}
				out[n].Rows++
				if !counted[v] {
					counted[v] = true
					out[n].Rules++
				}
			}
		}
		slices.SortFunc(out[start:], func(a, b Count) int {
			return cmp.Or(b.Rules-a.Rules, b.Rows-a.Rows, strings.Compare(a.Value, b.Value))
		})
	}
	return out
}

// Search keeps the rules whose name, description or query hold every word of the text,
// whatever the case. Words between double quotes are looked for as they stand.
func (c *Catalog) Search(text string) *Catalog {
	words := terms(strings.ToLower(text))
	if len(words) == 0 {
		return c
	}
	out := &Catalog{Notes: c.Notes}
	for _, e := range c.Entries {
		all := strings.ToLower(e.Rows[0].DetectionName + "\n" + e.Rows[0].DetectionDescription + "\n" + e.Rows[0].Query)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) }) {
			out.Entries = append(out.Entries, e)
		}
	}
	return out
}

// terms splits a search into words and quoted phrases. A quote without its end quotes
// all that follows.
func terms(s string) []string {
	var out []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			if part != "" {
				out = append(out, part)
			}
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
