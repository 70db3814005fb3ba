package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"quarry/detect/alert"
	"quarry/detect/pool"
	"quarry/detect/rule"
	"quarry/detect/sched"
	"quarry/detect/tuning"
	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Options say how to replay.
type Options struct {
	// From is when the rules are switched on, To the time of the last run at most.
	From, To time.Time
	// Delay is how long after its own time a row comes in that does not say when.
	Delay time.Duration
	// Set gives knobs their values; see rule.Rule.WithOwnSettings.
	Set map[string]string
	// Tables holds the rows of each stored table. A rule that reads only tables without
	// rows is one that needs data, not a quiet one; nil leaves the question open.
	Tables map[string]int64
	// Tuning is what the organisation hides or changes; nil is nothing.
	Tuning *tuning.Active
	// Parallel is the number of rules that are replayed at once; 0 is the number of
	// processors, at most 4.
	Parallel int
	// RunTimeout bounds one run's query; 0 is none.
	RunTimeout time.Duration
	// MaxAlerts bounds the alerts kept of a rule; 0 is 10,000. Counts count all.
	MaxAlerts int
	// Naive runs each run by itself; tests compare the two.
	Naive bool
	// Progress is called after every run, one call at a time: the parts of all runs
	// that are done, in thousandths, and the rule.
	Progress func(thousandths int, rule string)
}

// Status is what came of a rule.
type Status string

// The four outcomes.
const (
	Alerted Status = "alerted"
	Quiet   Status = "quiet"   // it ran and made no alert
	Refused Status = "refused" // it has an error, or a schedule the service would not take
	Needs   Status = "needs"   // it asks for a table, watchlist or file that is not there
)

// Result is what a replay gave, the rules in their order.
type Result struct {
	From, To time.Time
	Rules    []*RuleResult
}

// RuleResult is what came of one rule.
type RuleResult struct {
	Rule     *rule.Rule
	Schedule sched.Schedule
	Status   Status
	Reason   string // of a refusal, a need, or failed runs
	Detail   string // the same as a terminal shows it, with the place
	Needs    []string

	Runs       int // that took place
	Suppressed int // that did not, after an alert
	Queries    int // runs whose query had to be run; the others followed from the rows
	Failed     int // runs that ended with an error, of which Reason is the first
	Triggered  int // runs that met the threshold
	Capped     int // runs with more rows than alerts are allowed
	Rows       int64
	Repeated   int64 // rows of a custom detection that had an alert already

	Count     int            // alerts made
	Days      map[string]int // alerts by day (UTC) on which they were made
	Entities  map[string]int // alerts by entity
	Alerts    []*alert.Alert // the first ones
	Truncated bool           // Alerts holds fewer than Count
	Incidents []*alert.Incident
	Hidden    []tuning.Hidden
	Severity  *tuning.Override // that replaced the rule's
	Problems  []string         // exclusions that do not fit, grouping that is not possible
	Seconds   float64
}

const (
	defaultMaxAlerts = 10_000
	// maxRows bounds the rows of one run.
	maxRows = 1_000_000
	// maxEntities bounds the entities that are counted of one rule.
	maxEntities = 100_000
)

// Run replays rules. It never stops for one of them; the error is for a setting that
// no rule has and for a cancelled context, with which the result holds what was done.
func Run(ctx context.Context, rules []*rule.Rule, s *hunt.Session, o Options) (*Result, error) {
	if err := rule.CheckSettings(rules, o.Set); err != nil {
		return nil, err
	}
	if o.Parallel <= 0 {
		o.Parallel = min(runtime.GOMAXPROCS(0), 4)
	}
	if o.MaxAlerts <= 0 {
		o.MaxAlerts = defaultMaxAlerts
	}
	if o.Tuning == nil {
		o.Tuning = &tuning.Active{}
	}
	p := &progress{report: o.Progress, rules: len(rules)}
	results := make([]*RuleResult, len(rules))
	pool.Each(ctx, len(rules), o.Parallel, func(i int) { results[i] = one(ctx, rules[i], s, o, p) })
	out := &Result{From: o.From, To: o.To}
	for _, r := range results {
		if r != nil {
			out.Rules = append(out.Rules, r)
		}
	}
	return out, ctx.Err()
}

