package rule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// reader reads the rules of one file.
type reader struct {
	file string // as problems and rules call it
	rel  string // relative to the path the user named: the id of rules that have none
	out  *Pack
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
// parser, or a list of them.
func (r *reader) document(n *Node) {
	switch {
	case n.kind == list:
		for _, kid := range n.kids {
			r.document(kid)
		}
	case n.kind != object:
		r.warn(n, "not a rule: the document is not a mapping")
	case n.get("FunctionQuery") != nil || n.get("ParserQuery") != nil:
		r.function(n)
	case n.get("query") != nil || n.get("kind") != nil && n.get("id") != nil && n.get("name") != nil:
		r.sentinel(n, n, "")
	case n.get("queryCondition") != nil:
		r.custom(n)
	default:
		r.warn(n, "not a rule: there is no query")
	}
}

// sentinel reads a rule in Sentinel's schema. In an ARM export the fields stand
// in properties (p) and the kind and the id beside them (outer, id).
func (r *reader) sentinel(outer, p *Node, id string) {
	rule := &Rule{
		ID:          strings.TrimSpace(first(id, p.get("id").str())),
		Name:        clean(first(p.get("name").str(), p.get("displayName").str())),
		Description: clean(p.get("description").str()),
		Severity:    r.text(p, "severity"),
		Status:      r.text(p, "status"),
		Version:     first(r.text(p, "version"), r.text(p, "templateVersion")),
		Tactics:     r.texts(p, "tactics"),
		Techniques:  union(r.texts(p, "relevantTechniques"), r.texts(p, "techniques")),
		File:        r.file, Line: outer.line, doc: p,

		QueryFrequency:   r.duration(p, "queryFrequency"),
		QueryPeriod:      r.duration(p, "queryPeriod"),
		AggregationKind:  r.text(p.get("eventGroupingSettings"), "aggregationKind"),
		DestinationTable: r.text(p, "destinationTable"),
		BinSize:          r.text(p, "binSize"),
		Metadata:         flatten("", p.get("metadata"), nil, 0),
	}
	rule.Techniques = union(rule.Techniques, r.texts(p, "subTechniques"))
	if rule.SuppressionEnabled = r.flag(p, "suppressionEnabled"); p.get("suppressionDuration") != nil {
		rule.SuppressionDuration = r.duration(p, "suppressionDuration")
	}
	rule.Kind = kindOf(first(outer.get("kind").str(), p.get("kind").str()), rule)
	if op := r.text(p, "triggerOperator"); op != "" {
		rule.Trigger = &Trigger{Operator: op, Threshold: r.number(p, "triggerThreshold")}
		if rule.Trigger.Symbol() == "" {
			r.problem(p.get("triggerOperator"), fmt.Sprintf("%q is not a trigger operator", op), "one of gt, lt, eq, ne", true)
		}
	}
	r.connectors(rule, p.get("requiredDataConnectors"))
	r.entities(rule, p)
	rule.CustomDetails = r.pairs(p, "customDetails")
	for _, t := range kids(p.get("tags")) {
		rule.Tags = append(rule.Tags, tagPairs(t)...)
	}
	if o := p.get("alertDetailsOverride"); o != nil {
		rule.AlertDetails = AlertDetails{
			NameFormat: r.text(o, "alertDisplayNameFormat"), DescriptionFormat: r.text(o, "alertDescriptionFormat"),
			TacticsColumn: r.text(o, "alertTacticsColumnName"), SeverityColumn: r.text(o, "alertSeverityColumnName"),
		}
		for _, d := range kids(o.get("alertDynamicProperties")) {
			rule.AlertDetails.Dynamic = append(rule.AlertDetails.Dynamic, Pair{r.text(d, "alertProperty"), r.text(d, "value")})
		}
	}
	r.incident(rule, p)
	r.query(rule, p.get("query"))
	if rule.ID == "" {
		rule.ID = r.nextID()
		r.problem(outer, fmt.Sprintf("the rule %q has no id", first(rule.Name, rule.ID)), "its path serves as id; add a GUID so that alerts keep their rule when the file moves", true)
	}
	if rule.Name == "" {
		r.problem(outer, "the rule has no name", "add name:", true)
		rule.Name = rule.ID
	}
	if !rule.Runnable() && (rule.Kind == Scheduled || rule.Kind == NRT || rule.Kind == Hunting || rule.Kind == Summary) {
		r.problem(first(p.get("query"), outer), fmt.Sprintf("the rule %q has no query", rule.Name), "", false)
		return
	}
	r.out.Rules = append(r.out.Rules, rule)
}

func kindOf(written string, rule *Rule) Kind {
	for _, k := range []Kind{Scheduled, NRT, Hunting, Summary, "Fusion", "MLBehaviorAnalytics", "MicrosoftSecurityIncidentCreation", "ThreatIntelligence", "Anomaly", "BlackBox"} {
		if strings.EqualFold(written, string(k)) {
			return k
		}
	}
	switch {
	case written != "":
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
	return n.text, n.line, n.indent, !n.block
}

// isExpression recognises an ARM template expression: "[variables('query')]".
func isExpression(s string) bool {
	s = strings.TrimSpace(s)
	return armExpression.MatchString(s) && strings.HasSuffix(s, "]")
}

var armExpression = regexp.MustCompile(`^\[\s*(?i:variables|parameters|concat|format|reference|resourceId|guid)\(`)

func (r *reader) connectors(rule *Rule, n *Node) {
	for _, c := range kids(n) {
		if c.kind != object {
			r.warn(c, "an entry of requiredDataConnectors is not a mapping with connectorId and dataTypes")
			continue
		}
		rule.Connectors = append(rule.Connectors, Connector{ID: r.text(c, "connectorId"), DataTypes: r.texts(c, "dataTypes")})
	}
}

func (r *reader) entities(rule *Rule, p *Node) {
	for _, e := range kids(p.get("entityMappings")) {
		m := EntityMapping{EntityType: r.text(e, "entityType")}
		for _, f := range kids(e.get("fieldMappings")) {
			m.Fields = append(m.Fields, FieldMapping{Identifier: r.text(f, "identifier"), Column: r.text(f, "columnName")})
		}
		if m.EntityType == "" || len(m.Fields) == 0 {
			r.warn(e, "an entity mapping needs entityType and fieldMappings")
			continue
		}
		rule.EntityMappings = append(rule.EntityMappings, m)
	}
	for _, e := range kids(p.get("sentinelEntitiesMappings")) {
		rule.SentinelEntities = append(rule.SentinelEntities, r.text(e, "columnName"))
	}
}

func (r *reader) incident(rule *Rule, p *Node) {
	n := p.get("incidentConfiguration")
	if n == nil {
		return
	}
	g := n.get("groupingConfiguration")
	rule.Incident = &Incident{
		Create:          n.get("createIncident") == nil || r.flag(n, "createIncident"),
		GroupingEnabled: r.flag(g, "enabled"), ReopenClosed: r.flag(g, "reopenClosedIncident"),
		Lookback: r.duration(g, "lookbackDuration"), MatchingMethod: r.text(g, "matchingMethod"),
		GroupByEntities: r.texts(g, "groupByEntities"), GroupByAlertDetails: r.texts(g, "groupByAlertDetails"), GroupByCustomDetails: r.texts(g, "groupByCustomDetails"),
	}
}

// function reads a solution's parser or an ASIM parser.
func (r *reader) function(n *Node) {
	q := first(n.get("FunctionQuery"), n.get("ParserQuery"))
	f := &Function{
		Name:        first(r.text(n, "FunctionName"), r.text(n, "ParserName"), r.text(n, "FunctionAlias")),
		Title:       first(r.text(n.get("Function"), "Title"), r.text(n.get("Parser"), "Title")),
		Description: clean(n.get("Description").str()),
		Category:    first(r.text(n, "Category"), r.text(n.get("Normalization"), "Schema")),
		Version:     first(r.text(n.get("Function"), "Version"), r.text(n.get("Parser"), "Version")),
		File:        r.file, Line: n.line,
	}
	for _, alias := range []string{r.text(n, "FunctionAlias"), r.text(n, "EquivalentBuiltInParser")} {
		if alias != "" && alias != f.Name {
			f.Aliases = union(f.Aliases, []string{alias})
		}
	}
	if q.kind != scalar || strings.TrimSpace(q.text) == "" || f.Name == "" {
		r.problem(q, "a parser needs a name and a query", "FunctionName and FunctionQuery, or ParserName and ParserQuery", false)
		return
	}
	f.Query, f.lineBase, f.indent, f.inline = placeOf(q)
	params := first(n.get("ParserParams"), n.get("FunctionParams"))
	if params != nil && params.kind == scalar {
		f.Params = splitParams(params.text)
	}
	for _, p := range kids(params) {
		if p.kind == scalar {
			f.Params = append(f.Params, splitParams(p.text)...)
			continue
		}
		d := p.get("Default")
		param := Param{Name: r.text(p, "Name"), Type: r.text(p, "Type"), Default: d.str()}
		if d != nil && param.Type == "string" && !strings.ContainsAny(param.Default, `"'`) {
			param.Default = strconv.Quote(param.Default) // ASIM writes text defaults bare: *
		}
		f.Params = append(f.Params, param)
	}
	r.out.Functions = append(r.out.Functions, f)
}

// splitParams reads "a:string, b:dynamic=dynamic([])", the form of saved searches.
func splitParams(s string) []Param {
	var out []Param
	depth, quote, start := 0, byte(0), 0
	cut := func(part string) {
		name, rest, _ := strings.Cut(part, ":")
		typ, def, _ := strings.Cut(rest, "=")
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, Param{name, strings.TrimSpace(typ), strings.TrimSpace(def)})
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			cut(s[start:i])
			start = i + 1
		}
	}
	cut(s[start:])
	return out
}

