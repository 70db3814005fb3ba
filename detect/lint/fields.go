package lint

import (
	"fmt"
	"slices"
	"strings"

	"quarry/detect/rule"
	"quarry/kql/diag"
)

// kinds is a set of kinds of rules.
type kinds uint8

const (
	scheduled kinds = 1 << iota
	nrt
	hunting
	summary
	microsoft // MicrosoftSecurityIncidentCreation: alerts of other products, no query
	builtIn   // Fusion and its kin, which run in Microsoft's cloud only

	none      kinds = 0
	analytics       = scheduled | nrt | microsoft | builtIn
	queried         = scheduled | nrt | hunting | summary
	alerting        = scheduled | nrt
	all             = analytics | hunting | summary
)

// shape is what a value must be.
type shape uint8

const (
	text shape = iota
	list
	mapping
	flag
	anything
)

// field is one key of a schema: which kinds know it, and which need it.
type field struct {
	name         string
	known, needs kinds
	shape        shape
}

// sentinelFields are the fields of a rule in Sentinel's YAML.
var sentinelFields = []field{
	{"id", all, all, text},
	{"kind", analytics, analytics, text},
	{"name", all, all &^ summary, text},
	{"displayName", all, summary, text},
	{"description", all, all &^ summary, text},
	{"severity", analytics, analytics &^ microsoft, text},
	{"status", all, none, text},
	{"version", all, analytics, text},
	{"requiredDataConnectors", all, scheduled, list},
	{"query", queried, queried, text},
	{"queryFrequency", scheduled, scheduled, text},
	{"queryPeriod", scheduled, scheduled, text},
	{"triggerOperator", scheduled, scheduled, text},
	{"triggerThreshold", scheduled, scheduled, text},
	{"tactics", all, none, list},
	{"relevantTechniques", all, none, list},
	{"entityMappings", alerting | hunting | builtIn, none, list},
	{"sentinelEntitiesMappings", alerting | hunting, none, list},
	{"customDetails", alerting | hunting, none, mapping},
	{"alertDetailsOverride", alerting | hunting, none, mapping},
	{"eventGroupingSettings", alerting | hunting, none, mapping},
	{"suppressionEnabled", alerting, none, flag},
	{"suppressionDuration", alerting, none, text},
	{"incidentConfiguration", alerting | microsoft | builtIn, none, mapping},
	{"productFilter", microsoft, microsoft, text},
	{"severitiesFilter", microsoft, none, list},
	{"displayNamesFilter", microsoft, none, list},
	{"displayNamesExcludeFilter", microsoft, none, list},
	{"destinationTable", summary, summary, text},
	{"binSize", summary, summary, text},
	{"binDelay", summary, none, text},
	{"binStartTime", summary, none, text},
	{"startTimeUtc", all, none, text},
	{"alertRuleTemplateName", all, none, text},
	{"templateVersion", all, none, text},
	{"enabled", all, none, flag},
	{"tags", all, none, list},
	{"metadata", all, none, mapping},
	{"tests", all, none, anything}, // Quarry's own: cases of the rule
}

// exportFields are those of a rule's properties in an export for Azure.
var exportFields = []field{
	{"displayName", all, all, text},
	{"description", all, none, text},
	{"severity", analytics, alerting, text},
	{"enabled", all, none, flag},
	{"query", queried, queried, text},
	{"queryFrequency", scheduled, scheduled, text},
	{"queryPeriod", scheduled, scheduled, text},
	{"triggerOperator", scheduled, scheduled, text},
	{"triggerThreshold", scheduled, scheduled, text},
	{"tactics", all, none, list},
	{"techniques", all, none, list},
	{"relevantTechniques", all, none, list},
	{"subTechniques", all, none, list},
	{"entityMappings", alerting | hunting, none, list},
	{"sentinelEntitiesMappings", alerting | hunting, none, list},
	{"customDetails", alerting | hunting, none, mapping},
	{"alertDetailsOverride", alerting | hunting, none, mapping},
	{"eventGroupingSettings", alerting | hunting, none, mapping},
	{"suppressionEnabled", alerting, none, flag},
	{"suppressionDuration", alerting, none, text},
	{"incidentConfiguration", alerting | microsoft, none, mapping},
	{"productFilter", microsoft, microsoft, text},
	{"severitiesFilter", microsoft, none, list},
	{"displayNamesFilter", microsoft, none, list},
	{"displayNamesExcludeFilter", microsoft, none, list},
	{"requiredDataConnectors", all, none, list},
	{"status", all, none, text},
	{"version", all, none, text},
	{"startTimeUtc", all, none, text},
	{"lastModifiedUtc", all, none, text},
	{"alertRuleTemplateName", all, none, text},
	{"templateVersion", all, none, text},
	{"alertRulesCreatedByTemplateCount", all, none, text},
	{"createdDateUTC", all, none, text},
	{"lastUpdatedDateUTC", all, none, text},
	{"isEnabled", all, none, flag},
	// What stands beside the properties, and what Quarry's own exports keep there.
	{"id", all, none, text},
	{"kind", all, none, text},
	{"name", all, none, text},
	{"tags", all, none, list},
	{"metadata", all, none, mapping},
	{"tests", all, none, anything},
}

