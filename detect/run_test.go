package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quarry/detect/rule"
	"quarry/engine"
	"quarry/engine/duckdb"
	"quarry/kql/source"
	"quarry/kql/types"
)

// scripted runs query i by calling its function.
type scripted struct {
	costs []float64
	run   []func(ctx context.Context) (engine.Rows, error)

	mu    sync.Mutex
	order []int
}

func (s *scripted) Prepare(context.Context, []*source.Text, int) (Prepared, error) { return s, nil }
func (s *scripted) Cost(i int) float64                                             { return s.costs[i] }
func (s *scripted) Close()                                                         {}
func (s *scripted) Run(ctx context.Context, i int) (engine.Rows, error) {
	s.mu.Lock()
	s.order = append(s.order, i)
	s.mu.Unlock()
	return s.run[i](ctx)
}

func ruleList(n int) (out []*rule.Rule) {
	for i := range n {
		out = append(out, &rule.Rule{ID: fmt.Sprint(i), Query: "T", Kind: rule.Hunting})
	}
	return out
}

// numbers counts n rows.
func numbers(n int) engine.Rows {
	rows := &types.Rows{Schema: types.Schema{{Name: "Timestamp", Type: types.Datetime}}}
	for i := range n {
		rows.Values = append(rows.Values, []types.Value{int64(i)})
	}
	return engine.FromRows(rows)
}

func TestCheapFirstAndAgain(t *testing.T) {
	tries := 0
	few := func(context.Context) (engine.Rows, error) { return numbers(2), nil }
	s := &scripted{costs: []float64{3, 1, 2}, run: []func(context.Context) (engine.Rows, error){few, few, func(context.Context) (engine.Rows, error) {
		if tries++; tries == 1 {
			return nil, &duckdb.Error{Kind: duckdb.Memory, Message: "too little"}
		}
		return numbers(5), nil
	}}}
	var told []string
	res, err := Hunt(context.Background(), ruleList(3), s, Options{Parallel: 2, Progress: func(p Progress) {
		told = append(told, fmt.Sprintf("%d/%d", p.Done, p.Total))
		if len(p.Running) > 2 || p.Done == 3 && len(p.Running) > 0 {
			t.Errorf("two at once, and none in the end: %v", p.Running)
		}
	}})
	// The beginning, three rules that begin, one of them twice, and three that end.
	if err != nil || len(told) != 8 || told[0] != "0/3" || told[7] != "3/3" {
		t.Fatal(err, told)
	}
	if s.order[len(s.order)-1] != 2 || tries != 2 {
		t.Errorf("the rule that lacked memory is not tried again at the end: %v", s.order)
	}
	if r := res.Rules[2]; r.Status != Fired || r.Hits != 5 || r.Reason != "" {
		t.Errorf("after its second try: %s %d %q", r.Status, r.Hits, r.Reason)
	}
	s.order, tries = nil, 9
	if _, err := Hunt(context.Background(), ruleList(3), s, Options{Parallel: 1}); err != nil || !slices.Equal(s.order, []int{1, 2, 0}) {
		t.Errorf("one at a time: %v %v, want the cheap ones first", s.order, err)
	}
}

func TestLimitsOfARule(t *testing.T) {
	late := 0
	s := &scripted{costs: []float64{1, 1, 1, 1, 1}, run: []func(context.Context) (engine.Rows, error){
		func(context.Context) (engine.Rows, error) { return numbers(7), nil },
		func(context.Context) (engine.Rows, error) { return numbers(8), nil },
		func(ctx context.Context) (engine.Rows, error) { <-ctx.Done(); return nil, ctx.Err() },
		func(context.Context) (engine.Rows, error) {
			return nil, &duckdb.Error{Kind: duckdb.Memory, Message: "more memory than it may use"}
		},
		func(ctx context.Context) (engine.Rows, error) { // once: its time was up
			if late++; late == 1 {
				<-ctx.Done()
			}
			return nil, &duckdb.Error{Kind: duckdb.Memory, Message: "more memory than it may use"}
		},
	}}
	res, err := Hunt(context.Background(), ruleList(5), s, Options{MaxRows: 3, MaxHits: 7, Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r := res.Rules[0]; r.Status != Fired || r.Hits != 7 || len(r.Rows) != 3 || !r.Truncated || !strings.HasSuffix(r.Last, ":00.0000006Z") {
		t.Errorf("seven rows: %s %d %d %q", r.Status, r.Hits, len(r.Rows), r.Last)
	}
	for i, want := range []string{"more than 7 rows", "longer than 20ms", "more memory", "longer than 20ms"} {
		if r := res.Rules[i+1]; r.Status != Refused || !strings.Contains(r.Reason, want) || r.Hits != 0 || len(r.Rows) != 0 {
			t.Errorf("rule %d: %s %q %d, want %q", i+1, r.Status, r.Reason, r.Hits, want)
		}
	}
	res, err = Hunt(context.Background(), ruleList(1), s, Options{MaxBytes: 17})
	if err != nil || len(res.Rules[0].Rows) != 2 || res.Rules[0].Hits != 7 {
		t.Errorf("17 bytes keep %d rows of %d", len(res.Rules[0].Rows), res.Rules[0].Hits)
	}
}

// TestStopped: a hunt ends with its context, even if a rule does not.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	defer close(release)
	s := &scripted{costs: []float64{1, 2}, run: []func(context.Context) (engine.Rows, error){
		func(context.Context) (engine.Rows, error) { return numbers(1), nil },
		func(context.Context) (engine.Rows, error) { cancel(); <-release; return numbers(1), nil },
	}}
	res, err := Hunt(ctx, ruleList(2), s, Options{Parallel: 1})
	if !errors.Is(err, context.Canceled) || len(res.Rules) != 1 || res.Rules[0].Hits != 1 {
		t.Errorf("%v %v", res, err)
	}
}
