package syntax

import (
	"fmt"
	"sort"
	"strings"

	"quarry/kql/source"
)

// Format writes a query text as Print does, with its comments: one on a line of its own
// stays above what follows it, one behind code goes to the end of its line. The error is
// a *diag.List, or tells that a comment's place cannot be kept.
func Format(text *source.Text) (string, error) {
	script, errs := Parse(text)
	if errs != nil {
		return "", errs
	}
	out := strings.TrimRight(Print(script), " \n") + "\n"
	body := text.Body
	ignore := func(problem) {}
	toks := lex(body, ignore)
	comments := findComments(body, toks)
	if len(comments) == 0 {
		return out, nil
	}
	printed := lex(out, ignore)
	// Only a semicolon at the very end may be gone.
	if n := len(toks); n > 1 && len(printed) == n-1 && body[toks[n-2].start:toks[n-2].end] == ";" {
		toks = append(toks[:n-2:n-2], toks[n-1])
		comments = findComments(body, toks)
	}
	if len(printed) != len(toks) {
		line, column := text.Position(comments[0].at)
		return "", fmt.Errorf("%s:%d:%d: formatting would lose the place of this comment, as it adds or drops brackets", text.Name, line, column)
	}
	return strings.TrimRight(placeComments(out, printed, comments), "\n") + "\n", nil
}

// comment is a comment before the token of index before.
type comment struct {
	text   string
	at     int // byte offset
	before int
	behind bool // on the line of the token before it
}

func findComments(body string, toks []token) []comment {
	var out []comment
	end := 0
	for i, t := range toks {
		gap := body[end:t.start]
		behind := i > 0
		for off := 0; off < len(gap); {
			n := strings.IndexAny(gap[off:], "/\n\r")
			if n < 0 {
				break
			}
			off += n
			if gap[off] != '/' {
				behind = false
				off++
				continue
			}
			stop := off
			for stop < len(gap) && !lineBreak(gap, stop) {
				stop++
			}
			out = append(out, comment{strings.TrimRight(gap[off:stop], " \t"), end + off, i, behind})
			off = stop
		}
		end = int(t.end)
	}
	return out
}

// placeComments puts comments between the lines of a formatted text and at their ends.
func placeComments(out string, toks []token, comments []comment) string {
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	starts := make([]int, len(lines))
	for i, at := 0, 0; i < len(lines); i++ {
		starts[i] = at
		at += len(lines[i]) + 1
	}
	lineOf := func(offset int) int { return sort.SearchInts(starts, offset+1) - 1 }
	above := make([][]string, len(lines)+1)
	ends := make([]string, len(lines))
	for _, c := range comments {
		next := toks[c.before]
		line := len(lines)
		if next.kind != tEnd {
			line = lineOf(int(next.start))
		}
		switch {
		case c.behind:
			ends[lineOf(int(toks[c.before-1].start))] += " " + c.text
		case line < len(lines) && strings.TrimSpace(out[starts[line]:next.start]) != "":
			ends[line] += " " + c.text // within a line there is no line of its own
		default:
			above[line] = append(above[line], c.text)
		}
	}
	var b strings.Builder
	for i, l := range lines {
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		for _, c := range above[i] {
			b.WriteString(indent + c + "\n")
		}
		b.WriteString(strings.TrimRight(l+ends[i], " ") + "\n")
	}
	for _, c := range above[len(lines)] {
		b.WriteString(c + "\n")
	}
	return b.String()
}
