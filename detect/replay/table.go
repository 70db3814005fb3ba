package replay

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"quarry/detect"
)

// TableOptions say how the table looks.
type TableOptions struct {
	Color bool
	Width int // columns; 0 is 80
}

// maxListed bounds the lines of a section.
const maxListed = 15

type printer struct {
	b     strings.Builder
	color bool
	width int
}

// line prints one line, cut to the width.
func (p *printer) line(format string, args ...any) {
	s := detect.Line(fmt.Sprintf(format, args...))
	p.b.WriteString(strings.TrimRight(text.Snip(s, p.width, "…"), " ") + "\n")
}

// wrapped prints a text on as many lines as it needs.
func (p *printer) wrapped(s string) {
	for i, l := range strings.Split(text.WrapSoft(detect.Line(s), p.width-4), "\n") {
		indent := "  "
		if i > 0 {
			indent = "    "
		}
		p.b.WriteString(strings.TrimRight(indent+l, " ") + "\n")
	}
}

func (p *printer) bold(s string) string {
	if !p.color {
		return s
	}
	return text.Colors{text.Bold}.EscapeSeq() + s + text.EscapeReset
}

func (p *printer) section(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.b.WriteString("\n" + p.bold(title) + "\n")
	for i, it := range items {
		if i == maxListed {
			p.line("  ... and %d more; --format json has them all", len(items)-i)
			break
		}
		p.wrapped(it)
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if stem, ok := strings.CutSuffix(word, "y"); ok && !strings.HasSuffix(stem, "a") {
		return fmt.Sprintf("%d %sies", n, stem) // query, but day
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func writeTable(w io.Writer, r *Report, o TableOptions) error {
	p := &printer{color: o.Color, width: o.Width}
	if p.width <= 0 {
		p.width = 80
	}
	p.rules(r)
	s := &r.Summary
	head := fmt.Sprintf("%d of %s made alerts", s.Alerted, plural(s.Rules, "rule"))
	rest := fmt.Sprintf(", %d quiet", s.Quiet)
	if s.Refused > 0 {
		rest += fmt.Sprintf(", %d refused", s.Refused)
	}
	if s.NeedData > 0 {
		rest += fmt.Sprintf(", %d without their data", s.NeedData)
	}
	p.b.WriteString(p.bold(head) + rest + "\n")
	p.line("%s and %s from %s to %s UTC", plural(s.Alerts, "alert"), plural(s.Incidents, "incident"), short(r.From), short(r.To))
	runs := plural(s.Runs, "run")
	for _, c := range []struct {
		n    int
		what string
	}{{s.Suppressed, "suppressed"}, {s.Failed, "failed"}, {s.Capped, "over the cap"}} {
		if c.n > 0 {
			runs += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	p.line("%s", runs)
	p.line("%.1f s; %s had to be run", s.Seconds, plural(s.Queries, "query"))
	p.days(s.Days)
	p.list("Noisiest entities", s.Entities)
	p.tuning(r)
	p.failures(r)
	p.section("Rule files with problems", s.RuleProblems)
	_, err := io.WriteString(w, p.b.String())
	return err
}

func short(t string) string {
	if len(t) < 16 {
		return t
	}
	return t[:10] + " " + t[11:16]
}

// rules prints a line for each rule that made or hid something, the noisiest first.
func (p *printer) rules(r *Report) {
	var list []*ruleReport
	for i := range r.Rules {
		if x := &r.Rules[i]; x.Alerts > 0 || len(x.Hidden) > 0 {
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Alerts > list[j].Alerts })
	columns := []struct {
		title string
		value func(*ruleReport) int64
		shown bool // also when all are zero
	}{
		{"ALERTS", func(x *ruleReport) int64 { return int64(x.Alerts) }, true},
		{"INCIDENTS", func(x *ruleReport) int64 { return int64(len(x.Incidents)) }, true},
		{"CAPPED", func(x *ruleReport) int64 { return int64(x.Capped) }, false},
		{"SUPPRESSED", func(x *ruleReport) int64 { return int64(x.Suppressed) }, false},
		{"HIDDEN", func(x *ruleReport) int64 { return x.hidden() }, false},
	}
	numbers := 0
	for i := range columns {
		for _, x := range list {
			columns[i].shown = columns[i].shown || columns[i].value(x) > 0
		}
		if columns[i].shown {
			numbers += len(columns[i].title) + 2
		}
	}
	name := 4
	for _, x := range list {
		name = max(name, text.StringWidthWithoutEscSequences(detect.Line(x.Name)))
	}
	name = min(name, max(16, p.width-6-numbers))
	row := func(sev, rule string, x *ruleReport) string {
		line := text.Pad(sev, 6, ' ') + text.Pad(text.Snip(detect.Line(rule), name, "…"), name, ' ')
		for _, c := range columns {
			cell := c.title
			if x != nil {
				cell = fmt.Sprint(c.value(x))
			}
			if c.shown {
				line += fmt.Sprintf("  %*s", len(c.title), cell)
			}
		}
		return line
	}
	p.b.WriteString(p.bold(row("SEV", "RULE", nil)) + "\n")
	for _, x := range list {
		sev := x.Severity
		switch {
		case strings.EqualFold(sev, "Informational"):
			sev = "Info"
		case strings.EqualFold(sev, "Medium"):
			sev = "Med"
		case sev == "":
			sev = "-"
		}
		if x.SeverityWas != "" {
			sev += "*"
		}
		p.b.WriteString(row(text.Snip(sev, 5, ""), x.Name, x) + "\n")
	}
	p.b.WriteString("\n")
}

// hidden is the number of rows and alerts that exclusions hid.
func (x *ruleReport) hidden() int64 {
	n := int64(0)
	for _, h := range x.Hidden {
		n += h.Rows + h.Alerts
	}
	return n
}

// days draws the alerts of each day; days without any between two others are told in
// one line.
func (p *printer) days(days map[string]int) {
	if len(days) == 0 {
		return
	}
	p.b.WriteString("\n" + p.bold("Alerts per day") + "\n")
	keys := sortedKeys(days)
	most := 0
	for _, n := range days {
		most = max(most, n)
	}
	digits := len(fmt.Sprint(most))
	room := max(10, p.width-len("  2026-01-01  ")-digits-1)
	for i, d := range keys {
		if i > 0 {
			a, err1 := time.Parse("2006-01-02", keys[i-1])
			b, err2 := time.Parse("2006-01-02", d)
			if gap := int(b.Sub(a).Hours()/24) - 1; err1 == nil && err2 == nil && gap > 0 {
				p.line("  %s", strings.TrimSuffix(fmt.Sprintf("... %s without", plural(gap, "day")), " "))
			}
		}
		n := days[d]
		p.line("  %s %*d %s", d, digits, n, strings.Repeat("█", max(1, n*room/most)))
	}
}

func (p *printer) list(title string, entities []entityCount) {
	var items []string
	for _, e := range entities {
		items = append(items, fmt.Sprintf("%d  %s", e.Alerts, e.Entity))
	}
	p.section(title, items)
}

// tuning tells what was hidden and changed, and what no longer is.
func (p *printer) tuning(r *Report) {
	var items []string
	for _, h := range r.Summary.Hidden {
		var what []string
		if h.Rows > 0 {
			what = append(what, plural(int(h.Rows), "row"))
		}
		if h.Alerts > 0 {
			what = append(what, plural(int(h.Alerts), "alert"))
		}
		items = append(items, fmt.Sprintf("%s: %s (%s: %s)", h.Exclusion, strings.Join(what, ", "), h.Owner, h.Reason))
	}
	p.section("Hidden by exclusions", items)
	items = nil
	for i := range r.Rules {
		if x := &r.Rules[i]; x.SeverityWas != "" && x.Alerts > 0 {
			items = append(items, fmt.Sprintf("%s: %s in place of %s", x.Name, x.Severity, x.SeverityWas))
		}
	}
	p.section("Severities changed (*)", items)
	p.section("Tuning that is not applied", r.Summary.Expired)
	items = nil
	for i := range r.Rules {
		items = append(items, r.Rules[i].Problems...)
	}
	p.section("Tuning with problems", items)
}

func (p *printer) failures(r *Report) {
	var refused, missing, failed []string
	for i := range r.Rules {
		x := &r.Rules[i]
		switch {
		case x.Status == Refused:
			refused = append(refused, x.Name+": "+x.Reason)
		case x.Status == Needs:
			missing = append(missing, x.Name+" "+x.Reason)
		case x.Failed > 0:
			failed = append(failed, fmt.Sprintf("%s: %d of %s; %s", x.Name, x.Failed, plural(x.Runs, "run"), x.Reason))
		}
	}
	p.section("Refused", refused)
	p.section("Missing", missing)
	p.section("Failed runs", failed)
}
