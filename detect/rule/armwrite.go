package rule

import (
	"fmt"
	"slices"
	"strings"
)

// API versions of the resources; the ones that Sentinel's own export uses where it has one.
const (
	alertRuleAPI   = "2023-12-01-preview"
	savedSearchAPI = "2020-08-01"
	summaryLogsAPI = "2025-07-01"
)

// alertRuleProperties are what the service stores of each kind, in the order of
// Sentinel's own export. Source: Microsoft.SecurityInsights/alertRules.
var alertRuleProperties = map[Kind][]string{
	Scheduled: strings.Fields("displayName description severity enabled query queryFrequency queryPeriod triggerOperator triggerThreshold suppressionDuration suppressionEnabled " +
		"startTimeUtc tactics techniques subTechniques alertRuleTemplateName templateVersion incidentConfiguration eventGroupingSettings alertDetailsOverride customDetails entityMappings sentinelEntitiesMappings"),
	NRT: strings.Fields("displayName description severity enabled query suppressionDuration suppressionEnabled " +
		"tactics techniques subTechniques alertRuleTemplateName templateVersion incidentConfiguration eventGroupingSettings alertDetailsOverride customDetails entityMappings sentinelEntitiesMappings"),
	"MicrosoftSecurityIncidentCreation": strings.Fields("displayName description enabled productFilter severitiesFilter displayNamesFilter displayNamesExcludeFilter alertRuleTemplateName"),
	"Fusion":                            strings.Fields("enabled alertRuleTemplateName"),
	"MLBehaviorAnalytics":               strings.Fields("enabled alertRuleTemplateName"),
	"ThreatIntelligence":                strings.Fields("enabled alertRuleTemplateName"),
}

// demanded are properties that the service wants of a Scheduled or NRT rule, with
// what it takes when the portal's user says nothing.
var demanded = []struct {
	path  string
	value *Node
}{
	{"suppressionDuration", textNode("PT5H")},
	{"suppressionEnabled", plainNode("false")},
	{"incidentConfiguration.groupingConfiguration.enabled", plainNode("false")},
	{"incidentConfiguration.groupingConfiguration.reopenClosedIncident", plainNode("false")},
	{"incidentConfiguration.groupingConfiguration.lookbackDuration", textNode("PT5H")},
	{"incidentConfiguration.groupingConfiguration.matchingMethod", textNode("AllEntities")},
}

// Template is a deployable ARM template of rules and functions: alert rules, saved
// searches for hunting queries and functions, summary rules. Fields that the service
// does not store stand in the metadata of their resource, which Azure ignores, so
// that reading the template gives the rules back. notes go with rules; a rule that no
// template can deploy is left out, with an error in its place.
func Template(rules []*Rule, functions []*Function) (data []byte, notes []Notes, errs []error) {
	var resources []*Node
	for _, r := range rules {
		res, n, err := r.resource()
		notes, errs = append(notes, n), append(errs, err)
		if err == nil {
			resources = append(resources, res)
		}
	}
	for _, f := range functions {
		resources = append(resources, f.resource())
	}
	return mapOf(
		"$schema", textNode("https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"),
		"contentVersion", textNode("1.0.0.0"),
		"parameters", mapOf("workspace", mapOf("type", textNode("String"))),
		"resources", &Node{kind: list, kids: resources}).json(), notes, errs
}

func (r *Rule) resource() (*Node, Notes, error) {
	s, notes := r.asSentinel()
	doc := s.document()
	aside := &Node{kind: object}
	id := resourceName(doc.get("id").str())
	if id != doc.get("id").str() {
		aside.put("id", doc.get("id"))
	}
	doc = doc.without([]string{"id"}).without([]string{"kind"})
	var out *Node
	switch {
	case s.Kind == Hunting || s.Kind == Query:
		out = savedQuery(id, doc, aside)
	case s.Kind == Summary:
		out = summaryLogs(id, doc, aside)
	default:
		keys, ok := alertRuleProperties[s.Kind]
		if !ok {
			return nil, notes, fmt.Errorf("a rule of kind %s cannot be deployed with a template", s.Kind)
		}
		out = alertRule(id, s.Kind, keys, doc, aside, &notes)
	}
	if len(aside.kids) > 0 {
		meta := out.get("metadata")
		if meta == nil {
			meta = &Node{kind: object}
			out.put("metadata", meta)
		}
		meta.put(asideKey, quoted(aside))
		notes.Aside = slices.Clone(aside.keys)
	}
	return out, notes, nil
}

