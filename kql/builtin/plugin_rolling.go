package builtin

import (
	"cmp"
	"math"
	"slices"

	"quarry/kql/types"
)

// RollingPercentiles reads rows of value, index, dimensions and gives, for each bin of
// the index that has rows, the percentile of the values in the window of bins that
// ends with it: the smallest value that at least percentile % of them do not exceed.
func RollingPercentiles(in Rows, percentile float64, size, bins int64, emit func([]types.Value) error) error {
	type group struct {
		dims []types.Value
		bins map[int64][]types.Value
	}
	byDims := map[string]*group{}
	var all []*group
	for {
		row, err := in.Next()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		t, ok := row[1].(int64)
		if !ok || row[0] == nil {
			continue
		}
		k := RowKey(row[2:])
		g := byDims[k]
		if g == nil {
			g = &group{dims: Own(row[2:]), bins: map[int64][]types.Value{}}
			byDims[k] = g
			all = append(all, g)
			if err := in.Hold(SizeOf(g.dims) + len(k) + 2*sizeOfEntry); err != nil {
				return err
			}
		}
		if err := in.Hold(sizeOfValue + 8); err != nil {
			return err
		}
		at := floorTo(t, size)
		g.bins[at] = append(g.bins[at], row[0])
	}
	for _, g := range all {
		order := make([]int64, 0, len(g.bins))
		for at := range g.bins {
			order = append(order, at)
		}
		slices.Sort(order)
		for i, at := range order {
			var window []types.Value
			for j := i; j >= 0 && order[j] > at-bins*size; j-- {
				window = append(window, g.bins[order[j]]...)
			}
			slices.SortFunc(window, compareNumbers)
			rank := int(math.Ceil(percentile / 100 * float64(len(window))))
			v := window[min(max(rank, 1), len(window))-1]
			if err := emit(resultRow([]types.Value{at}, g.dims, v)); err != nil {
				return err
			}
		}
	}
	return nil
}

func compareNumbers(a, b types.Value) int {
	if x, ok := a.(int64); ok {
		return cmp.Compare(x, b.(int64))
	}
	return cmp.Compare(a.(float64), b.(float64))
}
