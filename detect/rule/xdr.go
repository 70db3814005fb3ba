package rule

import "strings"

// custom reads a Defender XDR custom detection as Microsoft Graph gives it.
func (r *reader) custom(n *Node) {
	rule := r.detection(n)
	r.docs = append(r.docs, Document{Form: CustomForm, Node: n, Rule: rule})
	if n.get("queryCondition").get("queryText") == nil {
		r.problem(n, "the custom detection has no queryCondition.queryText", "", false)
		return
	}
	if rule.Runnable() {
		r.keep(rule, n)
	}
}

// detection reads the fields of a custom detection. The title of its alerts may
// differ from the rule's name; then it is what Sentinel calls the display name format.
func (r *reader) detection(n *Node) *Rule {
	alert := r.mapping(r.mapping(n, "detectionAction"), "alertTemplate")
	rule := &Rule{
		ID:          first(r.text(n, "id"), r.text(n, "detectorId")),
		Name:        clean(first(r.text(n, "displayName"), r.text(alert, "title"))),
		Description: clean(r.text(alert, "description")),
		Kind:        Custom, Severity: title(r.text(alert, "severity")),
		Tactics: nonEmpty(r.text(alert, "category")), Techniques: r.texts(alert, "mitreTechniques"),
		Enabled: r.optionalFlag(n, "isEnabled"), RecommendedActions: r.text(alert, "recommendedActions"),
		File: r.file, Line: n.line, doc: n, graph: true,
	}
	if t := r.text(alert, "title"); t != rule.Name {
		rule.AlertDetails.NameFormat = t
	}
	schedule := r.mapping(n, "schedule")
	rule.QueryFrequency = strings.ToLower(r.duration(schedule, "period"))
	if d, err := ParseDuration(r.duration(schedule, "frequency")); err == nil && rule.QueryFrequency == "" {
		rule.QueryFrequency = FormatDuration(d)
	}
	for _, a := range r.list(alert, "impactedAssets", "@odata.type and identifier") {
		kind := r.text(a, "@odata.type")
		kind = strings.TrimSuffix(strings.TrimPrefix(kind[strings.LastIndexByte(kind, '.')+1:], "impacted"), "Asset")
		rule.Assets = append(rule.Assets, Asset{strings.ToLower(kind), r.text(a, "identifier")})
	}
	r.query(rule, n.get("queryCondition").get("queryText"))
	return rule
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}
