package duckdb

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// Conn is one connection, for one goroutine at a time. A context that ends
// interrupts what runs on it; the call then returns the context's error.
type Conn struct {
	db       *DB
	handle   b.Connection
	id       uint64
	stop     atomic.Bool // set when the statement has to end; Go functions look at it
	rows     *Rows       // the open result: DuckDB has one stream a connection
	inTx     bool
	released bool
}

// Release gives the connection back. An open result is closed and an open
// transaction is rolled back. A second call does nothing.
func (c *Conn) Release() {
	if c.released {
		return
	}
	if c.rows != nil {
		c.rows.Close()
	}
	if c.inTx {
		c.rollback()
	}
	c.released = true
	c.db.release(c)
}

// Exec runs one or more statements and drops their results.
func (c *Conn) Exec(ctx context.Context, sql string) error {
	if err := c.ready(ctx, sql); err != nil {
		return err
	}
	defer c.watch(ctx)()
	var result b.Result
	defer b.DestroyResult(&result)
	if b.Query(c.handle, sql, &result) == b.StateError {
		return c.failure(ctx, b.ResultError(&result), sql)
	}
	return nil
}

// ready refuses statements that cannot be run as they are written.
func (c *Conn) ready(ctx context.Context, sql string) error {
	switch {
	case c.released:
		return internalf(sql, "use of a released connection")
	case c.rows != nil:
		return internalf(sql, "the connection still has an open result")
	case strings.IndexByte(sql, 0) >= 0:
		return internalf(sql, "SQL with a NUL byte; QuoteString spells it")
	}
	c.stop.Store(false)
	return ctx.Err()
}

// failure turns DuckDB's message into an error: the context's own one if it has ended.
func (c *Conn) failure(ctx context.Context, message, sql string) error {
	e := c.db.newError(message, sql)
	if e.Kind == Interrupted && ctx.Err() != nil {
		return ctx.Err()
	}
	return e
}

// watch interrupts the connection once ctx ends, until stop is called.
//
// DuckDB forgets an interrupt that arrives just before a statement starts, so
// it is repeated; stop waits for the last one, so none hits a later statement.
func (c *Conn) watch(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	finished, exited := make(chan struct{}), make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(exited)
		c.stop.Store(true)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			b.Interrupt(c.handle)
			select {
			case <-finished:
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		if !cancel() {
			close(finished)
			<-exited
		}
	}
}

// Tx runs do in a transaction: all of it happens or, after an error, nothing.
func (c *Conn) Tx(ctx context.Context, do func() error) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := do(); err != nil {
		c.rollback()
		return err
	}
	return c.commit(ctx)
}

func (c *Conn) begin(ctx context.Context) error {
	if err := c.Exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	c.inTx = true
	return nil
}

func (c *Conn) commit(ctx context.Context) error {
	err := c.Exec(ctx, "COMMIT")
	if err != nil {
		c.rollback()
	}
	c.inTx = false
	return err
}

// rollback must run whatever the state of a caller's context. A commit that
// failed has ended the transaction already; then there is nothing to roll back.
func (c *Conn) rollback() {
	c.inTx = false
	if c.rows != nil {
		c.rows.Close()
	}
	var result b.Result
	b.Query(c.handle, "ROLLBACK", &result)
	b.DestroyResult(&result)
}

// Query runs one statement and streams its result. The physical types of the
// result must be those of schema (see ColumnType; a decimal may also come as
// VARCHAR); anything else is an Internal error.
func (c *Conn) Query(ctx context.Context, sql string, schema types.Schema) (*Rows, error) {
	if err := c.ready(ctx, sql); err != nil {
		return nil, err
	}
	defer c.watch(ctx)()
	r := &Rows{conn: c, ctx: ctx, sql: sql, schema: schema}
	if err := r.start(); err != nil {
		r.free()
		return nil, err
	}
	c.rows = r
	return r, nil
}

// settle ends a statement whose stream was left before its end. DuckDB itself does that
// when the next statement comes: until then the statement keeps its memory, and its
// transaction, which takes in whatever is done on the connection meanwhile and is rolled
// back then. An empty statement is enough.
func (c *Conn) settle() {
	var result b.Result
	b.Query(c.handle, "", &result)
	b.DestroyResult(&result)
}

// Collect runs one statement and returns its whole result.
func (c *Conn) Collect(ctx context.Context, sql string, schema types.Schema) (types.Rows, error) {
	rows, err := c.Query(ctx, sql, schema)
	if err != nil {
		return types.Rows{}, err
	}
	defer rows.Close()
	out := types.Rows{Schema: schema}
	for rows.Next() {
		out.Values = append(out.Values, rows.Row())
	}
	return out, rows.Err()
}
