package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// parser checks a solution's parser or an ASIM parser.
func (d *document) parser() {
	schema, title := parserFields, "Function"
	d.what = "a parser"
	if d.n.Get("ParserQuery") != nil || d.n.Get("ParserName") != nil {
		schema, title, d.what = asimFields, "Parser", "an ASIM parser"
	}
	if !d.fields(d.n, d.what, schema, all, d.top()) {
		return
	}
	if id := d.n.Get("id"); id.IsText() {
		d.id(id)
	}
	if t := d.n.Get(title); t != nil {
		d.fields(t, title, titleFields, all, d.of(t))
	}
	for _, p := range d.n.Get("ParserParams").Items() {
		if !d.fields(p, "a parameter", paramFields, all, d.of(p)) {
			continue
		}
		if n := p.Get("Type"); n.IsText() && !strings.Contains(n.Text(), "(") {
			if _, ok := types.Parse(strings.TrimSpace(n.Text())); !ok && !strings.HasPrefix(n.Text(), "table:") {
				d.value("QL092", n, "", "%q is not a type", n.Text())
			}
		}
	}
	if d.Function != nil && d.Function.Query != "" {
		d.function(d.Function)
	}
}

// function checks the body of a saved function. A body that names parameters can only
// be parsed: what they hold is up to the caller.
func (f *file) function(fn *rule.Function) {
	text := fn.Text()
	script, errs := syntax.Parse(text)
	if errs != nil {
		f.diagnostics(&query{file: f, text: text}, errs)
		return
	}
	q := &query{file: f, text: text, script: script, saved: true}
	if len(fn.Params) == 0 && f.compiler != nil {
		f.compile(q)
	}
	q.check()
}

// assets are the columns one of which tells Defender what a detection is about.
var assets = []string{"DeviceId", "DeviceName", "RemoteDeviceName", "RecipientEmailAddress", "SenderFromAddress", "SenderMailFromAddress", "RecipientObjectId",
	"AccountObjectId", "AccountSid", "AccountUpn", "InitiatingProcessAccountSid", "InitiatingProcessAccountUpn", "InitiatingProcessAccountObjectId"}

// frequencies are how often Defender runs a detection.
var frequencies = []string{"0", "1H", "3H", "12H", "24H"}

// custom checks a Defender custom detection.
func (d *document) custom() {
	d.what = "the custom detection"
	condition := d.n.Get("queryCondition").Get("queryText")
	if condition == nil {
		d.report("QL005", d.top(), "queryCondition.queryText is missing in the custom detection", "")
	}
	name := d.n.Get("displayName")
	if name == nil {
		d.report("QL005", d.top(), "displayName is missing in the custom detection", "")
	}
	d.name(name)
	period := d.n.Get("schedule").Get("period")
	switch s := strings.TrimSpace(period.Text()); {
	case period == nil:
		d.report("QL005", d.top(), "schedule.period is missing in the custom detection", "one of "+strings.Join(frequencies, ", "))
	case slices.Contains(frequencies, s):
	case slices.Contains(frequencies, strings.ToUpper(s)):
		d.spelling("QL024", period, strings.ToUpper(s), "the period %s is written %s", s, strings.ToUpper(s))
	default:
		v, err := rule.ParseDuration(s)
		if !strings.HasPrefix(strings.ToUpper(s), "P") || err != nil || v < 5*time.Minute || v > 14*day {
			d.value("QL094", period, "one of "+strings.Join(frequencies, ", "), "%q is not a period of custom detections", s)
		}
	}
	alert := d.n.Get("detectionAction").Get("alertTemplate")
	if s := alert.Get("severity"); s.IsText() && !empty(s) && !slices.ContainsFunc(severity, func(x string) bool { return strings.EqualFold(x, s.Text()) }) {
		d.value("QL021", s, near(s.Text(), severity), "%q is not a choice of severity", s.Text())
	}
	for _, n := range alert.Get("mitreTechniques").Items() {
		d.technique(n, nil)
	}
	if !d.Rule.Runnable() {
		return
	}
	d.columns = d.query(d.Rule)
	if d.columns != nil {
		var lacks []string
		for _, c := range []string{"Timestamp", "ReportId"} {
			if !d.columns.has(c) {
				lacks = append(lacks, c)
			}
		}
		if !slices.ContainsFunc(assets, d.columns.has) {
			lacks = append(lacks, "a column such as DeviceId, AccountUpn or RecipientEmailAddress")
		}
		if len(lacks) > 0 {
			d.value("QL093", condition, "", "the query does not return %s", strings.Join(lacks, ", "))
		}
	}
	if strings.TrimSpace(period.Text()) == "0" {
		d.continuous(condition)
	}
}

var comment = regexp.MustCompile(`(?m)(^|[\s;|)])//`)

// continuous holds a query to what Defender can run as events arrive.
func (d *document) continuous(value *rule.Node) {
	text := d.Rule.Text()
	script, errs := syntax.Parse(text)
	if errs != nil {
		return
	}
	bad := func(span source.Span, message string) {
		at, _ := d.inQuery(text, value, span)
		d.report("QL095", at, message, "give it a period of 1H or more, or take that out")
	}
	tables := map[string]bool{}
	q := &query{file: d.file, text: text, script: script}
	for _, n := range q.tables() {
		if tables[n.Text] = true; len(tables) == 2 {
			bad(n.Pos(), fmt.Sprintf("a continuous detection reads one table, and %s is a second", n.Text))
			break
		}
	}
	syntax.Walk(script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Join:
			bad(n.Keyword(), "a continuous detection has no "+map[bool]string{true: "lookup", false: "join"}[n.Lookup])
		case *syntax.Union:
			bad(n.Keyword(), "a continuous detection has no union")
		case *syntax.ExternalData:
			bad(source.Span{Start: n.Pos().Start, End: n.Pos().Start + len("externaldata")}, "a continuous detection has no externaldata")
		}
		return true
	})
	if at := comment.FindStringIndex(text.Body); at != nil {
		bad(source.Span{Start: at[1] - 2, End: at[1]}, "a continuous detection has no comments")
	}
}
