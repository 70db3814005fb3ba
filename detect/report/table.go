package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"quarry/detect"
)

// maxListed bounds the rules and needs that the table view spells out.
const maxListed = 15

// Table prints a line for each rule that fired, then what the hunt came to.
// Without colour it holds no escape sequence; a line has at most o.Width columns.
func Table(w io.Writer, r *detect.Result, o Options) error {
	width := o.Width
	if width <= 0 {
		width = 80
	}
	p := painter(o.Color)
	var b strings.Builder
	if list := fired(r); len(list) > 0 {
		b.WriteString(firedTable(list, width, p))
		b.WriteString("\n\n")
	}
	summary(&b, r, width, p)
	_, err := io.WriteString(w, b.String())
	return err
}

type painter bool

func (p painter) color(s string, c ...text.Color) string {
	if !p {
		return s
	}
	return text.Colors(c).EscapeSeq() + s + text.EscapeReset
}

func severityColor(severity string) text.Color {
	switch rank(severity) {
	case 4:
		return text.FgRed
	case 3:
		return text.FgYellow
	case 2, 1:
		return text.FgCyan
	}
	return text.FgHiBlack
}

func firedTable(list []*detect.RuleResult, width int, p painter) string {
	// Wide screens show whole times; 80 columns show month, day and minute of the
	// first hit (its date when the hits span years) and the distance of the last one.
	wide, years := width >= 120, spanYears(list)
	hits := len("HITS")
	for _, x := range list {
		hits = max(hits, len(thousands(x.Hits)))
	}
	first, last := 11, 6
	if wide {
		first, last = 19, 19
	}
	const severity, gaps = 6, 5 * 2
	// The rule's name gets the room it needs, the tactics what is left.
	left := max(24, width-severity-hits-first-last-gaps)
	title := 0
	for _, x := range list {
		title = max(title, text.StringWidthWithoutEscSequences(detect.Line(x.Name)))
	}
	title = max(4, min(title, left-10))
	tactic := min(34, left-title)

	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.Options{SeparateHeader: false}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.AppendHeader(table.Row{"SEV", "RULE", "TACTIC", "HITS", "FIRST", "LAST"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMin: severity}, {Number: 2, WidthMin: title}, {Number: 3, WidthMin: tactic},
		{Number: 4, WidthMin: hits, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 5, WidthMin: first}, {Number: 6, WidthMin: last},
	})
	for _, x := range list {
		sev := x.Severity
		if sev == "" {
			sev = "-"
		} else if strings.EqualFold(sev, "Informational") {
			sev = "Info"
		}
		if x.SeverityWas != "" {
			sev = strings.Replace(sev, "Medium", "Med", 1) + "*"
		}
		t.AppendRow(table.Row{
			p.color(sev, severityColor(x.Severity)), snip(x.Name, title), snip(strings.Join(tacticTitles(x.Tactics), ", "), tactic),
			thousands(x.Hits), firstText(x, wide, years), lastText(x, wide),
		})
	}
	lines := strings.Split(t.Render(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	if p {
		lines[0] = p.color(lines[0], text.Bold)
	}
	return strings.Join(lines, "\n")
}

func snip(s string, width int) string { return text.Snip(detect.Line(s), width, "…") }

// spanYears reports whether hits lie in different years, so that a month and a day
// alone would mislead.
func spanYears(list []*detect.RuleResult) bool {
	years := map[string]bool{}
	for _, x := range list {
		for _, t := range []string{x.First, x.Last} {
			if len(t) >= 4 {
				years[t[:4]] = true
			}
		}
	}
	return len(years) > 1
}

func firstText(x *detect.RuleResult, wide, years bool) string {
	s := shortTime(x.First)
	switch {
	case wide || len(s) < 16:
		return s
	case years:
		return s[:10]
	}
	return s[5:16]
}

func lastText(x *detect.RuleResult, wide bool) string {
	if wide {
		return shortTime(x.Last)
	}
	a, err1 := time.Parse(time.RFC3339Nano, x.First)
	b, err2 := time.Parse(time.RFC3339Nano, x.Last)
	if err1 != nil || err2 != nil {
		return ""
	}
	return "+" + distance(b.Sub(a))
}

// distance is a duration in its largest two units at most: 3d4h, 2h5m, 12s.
func distance(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

func summary(b *strings.Builder, r *detect.Result, width int, p painter) {
	s := r.Summary
	line := func(format string, args ...any) {
		l := detect.Line(fmt.Sprintf(format, args...))
		indent := len(l) - len(strings.TrimLeft(l, " "))
		wrapped := text.WrapSoft(strings.TrimSpace(l), width-indent-2)
		for i, part := range strings.Split(wrapped, "\n") {
			pad := indent
			if i > 0 {
				pad += 2
			}
			b.WriteString(strings.TrimRight(strings.Repeat(" ", pad)+part, " ") + "\n")
		}
	}
	head := fmt.Sprintf("%d of %s fired", s.Fired, plural(int64(s.Rules), "rule"))
	if s.Fired > 0 {
		head = p.color(head, text.Bold)
	}
	rest := fmt.Sprintf(", %d quiet", s.Quiet)
	if s.Refused > 0 {
		rest += fmt.Sprintf(", %d refused", s.Refused)
	}
	if s.NeedData > 0 {
		rest += fmt.Sprintf(", %d without their data", s.NeedData)
	}
	b.WriteString(head + rest + "\n")
	if s.Events > 0 {
		line("%s in %.1f s (%s a second)", plural(s.Events, "event"), s.Seconds, thousands(int64(s.EventsPerSecond)))
	} else {
		line("%.1f s", s.Seconds)
	}
	if s.First != "" {
		line("hits from %s to %s UTC", shortTime(s.First), shortTime(s.Last))
	}
	if s.Rejects > 0 {
		line("%s could not be read", plural(s.Rejects, "record"))
	}
	for _, n := range s.Notes {
		line("note: %s", n)
	}
	for _, e := range s.Evidence {
		if e.Problem != "" {
			line("%s: %s", e.Path, e.Problem)
		}
	}
	section := func(title string, items []string) {
		if len(items) == 0 {
			return
		}
		b.WriteString("\n" + p.color(title, text.Bold) + "\n")
		for i, it := range items {
			if i == maxListed {
				line("  ... and %d more; --format json has them all", len(items)-i)
				break
			}
			line("  %s", it)
		}
	}
	hidden, changed, problems := Tuned(r)
	section("Hidden by exclusions", hidden)
	section("Severities changed (*)", changed)
	section("Tuning that is not applied", problems)
	refused(b, withStatus(r, detect.Refused), width, p)
	var list []string
	for _, n := range needs(r) {
		list = append(list, fmt.Sprintf("%s (%s)", n.Name, plural(int64(len(n.Rules)), "rule")))
	}
	section("Missing", list)
	section("Rule files with problems", s.RuleProblems)
}

// refused lists the rules that could not be compiled or run, each with the place in
// its file and the caret under it.
func refused(b *strings.Builder, rules []*detect.RuleResult, width int, p painter) {
	if len(rules) == 0 {
		return
	}
	b.WriteString("\n" + p.color("Refused", text.Bold) + "\n")
	for i, x := range rules {
		if i == maxListed {
			fmt.Fprintf(b, "  ... and %d more; --format json has them all\n", len(rules)-i)
			return
		}
		detail := x.Detail
		if detail == "" {
			detail = x.Reason
		}
		fmt.Fprintf(b, "  %s\n", x.Name)
		for _, l := range strings.Split(strings.TrimRight(detail, "\n"), "\n") {
			fmt.Fprintf(b, "    %s\n", text.Trim(detect.Line(l), max(width-4, 40)))
		}
	}
}
