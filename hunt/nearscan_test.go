package hunt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// TestLeftFirst compares chains of window joins over stored tables with and without the
// rewrites: the later tables are read only near what the earlier joins left over, unless
// a condition after the chain speaks of those alone, and of the first tables the columns
// that are only handed on are read of the rows left over.
func TestLeftFirst(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const chain = "A | join kind=inner B on k | where t1 between (t .. 2s) and j != i | "
	queries := []struct {
		kql  string
		near int
		late bool
	}{
		{chain + "join kind=inner C on k | where t2 between (t .. 2s)", 1, true},
		{chain + "join kind=inner C on k, $left.j == $right.m | where t2 between ((t1 - 3s) .. t1)", 1, true},
		{chain + "join kind=inner C on $left.j == $right.m | where t2 >= t and t2 - t < 1s", 1, true},
		{chain + "join kind=inner (C | where m > 3 | project k, t2 = t2, x = m * 2) on k | where t2 between (t .. 2s)", 1, true},
		{chain + "join kind=leftouter C on k | where t2 between (t .. 2s) and m > 2", 1, true},
		{chain + "join kind=inner C on k | where t2 between (t .. 2s) | join kind=inner (A | project k, t3 = t, n = i) on k | where t3 between (t2 .. 1s)", 2, true},
		{chain + "join kind=inner C on k | where t2 between (t .. 2s) | summarize c = count(), max(m) by k, bin(t, 1s)", 1, false},
		{"A | join kind=inner B on k | where t1 between (t .. 2s) | union (A | project k, t, t1 = t, i, j = i) | join kind=inner C on k | where t2 between (t .. 2s)", 1, false},
		{"A | join kind=inner B on k | where t1 between (t .. 2s) | join kind=inner C on k | where t2 between (t .. 2s)", 1, false},
		{"A | where i < 7 | extend e = i + iy | project-away iz | join kind=inner (B | where j > 1 | project k, t1, jx, jy, jz, f = j) on k | where t1 between (t .. 2s) and f != i | extend g = strcat(ix, jy) | project-away jy | join kind=inner C on k | where t2 between (t .. 2s)", 1, false},
		{"A | where i < 7 | extend e = i + 1 | join kind=inner (B | where j > 1 | project k, t1, jx, jy, jz, f = j) on k | where t1 between (t .. 2s) and f != e | extend g = strcat(k, f) | join kind=inner C on k | where t2 between (t .. 2s)", 1, true},
		{chain + "join kind=inner C on k | where t2 between (t .. 2s) and i > 5", 0, false},
		{chain + "join kind=inner C on k | where t2 between (t .. 2s) | extend d = t1 - t | where d > 1s", 0, false},
		{chain + "join kind=inner C on k | where t2 between (t .. 2s) | summarize c = count() by k, t | where k == 'k1'", 0, false},
		{chain + "join kind=inner (C | extend t2 = t2 + 1s) on k | where t2 between (t .. 2s)", 0, false},
		{chain + "join kind=inner (C | sort by m asc | extend p = prev(m)) on k | where t2 between (t .. 2s)", 0, false},
		{chain + "join kind=inner C on k | where t2 == t", 0, false},
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 3 {
		given := map[string]*types.Rows{"A": storedTimes(rnd, "t", "i"), "B": storedTimes(rnd, "t1", "j"), "C": storedTimes(rnd, "t2", "m")}
		for _, q := range queries {
			var got [2][]string
			for n, plain := range []bool{true, false} {
				req := Request{Text: source.New("", q.kql, 0), Plain: plain, Given: given}
				rows, _, err := s.All(context.Background(), req, 0)
				if err != nil {
					t.Fatalf("%v\n%s", err, q.kql)
				}
				got[n] = texts(rows, false)
			}
			if diff := cmp.Diff(got[0], got[1]); diff != "" {
				t.Errorf("(-plain +rewritten)\n%s\n%s", diff, q.kql)
			}
			a, err := s.Query(context.Background(), Request{Text: source.New("", q.kql, 0), Given: given})
			if err != nil {
				t.Fatal(err)
			}
			near, root := 0, a.Compiled.Results[0].Root
			plan.Walk(root.Node, func(n plan.Node) {
				if j, ok := n.(*plan.Join); ok && j.Window != nil && j.Window.Near != nil {
					near++
				}
			})
			if late := strings.Contains(a.Compiled.Results[0].Program.SQL, "rowid AS q"); late != q.late {
				t.Errorf("columns are read late: %t, not %t\n%s", late, q.late, q.kql)
			}
			if a.Close(); near != q.near {
				t.Errorf("%d tables are read near others, not %d\n%s\n%s", near, q.near, q.kql, plan.Print(root))
			}
		}
	}
}

// storedTimes are rows of few keys within a few seconds; some times are missing, or the
// first that there is.
func storedTimes(rnd *rand.Rand, time, number string) *types.Rows {
	start, _ := types.ParseDatetime("2024-01-01")
	rows := &types.Rows{Schema: types.Schema{{Name: "k", Type: types.String}, {Name: time, Type: types.Datetime}, {Name: number, Type: types.Long},
		{Name: number + "x", Type: types.String}, {Name: number + "y", Type: types.Long}, {Name: number + "z", Type: types.Dynamic}}}
	for range 60 {
		at := types.Value(start + rnd.Int64N(12)*types.Second + rnd.Int64N(3) - 1)
		switch rnd.IntN(20) {
		case 0:
			at = nil
		case 1:
			at = rnd.Int64N(2) * types.Second
		}
		x := rnd.Int64N(1000)
		rows.Values = append(rows.Values, []types.Value{fmt.Sprintf("k%d", rnd.IntN(4)), at, rnd.Int64N(9), fmt.Sprint("x", x), x + 1, fmt.Sprintf("[%d]", x+2)})
	}
	return rows
}
