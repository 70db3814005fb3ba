package rule

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A rule is written from one document: its fields in the order that Sentinel's
// repository uses, then whatever else its file has. YAML prints it as it is, the
// other formats take it apart.

// fieldTable says which keys of a document a Rule's fields hold; anything else
// survives as it is. A path without a star may be copied from the document of a rule
// that nobody changed; with a star its value is always printed anew, because the
// notation of the file may not be the one to write.
type fieldTable map[string]mark

type mark uint8

const (
	copied mark = iota
	renewed
	branch
)

var sentinelFields = fieldsOf(`
	id* kind* name* displayName* description* severity status version tactics query*
	relevantTechniques* techniques* subTechniques*
	requiredDataConnectors.connectorId requiredDataConnectors.dataTypes
	queryFrequency* queryPeriod* triggerOperator* triggerThreshold*
	entityMappings.entityType entityMappings.fieldMappings.identifier entityMappings.fieldMappings.columnName
	sentinelEntitiesMappings.columnName customDetails tags metadata
	alertDetailsOverride.alertDisplayNameFormat alertDetailsOverride.alertDescriptionFormat
	alertDetailsOverride.alertTacticsColumnName alertDetailsOverride.alertSeverityColumnName
	alertDetailsOverride.alertDynamicProperties.alertProperty alertDetailsOverride.alertDynamicProperties.value
	eventGroupingSettings.aggregationKind suppressionEnabled* suppressionDuration*
	incidentConfiguration.createIncident*
	incidentConfiguration.groupingConfiguration.enabled* incidentConfiguration.groupingConfiguration.reopenClosedIncident*
	incidentConfiguration.groupingConfiguration.lookbackDuration* incidentConfiguration.groupingConfiguration.matchingMethod
	incidentConfiguration.groupingConfiguration.groupByEntities incidentConfiguration.groupingConfiguration.groupByAlertDetails
	incidentConfiguration.groupingConfiguration.groupByCustomDetails
	destinationTable binSize enabled* startTimeUtc alertRuleTemplateName templateVersion
	productFilter severitiesFilter displayNamesFilter displayNamesExcludeFilter`)

func fieldsOf(text string) fieldTable {
	t := fieldTable{}
	for _, path := range strings.Fields(strings.ToLower(text)) {
		m := copied
		if strings.HasSuffix(path, "*") {
			m = renewed
		}
		path = strings.TrimSuffix(path, "*")
		t[path] = m
		for i, c := range path {
			if c == '.' {
				t[path[:i]] = branch
			}
		}
	}
	return t
}

// fieldOrder is the place of a field in a document, for lists of fields; unknown ones
// come last.
func fieldOrder(path string) int {
	top, _, _ := strings.Cut(path, ".")
	if i := slices.Index(documentOrder, top); i >= 0 {
		return i
	}
	return len(documentOrder)
}

var documentOrder = strings.Fields("id name displayName description severity status enabled requiredDataConnectors queryFrequency queryPeriod triggerOperator triggerThreshold " +
	"startTimeUtc productFilter severitiesFilter displayNamesFilter displayNamesExcludeFilter tactics relevantTechniques tags destinationTable query binSize " +
	"entityMappings sentinelEntitiesMappings customDetails alertDetailsOverride eventGroupingSettings suppressionEnabled suppressionDuration incidentConfiguration " +
	"alertRuleTemplateName templateVersion version kind metadata")

// document is the rule as one document in Sentinel's YAML schema.
func (r *Rule) document() *Node {
	doc := r.fields()
	if r.doc != nil && !r.graph {
		sentinelFields.overlay(doc, r.doc, "", r.unchanged())
	}
	return doc
}

// unchanged reports whether the rule still is what its document says.
func (r *Rule) unchanged() bool {
	if r.doc == nil {
		return false
	}
	again := &reader{file: r.File, out: &Pack{}}
	var fresh *Rule
	if r.graph {
		fresh = again.detection(r.doc)
	} else {
		fresh = again.rule(r.doc)
	}
	fresh.ID, fresh.Name = first(fresh.ID, r.ID), first(fresh.Name, r.Name)
	fresh.raw, fresh.rawLine, fresh.Path = r.raw, r.rawLine, r.Path
	return reflect.DeepEqual(fresh, r)
}

// overlay adds to a document what only the original has, and gives copied fields
// their original values when keep says that nobody changed them.
func (t fieldTable) overlay(doc, original *Node, path string, keep bool) {
	for i, key := range original.keys {
		v, at := original.kids[i], doc.index(key)
		m, held := t[strings.ToLower(path+key)]
		switch {
		case !held:
			if at < 0 {
				doc.put(key, v)
			}
		case v.kind == null:
		case at < 0:
			if keep && !said(doc, key) {
				doc.put(key, v)
			}
		case m == copied && keep, m == renewed && keep && misread(doc.kids[at], v):
			doc.kids[at] = v
		case m == branch:
			doc.kids[at] = t.overlaid(doc.kids[at], v, path+key+".", keep)
		}
	}
}

