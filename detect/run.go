package detect

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"quarry/detect/pool"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/source"
)

// run is the work of a hunt.
type run struct {
	rules    []*rule.Rule
	results  []*RuleResult  // of rules whose query cannot be told yet: what is known of them
	texts    []*source.Text // nil where there is nothing to run
	at       []int          // the place of each rule among the prepared queries
	prepared Prepared
	opts     Options

	mu       sync.Mutex
	finished []*RuleResult
	done     int
	running  []Running // in the order of their start
	left     bool      // nobody waits any more
}

// runAll runs every rule, the cheap ones first. When ctx ends it returns at once with
// what is done; nil stands for the rest.
func runAll(ctx context.Context, rules []*rule.Rule, runner Runner, opts Options) ([]*RuleResult, error) {
	h := &run{rules: rules, results: make([]*RuleResult, len(rules)), texts: make([]*source.Text, len(rules)), at: make([]int, len(rules)),
		opts: opts, finished: make([]*RuleResult, len(rules))}
	var texts []*source.Text
	for i, r := range rules {
		h.results[i] = describe(r)
		if h.texts[i] = h.results[i].text(r, opts); h.texts[i] != nil {
			h.at[i] = len(texts)
			texts = append(texts, h.texts[i])
		}
	}
	ended := make(chan error, 1)
	go func() {
		// A failure to share work must not take the program down.
		defer func() {
			if p := recover(); p != nil {
				ended <- fmt.Errorf("internal error: %v; please report it\n%s", p, debug.Stack())
			}
		}()
		ended <- h.all(ctx, runner, texts)
	}()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		// The engine may take its time to notice; nobody waits for it.
		err = ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = true
	return h.finished, err
}

// text is the query of a rule; nil, and the reason in r, if there is none to run.
func (r *RuleResult) text(from *rule.Rule, opts Options) *source.Text {
	if !from.Runnable() {
		r.Status, r.Reason = Refused, fmt.Sprintf("a rule of kind %s has no query to run", from.Kind)
		return nil
	}
	text, err := from.WithOwnSettings(opts.Set)
	if err != nil {
		r.Status, r.Reason = Refused, err.Error()
		return nil
	}
	r.Query = text.Body
	r.Settings = settings(from, text.Body)
	return text
}

// all prepares the queries and runs them.
func (h *run) all(ctx context.Context, runner Runner, texts []*source.Text) (err error) {
	h.mu.Lock()
	h.tell()
	h.mu.Unlock()
	if h.prepared, err = runner.Prepare(ctx, texts, h.opts.Parallel); err != nil {
		return err
	}
	defer h.prepared.Close()
	order := make([]int, len(h.rules))
	for i := range order {
		order[i] = i
	}
	cost := func(i int) float64 {
		if h.texts[i] == nil {
			return 0
		}
		return h.prepared.Cost(h.at[i])
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch ca, cb := cost(a), cost(b); {
		case ca < cb:
			return -1
		case ca > cb:
			return 1
		}
		return 0
	})
	again := h.inParallel(ctx, order, h.opts.Parallel)
	// A rule may have had too little memory because of its neighbours. Alone it has all.
	if h.opts.Parallel > 1 {
		again = h.inParallel(ctx, again, 1)
	}
	for _, i := range again {
		h.finish(i, h.results[i])
	}
	return ctx.Err()
}

// inParallel runs rules and returns those that ran out of memory.
func (h *run) inParallel(ctx context.Context, order []int, parallel int) (again []int) {
	var mu sync.Mutex
	pool.Each(ctx, len(order), parallel, func(k int) {
		i := order[k]
		if h.one(ctx, i) {
			h.finish(i, h.results[i])
			return
		}
		mu.Lock()
		defer mu.Unlock()
		again = append(again, i)
	})
	slices.Sort(again)
	return again
}

func (h *run) finish(i int, r *RuleResult) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.left {
		return
	}
	h.finished[i] = r
	h.done++
	h.tell()
}

// tell reports the progress. The caller holds the lock.
func (h *run) tell() {
	if h.opts.Progress != nil && !h.left {
		h.opts.Progress(Progress{Done: h.done, Total: len(h.rules), Running: slices.Clone(h.running)})
	}
}

// runs notes that a rule runs until ended is called.
func (h *run) runs(i int) (ended func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := Running{h.results[i].Name, time.Now()}
	h.running = append(h.running, now)
	h.tell()
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if k := slices.Index(h.running, now); k >= 0 {
			h.running = slices.Delete(h.running, k, k+1)
		}
	}
}

// one runs a rule and turns whatever happens into its result. It is false if the
// memory did not suffice.
func (h *run) one(ctx context.Context, i int) (enough bool) {
	out := h.results[i]
	if h.texts[i] == nil {
		return true
	}
	out.Status, out.Reason, out.Detail, out.Diagnostics, out.TuningProblems = Quiet, "", "", nil, nil // of a first try
	started := time.Now()
	defer h.runs(i)()
	enough = true
	defer func() {
		if p := recover(); p != nil {
			out.drop()
			out.Status, out.Reason = Refused, fmt.Sprintf("internal error: %v; please report it with the rule", p)
			out.Detail = string(debug.Stack())
		}
		out.Seconds = float64(time.Since(started).Microseconds()) / 1e6
	}()
	if h.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.opts.Timeout)
		defer cancel()
	}
	rows, err := h.prepared.Run(ctx, h.at[i])
	if err == nil {
		rows, err = out.tune(ctx, h.rules[i], rows, h.opts)
	}
	if err == nil {
		err = out.take(rows, h.opts)
	}
	if err != nil {
		out.drop()
		out.fail(ctx, err, h.opts)
		return ctx.Err() != nil || !hunt.OutOfMemory(err) // its time is up in any case
	}
	if out.Hits == 0 && len(out.Hidden) == 0 {
		out.explainQuiet(h.texts[i], h.opts)
	}
	return true
}
