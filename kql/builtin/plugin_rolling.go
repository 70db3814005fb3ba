package builtin

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"quarry/kql/types"
)

// RollingPercentiles reads rows of value, index, dimensions and gives, for each bin of
// the index that has rows, the percentile of the values in the window of bins that
// ends with it: the smallest value that at least percentile % of them do not exceed.
func RollingPercentiles(e *Env, in Rows, percentile float64, size, bins int64, emit func([]types.Value) error) error {
	type binned map[int64][]types.Value
	wanted := func(row []types.Value) bool {
		_, ok := row[1].(int64)
		return ok && row[0] != nil
	}
	all, err := groupRows(in, 2, wanted, func(to *binned, row []types.Value) int {
		if *to == nil {
			*to = binned{}
		}
		at := floorTo(row[1].(int64), size)
		(*to)[at] = append((*to)[at], row[0])
		return sizeOfValue + 8
	})
	if err != nil {
		return err
	}
	for _, g := range all {
		order := slices.Sorted(maps.Keys(g.of))
		for i, at := range order {
			e.Check()
			var window []types.Value
			for j := i; j >= 0 && order[j] > at-bins*size; j-- {
				window = append(window, g.of[order[j]]...)
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