// text is a scalar member; another shape is a warning and "".
func (r *reader) text(n *Node, key string) string {
	v := n.get(key)
	if v == nil {
		return ""
	}
	if v.kind != scalar {
		r.warn(v, "%s is not text", key)
		return ""
	}
	return strings.TrimSpace(v.text)
}

// texts is a list member; one scalar counts as a list of one.
func (r *reader) texts(n *Node, key string) []string {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind == scalar {
		return nonEmpty(strings.TrimSpace(v.text))
	}
	if v.kind == object {
		r.warn(v, "%s is not a list", key)
		return nil
	}
	var out []string
	for _, k := range v.kids {
		switch k.kind {
		case scalar:
			out = append(out, nonEmpty(strings.TrimSpace(k.text))...)
		case null:
		default:
			r.warn(k, "an entry of %s is not text", key)
		}
	}
	return out
}

func (r *reader) flag(n *Node, key string) bool {
	v := r.text(n, key)
	if v != "" && !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
		r.warn(n.get(key), "%s is %q, not true or false", key, v)
	}
	return strings.EqualFold(v, "true")
}

func (r *reader) number(n *Node, key string) int {
	v := r.text(n, key)
	if v == "" {
		return 0
	}
	i, err := strconv.Atoi(v)
	if err != nil {
		r.warn(n.get(key), "%s is %q, not a whole number", key, v)
	}
	return i
}

