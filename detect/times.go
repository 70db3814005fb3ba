package detect

import (
	"math"
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

// span is the earliest and latest time of rows that pass by.
type span struct{ low, high int64 }

func newSpan() span { return span{math.MaxInt64, math.MinInt64} }

func (s *span) add(t int64) { s.low, s.high = min(s.low, t), max(s.high, t) }

func (s *span) addRow(columns []int, row []types.Value) {
	for _, c := range columns {
		if t, ok := row[c].(int64); ok {
			s.add(t)
		}
	}
}

// texts are the two times, "" if there were none.
func (s *span) texts() (first, last string) {
	if s.low > s.high {
		return "", ""
	}
	return types.FormatDatetime(s.low), types.FormatDatetime(s.high)
}
