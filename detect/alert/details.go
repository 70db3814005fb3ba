package alert

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"quarry/detect/attack"
	"quarry/detect/rule"
	"quarry/kql/types"
)

// Limits of Sentinel on what an alert carries, in bytes where not said otherwise.
const (
	maxDetails      = 20 // custom details of a rule
	maxDetailValues = 50 // values of one detail
	maxDetailBytes  = 2 << 10
	maxNameBytes    = 256
	maxTextBytes    = 5 << 10 // description, and dynamic properties that are lists
)

// Detail is a custom detail: the different values of a column in the alert's rows.
type Detail struct {
	Name   string
	Values []string
}

type detailColumn struct {
	name   string
	column int
}

type dynamicColumn struct {
	property string
	column   int
}

// text is a value as KQL's tostring gives it.
func (m *maker) text(row []types.Value, column int) string {
	if column < 0 {
		return ""
	}
	return types.DynOf(m.rows.Schema[column].Type, row[column]).Text()
}

// describeAlert sets what the rule says of every alert and what it takes from columns.
// Of several rows the first one counts.
func (m *maker) describeAlert(a *Alert, values [][]types.Value) {
	r := m.rule
	a.Name, a.Description, a.Severity = r.Name, r.Description, r.Severity
	for _, t := range r.Tactics {
		if name, ok := attack.TacticName(t); ok {
			t = name
		}
		a.Tactics = append(a.Tactics, t)
	}
	a.Techniques, a.SubTech = splitTechniques(r.Techniques)
	if len(values) > 0 {
		row := values[0]
		if s, ok := m.name.fill(m, row); ok {
			a.Name = s
		}
		if s, ok := m.describe.fill(m, row); ok {
			a.Description = s
		}
		if s, ok := Severity(m.text(row, m.severity)); ok {
			a.Severity = s
		}
		if list, ok := tacticsOf(m.value(row, m.tactics)); ok {
			a.Tactics = list
		}
		for _, d := range m.dynamic {
			m.property(a, d, m.value(row, d.column))
		}
	}
	if m.opts.Severity != "" {
		a.Severity = m.opts.Severity
	}
	a.Name = a.cut("name", a.Name, maxNameBytes)
	a.Description = a.cut("description", a.Description, maxTextBytes)
}

func (m *maker) value(row []types.Value, column int) types.Dyn {
	if column < 0 {
		return types.Dyn{}
	}
	return types.DynOf(m.rows.Schema[column].Type, row[column])
}

