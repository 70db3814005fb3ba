package pool

import (
	"context"
	"sync"
)

// Each calls do for 0 to n-1, in that order and on at most workers goroutines, and
// returns when all calls have. A cancelled context ends the feeding; calls under way
// are waited for, and the caller asks ctx.Err.
func Each(ctx context.Context, n, workers int, do func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
}

// ahead is the number of results for each worker that may wait for their turn.
const ahead = 8

// InOrder calls do for 0 to n-1, on at most workers goroutines, and use with what each
// call gave, one after another in the order of the items. The first error of either ends
// it. Results wait for their turn, which bounds the calls.
func InOrder[T any](n, workers int, do func(i int) (T, error), use func(T) error) error {
	type result struct {
		value T
		err   error
	}
	workers = max(workers, 1)
	running := make(chan struct{}, workers)
	turns := make(chan chan result, ahead*workers)
	stop := make(chan struct{})
	go func() {
		defer close(turns)
		for i := range n {
			turn := make(chan result, 1)
			select {
			case turns <- turn:
			case <-stop:
				return
			}
			running <- struct{}{}
			go func() {
				value, err := do(i)
				<-running
				turn <- result{value, err}
			}()
		}
	}()
	var err error
	for turn := range turns {
		r := <-turn
		if err == nil {
			if err = r.err; err == nil {
				err = use(r.value)
			}
			if err != nil {
				close(stop)
			}
		}
	}
	return err
}
