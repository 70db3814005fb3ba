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
