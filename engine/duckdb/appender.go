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
// chunk of rows the next one is filled, and while it packs what it has taken it takes
// more, so an error may come late.
type Appender struct {
	ctx     context.Context
	conn    *Conn
	handles [2]b.Appender // one collects rows while those of the other go to the table
	turn    int           // the one that collects; like given it belongs to whoever gives chunks
	flushed chan bool     // says whether the other's rows reached the table; nil if it is idle
	failed  int           // the handle whose error counts
	chunk   b.DataChunk   // that is being filled
	other   b.DataChunk   // that DuckDB takes, or the next one to fill
	taken   chan bool     // says whether DuckDB took the other one; nil if it is idle
	schema  types.Schema
	columns []writer
	n       int // rows in the chunk
	given   int // rows that DuckDB has collected; belongs to whoever gives it chunks
	text    int // bytes of text in them
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
	for i := range a.handles {
		if b.AppenderCreateExt(a.conn.handle, catalog, namespace, table, &a.handles[i]) == b.StateError {
			a.failed = i
			return a.failure()
		}
	}
	if n := int(b.AppenderColumnCount(a.handles[0])); n != len(a.schema) {
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
	return a.conn.failure(a.ctx, b.AppenderError(a.handles[a.failed]), "")
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
	size := 0
	for i := range a.columns {
		a.columns[i].flush()
		size += a.columns[i].text
	}
	b.DataChunkSetSize(a.chunk, b.IdxT(a.n))
	if err := a.wait(); err != nil {
		return err
	}
	full, taken := a.chunk, make(chan bool, 1)
	n := a.n
	go func() { taken <- a.give(full, n, size) }()
	a.chunk, a.other, a.taken = a.other, full, taken
	a.resetChunk()
	return nil
}

// DuckDB writes what it has collected to the table's storage after so many rows or bytes of
// text. The storage packs a row group when it is full, which takes as long as collecting
// half of the next one: late times as much may wait for it.
const (
	flushRows = 8 * ChunkRows
	flushText = 64 << 20
	late      = 5
)

// give hands DuckDB a chunk of n rows with so many bytes of text and says whether it took it.
func (a *Appender) give(chunk b.DataChunk, n, size int) bool {
	if b.AppendDataChunk(a.handles[a.turn], chunk) == b.StateError {
		a.failed = a.turn
		return false
	}
	a.given, a.text = a.given+n, a.text+size
	if collected := max(float64(a.given)/flushRows, float64(a.text)/flushText); collected < 1 || collected < late && a.packing() {
		return true
	}
	if !a.settle() {
		return false
	}
	full, flushed := a.turn, make(chan bool, 1)
	go func() { flushed <- b.AppenderFlush(a.handles[full]) != b.StateError }()
	a.turn, a.flushed, a.given, a.text = 1-full, flushed, 0, 0
	return true
}

// packing reports whether rows of the handle that does not collect are on their way.
func (a *Appender) packing() bool { return a.flushed != nil && len(a.flushed) == 0 }

// settle waits until the rows of the handle that does not collect are in the table.
func (a *Appender) settle() bool {
	if a.flushed == nil {
		return true
	}
	ok := <-a.flushed
	if a.flushed = nil; !ok {
		a.failed = 1 - a.turn
	}
	return ok
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
	if !a.settle() {
		return a.failure()
	}
	if b.AppenderFlush(a.handles[a.turn]) == b.StateError {
		a.failed = a.turn
		return a.failure()
	}
	a.given, a.text = 0, 0
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
	a.settle()
	for i := range a.handles {
		if h := &a.handles[i]; h.Ptr != nil {
			b.AppenderClear(*h) // or destroying it would write what is buffered
			b.AppenderDestroy(h)
		}
	}
	b.DestroyDataChunk(&a.chunk)
	b.DestroyDataChunk(&a.other)
	a.conn.Release() // rolls back
}
