package hunt

import (
	"context"
	"fmt"
	"sync"

	"quarry/engine"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// Batch is a list of rules that run over the same tables, made ready together so that
// they share work; see sieve.go. Each rule gives what it gives alone, and the same rows
// in the same order however many run at once: the threads of one query would take its
// rows as they come, so that groups, ties, lists and sums of reals differ from one time
// to the next. The tables must not change while the batch is in use.
type Batch struct {
	session  *Session
	requests []Request
	rules    []*batched
	drops    []func()
	gaveUp   []error // why tables are read as if no work were shared
}

// batched is one rule of a batch.
type batched struct {
	answer *Answer
	err    error // of compiling
	broken any   // what compiling panicked with
	cost   float64
	tried  bool // err has been told
}

// Batch compiles rules and looks for work to share. An error of a rule is told when it
// runs; an error here is about the tables, or the context's. parallel is the number of
// rules that will run at once.
func (s *Session) Batch(ctx context.Context, requests []Request, parallel int) (*Batch, error) {
	b := &Batch{session: s, requests: requests, rules: make([]*batched, len(requests))}
	// One thread a rule; rules side by side use the processors.
	if err := s.db.SetThreads(ctx, 1); err == nil { // refused in a database that is locked down
		b.drops = append(b.drops, func() { _ = s.db.SetThreads(context.Background(), 0) })
	}
	each(ctx, len(requests), parallel, func(i int) { b.rules[i] = s.prepare(ctx, requests[i]) })
	err := ctx.Err()
	if err == nil {
		err = b.sieve(ctx, parallel)
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// prepare compiles a rule.
func (s *Session) prepare(ctx context.Context, r Request) (out *batched) {
	out = &batched{}
	defer func() { out.broken = recover() }()
	own := ctx
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		own, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	if out.answer, out.err = s.Query(own, r); out.err == nil {
		if w := out.answer.Compiled.Warnings; w != nil && len(w.Needs()) > 0 {
			out.err = w
		}
	}
	return out
}

// each calls do for 0 to n-1, from several goroutines, until ctx ends.
func each(ctx context.Context, n, parallel int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, max(parallel, 1)) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
}

// Cost estimates the work of rule i, in no unit.
func (b *Batch) Cost(i int) float64 { return b.rules[i].cost }

// Run runs rule i. A rule that needs what is not there does not run: its error is the
// *diag.List of remarks that tell the need. A rule that could not be compiled because its
// neighbours had the memory is compiled again when it is run again.
func (b *Batch) Run(ctx context.Context, i int) (engine.Rows, error) {
	if r := b.rules[i]; r.tried && OutOfMemory(r.err) {
		b.rules[i] = b.session.prepare(ctx, b.requests[i])
	}
	r := b.rules[i]
	r.tried = true
	if r.broken != nil {
		panic(fmt.Sprint(r.broken))
	}
	if r.err != nil {
		return nil, r.err
	}
	main := &r.answer.Compiled.Results[0]
	if v, ok := main.Root.Node.(*plan.Values); ok && len(v.Rows) == 0 {
		schema := make(types.Schema, len(main.Root.Cols))
		for i, c := range main.Root.Cols {
			schema[i] = types.Column{Name: c.Name, Type: c.Type}
		}
		return engine.FromRows(&types.Rows{Schema: schema}), nil
	}
	return b.session.db.Run(ctx, main.Program, b.session.env)
}

// Close gives back what the rules shared.
func (b *Batch) Close() {
	for _, r := range b.rules {
		if r != nil && r.answer != nil {
			r.answer.Close()
		}
	}
	for _, drop := range b.drops {
		drop()
	}
	b.drops = nil
}
