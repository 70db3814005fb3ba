package replay

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"quarry/detect/alert"
	"quarry/detect/sched"
	"quarry/engine"
	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// asker answers the runs of one rule.
type asker struct {
	session  *hunt.Session
	text     *source.Text
	schedule sched.Schedule
	opts     Options
	share    *sharing
	answers  answers
	timeless bool // the query does not ask the clock
	template template
	queries  int
}

func newAsker(s *hunt.Session, text *source.Text, schedule sched.Schedule, o Options) *asker {
	a := &asker{session: s, text: text, schedule: schedule, opts: o, timeless: timeless(text, s)}
	clock := schedule.Begin(o.From, o.To)
	span := bound{lo: 1, hi: 0}
	if first, ok := clock.Next(); ok {
		// A row's own time may lie before its arrival by the delay; both are times that
		// a window bounds.
		span = bound{lo: ticks(first.From) - ticksOf(o.Delay), hi: ticks(o.To.Add(schedule.Delay))}
	}
	a.share = &sharing{session: s, text: text, span: span, cache: map[string]*candidates{}, stable: map[string]map[string]bool{}}
	return a
}

func ticksOf(d time.Duration) int64 { return int64(d / 100) }

// request is one run as a query.
func (a *asker) request(run alert.Run) hunt.Request {
	r := hunt.Request{Text: a.text, Now: run.At, Arrival: &bind.Arrival{Delay: ticksOf(a.opts.Delay), Until: ticks(run.Made)}}
	if a.schedule.OnArrival {
		r.Arrival.After, r.Arrival.Until = ticks(run.From), ticks(run.At)
		return r
	}
	r.Settings = map[string]string{
		"query_datetimescope_from": types.FormatDatetime(ticks(run.From)),
		"query_datetimescope_to":   types.FormatDatetime(ticks(run.At)),
	}
	return r
}

// rows is the answer of one run, in an order that does not change. An error of the
// query, or what it needs and is not there, is a *diag.List.
func (a *asker) rows(ctx context.Context, run alert.Run) (*types.Rows, error) {
	if a.opts.RunTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.opts.RunTimeout, fmt.Errorf("it ran longer than %s and was stopped", a.opts.RunTimeout))
		defer cancel()
	}
	rows, err := a.ask(ctx, run)
	if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	return rows, err
}

func (a *asker) ask(ctx context.Context, run alert.Run) (*types.Rows, error) {
	if x := a.template.at(run); x != nil {
		if rows, _, _, err := a.follow(ctx, x); rows != nil || err != nil {
			return rows, err
		}
	}
	answer, err := a.session.Query(ctx, a.request(run))
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	if w := answer.Compiled.Warnings; w != nil && len(w.Needs()) > 0 {
		return nil, w
	}
	root := answer.Compiled.Results[0].Root
	var key [sha256.Size]byte
	known := false
	if !a.opts.Naive {
		x := examine(sink(root))
		if a.timeless && !answer.Looked {
			a.template.learn(run, x)
		}
		var rows *types.Rows
		if rows, key, known, err = a.follow(ctx, x); rows != nil || err != nil {
			return rows, err
		}
	}
	a.queries++
	result, err := answer.Next(ctx)
	if err != nil {
		return nil, err
	}
	rows, more, err := engine.Collect(result.Rows, maxRows)
	switch {
	case err != nil:
		return nil, err
	case more:
		return nil, fmt.Errorf("the run gives more than %d rows", maxRows)
	}
	if root.Order == nil {
		alert.Arrange(rows)
	}
	if known {
		a.answers.put(key, rows)
	}
	return rows, nil
}

// follow gives the answer of a run if it follows from the rows: none at all, or that of
// an earlier run; else what it follows from, if that is known.
func (a *asker) follow(ctx context.Context, x *examined) (rows *types.Rows, key [sha256.Size]byte, known bool, err error) {
	h := sha256.New()
	h.Write(x.shape[:])
	known = !x.volatile && (!x.opaque || a.timeless)
	seen := map[plan.Node]bool{}
	for _, sc := range x.scans {
		w, err := a.share.look(ctx, sc)
		if err != nil {
			return nil, key, false, err
		}
		known = known && w.known
		seen[sc.top] = w.known && w.rows == 0
		h.Write(w.id[:])
	}
	h.Sum(key[:0])
	if empty(x.root.Node, seen) {
		return &types.Rows{Schema: schemaOf(x.root)}, key, known, nil
	}
	if known {
		rows = a.answers.get(key)
	}
	return rows, key, known, nil
}

func schemaOf(root *plan.Root) types.Schema {
	out := make(types.Schema, len(root.Cols))
	for i, c := range root.Cols {
		out[i] = types.Column{Name: c.Name, Type: c.Type}
	}
	return out
}

// timeless reports that a query says nothing of now, and uses no saved function, which
// might.
func timeless(text *source.Text, s *hunt.Session) bool {
	script, errs := syntax.Parse(text)
	if errs != nil {
		return false
	}
	functions := s.Functions()
	quiet := true
	name := func(s string) bool {
		_, saved := functions[s]
		return !saved && s != "now" && s != "ago"
	}
	syntax.Walk(script, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Call:
			quiet = quiet && name(n.Name.Text)
		case *syntax.Name:
			quiet = quiet && name(n.Text)
		}
		return quiet
	})
	return quiet
}

func rowKey(s types.Schema, row []types.Value) string {
	h := sha256.New()
	for i, v := range row {
		t := types.DynOf(s[i].Type, v).Text()
		fmt.Fprintf(h, "%v%d:%s", v == nil, len(t), t)
	}
	return string(h.Sum(nil))
}