// misread reports a number or a flag that is something else in the original, which
// was told when it was read.
func misread(n, original *Node) bool {
	return n.kind == scalar && !n.quoted && original.kind == scalar && !strings.EqualFold(strings.TrimSpace(original.text), n.text)
}

// said reports whether a document says a field under its other name.
func said(doc *Node, key string) bool {
	switch strings.ToLower(key) {
	case "name", "displayname":
		return doc.index("name") >= 0 || doc.index("displayName") >= 0
	case "techniques", "subtechniques":
		return doc.index("relevantTechniques") >= 0
	}
	return false
}

func (t fieldTable) overlaid(v, original *Node, path string, keep bool) *Node {
	switch {
	case v.kind == object && original.kind == object:
		t.overlay(v, original, path, keep)
	case v.kind == list && original.kind == list && len(v.kids) == len(original.kids):
		for i := range v.kids {
			v.kids[i] = t.overlaid(v.kids[i], original.kids[i], path, keep)
		}
	case keep:
		return original
	}
	return v
}

// fields is a document of the rule's fields alone.
func (r *Rule) fields() *Node {
	doc := &Node{kind: object}
	doc.put("id", textOf(r.guid()))
	if r.Kind == Summary {
		doc.put("displayName", textOf(r.Name))
	} else {
		doc.put("name", textOf(r.Name))
	}
	doc.put("description", textOf(r.Description))
	doc.put("severity", textOf(r.Severity))
	doc.put("status", textOf(r.Status))
	doc.put("enabled", flagOf(r.Enabled))
	var connectors []*Node
	for _, c := range r.Connectors {
		connectors = append(connectors, mapOf("connectorId", textOf(c.ID), "dataTypes", textsOf(c.DataTypes)))
	}
	doc.put("requiredDataConnectors", listOf(connectors))
	doc.put("queryFrequency", textOf(yamlDuration(r.QueryFrequency)))
	doc.put("queryPeriod", textOf(yamlDuration(r.QueryPeriod)))
	if r.Trigger != nil {
		doc.put("triggerOperator", textOf(first(r.Trigger.short(), r.Trigger.Operator)))
		doc.put("triggerThreshold", plainNode(strconv.Itoa(r.Trigger.Threshold)))
	}
	doc.put("startTimeUtc", textOf(r.StartTime))
	doc.put("productFilter", textOf(r.ProductFilter))
	doc.put("severitiesFilter", textsOf(r.SeveritiesFilter))
	doc.put("displayNamesFilter", textsOf(r.DisplayNamesFilter))
	doc.put("displayNamesExcludeFilter", textsOf(r.DisplayNamesExcludeFilter))
	doc.put("tactics", textsOf(r.Tactics))
	doc.put("relevantTechniques", textsOf(r.Techniques))
	doc.put("tags", r.tagsNode())
	doc.put("destinationTable", textOf(r.DestinationTable))
	doc.put("query", textOf(r.Query))
	if r.BinSize != "" {
		doc.put("binSize", plainNode(r.BinSize))
	}
	r.alertFields(doc)
	doc.put("alertRuleTemplateName", textOf(r.Template))
	doc.put("templateVersion", textOf(r.TemplateVersion))
	doc.put("version", textOf(r.Version))
	if r.Kind != Hunting && r.Kind != Summary && r.Kind != Query {
		doc.put("kind", textOf(string(r.Kind)))
	}
	doc.put("metadata", r.metadataNode())
	return doc
}

// alertFields are those that say what becomes of the rows.
func (r *Rule) alertFields(doc *Node) {
	var mappings, columns, details []*Node
	for _, m := range r.EntityMappings {
		var fields []*Node
		for _, f := range m.Fields {
			fields = append(fields, mapOf("identifier", textOf(f.Identifier), "columnName", textOf(f.Column)))
		}
		mappings = append(mappings, mapOf("entityType", textOf(m.EntityType), "fieldMappings", listOf(fields)))
	}
	doc.put("entityMappings", listOf(mappings))
	for _, c := range r.SentinelEntities {
		columns = append(columns, mapOf("columnName", textOf(c)))
	}
	doc.put("sentinelEntitiesMappings", listOf(columns))
	doc.put("customDetails", pairsOf(r.CustomDetails))
	if a := r.AlertDetails; !reflect.DeepEqual(a, AlertDetails{}) {
		for _, d := range a.Dynamic {
			details = append(details, mapOf("alertProperty", textOf(d.Name), "value", textOf(d.Value)))
		}
		doc.put("alertDetailsOverride", mapOf("alertDisplayNameFormat", textOf(a.NameFormat), "alertDescriptionFormat", textOf(a.DescriptionFormat),
			"alertTacticsColumnName", textOf(a.TacticsColumn), "alertSeverityColumnName", textOf(a.SeverityColumn), "alertDynamicProperties", listOf(details)))
	}
	if r.AggregationKind != "" {
		doc.put("eventGroupingSettings", mapOf("aggregationKind", textOf(r.AggregationKind)))
	}
	if r.SuppressionEnabled {
		doc.put("suppressionEnabled", plainNode("true"))
	}
	doc.put("suppressionDuration", textOf(yamlDuration(r.SuppressionDuration)))
	if i := r.Incident; i != nil {
		n := mapOf("createIncident", plainNode(strconv.FormatBool(i.Create)))
		if i.groups() {
			n.put("groupingConfiguration", mapOf("enabled", plainNode(strconv.FormatBool(i.GroupingEnabled)),
				"reopenClosedIncident", plainNode(strconv.FormatBool(i.ReopenClosed)), "lookbackDuration", textOf(yamlDuration(i.Lookback)),
				"matchingMethod", textOf(i.MatchingMethod), "groupByEntities", textsOf(i.GroupByEntities),
				"groupByAlertDetails", textsOf(i.GroupByAlertDetails), "groupByCustomDetails", textsOf(i.GroupByCustomDetails)))
		}
		doc.put("incidentConfiguration", n)
	}
}

