package rule

import (
	"fmt"
	"regexp"
	"strings"
)

// reader reads the rules of one file.
type reader struct {
	file string // as problems and rules call it
	rel  string // relative to the path the user named: the id of rules that have none
	out  *Pack
	docs []Document
	made int // rules without an id so far
}

func (r *reader) problem(n *Node, message, hint string, warning bool) {
	p := Problem{File: r.file, Message: message, Hint: hint, Warning: warning}
	if n != nil {
		p.Line, p.Column = n.line, n.col
	}
	r.out.Problems = append(r.out.Problems, p)
}

func (r *reader) warn(n *Node, format string, args ...any) {
	r.problem(n, fmt.Sprintf(format, args...), "", true)
}

// nextID names a rule whose file gives it no id.
func (r *reader) nextID() string {
	r.made++
	if r.made == 1 {
		return r.rel
	}
	return fmt.Sprintf("%s#%d", r.rel, r.made)
}

// document reads one YAML document (or one object of a JSON list): a rule, a
// parser, or a list of them. raw is the document's text.
func (r *reader) document(n *Node, raw docText) {
	switch {
	case n.kind == list:
		for _, kid := range n.kids {
			r.document(kid, docText{})
		}
	case n.kind != object:
		r.warn(n, "not a rule: the document is not a mapping")
	case n.get("FunctionQuery") != nil || n.get("ParserQuery") != nil:
		r.function(n, raw.text)
	case n.get("queryCondition") != nil:
		r.custom(n)
	case n.get("query") != nil || n.get("kind") != nil && n.get("id") != nil && n.get("name") != nil:
		r.sentinel(n, raw, SentinelForm)
	default:
		r.docs = append(r.docs, Document{Node: n})
		r.warn(n, "not a rule: there is no query")
	}
}

// sentinel reads a rule in Sentinel's schema and keeps it, unless it should have a
// query and has none.
func (r *reader) sentinel(doc *Node, raw docText, form Form) {
	rule := r.rule(doc)
	rule.raw, rule.rawLine = raw.text, raw.line
	r.docs = append(r.docs, Document{Form: form, Node: doc, Rule: rule})
	if rule.ID == "" {
		r.problem(doc, fmt.Sprintf("the rule %q has no id", first(rule.Name, r.rel)), "its path serves as id; add a GUID so that alerts keep their rule when the file moves", true)
	}
	r.keep(rule, doc)
}

// keep takes a rule in, under a name and an id of some kind.
func (r *reader) keep(rule *Rule, doc *Node) {
	if rule.ID == "" {
		rule.ID = r.nextID()
	}
	if rule.Name == "" {
		r.problem(doc, "the rule has no name", "add name:", true)
		rule.Name = rule.ID
	}
	if !rule.Runnable() && rule.Kind.hasQuery() {
		r.problem(first(doc.get("query"), doc), fmt.Sprintf("the rule %q has no query", rule.Name), "", false)
		return
	}
	r.out.Rules = append(r.out.Rules, rule)
}

// rule reads the fields of a document, nothing else: the same document always gives
// the same rule.
func (r *reader) rule(doc *Node) *Rule {
	rule := &Rule{
		ID:          r.text(doc, "id"),
		Name:        clean(first(r.text(doc, "name"), r.text(doc, "displayName"))),
		Description: clean(r.text(doc, "description")),
		Severity:    r.text(doc, "severity"),
		Status:      r.text(doc, "status"),
		Version:     r.text(doc, "version"),
		Tactics:     r.texts(doc, "tactics"),
		Techniques:  union(union(r.texts(doc, "relevantTechniques"), r.texts(doc, "techniques")), r.texts(doc, "subTechniques")),
		File:        r.file, Line: doc.line, doc: doc,

		QueryFrequency:     r.duration(doc, "queryFrequency"),
		QueryPeriod:        r.duration(doc, "queryPeriod"),
		AggregationKind:    r.text(r.mapping(doc, "eventGroupingSettings"), "aggregationKind"),
		SuppressionEnabled: r.flag(doc, "suppressionEnabled"), SuppressionDuration: r.duration(doc, "suppressionDuration"),
		DestinationTable: r.text(doc, "destinationTable"), BinSize: r.text(doc, "binSize"),

		Enabled: r.optionalFlag(doc, "enabled"), StartTime: r.text(doc, "startTimeUtc"),
		Template: r.text(doc, "alertRuleTemplateName"), TemplateVersion: r.text(doc, "templateVersion"),

		ProductFilter: r.text(doc, "productFilter"), SeveritiesFilter: r.texts(doc, "severitiesFilter"),
		DisplayNamesFilter: r.texts(doc, "displayNamesFilter"), DisplayNamesExcludeFilter: r.texts(doc, "displayNamesExcludeFilter"),

		CustomDetails: r.pairs(doc, "customDetails"), Metadata: flatten(doc.get("metadata")),
	}
	rule.Kind = r.kind(doc, rule)
	if op := r.text(doc, "triggerOperator"); op != "" {
		rule.Trigger = &Trigger{Operator: op, Threshold: r.number(doc, "triggerThreshold")}
		if rule.Trigger.Symbol() == "" {
			r.problem(doc.get("triggerOperator"), fmt.Sprintf("%q is not a trigger operator", op), "one of gt, lt, eq, ne", true)
		}
	}
	for _, c := range r.list(doc, "requiredDataConnectors", "connectorId and dataTypes") {
		rule.Connectors = append(rule.Connectors, Connector{ID: r.text(c, "connectorId"), DataTypes: r.texts(c, "dataTypes")})
	}
	r.entities(rule, doc)
	for _, t := range kids(doc.get("tags")) {
		rule.Tags = append(rule.Tags, tagPairs(t)...)
	}
	if t := doc.get("tags"); t != nil && t.kind != list {
		r.warn(t, "tags is not a list")
		rule.Tags = tagPairs(t)
	}
	if o := r.mapping(doc, "alertDetailsOverride"); o != nil {
		rule.AlertDetails = AlertDetails{
			NameFormat: r.text(o, "alertDisplayNameFormat"), DescriptionFormat: r.text(o, "alertDescriptionFormat"),
			TacticsColumn: r.text(o, "alertTacticsColumnName"), SeverityColumn: r.text(o, "alertSeverityColumnName"),
		}
		for _, d := range r.list(o, "alertDynamicProperties", "alertProperty and value") {
			rule.AlertDetails.Dynamic = append(rule.AlertDetails.Dynamic, Pair{r.text(d, "alertProperty"), r.text(d, "value")})
		}
	}
	r.incident(rule, doc)
	r.query(rule, doc.get("query"))
	return rule
}

