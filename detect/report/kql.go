package report

import (
	"html/template"
	"regexp"
	"sort"
	"strings"

	"quarry/kql/syntax"
)

var kqlToken = regexp.MustCompile("(?s)//[^\n]*|(?:[hH]?@)?\"(?:[^\"\\\\\n]|\\\\.)*\"|(?:[hH]?@)?'(?:[^'\\\\\n]|\\\\.)*'|\\b\\d[\\w.]*|[A-Za-z_$][\\w$]*(?:-[a-z]+)*|.")

var kqlWords = map[string]bool{"let": true, "set": true, "declare": true, "on": true, "by": true, "in": true, "has": true, "and": true, "or": true, "not": true, "between": true,
	"contains": true, "startswith": true, "endswith": true, "matches": true, "regex": true, "kind": true, "asc": true, "desc": true, "true": true, "false": true, "dynamic": true, "with": true, "of": true}

// highlight marks comments, text, numbers and operators of a query. It only
// colours: what it takes for one word and Kusto for two does no harm.
func highlight(query string) template.HTML {
	operators := map[string]bool{}
	for _, o := range syntax.Operators() {
		operators[o] = true
	}
	var b strings.Builder
	for _, tok := range kqlToken.FindAllString(query, -1) {
		class := ""
		switch c := tok[0]; {
		case strings.HasPrefix(tok, "//"):
			class = "c"
		case c == '"' || c == '\'' || c == '@' || len(tok) > 1 && (c == 'h' || c == 'H') && strings.ContainsAny(tok[1:2], "@\"'"):
			class = "s"
		case c >= '0' && c <= '9':
			class = "n"
		case c == '|':
			class = "p"
		case operators[tok] || kqlWords[tok]:
			class = "k"
		}
		if class == "" {
			b.WriteString(template.HTMLEscapeString(tok))
			continue
		}
		b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(tok) + `</span>`)
	}
	return template.HTML(b.String())
}

func sortedKeys(m map[string]int64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if m[keys[i]] != m[keys[j]] {
			return m[keys[i]] > m[keys[j]]
		}
		return keys[i] < keys[j]
	})
	return keys
}
