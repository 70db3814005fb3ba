package builtin

import (
	"strings"

	"quarry/kql/types"
)

// Rows is an input of an operator in Go.
type Rows interface {
	// Next yields a row; nil, nil at the end. The slice is the caller's to keep, but
	// a few rows kept of many keep the others in memory too, see Own.
	Next() ([]types.Value, error)
	// Hold accounts for so many bytes more (or fewer, below 0) that the operator holds
	// because of what it read. The error tells that they are more than it may hold.
	Hold(bytes int) error
}

// What values, and the maps that find them again, take in memory, in bytes.
const (
	sizeOfRow   = 24 // the slice
	sizeOfValue = 16 // the interface
	sizeOfEntry = 64 // of a map, beside what its key points to
)

// SizeOf is about the memory that a row takes, in bytes.
func SizeOf(row []types.Value) int {
	n := sizeOfRow + sizeOfValue*len(row)
	for _, v := range row {
		switch v := v.(type) {
		case string:
			n += 16 + len(v)
		case int64, float64:
			n += 8
		}
	}
	return n
}

// Own copies a row so that it keeps nothing else in memory: the values that an engine
// yields, and their texts, lie together with those of the rows beside them.
func Own(row []types.Value) []types.Value {
	out := make([]types.Value, len(row))
	for i, v := range row {
		if s, ok := v.(string); ok {
			v = strings.Clone(s)
		}
		out[i] = v
	}
	return out
}
