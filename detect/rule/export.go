package rule

import (
	"regexp"
	"strings"
)

var guidText = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)

// export finds the rules in a JSON file: ARM templates of alert rules and saved
// searches at any depth (a solution's mainTemplate nests templates in resources),
// Defender custom detections, and plain lists of rules in Sentinel's schema.
func (r *reader) export(n *Node) {
	before := len(r.out.Rules) + len(r.out.Functions) + len(r.out.Problems)
	r.search(n)
	if len(r.out.Rules)+len(r.out.Functions)+len(r.out.Problems) == before {
		r.warn(n, "not a rule: there is no query")
	}
}

func (r *reader) search(n *Node) {
	if n.kind == object {
		p := n.get("properties")
		kind := strings.ToLower(n.get("type").str())
		switch {
		case n.get("queryCondition") != nil:
			r.custom(n)
			return
		case p.get("query") != nil && strings.Contains(kind, "savedsearches"):
			r.savedSearch(n, p)
			return
		case p.get("query") != nil && p.get("displayName") != nil,
			strings.Contains(kind, "alertrule") && p.get("displayName") != nil:
			r.sentinel(n, p, resourceID(n))
			return
		case n.get("FunctionQuery") != nil, n.get("ParserQuery") != nil:
			r.function(n)
			return
		case n.get("query").str() != "" && (n.get("name") != nil || n.get("displayName") != nil):
			r.sentinel(n, n, "")
			return
		}
	}
	for _, k := range n.kids {
		r.search(k)
	}
}

// resourceID takes the GUID out of "[concat(parameters('workspace'),'/Microsoft.SecurityInsights/GUID')]".
func resourceID(n *Node) string {
	for _, key := range []string{"name", "id"} {
		if g := guidText.FindAllString(n.get(key).str(), -1); len(g) > 0 {
			return g[len(g)-1]
		}
	}
	return ""
}

// savedSearch reads a workspace's saved query: a function when it has an alias,
// else a hunting query whose tags hold description, tactics and techniques.
func (r *reader) savedSearch(n, p *Node) {
	name, q := clean(p.get("displayName").str()), p.get("query")
	if alias := r.text(p, "functionAlias"); alias != "" {
		f := &Function{Name: alias, Title: name, Category: r.text(p, "category"), Version: r.text(p, "version"),
			Params: splitParams(r.text(p, "functionParameters")), File: r.file, Line: n.line}
		f.Query, f.lineBase, f.indent, f.inline = placeOf(q)
		r.out.Functions = append(r.out.Functions, f)
		return
	}
	rule := &Rule{ID: resourceID(n), Name: name, Kind: Hunting, Version: r.text(p, "version"), File: r.file, Line: n.line, doc: p}
	for _, t := range kids(p.get("tags")) {
		v := r.text(t, "value")
		switch strings.ToLower(r.text(t, "name")) {
		case "description":
			rule.Description = clean(v)
		case "tactics":
			rule.Tactics = union(rule.Tactics, commaList(v))
		case "techniques", "relevanttechniques":
			rule.Techniques = union(rule.Techniques, commaList(v))
		default:
			rule.Tags = append(rule.Tags, Pair{r.text(t, "name"), v})
		}
	}
	r.query(rule, q)
	if !rule.Runnable() {
		return
	}
	if rule.ID == "" {
		rule.ID = r.nextID()
	}
	rule.Name = first(rule.Name, rule.ID)
	r.out.Rules = append(r.out.Rules, rule)
}

// custom reads a Defender XDR custom detection as Microsoft Graph gives it.
func (r *reader) custom(n *Node) {
	q := n.get("queryCondition").get("queryText")
	alert := n.get("detectionAction").get("alertTemplate")
	rule := &Rule{
		ID:          first(r.text(n, "id"), r.text(n, "detectorId")),
		Name:        clean(first(r.text(n, "displayName"), r.text(alert, "title"))),
		Description: clean(r.text(alert, "description")),
		Kind:        Custom, Severity: title(r.text(alert, "severity")),
		Tactics: nonEmpty(r.text(alert, "category")), Techniques: r.texts(alert, "mitreTechniques"),
		File: r.file, Line: n.line, doc: n,
	}
	switch period := r.text(n.get("schedule"), "period"); period {
	case "":
	case "0":
		rule.QueryFrequency = "0"
	default:
		rule.QueryFrequency = strings.ToLower(period)
	}
	if q == nil {
		r.problem(n, "the custom detection has no queryCondition.queryText", "", false)
		return
	}
	r.query(rule, q)
	if !rule.Runnable() {
		return
	}
	if rule.ID == "" {
		rule.ID = r.nextID()
	}
	rule.Name = first(rule.Name, rule.ID)
	r.out.Rules = append(r.out.Rules, rule)
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}

func commaList(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ",") {
		out = append(out, nonEmpty(strings.TrimSpace(part))...)
	}
	return out
}
