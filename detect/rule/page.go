package rule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The catalogue's Markdown page repeats one section for each row of the flattened
// catalogue: a title, the description, a table of names and values, and the query
// in a fence. A rule fills as many sections as it has combinations of tactic,
// technique, platform and data type, so sections of one DetectionId are one rule.

func isPage(data []byte) bool { return pageHead.Match(data) && pageID.Match(data) }

var (
	pageHead = regexp.MustCompile(`(?m)^\|\s*Name\s*\|\s*Value\s*\|\s*$`)
	pageID   = regexp.MustCompile(`(?m)^\|\s*DetectionId\s*\|`)
)

type section struct {
	title, description string
	values             map[string]string
	query              string
	line, queryLine    int
	problem            string
}

func (r *reader) page(text string) {
	byID := map[string]*Rule{}
	for _, s := range sections(text) {
		at := &Node{line: s.line, col: 1}
		if s.problem != "" {
			r.problem(at, fmt.Sprintf("the section %q %s", s.title, s.problem), "", false)
			continue
		}
		id := s.values["DetectionId"]
		if id == "" {
			r.problem(at, fmt.Sprintf("the section %q has no DetectionId", s.title), "", false)
			continue
		}
		rule, ok := byID[strings.ToLower(id)]
		if !ok {
			rule = r.pageRule(at, id, s)
			byID[strings.ToLower(id)] = rule
			r.out.Rules = append(r.out.Rules, rule)
		} else if rule.Query != s.query || rule.Name != first(s.title, id) {
			r.warn(at, "this row of %s differs from the first one (line %d) in its name or query; the first is kept", id, rule.Line)
		}
		rule.PageRows = append(rule.PageRows, PageRow{s.values["Tactic"], s.values["TechniqueId"], s.values["Platform"], s.values["ConnectorId"], s.values["DataTypes"]})
		rule.Tactics = union(rule.Tactics, nonEmpty(s.values["Tactic"]))
		rule.Techniques = union(rule.Techniques, nonEmpty(s.values["TechniqueId"]))
		rule.Platforms = union(rule.Platforms, nonEmpty(s.values["Platform"]))
		rule.addDataType(s.values["ConnectorId"], s.values["DataTypes"])
	}
}

func (r *reader) pageRule(at *Node, id string, s section) *Rule {
	rule := &Rule{
		ID: id, Name: first(s.title, id), Description: s.description, Kind: Hunting, Severity: s.values["DetectionSeverity"],
		QueryFrequency: s.values["QueryFrequency"], QueryPeriod: s.values["QueryPeriod"],
		URL: s.values["DetectionUrl"], Ingested: s.values["IngestedDate"],
		Query: s.query, File: r.file, Line: s.line, lineBase: s.queryLine,
	}
	if strings.EqualFold(s.values["DetectionType"], "Analytics") {
		rule.Kind = Scheduled
		if rule.QueryFrequency == "" {
			rule.Kind = NRT
		}
	}
	if op := s.values["TriggerOperator"]; op != "" {
		rule.Trigger = &Trigger{Operator: op}
		// Thresholds come out of a data frame and may read "0.0".
		n, err := strconv.ParseFloat(s.values["TriggerThreshold"], 64)
		if err != nil || n != float64(int(n)) {
			r.warn(at, "TriggerThreshold of %q is %q, not a whole number", s.title, s.values["TriggerThreshold"])
		} else {
			rule.Trigger.Threshold = int(n)
		}
	}
	for _, d := range []string{rule.QueryFrequency, rule.QueryPeriod} {
		if _, err := ParseDuration(d); d != "" && err != nil {
			r.warn(at, "%v", err)
		}
	}
	return rule
}

func (r *Rule) addDataType(connector, dataType string) {
	if connector == "" && dataType == "" {
		return
	}
	for i := range r.Connectors {
		if r.Connectors[i].ID == connector {
			r.Connectors[i].DataTypes = union(r.Connectors[i].DataTypes, nonEmpty(dataType))
			return
		}
	}
	r.Connectors = append(r.Connectors, Connector{ID: connector, DataTypes: nonEmpty(dataType)})
}

// sections cuts the page. Descriptions are raw text and may hold Markdown of
// their own, so a section starts at the first "## " after the fence of the one
// before, and everything up to its table is description.
func sections(text string) []section {
	lines := strings.Split(text, "\n")
	var out []section
	for i := 0; i < len(lines); i++ {
		if !strings.HasPrefix(lines[i], "## ") {
			continue
		}
		s := section{title: strings.TrimSpace(lines[i][3:]), line: i + 1, values: map[string]string{}}
		start := i + 1
		for i++; i < len(lines) && !isTableHead(lines[i]); i++ {
		}
		s.description = strings.TrimSpace(strings.Join(lines[start:min(i, len(lines))], "\n"))
		if i >= len(lines) {
			s.problem, s.description = "has no table of names and values", ""
			out = append(out, s)
			break
		}
		for i += 2; i < len(lines) && strings.HasPrefix(lines[i], "|"); i++ {
			name, value, _ := strings.Cut(lines[i][1:], "|")
			s.values[strings.TrimSpace(name)] = cell(value)
		}
		for i < len(lines) && !strings.HasPrefix(lines[i], "```") && !strings.HasPrefix(lines[i], "## ") {
			i++
		}
		if i >= len(lines) || !strings.HasPrefix(lines[i], "```") {
			s.problem = "has no query"
			out = append(out, s)
			i--
			continue
		}
		s.queryLine = i + 1
		first := i + 1
		// A query that holds a fence of its own, KQL's multi-line text, stands in a longer one.
		fence := lines[i][:len(lines[i])-len(strings.TrimLeft(lines[i], "`"))]
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != fence; i++ {
		}
		if i >= len(lines) {
			s.problem = "ends inside its query"
		} else {
			s.query = strings.Join(lines[first:i], "\n")
			if strings.TrimSpace(s.query) == "" {
				s.problem = "has no query"
			}
		}
		out = append(out, s)
	}
	return out
}

func isTableHead(line string) bool {
	return strings.Join(strings.Fields(line), "") == "|Name|Value|"
}

// cell is the text of a table's last cell: without the bar that ends it, and with the
// bars within it, which are escaped.
func cell(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasSuffix(s, "|") && !strings.HasSuffix(s, `\|`) {
		s = strings.TrimSpace(s[:len(s)-1])
	}
	return strings.ReplaceAll(s, `\|`, "|")
}
