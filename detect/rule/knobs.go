package rule

import (
	"fmt"
	"sort"
	"strings"

	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Knob is a setting that a rule offers: a let constant at the head of its query.
type Knob struct {
	Name  string
	Type  types.Type
	Value string // KQL text of the constant
}

// Knobs lists the rule's settings in the order of the query. A query that does
// not parse has none; running it says why.
func (r *Rule) Knobs() []Knob {
	script, errs := syntax.Parse(r.Text())
	if errs != nil {
		return nil
	}
	var out []Knob
	for _, k := range syntax.LetConstants(script) {
		out = append(out, Knob{k.Name, k.Type, k.Value})
	}
	return out
}

// WithSettings is the query with some of its knobs set, at its place in the
// file. It refuses a name that the rule does not have and a value of another type:
// `ToleranceInSeconds is a long, and abc is none`.
func (r *Rule) WithSettings(set map[string]string) (*source.Text, error) {
	body, err := r.set(set, false)
	if err != nil {
		return nil, err
	}
	return r.place(body), nil
}

// WithOwnSettings is WithSettings for values meant for many rules: names that
// this rule does not have are passed over.
func (r *Rule) WithOwnSettings(set map[string]string) (*source.Text, error) {
	body, err := r.set(set, true)
	if err != nil {
		return nil, err
	}
	return r.place(body), nil
}

func (r *Rule) set(set map[string]string, passOver bool) (string, error) {
	body := r.Query
	if len(set) == 0 {
		return body, nil
	}
	var own []string
	for _, k := range r.Knobs() {
		own = append(own, k.Name)
	}
	var names []string
	for n := range set {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		has := false
		for _, o := range own {
			has = has || o == n
		}
		if !has {
			if passOver {
				continue
			}
			return "", unknownKnob(n, own)
		}
		next, err := syntax.SetLet(body, n, set[n])
		if err != nil {
			return "", err
		}
		body = next
	}
	return body, nil
}

// CheckSettings refuses a setting that none of the rules has, and a value that
// fits none of the rules that have it.
func CheckSettings(rules []*Rule, set map[string]string) error {
	if len(set) == 0 {
		return nil
	}
	var (
		all   []string
		fits  = map[string]bool{}
		wrong = map[string]error{}
	)
	for _, r := range rules {
		for _, k := range r.Knobs() {
			all = union(all, []string{k.Name})
			value, asked := set[k.Name]
			if !asked || fits[k.Name] {
				continue
			}
			if _, err := syntax.SetLet(r.Query, k.Name, value); err == nil {
				fits[k.Name] = true
			} else if wrong[k.Name] == nil {
				wrong[k.Name] = err
			}
		}
	}
	var names []string
	for n := range set {
		if !fits[n] {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	sort.Strings(all)
	if err := wrong[names[0]]; err != nil {
		return err
	}
	return unknownKnob(names[0], all)
}

func unknownKnob(name string, known []string) error {
	lead := fmt.Sprintf("no rule has a setting %q", name)
	if near := diag.Nearest(name, known); near != "" {
		return fmt.Errorf("%s, did you mean %q?", lead, near)
	}
	if len(known) == 0 {
		return fmt.Errorf("%s, nor any other", lead)
	}
	if len(known) > 8 {
		known = append(append([]string(nil), known[:8]...), "...")
	}
	return fmt.Errorf("%s; there are %s", lead, strings.Join(known, ", "))
}
