package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"quarry/detect/attack"
)

// periods are the schedules that a custom detection can have, with how far each
// looks back. Source: Microsoft Defender XDR, custom detection rules.
var periods = []struct {
	name           string
	every, lookups time.Duration
}{
	{"24H", 24 * time.Hour, 30 * 24 * time.Hour},
	{"12H", 12 * time.Hour, 48 * time.Hour},
	{"3H", 3 * time.Hour, 12 * time.Hour},
	{"1H", time.Hour, 4 * time.Hour},
}

// longestPeriod is how far a Sentinel rule can look back.
const longestPeriod = 14 * 24 * time.Hour

// assets pairs the assets of a custom detection with entities of Sentinel. An asset is
// identified by the column that has its name. Source: Microsoft Graph,
// security.impactedAsset and its kinds; an asset without an identifier has no equivalent.
var assets = []struct{ kind, asset, entity, identifier string }{
	{"device", "deviceId", "Host", ""},
	{"device", "deviceName", "Host", "FullName"},
	{"device", "remoteDeviceName", "Host", "FullName"},
	{"device", "targetDeviceName", "Host", "FullName"},
	{"device", "destinationDeviceName", "Host", "FullName"},
	{"user", "accountObjectId", "Account", "AadUserId"},
	{"user", "accountSid", "Account", "Sid"},
	{"user", "accountUpn", "Account", "FullName"},
	{"user", "accountName", "Account", "Name"},
	{"user", "accountDomain", "Account", "NTDomain"},
	{"user", "accountId", "Account", ""},
	{"user", "requestAccountSid", "Account", "Sid"},
	{"user", "requestAccountName", "Account", "Name"},
	{"user", "requestAccountDomain", "Account", "NTDomain"},
	{"user", "recipientObjectId", "Account", "AadUserId"},
	{"user", "processAccountObjectId", "Account", ""},
	{"user", "initiatingAccountSid", "Account", ""},
	{"user", "initiatingProcessAccountUpn", "Account", "FullName"},
	{"user", "initiatingAccountName", "Account", ""},
	{"user", "initiatingAccountDomain", "Account", ""},
	{"user", "servicePrincipalId", "Account", ""},
	{"user", "servicePrincipalName", "Account", ""},
	{"user", "targetAccountUpn", "Account", "FullName"},
	{"mailbox", "accountUpn", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "fileOwnerUpn", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "initiatingProcessAccountUpn", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "lastModifyingAccountUpn", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "targetAccountUpn", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "senderFromAddress", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "senderDisplayName", "Mailbox", ""},
	{"mailbox", "recipientEmailAddress", "Mailbox", "MailboxPrimaryAddress"},
	{"mailbox", "senderMailFromAddress", "Mailbox", "MailboxPrimaryAddress"},
}

// columnOf is the column of an asset: DeviceId for deviceId.
func columnOf(asset string) string {
	for i, c := range asset {
		return string(unicode.ToUpper(c)) + asset[i+len(string(c)):]
	}
	return ""
}

// XDR is the rule as a Defender XDR custom detection, in the JSON that Microsoft Graph
// takes and gives (security/rules/detectionRules). Only a rule that raises alerts from
// a query can be one.
func (r *Rule) XDR() ([]byte, Notes, error) {
	n, notes, err := r.detectionNode()
	if err != nil {
		return nil, notes, err
	}
	return n.json(), notes, nil
}

// XDRList is several rules as one list, as Graph answers with it.
func XDRList(rules []*Rule) (data []byte, notes []Notes, errs []error) {
	all := &Node{kind: list}
	for _, r := range rules {
		n, note, err := r.detectionNode()
		notes, errs = append(notes, note), append(errs, err)
		if err == nil {
			all.kids = append(all.kids, n)
		}
	}
	return mapOf("value", all).json(), notes, errs
}

var graphFields = fieldsOf(`
	id* displayName* isEnabled* queryCondition.queryText* schedule.period*
	detectionAction.alertTemplate.title* detectionAction.alertTemplate.description* detectionAction.alertTemplate.severity*
	detectionAction.alertTemplate.category* detectionAction.alertTemplate.mitreTechniques* detectionAction.alertTemplate.recommendedActions*
	detectionAction.alertTemplate.impactedAssets.@odata.type* detectionAction.alertTemplate.impactedAssets.identifier*`)

