package source

import (
	"sort"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets into a Text.
type Span struct{ Start, End int }

// Join is the smallest span that covers both.
func (s Span) Join(t Span) Span { return Span{min(s.Start, t.Start), max(s.End, t.End)} }

// Text is a query together with the place it comes from.
type Text struct {
	// Name is what errors call it: a file name, a rule id, or "" for a query typed by hand.
	Name string
	// Body is the text itself.
	Body string
	// LineBase is the number of lines that precede Body in the file Name.
	LineBase int
	// Indent is the number of characters that the file has before each line of
	// Body, as in a YAML block; positions count them.
	Indent int

	lines []int // offset of each line's first byte
}

// New makes a Text; lineBase is the number of file lines before body.
func New(name, body string, lineBase int) *Text {
	t := &Text{Name: name, Body: body, LineBase: lineBase, lines: []int{0}}
	for i := 0; i < len(body); i++ {
		if body[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// Position gives the 1-based line and column (in characters) of a byte offset;
// the line counts from the start of the file, LineBase included, and the column
// from the start of the file's line, Indent included.
func (t *Text) Position(offset int) (line, column int) {
	offset = max(0, min(offset, len(t.Body)))
	i := sort.SearchInts(t.lines, offset+1) - 1
	return t.LineBase + i + 1, t.Indent + utf8.RuneCountInString(t.Body[t.lines[i]:offset]) + 1
}

// Line is the text of the line that holds offset, without its line end, and the
// offset of its first byte.
func (t *Text) Line(offset int) (text string, start int) {
	offset = max(0, min(offset, len(t.Body)))
	i := sort.SearchInts(t.lines, offset+1) - 1
	end := len(t.Body)
	if i+1 < len(t.lines) {
		end = t.lines[i+1] - 1
	}
	if end > t.lines[i] && t.Body[end-1] == '\r' {
		end--
	}
	return t.Body[t.lines[i]:end], t.lines[i]
}
