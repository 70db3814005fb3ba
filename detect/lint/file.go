package lint

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"quarry/detect/rule"
	"quarry/kql/source"
)

// file is one file on its way through the checks.
type file struct {
	*rule.File
	ctx      context.Context
	compiler Compiler
	ids      map[string][]string // where each id of the pack is used
	lines    []string
	starts   map[int][]int // of long lines: where every 1,024th character starts
	rule     string        // id of the rule at work
	out      []Finding
}

// place is where something stands; end is 0 when only its start is known.
type place struct{ line, column, end int }

func (f *file) check() []Finding {
	f.lines = strings.Split(f.Text, "\n")
	f.problems()
	f.asciiOnly()
	seen := map[*rule.Rule]bool{}
	functions := map[*rule.Function]bool{}
	for _, d := range f.Documents {
		if d.Rule != nil {
			seen[d.Rule], f.rule = true, d.Rule.ID
		}
		functions[d.Function] = true
		f.document(d)
		f.rule = ""
	}
	for _, r := range f.Rules { // Markdown, catalogue pages, bare queries
		if !seen[r] {
			f.rule = r.ID
			f.query(r)
			f.rule = ""
		}
	}
	for _, fn := range f.Functions {
		if !functions[fn] {
			f.function(fn)
		}
	}
	f.suppress()
	return f.out
}

// problems are what the loader could not read. Its remarks about fields are left
// out: the checks of documents say them with their codes.
func (f *file) problems() {
	for _, p := range f.Problems {
		switch {
		case strings.Contains(p.Message, "already defined"), strings.Contains(p.Message, "is there twice"):
			f.report("QL003", place{max(p.Line, 1), max(p.Column, 1), 0}, p.Message, "keep one of them")
		case p.Warning && !strings.HasPrefix(p.Message, "not a rule"), f.told(p):
		default:
			x := problem(p)
			f.report(x.Code, place{x.Line, x.Column, 0}, x.Message, x.Hint)
		}
	}
}

// told reports whether a problem that cost a rule is one that the checks of its
// document find too.
func (f *file) told(p rule.Problem) bool {
	return strings.HasSuffix(p.Message, "has no query") || p.Message == "query is not text" || p.Message == "the custom detection has no queryCondition.queryText" ||
		p.Message == "a parser needs a name and a query"
}

// report adds a finding.
func (f *file) report(code string, at place, message, hint string) *Finding {
	at.line, at.column = max(at.line, 1), max(at.column, 1)
	x := Finding{Code: code, Severity: find(code).Severity, Message: message, Hint: hint, Rule: f.rule, File: f.Name,
		Line: at.line, Column: at.column, EndColumn: at.end, Source: f.line(at.line)}
	if len(x.Source) > longLine {
		x.Source = ""
		x.near = f.from(at.line, at.column)
		x.near = x.near[:min(len(x.near), 200)]
	}
	f.out = append(f.out, x)
	return &f.out[len(f.out)-1]
}

// line is a line of the file, "" beyond it.
func (f *file) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

// longLine is the length from which a line is no longer shown, as in minified JSON.
const longLine = 4096

// from is what a line holds from a column on.
func (f *file) from(line, column int) string {
	s := f.line(line)
	if len(s) > longLine {
		if column < 1 {
			return ""
		}
		s, column = f.jump(line, s, column)
	}
	for i := range s {
		if column--; column == 0 {
			return s[i:]
		}
	}
	return ""
}

// jump cuts a long line near the column, so that many values in one line are found in
// linear time.
func (f *file) jump(line int, s string, column int) (string, int) {
	const step = 1024
	starts, ok := f.starts[line]
	if !ok {
		n := 0
		for i := range s {
			if n%step == 0 {
				starts = append(starts, i)
			}
			n++
		}
		if f.starts == nil {
			f.starts = map[int][]int{}
		}
		f.starts[line] = starts
	}
	k := (column - 1) / step
	if k >= len(starts) {
		return "", 1
	}
	return s[starts[k]:], column - k*step
}

// of is the place of a value, its quotes included. A block counts with its first
// line of text.
func (f *file) of(n *rule.Node) place {
	line, column := n.Place()
	at := place{line, column, 0}
	if m := n.Members(); len(m) > 0 {
		return f.key(m[0])
	}
	if n.IsList() && len(n.Items()) > 0 {
		return f.of(n.Items()[0])
	}
	if raw := f.from(line, column); raw != "" && n.IsText() {
		at.end = column + utf8.RuneCountInString(scalarOf(raw, n.Text()))
	}
	return at
}

// scalarOf is the part of a line that writes a value.
func scalarOf(raw, text string) string {
	if q := raw[0]; q == '"' || q == '\'' {
		for i := 1; i < len(raw); i++ {
			switch {
			case q == '"' && raw[i] == '\\':
				i++
			case raw[i] == q && q == '\'' && i+1 < len(raw) && raw[i+1] == q:
				i++
			case raw[i] == q:
				return raw[:i+1]
			}
		}
		return raw
	}
	if strings.HasPrefix(raw, text) {
		return text
	}
	word, _, _ := strings.Cut(raw, " ")
	return word
}

// key is the place of a mapping's key; the quotes of JSON count.
func (f *file) key(m rule.Member) place {
	end := m.Column + utf8.RuneCountInString(m.Key)
	if raw := f.from(m.Line, m.Column); raw != "" && (raw[0] == '"' || raw[0] == '\'') {
		end += 2
	}
	return place{m.Line, m.Column, end}
}

