package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"quarry/hunt"
	"quarry/kql/types"
	"quarry/workspace"
)

// rowWriter prints one table.
type rowWriter func(w io.Writer, r *hunt.Result) error

func writerOf(format string) (rowWriter, error) {
	switch format {
	case "table":
		return writeTable, nil
	case "json":
		return writeJSON, nil
	case "csv":
		return writeCSV, nil
	case "parquet":
		return nil, nil
	}
	return nil, usagef("unknown format %q; known are table, json, csv and parquet", format)
}

// toOutput runs write on standard output, or on a file that is there as a whole or not
// at all.
func (a *app) toOutput(name string, write func(io.Writer) error) error {
	if name != "" && name != "-" {
		return workspace.WriteFile(name, func(f *os.File) error { return buffered(f, write) })
	}
	if f, ok := a.stdout.(*os.File); ok && isTerminal(f) {
		return write(screen{f})
	}
	return buffered(a.stdout, write)
}

func buffered(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if err := write(b); err != nil {
		b.Flush() // what was printed before the error stays
		return err
	}
	return b.Flush()
}

// screen is a terminal to print a table to.
type screen struct{ *os.File }

func (s screen) width() int {
	if w, _, err := term.GetSize(int(s.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// widthOf is how many columns there are to print in; 0 is no bound.
func widthOf(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if s, ok := w.(screen); ok {
		return s.width()
	}
	return 0
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// writeCSV prints a header and rows; null is empty.
func writeCSV(w io.Writer, r *hunt.Result) error {
	out := csv.NewWriter(w)
	schema := r.Schema()
	record := make([]string, len(schema))
	for i, c := range schema {
		record[i] = c.Name
	}
	out.Write(record)
	for r.Next() {
		for i, v := range r.Row() {
			record[i] = hunt.FormatValue(v, schema[i].Type)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	if err := r.Err(); err != nil {
		return err
	}
	return out.Error()
}

// writeJSON prints an array of objects, one a line.
func writeJSON(w io.Writer, r *hunt.Result) error {
	schema := r.Schema()
	keys := make([]string, len(schema))
	for i, c := range schema {
		keys[i] = string(hunt.AppendJSONString(nil, c.Name)) + ":"
	}
	line := []byte("[")
	for n := 0; r.Next(); n++ {
		if n > 0 {
			line = append(line, ',')
		}
		line = append(line, '\n', '{')
		for i, v := range r.Row() {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, keys[i]...)
			line = hunt.AppendJSON(line, v, schema[i].Type)
		}
		line = append(line, '}')
		if _, err := w.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	if _, err := w.Write(append(line, "\n]\n"...)); err != nil {
		return err
	}
	return r.Err()
}

// maxCell is how many columns of the screen a cell of a table takes before the rows
// are printed one below the other.
const maxCell = 48

// writeTable prints a table, or, where it would not fit, each row as a list.
func writeTable(w io.Writer, r *hunt.Result) error {
	schema := r.Schema()
	var cells [][]string
	for r.Next() {
		row := make([]string, len(schema))
		for i, v := range r.Row() {
			row[i] = printable(v, schema[i].Type)
		}
		cells = append(cells, row)
	}
	if err := r.Err(); err != nil {
		return err
	}
	_, err := io.WriteString(w, renderTable(schema, cells, widthOf(w)))
	return err
}

func renderTable(schema types.Schema, cells [][]string, width int) string {
	return renderList(schema, cells, width, "row", "rows")
}

// renderList is renderTable for rows that are called something else.
func renderList(schema types.Schema, cells [][]string, width int, one, many string) string {
	total := -2
	for i, c := range schema {
		widest := text.StringWidthWithoutEscSequences(c.Name)
		for _, row := range cells {
			widest = max(widest, text.StringWidthWithoutEscSequences(row[i]))
		}
		if width > 0 {
			widest = min(widest, maxCell)
		}
		total += widest + 2
	}
	if width > 0 && total > width && len(cells) > 0 {
		return records(schema, cells, width, one, many)
	}
	t := table.NewWriter()
	style := table.StyleLight
	style.Format = table.FormatOptions{} // column names as they are
	style.Options.DrawBorder = false
	style.Box.PaddingLeft, style.Box.PaddingRight = "", ""
	style.Box.MiddleVertical, style.Box.MiddleSeparator = "  ", "──"
	t.SetStyle(style)
	header := make(table.Row, len(schema))
	configs := make([]table.ColumnConfig, len(schema))
	for i, c := range schema {
		header[i] = c.Name
		configs[i] = table.ColumnConfig{Number: i + 1}
		if c.Type.Numeric() || c.Type == types.Timespan {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if width > 0 {
			configs[i].WidthMax = maxCell
			configs[i].WidthMaxEnforcer = snip
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for _, row := range cells {
		out := make(table.Row, len(row))
		for i, c := range row {
			out[i] = c
		}
		t.AppendRow(out)
	}
	lines := strings.Split(t.Render(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + fmt.Sprintf("\n(%s)\n", plural(int64(len(cells)), one, many))
}

func snip(s string, n int) string { return text.Snip(s, n, "…") }

// records prints each row as a list of its columns that hold something.
func records(schema types.Schema, cells [][]string, width int, one, many string) string {
	var b strings.Builder
	names := 0
	for _, c := range schema {
		names = max(names, text.StringWidthWithoutEscSequences(c.Name))
	}
	names = min(names, width/2)
	for n, row := range cells {
		fmt.Fprintf(&b, "── %s %d ──\n", one, n+1)
		for i, c := range row {
			if c == "" {
				continue
			}
			fmt.Fprintf(&b, "%s  %s\n", text.Pad(snip(schema[i].Name, names), names, ' '), snip(c, max(20, width-names-2)))
		}
	}
	fmt.Fprintf(&b, "(%s)\n", plural(int64(len(cells)), one, many))
	return b.String()
}

// printable is a value as one line without control characters: a log must not steer
// the terminal.
func printable(v types.Value, t types.Type) string {
	s := hunt.FormatValue(v, t)
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool {
	// Beside control characters those that change the direction of text.
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == '\u2028' || r == '\u2029'
}

// bracketed writes a table's name as KQL has it: a plain identifier bare.
func bracketed(name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			quoted, _ := json.Marshal(name)
			return "[" + string(quoted) + "]"
		}
	}
	return name
}