// cut shortens s to whole characters of at most n bytes and notes it.
func (a *Alert) cut(what, s string, n int) string {
	if len(s) <= n {
		return s
	}
	a.Cut = append(a.Cut, what)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Severity reads one of Sentinel's severities in any case.
func Severity(s string) (string, bool) {
	for _, known := range []string{"Informational", "Low", "Medium", "High"} {
		if equalFold(s, known) {
			return known, true
		}
	}
	return "", false
}

// tacticsOf reads tactics: a list, or text that lists them with commas. One that is
// none makes the whole value void, as with any value that does not fit its property.
func tacticsOf(v types.Dyn) ([]string, bool) {
	var out []string
	for _, s := range listOf(v) {
		name, ok := attack.TacticName(s)
		if !ok {
			return nil, false
		}
		out = append(out, name)
	}
	return out, len(out) > 0
}

// listOf reads a list of texts: an array, text with an array in it, or text with
// commas.
func listOf(v types.Dyn) []string {
	if s, ok := v.Str(); ok {
		if d, parsed := types.ParseDyn(s); parsed && d.Kind() == types.DynArray {
			v = d
		} else {
			var out []string
			for _, part := range strings.Split(s, ",") {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, part)
				}
			}
			return out
		}
	}
	if v.Kind() != types.DynArray {
		return nil
	}
	var out []string
	for _, item := range v.Items() {
		if s := strings.TrimSpace(item.Text()); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func splitTechniques(list []string) (techniques, sub []string) {
	seen := map[string]bool{}
	for _, t := range list {
		t = strings.ToUpper(strings.TrimSpace(t))
		main, _, is := strings.Cut(t, ".")
		if is && !seen[t] {
			seen[t] = true
			sub = append(sub, t)
		}
		if main != "" && !seen[main] {
			seen[main] = true
			techniques = append(techniques, main)
		}
	}
	return techniques, sub
}

// property sets a dynamic property. A value that the property cannot have leaves it
// as it was.
func (m *maker) property(a *Alert, d dynamicColumn, v types.Dyn) {
	s := strings.TrimSpace(v.Text())
	if s == "" {
		return
	}
	limit := maxNameBytes
	switch strings.ToLower(d.property) {
	case "confidencescore":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			return
		}
	case "confidencelevel":
		if !equalFold(s, "High") && !equalFold(s, "Low") && !equalFold(s, "Unknown") {
			return
		}
	case "techniques", "subtechniques":
		list := listOf(v)
		for _, t := range list {
			if !isTechnique(t, strings.EqualFold(d.property, "subtechniques")) {
				return
			}
		}
		if len(list) == 0 {
			return
		}
		if strings.EqualFold(d.property, "techniques") {
			a.Techniques, _ = splitTechniques(list)
		} else {
			_, a.SubTech = splitTechniques(list)
		}
		return
	case "extendedlinks", "remediationsteps":
		limit = maxTextBytes
	}
	a.Properties = append(a.Properties, rule.Pair{Name: d.property, Value: a.cut(d.property, s, limit)})
}

func isTechnique(s string, sub bool) bool {
	s = strings.ToUpper(s)
	main, part, has := strings.Cut(s, ".")
	return len(main) == 5 && main[0] == 'T' && digits(main[1:]) && has == sub && (!sub || len(part) == 3 && digits(part))
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// customDetails collects the different values of each detail's column in the order of
// the rows. Values that are empty say nothing and are left out.
func (m *maker) customDetails(a *Alert, values [][]types.Value) {
	size, full := 0, false
	for _, d := range m.details {
		out := Detail{Name: d.name}
		seen := map[string]bool{}
		for _, row := range values {
			s := m.text(row, d.column)
			if s == "" || seen[s] {
				continue
			}
			seen[s] = true
			if len(out.Values) == maxDetailValues || size+len(s) > maxDetailBytes {
				full = true
				break
			}
			size += len(s)
			out.Values = append(out.Values, s)
		}
		if len(out.Values) > 0 {
			a.Details = append(a.Details, out)
		}
	}
	if full {
		a.Cut = append(a.Cut, "custom details")
	}
}

// format is a text with columns in it: "Logon of {{Account}} from {{IP}}".
type format struct {
	texts   []string // one more than columns
	columns []int    // -1: the result has no such column
}

func parseFormat(s string, schema types.Schema) format {
	var f format
	if strings.TrimSpace(s) == "" {
		return f
	}
	for {
		before, rest, ok := strings.Cut(s, "{{")
		name, after, closed := strings.Cut(rest, "}}")
		if !ok || !closed {
			f.texts = append(f.texts, s)
			return f
		}
		f.texts = append(f.texts, before)
		f.columns = append(f.columns, schema.Index(strings.TrimSpace(name)))
		s = after
	}
}

// fill puts the row's values in; false if there is no format or if one of its columns
// has no value, which leaves the alert with the rule's own text.
func (f format) fill(m *maker, row []types.Value) (string, bool) {
	if f.texts == nil {
		return "", false
	}
	var b strings.Builder
	b.WriteString(f.texts[0])
	for i, c := range f.columns {
		s := m.text(row, c)
		if s == "" {
			return "", false
		}
		b.WriteString(s + f.texts[i+1])
	}
	return b.String(), true
}
