package rule

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"quarry/detect/attack"
)

// markdown reads the KQL blocks of a document, each a hunting query. The nearest
// heading above names it, unless that only says "Query"; the text between is its
// description; a table of covered tactics, as in Microsoft's hunting queries,
// applies to the whole file.
func (r *reader) markdown(data []byte) {
	doc := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(data))
	m := &mdReader{reader: r, data: data}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		m.block(n)
	}
	for _, rule := range m.rules {
		rule.Tactics = union(rule.Tactics, m.tactics)
		r.out.Rules = append(r.out.Rules, rule)
	}
	if len(m.rules) == 0 {
		r.out.Problems = append(r.out.Problems, Problem{File: r.file, Message: "no KQL block in this document", Hint: "mark queries with ```kql", Warning: true})
	}
}

// quotedTooDeep finds a line that begins with more ">" than any document has; the
// parser takes minutes for a file of them.
func quotedTooDeep(data []byte) (line int, deep bool) {
	for text := range bytes.Lines(data) {
		line++
		signs := 0
		for _, c := range text {
			if c == '>' {
				signs++
			} else if c != ' ' && c != '\t' {
				break
			}
		}
		if signs > maxDepth {
			return line, true
		}
	}
	return 0, false
}

type mdReader struct {
	*reader
	data    []byte
	title   string // the document's first heading
	heading string // nearest heading that is a name
	prose   []string
	tactics []string
	rules   []*Rule
}

// sectionWords are headings that say what a part is, not what a query is called.
var sectionWords = map[string]bool{"query": true, "queries": true, "kql": true, "kusto": true, "description": true, "category": true, "see also": true,
	"references": true, "contributor info": true, "hunting query": true, "sentinel": true, "defender": true, "defender xdr": true, "microsoft sentinel": true,
	"microsoft defender xdr": true, "defender for endpoint": true, "query information": true, "mitre att&ck technique(s)": true, "author": true, "risk": true}

func (m *mdReader) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		h := strings.TrimSpace(m.plain(n))
		if m.title == "" {
			m.title = h
		}
		if !sectionWords[strings.ToLower(strings.TrimSuffix(h, ":"))] && h != "" {
			m.heading, m.prose = h, nil
		}
	case *ast.Paragraph, *ast.TextBlock:
		m.prose = append(m.prose, strings.TrimSpace(m.plain(n)))
	case *ast.FencedCodeBlock:
		lang := strings.ToLower(strings.Trim(string(n.Language(m.data)), "{.}"))
		body, line, indent, inline := m.code(n)
		switch {
		case kqlLanguages[lang]:
			m.add(body, line, indent, inline)
		case lang == "" || lang == "text" || lang == "sql" || lang == "c#" || lang == "csharp" || lang == "powershell":
			if looksLikeKQL(body) {
				m.add(body, line, indent, inline)
			}
		}
	case *ast.CodeBlock:
		if body, line, indent, inline := m.code(n); looksLikeKQL(body) {
			m.add(body, line, indent, inline)
		}
	case *east.Table:
		m.table(n)
	default:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			m.block(c)
		}
	}
}

var kqlLanguages = map[string]bool{"kql": true, "kusto": true, "csl": true, "kusto-query": true, "sentinel": true, "kusto-kql": true, "kusto query": true, "kustoquery": true, "kqlquery": true}

// code is a block's text with the number of file lines before it.
func (m *mdReader) code(n ast.Node) (body string, line, indent int, inline bool) {
	lines := n.Lines()
	if lines.Len() == 0 {
		return "", 0, 0, true
	}
	var b strings.Builder
	start := lines.At(0).Start
	line = bytes.Count(m.data[:start], []byte("\n"))
	indent = start - (bytes.LastIndexByte(m.data[:start], '\n') + 1)
	for i := range lines.Len() {
		seg := lines.At(i)
		b.Write(seg.Value(m.data))
		// A block in a list has lines of different depth; then columns cannot be told.
		if seg.Padding > 0 || len(bytes.TrimSpace(seg.Value(m.data))) > 0 && seg.Start-(bytes.LastIndexByte(m.data[:seg.Start], '\n')+1) != indent {
			inline = true
		}
	}
	return b.String(), line, indent, inline
}

func (m *mdReader) add(body string, line, indent int, inline bool) {
	if strings.TrimSpace(body) == "" {
		return
	}
	rule := &Rule{ID: m.nextID(), Kind: Hunting, Name: first(m.heading, m.title, stem(m.rel)), Query: body,
		File: m.file, Line: line, lineBase: line, indent: indent, inline: inline}
	comments(rule, body)
	if len(m.prose) > 0 {
		rule.Description = strings.Join(m.prose, "\n\n")
	}
	for _, old := range m.rules {
		if old.Name == rule.Name {
			rule.Name += " (" + itoa(len(m.rules)+1) + ")"
			break
		}
	}
	m.rules = append(m.rules, rule)
}

// table reads "| Technique, tactic, or state | Covered? |" and the technique
// tables of other authors: every T1234 in a first column counts.
func (m *mdReader) table(t *east.Table) {
	covered := false
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, strings.TrimSpace(m.plain(c)))
		}
		if len(cells) < 2 {
			continue
		}
		if row.Kind() == east.KindTableHeader {
			covered = strings.HasPrefix(strings.ToLower(cells[1]), "covered")
			continue
		}
		if covered && strings.EqualFold(cells[1], "v") {
			if t, ok := attack.TacticName(cells[0]); ok {
				m.tactics = union(m.tactics, []string{t})
			}
		}
		if id := techniqueText.FindString(cells[0]); id == cells[0] && id != "" {
			for _, rule := range m.rules {
				rule.Techniques = union(rule.Techniques, []string{id})
			}
		}
	}
}

// plain is a node's text without its markup.
func (m *mdReader) plain(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(m.data))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.URL(m.data))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
