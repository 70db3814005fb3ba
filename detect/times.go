package detect

import (
	"strings"

	"quarry/kql/types"
)

// TimeColumns finds the columns that say when a row happened: Timestamp and
// TimeGenerated if the result has them, else datetimes whose name speaks of time,
// else every datetime.
func TimeColumns(s types.Schema) []int {
	var named, spoken, all []int
	for i, c := range s {
		if c.Type != types.Datetime {
			continue
		}
		all = append(all, i)
		lower := strings.ToLower(c.Name)
		switch {
		case lower == "timestamp" || lower == "timegenerated":
			named = append(named, i)
		case strings.Contains(lower, "creationtime"), strings.HasPrefix(lower, "account"):
			// When a process or a file was made says little about when the row happened.
		case containsAny(lower, "time", "date", "seen", "start", "end", "first", "last", "bin"):
			spoken = append(spoken, i)
		}
	}
	if len(named) > 0 {
		return named[:1]
	}
	if len(spoken) > 0 {
		return spoken
	}
	return all
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// span is the earliest and latest time of rows, as text.
func span(rows *types.Rows) (first, last string) {
	lo, hi := int64(-1), int64(-1)
	columns := TimeColumns(rows.Schema)
	for _, row := range rows.Values {
		for _, c := range columns {
			t, ok := row[c].(int64)
			if !ok {
				continue
			}
			if lo < 0 || t < lo {
				lo = t
			}
			if t > hi {
				hi = t
			}
		}
	}
	if lo < 0 {
		return "", ""
	}
	return types.FormatDatetime(lo), types.FormatDatetime(hi)
}
