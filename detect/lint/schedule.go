package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"quarry/detect/rule"
)

const day = 24 * time.Hour

func (d *document) schedule() {
	frequency, okF := d.duration("queryFrequency", d.n.Get("queryFrequency"))
	period, okP := d.duration("queryPeriod", d.n.Get("queryPeriod"))
	if okF {
		d.between("QL042", d.n.Get("queryFrequency"), "queryFrequency", frequency, 5*time.Minute, 14*day)
	}
	if okP {
		d.between("QL042", d.n.Get("queryPeriod"), "queryPeriod", period, 5*time.Minute, 14*day)
	}
	if okF && okP {
		n := d.n.Get("queryPeriod")
		switch {
		case period < frequency:
			d.value("QL043", n, "make queryPeriod at least as long as queryFrequency", "queryPeriod is %s, shorter than the queryFrequency of %s", rule.FormatDuration(period), rule.FormatDuration(frequency))
		case period >= 2*day && frequency < time.Hour:
			d.value("QL044", d.n.Get("queryFrequency"), "run it every hour or less often, or look back less than 2d", "queryFrequency is %s with a queryPeriod of %s", rule.FormatDuration(frequency), rule.FormatDuration(period))
		}
	}
	d.trigger()
	d.suppression()
	if a := d.n.Get("eventGroupingSettings"); a != nil && d.fields(a, "eventGroupingSettings", eventFields, all, d.of(a)) {
		d.choice("QL049", a.Get("aggregationKind"), "aggregationKind", []string{"SingleAlert", "AlertPerResult"})
	}
}

var (
	isoDuration  = regexp.MustCompile(`^P(?:\d+W)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?$`)
	repoDuration = regexp.MustCompile(`^\d+[mhd]$`)
	netDuration  = regexp.MustCompile(`^(?:\d+\.)?\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?$`)
)

// duration reads a duration and reports its notation.
func (d *document) duration(name string, n *rule.Node) (time.Duration, bool) {
	if !n.IsText() || empty(n) {
		return 0, false
	}
	s := strings.TrimSpace(n.Text())
	v, err := rule.ParseDuration(s)
	if err != nil {
		d.value("QL040", n, "write it as 5m, 1h or 14d", "%s %q is not a duration", name, s)
		return 0, false
	}
	right := rule.FormatDuration(v)
	iso := isoDuration.MatchString(s)
	switch {
	case d.export && !iso:
		d.spelling("QL041", n, isoText(v), "%s is %q, and exports take ISO 8601 only", name, s)
	case d.export, repoDuration.MatchString(s), netDuration.MatchString(s):
	case strings.Trim(s, "0123456789") == "":
		d.spelling("QL041", n, right, "%s is %q, which means %s", name, s, right)
	case v%time.Minute != 0:
		d.value("QL041", n, "Sentinel counts in minutes", "%s is %q, and Sentinel's repository refuses seconds", name, s)
	default:
		d.spelling("QL041", n, right, "%s is %q, a notation that Sentinel's repository refuses", name, s)
	}
	return v, true
}

// isoText is a duration in ISO 8601, in the largest units that divide it.
func isoText(v time.Duration) string {
	s := rule.FormatDuration(v)
	if strings.HasSuffix(s, "d") {
		return "P" + strings.ToUpper(s)
	}
	return "PT" + strings.ToUpper(s)
}

func (d *document) between(code string, n *rule.Node, name string, v, low, high time.Duration) {
	if v < low || v > high {
		d.value(code, n, "", "%s is %s, not between %s and %s", name, rule.FormatDuration(v), rule.FormatDuration(low), rule.FormatDuration(high))
	}
}

// operators are the trigger operators in both of their forms.
var operators = []string{"gt", "lt", "eq", "ne", "GreaterThan", "LessThan", "Equal", "NotEqual"}

