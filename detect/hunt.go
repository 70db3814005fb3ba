package detect

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/engine"
	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Runner makes the queries of a hunt ready, all together so that they can share work.
type Runner interface {
	Prepare(ctx context.Context, texts []*source.Text, parallel int) (Prepared, error)
}

// Prepared are queries that are ready to run. It is safe for concurrent use.
type Prepared interface {
	// Cost estimates the work of query i; cheap ones go first.
	Cost(i int) float64
	// Run runs query i. An error of the query is a *diag.List; so is a query that
	// would run and lacks what its answer depends on, with remarks that say what (see
	// diag.Diagnostic.Needs).
	Run(ctx context.Context, i int) (engine.Rows, error)
	Close()
}

// Each is a Runner that runs each query alone.
type Each func(ctx context.Context, text *source.Text) (*types.Rows, error)

// Prepare implements Runner.
func (f Each) Prepare(_ context.Context, texts []*source.Text, _ int) (Prepared, error) {
	return each{f, texts}, nil
}

type each struct {
	run   Each
	texts []*source.Text
}

func (e each) Cost(int) float64 { return 1 }
func (e each) Close()           {}
func (e each) Run(ctx context.Context, i int) (engine.Rows, error) {
	rows, err := e.run(ctx, e.texts[i])
	if err != nil {
		return nil, err
	}
	return engine.FromRows(rows), nil
}

// Session runs rules over the tables of a session. request says all but their text.
func Session(s *hunt.Session, request hunt.Request) Runner { return sessionRunner{s, request} }

type sessionRunner struct {
	session *hunt.Session
	request hunt.Request
}

func (r sessionRunner) Prepare(ctx context.Context, texts []*source.Text, parallel int) (Prepared, error) {
	requests := make([]hunt.Request, len(texts))
	for i, t := range texts {
		requests[i] = r.request
		requests[i].Text = t
	}
	return r.session.Batch(ctx, requests, parallel)
}

// Options say how to hunt.
type Options struct {
	// Set gives knobs their values, in every rule that has them. A name that no
	// rule has is an error.
	Set map[string]string
	// Parallel is the number of rules that run at once; 0 is the number of
	// processors. The result is the same whatever it is.
	Parallel int
	// MaxRows and MaxBytes bound what is kept of the rows of a rule; 0 is 10,000 and
	// 4 MiB. Hits counts all.
	MaxRows  int
	MaxBytes int
	// MaxHits bounds the rows that a rule may find; one that finds more is stopped and
	// refused. 0 is 10,000,000.
	MaxHits int64
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
	// Progress is called when the hunt begins and whenever a rule begins or ends, one
	// call at a time.
	Progress func(Progress)
}

// Progress tells how far a hunt is.
type Progress struct {
	Done, Total int       // rules
	Running     []Running // the longest first; none while rules are made ready
}

// Running is a rule that runs.
type Running struct {
	Name  string
	Since time.Time
}

const (
	defaultMaxRows  = 10_000
	defaultMaxBytes = 4 << 20
	defaultMaxHits  = 10_000_000
)

// Hunt runs every rule and never stops for one of them. The results stand in the
// order of the rules. The error is for a setting that no rule has and for a
// cancelled context; with the latter the result holds what was done.
func Hunt(ctx context.Context, rules []*rule.Rule, runner Runner, opts Options) (*Result, error) {
	if err := rule.CheckSettings(rules, opts.Set); err != nil {
		return nil, err
	}
	started := time.Now()
	if opts.Parallel <= 0 {
		opts.Parallel = runtime.GOMAXPROCS(0)
	}
	if opts.MaxRows <= 0 {
		opts.MaxRows = defaultMaxRows
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = defaultMaxBytes
	}
	if opts.MaxHits <= 0 {
		opts.MaxHits = defaultMaxHits
	}
	results, err := runAll(ctx, rules, runner, opts)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}

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

// take reads what a rule found: it counts all rows and keeps the first.
func (r *RuleResult) take(rows engine.Rows, opts Options) error {
	defer rows.Close()
	r.schema = rows.Schema()
	kinds := make([]types.Type, len(r.schema))
	for i, c := range r.schema {
		r.Columns = append(r.Columns, c.Name)
		r.Types = append(r.Types, c.Type.String())
		kinds[i] = c.Type
	}
	times, seen, kept := TimeColumns(r.schema), newSpan(), 0
	for r.Hits < opts.MaxHits && rows.Next() {
		row := rows.Row()
		seen.addRow(times, row)
		r.Rows = append(r.Rows, Row{Values: row, Types: kinds})
		kept += weight(row)
		if r.Hits++; r.Hits < int64(opts.MaxRows) && kept < opts.MaxBytes {
			continue
		}
		if tail, ok := rows.(engine.Tail); ok {
			n, err := tail.Tail(times, opts.MaxHits+1-r.Hits, seen.add)
			if r.Hits += n; err != nil {
				return err
			}
			break
		}
		for r.Hits <= opts.MaxHits && rows.Next() {
			seen.addRow(times, rows.Row())
			r.Hits++
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if r.Hits > opts.MaxHits {
		return errTooMany(opts.MaxHits)
	}
	r.First, r.Last = seen.texts()
	if r.Hits > int64(len(r.Rows)) {
		r.Truncated = true
		r.Reason = fmt.Sprintf("%d of %d rows are kept", len(r.Rows), r.Hits)
	}
	if r.Hits > 0 {
		r.Status = Fired
	}
	return nil
}

// weight is about the memory that a row takes, in bytes.
func weight(row []types.Value) int {
	n := 16 * len(row)
	for _, v := range row {
		if s, ok := v.(string); ok {
			n += len(s)
		}
	}
	return n
}

// drop forgets what a rule found before it failed.
func (r *RuleResult) drop() {
	r.Columns, r.Types, r.Rows, r.schema = []string{}, []string{}, []Row{}, nil
	r.Hits, r.First, r.Last = 0, "", ""
}

// errTooMany is the error of a rule that found more rows than it may.
type errTooMany int64

func (e errTooMany) Error() string {
	return fmt.Sprintf("the rule found more than %d rows and was stopped; a detection is about few: filter earlier, summarize, or look at a shorter time with --from and --to", int64(e))
}

// codeUnknownTable is the binder's code for a table that neither data nor a schema
// gives; for a hunt that is missing data, not a mistake in the rule.
const codeUnknownTable diag.Code = "KQ201"

func (r *RuleResult) fail(ctx context.Context, err error, opts Options) {
	r.Status, r.Reason = Refused, err.Error()
	var list *diag.List
	if !errors.As(err, &list) || list == nil {
		if opts.Timeout > 0 && (errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded)) {
			r.Reason = fmt.Sprintf("the rule ran longer than %s and was stopped; give it more with --rule-timeout, or look at a shorter time with --from and --to", opts.Timeout)
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
