package catalog

import (
	"fmt"
	"strings"

	"quarry/detect/coverage"
	"quarry/detect/rule"
)

// Options say what rule files do not.
type Options struct {
	// Repository is the address below which the rules' files are published. Without
	// it, rules in the folders of Azure-Sentinel have that repository's, others the one
	// their file names, if any.
	Repository string
	// Service is the DetectionService of all rules. Without it, rules in the folders of
	// Azure-Sentinel have Service, others none.
	Service string
	// Ingested is the IngestedDate of rules whose file has none: "2006-01-02".
	Ingested string
	// Dir is the folder that relative names of rule files start from.
	Dir string
}

// Catalog is a list of rules with their rows.
type Catalog struct {
	Entries []Entry
	// Notes say what a reader of the rows should know of them.
	Notes []string
}

// Entry is one rule and its rows.
type Entry struct {
	Rule *rule.Rule
	Rows []Row
}

type deriver struct {
	Options
	platforms map[string][]string
}

// New derives the rows of rules, in their order. Rows that are equal in every field are
// kept once.
func New(rules []*rule.Rule, o Options) *Catalog {
	d := &deriver{o, platforms()}
	c := &Catalog{}
	seen := map[Row]bool{}
	var dropped, homeless, others int
	for _, r := range rules {
		from := d.origin(r)
		if from.url == "" {
			homeless++
		}
		if from.path != "" && !from.published {
			others++
		}
		rows, ok := d.rows(r)
		if !ok {
			c.Notes = append(c.Notes, fmt.Sprintf("the rule %q is left out: its lists give more than %d rows", r.Name, maxRows))
			continue
		}
		if len(rows) == 0 {
			dropped++
			continue
		}
		// Rows of two rules differ in their id, so equal ones are of one rule.
		clear(seen)
		kept := rows[:0]
		for _, row := range rows {
			if !seen[row] {
				seen[row] = true
				kept = append(kept, row)
			}
		}
		c.Entries = append(c.Entries, Entry{r, kept})
	}
	if dropped > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s left out: the connectors read [{connectorId: []}], which gives no row", some(dropped, "is", "are")))
	}
	if others > 0 && o.Repository == "" {
		c.Notes = append(c.Notes, fmt.Sprintf("%s listed too that the published catalogue does not read: it is made of %s and %s", some(others, "is", "are"), detections, hunting))
	}
	if homeless > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s no DetectionUrl: the address of the files is not known", some(homeless, "has", "have")))
	}
	return c
}

func some(n int, one, many string) string {
	if n == 1 {
		return "1 rule " + one
	}
	return fmt.Sprintf("%d rules %s", n, many)
}

// Count is the number of rules and the number of their rows.
func (c *Catalog) Count() (rules, rows int) {
	for _, e := range c.Entries {
		rows += len(e.Rows)
	}
	return len(c.Entries), rows
}

// Rows are all rows in the order of the rules.
func (c *Catalog) Rows() []Row {
	_, n := c.Count()
	out := make([]Row, 0, n)
	for _, e := range c.Entries {
		out = append(out, e.Rows...)
	}
	return out
}

// keep is the catalogue of the rows that a condition holds for, and of the rules that
// have one left.
func (c *Catalog) keep(holds func(*rule.Rule, *Row) bool) *Catalog {
	out := &Catalog{Notes: c.Notes}
	for _, e := range c.Entries {
		var rows []Row
		for i := range e.Rows {
			if holds(e.Rule, &e.Rows[i]) {
				rows = append(rows, e.Rows[i])
			}
		}
		if len(rows) > 0 {
			out.Entries = append(out.Entries, Entry{e.Rule, rows})
		}
	}
	return out
}

// Claims are what the rules of the catalogue say that they detect, with the rows that
// say so.
func (c *Catalog) Claims() []coverage.Claim {
	out := make([]coverage.Claim, len(c.Entries))
	for i, e := range c.Entries {
		claim := coverage.Claim{Rule: e.Rows[0].DetectionName, Rows: map[string]int{}}
		for _, row := range e.Rows {
			claim.Tactics = append(claim.Tactics, row.Tactic)
			if row.TechniqueID != "" {
				claim.Techniques = append(claim.Techniques, row.TechniqueID)
				claim.Rows[strings.ToUpper(strings.TrimSpace(row.TechniqueID))]++
			}
		}
		out[i] = claim
	}
	return out
}
