package detect

import "strings"

// Cell is text as a cell of a CSV file: what a spreadsheet would run as a formula gets a
// leading apostrophe, for rules and logs come from strangers.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