// The mappings within a rule. The kinds play no part there: known to all, needed or not.
var (
	connectorFields = []field{{"connectorId", all, all, text}, {"dataTypes", all, all, list}}
	entityFields    = []field{{"entityType", all, all, text}, {"fieldMappings", all, all, list}}
	mappingFields   = []field{{"identifier", all, all, text}, {"columnName", all, all, text}}
	entitiesFields  = []field{{"columnName", all, all, text}}
	alertFields     = []field{
		{"alertDisplayNameFormat", all, none, text}, {"alertDescriptionFormat", all, none, text},
		{"alertTacticsColumnName", all, none, text}, {"alertSeverityColumnName", all, none, text},
		{"alertDynamicProperties", all, none, list},
	}
	propertyFields = []field{{"alertProperty", all, all, text}, {"value", all, all, text}}
	eventFields    = []field{{"aggregationKind", all, none, text}}
	incidentFields = []field{{"createIncident", all, none, flag}, {"groupingConfiguration", all, none, mapping}}
	groupingFields = []field{
		{"enabled", all, none, flag}, {"reopenClosedIncident", all, none, flag}, {"lookbackDuration", all, none, text},
		{"matchingMethod", all, none, text}, {"groupByEntities", all, none, list}, {"groupByAlertDetails", all, none, list},
		{"groupByCustomDetails", all, none, list},
	}
	parserFields = []field{
		{"id", all, none, text}, {"Function", all, none, mapping}, {"Category", all, none, text}, {"FunctionName", all, all, text},
		{"FunctionAlias", all, none, text}, {"FunctionQuery", all, all, text}, {"FunctionParams", all, none, anything},
		{"version", all, none, text}, {"description", all, none, text}, {"metadata", all, none, mapping}, {"tags", all, none, list},
	}
	asimFields = []field{
		{"Parser", all, all, mapping}, {"Product", all, none, mapping}, {"Normalization", all, none, mapping}, {"References", all, none, list},
		{"Description", all, none, text}, {"ParserName", all, all, text}, {"EquivalentBuiltInParser", all, none, text},
		{"ParserParams", all, none, list}, {"Parsers", all, none, list}, {"ParserQuery", all, all, text}, {"id", all, none, text},
	}
	titleFields = []field{{"Title", all, all, text}, {"Version", all, all, text}, {"LastUpdated", all, none, text}}
	paramFields = []field{{"Name", all, all, text}, {"Type", all, all, text}, {"Default", all, none, anything}}
)

func kindsOf(k rule.Kind) kinds {
	switch k {
	case rule.Scheduled:
		return scheduled
	case rule.NRT:
		return nrt
	case rule.Hunting:
		return hunting
	case rule.Summary:
		return summary
	case "MicrosoftSecurityIncidentCreation":
		return microsoft
	}
	return builtIn
}

// fields holds a mapping to a schema and reports whether it is one.
func (f *file) fields(n *rule.Node, what string, schema []field, kind kinds, at place) bool {
	if !n.IsMap() {
		f.value("QL006", n, "", "%s is not a mapping", what)
		return false
	}
	have := map[string]bool{}
	for _, m := range n.Members() {
		i := slices.IndexFunc(schema, func(s field) bool { return strings.EqualFold(s.name, m.Key) })
		if i < 0 {
			f.unknownKey(m, what, schema)
			continue
		}
		s := schema[i]
		have[s.name] = have[s.name] || !empty(m.Value)
		switch {
		case s.name != m.Key:
			x := f.report("QL004", f.key(m), fmt.Sprintf("the key %s is written %s", m.Key, s.name), "keys are case-sensitive")
			if f.from(m.Line, m.Column) != "" && strings.HasPrefix(f.from(m.Line, m.Column), m.Key) {
				x.Fix = &Edit{Line: m.Line, Column: m.Column, Old: m.Key, New: s.name}
			}
		case s.known&kind == 0:
			f.report("QL008", f.key(m), fmt.Sprintf("%s has no effect in %s", s.name, what), "take it out, or change the kind")
		}
		if empty(m.Value) {
			if s.needs&kind != 0 {
				f.report("QL005", f.key(m), fmt.Sprintf("%s is empty", s.name), "")
				have[s.name] = true
			}
			continue
		}
		f.shape(m, s)
	}
	for _, s := range schema {
		if s.needs&kind != 0 && !have[s.name] {
			f.report("QL005", at, fmt.Sprintf("%s is missing in %s", s.name, what), "")
		}
	}
	return true
}

// empty reports a value that is null or blank text. An empty list is a value.
func empty(n *rule.Node) bool {
	return !n.IsList() && !n.IsMap() && strings.TrimSpace(n.Text()) == ""
}

func (f *file) unknownKey(m rule.Member, what string, schema []field) {
	names := make([]string, len(schema))
	for i, s := range schema {
		names[i] = s.name
	}
	hint := ""
	if near := diag.Nearest(m.Key, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	f.report("QL004", f.key(m), fmt.Sprintf("the key %q is unknown in %s", m.Key, what), hint)
}

func (f *file) shape(m rule.Member, s field) {
	v := m.Value
	at := f.of(v)
	switch {
	case s.shape == text && !v.IsText():
		f.report("QL006", at, s.name+" is not text", "")
	case s.shape == list && !v.IsList():
		f.report("QL006", at, s.name+" is not a list", "write each entry on a line of its own, after \"- \"")
	case s.shape == mapping && !v.IsMap():
		f.report("QL006", at, s.name+" is not a mapping", "")
	case s.shape == flag && v.Text() != "true" && v.Text() != "false":
		f.report("QL006", at, s.name+" is neither true nor false", "")
	}
}
