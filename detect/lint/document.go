package lint

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"

	"quarry/detect/rule"
	"quarry/kql/diag"
)

// document is one rule or parser with the columns its query gives.
type document struct {
	*file
	rule.Document
	n       *rule.Node // the fields
	kind    kinds
	export  bool // an ARM export
	what    string
	columns *columns // nil when they cannot be known
}

func (f *file) document(d rule.Document) {
	x := &document{file: f, Document: d, n: d.Node, export: d.Form == rule.ExportForm, what: "the rule"}
	switch d.Form {
	case rule.SentinelForm:
		x.kind = kindsOf(d.Rule.Kind)
		if x.kind == hunting && d.Node.Get("binSize") != nil {
			x.kind = summary // whose table is missing
		}
		x.sentinel()
	case rule.ExportForm:
		x.kind = kindsOf(d.Rule.Kind)
		x.sentinel()
	case rule.SavedForm:
		x.kind = kindsOf(d.Rule.Kind)
		x.saved()
	case rule.CustomForm:
		x.custom()
	case rule.ParserForm:
		x.parser()
	default:
		x.unknown()
	}
}

// idNode is the value that holds a document's id; nil where an id has another form: in
// an export it is part of a name, and Defender counts.
func idNode(d rule.Document) *rule.Node {
	if d.Form != rule.SentinelForm && d.Form != rule.ParserForm {
		return nil
	}
	return d.Node.Get("id")
}

// member is the named key with its value, when it is there.
func member(n *rule.Node, name string) (rule.Member, bool) {
	for _, m := range n.Members() {
		if strings.EqualFold(m.Key, name) {
			return m, true
		}
	}
	return rule.Member{}, false
}

// top is the place of the document.
func (d *document) top() place {
	at := d.of(d.n)
	at.line = max(at.line, 1)
	at.column = max(at.column, 1)
	return at
}

// unknown holds a document without a query to the schema of rules when it reads like one.
func (d *document) unknown() {
	alike := 0
	for _, m := range d.n.Members() {
		switch strings.ToLower(m.Key) {
		case "severity", "tactics", "relevanttechniques", "entitymappings", "queryfrequency", "queryperiod", "triggeroperator", "requireddataconnectors", "customdetails", "binsize", "destinationtable":
			alike++
		}
	}
	if alike < 2 {
		return
	}
	d.out = slices.DeleteFunc(d.out, func(x Finding) bool { return x.Code == "QL002" })
	d.Rule = &rule.Rule{Kind: rule.Hunting}
	d.kind = hunting
	if d.n.Get("severity") != nil || d.n.Get("queryFrequency") != nil || d.n.Get("kind") != nil {
		d.kind = scheduled
	}
	d.sentinel()
}

// saved holds a saved search or a summary rule of an export to what they share with
// rules.
func (d *document) saved() {
	d.name(d.n.Get("name"))
	d.attack()
	if d.Rule.Runnable() {
		d.query(d.Rule)
	}
	if d.kind == summary {
		d.summary()
	}
}

func (d *document) sentinel() {
	schema := sentinelFields
	if d.export {
		schema = exportFields
	}
	d.what = map[kinds]string{scheduled: "a scheduled rule", nrt: "an NRT rule", hunting: "a hunting query", summary: "a summary rule"}[d.kind]
	if d.what == "" {
		d.what = "a rule of kind " + string(d.Rule.Kind)
	}
	if !d.fields(d.n, d.what, schema, d.kind, d.top()) {
		return
	}
	d.identity()
	d.connectors()
	d.schedule()
	d.attack()
	if d.Rule.Runnable() {
		d.columns = d.query(d.Rule)
	}
	d.entities()
	d.details()
	d.incident()
	if d.kind == summary {
		d.summary()
	}
}

