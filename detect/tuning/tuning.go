package tuning

import (
	"fmt"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/kql/source"
)

// Set is a tuning file.
type Set struct {
	File       string
	Exclusions []*Exclusion
	Severities []*Override
}

// Entry is what exclusions and overrides have in common.
type Entry struct {
	Name    string
	Rules   []string // ids, or patterns of names with * and ?; none is every rule
	Owner   string
	Reason  string
	Expires time.Time // the first moment at which it no longer holds
	Line    int
}

// Exclusion hides rows of a rule's result or, with neither Entity nor Where, all its
// alerts. With both, rows that meet both.
type Exclusion struct {
	Entry
	Entity *Match
	Where  *source.Text // a predicate between whereHead and whereTail
}

// Match is an entity of a row by one of its identifiers.
type Match struct {
	Type       string // "" is any
	Identifier string
	Value      string
}

// Override gives a rule's alerts another severity.
type Override struct {
	Entry
	Severity string
}

// Whole reports whether the exclusion hides all alerts of its rules.
func (e *Exclusion) Whole() bool { return e.Entity == nil && e.Where == nil }

// Of reports whether the entry is about a rule.
func (e *Entry) Of(r *rule.Rule) bool {
	if len(e.Rules) == 0 {
		return true
	}
	for _, p := range e.Rules {
		p = strings.ToLower(p)
		if glob(p, strings.ToLower(r.ID)) || glob(p, strings.ToLower(r.Name)) {
			return true
		}
	}
	return false
}

// glob matches a text with a pattern in which * stands for any text and ? for any
// character.
func glob(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// Active is a set at one time: without what has expired.
type Active struct {
	Exclusions []*Exclusion
	Severities []*Override
	// Expired says of each entry that no longer holds what it was.
	Expired []string
}

// At is what of the set holds at a time. A nil set holds nothing.
func (s *Set) At(now time.Time) *Active {
	a := &Active{}
	if s == nil {
		return a
	}
	for _, e := range s.Exclusions {
		if e.over(now) {
			a.Expired = append(a.Expired, e.expired(s.File, "exclusion"))
			continue
		}
		a.Exclusions = append(a.Exclusions, e)
	}
	for _, o := range s.Severities {
		if o.over(now) {
			a.Expired = append(a.Expired, o.expired(s.File, "severity"))
			continue
		}
		a.Severities = append(a.Severities, o)
	}
	return a
}

func (e *Entry) over(now time.Time) bool { return !now.Before(e.Expires) }

func (e *Entry) expired(file, kind string) string {
	return fmt.Sprintf("%s:%d: the %s %q of %s expired on %s and is not applied", file, e.Line, kind, e.Name, e.Owner, e.Expires.Format("2006-01-02"))
}

// Unused says of each entry with rules that none of the given ones is meant; a rule
// that was renamed must not lose its exclusion in silence.
func (s *Set) Unused(rules []*rule.Rule) []string {
	if s == nil {
		return nil
	}
	var out []string
	check := func(e *Entry, kind string) {
		for _, r := range rules {
			if e.Of(r) {
				return
			}
		}
		out = append(out, fmt.Sprintf("%s:%d: the %s %q is about none of the rules here", s.File, e.Line, kind, e.Name))
	}
	for _, e := range s.Exclusions {
		check(&e.Entry, "exclusion")
	}
	for _, o := range s.Severities {
		check(&o.Entry, "severity")
	}
	return out
}

// Whole is the exclusion that hides all alerts of a rule, or nil.
func (a *Active) Whole(r *rule.Rule) *Exclusion {
	for _, e := range a.Exclusions {
		if e.Whole() && e.Of(r) {
			return e
		}
	}
	return nil
}

// Severity is the override for a rule, the last one that is about it, or nil.
func (a *Active) Severity(r *rule.Rule) *Override {
	var out *Override
	for _, o := range a.Severities {
		if o.Of(r) {
			out = o
		}
	}
	return out
}
