package builtin

import (
	"cmp"
	"fmt"
	"slices"

	"quarry/kql/types"
)

// maxSequences bounds what sequence_detect finds.
const maxSequences = 1_000_000

// sequenceStep is a row that a condition may be met with.
type sequenceStep struct {
	row int
	end int64 // the earliest time at which the sequence can be complete
}

// DetectSequences is sequence_detect. A row holds the time, whether it meets each of n
// conditions, then the dimensions; every chain of rows that meet the conditions in
// turn, each no later than step after the one before and the last no later than span
// after the first, gives a result.
func DetectSequences(e *Env, in Rows, n int, step, span int64, emit func([]types.Value) error) error {
	wanted := func(row []types.Value) bool {
		_, ok := row[0].(int64)
		return ok && slices.Contains(row[1:1+n], types.Value(true))
	}
	all, err := groupRows(in, 1+n, wanted, func(to *[][]types.Value, row []types.Value) int {
		*to = append(*to, Own(row[:1+n]))
		return SizeOf(row[:1+n])
	})
	if err != nil {
		return err
	}
	found := 0
	for _, g := range all {
		rows := g.of
		slices.SortStableFunc(rows, func(a, b []types.Value) int { return cmp.Compare(a[0].(int64), b[0].(int64)) })
		steps, size := sequenceSteps(e, rows, n, step)
		if err := in.Hold(size); err != nil {
			return err
		}
		chain := make([]int64, n)
		var grow func(k, after int) error
		grow = func(k, after int) error {
			if k == n {
				if found++; found > maxSequences {
					return fmt.Errorf("more than %d sequences; narrow the conditions or the windows", maxSequences)
				}
				out := slices.Clone(g.dims)
				for _, t := range chain {
					out = append(out, t)
				}
				return emit(append(out, chain[n-1]-chain[0]))
			}
			from, _ := slices.BinarySearchFunc(steps[k], after+1, func(s sequenceStep, row int) int { return cmp.Compare(s.row, row) })
			for _, s := range steps[k][from:] {
				e.Check()
				t := rows[s.row][0].(int64)
				switch {
				case k == 0 && s.end-t > span:
					continue
				case k > 0 && (t-chain[k-1] > step || s.end-chain[0] > span):
					return nil // the later ones end no earlier
				}
				chain[k] = t
				if err := grow(k+1, s.row); err != nil {
					return err
				}
			}
			return nil
		}
		if err := grow(0, -1); err != nil {
			return err
		}
		if err := in.Hold(-size); err != nil {
			return err
		}
	}
	return nil
}

// sequenceSteps lists, for each condition, the rows that meet it and from which the
// conditions after it can be met in time, so that the search has no blind alleys. The rows
// are in order of time, and so are the ends.
func sequenceSteps(e *Env, rows [][]types.Value, n int, step int64) (steps [][]sequenceStep, bytes int) {
	steps = make([][]sequenceStep, n)
	for k := n - 1; k >= 0; k-- {
		next := 0
		for i, row := range rows {
			e.Check()
			if row[1+k] != true {
				continue
			}
			t := row[0].(int64)
			if k == n-1 {
				steps[k] = append(steps[k], sequenceStep{i, t})
				continue
			}
			after := steps[k+1]
			for next < len(after) && after[next].row <= i {
				next++
			}
			if next < len(after) && rows[after[next].row][0].(int64)-t <= step {
				steps[k] = append(steps[k], sequenceStep{i, after[next].end})
			}
		}
		bytes += 16 * cap(steps[k])
	}
	return steps, bytes
}
