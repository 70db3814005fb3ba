package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quarry/detect/lint"
	"quarry/hunt"
	"quarry/kql/types"
	"quarry/workspace"
)

type lintFlags struct {
	enrichFlags
	schemas        []string
	format, output string
	level          string
	baseline       string
	writeBaseline  string
	fix            bool
}

func (a *app) lintCommand() *cobra.Command {
	var l lintFlags
	cmd := &cobra.Command{
		Use:   "lint [flags] PATH...",
		Short: "Find mistakes in rule files",
		Long: `Find mistakes in rule files: metadata that Sentinel or Defender refuse, names and
types that the query gets wrong, and habits that make it slow or blind. No data
is needed. docs/lint.md lists the checks.

PATH is files, folders or zip archives of rules. The exit status is 1 if there
are findings of the level asked for.`,
		Example: `  quarry lint packs/
  quarry lint --format sarif -o lint.sarif packs/
  quarry lint --baseline lint-baseline.json packs/
  quarry lint --fix packs/`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("name the rules: files, folders or zip archives")
			}
			return a.lint(cmd.Context(), &l, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.format, "format", "text", "print the findings as `FORMAT`: text, json or sarif")
	f.StringVarP(&l.output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	f.StringVar(&l.level, "level", "warning", "tell what is at least an error, a warning or a note: `LEVEL`")
	f.StringVar(&l.baseline, "baseline", "", "pass over the findings that `FILE` lists")
	f.StringVar(&l.writeBaseline, "write-baseline", "", "list today's findings in `FILE`, for --baseline")
	f.BoolVar(&l.fix, "fix", false, "mend what can be mended for sure, in the files themselves")
	f.StringArrayVar(&l.schemas, "schema", nil, "know the tables of `FILE`, a CSV of table,column,type; may be repeated")
	f.StringArrayVar(&l.watchlists, "watchlist", nil, "know the columns of a watchlist from a CSV or JSON file: `ALIAS=FILE`; may be repeated")
	f.StringArrayVar(&l.functions, "functions", nil, "know the functions and parsers of `PATH`, a file, a folder or a zip archive; may be repeated")
	return cmd
}

func (a *app) lint(ctx context.Context, l *lintFlags, paths []string) error {
	if !slices.Contains([]string{"text", "json", "sarif"}, l.format) {
		return usagef("unknown format %q; known are text, json and sarif", l.format)
	}
	least, ok := lint.ParseSeverity(l.level)
	if !ok {
		return usagef("unknown level %q; known are error, warning and note", l.level)
	}
	var baseline *lint.Baseline
	if l.baseline != "" {
		var err error
		if baseline, err = lint.ReadBaseline(l.baseline); err != nil {
			return err
		}
	}
	pack, report, err := a.lintOnce(ctx, l, paths)
	if err != nil {
		return err
	}
	if l.fix {
		if baseline != nil {
			baseline.Apply(report, pack, paths)
		}
		made, files, err := lint.Fix(report)
		if made > 0 {
			fmt.Fprintf(a.stderr, "mended %s in %s\n", plural(int64(made), "finding", "findings"), strings.Join(files, ", "))
		}
		if err != nil {
			return err
		}
		if pack, report, err = a.lintOnce(ctx, l, paths); err != nil {
			return err
		}
	}
	if baseline != nil && l.writeBaseline == "" { // before the level: an entry below it is not gone
		baseline.Apply(report, pack, paths)
	}
	dropped := report.Keep(least)
	if l.writeBaseline != "" {
		made := lint.MakeBaseline(report)
		if err := made.Write(l.writeBaseline); err != nil {
			return err
		}
		fmt.Fprintf(a.stderr, "%s listed in %s\n", plural(int64(len(made.Findings)), "finding is", "findings are"), l.writeBaseline)
		return nil
	}
	err = a.toOutput(l.output, func(w io.Writer) error {
		switch l.format {
		case "json":
			return lint.WriteJSON(w, report)
		case "sarif":
			dir, _ := os.Getwd() // without it absolute paths stay absolute
			return lint.WriteSARIF(w, report, Version, dir)
		}
		return lint.WriteText(w, report)
	})
	if err != nil {
		return err
	}
	errors, warnings, notes := report.Counts()
	a.tellLint(report, errors, warnings, notes, dropped)
	if errors+warnings+notes > 0 {
		return findings
	}
	return nil
}

// lintOnce loads and checks the rules. Their own parsers can be called by them.
func (a *app) lintOnce(ctx context.Context, l *lintFlags, paths []string) (*lint.Pack, *lint.Report, error) {
	pack, err := lint.Load(ctx, paths...)
	if err != nil {
		return nil, nil, err
	}
	if len(pack.Files) == 0 && len(pack.Problems) == 0 {
		return nil, nil, fmt.Errorf("there is no rule file in %s", strings.Join(paths, ", "))
	}
	schemas, err := workspace.LoadSchemas("", l.schemas)
	if err != nil {
		return nil, nil, err
	}
	functions, problems, err := l.callable(ctx, pack.Pack)
	if err != nil {
		return nil, nil, err
	}
	files, err := l.watchlistFiles()
	if err != nil {
		return nil, nil, err
	}
	watchlists := map[string]*types.Rows{}
	for alias, file := range files {
		if watchlists[alias], err = workspace.ReadWatchlist(ctx, file); err != nil {
			return nil, nil, err
		}
	}
	session, err := lint.Open(ctx, hunt.Resources{Schemas: schemas, Functions: functions, Watchlists: watchlists})
	if err != nil {
		return nil, nil, err
	}
	defer session.Close()
	for _, p := range problems {
		fmt.Fprintf(a.stderr, "note: %s\n", p.Error())
	}
	report, err := lint.Check(ctx, pack, lint.Options{Compiler: session})
	return pack, report, err
}

// tellLint sums up for people.
func (a *app) tellLint(r *lint.Report, errors, warnings, notes, dropped int) {
	of := fmt.Sprintf("%s in %s", plural(int64(r.Rules), "rule", "rules"), plural(int64(r.Files), "file", "files"))
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{{errors, "error", "errors"}, {warnings, "warning", "warnings"}, {notes, "note", "notes"}} {
		if p.n > 0 {
			parts = append(parts, plural(int64(p.n), p.one, p.many))
		}
	}
	if len(parts) == 0 {
		parts = []string{"no findings"}
	}
	more := ""
	if dropped > 0 {
		more = fmt.Sprintf("; %d below the level (--level note tells them)", dropped)
	}
	fmt.Fprintf(a.stderr, "%s: %s%s\n", of, strings.Join(parts, ", "), more)
}
