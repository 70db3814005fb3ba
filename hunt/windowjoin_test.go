package hunt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/source"
	"quarry/kql/types"
)

// TestWindowJoin compares joins inside a time window with and without the rewrite, on
// random rows whose times lie on and a tick beside the edges: the same rows must come
// out, as often.
func TestWindowJoin(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	windows := []string{
		"t1 between (t .. 5s)", "t1 between (t .. datetime_add('second', 3, t))", "t between (t1 .. 2s)",
		"t1 >= t - 1s and t1 <= t + 1s", "t1 > t - 1s and t1 < t", "t1 == t", "t1 between ((t - 2s) .. (t - 1s))",
		"t1 - 1s <= t and t <= t1", "t1 between (t .. -1s)", "t1 > t and t1 <= t + 1tick", "t1 between (t .. 3650d)",
	}
	for round := range 60 {
		window := windows[round%len(windows)]
		q := fmt.Sprintf("let A = datatable(k:long, t:datetime, i:long)[%s];\nlet B = datatable(k:long, t:datetime, j:long)[%s];\n"+
			"A | join kind=inner B on k | where %s | project k, i, j", randomTimes(rnd, 40), randomTimes(rnd, 40), window)
		var got [2][]string
		for i, plain := range []bool{false, true} {
			rows, _, err := s.All(ctx, Request{Text: source.New("", q, 0), Plain: plain}, 0)
			if err != nil {
				t.Fatalf("%v\n%s", err, q)
			}
			got[i] = texts(rows, false)
		}
		if diff := cmp.Diff(got[1], got[0]); diff != "" {
			t.Fatalf("%s (-plain +rewritten)\n%s\n%s", window, diff, q)
		}
	}
}

// randomTimes are rows of few keys within a few seconds, a tick around whole seconds.
func randomTimes(rnd *rand.Rand, n int) string {
	start, _ := types.ParseDatetime("2024-01-01")
	var cells []string
	for i := range n {
		at := "datetime(" + types.FormatDatetime(start+rnd.Int64N(8)*types.Second+rnd.Int64N(3)-1) + ")"
		if rnd.IntN(12) == 0 {
			at = "datetime(null)"
		}
		cells = append(cells, fmt.Sprintf("%d, %s, %d", rnd.IntN(3), at, i))
	}
	return strings.Join(cells, ", ")
}