// groups reports whether anything is said about grouping.
func (i *Incident) groups() bool {
	return i.GroupingEnabled || i.ReopenClosed || i.Lookback != "" || i.MatchingMethod != "" || len(i.GroupByEntities)+len(i.GroupByAlertDetails)+len(i.GroupByCustomDetails) > 0
}

// short is the operator as Sentinel's repository writes it, "" if unknown.
func (t *Trigger) short() string {
	return map[string]string{">": "gt", "<": "lt", "==": "eq", "!=": "ne"}[t.Symbol()]
}

// tagsNode is the original as long as it says the same, else a list of what the Pairs say.
func (r *Rule) tagsNode() *Node {
	if t := r.doc.get("tags"); t != nil && !r.graph {
		var have []Pair
		for _, k := range kids(t) {
			have = append(have, tagPairs(k)...)
		}
		if slices.Equal(have, r.Tags) {
			return t
		}
	}
	var tags []*Node
	for _, t := range r.Tags {
		if t.Value == "" {
			tags = append(tags, textNode(t.Name))
		} else {
			tags = append(tags, mapOf(t.Name, textNode(t.Value)))
		}
	}
	return listOf(tags)
}

// metadataNode is the original as long as it says the same, else the dotted names as
// maps again; a name that is there twice was a list.
func (r *Rule) metadataNode() *Node {
	if m := r.doc.get("metadata"); m != nil && !r.graph && slices.Equal(flatten(m), r.Metadata) {
		return m
	}
	if len(r.Metadata) == 0 {
		return nil
	}
	root := &Node{kind: object}
	for _, p := range r.Metadata {
		n, path := root, strings.Split(p.Name, ".")
		for _, key := range path[:len(path)-1] {
			if n.get(key) == nil {
				n.put(key, &Node{kind: object})
			}
			n = n.get(key)
		}
		last := path[len(path)-1]
		switch old := n.get(last); {
		case n.kind != object:
		case old == nil:
			n.put(last, textNode(p.Value))
		case old.kind == list:
			old.kids = append(old.kids, textNode(p.Value))
		default:
			n.kids[n.index(last)] = listOf([]*Node{old, textNode(p.Value)})
		}
	}
	return root
}

// yamlDuration is a duration in the notation of Sentinel's repository; what is no
// duration stays as it is.
func yamlDuration(s string) string {
	d, err := ParseDuration(s)
	if err != nil {
		return s
	}
	return FormatDuration(d)
}

var repositoryDuration = regexp.MustCompile(`^\d+[mhd]$`)

// splitTechniques separates sub-techniques from techniques, as the service stores
// them; a sub-technique brings its technique along.
func splitTechniques(all []string) (techniques, subs []string) {
	for _, t := range all {
		whole, _, sub := strings.Cut(t, ".")
		techniques = union(techniques, []string{whole})
		if sub {
			subs = union(subs, []string{t})
		}
	}
	return techniques, subs
}

func textOf(s string) *Node {
	if s == "" {
		return nil
	}
	return textNode(s)
}

func flagOf(b *bool) *Node {
	if b == nil {
		return nil
	}
	return plainNode(strconv.FormatBool(*b))
}

func textsOf(list []string) *Node {
	var out []*Node
	for _, s := range list {
		out = append(out, textNode(s))
	}
	return listOf(out)
}

func listOf(kids []*Node) *Node {
	if len(kids) == 0 {
		return nil
	}
	return &Node{kind: list, kids: kids}
}

func pairsOf(pairs []Pair) *Node {
	if len(pairs) == 0 {
		return nil
	}
	n := &Node{kind: object}
	for _, p := range pairs {
		n.put(p.Name, textNode(p.Value))
	}
	return n
}

// mapOf is a mapping of keys and values; nil values are left out.
func mapOf(pairs ...any) *Node {
	n := &Node{kind: object}
	for i := 0; i < len(pairs); i += 2 {
		if v, _ := pairs[i+1].(*Node); v != nil {
			n.put(pairs[i].(string), v)
		}
	}
	return n
}
