package builtin

import (
	"cmp"
	"fmt"
	"slices"

	"quarry/kql/types"
)

// Intersections counts the values common to the first, the first two, ... of sets
// given as sketches. count and merge are the rows that count and merge sketches.
func Intersections(env *Env, count, merge *Row, sets []types.Value) []int64 {
	// Inclusion and exclusion: the unions of all subsets, by the last set of each.
	byLast := make([]int64, len(sets))
	var walk func(from int, union types.Value, sign int64)
	walk = func(from int, union types.Value, sign int64) {
		for i := from; i < len(sets); i++ {
			u := sets[i]
			if union != nil {
				u = CallGo(env, merge, types.Dynamic, []types.Value{union, sets[i]})
			}
			n, _ := CallGo(env, count, types.Long, []types.Value{u}).(int64)
			byLast[i] += sign * n
			walk(i+1, u, -sign)
		}
	}
	walk(0, nil, 1)
	total := int64(0)
	for i, n := range byLast {
		total += n
		byLast[i] = max(total, 0)
	}
	return byLast
}

// MergeSchemas merges rows of getschema (name, ordinal, .NET type, type). With keep
// set a column must stand at one place; otherwise columns are numbered anew.
func MergeSchemas(rows [][]types.Value, keep bool) ([][]types.Value, error) {
	type column struct {
		row   []types.Value
		last  int64
		moved bool
	}
	byName := map[string]*column{}
	var all []*column
	for _, r := range rows {
		name, _ := r[0].(string)
		at, _ := r[1].(int64)
		c := byName[name]
		if c == nil {
			c = &column{row: slices.Clone(r), last: at}
			byName[name] = c
			all = append(all, c)
			continue
		}
		if c.row[3] != r[3] {
			return nil, fmt.Errorf("the column %q is %v in one schema and %v in another", name, c.row[3], r[3])
		}
		if at != c.row[1] {
			c.moved = true
			c.last = max(c.last, at)
		}
	}
	slices.SortStableFunc(all, func(a, b *column) int { return cmp.Compare(a.last, b.last) })
	out := make([][]types.Value, len(all))
	for i, c := range all {
		out[i] = c.row
		switch {
		case !keep:
			c.row[1] = int64(i)
		case c.moved: // Kusto's own words
			c.row[1], c.row[2], c.row[3] = int64(-1), "ERROR(unknown CSL type:ERROR(columns are out of order))", "ERROR(columns are out of order)"
		}
	}
	return out, nil
}
