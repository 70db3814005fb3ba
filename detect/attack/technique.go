package attack

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Version is the release of ATT&CK's enterprise matrix that the table holds.
const Version = "18.0"

// Technique is a technique or a sub-technique.
type Technique struct {
	ID      string   // T1059 or T1059.001
	Name    string   // a sub-technique's own name, without its parent's
	Parent  string   // a sub-technique's technique, else ""
	Tactics []string // Sentinel's names, in the order of the matrix
	// Successor took the place of a revoked technique; its Name is the successor's.
	Successor string
	// Deprecated techniques were taken out and have no successor.
	Deprecated bool
	// ICS marks techniques of the matrix for industrial control systems.
	ICS bool
}

// Retired reports whether ATT&CK no longer has the technique.
func (t Technique) Retired() bool { return t.Deprecated || t.Successor != "" }

// Serves reports whether a tactic, in any spelling, is one of the technique's.
// PreAttack, which ATT&CK split, stands for both of its parts.
func (t Technique) Serves(tactic string) bool {
	name, ok := TacticName(tactic)
	if !ok {
		return false
	}
	if name == "PreAttack" {
		return slices.Contains(t.Tactics, "Reconnaissance") || slices.Contains(t.Tactics, "ResourceDevelopment")
	}
	return slices.Contains(t.Tactics, name)
}

// FindTechnique looks a technique up by its id, whatever its case.
func FindTechnique(id string) (Technique, bool) {
	k := known()
	i, ok := k.byID[strings.ToUpper(strings.TrimSpace(id))]
	if !ok {
		return Technique{}, false
	}
	return k.list[i].clone(), true
}

// Techniques lists all of them: the enterprise matrix by id, what it has retired,
// then the matrix for control systems.
func Techniques() []Technique {
	list := known().list
	out := make([]Technique, len(list))
	for i, t := range list {
		out[i] = t.clone()
	}
	return out
}

func (t Technique) clone() Technique {
	t.Tactics = slices.Clone(t.Tactics)
	return t
}

// SplitID takes a technique's id apart: T1059.001 is T1059 and 001. It reports
// whether the text is T and four digits, perhaps with a point and three more.
func SplitID(id string) (technique, sub string, ok bool) {
	technique, sub, dotted := strings.Cut(id, ".")
	if len(technique) != 5 || technique[0] != 'T' || !digits(technique[1:]) || dotted && (len(sub) != 3 || !digits(sub)) {
		return "", "", false
	}
	return technique, sub, true
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

//go:embed techniques.txt
var techniquesText string

type table struct {
	list []Technique
	byID map[string]int
}

var known = sync.OnceValue(func() *table {
	t, err := parse(techniquesText)
	if err != nil {
		panic(err) // the table is part of the program, and a test reads it
	}
	return t
})

// parse reads techniques.txt; its head tells the form.
func parse(text string) (*table, error) {
	t := &table{byID: map[string]int{}}
	ics, parent := false, Technique{}
	for n, line := range strings.Split(text, "\n") {
		bad := func(why string) (*table, error) { return nil, fmt.Errorf("techniques.txt:%d: %s: %q", n+1, why, line) }
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			ics = line == "[ics]"
			continue
		}
		id, rest, ok := strings.Cut(line, " ")
		if !ok {
			return bad("no name")
		}
		x := Technique{ID: id, ICS: ics}
		if id[0] == '.' {
			x.ID, x.Parent, x.Name, x.Tactics = parent.ID+id, parent.ID, rest, parent.Tactics
		} else if next, revoked := strings.CutPrefix(rest, "= "); revoked {
			i, ok := t.byID[next]
			if !ok {
				return bad("no such successor")
			}
			x.Successor, x.Name, x.Tactics = next, t.list[i].Name, t.list[i].Tactics
		} else {
			rest, x.Deprecated = strings.CutPrefix(rest, "! ")
			tactics, name, ok := strings.Cut(rest, " ")
			if !ok {
				return bad("no name")
			}
			x.Name = name
			for _, s := range strings.Split(tactics, ",") {
				tactic, ok := FindTactic(s)
				if !ok {
					return bad("no such tactic")
				}
				x.Tactics = append(x.Tactics, tactic.Name)
			}
			parent = x
		}
		technique, sub, ok := SplitID(x.ID)
		if _, twice := t.byID[x.ID]; !ok || twice {
			return bad("not a technique's id, or used twice")
		}
		if sub != "" {
			x.Parent = technique
		}
		t.byID[x.ID] = len(t.list)
		t.list = append(t.list, x)
	}
	return t, nil
}
