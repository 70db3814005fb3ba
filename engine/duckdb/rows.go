package duckdb

import (
	"context"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// Rows is a streaming result. Read it by chunk (NextChunk, then the typed
// columns) or by row (Next, Row); do not mix the two. Close it in the end.
type Rows struct {
	conn     *Conn
	ctx      context.Context
	sql      string
	schema   types.Schema
	prepared b.PreparedStatement
	result   b.Result
	chunk    b.DataChunk
	columns  []vector
	decimals []decimalType

	n      int
	row    int
	values []types.Value // the rows of the chunk, row after row
	err    error
	done   bool
}

// start prepares and runs the statement up to its first rows.
func (r *Rows) start() error {
	c := r.conn
	if b.Prepare(c.handle, r.sql, &r.prepared) == b.StateError {
		return c.failure(r.ctx, b.PrepareError(r.prepared), r.sql)
	}
	var pending b.PendingResult
	defer b.DestroyPending(&pending)
	if b.PendingPreparedStreaming(r.prepared, &pending) == b.StateError {
		return c.failure(r.ctx, b.PendingError(pending), r.sql)
	}
	if b.ExecutePending(pending, &r.result) == b.StateError {
		return c.failure(r.ctx, b.ResultError(&r.result), r.sql)
	}
	return r.checkTypes()
}

func (r *Rows) checkTypes() error {
	if n := int(b.ColumnCount(&r.result)); n != len(r.schema) {
		return internalf(r.sql, "the result has %d columns instead of %d", n, len(r.schema))
	}
	r.columns = make([]vector, len(r.schema))
	r.decimals = make([]decimalType, len(r.schema))
	for i, col := range r.schema {
		got := b.ColumnType(&r.result, b.IdxT(i))
		if got != physicalType(col.Type) && !(col.Type == types.Decimal && got == b.TypeVarchar) {
			return internalf(r.sql, "column %d (%s: %s) has the DuckDB type %s instead of %s", i, col.Name, col.Type, typeName(got), ColumnType(col.Type))
		}
		if got == b.TypeDecimal {
			t := b.ColumnLogicalType(&r.result, b.IdxT(i))
			r.decimals[i] = decimalOf(t)
			b.DestroyLogicalType(&t)
		}
	}
	return nil
}

// Schema is the schema that was given to Query.
func (r *Rows) Schema() types.Schema { return r.schema }

// NextChunk moves to the next chunk of at most 2048 rows and returns its size,
// which is 0 at the end. It invalidates what was read in place before.
func (r *Rows) NextChunk() (int, error) {
	r.n, r.row, r.values = 0, 0, nil
	if r.done || r.err != nil {
		return 0, r.err
	}
	b.DestroyDataChunk(&r.chunk)
	if r.err = r.ctx.Err(); r.err != nil {
		return 0, r.err
	}
	stop := r.conn.watch(r.ctx)
	r.chunk = b.FetchChunk(r.result)
	stop()
	if r.chunk.Ptr == nil {
		if message := b.ResultError(&r.result); message != "" {
			r.err = r.conn.failure(r.ctx, message, r.sql)
			return 0, r.err
		}
		r.done = true
		return 0, nil
	}
	r.n = int(b.DataChunkGetSize(r.chunk))
	if r.n == 0 {
		r.done = true
		return 0, nil
	}
	for i, col := range r.schema {
		r.columns[i] = readVector(b.DataChunkGetVector(r.chunk, b.IdxT(i)), col.Type, r.decimals[i], r.n)
	}
	return r.n, nil
}

// Null reports whether a value of the chunk is null. A string never is.
func (r *Rows) Null(col, row int) bool {
	return r.schema[col].Type != types.String && r.columns[col].null(row)
}

// Bools gives a bool column of the chunk in place; null slots hold anything.
func (r *Rows) Bools(col int) []bool { return view[bool](r.column(col, b.TypeBoolean)) }

// Longs gives an int, long, datetime or timespan column of the chunk in place.
func (r *Rows) Longs(col int) []int64 { return view[int64](r.column(col, b.TypeBigInt)) }

// Reals gives a real column of the chunk in place.
func (r *Rows) Reals(col int) []float64 { return view[float64](r.column(col, b.TypeDouble)) }

// Text gives a string, guid or dynamic value of the chunk in place: the result
// is valid until the next NextChunk or Close. It is "" for null.
func (r *Rows) Text(col, row int) string { return r.column(col, b.TypeVarchar).textOrEmpty(row) }

// column checks that a column is read as what it is; anything else would read
// memory that means something different.
func (r *Rows) column(col int, as b.Type) *vector {
	if t := r.schema[col].Type; physicalType(t) != as {
		panic("duckdb: the column " + r.schema[col].Name + " is a " + t.String())
	}
	return &r.columns[col]
}

// Next moves to the next row. It is false at the end and after an error, see Err.
func (r *Rows) Next() bool {
	r.row++
	if r.row < r.n && r.values != nil {
		return true
	}
	n, err := r.NextChunk()
	if err != nil || n == 0 {
		return false
	}
	r.values = make([]types.Value, n*len(r.schema))
	for i := range r.columns {
		r.columns[i].box(r.values[i:], len(r.schema))
	}
	return true
}

// Row gives the current row. The caller may keep it.
func (r *Rows) Row() []types.Value {
	w := len(r.schema)
	return r.values[r.row*w : (r.row+1)*w : (r.row+1)*w]
}

// Tail implements engine.Tail.
func (r *Rows) Tail(columns []int, limit int64, value func(int64)) (rows int64, err error) {
	first := r.row + 1 // of the chunk at hand
	for rows < limit {
		if first >= r.n {
			if n, err := r.NextChunk(); n == 0 || err != nil {
				return rows, err
			}
			first = 0
		}
		for _, c := range columns {
			longs := r.Longs(c)
			for i := first; i < r.n; i++ {
				if !r.Null(c, i) {
					value(longs[i])
				}
			}
		}
		rows += int64(r.n - first)
		first = r.n
	}
	r.row = r.n
	return rows, nil
}

// Err is the error that ended Next, if any.
func (r *Rows) Err() error { return r.err }

// Close ends the statement, also in mid-stream. A second call does nothing.
func (r *Rows) Close() {
	r.free()
	if r.conn.rows == r {
		r.conn.rows = nil
	}
}

func (r *Rows) free() {
	left := !r.done
	r.done = true
	r.n, r.values = 0, nil
	if left {
		r.conn.stop.Store(true) // settle waits for the functions that run
	}
	b.DestroyDataChunk(&r.chunk)
	b.DestroyResult(&r.result)
	b.DestroyPrepare(&r.prepared)
	if left {
		r.conn.settle()
	}
}
