package rule

import (
	"fmt"
	"strings"
)

// KQL is the rule's query with what a comment can say of it at its head, in the
// words that reading a .kql file understands.
func (r *Rule) KQL() ([]byte, Notes, error) {
	if !r.Runnable() {
		return nil, Notes{}, fmt.Errorf("a rule of kind %s has no query", r.Kind)
	}
	var b strings.Builder
	head := func(key, value string) {
		if value = strings.TrimSpace(value); value != "" {
			b.WriteString("// " + key + ": " + strings.Join(strings.Fields(value), " ") + "\n")
		}
	}
	if !r.named() {
		head("Id", r.ID)
	}
	head("Name", r.Name)
	head("Severity", r.Severity)
	head("Tactics", strings.Join(r.Tactics, ", "))
	head("Techniques", strings.Join(r.Techniques, ", "))
	head("Version", r.Version)
	for _, m := range r.Metadata {
		if m.Name == "author.name" {
			head("Author", m.Value)
		}
	}
	if r.Description != "" {
		for _, line := range strings.Split(r.Description, "\n") {
			b.WriteString(strings.TrimRight("// "+line, " ") + "\n")
		}
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(strings.TrimRight(strings.TrimLeft(r.Query, "\n"), " \t\n") + "\n")
	var notes Notes
	s, _ := r.asSentinel()
	doc := s.document()
	for _, k := range doc.keys {
		switch k {
		case "id", "name", "displayName", "severity", "tactics", "relevantTechniques", "version", "description", "query":
			continue
		case "metadata":
			if !moreThanAuthor(r.Metadata) {
				continue
			}
		case "kind":
			if r.Kind == Custom {
				continue
			}
		}
		notes.lose(k, "a query file has no place for it")
	}
	r.lostFromPage(&notes)
	return []byte(b.String()), notes, nil
}

// moreThanAuthor reports whether the metadata says more than who wrote the rule.
func moreThanAuthor(pairs []Pair) bool {
	for _, p := range pairs {
		if p.Name != "author.name" {
			return true
		}
	}
	return false
}