func alertRule(id string, kind Kind, keys []string, doc, aside *Node, notes *Notes) *Node {
	p, added := &Node{kind: object}, &Node{kind: object}
	rename := &Node{kind: object}
	for i, k := range doc.keys {
		v := doc.kids[i]
		switch k {
		case "name", "displayName":
			rename.put("displayName", v)
		case "relevantTechniques":
			all := scalars(v)
			whole, subs := splitTechniques(all)
			rename.put("techniques", textsOf(whole))
			rename.put("subTechniques", textsOf(subs))
			if !slices.Equal(union(slices.Clone(whole), subs), all) && slices.Contains(keys, "techniques") {
				aside.put(k, v)
			}
		case "queryFrequency", "queryPeriod", "suppressionDuration":
			rename.put(k, isoNode(v))
		case "triggerOperator":
			rename.put(k, textNode(first(longOperators[strings.ToLower(v.str())], v.str())))
		case "incidentConfiguration":
			rename.put(k, isoLookback(v))
		default:
			rename.put(k, v)
		}
	}
	for _, k := range keys {
		if v := rename.get(k); v != nil {
			p.put(k, v)
		} else if k == "enabled" {
			p.put(k, plainNode("true"))
			added.put(k, plainNode("true"))
		}
	}
	if kind == Scheduled || kind == NRT {
		for _, d := range demanded {
			path := strings.Split(d.path, ".")
			if parent := p.at(path[:len(path)-1]); parent.IsMap() && parent.get(path[len(path)-1]) == nil {
				parent.put(path[len(path)-1], d.value)
				added.put(d.path, d.value)
			}
		}
	}
	if p.get("alertRuleTemplateName") == nil && kind != Scheduled && kind != NRT && kind != "MicrosoftSecurityIncidentCreation" {
		notes.add("alertRuleTemplateName", "the service asks for the id of the template, which the rule does not say")
	}
	for i, k := range doc.keys {
		stored := k
		switch k {
		case "name":
			stored = "displayName"
		case "relevantTechniques":
			stored = "techniques"
		}
		if !slices.Contains(keys, stored) {
			aside.put(k, doc.kids[i])
		}
	}
	out := mapOf(
		"id", textNode("[concat(resourceId('Microsoft.OperationalInsights/workspaces/providers', parameters('workspace'), 'Microsoft.SecurityInsights'),'/alertRules/"+id+"')]"),
		"name", textNode("[concat(parameters('workspace'),'/Microsoft.SecurityInsights/"+id+"')]"),
		"type", textNode("Microsoft.OperationalInsights/workspaces/providers/alertRules"),
		"kind", textNode(string(kind)), "apiVersion", textNode(alertRuleAPI), "properties", quoted(p))
	if len(added.kids) > 0 {
		out.put("metadata", mapOf(addedKey, added))
	}
	return out
}

var longOperators = map[string]string{"gt": "GreaterThan", "lt": "LessThan", "eq": "Equal", "ne": "NotEqual"}

// isoNode is a duration as the service wants it; what is no duration stays.
func isoNode(n *Node) *Node {
	d, err := ParseDuration(n.str())
	if err != nil {
		return n
	}
	return textNode(ISODuration(d))
}

func isoLookback(n *Node) *Node {
	g := n.get("groupingConfiguration")
	if !g.IsMap() {
		return n
	}
	copied := &Node{kind: object}
	for i, k := range g.keys {
		if strings.EqualFold(k, "lookbackDuration") {
			copied.put(k, isoNode(g.kids[i]))
		} else {
			copied.put(k, g.kids[i])
		}
	}
	out := n.without([]string{"groupingConfiguration"})
	out.put("groupingConfiguration", copied)
	return out
}

// savedQuery is a hunting query; the service keeps what describes it in tags.
func savedQuery(id string, doc, aside *Node) *Node {
	var tags []*Node
	tag := func(name, value string) { tags = append(tags, mapOf("name", textNode(name), "value", textNode(value))) }
	name, category := "", huntingCategory
	for i, k := range doc.keys {
		v := doc.kids[i]
		joined := strings.Join(scalars(v), ",")
		switch {
		case k == "name":
			name = v.text
		case k == "category" && v.kind == scalar:
			category = v.text
		case k == "description" && v.kind == scalar:
			tag(k, v.text)
		case k == "tactics" && slices.Equal(commaList(joined), scalars(v)):
			tag(k, joined)
		case k == "relevantTechniques" && slices.Equal(commaList(joined), scalars(v)):
			tag("techniques", joined)
		case k != "query":
			aside.put(k, v)
		}
	}
	p := mapOf("category", textNode(category), "displayName", textNode(name), "query", doc.get("query"), "version", plainNode("2"), "tags", listOf(tags))
	return savedSearchNode(id, p)
}

func savedSearchNode(id string, p *Node) *Node {
	return mapOf("type", textNode("Microsoft.OperationalInsights/workspaces/savedSearches"),
		"name", textNode("[concat(parameters('workspace'),'/"+id+"')]"), "apiVersion", textNode(savedSearchAPI), "properties", quoted(p))
}

func summaryLogs(id string, doc, aside *Node) *Node {
	p, d := mapOf("ruleType", textNode("User")), &Node{kind: object}
	for i, k := range doc.keys {
		switch k {
		case "displayName", "description":
			p.put(k, doc.kids[i])
		case "query", "binSize", "destinationTable", "binDelay", "binStartTime", "timeSelector":
			d.put(k, doc.kids[i])
		default:
			aside.put(k, doc.kids[i])
		}
	}
	p.put("ruleDefinition", d)
	return mapOf("type", textNode("Microsoft.OperationalInsights/workspaces/summaryLogs"),
		"name", textNode("[concat(parameters('workspace'),'/"+id+"')]"), "apiVersion", textNode(summaryLogsAPI), "properties", quoted(p))
}

// resource is the function as a saved search with an alias.
func (f *Function) resource() *Node {
	doc := f.document()
	p := mapOf("category", textNode(first(f.Category, "Function")), "displayName", textNode(first(f.Title, f.Name)), "query", textNode(f.Query),
		"functionAlias", textNode(f.alias()), "functionParameters", textOf(f.signature()), "version", plainNode("2"))
	if f.Description != "" {
		p.put("tags", listOf([]*Node{mapOf("name", textNode("description"), "value", textNode(f.Description))}))
	}
	out := savedSearchNode(resourceName(first(f.ID, f.alias())), p)
	out.put("metadata", mapOf(asideKey, quoted(doc.without([]string{"FunctionQuery"}).without([]string{"ParserQuery"}))))
	return out
}

// quoted is a copy in which no text reads as a template expression.
func quoted(n *Node) *Node {
	out := *n
	if n.kind == scalar {
		if t := quoteARM(n.text); t != n.text {
			out.text, out.quoted = t, true
		}
		return &out
	}
	out.kids = make([]*Node, len(n.kids))
	for i, k := range n.kids {
		out.kids[i] = quoted(k)
	}
	return &out
}
