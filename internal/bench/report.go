package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Result is what a run saw of one section.
type Result struct {
	Section string  `json:"section"`
	Date    string  `json:"date"`
	Version string  `json:"version"` // of Quarry
	Scale   float64 `json:"scale"`
	Reps    int     `json:"reps"`
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// The files of a result.
const (
	jsonFile = "results.json"
	pageFile = "RESULTS.md"
)

// keep puts new results in the place of older ones of the same sections.
func keep(dir string, fresh []Result) error {
	byName := map[string]Result{}
	name := filepath.Join(dir, jsonFile)
	switch old, err := os.ReadFile(name); {
	case err == nil:
		var results []Result
		if err := json.Unmarshal(old, &results); err != nil {
			return fmt.Errorf("%s cannot be read, remove it: %w", name, err)
		}
		for _, r := range results {
			byName[r.Section] = r
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for _, r := range fresh {
		byName[r.Section] = r
	}
	var all []Result
	for _, s := range sections {
		if r, ok := byName[s.Name]; ok {
			all = append(all, r)
		}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(name, append(text, '\n'), 0o644), os.WriteFile(filepath.Join(dir, pageFile), []byte(page(all)), 0o644))
}

// page is the result as Markdown.
func page(results []Result) string {
	var b strings.Builder
	b.WriteString("# What was measured\n\nWritten by `make bench`; [performance.md](../performance.md) says how to read it. Times are medians; all samples are in\n[results.json](" + jsonFile + ").\n")
	for _, r := range results {
		s := sectionNamed(r.Section)
		fmt.Fprintf(&b, "\n## %s (`SECTIONS=%s`)\n%s\n\n%s\n\n%s\n", s.Title, s.Name, s.About, rowTable(r.Rows).RenderMarkdown(), r.seen())
	}
	return b.String()
}

func (r Result) seen() string {
	return fmt.Sprintf("Seen on %s, version %s, scale %v: %s.", r.Date, r.Version, r.Scale, r.Machine)
}

// rowTable is the table of a section.
func rowTable(rows []Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMax: 34}, {Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}})
	t.AppendHeader(table.Row{"work", "quarry", "rival", "seen", "target"})
	for _, r := range rows {
		work := r.Work
		if r.Note != "" {
			work += " (" + r.Note + ")"
		}
		t.AppendRow(table.Row{work, median(r.Quarry), median(r.Rival), number(r.Value) + " " + r.Unit, target(r)})
	}
	return t
}

func median(t Times) string {
	if len(t) == 0 {
		return ""
	}
	return seconds(t.Median())
}

func target(r Row) string {
	if r.Target == 0 {
		return ""
	}
	bound, met := "at most ", "met"
	if r.Floor {
		bound = "at least "
	}
	if !r.Met() {
		met = "MISSED"
	}
	return bound + number(r.Target) + ": " + met
}

// number writes three digits that count, and all of those before the point.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
