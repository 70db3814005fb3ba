package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quarry/detect"
	"quarry/detect/report"
	"quarry/detect/rule"
	"quarry/events"
	"quarry/hunt"
	"quarry/kql/types"
	"quarry/workspace"
)

type huntFlags struct {
	dataFlags
	rules     []string
	from, to  time.Time
	set       []string
	tuning    string
	format    string
	output    string
	parallel  int
	timeout   time.Duration
	eventRead eventFlags
}

func (a *app) huntCommand() *cobra.Command {
	var h huntFlags
	cmd := &cobra.Command{
		Use:   "hunt [flags] EVIDENCE...",
		Short: "Run detection rules over logs",
		Long: `Run detection rules over logs and tell which fired, on which rows, and why the
others could not.

EVIDENCE is files, folders, patterns or "-": Windows event logs (.evtx), JSON,
CSV and Parquet, packed or not. The exit status is 1 if a rule fired.`,
		Example: `  quarry hunt evidence/
  quarry hunt --rules packs/ --now 2021-04-21 --format html -o report.html evidence/
  quarry hunt --set ToleranceInSeconds=30 evidence/`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && h.workspace == "" {
				return usagef("name the evidence: files or folders of logs, or --workspace DIR")
			}
			if !slices.Contains(report.Formats(), h.format) {
				return usagef("unknown format %q; known are %s", h.format, strings.Join(report.Formats(), ", "))
			}
			return a.hunt(cmd.Context(), &h, args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&h.rules, "rules", nil, "run the rules of `PATH`, a file, a folder or a zip archive, instead of Quarry's own; may be repeated")
	f.Var(timeFlag{&h.from}, "from", "let rules see only rows of this time and later")
	f.Var(timeFlag{&h.to}, "to", "let rules see only rows of this time and earlier")
	f.Var(timeFlag{&h.now}, "now", "what now() and ago() mean, instead of the clock")
	f.StringArrayVar(&h.set, "set", nil, "set a knob, a let constant at the head of a rule: `NAME=VALUE`; may be repeated")
	f.StringVar(&h.tuning, "tuning", "", "apply the exclusions and severities of `FILE`")
	f.StringVar(&h.format, "format", "table", "print the result as `FORMAT`: table, json, csv or html")
	f.StringVarP(&h.output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	f.DurationVar(&h.timeout, "rule-timeout", 5*time.Minute, "stop a rule that runs longer")
	f.IntVar(&h.parallel, "parallel", 0, "run `N` rules at once; 0 is one for each processor")
	h.eventRead.add(cmd)
	h.addWorkspace(cmd)
	f.StringArrayVar(&h.schemas, "schema", nil, "know the tables of `FILE`, a CSV of table,column,type; may be repeated")
	h.addExternal(cmd)
	h.enrich.add(cmd)
	return cmd
}

// eventFlags say how Windows events become rows.
type eventFlags struct {
	noMerge, noDerive bool
	clockOffset       string
}

func (e *eventFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&e.noMerge, "no-merge", false, "keep each record of a fact that several Windows events tell")
	f.BoolVar(&e.noDerive, "no-derive", false, "make no rows of share auditing (events 5140 and 5145)")
	f.StringVar(&e.clockOffset, "clock-offset", "", "shift the header times of Windows events by `DURATION` instead of the measured offset")
}

func (e *eventFlags) options() (events.Options, error) {
	o := events.Options{NoMerge: e.noMerge, NoDerive: e.noDerive}
	if e.clockOffset != "" {
		ticks, ok := types.ParseTimespan(e.clockOffset)
		if !ok {
			return o, usagef("--clock-offset %q is not a duration; write it as 2h, -30m or 01:30:00", e.clockOffset)
		}
		o.ClockOffset = &ticks
	}
	return o, nil
}

// loadRules reads rule files, or Quarry's own rules if none are named.
func loadRules(ctx context.Context, paths []string) (*rule.Pack, error) {
	if len(paths) == 0 {
		return ownRules(ctx)
	}
	pack, err := rule.Load(ctx, paths...)
	if err != nil {
		return nil, err
	}
	if len(pack.Rules) == 0 {
		problems := ""
		for i, p := range pack.Problems {
			if i == maxTold {
				break
			}
			problems += "\n  " + p.Error()
		}
		return nil, fmt.Errorf("there is no rule in %s%s", strings.Join(paths, ", "), problems)
	}
	return pack, nil
}

func (a *app) hunt(ctx context.Context, h *huntFlags, evidence []string) error {
	started := time.Now()
	makeRoom()
	set, err := settings(h.set)
	if err != nil {
		return err
	}
	options, err := h.eventRead.options()
	if err != nil {
		return err
	}
	pack, err := loadRules(ctx, h.rules)
	if err != nil {
		return err
	}
	if err := rule.CheckSettings(pack.Rules, set); err != nil {
		return usagef("%v", err)
	}
	active, notApplied, err := tuningAt(h.tuning, time.Time{}, pack.Rules) // by the clock: evidence may be old, exclusions are not
	if err != nil {
		return err
	}
	w, problems, err := openSpace(ctx, &h.dataFlags, pack)
	if err != nil {
		return err
	}
	defer w.Close()
	var loaded events.Report
	var broken error
	if len(evidence) > 0 {
		loaded, broken = a.read(ctx, w, evidence, options)
		if broken != nil && !unreadable(broken) {
			return broken
		}
		var notes []string
		if h.format == "csv" { // the other reports have them
			notes = loaded.Notes
		}
		a.tell(loaded, notes)
	}
	tables, err := w.Counts(ctx)
	if err != nil {
		return err
	}
	now := h.now
	if now.IsZero() {
		now = started
		a.tellAge(ctx, w, tables, now)
	}
	bar := a.progress("rules", "rules")
	result, err := detect.Hunt(ctx, pack.Rules, detect.Session(w.Session, h.request(now)), detect.Options{
		Set: set, Parallel: h.parallel, Timeout: h.timeout, Tables: tables, Tuning: active, Predicates: w.Session,
		Progress: bar.setRules,
	})
	bar.close()
	if err != nil {
		return err
	}
	s := &result.Summary
	s.Version, s.Now = Version, types.FormatDatetime(types.FromTime(now))
	s.Rejects, s.Notes = loaded.Rejects, loaded.Notes
	for _, f := range loaded.Files {
		e := detect.Evidence{Path: f.Path, Format: f.Format, Bytes: f.Bytes, Events: f.Rows + f.Events, Rejects: f.Rejects, Problem: f.Skipped}
		if f.Err != nil {
			e.Problem = f.Err.Error()
		}
		s.Evidence = append(s.Evidence, e)
	}
	for _, p := range append(problems, pack.Problems...) {
		s.RuleProblems = append(s.RuleProblems, p.Error())
	}
	s.NotApplied = notApplied
	result.Finish(started)
	if h.format == "csv" { // its lines are hits; the other reports tell the rest
		a.tellTuning(result)
	}
	err = a.toOutput(h.output, func(w io.Writer) error {
		color := isTerminal(a.stdout) && h.output == "" && os.Getenv("NO_COLOR") == ""
		return report.Write(w, h.format, result, report.Options{Color: color, Width: widthOf(w), Title: strings.Join(evidence, " ")})
	})
	switch {
	case err != nil:
		return err
	case broken != nil:
		return fmt.Errorf("a part of the evidence could not be read:\n%w", broken)
	case s.Fired > 0:
		return findings
	}
	return nil
}

// tellTuning prints what tuning did to standard error.
func (a *app) tellTuning(r *detect.Result) {
	hidden, changed, problems := report.Tuned(r)
	for _, l := range hidden {
		fmt.Fprintf(a.stderr, "note: hidden by exclusion %s\n", l)
	}
	for _, l := range changed {
		fmt.Fprintf(a.stderr, "note: severity of %s\n", l)
	}
	for _, l := range problems {
		fmt.Fprintf(a.stderr, "note: %s\n", l)
	}
}

// settings reads NAME=VALUE texts.
func settings(list []string) (map[string]string, error) {
	set := map[string]string{}
	for _, s := range list {
		name, value, ok := strings.Cut(s, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, usagef("--set %q is not NAME=VALUE", s)
		}
		set[name] = strings.TrimSpace(value)
	}
	return set, nil
}

// request is the query of a rule at the hunt's clock and within its window, but for its text.
func (h *huntFlags) request(now time.Time) hunt.Request {
	options := map[string]string{}
	if !h.from.IsZero() {
		options["query_datetimescope_from"] = types.FormatDatetime(types.FromTime(h.from))
	}
	if !h.to.IsZero() {
		options["query_datetimescope_to"] = types.FormatDatetime(types.FromTime(h.to))
	}
	return hunt.Request{Now: now, Settings: options, Timeout: h.timeout}
}

// tellAge warns that rules which look back from now see nothing of old evidence.
func (a *app) tellAge(ctx context.Context, w *workspace.Workspace, tables map[string]int64, now time.Time) {
	newest, err := w.Newest(ctx, tables)
	if err != nil || newest.IsZero() || now.Sub(newest) < 24*time.Hour {
		return
	}
	next := newest.Add(24 * time.Hour).Format("2006-01-02")
	fmt.Fprintf(a.stderr, "note: the newest event is of %s; rules that look back with ago() see nothing of it. To hunt as of then: --now %s\n",
		newest.Format("2006-01-02"), next)
}

// read loads evidence with a progress bar.
func (a *app) read(ctx context.Context, w *workspace.Workspace, paths []string, o events.Options) (events.Report, error) {
	bar := a.progress("load", "bytes")
	o.Progress = func(p events.Progress) {
		doing := p.File
		switch doing {
		case "":
			doing = "making rows of Windows events"
		case "-":
			doing = "(standard input)"
		}
		bar.set(p.Done, p.Total, underWay{name: doing})
	}
	r, err := w.Load(ctx, paths, o)
	bar.close()
	return r, err
}
