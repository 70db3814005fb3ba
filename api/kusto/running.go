package kusto

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"quarry/kql/types"
)

// errCancelled is the cause of a query's end by ".cancel query".
var errCancelled = errors.New("the query was cancelled by a .cancel query command")

// registry knows the queries that run, for .show running queries and .cancel query.
type registry struct {
	mu      sync.Mutex
	running map[*call]context.CancelCauseFunc
}

// enter registers a call. The context ends when it is cancelled; leave ends it in any case.
func (r *registry) enter(ctx context.Context, c *call) (_ context.Context, leave func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == nil {
		r.running = map[*call]context.CancelCauseFunc{}
	}
	r.running[c] = cancel
	return ctx, func() {
		r.mu.Lock()
		delete(r.running, c)
		r.mu.Unlock()
		cancel(nil)
	}
}

// cancel ends the queries with a client request id and counts them.
func (r *registry) cancel(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for c, cancel := range r.running {
		if c.id == id || c.activity == id {
			cancel(errCancelled)
			n++
		}
	}
	return n
}

var runningSchema = types.Schema{
	{Name: "ClientActivityId", Type: types.String}, {Name: "Text", Type: types.String}, {Name: "Database", Type: types.String},
	{Name: "StartedOn", Type: types.Datetime}, {Name: "LastUpdatedOn", Type: types.Datetime}, {Name: "Duration", Type: types.Timespan},
	{Name: "State", Type: types.String}, {Name: "RootActivityId", Type: types.Guid}, {Name: "User", Type: types.String},
	{Name: "FailureReason", Type: types.String}, {Name: "Application", Type: types.String},
}

// rows lists what runs, the oldest first.
func (r *registry) rows() *types.Rows {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := make([]*call, 0, len(r.running))
	for c := range r.running {
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b *call) int { return cmp.Or(a.started.Compare(b.started), cmp.Compare(a.activity, b.activity)) })
	out := &types.Rows{Schema: runningSchema}
	now := time.Now()
	for _, c := range calls {
		out.Values = append(out.Values, []types.Value{c.id, c.text, Database, types.FromTime(c.started), types.FromTime(now),
			int64(now.Sub(c.started) / 100), "InProgress", c.activity, c.user, "", c.app})
	}
	return out
}