var (
	guid    = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	version = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// The choices of enumerations, as Sentinel writes them.
var (
	kindNames = []string{"Scheduled", "NRT", "Fusion", "MLBehaviorAnalytics", "MicrosoftSecurityIncidentCreation", "ThreatIntelligence", "Anomaly", "BlackBox"}
	severity  = []string{"Informational", "Low", "Medium", "High"}
	statuses  = []string{"Available", "InPreview", "Deprecated"}
)

func (d *document) identity() {
	if id := d.n.Get("id"); id.IsText() && !d.export {
		d.id(id)
	}
	if k, ok := member(d.n, "kind"); ok && k.Value.IsText() && !d.export {
		if !slices.ContainsFunc(kindNames, func(s string) bool { return strings.EqualFold(s, k.Value.Text()) }) {
			d.value("QL012", k.Value, near(k.Value.Text(), kindNames), "%q is not a kind of rule", k.Value.Text())
		}
	}
	name := d.n.Get("name")
	if !name.IsText() {
		name = d.n.Get("displayName")
	}
	d.name(name)
	if !d.export {
		d.description(d.n.Get("description"))
	}
	d.choice("QL021", d.n.Get("severity"), "severity", severity)
	d.choice("QL022", d.n.Get("status"), "status", statuses)
	if v := d.n.Get("version"); v.IsText() && !empty(v) && (!version.MatchString(strings.TrimSpace(v.Text())) || length(v.Text()) > 20) {
		d.value("QL023", v, "write X.Y.Z, such as 1.0.0", "%q is not a version", v.Text())
	}
}

func (d *document) id(n *rule.Node) {
	id := strings.TrimSpace(n.Text())
	if id == "" {
		return
	}
	if !guid.MatchString(id) {
		d.value("QL010", n, "any generator of GUIDs will do, such as uuidgen", "%q is not a GUID", id)
	}
	if used := d.ids[strings.ToLower(id)]; len(used) > 1 {
		line, _ := n.Place()
		if here := fmt.Sprintf("%s:%d", d.Name, line); here != used[0] {
			d.value("QL011", n, "give each rule an id of its own", "the id %s is already used in %s", id, used[0])
		}
	}
}

func (d *document) name(n *rule.Node) {
	if !n.IsText() || empty(n) {
		return
	}
	s := unquoted(n.Text())
	switch size := length(s); {
	case size > 256:
		d.value("QL013", n, "", "the name has %d characters, at most 256 are allowed", size)
	case size > 100:
		d.value("QL014", n, "", "the name has %d characters, more than 100", size)
	case size > 50:
		d.value("QL015", n, "", "the name has %d characters; the guide stops at 50", size)
	}
	if strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "..") {
		x := d.value("QL016", n, "take it out", "the name ends in a period")
		if e := d.edit(n, n.Text(), strings.TrimSuffix(n.Text(), ".")); e != nil && s == n.Text() {
			x.Fix = e
		}
	}
	if !sentenceCase(s) {
		d.value("QL017", n, "a capital at the start and in names only", "the name is not in sentence case")
	}
}

// sentenceCase is lenient: names of products are capital too, so only a small first
// letter, or capitals on nearly every word of a longer name, count.
func sentenceCase(s string) bool {
	words := strings.Fields(s)
	if len(words) == 0 {
		return true
	}
	if c := words[0][0]; c >= 'a' && c <= 'z' && strings.ToLower(words[0]) == words[0] {
		return false
	}
	capital, counted := 0, 0
	for _, w := range words[1:] {
		if c := w[0]; len(w) > 3 && strings.ToLower(w[1:]) == w[1:] && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			counted++
			if c <= 'Z' {
				capital++
			}
		}
	}
	return counted < 3 || capital < counted
}

var sentenceEnd = regexp.MustCompile(`[.!?](?:\s|$)`)

