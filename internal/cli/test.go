package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quarry/content"
	"quarry/detect/rule"
	"quarry/detect/ruletest"
	"quarry/events"
	"quarry/events/schema"
	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/types"
	"quarry/workspace"
)

type testFlags struct {
	dataFlags
	format   string
	output   string
	run      string
	coverage bool
	update   bool
	parallel int
	timeout  time.Duration
}

func (a *app) testCommand() *cobra.Command {
	var t testFlags
	cmd := &cobra.Command{
		Use:   "test [flags] [PATH...]",
		Short: "Run the tests of detection rules",
		Long: `Run the tests of detection rules: given rows, whether a rule fires, on which
rows, with which alerts, and which changes of the rows keep it quiet.

PATH is rule files, folders, zip archives, or test files. Tests stand beside a
rule, in NAME.test.yaml, or in its own file under the key "tests". Without PATH
Quarry's own rules are tested. The exit status is 1 if a test failed and 2 if a
test or rule file could not be read.

A table that a test gives no rows for is empty.`,
		Example: `  quarry test packs/
  quarry test --format junit -o results.xml packs/
  quarry test --run 'brute force' --coverage rules/brute-force.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.test(cmd.Context(), &t, args) },
	}
	f := cmd.Flags()
	f.StringVar(&t.format, "format", "text", "print the result as `FORMAT`: text, json or junit")
	f.StringVarP(&t.output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	f.StringVar(&t.run, "run", "", "run the tests whose \"rule: test\" matches `PATTERN`, a regular expression")
	f.BoolVar(&t.coverage, "coverage", false, "tell which steps and branches of the rules no test exercises")
	f.BoolVar(&t.update, "update", false, "write the numbers and rows that rules really give into the expectations that differ")
	f.IntVar(&t.parallel, "parallel", 0, "test `N` rules at once; 0 is one for each processor")
	f.DurationVar(&t.timeout, "timeout", time.Minute, "stop a test that runs longer")
	f.StringArrayVar(&t.schemas, "schema", nil, "know the tables of `FILE`, a CSV of table,column,type; may be repeated")
	f.StringVar(&t.external, "external-data", "", "read externaldata from the copies that `FILE`, a CSV of url,file, names")
	t.enrich.add(cmd)
	return cmd
}

func (a *app) test(ctx context.Context, t *testFlags, paths []string) error {
	if !slices.Contains([]string{"text", "json", "junit"}, t.format) {
		return usagef("unknown format %q; known are text, json and junit", t.format)
	}
	var pattern *regexp.Regexp
	if t.run != "" {
		var err error
		if pattern, err = regexp.Compile("(?i)" + t.run); err != nil {
			return usagef("--run: %v", err)
		}
	}
	if t.update && len(paths) == 0 {
		return usagef("--update changes test files; name them")
	}
	suite, report, err := a.runTests(ctx, t, paths, pattern)
	if err == nil && len(report.Edits) > 0 {
		if err = a.updateTests(report.Edits); err == nil {
			t.update = false
			suite, report, err = a.runTests(ctx, t, paths, pattern)
		}
	}
	if err != nil {
		return err
	}
	if pattern != nil && report.Tests() == 0 {
		return fmt.Errorf("no test matches --run %q", t.run)
	}
	err = a.toOutput(t.output, func(w io.Writer) error {
		switch t.format {
		case "json":
			return ruletest.WriteJSON(w, report, suite)
		case "junit":
			return ruletest.WriteJUnit(w, report)
		}
		color := isTerminal(a.stdout) && t.output == "" && os.Getenv("NO_COLOR") == ""
		return ruletest.WriteText(w, report, suite, ruletest.TextOptions{Width: widthOf(w), Color: color, Seconds: isTerminal(a.stdout) && t.output == "", Coverage: t.coverage})
	})
	switch {
	case err != nil:
		return err
	case report.Count(ruletest.Broken) > 0:
		return exitStatus(2)
	case report.Count(ruletest.Failed) > 0:
		return findings
	}
	return nil
}

func (a *app) runTests(ctx context.Context, t *testFlags, paths []string, pattern *regexp.Regexp) (*ruletest.Suite, *ruletest.Report, error) {
	suite, pack, err := loadTests(ctx, paths)
	if err != nil {
		return nil, nil, err
	}
	if len(suite.Rules) == 0 {
		return nil, nil, fmt.Errorf("there is no rule and no test in %s", strings.Join(paths, ", "))
	}
	w, problems, err := openSpace(ctx, &t.dataFlags, pack)
	if err != nil {
		return nil, nil, err
	}
	defer w.Close()
	for i, p := range problems {
		if i == maxTold {
			fmt.Fprintf(a.stderr, "note: and %d more\n", len(problems)-i)
			break
		}
		fmt.Fprintf(a.stderr, "note: %s\n", p.Error())
	}
	bar := a.progress("test", "rules")
	defer bar.close()
	report, err := ruletest.Run(ctx, suite, ruletest.Options{
		Session: w.Session, Schemas: w.Schemas, Files: testFiles{}, Run: pattern, Coverage: t.coverage, Update: t.update, Parallel: t.parallel, Timeout: t.timeout,
		Progress: func(done, total int, r *ruletest.RuleReport) {
			bar.set(int64(done), int64(total), underWay{name: r.Name})
		},
	})
	return suite, report, err
}

// loadTests reads rules with their tests: those of paths, or Quarry's own.
func loadTests(ctx context.Context, paths []string) (*ruletest.Suite, *rule.Pack, error) {
	if len(paths) == 0 {
		return ruletest.LoadFS(ctx, content.Rules, "quarry")
	}
	return ruletest.Load(ctx, paths...)
}

// updateTests makes the edits in their files, each file as a whole or not at all.
func (a *app) updateTests(edits []ruletest.Edit) error {
	byFile := map[string][]ruletest.Edit{}
	var files []string
	for _, e := range edits {
		if byFile[e.File] == nil {
			files = append(files, e.File)
		}
		byFile[e.File] = append(byFile[e.File], e)
	}
	var failed []error
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err == nil {
			data, err = ruletest.Apply(data, byFile[name])
		}
		if err == nil {
			err = workspace.WriteFile(name, func(f *os.File) error {
				_, err := f.Write(data)
				return err
			})
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("not updated: %w", err))
			continue
		}
		for _, e := range byFile[name] {
			fmt.Fprintf(a.stderr, "updated %s:%d:%d: %s is now %s\n", printable(name, types.String), e.Line, e.Column, printable(e.Old, types.String), printable(e.New, types.String))
		}
	}
	return errors.Join(failed...)
}

// testFiles reads what tests name beside rows that are written out.
type testFiles struct{}

var _ ruletest.Files = testFiles{}

const maxRecorded = 2_000_000 // rows of one file of a test

func (testFiles) Rows(ctx context.Context, path, table string, columns types.Schema) (*types.Rows, error) {
	set := schema.New()
	set.Add(table, columns)
	tables, report, err := workspace.ReadRows(ctx, []string{path}, events.Options{Table: table, Schemas: set}, maxRecorded)
	if err := unloaded(tables, report, err); err != nil {
		return nil, err
	}
	if tables[table] == nil {
		return &types.Rows{Schema: columns}, nil
	}
	return tables[table], nil
}

func (testFiles) Events(ctx context.Context, path string) (map[string]*types.Rows, error) {
	tables, report, err := workspace.ReadRows(ctx, []string{path}, events.Options{}, maxRecorded)
	if err := unloaded(tables, report, err); err != nil {
		return nil, err
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("%s has no events", path)
	}
	return tables, nil
}

// unloaded is the error of a file that was not read as a whole: a test must not pass
// over what it lacks.
func unloaded(tables map[string]*types.Rows, report events.Report, err error) error {
	if err != nil {
		return err
	}
	for _, f := range report.Files {
		if f.Skipped != "" {
			return fmt.Errorf("%s was passed over: %s", f.Path, f.Skipped)
		}
	}
	if r := tables[events.RejectsTable]; r != nil && len(r.Values) > 0 {
		row := r.Values[0]
		return fmt.Errorf("%v:%v: %v (%s not loaded)", row[0], row[1], row[5], plural(report.Rejects, "record was", "records were"))
	}
	return nil
}

func (testFiles) Watchlist(ctx context.Context, path string) (*types.Rows, error) {
	return workspace.ReadWatchlist(ctx, path)
}

func (testFiles) Functions(ctx context.Context, paths []string) (map[string]*bind.Function, error) {
	pack, err := rule.Load(ctx, paths...)
	if err != nil {
		return nil, err
	}
	functions, problems := savedFunctions(pack)
	for _, p := range append(pack.Problems, problems...) {
		if !p.Warning {
			return nil, p
		}
	}
	if len(functions) == 0 {
		return nil, fmt.Errorf("there is no function in %s", strings.Join(paths, ", "))
	}
	return functions, nil
}

func (testFiles) Copies(files map[string]string) hunt.ExternalSource {
	return workspace.NewCopies("the test", files)
}