func (r *Rule) detectionNode() (*Node, Notes, error) {
	var notes Notes
	if !r.Runnable() || r.Kind == Summary || !slices.Contains([]Kind{Scheduled, NRT, Hunting, Query, Custom}, r.Kind) {
		return nil, notes, fmt.Errorf("a rule of kind %s cannot be a custom detection, which raises alerts from a query", r.Kind)
	}
	enabled := r.Enabled == nil || *r.Enabled
	alert := mapOf("title", textOf(first(r.AlertDetails.NameFormat, r.Name)), "description", textOf(first(r.AlertDetails.DescriptionFormat, r.Description)))
	severity := strings.ToLower(r.Severity)
	if severity == "" {
		severity = "medium"
		notes.add("severity", "the rule has none; medium")
	}
	alert.put("severity", textNode(severity))
	if c, ok := category(r.Tactics); ok {
		alert.put("category", textNode(c))
	} else if r.Kind != Custom {
		alert.put("category", textNode(noTactic))
		if len(r.Tactics) == 0 {
			notes.add("tactics", "the rule has none; its category is "+noTactic)
		}
	}
	alert.put("recommendedActions", textOf(r.RecommendedActions))
	alert.put("mitreTechniques", first(textsOf(r.Techniques), &Node{kind: list}))
	alert.put("impactedAssets", first(r.assetNodes(&notes), &Node{kind: list}))
	out := mapOf("displayName", textNode(r.Name), "isEnabled", flagOf(&enabled),
		"queryCondition", mapOf("queryText", textNode(r.Query)),
		"schedule", mapOf("period", textNode(r.schedule(&notes))),
		"detectionAction", mapOf("alertTemplate", alert))
	r.lostToXDR(&notes)
	slices.SortStableFunc(notes.Lost, func(a, b Loss) int { return fieldOrder(a.Field) - fieldOrder(b.Field) })
	if r.graph {
		whole := mapOf("id", textOf(r.doc.get("id").str()))
		for i, k := range out.keys {
			whole.put(k, out.kids[i])
		}
		out = whole
		graphFields.overlay(out, r.doc, "", r.unchanged())
	}
	return out, notes, nil
}

// noTactic is the category of an alert that no tactic describes.
const noTactic = "SuspiciousActivity"

// category is the first tactic that a custom detection can have as its category.
func category(tactics []string) (string, bool) {
	for _, t := range tactics {
		if k, ok := attack.FindTactic(t); ok {
			if !strings.HasPrefix(k.ID, "TA00") {
				continue
			}
			return k.Name, true
		}
		return t, true // a category of XDR's own, such as Ransomware
	}
	return "", false
}

