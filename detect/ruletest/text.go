package ruletest

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"quarry/detect"
)

// TextOptions say how a report looks on a screen.
type TextOptions struct {
	Width    int // columns; 0 is 80
	Color    bool
	Seconds  bool // how long it took
	Coverage bool
}

// WriteText writes a report for people: a line for each rule, its failures below it,
// then what it came to.
func WriteText(w io.Writer, r *Report, suite *Suite, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	p := &textWriter{TextOptions: o}
	for _, x := range r.Rules {
		p.rule(x)
	}
	if o.Coverage {
		p.coverage(r)
	}
	p.summary(r.Totals(suite), r)
	_, err := io.WriteString(w, p.b.String())
	return err
}

type textWriter struct {
	TextOptions
	b strings.Builder
}

func (p *textWriter) color(s string, c ...text.Color) string {
	if !p.Color {
		return s
	}
	return text.Colors(c).EscapeSeq() + s + text.EscapeReset
}

func (p *textWriter) rule(x *RuleReport) {
	bad := x.Count(Failed) + x.Count(Broken)
	if len(x.Results) == 0 {
		if x.Rule == nil || !p.Coverage {
			return
		}
		fmt.Fprintf(&p.b, "%s  %s  no tests\n", p.color("none", text.FgYellow), shortColumn(x))
		return
	}
	word := p.color("ok  ", text.FgGreen)
	if bad > 0 {
		word = p.color("FAIL", text.FgRed, text.Bold)
	}
	note := counted(len(x.Results), "test", "tests")
	switch {
	case bad > 0:
		note = fmt.Sprintf("%d of %s failed", bad, note)
	case x.Fires > 0 && x.NearMisses == 0:
		note += ", " + p.color("no near miss", text.FgYellow)
	case x.NearMisses > 0:
		note += ", " + counted(x.NearMisses, "near miss", "near misses") + " among them"
	}
	fmt.Fprintf(&p.b, "%s  %s  %s\n", word, shortColumn(x), note)
	last := ""
	for _, res := range x.Results {
		if res.Status != Passed {
			p.failure(x, res, res.Diagnostics != "" && res.Diagnostics == last)
			last = res.Diagnostics
		}
	}
}

// shortColumn is the first column of a line about a rule.
func shortColumn(x *RuleReport) string {
	return text.Pad(text.Snip(detect.Line(x.Short), 34, "…"), 34, ' ')
}

func (p *textWriter) failure(x *RuleReport, res *Result, repeated bool) {
	fmt.Fprintf(&p.b, "--- %s\n", p.color(text.Snip(detect.Line(x.Name+": "+res.Name), p.Width-4, "…"), text.Bold))
	body := res.text(p.Width - 4)
	if repeated {
		body = res.where() + "\n" + res.problems(p.Width-4) + "(as above)\n"
	}
	for _, l := range strings.Split(strings.TrimRight(body, "\n"), "\n") {
		fmt.Fprintln(&p.b, strings.TrimRight("    "+l, " "))
	}
	p.b.WriteByte('\n')
}

func (r *Result) where() string {
	s := r.File
	if r.Line > 0 {
		s += fmt.Sprintf(":%d", r.Line)
		if r.Column > 0 {
			s += fmt.Sprintf(":%d", r.Column)
		}
	}
	return detect.Line(s)
}

func (r *Result) problems(width int) string {
	var b strings.Builder
	for _, s := range r.Problems {
		for i, l := range strings.Split(text.WrapSoft(detect.Line(s), width-2), "\n") {
			if i > 0 {
				l = "  " + l
			}
			b.WriteString(strings.TrimRight(l, " ") + "\n")
		}
	}
	return b.String()
}

// text is all there is to say about a failure.
func (r *Result) text(width int) string {
	var b strings.Builder
	b.WriteString(r.where() + "\n" + r.problems(width))
	if r.Diagnostics != "" {
		b.WriteString("\n" + r.Diagnostics)
	}
	if r.Steps != nil {
		b.WriteString("\n" + r.Steps.Print(width, r.Loss))
	}
	if r.Loss != nil {
		line, _ := r.Steps.Text.Position(r.Loss.Step.Key.Start)
		if r.Loss.Cond != nil {
			line, _ = r.Steps.Text.Position(r.Loss.Cond.Span.Start)
		}
		text := fmt.Sprintf("%s:%d: %s", r.Steps.Text.Name, line, r.Loss.Explain())
		b.WriteString("\n" + (&Result{Problems: []string{text}}).problems(width))
	}
	return b.String()
}

func (p *textWriter) coverage(r *Report) {
	fmt.Fprintf(&p.b, "\n%s  %8s  %8s\n", text.Pad("COVERAGE", 40, ' '), "STEPS", "BRANCHES")
	for _, x := range r.Rules {
		if x.Coverage == nil {
			continue
		}
		fmt.Fprintf(&p.b, "%s  %8s  %8s\n", text.Pad(text.Snip(detect.Line(x.Short), 40, "…"), 40, ' '), x.Coverage.Steps(), x.Coverage.Branches())
		if len(x.Results) == 0 {
			continue
		}
		for _, g := range x.Coverage.Gaps() {
			what := g.What
			if g.step {
				what = "no row reaches " + strings.TrimPrefix(g.Text, "| ")
			}
			fmt.Fprintf(&p.b, "  %s\n", text.Snip(detect.Line(fmt.Sprintf("line %d: %s", g.Line, what)), p.Width-2, "…"))
		}
	}
}

func (p *textWriter) summary(t Totals, r *Report) {
	if s := p.b.String(); s != "" && !strings.HasSuffix(s, "\n\n") {
		p.b.WriteByte('\n')
	}
	fmt.Fprintf(&p.b, "%s, %s (%s)", counted(t.Rules, "rule", "rules"), counted(t.Tests, "test", "tests"), counted(t.NearMisses, "near miss", "near misses"))
	if p.Seconds {
		fmt.Fprintf(&p.b, " in %.1f s", r.Seconds)
	}
	if t.Failed+t.Broken == 0 {
		p.b.WriteString(": " + p.color("all passed", text.FgGreen) + "\n")
	} else {
		parts := []string{}
		if t.Failed > 0 {
			parts = append(parts, fmt.Sprintf("%d failed", t.Failed))
		}
		if t.Broken > 0 {
			parts = append(parts, fmt.Sprintf("%d could not be run", t.Broken))
		}
		p.b.WriteString(": " + p.color(strings.Join(parts, ", "), text.FgRed) + "\n")
	}
	if t.NoNearMiss > 0 {
		fmt.Fprintf(&p.b, "%s without a near miss\n", counted(t.NoNearMiss, "rule that fires is", "rules that fire are"))
	}
	if t.Untested > 0 {
		fmt.Fprintf(&p.b, "%s without tests%s\n", counted(t.Untested, "rule is", "rules are"), map[bool]string{false: "; --coverage lists them"}[p.Coverage])
	}
	if t.Measured {
		fmt.Fprintf(&p.b, "%d of %d steps and %d of %d branches are exercised\n", t.Steps.Covered, t.Steps.Total, t.Branches.Covered, t.Branches.Total)
	}
}
