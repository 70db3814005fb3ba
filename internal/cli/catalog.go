package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quarry/detect"
	"quarry/detect/catalog"
	"quarry/detect/coverage"
	"quarry/detect/rule"
	"quarry/kql/types"
	"quarry/workspace"
)

type catalogFlags struct {
	rules      []string
	facets     []string
	search     string
	count      bool // --facets
	format     string
	output     string
	pages      string
	offset     int
	pageSize   int
	first      int
	repository string
	service    string
	ingested   time.Time
}

// defaultPage is the number of rows of a page, as the published pages have it.
const defaultPage = 20

func (a *app) catalogCommand() *cobra.Command {
	var c catalogFlags
	cmd := &cobra.Command{
		Use:   "catalog [flags]",
		Short: "Print the flat catalogue of rules",
		Long: `Print the flat catalogue of rules: one row for each combination of a rule's
tactic, technique, connector, data type and platform, as Markdown pages, CSV,
JSON or an ATT&CK Navigator layer. --facet and --search pick rows; --facets
counts them. A rule has many rows: what counts rules and what counts rows is
always said.`,
		Example: `  quarry catalog --rules Azure-Sentinel/ --format csv -o catalog.csv
  quarry catalog --rules Azure-Sentinel/ --pages site/
  quarry catalog --facet tactic=Persistence --search "scheduled task" --format table
  quarry catalog --facets
  quarry catalog --format navigator -o layer.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.catalog(cmd, &c) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.rules, "rules", nil, "list the rules of `PATH`, a file, a folder or a zip archive, instead of Quarry's own; may be repeated")
	f.StringArrayVar(&c.facets, "facet", nil, "keep the rows that have `NAME=VALUE`; names are "+strings.Join(catalog.FacetNames(), ", ")+". Values of one name are alternatives; may be repeated")
	f.StringVar(&c.search, "search", "", "keep the rules whose name, description or query hold all words of `TEXT`; \"quoted words\" as they stand")
	f.BoolVar(&c.count, "facets", false, "count the rules and the rows of each value, instead of printing rows")
	f.StringVar(&c.format, "format", "", "print rows as `FORMAT`: markdown (the default), csv, json, table (a line for each rule) or navigator; with --facets table (the default), csv or json")
	f.StringVarP(&c.output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	f.StringVar(&c.pages, "pages", "", "write all Markdown pages to folder `DIR`, instead of printing")
	f.IntVar(&c.offset, "offset", 0, "leave the first `N` rows out")
	f.IntVar(&c.pageSize, "page-size", 0, "print one page of `N` rows, instead of all; with --pages the rows of each page, 20 if not given")
	f.IntVar(&c.first, "number-from", 0, "`N` is the number of the first row of all, in the headings of pages")
	f.StringVar(&c.repository, "repository", "", "the rules' files are published below `URL`; else those in the folders of Azure-Sentinel are below "+catalog.Repository)
	f.StringVar(&c.service, "service", "", "the DetectionService of all rules is `NAME`; else of those in the folders of Azure-Sentinel it is \""+catalog.Service+"\"")
	f.Var(timeFlag{&c.ingested}, "ingested", "the IngestedDate of rules whose file has none; else today (UTC)")
	return cmd
}

var (
	rowFormats   = []string{"markdown", "csv", "json", "table", "navigator"}
	countFormats = []string{"table", "csv", "json"}
)

// check finds what is wrong with the flags and fills in what they leave out.
func (c *catalogFlags) check(cmd *cobra.Command) error {
	known := rowFormats
	if c.count {
		known = countFormats
	}
	if c.format == "" {
		c.format = known[0]
	} else if !slices.Contains(known, c.format) {
		return usagef("unknown format %q; known are %s", c.format, strings.Join(known, ", "))
	}
	given := cmd.Flags().Changed
	if c.pages != "" {
		for _, other := range []string{"format", "output", "facets"} {
			if given(other) {
				return usagef("--pages writes Markdown pages; it does not go with --%s", other)
			}
		}
	}
	if c.count || c.format == "navigator" || c.format == "table" {
		for _, other := range []string{"offset", "page-size", "number-from"} {
			if given(other) {
				return usagef("--%s is about rows; it goes with --pages and the formats markdown, csv and json", other)
			}
		}
	}
	if c.offset < 0 || c.first < 0 {
		return usagef("--offset and --number-from count from 0")
	}
	if given("page-size") && c.pageSize < 1 {
		return usagef("--page-size is at least 1")
	}
	return nil
}

func (a *app) catalog(cmd *cobra.Command, c *catalogFlags) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	var facets []catalog.Facet
	for _, s := range c.facets {
		f, err := catalog.ParseFacet(s)
		if err != nil {
			return usagef("--facet: %v", err)
		}
		facets = append(facets, f)
	}
	pack, err := loadRules(cmd.Context(), c.rules)
	if err != nil {
		return err
	}
	cat, err := c.derive(pack)
	if err != nil {
		return err
	}
	var notes []string
	for _, p := range pack.Problems {
		notes = append(notes, p.Error())
	}
	if len(c.rules) > 0 {
		notes = append(notes, cat.Notes...)
	}
	for _, f := range facets {
		if near := cat.Nearest(f); near != "" {
			notes = append(notes, fmt.Sprintf("no row has %s=%s; did you mean %q?", f.Name, f.Value, near))
		}
	}
	a.tellAll(notes)
	picked := cat.Pick(facets).Search(c.search)
	text := "the catalogue has " + sizes(cat)
	if len(facets) > 0 || c.search != "" {
		text = sizes(picked) + " of the catalogue's " + sizes(cat)
	}
	fmt.Fprintln(a.stderr, text)
	if c.pages != "" {
		return a.writePages(c, picked.Rows())
	}
	return a.toOutput(c.output, func(w io.Writer) error { return c.write(w, picked) })
}

func sizes(c *catalog.Catalog) string {
	rules, rows := c.Count()
	return plural(int64(rules), "rule", "rules") + " in " + plural(int64(rows), "row", "rows")
}

func (c *catalogFlags) derive(pack *rule.Pack) (*catalog.Catalog, error) {
	o := catalog.Options{Repository: c.repository, Service: c.service, Ingested: time.Now().UTC().Format(time.DateOnly)}
	if !c.ingested.IsZero() {
		o.Ingested = c.ingested.Format(time.DateOnly)
	}
	if len(c.rules) == 0 && o.Service == "" {
		o.Service = "Quarry"
	}
	var err error
	o.Dir, err = os.Getwd()
	return catalog.New(pack.Rules, o), err
}

// write prints a catalogue in the format that is asked for.
func (c *catalogFlags) write(w io.Writer, cat *catalog.Catalog) error {
	if c.count {
		return writeCounts(w, c.format, cat.Facets())
	}
	switch c.format {
	case "table":
		return writeCatalogTable(w, cat)
	case "navigator":
		const about = "The techniques that the rules name. A score is a number of rules, not of rows of the catalogue."
		return writeIndented(w, coverage.Of(cat.Claims()).Layer("Detection rules", about, 0))
	}
	rows := cat.Rows()
	first := min(c.offset, len(rows))
	rows = rows[first:]
	if c.pageSize > 0 {
		rows = rows[:min(c.pageSize, len(rows))]
	}
	switch c.format {
	case "csv":
		return catalog.WriteCSV(w, rows)
	case "json":
		return catalog.WriteJSON(w, rows)
	}
	for page, at := range c.paged(rows, first) {
		if at > c.first+first {
			io.WriteString(w, "\n")
		}
		if err := catalog.WritePage(w, page, at); err != nil {
			return err
		}
	}
	return nil
}

// paged cuts rows, of which the first is number first of the catalogue, into pages, each
// with the number of its first row.
func (c *catalogFlags) paged(rows []catalog.Row, first int) iter.Seq2[[]catalog.Row, int] {
	size := c.pageSize
	if size == 0 {
		size = defaultPage
	}
	return func(yield func([]catalog.Row, int) bool) {
		for i := 0; i < len(rows); i += size {
			if !yield(rows[i:min(i+size, len(rows))], c.first+first+i) {
				return
			}
		}
	}
}

// writePages writes all pages to a folder.
func (a *app) writePages(c *catalogFlags, rows []catalog.Row) error {
	first := min(c.offset, len(rows))
	if err := os.MkdirAll(c.pages, 0o755); err != nil {
		return err
	}
	written := map[string]bool{}
	for page, at := range c.paged(rows[first:], first) {
		name := catalog.PageName(page, at)
		written[name] = true
		err := workspace.WriteFile(filepath.Join(c.pages, name), func(f *os.File) error {
			return buffered(f, func(w io.Writer) error { return catalog.WritePage(w, page, at) })
		})
		if err != nil {
			return err
		}
	}
	old, err := stalePages(c.pages, written)
	if err != nil {
		return err
	}
	if len(old) > 0 {
		fmt.Fprintf(a.stderr, "note: %s in %s of another catalogue, such as %s\n", plural(int64(len(old)), "page is", "pages are"), c.pages, old[0])
	}
	_, err = fmt.Fprintf(a.stdout, "%s written to %s\n", plural(int64(len(written)), "page is", "pages are"), c.pages)
	return err
}

var pageName = regexp.MustCompile(`^rules-\d+-\d+\.md$`)

// stalePages lists the pages in a folder that were not written now.
func stalePages(dir string, written map[string]bool) (old []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if pageName.MatchString(e.Name()) && !written[e.Name()] {
			old = append(old, e.Name())
		}
	}
	return old, err
}

// writeCatalogTable prints a line for each rule.
func writeCatalogTable(w io.Writer, cat *catalog.Catalog) error {
	width := widthOf(w)
	schema := types.Schema{{Name: "Rows", Type: types.Long}, {Name: "Type", Type: types.String}, {Name: "Severity", Type: types.String},
		{Name: "Rule", Type: types.String}, {Name: "Tactics", Type: types.String}}
	cells := make([][]string, len(cat.Entries))
	const fixed = 4 + 2 + 9 + 2 + 13 + 2 // Rows, Type and Severity with the gaps behind them
	columns := len(schema)
	if width > 0 && width < 120 {
		columns--
	}
	for i, e := range cat.Entries {
		r := e.Rows[0]
		var tactics []string
		for _, row := range e.Rows {
			if !slices.Contains(tactics, row.Tactic) {
				tactics = append(tactics, row.Tactic)
			}
		}
		row := []string{strconv.Itoa(len(e.Rows)), r.DetectionType, r.DetectionSeverity, oneLine(r.DetectionName), oneLine(strings.Join(tactics, ", "))}
		if width > 0 {
			room := max(20, width-fixed)
			if columns > 4 {
				room = (room - 2) / 2
			}
			row[3], row[4] = snip(row[3], room), snip(row[4], room)
		}
		cells[i] = row[:columns]
	}
	_, err := io.WriteString(w, renderList(schema[:columns], cells, width, "rule", "rules"))
	return err
}

func oneLine(s string) string {
	return printable(strings.Join(strings.Fields(s), " "), types.String)
}

// writeCounts prints what Facets counted.
func writeCounts(w io.Writer, format string, counts []catalog.Count) error {
	switch format {
	case "json":
		return writeIndented(w, slices.Concat([]catalog.Count{}, counts))
	case "csv":
		out := csv.NewWriter(w)
		out.Write([]string{"facet", "value", "rules", "rows"})
		for _, c := range counts {
			out.Write([]string{c.Facet, detect.Cell(c.Value), strconv.Itoa(c.Rules), strconv.Itoa(c.Rows)})
		}
		out.Flush()
		return out.Error()
	}
	schema := types.Schema{{Name: "Facet", Type: types.String}, {Name: "Value", Type: types.String}, {Name: "Rules", Type: types.Long}, {Name: "Rows", Type: types.Long}}
	var cells [][]string
	for _, c := range counts {
		value := oneLine(c.Value)
		if value == "" {
			value = "(none)"
		}
		cells = append(cells, []string{c.Facet, value, strconv.Itoa(c.Rules), strconv.Itoa(c.Rows)})
	}
	_, err := io.WriteString(w, renderList(schema, cells, widthOf(w), "value", "values"))
	return err
}

func writeIndented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
