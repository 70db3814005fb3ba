package detect

import (
	"strings"
	"unicode"
)

// Cell is text as a cell of a CSV file: what a spreadsheet would run as a formula gets a
// leading apostrophe, for rules and logs come from strangers.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Line is text as one line of a terminal, where it can move or colour nothing.
func Line(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\ufffd'
		}
		return r
	}, s)
}
