package tuning

import (
	"fmt"
	"os"
	"strings"
	"time"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/kql/diag"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// ReadFile reads a tuning file.
func ReadFile(name string) (*Set, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("tuning: %w", err)
	}
	return Read(name, data)
}

// Read reads a tuning file. The error holds every mistake with its place: a set that
// hides alerts is applied as a whole or not at all.
func Read(file string, data []byte) (*Set, error) {
	docs, err := rule.ParseYAML(file, data)
	if err != nil {
		return nil, err
	}
	r := &reader{set: &Set{File: file}, names: map[string]int{}}
	if len(docs) > 1 {
		r.bad(docs[1], "a tuning file is one document", "")
	}
	if len(docs) > 0 {
		r.members(docs[0], "the file", map[string]func(*rule.Node){"exclusions": r.exclusions, "severities": r.severities})
	}
	if len(r.problems) > 0 {
		return nil, joined(r.problems)
	}
	return r.set, nil
}

type reader struct {
	set      *Set
	names    map[string]int
	problems []error
}

func (r *reader) bad(n *rule.Node, message, hint string) {
	p := rule.Problem{File: r.set.File, Message: message, Hint: hint}
	p.Line, p.Column = n.Place()
	r.problems = append(r.problems, p)
}

// members hands each member of a mapping to what reads it; others are mistakes.
func (r *reader) members(n *rule.Node, what string, known map[string]func(*rule.Node)) {
	if !n.IsMap() {
		r.bad(n, what+" is not a mapping", "")
		return
	}
	var names []string
	for k := range known {
		names = append(names, k)
	}
	seen := map[string]bool{}
	for _, m := range n.Members() {
		read, ok := known[m.Key]
		switch {
		case !ok:
			hint := ""
			if near := diag.Nearest(m.Key, names); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			r.problems = append(r.problems, rule.Problem{File: r.set.File, Line: m.Line, Column: m.Column, Message: fmt.Sprintf("%s has no %q", what, m.Key), Hint: hint})
		case seen[m.Key]:
			r.problems = append(r.problems, rule.Problem{File: r.set.File, Line: m.Line, Column: m.Column, Message: fmt.Sprintf("%q is given twice", m.Key)})
		default:
			seen[m.Key] = true
			read(m.Value)
		}
	}
}

func (r *reader) items(n *rule.Node, what string) []*rule.Node {
	if !n.IsList() {
		r.bad(n, what+" is not a list", "")
	}
	return n.Items()
}

// text reads a text that must hold something.
func (r *reader) text(n *rule.Node, what string) string {
	s := strings.TrimSpace(n.Text())
	if s == "" {
		r.bad(n, what+" is empty or not text", "")
	}
	return s
}

// entry reads what all entries have; more are the members of its kind.
func (r *reader) entry(n *rule.Node, kind string, e *Entry, more map[string]func(*rule.Node)) {
	e.Line, _ = n.Place()
	known := map[string]func(*rule.Node){
		"name":   func(n *rule.Node) { e.Name = r.text(n, "name") },
		"owner":  func(n *rule.Node) { e.Owner = r.text(n, "owner") },
		"reason": func(n *rule.Node) { e.Reason = r.text(n, "reason") },
		"rules": func(n *rule.Node) {
			list := []*rule.Node{n}
			if n.IsList() {
				list = n.Items()
			}
			for _, item := range list {
				e.Rules = append(e.Rules, r.text(item, "a rule"))
			}
			if len(list) == 0 {
				r.bad(n, "rules names no rule", `leave it out, or write "*", for every rule`)
			}
		},
		"expires": func(n *rule.Node) {
			at, ok := types.ParseDatetime(r.text(n, "expires"))
			if !ok {
				r.bad(n, fmt.Sprintf("expires: %q is not a time", n.Text()), "write it as 2026-01-31 or 2026-01-31T12:00:00Z")
				at = types.UnixEpoch
			}
			e.Expires = types.ToTime(at)
		},
	}
	for k, read := range more {
		known[k] = read
	}
	before := len(r.problems)
	r.members(n, "an "+kind, known)
	if !n.IsMap() || len(r.problems) > before {
		return
	}
	for what, missing := range map[string]bool{"owner": e.Owner == "", "reason": e.Reason == "", "expires": e.Expires.Equal(time.Time{})} {
		if missing {
			r.bad(n, fmt.Sprintf("an %s needs %s", kind, what), "owner, reason and expires must be given")
			break
		}
	}
	if e.Name == "" {
		e.Name = fmt.Sprintf("%s %d", kind, len(r.set.Exclusions)+len(r.set.Severities)+1)
	}
	if r.names[e.Name] > 0 {
		r.bad(n, fmt.Sprintf("the name %q is taken by line %d", e.Name, r.names[e.Name]), "")
	}
	r.names[e.Name] = e.Line
}

func (r *reader) exclusions(n *rule.Node) {
	for _, item := range r.items(n, "exclusions") {
		e := &Exclusion{}
		r.entry(item, "exclusion", &e.Entry, map[string]func(*rule.Node){
			"entity": func(n *rule.Node) { e.Entity = r.match(n) },
			"where": func(n *rule.Node) {
				if r.text(n, "where") == "" {
					return
				}
				e.Where = n.Source(r.set.File, whereHead, whereTail)
				script, errs := syntax.Parse(e.Where)
				if errs != nil {
					r.problems = append(r.problems, errs)
				} else if !onePredicate(script) {
					r.bad(n, "where is not one predicate over the columns of a result", "")
				}
			},
		})
		if item.IsMap() && e.Whole() && len(e.Rules) == 0 {
			r.bad(item, "the exclusion says neither rules nor entity nor where: it would hide everything", "")
		}
		r.set.Exclusions = append(r.set.Exclusions, e)
	}
}

// match reads "Address=10.0.0.1" or "IP.Address=10.0.0.1".
func (r *reader) match(n *rule.Node) *Match {
	name, value, ok := strings.Cut(n.Text(), "=")
	m := &Match{Identifier: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
	if kind, id, has := strings.Cut(m.Identifier, "."); has {
		m.Type, m.Identifier = strings.TrimSpace(kind), strings.TrimSpace(id)
	}
	if !ok || m.Identifier == "" || m.Value == "" {
		r.bad(n, fmt.Sprintf("entity: %q is not IDENTIFIER=VALUE", n.Text()), "such as IP.Address=10.0.0.1 or HostName=web01")
	}
	return m
}

func (r *reader) severities(n *rule.Node) {
	for _, item := range r.items(n, "severities") {
		o := &Override{}
		r.entry(item, "override", &o.Entry, map[string]func(*rule.Node){
			"severity": func(n *rule.Node) {
				s, ok := alert.Severity(r.text(n, "severity"))
				if !ok {
					r.bad(n, fmt.Sprintf("%q is not a severity", n.Text()), "one of Informational, Low, Medium, High")
				}
				o.Severity = s
			},
		})
		if item.IsMap() && (o.Severity == "" || len(o.Rules) == 0) && len(r.problems) == 0 {
			r.bad(item, "an override needs rules and severity", "")
		}
		r.set.Severities = append(r.set.Severities, o)
	}
}

// onePredicate reports whether a where text is nothing but a condition: whereHead and
// whereTail are all that stands around it.
func onePredicate(script *syntax.Script) bool {
	if len(script.Statements) != 1 {
		return false
	}
	q, ok := script.Statements[0].(*syntax.Query)
	if !ok {
		return false
	}
	p, ok := q.X.(*syntax.Pipe)
	return ok && len(p.Ops) == 2
}
