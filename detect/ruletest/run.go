package ruletest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"sync"
	"time"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/hunt/steps"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// Options say how to run tests.
type Options struct {
	Session *hunt.Session
	Schemas hunt.Schemas // the known tables
	Files   Files        // nil: tests that name files fail
	// Run chooses tests whose "rule: test" matches; nil is all.
	Run *regexp.Regexp
	// Coverage asks which steps and branches the tests exercise.
	Coverage bool
	// Update asks for the edits that make expectations true; see Report.Edits.
	Update bool
	// Parallel is the number of rules tested at once; 0 is one for each processor.
	Parallel int
	// Timeout bounds one test; 0 is a minute.
	Timeout time.Duration
	// Progress is called after each rule, one call at a time.
	Progress func(done, total int, r *RuleReport)
}

// Status is what came of a test.
type Status string

// The outcomes of a test. Broken is a test that cannot be read or run.
const (
	Passed Status = "passed"
	Failed Status = "failed"
	Broken Status = "broken"
)

// Result is what came of a test or of a near miss.
type Result struct {
	Name     string
	NearMiss bool
	Status   Status
	File     string
	Line     int
	Column   int
	// Problems tell what is not as expected, a sentence each.
	Problems []string
	// Steps shows the rows left after each step, where that helps; Loss is the first
	// that lost them.
	Steps *steps.Query
	Loss  *steps.Loss
	// Diagnostics is what is wrong with the query, with carets.
	Diagnostics string
	Rows        int
	Alerts      int
	Seconds     float64
}

// RuleReport is what came of the tests of a rule.
type RuleReport struct {
	Rule    *rule.Rule // nil for a file that holds none
	Name    string
	Short   string // for lists: the name of its file
	File    string
	Line    int
	Results []*Result
	// Fires, Quiet and NearMisses count the tests of each kind; a quiet test that says
	// what it breaks is a near miss.
	Fires, Quiet, NearMisses int
	Coverage                 *Coverage // nil if not asked for, or if the rule does not compile
	Seconds                  float64
}

// Count counts the results of a status.
func (r *RuleReport) Count(s Status) int {
	n := 0
	for _, x := range r.Results {
		if x.Status == s {
			n++
		}
	}
	return n
}

// Report is what came of a suite.
type Report struct {
	Rules   []*RuleReport
	Edits   []Edit // that make expectations true; see Apply
	Seconds float64
}

// Count counts the results of a status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, x := range r.Rules {
		n += x.Count(s)
	}
	return n
}

// Tests counts all results.
func (r *Report) Tests() int {
	n := 0
	for _, x := range r.Rules {
		n += len(x.Results)
	}
	return n
}

