package report

import (
	"encoding/csv"
	"io"
	"sort"
	"strings"

	"quarry/detect"
	"quarry/kql/types"
)

// CSV prints one line for each hit, for a spreadsheet: the rule, the time in a form
// that spreadsheets take for a time (UTC), then every column that some rule returned,
// those that most rules share first. A severity that tuning changed is marked with the
// file's: "Low (High)". Text that a spreadsheet would run as a formula
// gets a leading apostrophe.
func CSV(w io.Writer, r *detect.Result) error {
	list := fired(r)
	type column struct {
		name         string
		rules, order int
	}
	at := map[string]*column{}
	var columns []*column
	for _, x := range list {
		for _, c := range x.Columns {
			if at[c] == nil {
				at[c] = &column{name: c, order: len(columns)}
				columns = append(columns, at[c])
			}
			at[c].rules++
		}
	}
	sort.SliceStable(columns, func(i, j int) bool {
		if columns[i].rules != columns[j].rules {
			return columns[i].rules > columns[j].rules
		}
		return columns[i].order < columns[j].order
	})
	const fixed = 6
	head := []string{"Rule", "RuleId", "Severity", "Tactics", "Techniques", "TimeUTC"}
	place := make(map[string]int, len(columns))
	for i, c := range columns {
		place[c.name] = fixed + i
		head = append(head, detect.Cell(c.name))
	}
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for _, x := range list {
		times := detect.TimeColumns(x.Schema())
		for _, row := range x.Rows {
			line := make([]string, len(head))
			copy(line, []string{detect.Cell(x.Name), detect.Cell(x.ID), severityText(x), strings.Join(tacticTitles(x.Tactics), "; "), strings.Join(x.Techniques, "; "), rowTime(times, row)})
			for i, v := range row.Values {
				s := detect.Text(row.Types[i], v)
				if t := row.Types[i]; t == types.String || t == types.Dynamic {
					s = detect.Cell(s)
				}
				line[place[x.Columns[i]]] = s
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func severityText(x *detect.RuleResult) string {
	if x.SeverityWas == "" {
		return x.Severity
	}
	return x.Severity + " (" + x.SeverityWas + ")"
}

// rowTime is the row's earliest time in milliseconds, "2021-04-21 09:40:32.123".
func rowTime(columns []int, row detect.Row) string {
	t, ok := rowTicks(columns, row)
	if !ok {
		return ""
	}
	s := types.FormatDatetime(t)
	return s[:10] + " " + s[11:23]
}

func rowTicks(columns []int, row detect.Row) (int64, bool) {
	best, found := int64(0), false
	for _, c := range columns {
		if t, ok := row.Values[c].(int64); ok && (!found || t < best) {
			best, found = t, true
		}
	}
	return best, found
}
