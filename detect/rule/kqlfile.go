package rule

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// bare reads a file that is one query. The comments above it are its metadata:
// "// Name: ...", "// Tactics: ..." and so on; what is left is its description.
// Text files hold anything, so they must look like KQL.
func (r *reader) bare(body string, certain bool) {
	if strings.TrimSpace(stripComments(body)) == "" {
		r.warn(nil, "the file has no query")
		return
	}
	if !certain && !looksLikeKQL(body) {
		r.warn(nil, "not a rule: the text does not look like KQL")
		return
	}
	rule := &Rule{Kind: Query, Name: stem(r.rel), Query: body, File: r.file, Line: 1}
	comments(rule, body)
	if rule.ID == "" {
		rule.ID = r.nextID()
	}
	r.out.Rules = append(r.out.Rules, rule)
}

var (
	metadataLine  = regexp.MustCompile(`^(?i)(id|name|title|query name|description|severity|tactics?|mitre tactics?|techniques?|mitre techniques?|mitre|mitre att&ck|version|author)\s*[:=]\s*(.+)$`)
	techniqueText = regexp.MustCompile(`\bT\d{4}(?:\.\d{3})?\b`)
)

// comments reads the comment lines at the head of a query into a rule.
func comments(rule *Rule, body string) {
	var prose []string
	for _, line := range strings.Split(body, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			if len(prose) > 0 {
				prose = append(prose, "")
			}
			continue
		}
		if !strings.HasPrefix(line, "//") {
			break
		}
		line = strings.Trim(strings.TrimLeft(line, "/"), " \t*-=#")
		m := metadataLine.FindStringSubmatch(line)
		if m == nil {
			prose = append(prose, line)
			continue
		}
		value := strings.Trim(m[2], " \"'")
		switch key := strings.ToLower(m[1]); {
		case key == "id":
			rule.ID = first(rule.ID, value)
		case key == "name" || key == "title" || key == "query name":
			rule.Name = value
		case key == "description":
			prose = append(prose, value)
		case key == "severity":
			rule.Severity = title(value)
		case key == "version":
			rule.Version = value
		case key == "author":
			rule.Metadata = append(rule.Metadata, Pair{"author.name", value})
		case strings.Contains(key, "tactic"):
			rule.Tactics = union(rule.Tactics, commaList(value))
		default:
			rule.Techniques = union(rule.Techniques, techniqueText.FindAllString(value, -1))
		}
	}
	rule.Description = strings.TrimSpace(strings.Join(prose, "\n"))
}

// looksLikeKQL decides about text that nothing marks as KQL: it has a pipe before
// an operator's name, or starts with a let statement and ends one with ";".
func looksLikeKQL(body string) bool {
	body = stripComments(body)
	return pipeOperator.MatchString(body) || letStatement.MatchString(body) && strings.Contains(body, ";")
}

var (
	pipeOperator = regexp.MustCompile(`(?m)(?:^\s*|[\w)\]"']\s*)\|\s*(?:where|extend|project(?:-\w+)?|summarize|join|sort|order|top|take|limit|distinct|count|parse(?:-\w+)?|mv-expand|mvexpand|mv-apply|union|lookup|render|search|invoke|evaluate|make-series|getschema|serialize|sample|as|fork|partition)\b`)
	letStatement = regexp.MustCompile(`(?m)^\s*let\s+\w+\s*=`)
	lineComment  = regexp.MustCompile(`(?m)^\s*//.*$`)
)

func stripComments(body string) string { return lineComment.ReplaceAllString(body, "") }

func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

func itoa(n int) string { return strconv.Itoa(n) }
