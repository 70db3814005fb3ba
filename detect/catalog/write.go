package catalog

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"quarry/detect"
)

// WritePage prints rows as a Markdown page: a heading with the numbers of the rows, then
// one section a row. The first row has the number first; the page says from which number
// on and up to which, the latter not included, as the published pages do.
func WritePage(w io.Writer, rows []Row, first int) error {
	if _, err := fmt.Fprintf(w, "# Rules: %s\n", span(rows, first)); err != nil {
		return err
	}
	for i := range rows {
		if _, err := io.WriteString(w, rows[i].section()); err != nil {
			return err
		}
	}
	return nil
}

func span(rows []Row, first int) string { return fmt.Sprintf("%d-%d", first, first+len(rows)) }

// PageName is the name of the file that holds a page.
func PageName(rows []Row, first int) string { return "rules-" + span(rows, first) + ".md" }

func (r *Row) section() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "\n## %s\n\n", strings.Join(strings.Fields(r.DetectionName), " "))
	if text := strings.TrimSpace(r.DetectionDescription); text != "" {
		b.WriteString(text + "\n\n")
	}
	b.WriteString("|Name | Value |\n| --- | --- |\n")
	// The published table has no blank before the bar of its first three rows.
	for _, c := range [][2]string{{"Tactic", r.Tactic}, {"TechniqueId", r.TechniqueID}, {"Platform", r.Platform}} {
		v := cell(c[1])
		if strings.HasSuffix(v, `\`) {
			v += " " // or the bar would be part of the value
		}
		fmt.Fprintf(b, "|%s | %s|\n", c[0], v)
	}
	for _, c := range [][2]string{{"DetectionType", r.DetectionType}, {"ConnectorId", r.ConnectorID}, {"DetectionId", r.DetectionID},
		{"DataTypes", r.DataTypes}, {"QueryFrequency", r.QueryFrequency}, {"QueryPeriod", r.QueryPeriod}, {"TriggerOperator", r.TriggerOperator},
		{"TriggerThreshold", r.TriggerThreshold}, {"DetectionSeverity", r.DetectionSeverity}, {"DetectionUrl", r.DetectionURL}, {"IngestedDate", r.IngestedDate}} {
		fmt.Fprintf(b, "|%s | %s |\n", c[0], cell(c[1]))
	}
	// KQL's own multi-line text stands between fences, so a longer one goes around it.
	fence := "```"
	for strings.Contains(r.Query, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "\n### KQL\n%skql\n%s\n%s\n", fence, r.Query, fence)
	return b.String()
}

// cell is a value as one line of a Markdown table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " "), "|", `\|`)
}

// WriteCSV prints the rows under their columns. Text that a spreadsheet would run as a
// formula gets a leading apostrophe.
func WriteCSV(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	if err := out.Write(Columns()); err != nil {
		return err
	}
	for i := range rows {
		values := rows[i].Values()
		for j, v := range values {
			values[j] = detect.Cell(v)
		}
		if err := out.Write(values); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteJSON prints the rows as docs/schema/catalog.schema.json describes them.
func WriteJSON(w io.Writer, rows []Row) error {
	if rows == nil {
		rows = []Row{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(rows)
}
