package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's template, style and script
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"
	"time"

	"quarry/detect"
	"quarry/detect/attack"
	"quarry/kql/types"
)

//go:embed assets/page.tmpl
var pageText string

//go:embed assets/style.css
var styleText string

//go:embed assets/script.js
var scriptText string

// inlineRows is the number of a rule's rows that are part of the page itself;
// the script shows the others from data.
const inlineRows = 25

// HTML writes one file that a browser opens from a disk without a network. The
// page's policy allows its own style and script by digest and nothing else, so
// markup in a log could not load or run anything even if it got past escaping.
func HTML(w io.Writer, r *detect.Result, o Options) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"thousands": thousands, "plural": func(n any, word string) string { return plural(toInt(n), word) }, "short": shortTime, "kql": highlight,
		"join": strings.Join, "bytes": byteSize, "tactics": tacticTitles, "severity": severityClass,
	}).Parse(pageText)
	if err != nil {
		return err
	}
	p, err := newPage(r, o)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := t.Execute(&body, p); err != nil {
		return err
	}
	out := &errWriter{w: w}
	out.text("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	out.text(fmt.Sprintf("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n", digest(styleText), digest(scriptText)))
	out.text("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n")
	out.text("<title>" + template.HTMLEscapeString(p.Title) + "</title>\n<style>" + styleText + "</style>\n</head>\n")
	out.write(body.Bytes())
	for _, f := range p.Fired {
		if !f.More {
			continue
		}
		out.text(fmt.Sprintf("<script type=\"application/json\" id=\"rows-%d\">", f.Index))
		out.json(f.Rows)
		out.text("</script>\n")
	}
	out.text("<script>" + scriptText + "</script>\n</body>\n</html>\n")
	return out.err
}

// digest is a Content-Security-Policy source for an inline element.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) write(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

func (e *errWriter) text(s string) { e.write([]byte(s)) }

// json writes rows with "<", ">" and "&" escaped, so that no value can end the
// element it stands in.
func (e *errWriter) json(rows []detect.Row) {
	e.text("[")
	for i, r := range rows {
		if i > 0 {
			e.text(",\n")
		}
		data, err := json.Marshal(cells(r))
		if err != nil && e.err == nil {
			e.err = err
		}
		e.write(data)
	}
	e.text("]")
}

func cells(r detect.Row) []string {
	out := make([]string, len(r.Values))
	for i, v := range r.Values {
		out[i] = cell(r.Types[i], v)
	}
	return out
}

// cell is a value as the page shows it: times without the trailing zeros of the
// 100 ns clock.
func cell(t types.Type, v types.Value) string {
	s := detect.Text(t, v)
	if t == types.Datetime && len(s) == 28 {
		return s[:10] + " " + strings.TrimSuffix(strings.TrimRight(s[11:27], "0"), ".")
	}
	return s
}

type page struct {
	Title, Subtitle string
	*detect.Result
	Fired    []firedRule
	Refused  []*detect.RuleResult
	Missing  []need
	Quiet    []*detect.RuleResult
	Tactics  []tacticCell
	Timeline *timeline
	Tables   []tableCount
	// What tuning did.
	Hidden, Changed, NotApplied []string
}

type firedRule struct {
	*detect.RuleResult
	Index   int
	Head    [][]string // the first rows, as text
	More    bool       // further rows stand in a data element
	Classes []string   // of each column's cells
}

func columnClass(t types.Type) string {
	switch {
	case t.Numeric():
		return "num"
	case t == types.Datetime || t == types.Timespan || t == types.Guid:
		return "tm"
	}
	return "tx"
}

type tacticCell struct {
	Title, ID string
	Rules     int
	Hits      int64
	Level     string // severity class of the worst rule
	Names     string
}

type tableCount struct {
	Name string
	Rows int64
}

func newPage(r *detect.Result, o Options) (*page, error) {
	p := &page{Title: o.Title, Result: r, Refused: withStatus(r, detect.Refused), Missing: needs(r), Quiet: withStatus(r, detect.Quiet)}
	if p.Title == "" {
		p.Title = "Quarry hunt"
		if n := len(r.Summary.Evidence); n == 1 {
			p.Title = "Hunt in " + filepath.Base(r.Summary.Evidence[0].Path)
		}
	}
	if t, err := time.Parse(time.RFC3339, r.Summary.Started); err == nil {
		p.Subtitle = t.Format("2 January 2006, 15:04 UTC")
	}
	list := fired(r)
	for i, x := range list {
		f := firedRule{RuleResult: x, Index: i}
		for _, row := range x.Rows[:min(inlineRows, len(x.Rows))] {
			f.Head = append(f.Head, cells(row))
		}
		f.More = len(x.Rows) > inlineRows
		for _, c := range x.Schema() {
			f.Classes = append(f.Classes, columnClass(c.Type))
		}
		p.Fired = append(p.Fired, f)
	}
	p.Hidden, p.Changed, p.NotApplied = Tuned(r)
	p.Tactics = tacticStrip(list)
	p.Timeline = newTimeline(list)
	for _, name := range sortedKeys(r.Summary.Tables) {
		if n := r.Summary.Tables[name]; n > 0 {
			p.Tables = append(p.Tables, tableCount{name, n})
		}
	}
	return p, nil
}

func tacticStrip(list []*detect.RuleResult) []tacticCell {
	var out []tacticCell
	for _, t := range attack.Enterprise() {
		c := tacticCell{Title: t.Title, ID: t.ID}
		worst := -1
		var names []string
		for _, x := range list {
			for _, have := range x.Tactics {
				if k, ok := attack.FindTactic(have); ok && k.Name == t.Name {
					c.Rules++
					c.Hits += x.Hits
					names = append(names, x.Name)
					if rank(x.Severity) > worst {
						worst, c.Level = rank(x.Severity), severityClass(x.Severity)
					}
					break
				}
			}
		}
		c.Names = strings.Join(names, "\n")
		out = append(out, c)
	}
	return out
}

func severityClass(s string) string {
	switch rank(s) {
	case 4:
		return "high"
	case 3:
		return "medium"
	case 1:
		return "low"
	case 0:
		return "info"
	}
	return "none"
}

func byteSize(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	f, i := float64(n), 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1000, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

func toInt(n any) int64 {
	switch n := n.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	}
	return 0
}
