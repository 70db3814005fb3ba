package rule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// YAML is the rule as a file of Sentinel's repository. A rule that is as it was read
// from a YAML document of its own is that document, comments and all; only durations
// in another notation are written anew. Any other rule is printed with its fields in
// the repository's order.
func (r *Rule) YAML() ([]byte, Notes, error) {
	if r.raw != "" && r.unchanged() {
		if text, ok := r.renewDurations(); ok {
			return []byte(text), Notes{}, nil
		}
	}
	s, notes := r.asSentinel()
	out, err := s.document().yaml()
	return out, notes, err
}

// YAML is the parser as a file of Sentinel's repository; see Rule.YAML.
func (f *Function) YAML() ([]byte, error) {
	if f.raw != "" && f.unchanged() {
		return []byte(f.raw), nil
	}
	return f.document().yaml()
}

// renewDurations is the original text with each duration in the repository's notation.
func (r *Rule) renewDurations() (string, bool) {
	type edit struct {
		at       int
		from, to string
	}
	var edits []edit
	for _, path := range [][]string{{"queryFrequency"}, {"queryPeriod"}, {"suppressionDuration"}, {"incidentConfiguration", "groupingConfiguration", "lookbackDuration"}} {
		n := r.doc.at(path)
		if n == nil || n.kind != scalar || repositoryDuration.MatchString(n.text) {
			continue
		}
		if now := yamlDuration(n.text); now != n.text {
			at, ok := r.offset(n)
			if !ok {
				return "", false
			}
			if e := (edit{at, n.text, now}); !slices.Contains(edits, e) {
				edits = append(edits, e)
			}
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return b.at - a.at })
	text := r.raw
	for _, e := range edits {
		text = text[:e.at] + e.to + text[e.at+len(e.from):]
	}
	return text, true
}

// offset finds a scalar's text in the raw document, behind its anchor and quote.
func (r *Rule) offset(n *Node) (int, bool) {
	at := 0
	for line := r.rawLine; line < n.line; line++ {
		end := strings.IndexByte(r.raw[at:], '\n')
		if end < 0 {
			return 0, false
		}
		at += end + 1
	}
	if at == 0 {
		at += len(r.raw) - len(strings.TrimPrefix(r.raw, "\ufeff"))
	}
	for col := 1; col < n.col && at < len(r.raw); col++ {
		_, size := utf8.DecodeRuneInString(r.raw[at:])
		at += size
	}
	rest := r.raw[at:]
	if strings.HasPrefix(rest, "&") {
		after := strings.TrimLeft(rest[min(strings.IndexAny(rest+" ", " \t"), len(rest)):], " \t")
		at, rest = at+len(rest)-len(after), after
	}
	if strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "'") {
		at, rest = at+1, rest[1:]
	}
	return at, strings.HasPrefix(rest, n.text)
}

// yaml prints a document. Text of several lines and queries become blocks.
func (n *Node) yaml() ([]byte, error) {
	w := yamlWriter{hidden: map[rune]rune{}, free: '\ue000'}
	n.each(func(s string) { w.used = append(w.used, privateUse(s)...) })
	out, err := yaml.Dump(w.node(n), yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("YAML: %w", err)
	}
	if len(w.hidden) > 0 {
		back := map[rune]rune{}
		for r, h := range w.hidden {
			back[h] = r
		}
		out = []byte(strings.Map(func(r rune) rune { return first(back[r], r) }, string(out)))
	}
	if again, err := parseYAML(out); err != nil || len(again) != 1 {
		return nil, errors.New("YAML: the document cannot be read back")
	}
	return out, nil
}

// yamlWriter hides characters beyond U+FFFF behind private ones while the library
// prints, because it has no blocks for them: an emoji would turn a whole query into
// one line of escapes.
type yamlWriter struct {
	hidden map[rune]rune
	used   []rune // private characters that the document has itself
	free   rune
}

func privateUse(s string) []rune {
	var out []rune
	for _, r := range s {
		if r >= '\ue000' && r <= '\uf8ff' {
			out = append(out, r)
		}
	}
	return out
}

func (w *yamlWriter) hide(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= '\uffff' {
			return r
		}
		if w.hidden[r] == 0 {
			for slices.Contains(w.used, w.free) {
				w.free++
			}
			if w.free > '\uf8ff' {
				return r
			}
			w.hidden[r] = w.free
			w.free++
		}
		return w.hidden[r]
	}, s)
}

func (w *yamlWriter) node(n *Node) *yaml.Node {
	switch n.kind {
	case null:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case scalar:
		out := &yaml.Node{Kind: yaml.ScalarNode, Value: w.hide(n.text)}
		if n.quoted && !bareDate.MatchString(n.text) { // JSON has only quoted dates, YAML has bare ones
			out.Tag = "!!str"
			if strings.Contains(n.text, "\n") {
				out.Style = yaml.LiteralStyle
			}
		}
		return out
	case list:
		out := &yaml.Node{Kind: yaml.SequenceNode}
		for _, k := range n.kids {
			out.Content = append(out.Content, w.node(k))
		}
		return out
	}
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i, key := range n.keys {
		v := w.node(n.kids[i])
		if v.Style == yaml.LiteralStyle && strings.EqualFold(key, "description") {
			v.Value = strings.TrimRight(v.Value, "\n") + "\n" // blanks round a description say nothing
		}
		if v.Kind == yaml.ScalarNode && v.Tag == "!!str" && (key == "query" || key == "FunctionQuery" || key == "ParserQuery") {
			v.Style = yaml.LiteralStyle
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: w.hide(key)}, v)
	}
	return out
}

var bareDate = regexp.MustCompile(`^\d{4}-\d\d-\d\d([Tt][0-9:.]+[Zz]?)?$`)

// each visits every key and text below n.
func (n *Node) each(visit func(string)) {
	visit(n.text)
	for _, k := range n.keys {
		visit(k)
	}
	for _, k := range n.kids {
		k.each(visit)
	}
}
