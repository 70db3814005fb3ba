package diag

import (
	"encoding/json"
	"fmt"
	"strings"

	"quarry/kql/source"
)

// Code names a kind of diagnostic: KQ1xx syntax, KQ2xx names, KQ3xx types and
// arguments, KQ4xx what Quarry refuses, KQ5xx what a query needs and does not have.
type Code string

// Diagnostic is one thing that is wrong with a query.
type Diagnostic struct {
	Code    Code
	Span    source.Span
	Message string // one sentence without a final period
	Hint    string // what to do, or ""
	// Needs names what is missing for a KQ5xx diagnostic ("watchlist VIP"), else "".
	Needs string
	// Name is the table, name, function or column that a KQ201 to KQ204 diagnostic does not
	// know, else "".
	Name string
	// Warning marks a remark that does not stop the query.
	Warning bool
}

// List is an error made of the diagnostics of one text.
type List struct {
	Text  *source.Text
	Items []Diagnostic
	// Cause is the error that stopped the compiler when it read data, which one of Items
	// tells; nil where nothing but the text is at fault.
	Cause error
}

// Unwrap gives Cause to errors.Is and errors.As.
func (l *List) Unwrap() error {
	if l == nil {
		return nil
	}
	return l.Cause
}

// Error is the first diagnostic in one line, with its position.
func (l *List) Error() string {
	if l == nil || len(l.Items) == 0 {
		return "no error"
	}
	d := l.Items[0]
	line, col := l.Text.Position(d.Span.Start)
	s := fmt.Sprintf("%d:%d: %s %s", line, col, d.Code, d.Message)
	if l.Text.Name != "" {
		s = l.Text.Name + ":" + s
	}
	if d.Hint != "" {
		s += " (" + d.Hint + ")"
	}
	if n := len(l.Items) - 1; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// Needs lists what the query needs and does not have; empty when some
// diagnostic is an error of the query itself.
func (l *List) Needs() []string {
	var needs []string
	for _, d := range l.Items {
		switch {
		case d.Needs != "":
			needs = append(needs, d.Needs)
		case !d.Warning:
			return nil
		}
	}
	return needs
}

// Caret prints every diagnostic for a terminal:
//
//	rule.kql:3:9: KQ204 unknown column "Acount"
//	  3 | | where Acount == "x"
//	    |         ^^^^^^
//	    hint: did you mean "Account"?
func (l *List) Caret() string {
	var b strings.Builder
	for _, d := range l.Items {
		line, col := l.Text.Position(d.Span.Start)
		if l.Text.Name != "" {
			b.WriteString(l.Text.Name + ":")
		}
		fmt.Fprintf(&b, "%d:%d: %s %s\n", line, col, d.Code, d.Message)
		text, start := l.Text.Line(d.Span.Start)
		gutter := fmt.Sprintf("  %d | ", line)
		at := max(0, min(d.Span.Start-start, len(text)))
		end := max(at, min(d.Span.End-start, len(text)))
		before, under, after := text[:at], text[at:end], text[end:]
		before, after = window(before, after)
		b.WriteString(gutter + strings.ReplaceAll(before+under+after, "\t", " ") + "\n")
		width := max(1, len([]rune(under)))
		b.WriteString(strings.Repeat(" ", len(gutter)-2) + "| " + strings.Repeat(" ", len([]rune(before))) + strings.Repeat("^", width) + "\n")
		if d.Hint != "" {
			b.WriteString(strings.Repeat(" ", len(gutter)-2) + "hint: " + d.Hint + "\n")
		}
	}
	return b.String()
}

// window keeps a long line readable: at most 60 characters before the span and 40 after it.
func window(before, after string) (string, string) {
	if r := []rune(before); len(r) > 60 {
		before = "..." + string(r[len(r)-57:])
	}
	if r := []rune(after); len(r) > 40 {
		after = string(r[:37]) + "..."
	}
	return before, after
}

// MarshalJSON is the form editors read: an array of objects with 1-based
// positions and byte offsets.
func (l *List) MarshalJSON() ([]byte, error) {
	type item struct {
		Code     Code   `json:"code"`
		Severity string `json:"severity"`
		Message  string `json:"message"`
		Hint     string `json:"hint,omitempty"`
		File     string `json:"file,omitempty"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		EndLine  int    `json:"endLine"`
		EndCol   int    `json:"endColumn"`
		Start    int    `json:"start"`
		End      int    `json:"end"`
	}
	items := []item{}
	for _, d := range l.Items {
		it := item{Code: d.Code, Severity: "error", Message: d.Message, Hint: d.Hint, File: l.Text.Name, Start: d.Span.Start, End: d.Span.End}
		if d.Warning {
			it.Severity = "warning"
		}
		it.Line, it.Column = l.Text.Position(d.Span.Start)
		it.EndLine, it.EndCol = l.Text.Position(d.Span.End)
		items = append(items, it)
	}
	return json.Marshal(items)
}

// Nearest returns the candidate closest to name ("" if none is close), for
// "did you mean" hints. A difference of case alone always counts as close.
func Nearest(name string, candidates []string) string {
	best, bestD := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(strings.ToLower(name), strings.ToLower(c), bestD); d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

// distance is the Damerau-Levenshtein (adjacent swaps) distance, or limit when it is at least that.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		low := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
			low = min(low, cur[j])
		}
		if low >= limit {
			return limit
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
