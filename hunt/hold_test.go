package hunt

import (
	"context"
	"errors"
	"strings"
	"testing"

	"quarry/engine/duckdb"
	"quarry/kql/source"
)

// rowsToHold are 20,000 rows, of some 4 MB as operators hold them.
const rowsToHold = `let T = range n from 1 to 20000 step 1
| extend id = strcat("user-", n), state = strcat("state-", n % 50), at = datetime(2026-01-01) + n * 1s, peer = strcat("user-", n / 2), text = strcat("word", n, " of some text that is long enough ", hash_sha256(tostring(n)));
`

// TestHold: operators that hold rows do so within bytes, and say where they stand.
func TestHold(t *testing.T) {
	ctx := context.Background()
	small, err := Open(ctx, Config{HoldLimit: 128 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	ample, err := Open(ctx, Config{HoldLimit: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer ample.Close()
	for name, query := range map[string]string{
		"scan":                       "T | sort by n asc | partition hint.strategy=native by id (scan with (step a: true; step b: n > a.n;))",
		"scan, last":                 "T | sort by n asc | partition hint.strategy=native by id (scan with (step a output=last: true;))",
		"make-graph":                 "T | make-graph id --> peer with_node_id=x | graph-match (a)-[e]->(b) where a.x == 'user-7' project a.x, b.x",
		"graph-match":                "T | extend a = n % 5, b = n % 7 | make-graph a --> b with_node_id=x | graph-match (p)-[e]->(q) where p.x == q.x project e.text",
		"graph-mark-components":      "T | extend a = n % 5, b = n % 7 | make-graph a --> b with_node_id=x | graph-mark-components | graph-to-table nodes | count",
		"reduce":                     "T | reduce by text",
		"autocluster":                "T | project text, state | evaluate autocluster()",
		"basket":                     "T | project text, state | evaluate basket()",
		"diffpatterns":               "T | project text, side = iff(n % 2 == 0, 'a', 'b') | evaluate diffpatterns(side, 'a', 'b')",
		"pivot":                      "T | evaluate pivot(state, max(text), id)",
		"activity_counts_metrics":    "T | evaluate activity_counts_metrics(id, at, datetime(2026-01-01), datetime(2026-01-02), 1h)",
		"activity_metrics, by state": "T | evaluate activity_metrics(id, at, datetime(2026-01-01), datetime(2026-01-02), 1h, state)",
		"active_users_count":         "T | evaluate active_users_count(id, at, datetime(2026-01-01), datetime(2026-01-02), 1d, 1h, 1, 1h)",
		"session_count":              "T | evaluate session_count(id, at, datetime(2026-01-01), datetime(2026-01-02), 1h, 1h)",
		"new_activity_metrics":       "T | evaluate new_activity_metrics(id, at, datetime(2026-01-01), datetime(2026-01-02), 1d, (T | project id))",
		"rolling_percentile":         "T | evaluate rolling_percentile(n, 50, at, 1h, 2)",
		"funnel_sequence":            "T | evaluate funnel_sequence(id, at, datetime(2026-01-01), datetime(2026-01-02), 1h, 1h, state, dynamic(['state-1', 'state-2']))",
		"sequence_detect":            "T | evaluate sequence_detect(at, 1m, 1h, a = n % 2 == 0, b = n % 2 == 1, state)",
		"rows_near":                  "T | sort by n asc | evaluate rows_near(n == 20000, 15000)",
		"ipv4_lookup":                "T | take 10 | evaluate ipv4_lookup((T | extend net = strcat('10.0.', n % 250, '.0/24')), text, net)",
		"partition":                  "T | partition hint.strategy=native by state (evaluate narrow())",
	} {
		t.Run(name, func(t *testing.T) {
			// The operator stands in the third line, after the two of the table.
			text := source.New("", rowsToHold+query, 0)
			_, _, err := small.All(ctx, Request{Text: text}, 0)
			var e *duckdb.Error
			operator, _, _ := strings.Cut(name, ",")
			if operator == "partition" {
				operator = "narrow"
			}
			if !errors.As(err, &e) || !OutOfMemory(err) || !QueryFault(err) || !strings.HasPrefix(err.Error(), "3:") ||
				!strings.Contains(err.Error(), ": "+operator+": it needs more memory") || !strings.Contains(err.Error(), "is 128.0 KiB; read a shorter") {
				t.Errorf("in 128 KiB: %v", err)
			}
			if _, _, err := ample.All(ctx, Request{Text: text}, 0); err != nil {
				t.Errorf("in 64 MiB: %v", err)
			}
		})
	}
	for name, query := range map[string]string{
		"streams": "T | evaluate narrow() | count",
		"rolls":   "T | sort by n asc | evaluate rows_near(n % 2 == 0, 20) | count",
		"sums":    "T | sort by n asc | scan declare (total: long = 0) with (step a: true => total = a.total + n;) | summarize max(total)",
		"resets":  "T | sort by n asc | scan with_match_id=m with (step a: state == 'state-0'; step b: n > a.n;) | count",
	} {
		if _, _, err := small.All(ctx, Request{Text: source.New("", rowsToHold+query, 0)}, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is held for one partition is given back before the next: the rows of all and
	// the ids of one fit.
	fits, err := Open(ctx, Config{HoldLimit: 3400 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer fits.Close()
	byPart := "T | extend part = n / 2000 | partition hint.strategy=native by part (evaluate activity_counts_metrics(id, at, datetime(2026-01-01), datetime(2026-01-02), 1h)) | count"
	if _, _, err := fits.All(ctx, Request{Text: source.New("", rowsToHold+byPart, 0)}, 0); err != nil {
		t.Errorf("partitions: %v", err)
	}
	for _, s := range []*Session{small, ample, fits} {
		if n := s.db.Held(); n != 0 {
			t.Errorf("%d bytes are held by no one", n)
		}
	}
}
