package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"

	"quarry/detect"
	"quarry/detect/attack"
	"quarry/detect/pool"
)

// Options say how to render.
type Options struct {
	Color bool // terminal colours; callers honour NO_COLOR and non-terminals
	Width int  // columns of the terminal; 0 is 80
	Title string
}

// Formats lists what Write knows.
func Formats() []string { return []string{"table", "json", "csv", "html"} }

// Write renders the result in the named format.
func Write(w io.Writer, format string, r *detect.Result, o Options) error {
	switch format {
	case "table":
		return Table(w, r, o)
	case "json":
		return JSON(w, r)
	case "csv":
		return CSV(w, r)
	case "html":
		return HTML(w, r, o)
	}
	return fmt.Errorf("unknown format %q; there are %s", format, strings.Join(Formats(), ", "))
}

// JSON prints the result as docs/schema/hunt.schema.json describes it, a few rules at a
// time: all of them as one text would take several times their memory. A row is a line.
func JSON(w io.Writer, r *detect.Result) error {
	out := bufio.NewWriter(w)
	out.WriteString("{\n  \"rules\": [")
	texts := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	err := pool.InOrder(len(r.Rules), runtime.GOMAXPROCS(0), func(i int) (*bytes.Buffer, error) {
		text := texts.Get().(*bytes.Buffer)
		text.Reset()
		if i > 0 {
			text.WriteByte(',')
		}
		return text, writeRule(text, r.Rules[i])
	}, func(text *bytes.Buffer) error {
		_, err := out.Write(text.Bytes())
		texts.Put(text)
		return err
	})
	if err != nil {
		return err
	}
	if len(r.Rules) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteString("],\n  \"summary\": ")
	b, err := indented(&r.Summary, "  ")
	if err != nil {
		return err
	}
	out.Write(b)
	out.WriteString("\n}\n")
	return out.Flush()
}

func indented(v any, prefix string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

func writeRule(out *bytes.Buffer, x *detect.RuleResult) error {
	out.WriteString("\n    ")
	head := *x
	head.Rows = nil
	b, err := indented(&head, "    ")
	if err != nil {
		return err
	}
	before, after, _ := bytes.Cut(b, noRows) // a line of a text cannot look like it
	out.Write(before)
	writeRows(out, x.Rows)
	out.Write(after)
	return nil
}

// noRows is where a rule's JSON has its rows.
var noRows = []byte("\n      \"rows\": null")

// writeRows writes what stands in the place of noRows.
func writeRows(out *bytes.Buffer, rows []detect.Row) {
	if rows == nil {
		out.Write(noRows)
		return
	}
	out.WriteString("\n      \"rows\": [")
	for i, r := range rows {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n        ")
		out.Write(r.AppendJSON(out.AvailableBuffer()))
	}
	if len(rows) > 0 {
		out.WriteString("\n      ")
	}
	out.WriteByte(']')
}

// rank orders severities; hunting queries without one stand between Low and Medium.
func rank(severity string) int {
	switch strings.ToLower(severity) {
	case "high":
		return 4
	case "medium":
		return 3
	case "low":
		return 1
	case "informational":
		return 0
	}
	return 2
}

// fired lists the rules that fired, the most severe first, then the earliest.
func fired(r *detect.Result) []*detect.RuleResult {
	var out []*detect.RuleResult
	for _, x := range r.Rules {
		if x.Status == detect.Fired {
			out = append(out, x)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if ra, rb := rank(a.Severity), rank(b.Severity); ra != rb {
			return ra > rb
		}
		return a.First < b.First
	})
	return out
}

func withStatus(r *detect.Result, s detect.Status) []*detect.RuleResult {
	var out []*detect.RuleResult
	for _, x := range r.Rules {
		if x.Status == s {
			out = append(out, x)
		}
	}
	return out
}

// need is something missing and the number of rules that ask for it.
type need struct {
	Name  string
	Rules []string
}

func needs(r *detect.Result) []need {
	at := map[string]int{}
	var out []need
	for _, x := range r.Rules {
		if x.Status != detect.Needs {
			continue
		}
		for _, n := range x.Needs {
			i, ok := at[n]
			if !ok {
				i = len(out)
				at[n] = i
				out = append(out, need{Name: n})
			}
			out[i].Rules = append(out[i].Rules, x.Name)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return len(out[i].Rules) > len(out[j].Rules) })
	return out
}

// tacticTitles are the tactics as people read them.
func tacticTitles(tactics []string) []string {
	out := make([]string, 0, len(tactics))
	for _, t := range tactics {
		if known, ok := attack.FindTactic(t); ok {
			t = known.Title
		}
		out = append(out, t)
	}
	return out
}

// thousands prints 1234567 as 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		s = "-" + s
	}
	return s
}

// plural is "1 rule", "2 rules".
func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return thousands(n) + " " + word + "s"
}

// shortTime cuts 2021-04-21T09:40:32.1234567Z to 2021-04-21 09:40:32.
func shortTime(s string) string {
	if len(s) < 19 {
		return s
	}
	return s[:10] + " " + s[11:19]
}
