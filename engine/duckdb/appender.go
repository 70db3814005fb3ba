package duckdb

import (
	"context"
	"fmt"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// Appender writes rows into a table in bulk. It holds a connection and a
// transaction: others see the rows after Flush or Close, and after an error
// (or Abort) none of those written since the last Flush. While DuckDB takes one
// chunk of rows the next one is filled, so an error may come a chunk late.
type Appender struct {
	ctx     context.Context
	conn    *Conn
	handle  b.Appender
	chunk   b.DataChunk // that is being filled
	other   b.DataChunk // that DuckDB takes, or the next one to fill
	taken   chan bool   // says whether DuckDB took the other one; nil if it is idle
	schema  types.Schema
	columns []writer
	n       int // rows in the chunk
	given   int // rows that DuckDB has collected; belongs to whoever gives it chunks
	err     error
	closed  bool
}

// NewAppender opens an appender for a physical table whose columns have the
// types of schema, in its order. Names in schema serve for messages only.
func (db *DB) NewAppender(ctx context.Context, table string, schema types.Schema) (*Appender, error) {
	return db.newAppender(ctx, "", "", table, schema)
}

func (db *DB) newAppender(ctx context.Context, catalog, namespace, table string, schema types.Schema) (*Appender, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	a := &Appender{ctx: ctx, conn: c, schema: schema, columns: make([]writer, len(schema))}
	if err := a.open(catalog, namespace, table); err != nil {
		a.Abort()
		return nil, err
	}
	return a, nil
}

func (a *Appender) open(catalog, namespace, table string) error {
	if err := a.conn.begin(a.ctx); err != nil {
		return err
	}
	if b.AppenderCreateExt(a.conn.handle, catalog, namespace, table, &a.handle) == b.StateError {
		return a.failure()
	}
	if n := int(b.AppenderColumnCount(a.handle)); n != len(a.schema) {
		return internalf("", "the table %s has %d columns instead of %d", table, n, len(a.schema))
	}
	lts := make([]b.LogicalType, len(a.schema))
	for i, col := range a.schema {
		lts[i] = logicalType(col.Type)
	}
	a.chunk, a.other = b.CreateDataChunk(lts), b.CreateDataChunk(lts)
	for i := range lts {
		b.DestroyLogicalType(&lts[i])
	}
	a.resetChunk()
	return nil
}

func (a *Appender) failure() error {
	return a.conn.failure(a.ctx, b.AppenderError(a.handle), "")
}

func (a *Appender) resetChunk() {
	b.DataChunkReset(a.chunk)
	for i := range a.columns {
		a.columns[i].reset(b.DataChunkGetVector(a.chunk, b.IdxT(i)), a.schema[i].Type)
	}
	a.n = 0
}

// Append adds a row of one value for each column, in the Go forms of
// types.Value. A value of another form is an error that names the column; such
// a row is left out and the appender stays usable.
func (a *Appender) Append(row []types.Value) error {
	if a.err != nil {
		return a.err
	}
	if a.closed {
		return internalf("", "use of a closed appender")
	}
	if len(row) != len(a.columns) {
		return &Error{Kind: Conversion, Message: fmt.Sprintf("a row of %d values for %d columns", len(row), len(a.columns))}
	}
	for i, v := range row {
		if err := a.columns[i].set(a.n, v); err != nil {
			for j := range i + 1 {
				a.columns[j].undo(a.n)
			}
			return &Error{Kind: Conversion, Message: fmt.Sprintf("column %q: %s", a.schema[i].Name, err)}
		}
	}
	a.n++
	if a.n == ChunkRows {
		a.err = a.push()
	}
	return a.err
}

// push gives the chunk to DuckDB.
func (a *Appender) push() error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if a.n == 0 {
		return nil
	}
	for i := range a.columns {
		a.columns[i].flush()
	}
	b.DataChunkSetSize(a.chunk, b.IdxT(a.n))
	if err := a.wait(); err != nil {
		return err
	}
	full, taken := a.chunk, make(chan bool, 1)
	n := a.n
	go func() { taken <- a.give(full, n) }()
	a.chunk, a.other, a.taken = a.other, full, taken
	a.resetChunk()
	return nil
}

// flushEvery bounds the rows that DuckDB collects before it writes them to the table's
// storage, which packs them.
const flushEvery = 8 * ChunkRows

// give hands DuckDB a chunk of n rows and says whether it took it.
func (a *Appender) give(chunk b.DataChunk, n int) bool {
	if b.AppendDataChunk(a.handle, chunk) == b.StateError {
		return false
	}
	if a.given += n; a.given < flushEvery {
		return true
	}
	a.given = 0
	return b.AppenderFlush(a.handle) != b.StateError
}

// wait lets DuckDB finish with the chunk that it was given last.
func (a *Appender) wait() error {
	if a.taken == nil {
		return nil
	}
	ok := <-a.taken
	a.taken = nil
	if !ok {
		return a.failure()
	}
	return nil
}

// commit makes all rows visible and durable, and ends the transaction.
func (a *Appender) commit() error {
	if err := a.push(); err != nil {
		return err
	}
	if err := a.wait(); err != nil {
		return err
	}
	if b.AppenderFlush(a.handle) == b.StateError {
		return a.failure()
	}
	return a.conn.commit(a.ctx)
}

// Flush makes the rows so far visible and durable.
func (a *Appender) Flush() error {
	if a.err != nil {
		return a.err
	}
	if a.closed {
		return internalf("", "use of a closed appender")
	}
	if a.err = a.commit(); a.err == nil {
		a.err = a.conn.begin(a.ctx)
	}
	return a.err
}

// Close flushes and gives the connection back. After an earlier error it
// aborts and returns that error. A second call does nothing.
func (a *Appender) Close() error {
	if a.closed {
		return a.err
	}
	if a.err == nil {
		a.err = a.commit()
	}
	a.Abort()
	return a.err
}

// Abort drops the rows since the last Flush. After Close it does nothing.
func (a *Appender) Abort() {
	if a.closed {
		return
	}
	a.closed = true
	if a.taken != nil {
		<-a.taken
		a.taken = nil
	}
	if a.handle.Ptr != nil {
		b.AppenderClear(a.handle) // or destroying it would write what is buffered
		b.AppenderDestroy(&a.handle)
	}
	b.DestroyDataChunk(&a.chunk)
	b.DestroyDataChunk(&a.other)
	a.conn.Release() // rolls back
}
