package builtin

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/types"
)

// listed are rows in memory.
type listed [][]types.Value

func (l *listed) Next() ([]types.Value, error) {
	if len(*l) == 0 {
		return nil, nil
	}
	row := (*l)[0]
	*l = (*l)[1:]
	return row, nil
}

func (l *listed) Hold(int) error { return nil }

func detectSequences(t *testing.T, rows listed, n int, step, span int64) (out [][]types.Value) {
	t.Helper()
	err := DetectSequences(NewEnv(nil), &rows, n, step, span, func(row []types.Value) error {
		out = append(out, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSequences compares the search with one that tries all rows, which are in order of
// time and of one group.
func TestSequences(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n, step, span := 1+r.IntN(4), int64(r.IntN(6)), int64(r.IntN(12))
		var rows listed
		at := int64(0)
		for range r.IntN(15) {
			at += int64(r.IntN(4))
			row := []types.Value{at}
			for range n {
				row = append(row, []types.Value{true, false, nil}[r.IntN(3)])
			}
			rows = append(rows, row)
		}
		var want [][]types.Value
		var try func(from int, chain []types.Value)
		try = func(from int, chain []types.Value) {
			k := len(chain)
			if k == n {
				want = append(want, append(chain[:n:n], chain[n-1].(int64)-chain[0].(int64)))
				return
			}
			for i := from; i < len(rows); i++ {
				at := rows[i][0].(int64)
				if rows[i][1+k] == true && (k == 0 || at-chain[k-1].(int64) <= step && at-chain[0].(int64) <= span) {
					try(i+1, append(chain[:k:k], at))
				}
			}
		}
		try(0, nil)
		if diff := cmp.Diff(want, detectSequences(t, rows, n, step, span)); diff != "" {
			t.Fatalf("%v, %d conditions, %d, %d\n%s", rows, n, step, span, diff)
		}
	}
	// Many beginnings that lead nowhere.
	var rows listed
	for i := range int64(20_000) {
		rows = append(rows, []types.Value{i, true, true, true, i == 0})
	}
	if got := detectSequences(t, rows, 4, 20_000, 20_000); got != nil {
		t.Errorf("%d sequences without an end", len(got))
	}
}
