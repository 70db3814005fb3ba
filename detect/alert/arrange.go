package alert

import (
	"cmp"
	"slices"
	"strings"

	"quarry/kql/types"
)

// Arrange puts rows that a query gave in no order into one that follows from the rows
// alone: by time, then by their values from the left. A query without "sort" may give
// its rows in another order each time; the rows that get an alert of their own, and
// the first row, which names an alert, must not change with it.
func Arrange(rows *types.Rows) {
	at := TimeColumn(rows.Schema)
	slices.SortStableFunc(rows.Values, func(a, b []types.Value) int {
		if at >= 0 {
			if c := compare(a[at], b[at]); c != 0 {
				return c
			}
		}
		for i := range a {
			if c := compare(a[i], b[i]); c != 0 {
				return c
			}
		}
		return 0
	})
}

// compare orders two values of one column, null first.
func compare(a, b types.Value) int {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	case bool:
		if b, ok := b.(bool); ok {
			switch {
			case a == b:
				return 0
			case b:
				return -1
			}
			return 1
		}
	}
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	}
	return 1
}