// within is the place of a part of a value's text, or the value's own.
func (f *file) within(n *rule.Node, part string) place {
	line, _ := n.Place()
	for i := line; i <= line+1+strings.Count(n.Text(), "\n"); i++ {
		s := f.line(i)
		start := 0
		if i == line {
			_, column := n.Place()
			start = len(s) - len(f.from(line, column))
		}
		if at := strings.Index(s[min(start, len(s)):], part); at >= 0 && part != "" {
			column := utf8.RuneCountInString(s[:start+at]) + 1
			return place{i, column, column + utf8.RuneCountInString(part)}
		}
	}
	return f.of(n)
}

// value reports about a value.
func (f *file) value(code string, n *rule.Node, hint, format string, args ...any) *Finding {
	return f.report(code, f.of(n), fmt.Sprintf(format, args...), hint)
}

// spelling reports about a value and offers its right spelling.
func (f *file) spelling(code string, n *rule.Node, right, format string, args ...any) {
	x := f.value(code, n, fmt.Sprintf("write %s", right), format, args...)
	x.Fix = f.edit(n, n.Text(), right)
}

// edit replaces a part of a value that stands in one line as it reads; nil if the
// file writes it in another way.
func (f *file) edit(n *rule.Node, old, new string) *Edit {
	if n == nil || old == "" || strings.ContainsAny(old, "\n\\\"'") {
		return nil
	}
	line, column := n.Place()
	raw := f.from(line, column)
	if raw == "" {
		return nil
	}
	if raw[0] == '"' || raw[0] == '\'' {
		column, raw = column+1, raw[1:]
	}
	at := strings.Index(raw, old)
	if !strings.HasPrefix(raw, n.Text()) || at < 0 {
		return nil
	}
	return &Edit{Line: line, Column: column + utf8.RuneCountInString(raw[:at]), Old: old, New: new}
}

// inQuery is the place in the file of a part of a rule's query.
func (f *file) inQuery(text *source.Text, value *rule.Node, span source.Span) (at place, exact bool) {
	line, column := text.Position(span.Start)
	if text.Name == f.Name {
		at = place{line, column, 0}
		part := text.Body[min(span.Start, len(text.Body)):min(max(span.Start, span.End), len(text.Body))]
		part, _, _ = strings.Cut(part, "\n")
		at.end = column + utf8.RuneCountInString(part)
		return at, true
	}
	if value == nil {
		return place{line, column, 0}, false
	}
	return f.inline(value, text.Body, span)
}

// inline finds an offset of a text that is written as a JSON string or a YAML scalar
// of one line.
func (f *file) inline(n *rule.Node, body string, span source.Span) (place, bool) {
	line, column := n.Place()
	raw := f.from(line, column)
	whole := f.of(n)
	if raw == "" {
		return whole, false
	}
	quote := raw[0]
	i := 0
	if quote == '"' || quote == '\'' {
		i = 1
	} else {
		quote = 0
	}
	ends := [2]int{-1, -1}
	for at := 0; ; {
		for k, want := range []int{span.Start, span.End} {
			if at >= want && ends[k] < 0 {
				ends[k] = column + utf8.RuneCountInString(raw[:i])
			}
		}
		if at >= len(body) || ends[1] >= 0 || i >= len(raw) {
			break
		}
		_, size := utf8.DecodeRuneInString(body[at:])
		width, ok := written(raw[i:], body[at:at+size], quote)
		if !ok {
			break
		}
		at, i = at+size, i+width
	}
	if ends[0] < 0 {
		return whole, false
	}
	return place{line, ends[0], max(ends[1], 0)}, true
}

// written is how many bytes of raw write the character c, by the kind of quote.
func written(raw, c string, quote byte) (int, bool) {
	switch {
	case quote == '"' && strings.HasPrefix(raw, `\u`) && len(raw) >= 6:
		if utf8.RuneLen([]rune(c)[0]) == 4 && len(raw) >= 12 { // a surrogate pair
			return 12, true
		}
		return 6, true
	case quote == '"' && strings.HasPrefix(raw, `\`) && len(raw) >= 2:
		return 2, true
	case quote == '\'' && c == "'":
		return 2, strings.HasPrefix(raw, "''")
	}
	return len(c), strings.HasPrefix(raw, c)
}

// asciiOnly reports the lines of a rule file with other characters, the first of them.
func (f *file) asciiOnly() {
	const most = 20
	if !slices.ContainsFunc(f.Documents, func(d rule.Document) bool { return d.Form != rule.UnknownForm }) {
		return
	}
	told := 0
	for i, line := range f.lines {
		at := strings.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf })
		if at < 0 {
			continue
		}
		if told++; told > most {
			return
		}
		r, _ := utf8.DecodeRuneInString(line[at:])
		column := utf8.RuneCountInString(line[:at]) + 1
		f.report("QL007", place{i + 1, column, column + 1}, fmt.Sprintf("the character %q (U+%04X) is not ASCII", r, r), asciiHint(r))
	}
}

func asciiHint(r rune) string {
	switch {
	case strings.ContainsRune("‘’‚′", r):
		return "write '"
	case strings.ContainsRune("“”„″", r):
		return `write "`
	case strings.ContainsRune("‐‑–—−", r):
		return "write -"
	case r == '…':
		return "write ..."
	case slices.Contains([]rune{0xa0, 0x2007, 0x202f, 0x200b}, r):
		return "write a plain blank"
	}
	return ""
}
