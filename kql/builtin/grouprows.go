package builtin

import "quarry/kql/types"

// rowGroup is what was gathered of the rows of one combination of dimensions.
type rowGroup[T any] struct {
	dims []types.Value
	of   T
}

// groupRows gathers rows by the dimensions, which are their values from n on, and gives
// the groups in the order of their first rows. wanted says which rows count; add puts one
// into its group, which begins empty, and says how many bytes are held because of it.
func groupRows[T any](in Rows, n int, wanted func(row []types.Value) bool, add func(to *T, row []types.Value) (bytes int)) ([]*rowGroup[T], error) {
	byDims := map[string]*rowGroup[T]{}
	var all []*rowGroup[T]
	for {
		row, err := in.Next()
		if row == nil || err != nil {
			return all, err
		}
		if !wanted(row) {
			continue
		}
		size := 0
		k := RowKey(row[n:])
		g := byDims[k]
		if g == nil {
			g = &rowGroup[T]{dims: Own(row[n:])}
			byDims[k] = g
			all = append(all, g)
			size = SizeOf(g.dims) + len(k) + 2*sizeOfEntry
		}
		if err := in.Hold(size + add(&g.of, row)); err != nil {
			return nil, err
		}
	}
}