// Run runs the tests of every rule; one that fails keeps no other from running. The
// reports stand in the suite's order. The error is that of a cancelled context.
func Run(ctx context.Context, suite *Suite, o Options) (*Report, error) {
	started := time.Now()
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	s := newShared(o)
	reports := make([]*RuleReport, len(suite.Rules))
	edits := make([][]Edit, len(suite.Rules))
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	next := make(chan int)
	for range min(o.Parallel, max(1, len(suite.Rules))) {
		wg.Go(func() {
			for i := range next {
				w := &worker{shared: s, rule: suite.Rules[i]}
				r := w.run(ctx)
				mu.Lock()
				reports[i], edits[i] = r, w.edits
				if done++; o.Progress != nil {
					o.Progress(done, len(suite.Rules), r)
				}
				mu.Unlock()
			}
		})
	}
	for i := range suite.Rules {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	out := &Report{}
	for i, r := range reports {
		if r != nil && (o.Run == nil || len(r.Results) > 0) {
			out.Rules = append(out.Rules, r)
			out.Edits = append(out.Edits, edits[i]...)
		}
	}
	out.Seconds = time.Since(started).Seconds()
	return out, ctx.Err()
}

// worker runs the tests of one rule.
type worker struct {
	*shared
	rule   *RuleTests
	report *RuleReport
	cover  *Coverage
	edits  []Edit
}

func (w *worker) run(ctx context.Context) *RuleReport {
	started := time.Now()
	r := w.rule
	w.report = &RuleReport{Rule: r.Rule, Name: r.Name, Short: r.Short, File: r.File, Line: r.Line}
	for _, p := range r.Problems {
		if w.wanted(p.File) {
			w.report.Results = append(w.report.Results, broken(p))
		}
	}
	compiles := true
	if r.Rule != nil {
		compiles = w.compiles(ctx)
		if compiles && w.Coverage {
			w.cover = newCoverage(r.Rule.Text())
			w.report.Coverage = w.cover
		}
	}
	for _, t := range r.Tests {
		w.count(t)
		if compiles {
			w.test(ctx, t)
		}
	}
	w.report.Seconds = time.Since(started).Seconds()
	return w.report
}

func (w *worker) count(t *Test) {
	switch {
	case t.Expect == Fires:
		w.report.Fires++
		w.report.NearMisses += len(t.NearMisses)
	case t.Breaks != nil:
		w.report.NearMisses++
	default:
		w.report.Quiet++
	}
}

func broken(p rule.Problem) *Result {
	text := p.Message
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	return &Result{Name: "reading the file", Status: Broken, File: p.File, Line: p.Line, Column: p.Column, Problems: []string{text}}
}

// wanted applies the pattern of Options.Run.
func (w *worker) wanted(name string) bool {
	return w.Run == nil || w.Run.MatchString(w.rule.Name+": "+name) || w.Run.MatchString(w.rule.Short+": "+name)
}

// compiles reports whether the rule's query compiles, be it over tables that only its
// tests know; if not, that is one failed test.
func (w *worker) compiles(ctx context.Context) bool {
	r := w.rule.Rule
	if !r.Runnable() {
		if len(w.rule.Tests) == 0 {
			return false
		}
		w.add(&Result{Name: "compiles", Status: Failed, File: r.File, Line: r.Line, Problems: []string{fmt.Sprintf("a rule of kind %s has no query to run", r.Kind)}})
		return false
	}
	if len(w.rule.Tests) > 0 {
		return true // each test says it, over its own tables
	}
	_, err := w.Session.Compile(ctx, hunt.Request{Text: r.Text()})
	var list *diag.List
	if err == nil || !errors.As(err, &list) || len(list.Needs()) > 0 {
		return err == nil
	}
	for _, d := range list.Items {
		if d.Code == "KQ201" || d.Code == "KQ203" { // what the workspace would have
			return false
		}
	}
	if w.wanted("compiles") {
		res := &Result{Name: "compiles", File: r.File, Line: r.Line}
		res.fault(err)
		w.add(res)
	}
	return false
}

func (w *worker) add(r *Result) { w.report.Results = append(w.report.Results, r) }

// fault makes a failure of an error of the query.
func (r *Result) fault(err error) {
	r.Status = Failed
	var list *diag.List
	if errors.As(err, &list) && list != nil && len(list.Items) > 0 {
		first := list.Items[0]
		text := "the rule does not run: " + string(first.Code) + " " + first.Message
		if n := len(list.Items) - 1; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		r.Problems = append(r.Problems, text)
		r.Diagnostics = list.Caret()
		return
	}
	r.Problems = append(r.Problems, "the rule does not run: "+err.Error())
}

// attempt is one run of a rule over a test's rows.
type attempt struct {
	text  *source.Text
	now   time.Time
	own   *hunt.Own
	rows  *types.Rows
	alert alert.Result
	steps *steps.Query // measured, or nil
	probe *steps.Query // measured where claims asked
}

// test runs a test and its near misses.
func (w *worker) test(ctx context.Context, t *Test) {
	wanted := w.wanted(t.Name)
	for _, m := range t.NearMisses {
		wanted = wanted || w.wanted(t.Name+" / "+m.Name)
	}
	if !wanted {
		return
	}
	res := t.result(t.Name, t.at)
	w.add(res)
	base, p, done := w.base(ctx, t, res)
	defer done()
	for _, m := range t.NearMisses {
		w.nearMiss(ctx, t, m, p, base)
	}
}

// base runs the test itself. base is nil if it could not be run; the caller calls done
// when it has no more questions to it.
func (w *worker) base(ctx context.Context, t *Test, res *Result) (base *attempt, p *prepared, done func()) {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	defer func() { res.Seconds = time.Since(started).Seconds() }()
	p, err := w.prepare(ctx, t)
	if err != nil {
		res.unprepared(err)
		return nil, nil, func() {}
	}
	base, drop := w.attempt(ctx, res, t, p, p.tables, t.Set, p.now)
	if base != nil {
		w.judge(ctx, t, res, base)
		if w.Update {
			w.edits = append(w.edits, t.update(base)...)
		}
	}
	return base, p, func() { drop(); p.close() }
}

func (t *Test) result(name string, at *rule.Node) *Result {
	line, column := at.Place()
	return &Result{Name: name, Status: Passed, File: t.file.Name, Line: line, Column: column}
}

// unprepared is the failure of a test whose rows cannot be read.
func (r *Result) unprepared(err error) {
	r.Status = Broken
	var list Problems
	if !errors.As(err, &list) {
		r.Problems = append(r.Problems, err.Error())
		return
	}
	for _, p := range list {
		r.Problems = append(r.Problems, p.Error())
	}
}

// attempt runs the rule; a failure to run is noted in res. The caller calls done when
// it has no more questions to the attempt.
func (w *worker) attempt(ctx context.Context, res *Result, t *Test, p *prepared, tables map[string]*types.Rows, set map[string]string, now time.Time) (a *attempt, done func()) {
	done = func() {}
	r := w.rule.Rule
	text, err := r.WithSettings(set)
	if err != nil {
		res.Status = Broken
		res.Problems = append(res.Problems, "set: "+err.Error())
		return nil, done
	}
	own, done, err := w.open(ctx, t, p, tables)
	if err != nil {
		res.Status = Broken
		res.Problems = append(res.Problems, err.Error())
		return nil, func() {}
	}
	a = &attempt{text: text, now: now, own: own}
	a.rows, err = w.Session.RunRule(ctx, hunt.Request{Text: text, Now: now, Own: own})
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("the test ran longer than %s and was stopped", w.Timeout)
		}
		res.fault(err)
		return nil, done
	}
	alert.Arrange(a.rows)
	from := now
	if d, err := rule.ParseDuration(r.QueryPeriod); err == nil {
		from = now.Add(-d)
	}
	a.alert = alert.From(r, alert.Run{At: now, From: from, Made: now}, a.rows, alert.Options{})
	res.Rows, res.Alerts = len(a.rows.Values), len(a.alert.Alerts)
	if w.cover != nil {
		if w.measure(ctx, a) == nil {
			w.cover.add(a.steps)
		}
	}
	return a, done
}

// measure takes the steps of an attempt, once.
func (w *worker) measure(ctx context.Context, a *attempt) error {
	if a.steps != nil {
		return nil
	}
	q, err := steps.New(a.text)
	if err == nil {
		err = q.Measure(ctx, w.Session, hunt.Request{Now: a.now, Own: a.own}, true)
	}
	if err == nil {
		a.steps = q
	}
	return err
}

// explain shows the rows left after each step in a result.
func (w *worker) explain(ctx context.Context, res *Result, a *attempt) {
	if w.measure(ctx, a) == nil {
		res.Steps, res.Loss = a.steps, a.steps.FirstLoss()
	}
}

// merged is the settings of a test with those of a near miss.
func merged(a, b map[string]string) map[string]string {
	if len(b) == 0 {
		return a
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}