// kinds are Sentinel's, as its repository writes them.
var kinds = []Kind{Scheduled, NRT, Hunting, Summary, "Fusion", "MLBehaviorAnalytics", "MicrosoftSecurityIncidentCreation", "ThreatIntelligence", "Anomaly", "BlackBox"}

func (k Kind) hasQuery() bool { return k == Scheduled || k == NRT || k == Hunting || k == Summary }

func (r *reader) kind(doc *Node, rule *Rule) Kind {
	written := r.text(doc, "kind")
	for _, k := range kinds {
		if strings.EqualFold(written, string(k)) {
			return k
		}
	}
	switch {
	case written != "":
		r.problem(doc.get("kind"), fmt.Sprintf("%q is not a kind of rule", written), "Scheduled or NRT; a hunting query has no kind", true)
		return Kind(written)
	case rule.DestinationTable != "":
		return Summary
	case rule.QueryFrequency != "":
		return Scheduled
	}
	return Hunting
}

// query takes the query's text and its place.
func (r *reader) query(rule *Rule, n *Node) {
	if n == nil {
		return
	}
	if n.kind != scalar {
		r.problem(n, "query is not text", "write it as a block: query: |", false)
		return
	}
	rule.Query, rule.lineBase, rule.indent, rule.inline = placeOf(n)
	if isExpression(rule.Query) {
		r.problem(n, fmt.Sprintf("the query of %q is a template expression that only a deployment can evaluate", rule.Name), "", false)
		rule.Query = ""
	}
}

func placeOf(n *Node) (text string, lineBase, indent int, inline bool) {
	return unixLines(n.text), n.line, n.indent, !n.block
}

// isExpression recognises an ARM template expression: "[variables('query')]".
func isExpression(s string) bool {
	s = strings.TrimSpace(s)
	return armExpression.MatchString(s) && strings.HasSuffix(s, "]")
}

var armExpression = regexp.MustCompile(`^\[\s*(?i:variables|parameters|concat|format|reference|resourceId|guid)\(`)

func (r *reader) entities(rule *Rule, doc *Node) {
	for _, e := range r.list(doc, "entityMappings", "entityType and fieldMappings") {
		m := EntityMapping{EntityType: r.text(e, "entityType")}
		for _, f := range r.list(e, "fieldMappings", "identifier and columnName") {
			m.Fields = append(m.Fields, FieldMapping{Identifier: r.text(f, "identifier"), Column: r.text(f, "columnName")})
		}
		if m.EntityType == "" || len(m.Fields) == 0 {
			r.warn(e, "an entity mapping needs entityType and fieldMappings")
			continue
		}
		rule.EntityMappings = append(rule.EntityMappings, m)
	}
	for _, e := range r.list(doc, "sentinelEntitiesMappings", "columnName") {
		rule.SentinelEntities = append(rule.SentinelEntities, r.text(e, "columnName"))
	}
}

func (r *reader) incident(rule *Rule, doc *Node) {
	n := r.mapping(doc, "incidentConfiguration")
	if n == nil {
		return
	}
	g := r.mapping(n, "groupingConfiguration")
	rule.Incident = &Incident{
		Create:          n.get("createIncident") == nil || r.flag(n, "createIncident"),
		GroupingEnabled: r.flag(g, "enabled"), ReopenClosed: r.flag(g, "reopenClosedIncident"),
		Lookback: r.duration(g, "lookbackDuration"), MatchingMethod: r.text(g, "matchingMethod"),
		GroupByEntities: r.texts(g, "groupByEntities"), GroupByAlertDetails: r.texts(g, "groupByAlertDetails"), GroupByCustomDetails: r.texts(g, "groupByCustomDetails"),
	}
}