func (d *document) description(n *rule.Node) {
	if !n.IsText() || empty(n) {
		return
	}
	s := unquoted(n.Text())
	if size := length(s); size > 5000 {
		d.value("QL018", n, "", "the description has %d characters, at most 5000 are allowed", size)
	} else if sentences := len(sentenceEnd.FindAllString(s, -1)); size > 255 || sentences > 5 {
		d.value("QL019", n, "", "the description has %d characters in %d sentences; the guide stops at 255 in 5", size, max(sentences, 1))
	}
	first := strings.ToLower(s)
	if !strings.HasPrefix(first, "this query searches for") && !strings.HasPrefix(first, "identifies") {
		d.value("QL020", n, `start with "This query searches for" or "Identifies"`, "the description begins in another way than the guide's")
	}
}

// choice holds a value to an enumeration.
func (d *document) choice(code string, n *rule.Node, name string, choices []string) {
	if !n.IsText() || empty(n) {
		return
	}
	s := strings.TrimSpace(n.Text())
	if slices.Contains(choices, s) {
		return
	}
	for _, c := range choices {
		if strings.EqualFold(c, s) {
			d.spelling("QL024", n, c, "%s is written %s", s, c)
			return
		}
	}
	hint := near(s, choices)
	if hint == "" {
		hint = "one of " + strings.Join(choices, ", ")
	}
	d.value(code, n, hint, "%q is not a choice of %s", s, name)
}

// near is a hint at what was meant.
func near(s string, choices []string) string {
	if n := diag.Nearest(s, choices); n != "" {
		return fmt.Sprintf("did you mean %s?", n)
	}
	return ""
}

// unquoted is a text without the blanks around it and the literal single quotes that
// authors put inside YAML blocks.
func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}

// length counts as Sentinel's checks do, in UTF-16 units.
func length(s string) int { return len(utf16.Encode([]rune(s))) }

func (d *document) connectors() {
	list := d.n.Get("requiredDataConnectors")
	for _, c := range list.Items() {
		if !c.IsMap() {
			d.value("QL030", c, "write connectorId: and dataTypes:", "an entry of requiredDataConnectors is not a mapping")
			continue
		}
		at := d.of(c)
		for _, m := range c.Members() {
			if !slices.ContainsFunc(connectorFields, func(s field) bool { return s.name == m.Key }) {
				d.unknownKey(m, "a connector", connectorFields)
			}
		}
		if id := c.Get("connectorId"); id == nil {
			d.report("QL030", at, "a connector has no connectorId", "")
		} else if !id.IsText() {
			d.value("QL030", id, "", "connectorId is not text")
		} else {
			d.connectorID(id)
		}
		switch types := c.Get("dataTypes"); {
		case types == nil:
			d.report("QL030", at, "a connector has no dataTypes", "")
		case !types.IsList():
			d.value("QL030", types, "", "dataTypes is not a list")
		default:
			for _, t := range types.Items() {
				if empty(t) || !t.IsText() {
					d.value("QL030", t, "", "an entry of dataTypes is not text")
				}
			}
			d.twice(types.Items(), "dataTypes")
		}
	}
}

//go:embed connectors.txt
var connectorsText string

var connectorIDs = sync.OnceValue(func() []string {
	var out []string
	for _, line := range strings.Split(connectorsText, "\n") {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.Fields(line)...)
		}
	}
	return out
})

func (d *document) connectorID(n *rule.Node) {
	id := strings.TrimSpace(n.Text())
	if id == "" || slices.Contains(connectorIDs(), id) {
		return
	}
	switch like := diag.Nearest(id, connectorIDs()); {
	case strings.EqualFold(like, id):
		d.spelling("QL031", n, like, "the connector %s is written %s", id, like)
	case like != "":
		d.value("QL031", n, fmt.Sprintf("did you mean %s?", like), "the connector %q is unknown", id)
	default:
		d.value("QL032", n, "", "the connector %q is unknown", id)
	}
}

// twice reports entries that a list has already.
func (f *file) twice(items []*rule.Node, what string) {
	seen := map[string]bool{}
	for _, n := range items {
		s := strings.ToLower(strings.TrimSpace(n.Text()))
		if n.IsText() && seen[s] {
			f.value("QL058", n, "take it out", "%s lists %s twice", what, strings.TrimSpace(n.Text()))
		}
		seen[s] = true
	}
}
