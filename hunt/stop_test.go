package hunt

import (
	"context"
	"errors"
	"testing"
	"time"

	"quarry/kql/source"
)

// TestStop: what is computed in Go, and would take minutes and more, ends with its query.
func TestStop(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, query := range map[string]string{
		"a call":         "print s = range(1, 1000000) | extend n = array_length(series_fir(s, s))",
		"a chunk":        "range n from 1 to 2000 step 1 | extend s = range(n, n + 50000) | summarize max(tostring(series_decompose(s)))",
		"in an operator": "range n from 1 to 3 step 1 | extend s = range(1, 1000000) | sort by n asc | scan with (step a: array_length(series_fir(s, s)) > 0;)",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
			defer cancel()
			if _, _, err := s.All(ctx, Request{Text: source.New("", query, 0)}, 0); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	// The functions of a stopped query work in the next one.
	if _, _, err := s.All(context.Background(), Request{Text: source.New("", "range n from 1 to 3 step 1 | extend s = series_fir(range(1, n), range(1, n))", 0)}, 0); err != nil {
		t.Error(err)
	}
	if n := s.db.Held(); n != 0 {
		t.Errorf("%d bytes are held by no one", n)
	}
}
