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

	"quarry/detect/replay"
	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/events"
)

type replayFlags struct {
	dataFlags
	rules    []string
	from, to time.Time
	delay    time.Duration
	set      []string
	tuning   string
	format   string
	output   string
	parallel int
	timeout  time.Duration
	all      int
	reading  eventFlags
}

func (a *app) replayCommand() *cobra.Command {
	var r replayFlags
	cmd := &cobra.Command{
		Use:   "replay [flags] --from TIME --to TIME",
		Short: "Backtest rules over the past, at the times of their schedules",
		Long: `Backtest rules: run each at the times its schedule gives between two times, over
the rows of each window that had come in by then, and tell the alerts and
incidents that would have been made.

A row came in when its column _TimeReceived says, else at its own time; see
docs/replay.md for what is emulated. The exit status is 1 if there was an alert.`,
		Example: `  quarry replay --rules rule.yaml --from 2026-01-01 --to 2026-03-31 --data logs/
  quarry replay --rules pack/ --from 2026-01-01 --to 2026-02-01 --workspace soc \
      --tuning tuning.yaml --format json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case r.from.IsZero() || r.to.IsZero():
				return usagef("give the time to replay: --from TIME --to TIME")
			case r.to.Before(r.from):
				return usagef("--to is before --from")
			case len(r.data) == 0 && r.workspace == "":
				return usagef("give the rows to replay: --data PATH or --workspace DIR")
			case r.delay < 0:
				return usagef("--ingestion-delay is negative")
			case !slices.Contains(replay.Formats(), r.format):
				return usagef("unknown format %q; known are %s", r.format, strings.Join(replay.Formats(), ", "))
			}
			return a.replay(cmd.Context(), &r)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.rules, "rules", nil, "replay the rules of `PATH`, a file, a folder or a zip archive, instead of Quarry's own; may be repeated")
	f.Var(timeFlag{&r.from}, "from", "switch the rules on at this time")
	f.Var(timeFlag{&r.to}, "to", "end with the run of this time")
	f.DurationVar(&r.delay, "ingestion-delay", 0, "let rows that do not say when they came in do so this long after their own time")
	f.StringVar(&r.tuning, "tuning", "", "apply the exclusions and severities of `FILE`")
	f.StringArrayVar(&r.set, "set", nil, "set a knob, a let constant at the head of a rule: `NAME=VALUE`; may be repeated")
	f.StringVar(&r.format, "format", "table", "print the result as `FORMAT`: table, json or csv")
	f.StringVarP(&r.output, "output", "o", "", "write to `FILE`, which is there as a whole or not at all")
	f.DurationVar(&r.timeout, "run-timeout", 5*time.Minute, "stop a run that takes longer")
	f.IntVar(&r.parallel, "parallel", 0, "replay `N` rules at once; 0 is one for each processor, at most 4")
	f.IntVar(&r.all, "max-alerts", 10_000, "list at most `N` alerts of a rule; all are counted")
	r.reading.add(cmd)
	r.add(cmd)
	cmd.Flag("now").Usage = "judge at this time, instead of the clock, which exclusions have expired"
	return cmd
}

// tuningAt reads a tuning file and what of it holds; notes tell the rest.
func tuningAt(file string, now time.Time, rules []*rule.Rule) (active *tuning.Active, notes []string, err error) {
	if file == "" {
		return (*tuning.Set)(nil).At(now), nil, nil
	}
	set, err := tuning.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if now.IsZero() {
		now = time.Now()
	}
	active = set.At(now)
	return active, append(append([]string{}, active.Expired...), set.Unused(rules)...), nil
}

func (a *app) replay(ctx context.Context, r *replayFlags) error {
	started := time.Now()
	makeRoom()
	set, err := settings(r.set)
	if err != nil {
		return err
	}
	reading, err := r.reading.options()
	if err != nil {
		return err
	}
	pack, err := loadRules(ctx, r.rules)
	if err != nil {
		return err
	}
	if err := rule.CheckSettings(pack.Rules, set); err != nil {
		return usagef("%v", err)
	}
	active, notApplied, err := tuningAt(r.tuning, r.now, pack.Rules)
	if err != nil {
		return err
	}
	w, problems, err := openSpace(ctx, &r.dataFlags, pack)
	if err != nil {
		return err
	}
	defer w.Close()
	var loaded events.Report
	var broken error
	if len(r.data) > 0 {
		loaded, broken = a.load(ctx, w, r.data, reading)
		if broken != nil && !unreadable(broken) {
			return broken
		}
	}
	tables, err := w.Counts(ctx)
	if err != nil {
		return err
	}
	newest, err := w.Newest(ctx, tables)
	if err != nil {
		return err
	}
	if !newest.IsZero() && newest.Before(r.from) {
		fmt.Fprintf(a.stderr, "note: the newest row is of %s, before the time to replay\n", newest.Format("2006-01-02"))
	}
	bar := a.progress("replay", "%")
	result, err := replay.Run(ctx, pack.Rules, w.Session, replay.Options{
		From: r.from, To: r.to, Delay: r.delay, Set: set, Tables: tables, Tuning: active, Parallel: r.parallel, RunTimeout: r.timeout, MaxAlerts: r.all,
		Progress: func(thousandths int, name string) { bar.set(int64(thousandths), 1000, underWay{name: name}) },
	})
	bar.close()
	if err != nil {
		return err
	}
	out := result.Report()
	out.Summary.Expired = append(out.Summary.Expired, notApplied...)
	out.Summary.Version, out.Summary.Notes = Version, loaded.Notes
	for _, p := range append(problems, pack.Problems...) {
		out.Summary.RuleProblems = append(out.Summary.RuleProblems, p.Error())
	}
	out.Summary.Seconds = time.Since(started).Round(time.Millisecond).Seconds()
	err = a.toOutput(r.output, func(w io.Writer) error {
		color := isTerminal(a.stdout) && r.output == "" && os.Getenv("NO_COLOR") == ""
		return replay.Write(w, r.format, out, replay.TableOptions{Color: color, Width: widthOf(w)})
	})
	switch {
	case err != nil:
		return err
	case broken != nil:
		return fmt.Errorf("a part of the data could not be read:\n%w", broken)
	case out.Summary.Alerts > 0:
		return findings
	}
	return nil
}
