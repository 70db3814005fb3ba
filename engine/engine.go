package engine

import (
	"context"

	"quarry/kql/builtin"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

// Engine runs programs. It is safe for concurrent use.
type Engine interface {
	// Run starts a program; the caller closes the rows. Cancelling ctx stops it.
	Run(ctx context.Context, p *sqlgen.Program, env *builtin.Env) (Rows, error)
}

// Rows is a streaming result.
type Rows interface {
	Schema() types.Schema
	// Next moves to the next row; false at the end and on an error.
	Next() bool
	// Row is the current row; the slice is the caller's to keep.
	Row() []types.Value
	Err() error
	Close()
}

// Tail is a result whose rows to come can be counted without being made.
type Tail interface {
	// Tail reads to the end, but for at most limit rows, and gives the values that are
	// not null of some columns of 64-bit integers (int, long, datetime, timespan).
	Tail(columns []int, limit int64, value func(int64)) (rows int64, err error)
}

// Collect reads a whole result, at most limit rows (0: all). more reports rows left
// unread.
func Collect(rows Rows, limit int) (out *types.Rows, more bool, err error) {
	defer rows.Close()
	out = &types.Rows{Schema: rows.Schema()}
	for rows.Next() {
		if limit > 0 && len(out.Values) == limit {
			return out, true, nil
		}
		out.Values = append(out.Values, rows.Row())
	}
	return out, false, rows.Err()
}

// FromRows streams rows that are at hand.
func FromRows(rows *types.Rows) Rows { return &given{rows: rows, at: -1} }

type given struct {
	rows *types.Rows
	at   int
}

func (g *given) Schema() types.Schema { return g.rows.Schema }
func (g *given) Next() bool           { g.at++; return g.at < len(g.rows.Values) }
func (g *given) Row() []types.Value   { return g.rows.Values[g.at] }
func (g *given) Err() error           { return nil }
func (g *given) Close()               {}