// progress adds up the parts of the rules that are done.
type progress struct {
	mu     sync.Mutex
	report func(int, string)
	rules  int
	done   float64 // rules
}

func (p *progress) add(part float64, name string) {
	if p.report == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += part
	p.report(int(1000*p.done/float64(p.rules)), name)
}

// one replays a rule and turns whatever happens into its result.
func one(ctx context.Context, r *rule.Rule, s *hunt.Session, o Options, p *progress) (out *RuleResult) {
	out = &RuleResult{Rule: r, Status: Quiet, Days: map[string]int{}, Entities: map[string]int{}}
	started := time.Now()
	left := 1.0
	defer func() {
		if x := recover(); x != nil {
			out.Status, out.Reason = Refused, fmt.Sprintf("internal error: %v; please report it with the rule", x)
			out.Detail = string(debug.Stack())
		}
		out.Seconds = float64(time.Since(started).Microseconds()) / 1e6
		p.add(left, r.Name)
	}()
	var err error
	if out.Schedule, err = sched.Of(r); err != nil {
		return out.refuse(err)
	}
	text, err := r.WithOwnSettings(o.Set)
	if err != nil {
		return out.refuse(err)
	}
	if out.Needs = without(text, s, o.Tables); len(out.Needs) > 0 {
		out.Status, out.Reason = Needs, "no data in "+strings.ReplaceAll(strings.Join(out.Needs, ", "), "table ", "")
		return out
	}
	clock := out.Schedule.Begin(o.From, o.To)
	runs := clock.Runs()
	m := &machine{rule: r, session: s, opts: o, out: out, seen: map[string]bool{}}
	if m.grouper, err = alert.NewGrouper(r); err != nil {
		return out.refuse(fmt.Errorf("incidentConfiguration: %w", err))
	}
	m.asker = newAsker(s, text, out.Schedule, o)
	m.whole = o.Tuning.Whole(r)
	if out.Severity = o.Tuning.Severity(r); out.Severity != nil {
		m.severity = out.Severity.Severity
	}
	for {
		run, ok := clock.Next()
		if !ok || ctx.Err() != nil {
			break
		}
		rows, err := m.asker.rows(ctx, run)
		out.Runs++
		switch {
		case err == nil:
			if m.take(ctx, run, rows) {
				clock.Alerted(run)
			}
		case ctx.Err() != nil:
			out.Runs--
		case out.lasting(err):
			return out
		default:
			if out.Failed++; out.Failed == 1 {
				out.Reason = fmt.Sprintf("the run of %s failed: %s", types.FormatDatetime(types.FromTime(run.At)), firstLine(err))
			}
		}
		part := 1 / float64(runs)
		left -= part
		p.add(part, r.Name)
	}
	out.Suppressed = clock.Suppressed()
	out.Queries = m.asker.queries
	if out.Count > 0 {
		out.Status = Alerted
	}
	return out
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

func (r *RuleResult) refuse(err error) *RuleResult {
	r.Status, r.Reason = Refused, err.Error()
	return r
}

// codeUnknownTable is the binder's code for a table that neither data nor a schema
// gives.
const codeUnknownTable diag.Code = "KQ201"

// lasting reports whether an error is of the query itself, so that every run has it.
// The service switches such a rule off.
func (r *RuleResult) lasting(err error) bool {
	var list *diag.List
	if !errors.As(err, &list) || list == nil {
		return false
	}
	r.Status, r.Reason, r.Detail = Refused, firstLine(err), list.Caret()
	for _, d := range list.Items {
		switch {
		case d.Needs != "":
			r.Needs = append(r.Needs, d.Needs)
		case d.Warning:
		case d.Code == codeUnknownTable:
			r.Needs = append(r.Needs, "table "+strings.Trim(list.Text.Body[max(0, d.Span.Start):min(len(list.Text.Body), max(d.Span.Start, d.Span.End))], `[]"'`))
		default:
			r.Needs = nil
			return true
		}
	}
	if len(r.Needs) > 0 {
		r.Status, r.Reason = Needs, "needs "+strings.Join(r.Needs, ", ")
	}
	return true
}

// without lists the tables that a query names if none of them has a row.
func without(text *source.Text, s *hunt.Session, rows map[string]int64) []string {
	script, errs := syntax.Parse(text)
	if errs != nil || rows == nil {
		return nil
	}
	var out []string
	seen, data := map[string]bool{}, false
	syntax.Walk(script, func(n syntax.Node) bool {
		name, ok := n.(*syntax.Name)
		if !ok || seen[name.Text] {
			return !data
		}
		seen[name.Text] = true
		if _, known := s.Schema(name.Text); known {
			data = data || rows[name.Text] > 0
			out = append(out, "table "+name.Text)
		}
		return !data
	})
	if data {
		return nil
	}
	return out
}

// machine makes the alerts and incidents of one rule.
type machine struct {
	rule     *rule.Rule
	session  *hunt.Session
	opts     Options
	out      *RuleResult
	asker    *asker
	grouper  *alert.Grouper
	whole    *tuning.Exclusion
	severity string
	seen     map[string]bool // rows of a custom detection that have an alert
}

// take handles the rows of one run and reports whether it made an alert.
func (m *machine) take(ctx context.Context, run alert.Run, rows *types.Rows) bool {
	out := m.out
	out.Rows += int64(len(rows.Values))
	rows, hidden, err := m.opts.Tuning.Rows(ctx, m.rule, rows, m.session)
	if err != nil {
		m.problem(err)
	}
	if rows == nil { // cancelled
		return false
	}
	out.Hidden = tuning.Sum(out.Hidden, hidden)
	if m.rule.Kind == rule.Custom {
		rows = m.fresh(rows)
	}
	result := alert.From(m.rule, run, rows, alert.Options{Severity: m.severity})
	if result.Triggered {
		out.Triggered++
	}
	if result.Capped {
		out.Capped++
	}
	if m.whole != nil {
		if n := len(result.Alerts); n > 0 {
			out.Hidden = tuning.Sum(out.Hidden, []tuning.Hidden{m.whole.By(0, int64(n))})
		}
		return len(result.Alerts) > 0
	}
	for _, a := range result.Alerts {
		out.add(a, m.opts.MaxAlerts)
		if i := m.grouper.Add(a); i != nil && len(i.Alerts) == 1 {
			out.Incidents = append(out.Incidents, i)
		}
	}
	return len(result.Alerts) > 0
}

func (m *machine) problem(err error) {
	text := strings.TrimSpace(err.Error())
	for _, p := range m.out.Problems {
		if p == text {
			return
		}
	}
	if len(m.out.Problems) < 20 {
		m.out.Problems = append(m.out.Problems, text)
	}
}

// fresh leaves out rows that a run before had already: Defender makes one alert of an
// event that several windows hold.
func (m *machine) fresh(rows *types.Rows) *types.Rows {
	kept := &types.Rows{Schema: rows.Schema}
	for _, row := range rows.Values {
		key := rowKey(rows.Schema, row)
		if m.seen[key] {
			m.out.Repeated++
			continue
		}
		m.seen[key] = true
		kept.Values = append(kept.Values, row)
	}
	return kept
}

func (r *RuleResult) add(a *alert.Alert, most int) {
	r.Count++
	r.Days[a.Run.Made.UTC().Format("2006-01-02")]++
	for _, e := range a.Entities {
		if key := e.String(); r.Entities[key] > 0 || len(r.Entities) < maxEntities {
			r.Entities[key]++
		}
	}
	if len(r.Alerts) < most {
		r.Alerts = append(r.Alerts, a)
	} else {
		r.Truncated = true
	}
}
