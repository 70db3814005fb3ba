package lint

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteText prints the findings that count, for people:
//
//	rules/a.yaml:5:11: error QL021 "Critical" is not a choice of severity
//	  5 | severity: Critical
//	    |           ^^^^^^^^
//	    hint: one of Informational, Low, Medium, High
func WriteText(w io.Writer, r *Report) error {
	b := bufio.NewWriter(w)
	for _, x := range r.Findings {
		if x.Suppressed != nil {
			continue
		}
		fmt.Fprintf(b, "%s:%d:%d: %s %s %s\n", printable(x.File), x.Line, x.Column, x.Severity, x.Code, printable(x.Message))
		gutter := fmt.Sprintf("  %d | ", x.Line)
		margin := strings.Repeat(" ", len(gutter)-2)
		if strings.TrimSpace(x.Source) != "" {
			before, under, after := x.parts()
			fmt.Fprintf(b, "%s%s\n", gutter, before+under+after)
			fmt.Fprintf(b, "%s| %s%s\n", margin, strings.Repeat(" ", len([]rune(before))), strings.Repeat("^", max(1, len([]rune(under)))))
		}
		if x.Hint != "" {
			fmt.Fprintf(b, "%shint: %s\n", margin, printable(x.Hint))
		}
	}
	return b.Flush()
}

// parts are the line before, in and after the finding, cut so that some 70
// characters of it show.
func (x *Finding) parts() (before, under, after string) {
	line := []rune(printable(strings.ReplaceAll(x.Source, "\t", " ")))
	start := min(max(x.Column-1, 0), len(line))
	end := min(max(x.EndColumn-1, start), len(line))
	if end == start {
		end = min(start+1, len(line))
	}
	b, u, a := line[:start], line[start:end], line[end:]
	if len(b) > 40 {
		b = append([]rune("..."), b[len(b)-37:]...)
	}
	if len(u) > 40 {
		u, a = append(append([]rune(nil), u[:37]...), []rune("...")...), nil
	}
	if room := 72 - len(b) - len(u); len(a) > max(room, 0) {
		a = append(append([]rune(nil), a[:max(room-3, 0)]...), []rune("...")...)
	}
	return string(b), string(u), string(a)
}

// printable keeps what a file holds from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == '\u2028' || r == '\u2029' {
			return '\ufffd'
		}
		return r
	}, s)
}
