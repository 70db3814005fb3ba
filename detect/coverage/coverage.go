package coverage

import (
	"slices"
	"strings"

	"quarry/detect/attack"
)

// Claim is what one rule says that it detects.
type Claim struct {
	Rule       string // its name
	Tactics    []string
	Techniques []string       // T1059 or T1059.001
	Rows       map[string]int // rows of the catalogue by technique; nil where there is none
}

// Coverage counts claims.
type Coverage struct {
	Rules   int      // all claims
	Without int      // those that name no technique
	Cells   []Cell   // in the order of the matrix: by tactic, then by technique
	Tactics []Tactic // every tactic of the enterprise matrix, then others that are claimed
	// Unplaced are techniques that have no place in the enterprise matrix: unknown ones,
	// retired ones without a successor, those of the matrix for control systems.
	Unplaced []string
	// Renamed are retired techniques, each with what took its place: "T1086 (now
	// T1059.001)". They count as that.
	Renamed []string
}

// Cell is one technique below one of its tactics.
type Cell struct {
	Technique attack.Technique
	Tactic    attack.Tactic
	Rules     []string // the names of the rules that claim it
	Rows      int      // their rows in the catalogue
}

// Tactic counts the claims of one tactic.
type Tactic struct {
	attack.Tactic
	Rules      int // that name it
	Techniques int // techniques and sub-techniques below it that are claimed
	Known      int // all that ATT&CK has below it; 0 outside the enterprise matrix
}

// Of counts claims. A technique counts below the tactics that its rule names if it
// serves them; a rule that names none of a technique's tactics covers it below all of
// them.
func Of(claims []Claim) *Coverage {
	c := &Coverage{Rules: len(claims)}
	type key struct{ technique, tactic string }
	cells := map[key]*Cell{}
	named := map[string]int{} // rules by tactic
	for _, claim := range claims {
		for _, name := range unique(claim.Tactics, attackName) {
			named[name]++
		}
		if len(claim.Techniques) == 0 {
			c.Without++
		}
		counted := map[key]bool{}
		for _, id := range unique(claim.Techniques, strings.ToUpper) {
			t, ok := c.place(id)
			if !ok {
				continue
			}
			for _, tactic := range below(t, claim.Tactics) {
				k := key{t.ID, tactic.Name}
				if cells[k] == nil {
					cells[k] = &Cell{Technique: t, Tactic: tactic}
				}
				cells[k].Rows += claim.Rows[id]
				if !counted[k] {
					counted[k] = true
					cells[k].Rules = append(cells[k].Rules, claim.Rule)
				}
			}
		}
	}
	order := map[string]int{}
	for i, t := range attack.Tactics() {
		order[t.Name] = i
	}
	for _, cell := range cells {
		c.Cells = append(c.Cells, *cell)
	}
	slices.SortFunc(c.Cells, func(a, b Cell) int {
		if d := order[a.Tactic.Name] - order[b.Tactic.Name]; d != 0 {
			return d
		}
		return strings.Compare(a.Technique.ID, b.Technique.ID)
	})
	c.tactics(named)
	slices.Sort(c.Unplaced)
	slices.Sort(c.Renamed)
	return c
}

// tactics fills Tactics.
func (c *Coverage) tactics(named map[string]int) {
	known := map[string]int{}
	for _, t := range attack.Techniques() {
		if t.Retired() || t.ICS {
			continue
		}
		for _, name := range t.Tactics {
			known[name]++
		}
	}
	enterprise := len(attack.Enterprise())
	for i, t := range attack.Tactics() {
		x := Tactic{Tactic: t, Rules: named[t.Name]}
		for _, cell := range c.Cells {
			if cell.Tactic.Name == t.Name {
				x.Techniques++
			}
		}
		if i < enterprise {
			x.Known = known[t.Name]
		} else if x.Rules == 0 {
			continue
		}
		c.Tactics = append(c.Tactics, x)
	}
}

// place finds a technique in the enterprise matrix, a retired one under what took its
// place.
func (c *Coverage) place(id string) (attack.Technique, bool) {
	t, ok := attack.FindTechnique(id)
	for n := 0; ok && t.Successor != "" && n < 10; n++ {
		t, ok = attack.FindTechnique(t.Successor)
	}
	if !ok || t.Retired() || t.ICS {
		c.Unplaced = union(c.Unplaced, id)
		return t, false
	}
	if t.ID != id {
		c.Renamed = union(c.Renamed, id+" (now "+t.ID+")")
	}
	return t, true
}

// below are the tactics that a technique counts for.
func below(t attack.Technique, claimed []string) (out []attack.Tactic) {
	all := []attack.Tactic{}
	for _, name := range t.Tactics {
		tactic, ok := attack.FindTactic(name)
		if !ok {
			continue
		}
		all = append(all, tactic)
		if slices.ContainsFunc(claimed, func(s string) bool {
			n := attackName(s)
			return n == name || n == "PreAttack" && (name == "Reconnaissance" || name == "ResourceDevelopment")
		}) {
			out = append(out, tactic)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

func attackName(s string) string {
	if name, ok := attack.TacticName(s); ok {
		return name
	}
	return s
}

// unique is a list in one spelling, each member once.
func unique(list []string, spell func(string) string) []string {
	var out []string
	for _, s := range list {
		out = union(out, spell(strings.TrimSpace(s)))
	}
	return out
}

func union(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