func (r *Rule) assetNodes(notes *Notes) *Node {
	list := slices.Clone(r.Assets)
	var lost []string
	for _, m := range r.EntityMappings {
		for _, f := range m.Fields {
			if a, ok := assetOf(m.EntityType, f.Column); !ok {
				lost = append(lost, m.EntityType+"."+f.Identifier+" ("+f.Column+")")
			} else if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	if len(lost) > 0 {
		notes.lose("entityMappings", "no impacted asset for "+strings.Join(lost, ", "))
	}
	var out []*Node
	for _, a := range list {
		out = append(out, mapOf("@odata.type", textNode("#microsoft.graph.security.impacted"+title(a.Kind)+"Asset"), "identifier", textNode(a.Identifier)))
	}
	return listOf(out)
}

func assetOf(entity, column string) (Asset, bool) {
	for _, a := range assets {
		if strings.EqualFold(a.entity, entity) && columnOf(a.asset) == column {
			return Asset{a.kind, a.asset}, true
		}
	}
	return Asset{}, false
}

// schedule picks the period that runs at least as often as the rule, and says what
// differs.
func (r *Rule) schedule(notes *Notes) string {
	every, err := ParseDuration(r.QueryFrequency)
	switch {
	case r.Kind == NRT || r.Kind == Custom && r.QueryFrequency == "0":
		if r.QueryPeriod != "" {
			notes.lose("queryPeriod", "a continuous detection has none")
		}
		return "0"
	case err != nil:
		notes.add("queryFrequency", "the rule has no schedule; 24H")
		every = 24 * time.Hour
	}
	p := periods[len(periods)-1]
	for i := len(periods) - 1; i >= 0 && periods[i].every <= every; i-- {
		p = periods[i]
	}
	if err == nil && p.every != every {
		notes.lose("queryFrequency", fmt.Sprintf("%s is none of 0, 1H, 3H, 12H and 24H; the detection runs every %s", r.QueryFrequency, p.name))
	}
	if back, err := ParseDuration(r.QueryPeriod); r.QueryPeriod != "" && (err != nil || back != p.lookups) {
		notes.lose("queryPeriod", fmt.Sprintf("every %s always looks back %s, not %s", p.name, FormatDuration(p.lookups), r.QueryPeriod))
	}
	return p.name
}

// lostToXDR lists what Graph's custom detection has no place for, in the order of
// Sentinel's YAML. A setting that says what a custom detection does anyway is no loss.
func (r *Rule) lostToXDR(notes *Notes) {
	const none = "a custom detection has no such field"
	lose := func(lost bool, field, why string) {
		if lost {
			notes.lose(field, why)
		}
	}
	d, a := r.AlertDetails, r.Incident
	lose(!r.graph && !r.named() && r.Kind != Custom, "id", "the service gives each detection an id of its own")
	lose(d.DescriptionFormat != "" && r.Description != "", "description", "the alert's description is alertDescriptionFormat")
	lose(r.Status != "", "status", none)
	lose(len(r.Connectors) > 0, "requiredDataConnectors", none)
	if t := r.Trigger; t != nil && !(t.Threshold == 0 && (t.Symbol() == ">" || t.Symbol() == "!=")) {
		notes.lose("triggerOperator", "any row raises an alert")
		notes.lose("triggerThreshold", "any row raises an alert")
	}
	lose(r.StartTime != "", "startTimeUtc", none)
	if c, ok := category(r.Tactics); ok && len(r.Tactics) > 1 {
		notes.lose("tactics", "a custom detection has one category; "+c+" is kept")
	} else {
		lose(!ok && len(r.Tactics) > 0, "tactics", "no category of a custom detection is called so; it is "+noTactic)
	}
	lose(len(r.Tags) > 0, "tags", none)
	lose(len(r.SentinelEntities) > 0, "sentinelEntitiesMappings", none)
	lose(len(r.CustomDetails) > 0, "customDetails", none)
	lose(d.TacticsColumn != "", "alertDetailsOverride.alertTacticsColumnName", none)
	lose(d.SeverityColumn != "", "alertDetailsOverride.alertSeverityColumnName", none)
	lose(len(d.Dynamic) > 0, "alertDetailsOverride.alertDynamicProperties", none)
	lose(r.AggregationKind != "" && !strings.EqualFold(r.AggregationKind, "AlertPerResult"), "eventGroupingSettings", "each row raises its own alert")
	lose(r.SuppressionEnabled, "suppressionEnabled", none)
	lose(r.SuppressionDuration != "", "suppressionDuration", none)
	lose(a != nil && !a.Create, "incidentConfiguration.createIncident", "alerts always become incidents")
	lose(a != nil && a.groups(), "incidentConfiguration.groupingConfiguration", "the product groups alerts by itself")
	lose(r.Template != "", "alertRuleTemplateName", none)
	lose(r.TemplateVersion != "", "templateVersion", none)
	lose(r.Version != "", "version", none)
	lose(len(r.Metadata) > 0, "metadata", none)
	lose(r.ProductFilter != "", "productFilter", none)
	lose(len(r.SeveritiesFilter) > 0, "severitiesFilter", none)
	lose(len(r.DisplayNamesFilter) > 0, "displayNamesFilter", none)
	lose(len(r.DisplayNamesExcludeFilter) > 0, "displayNamesExcludeFilter", none)
	lose(r.DestinationTable != "", "destinationTable", none)
	lose(r.BinSize != "", "binSize", none)
	r.lostFromPage(notes)
	if r.doc != nil && !r.graph {
		for _, path := range sentinelFields.others(r.doc, "") {
			notes.lose(path, none)
		}
	}
}

// lostFromPage lists what only a catalogue page says.
func (r *Rule) lostFromPage(notes *Notes) {
	if len(r.Platforms) > 0 {
		notes.lose("Platform", "it follows from the connectors")
	}
	if r.URL != "" {
		notes.lose("DetectionUrl", "no rule says where it is published")
	}
	if r.Ingested != "" {
		notes.lose("IngestedDate", "a date of the catalogue")
	}
}

// others lists the paths of a document that the table does not hold.
func (t fieldTable) others(doc *Node, path string) []string {
	var out []string
	for i, k := range doc.keys {
		v := doc.kids[i]
		m, held := t[strings.ToLower(path+k)]
		switch {
		case v.kind == null:
		case !held:
			out = append(out, path+k)
		case m != branch:
		case v.kind == object:
			out = append(out, t.others(v, path+k+".")...)
		case v.kind == list:
			for _, item := range v.kids {
				if item.kind == object {
					out = union(out, t.others(item, path+k+"."))
				}
			}
		}
	}
	return out
}

// asSentinel is the rule with what it needs to be one of Sentinel's: a custom
// detection becomes a scheduled or NRT rule, a bare query a hunting query.
func (r *Rule) asSentinel() (*Rule, Notes) {
	var notes Notes
	r.lostFromPage(&notes)
	if r.Kind == Query {
		s := *r
		s.Kind = Hunting
		return &s, notes
	}
	if r.Kind != Custom {
		return r, notes
	}
	s := *r
	s.Kind, s.doc, s.raw, s.graph = Scheduled, nil, "", false
	if s.ID = r.ID; !r.named() && r.graph {
		s.ID = first(guidText.FindString(r.doc.get("detectorId").str()), r.ID)
	}
	s.Trigger = &Trigger{Operator: "gt"}
	every, err := ParseDuration(r.QueryFrequency)
	switch {
	case r.QueryFrequency == "0":
		s.Kind, s.QueryFrequency, s.Trigger = NRT, "", nil
	case err == nil:
		s.QueryPeriod = FormatDuration(min(every, longestPeriod))
		for _, p := range periods {
			if p.every == every {
				s.QueryPeriod = FormatDuration(min(p.lookups, longestPeriod))
				if p.lookups > longestPeriod {
					notes.lose("schedule.period", fmt.Sprintf("every %s looks back %s; a Sentinel rule looks back %s at most", p.name, FormatDuration(p.lookups), FormatDuration(longestPeriod)))
				}
			}
		}
	}
	if len(r.Tactics) > 0 {
		if _, ok := attack.FindTactic(r.Tactics[0]); !ok {
			notes.lose("detectionAction.alertTemplate.category", r.Tactics[0]+" is no tactic")
			s.Tactics = nil
		}
	}
	s.AggregationKind = first(s.AggregationKind, "AlertPerResult")
	for _, a := range r.Assets {
		found := false
		for _, e := range assets {
			if e.kind == a.Kind && e.asset == a.Identifier && e.identifier != "" {
				s.EntityMappings = append(s.EntityMappings, EntityMapping{e.entity, []FieldMapping{{e.identifier, columnOf(a.Identifier)}}})
				found = true
				break
			}
		}
		if !found {
			notes.lose("detectionAction.alertTemplate.impactedAssets", "no entity of Sentinel for the "+a.Kind+" "+a.Identifier)
		}
	}
	s.Assets = nil
	if r.RecommendedActions != "" {
		notes.lose("detectionAction.alertTemplate.recommendedActions", "a Sentinel rule has no such field")
	}
	if r.graph {
		for _, path := range graphFields.others(r.doc, "") {
			notes.lose(path, "a Sentinel rule has no such field")
		}
	}
	return &s, notes
}