// signs are other spellings whose meaning is plain.
var signs = map[string]string{">": "gt", "<": "lt", "=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "equals": "eq", "notequals": "ne"}

func (d *document) trigger() {
	op := d.n.Get("triggerOperator")
	if s := strings.TrimSpace(op.Text()); op.IsText() && s != "" && !slices.Contains(operators, s) {
		right := signs[strings.ToLower(s)]
		for _, o := range operators {
			if strings.EqualFold(o, s) {
				right = o
			}
		}
		if right != "" {
			d.spelling("QL045", op, right, "the trigger operator is written %q", s)
		} else {
			d.value("QL045", op, "one of gt, lt, eq, ne", "%q is not a trigger operator", s)
		}
	}
	n := d.n.Get("triggerThreshold")
	s := strings.TrimSpace(n.Text())
	if !n.IsText() || s == "" {
		return
	}
	i, err := strconv.Atoi(s)
	switch {
	case err != nil:
		d.value("QL046", n, "", "triggerThreshold %q is not a whole number", s)
	case i < 0 || i > 10000:
		d.value("QL046", n, "", "triggerThreshold is %d, not between 0 and 10000", i)
	case i == 0 && d.Rule.Trigger != nil && d.Rule.Trigger.Symbol() == "<":
		d.value("QL047", n, "a rule that fires when nothing is found compares eq 0", "fewer than 0 rows are never found")
	}
}

func (d *document) suppression() {
	on, n := d.n.Get("suppressionEnabled"), d.n.Get("suppressionDuration")
	if strings.EqualFold(on.Text(), "true") && n == nil {
		d.value("QL048", on, "add suppressionDuration, at most 24h", "suppression is on and has no duration")
	}
	if v, ok := d.duration("suppressionDuration", n); ok {
		d.between("QL048", n, "suppressionDuration", v, 5*time.Minute, 24*time.Hour)
	}
}

// bins are the sizes of a summary rule's bins, in minutes.
var bins = []string{"20", "30", "60", "120", "180", "360", "720", "1440"}

var customTable = regexp.MustCompile(`^[a-zA-Z]\w*_CL$`)

func (d *document) summary() {
	if n := d.n.Get("binSize"); n.IsText() && !empty(n) && !slices.Contains(bins, strings.TrimSpace(n.Text())) {
		d.value("QL090", n, "one of "+strings.Join(bins, ", "), "binSize %q is not one of the sizes that Sentinel takes", n.Text())
	}
	if n := d.n.Get("destinationTable"); n.IsText() && !empty(n) && (!customTable.MatchString(n.Text()) || len(n.Text()) > 63) {
		hint := ""
		if !strings.HasSuffix(n.Text(), "_CL") {
			hint = "its name ends in _CL"
		}
		d.value("QL091", n, hint, "%q is not the name of a custom table", n.Text())
	}
}

func (d *document) incident() {
	n := d.n.Get("incidentConfiguration")
	if n == nil || !d.fields(n, "incidentConfiguration", incidentFields, all, d.of(n)) {
		return
	}
	g := n.Get("groupingConfiguration")
	if g == nil || !d.fields(g, "groupingConfiguration", groupingFields, all, d.of(g)) {
		return
	}
	if v, ok := d.duration("lookbackDuration", g.Get("lookbackDuration")); ok {
		d.between("QL080", g.Get("lookbackDuration"), "lookbackDuration", v, 5*time.Minute, 7*day)
	}
	method := g.Get("matchingMethod")
	d.choice("QL081", method, "matchingMethod", []string{"AllEntities", "AnyAlert", "Selected"})
	by := []*rule.Node{g.Get("groupByEntities"), g.Get("groupByAlertDetails"), g.Get("groupByCustomDetails")}
	if strings.EqualFold(strings.TrimSpace(method.Text()), "Selected") && !slices.ContainsFunc(by, func(n *rule.Node) bool { return len(n.Items()) > 0 }) {
		d.value("QL082", method, "add one of them, or use AllEntities", "matchingMethod is Selected and nothing is selected")
	}
	var types, details []string
	for _, e := range d.n.Get("entityMappings").Items() {
		types = append(types, strings.TrimSpace(e.Get("entityType").Text()))
	}
	for _, m := range d.n.Get("customDetails").Members() {
		details = append(details, m.Key)
	}
	d.grouped(by[0], types, "an entity type that the rule maps")
	d.grouped(by[1], []string{"DisplayName", "Severity"}, "a detail of alerts to group by")
	d.grouped(by[2], details, "a custom detail of the rule")
}

func (d *document) grouped(list *rule.Node, have []string, what string) {
	d.twice(list.Items(), "the grouping")
	for _, n := range list.Items() {
		s := strings.TrimSpace(n.Text())
		if slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, s) }) {
			continue
		}
		hint := near(s, have)
		if hint == "" && len(have) > 0 {
			hint = fmt.Sprintf("there are %s", strings.Join(have, ", "))
		}
		d.value("QL083", n, hint, "%q is not %s", s, what)
	}
}
