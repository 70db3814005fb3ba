package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"quarry/engine"
	"quarry/hunt"
	"quarry/internal/ruledata"
	"quarry/kql/source"
	"quarry/workspace"
)

// allRulesSection hunts with every public rule.
func allRulesSection() Section {
	return Section{
		Name:  "allrules",
		Title: "Every public rule over the tables they read",
		About: "`quarry hunt` with all rules of ../shared/rules over a workspace, against a `quarry query` for each rule, one process after another, on the same workspace. " +
			"The rows are spread over the tables in proportion to the rules that read them, and hold the words that rules look for, one value in forty (package internal/ruledata). " +
			"The hunt keeps 10,000 rows of a rule and counts all; a query prints up to its own limit.",
		Run: allRules,
	}
}

const allRulesEvents = 450_000

func allRules(ctx context.Context, e *Env) ([]Row, error) {
	if e.Shared == "" {
		return nil, Skip("it needs the public rules of ../shared")
	}
	schemas := filepath.Join(e.Shared, "schemas", "tables.csv")
	set, err := ruledata.Read(filepath.Join(e.Shared, "rules", "rules.jsonl"), schemas)
	if err != nil {
		return nil, err
	}
	events := e.N(allRulesEvents)
	empty, copies, rules, space := e.Path("empty"), e.Path("copies.csv"), e.Path("rules"), e.Path("workspace")
	err = errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(copies, []byte("url,file\n*,"+empty+"\n"), 0o600), set.WriteRules(rules))
	if err == nil {
		err = fillSpace(ctx, set, space, events)
	}
	if err != nil {
		return nil, err
	}
	data := []string{"--workspace", space, "--schema", schemas, "--external-data", copies, "--now", ruledata.End.Format(time.DateOnly)}
	e.Reps = min(e.Reps, 3)
	var memory int64
	together, err := e.Repeat(ctx, "all rules", func(ctx context.Context) (time.Duration, error) {
		u, err := e.Child(ctx, nil, e.Quarry, append([]string{"hunt", "--rules", rules, "--format", "json", "-o", e.Path("hunt.json")}, data...)...)
		memory = max(memory, u.PeakRSS)
		return u.Wall, err
	})
	if err != nil {
		return nil, err
	}
	inside, err := oneByOne(ctx, set, workspace.Options{Dir: space, Schemas: []string{schemas}, External: copies})
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(rules, "*.kql"))
	if err != nil {
		return nil, err
	}
	var alone time.Duration
	for i, file := range files {
		u, err := e.Child(ctx, nil, e.Quarry, append([]string{"query", "-f", file, "--format", "csv"}, data...)...)
		if err != nil && u.Exit <= 1 { // 2: the rule is refused, as it is in the hunt
			return nil, err
		}
		if alone += u.Wall; (i+1)%100 == 0 {
			e.Logf("one process for each rule: %s (%d of %d)", seconds(alone.Seconds()), i+1, len(files))
		}
	}
	work := fmt.Sprintf("%d rules, %d events", len(files), events)
	return []Row{
		Faster(work+", against a process for each", together, Times{alone.Seconds()}, 3),
		AtLeast(work, float64(events)/together.Median(), "events/s", 40_000),
		AtMost("peak memory of the hunt", float64(memory)/(1<<30), "GiB", 1.5),
		Faster("the same, against one after another in one process", together, Times{inside.Seconds()}, 0),
	}, nil
}

func fillSpace(ctx context.Context, set *ruledata.Set, dir string, events int) error {
	w, err := workspace.Open(ctx, workspace.Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(set.Fill(ctx, w.Store(), events, 1), w.Close())
}

// oneByOne runs the rules one after another in this process and reads what they give.
func oneByOne(ctx context.Context, set *ruledata.Set, o workspace.Options) (time.Duration, error) {
	w, err := workspace.Open(ctx, o)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	return Clock(func() error {
		for _, r := range set.Rules {
			if err := ctx.Err(); err != nil {
				return err
			}
			readAll(ctx, w.Session, hunt.Request{Text: source.New(r.ID, r.KQL, 0), Now: ruledata.End, Limited: true})
		}
		return nil
	})
}

// readAll reads a rule's rows; one that is refused, or finds too many, has no more.
func readAll(ctx context.Context, s *hunt.Session, r hunt.Request) {
	a, err := s.Query(ctx, r)
	if err != nil {
		return
	}
	defer a.Close()
	if res, err := a.Next(ctx); err == nil {
		_, _, _ = engine.Collect(res.Rows, 0)
	}
}
