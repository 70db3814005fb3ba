package detect

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"

	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Runner runs one query. An error of the query is a *diag.List; so is a query that
// would run and lacks what its answer depends on, with remarks that say what (see
// diag.Diagnostic.Needs). It must be safe for concurrent use.
type Runner interface {
	Run(ctx context.Context, text *source.Text) (*types.Rows, error)
}

// Options say how to hunt.
type Options struct {
	// Set gives knobs their values, in every rule that has them. A name that no
	// rule has is an error.
	Set map[string]string
	// Parallel is the number of rules that run at once; 0 is the number of
	// processors, at most 4 (a query is parallel itself).
	Parallel int
	// MaxRows bounds the rows kept of a rule; 0 is 10,000. Hits counts all.
	MaxRows int
	// Timeout bounds one rule; 0 is none.
	Timeout time.Duration
	// Tables holds the rows of each table there is. A rule whose tables are all
	// empty or absent cannot fire, which is another thing than finding nothing. Nil
	// leaves the question open.
	Tables map[string]int64
	// Tuning is what the organisation hides or changes, nil nothing; Predicates runs
	// the predicates of its exclusions.
	Tuning     *tuning.Active
	Predicates tuning.Runner
	// Progress is called after each rule, one call at a time.
	Progress func(done, total int, r *RuleResult)
}

const defaultMaxRows = 10_000

// Hunt runs every rule and never stops for one of them. The results stand in the
// order of the rules. The error is for a setting that no rule has and for a
// cancelled context; with the latter the result holds what was done.
func Hunt(ctx context.Context, rules []*rule.Rule, runner Runner, opts Options) (*Result, error) {
	if err := rule.CheckSettings(rules, opts.Set); err != nil {
		return nil, err
	}
	started := time.Now()
	if opts.Parallel <= 0 {
		opts.Parallel = min(runtime.GOMAXPROCS(0), 4)
	}
	if opts.MaxRows <= 0 {
		opts.MaxRows = defaultMaxRows
	}
	results := make([]*RuleResult, len(rules))
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		done int
		next = make(chan int)
	)
	for range min(opts.Parallel, len(rules)) {
		wg.Go(func() {
			for i := range next {
				r := runOne(ctx, rules[i], runner, opts)
				mu.Lock()
				results[i] = r
				done++
				if opts.Progress != nil {
					opts.Progress(done, len(rules), r)
				}
				mu.Unlock()
			}
		})
	}
feed:
	for i := range rules {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()

	out := &Result{Rules: make([]*RuleResult, 0, len(rules))}
	missing := map[string]bool{}
	for _, r := range results {
		if r == nil {
			continue
		}
		out.Rules = append(out.Rules, r)
		for _, n := range r.Needs {
			if t, ok := strings.CutPrefix(n, "table "); ok {
				missing[t] = true
			}
		}
	}
	for t := range missing {
		out.Summary.TablesMissing = append(out.Summary.TablesMissing, t)
	}
	sort.Strings(out.Summary.TablesMissing)
	out.Summary.Tables = opts.Tables
	for _, n := range opts.Tables {
		out.Summary.Events += n
	}
	out.Finish(started)
	return out, ctx.Err()
}

// runOne runs a rule and turns whatever happens into its result.
func runOne(ctx context.Context, r *rule.Rule, runner Runner, opts Options) (out *RuleResult) {
	out = describe(r)
	started := time.Now()
	defer func() {
		if p := recover(); p != nil {
			out.Status, out.Reason = Refused, fmt.Sprintf("internal error: %v; please report it with the rule", p)
			out.Detail = string(debug.Stack())
		}
		out.Seconds = float64(time.Since(started).Microseconds()) / 1e6
	}()
	if !r.Runnable() {
		out.Status, out.Reason = Refused, fmt.Sprintf("a rule of kind %s has no query to run", r.Kind)
		return out
	}
	text, err := r.WithOwnSettings(opts.Set)
	if err != nil {
		out.Status, out.Reason = Refused, err.Error()
		return out
	}
	out.Query = text.Body
	out.Settings = settings(r, text.Body)
	if opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
	}
	rows, err := runner.Run(ctx, text)
	if err != nil {
		out.fail(ctx, err, opts)
		return out
	}
	if rows, err = out.tune(ctx, r, rows, opts); err != nil {
		out.fail(ctx, err, opts)
		return out
	}
	out.take(rows, opts.MaxRows)
	if out.Hits == 0 && len(out.Hidden) == 0 {
		out.explainQuiet(text, opts)
	}
	return out
}