// duration checks a duration and keeps its notation.
func (r *reader) duration(n *Node, key string) string {
	v := r.text(n, key)
	if v == "" {
		return ""
	}
	if _, err := ParseDuration(v); err != nil {
		r.problem(n.get(key), fmt.Sprintf("%s: %v", key, err), "", true)
	}
	return v
}

func (r *reader) pairs(n *Node, key string) []Pair {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind != object {
		r.warn(v, "%s is not a mapping", key)
		return nil
	}
	var out []Pair
	for i, k := range v.keys {
		out = append(out, Pair{k, strings.TrimSpace(v.kids[i].str())})
	}
	return out
}

func tagPairs(n *Node) []Pair {
	if n.kind == scalar {
		return []Pair{{Name: strings.TrimSpace(n.text)}}
	}
	return flatten("", n, nil, 0)
}

// flatten turns nested maps into dotted names.
func flatten(prefix string, n *Node, out []Pair, depth int) []Pair {
	if n == nil || depth > 8 || len(out) > 200 {
		return out
	}
	switch n.kind {
	case scalar:
		return append(out, Pair{strings.TrimSuffix(prefix, "."), strings.TrimSpace(n.text)})
	case list:
		for _, k := range n.kids {
			out = flatten(prefix, k, out, depth+1)
		}
	case object:
		for i, k := range n.keys {
			out = flatten(prefix+k+".", n.kids[i], out, depth+1)
		}
	}
	return out
}

func kids(n *Node) []*Node {
	if n == nil || n.kind != list {
		return nil
	}
	return n.kids
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// first is the first value that is not zero.
func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

// clean trims the blanks and the literal single quotes that authors put around
// names and descriptions inside YAML blocks.
func clean(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}
