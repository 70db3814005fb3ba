package hunt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quarry/kql/source"
)

// binaryColumns are 20,000 rows of 16 columns that have nothing to do with each other.
func binaryColumns() string {
	text := "range n from 1 to 20000 step 1 | project "
	for i := range 16 {
		text += fmt.Sprintf("x%d = hash(n * 16 + %d) %% 2, ", i, i)
	}
	return strings.TrimSuffix(text, ", ") + " | "
}

// TestStop: what is computed in Go ends with its query, also in the middle of its work.
func TestStop(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, query := range map[string]string{
		"a call":         "print s = range(1, 1000000) | extend n = array_length(series_fir(s, s))",
		"a constant":     "print n = array_length(series_fir(range(1, 1000000), range(1, 1000000)))",
		"a chunk":        "range n from 1 to 2000 step 1 | extend s = range(n, n + 50000) | summarize max(tostring(series_decompose(s)))",
		"in an operator": "range n from 1 to 3 step 1 | extend s = range(1, 1000000) | sort by n asc | scan with (step a: array_length(series_fir(s, s)) > 0;)",
		"autocluster":    binaryColumns() + "evaluate autocluster(0.5, 0.5, 1000)",
		"basket":         binaryColumns() + "evaluate basket(0.015, 1, 20)",
		"diffpatterns":   binaryColumns() + "evaluate diffpatterns(x0, '0', '1', '~', 0.015)",
		"completion":     "range n from 1 to 300000 step 1 | extend id = 1, at = datetime(2026-01-01) + n * 1s, state = 'a' | evaluate funnel_sequence_completion(id, at, datetime(2026-01-01), datetime(2026-02-01), 1d, state, dynamic(['a', 'b']), dynamic([30d]))",
		"active users":   "range n from 1 to 300000 step 1 | extend id = 1, at = datetime(2026-01-01) + n * 1s | evaluate active_users_count(id, at, datetime(2026-01-01), datetime(2026-02-01), 30d, 1s, 1, 1d)",
		"graph":          "range n from 1 to 300 step 1 | extend a = n % 17, b = n % 19 | make-graph a --> b with_node_id=x | graph-match cycles=all (p)-[e*1..9]->(q) where p.x < 0 - q.x project p.x",
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
