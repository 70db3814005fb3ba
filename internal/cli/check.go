package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"quarry/detect"
	"quarry/detect/check"
	"quarry/events"
	"quarry/kql/types"
)

type checkFlags struct {
	dataFlags
	rules    []string
	from, to time.Time
	format   string
	output   string
}

func (a *app) checkCommand() *cobra.Command {
	var c checkFlags
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Tell which rules can work on the data at hand",
		Long: `Tell for each rule whether it can work on the data at hand, without running it:
runnable, or refused, a missing table or column, something else that it needs,
or tables without rows. Tell also which rules declare other data than they read,
and what of ATT&CK the rules cover: as they are written, and of those that can
really fire. The exit status is 1 if some rule cannot work.`,
		Example: `  quarry check --rules packs/ --data evidence/
  quarry check --rules packs/ --workspace soc --from 2026-01-01 --to 2026-02-01
  quarry check --rules packs/ --workspace soc --format navigator -o layers.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if known := []string{"table", "json", "csv", "navigator"}; !slices.Contains(known, c.format) {
				return usagef("unknown format %q; known are %s", c.format, strings.Join(known, ", "))
			}
			return a.check(cmd, &c)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.rules, "rules", nil, "check the rules of `PATH`, a file, a folder or a zip archive, instead of Quarry's own; may be repeated")
	f.Var(timeFlag{&c.from}, "from", "tables must have rows of this time and later")
	f.Var(timeFlag{&c.to}, "to", "tables must have rows of this time and earlier")
	f.StringVar(&c.format, "format", "table", "print the result as `FORMAT`: table, json, csv (a line for each rule), or navigator (two ATT&CK layers: of the rules as written, and of those that can fire)")
	f.StringVarP(&c.output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	c.add(cmd)
	return cmd
}

func (a *app) check(cmd *cobra.Command, c *checkFlags) error {
	ctx := cmd.Context()
	pack, err := loadRules(ctx, c.rules)
	if err != nil {
		return err
	}
	w, problems, err := openSpace(ctx, &c.dataFlags, pack)
	if err != nil {
		return err
	}
	defer w.Close()
	if len(c.data) > 0 {
		if _, err := a.load(ctx, w, c.data, events.Options{}); err != nil {
			return err
		}
	}
	bar := a.progress("rules", "rules")
	result, err := check.Run(ctx, pack.Rules, w.Session, check.Options{From: c.from, To: c.to, Now: c.now,
		Progress: func(done, total int, v *check.Verdict) { bar.set(int64(done), int64(total), underWay{name: v.Name}) }})
	bar.close()
	if err != nil {
		return err
	}
	s := &result.Summary
	for _, p := range append(problems, pack.Problems...) {
		s.RuleProblems = append(s.RuleProblems, p.Error())
	}
	a.tellAll(s.RuleProblems)
	switch {
	case s.Data:
	case len(c.data) == 0 && c.workspace == "":
		fmt.Fprintln(a.stderr, "note: no data is given, so every known table is there and has no row; --data PATH or --workspace DIR gives some")
	case c.from.IsZero() && c.to.IsZero():
		fmt.Fprintln(a.stderr, "note: no table has a row")
	default:
		fmt.Fprintln(a.stderr, "note: no table has a row in the period")
	}
	err = a.toOutput(c.output, func(w io.Writer) error {
		switch c.format {
		case "json":
			return writeIndented(w, result)
		case "csv":
			return writeVerdictsCSV(w, result)
		case "navigator":
			return writeIndented(w, result.Layers())
		}
		return writeCheck(w, result)
	})
	if err == nil && s.Runnable < s.Rules {
		return findings
	}
	return err
}

// maxListed bounds the lists below the verdicts; the other formats have all.
const maxListed = 20

// writeCheck prints a check for people: the verdicts, those of rules that cannot work
// first, then tables, differences and coverage, and the counts last, where the eye is.
func writeCheck(w io.Writer, r *check.Result) error {
	var b strings.Builder
	width := widthOf(w)
	verdicts(&b, r, width)
	tablesAsked(&b, r, width)
	drifts(&b, r, width)
	covered(&b, r, width)
	s := r.Summary
	fmt.Fprintf(&b, "\n%d of %s can work here\n", s.Runnable, plural(int64(s.Rules), "rule", "rules"))
	var others []string
	for _, c := range []struct {
		n    int
		what string
	}{{s.Refused, "refused"}, {s.MissingTable, "no table"}, {s.MissingColumn, "no column"}, {s.Needs, "in need"}, {s.NoRows, "no rows"}} {
		if c.n > 0 {
			others = append(others, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if len(others) > 0 {
		fmt.Fprintf(&b, "others: %s\n", strings.Join(others, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func verdicts(b *strings.Builder, r *check.Result, width int) {
	schema := types.Schema{{Name: "Verdict", Type: types.String}, {Name: "Rule", Type: types.String}, {Name: "Why", Type: types.String}}
	const status, gaps = 14, 4 // the widest verdict, what stands between the columns
	var cells [][]string
	names := 0
	for _, s := range check.Statuses() {
		for _, v := range r.Rules {
			if v.Status == s {
				reason := strings.TrimPrefix(v.Reason, "needs ")
				if s == check.NoRows {
					reason = strings.TrimPrefix(reason, "no rows in ")
				}
				cells = append(cells, []string{string(s), oneLine(v.Name), oneLine(reason)})
				names = max(names, text.StringWidthWithoutEscSequences(oneLine(v.Name)))
			}
		}
	}
	if width > 0 {
		room := max(40, width-status-gaps)
		names = min(names, room/2)
		for _, row := range cells {
			row[1], row[2] = snip(row[1], names), snip(row[2], min(room-names, maxCell))
		}
	}
	b.WriteString(renderList(schema, cells, width, "rule", "rules"))
}

func tablesAsked(b *strings.Builder, r *check.Result, width int) {
	if len(r.Tables) == 0 {
		return
	}
	schema := types.Schema{{Name: "Table", Type: types.String}, {Name: "Rules", Type: types.Long}, {Name: "Rows", Type: types.Long}, {Name: "First", Type: types.String}, {Name: "Last", Type: types.String}}
	var cells [][]string
	for i, t := range r.Tables {
		if i == maxListed {
			break
		}
		rows := strconv.FormatInt(t.Rows, 10)
		if !t.Known {
			rows = "missing"
		}
		cells = append(cells, []string{snip(oneLine(t.Name), 30), strconv.Itoa(t.Rules), rows, minute(t.First), minute(t.Last)})
	}
	b.WriteString("\nTables that rules ask for\n" + renderList(schema, cells, width, "table", "tables"))
	andMore(b, len(r.Tables))
}

// minute is a time without its seconds.
func minute(s string) string {
	if len(s) < 16 {
		return s
	}
	return s[:10] + " " + s[11:16]
}

func andMore(b *strings.Builder, n int) {
	if n > maxListed {
		fmt.Fprintf(b, "and %d more; --format json has all\n", n-maxListed)
	}
}

func drifts(b *strings.Builder, r *check.Result, width int) {
	if r.Summary.Drift == 0 {
		return
	}
	schema := types.Schema{{Name: "Rule", Type: types.String}, {Name: "Declared, not read", Type: types.String}, {Name: "Read, not declared", Type: types.String}}
	var cells [][]string
	for _, v := range r.Rules {
		if len(v.DeclaredNotRead)+len(v.ReadNotDeclared) == 0 || len(cells) == maxListed {
			continue
		}
		row := []string{oneLine(v.Name), oneLine(strings.Join(v.DeclaredNotRead, ", ")), oneLine(strings.Join(v.ReadNotDeclared, ", "))}
		if width > 0 {
			third := max(16, (width-4)/3)
			for i := range row {
				row[i] = snip(row[i], third)
			}
		}
		cells = append(cells, row)
	}
	b.WriteString("\nRules that declare other data than they read\n" + renderList(schema, cells, width, "rule", "rules"))
	andMore(b, r.Summary.Drift)
}

func covered(b *strings.Builder, r *check.Result, width int) {
	schema := types.Schema{{Name: "Tactic", Type: types.String}, {Name: "Rules", Type: types.Long}, {Name: "can fire", Type: types.Long},
		{Name: "Techniques", Type: types.Long}, {Name: "can fire", Type: types.Long}, {Name: "of", Type: types.Long}}
	var cells [][]string
	for _, t := range r.Coverage {
		known := ""
		if t.Known > 0 {
			known = strconv.Itoa(t.Known)
		}
		cells = append(cells, []string{oneLine(t.Tactic), strconv.Itoa(t.Rules), strconv.Itoa(t.RulesCanFire), strconv.Itoa(t.Techniques), strconv.Itoa(t.TechniquesCanFire), known})
	}
	b.WriteString("\nCoverage of ATT&CK: as written, and what can fire here\n" + renderList(schema, cells, width, "tactic", "tactics"))
}

// writeVerdictsCSV prints a line for each rule, in the order of the rules.
func writeVerdictsCSV(w io.Writer, r *check.Result) error {
	out := csv.NewWriter(w)
	out.Write([]string{"id", "name", "status", "reason", "needs", "reads", "empty", "declaredNotRead", "readNotDeclared", "kind", "severity", "tactics", "techniques", "file", "line"})
	for _, v := range r.Rules {
		list := func(s []string) string { return strings.Join(s, "; ") }
		record := []string{v.ID, v.Name, string(v.Status), v.Reason, list(v.Needs), list(v.Reads), list(v.Empty), list(v.DeclaredNotRead), list(v.ReadNotDeclared),
			v.Kind, v.Severity, list(v.Tactics), list(v.Techniques), v.File, strconv.Itoa(v.Line)}
		for i := range record {
			record[i] = detect.Cell(record[i])
		}
		out.Write(record)
	}
	out.Flush()
	return out.Error()
}
