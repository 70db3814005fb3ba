package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"quarry/detect/rule"
)

var detailName = regexp.MustCompile(`^[a-zA-Z]+\w*$`)

func (d *document) details() {
	members := d.n.Get("customDetails").Members()
	for i, m := range members {
		if i == 20 {
			d.report("QL070", d.key(m), fmt.Sprintf("the rule has %d custom details, at most 20 are allowed", len(members)), "")
		}
		if !detailName.MatchString(m.Key) || length(m.Key) > 20 {
			d.report("QL071", d.key(m), fmt.Sprintf("%q is not a name for a custom detail", snip(m.Key)), "a letter, then letters, digits and underscores, at most 20")
		}
		switch {
		case empty(m.Value):
			d.report("QL005", d.key(m), fmt.Sprintf("the custom detail %s names no column", m.Key), "")
		case !m.Value.IsText():
			d.value("QL006", m.Value, "", "the custom detail %s is not the name of a column", m.Key)
		default:
			d.column(m.Value, "the custom detail "+m.Key)
		}
	}
	o := d.n.Get("alertDetailsOverride")
	if o == nil || !d.fields(o, "alertDetailsOverride", alertFields, all, d.of(o)) {
		return
	}
	d.format(o.Get("alertDisplayNameFormat"), "alertDisplayNameFormat", 256)
	d.format(o.Get("alertDescriptionFormat"), "alertDescriptionFormat", 5000)
	d.column(o.Get("alertTacticsColumnName"), "alertTacticsColumnName")
	d.column(o.Get("alertSeverityColumnName"), "alertSeverityColumnName")
	seen := map[string]bool{}
	for _, p := range o.Get("alertDynamicProperties").Items() {
		if !d.fields(p, "an entry of alertDynamicProperties", propertyFields, all, d.of(p)) {
			continue
		}
		n := p.Get("alertProperty")
		d.choice("QL075", n, "alertProperty", alertProperties)
		if s := strings.ToLower(n.Text()); s != "" && seen[s] {
			d.value("QL075", n, "set each once", "the alert property %s is set twice", n.Text())
		} else {
			seen[s] = true
		}
		d.column(p.Get("value"), "the alert property "+n.Text())
	}
}

// alertProperties are the properties of an alert that a column can set.
var alertProperties = []string{"AlertLink", "ConfidenceLevel", "ConfidenceScore", "ExtendedLinks", "ProductName", "ProviderName", "ProductComponentName", "RemediationSteps", "Techniques", "SubTechniques"}

var (
	braces      = regexp.MustCompile(`\{\{\s*(.*?)\s*\}\}`)
	looseBraces = regexp.MustCompile(`\{\{|\}\}`)
)

// format checks a text with columns in {{ }}.
func (d *document) format(n *rule.Node, name string, most int) {
	if !n.IsText() || empty(n) {
		return
	}
	s := n.Text()
	if size := length(strings.TrimSpace(s)); size > most {
		d.value("QL072", n, "", "%s has %d characters, at most %d are allowed", name, size, most)
	}
	found := braces.FindAllStringSubmatch(s, -1)
	if len(found) > 3 {
		d.report("QL073", d.within(n, found[3][0]), fmt.Sprintf("%s names %d columns, at most 3 are allowed", name, len(found)), "")
	}
	var told []string
	for _, m := range found {
		if slices.Contains(told, m[0]) {
			continue
		}
		told = append(told, m[0])
		at := d.within(n, m[0])
		if !columnName.MatchString(m[1]) {
			d.report("QL074", at, fmt.Sprintf("%s holds %s, which names no column", name, snip(m[0])), "write {{Column}}")
			continue
		}
		d.missing(d.within(n, m[1]), n, m[1], name)
	}
	if loose := looseBraces.FindString(braces.ReplaceAllString(s, "")); loose != "" {
		d.report("QL074", d.of(n), fmt.Sprintf("%s has %s without its other half", name, loose), "write {{Column}}")
	}
}