func describe(r *rule.Rule) *RuleResult {
	out := &RuleResult{
		ID: r.ID, Name: r.Name, Status: Quiet, Severity: r.Severity, Kind: string(r.Kind), Description: r.Description,
		Tactics: r.Tactics, Techniques: r.Techniques, DataTypes: r.DataTypes(), Version: r.Version, URL: r.URL,
		File: r.File, Line: r.Line, Query: r.Query, Columns: []string{}, Types: []string{}, Rows: []Row{},
	}
	for _, e := range r.EntityMappings {
		m := Entity{Type: e.EntityType, Fields: map[string]string{}}
		for _, f := range e.Fields {
			m.Fields[f.Identifier] = f.Column
		}
		out.EntityMappings = append(out.EntityMappings, m)
	}
	return out
}

func settings(r *rule.Rule, body string) map[string]string {
	if body != r.Query {
		copied := *r
		copied.Query = body
		r = &copied
	}
	var out map[string]string
	for _, k := range r.Knobs() {
		if out == nil {
			out = map[string]string{}
		}
		out[k.Name] = k.Value
	}
	return out
}

func (r *RuleResult) take(rows *types.Rows, maxRows int) {
	r.schema = rows.Schema
	kinds := make([]types.Type, len(rows.Schema))
	for i, c := range rows.Schema {
		r.Columns = append(r.Columns, c.Name)
		r.Types = append(r.Types, c.Type.String())
		kinds[i] = c.Type
	}
	r.Hits = int64(len(rows.Values))
	r.First, r.Last = span(rows)
	for i, v := range rows.Values {
		if i == maxRows {
			r.Truncated = true
			r.Reason = fmt.Sprintf("%d of %d rows are kept", maxRows, r.Hits)
			break
		}
		r.Rows = append(r.Rows, Row{Values: v, Types: kinds})
	}
	if r.Hits > 0 {
		r.Status = Fired
	}
}

// codeUnknownTable is the binder's code for a table that neither data nor a schema
// gives; for a hunt that is missing data, not a mistake in the rule.
const codeUnknownTable diag.Code = "KQ201"

func (r *RuleResult) fail(ctx context.Context, err error, opts Options) {
	r.Status, r.Reason = Refused, err.Error()
	var list *diag.List
	if !errors.As(err, &list) || list == nil {
		if errors.Is(err, context.DeadlineExceeded) && opts.Timeout > 0 {
			r.Reason = fmt.Sprintf("the rule ran longer than %s and was stopped", opts.Timeout)
		} else if ctx.Err() != nil {
			r.Reason = "the hunt was stopped"
		}
		return
	}
	if data, err := list.MarshalJSON(); err == nil {
		r.Diagnostics = data
	}
	r.Detail = list.Caret()
	needs := make([]string, 0, len(list.Items))
	for _, d := range list.Items {
		switch {
		case d.Needs != "":
			needs = append(needs, d.Needs)
		case d.Warning:
		case d.Code == codeUnknownTable:
			needs = append(needs, "table "+d.Name)
		default:
			return // an error of the rule itself
		}
	}
	if len(needs) == 0 {
		return
	}
	r.Status, r.Needs = Needs, unique(needs)
	r.Reason = "needs " + strings.Join(r.Needs, ", ")
}

// explainQuiet tells a rule that found nothing from one that had nothing to look at.
func (r *RuleResult) explainQuiet(text *source.Text, opts Options) {
	if opts.Tables == nil {
		return
	}
	var empty []string
	reads := tablesOf(text, r.DataTypes, opts.Tables)
	for _, t := range reads {
		if opts.Tables[t] == 0 {
			empty = append(empty, t)
		}
	}
	switch {
	case len(empty) == 0:
	case len(empty) == len(reads):
		r.Status = Needs
		for _, t := range empty {
			r.Needs = append(r.Needs, "table "+t)
		}
		r.Reason = "no data in " + strings.Join(empty, ", ")
	default:
		r.Reason = "no data in " + strings.Join(empty, ", ")
	}
}

// tablesOf lists the tables that a query names: names in the place of a table
// that are data types of the rule or tables at hand.
func tablesOf(text *source.Text, dataTypes []string, known map[string]int64) []string {
	script, errs := syntax.Parse(text)
	if errs != nil {
		return nil
	}
	declared := map[string]bool{}
	for _, d := range dataTypes {
		declared[d] = true
	}
	var out []string
	syntax.Walk(script, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			if _, has := known[name.Text]; has || declared[name.Text] {
				out = append(out, name.Text)
			}
		}
		return true
	})
	return unique(out)
}

func unique(list []string) []string {
	seen := map[string]bool{}
	out := list[:0:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
