package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"quarry/engine"
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

var _ engine.Engine = (*DB)(nil)

// Run registers the Go functions a program calls, runs its Go operators in order,
// and starts the final query.
func (db *DB) Run(ctx context.Context, p *sqlgen.Program, env *builtin.Env) (engine.Rows, error) {
	if err := db.registerAll(ctx, p, env); err != nil {
		return nil, err
	}
	r := &running{}
	var names []string // placeholder, table, placeholder, table, ...
	for _, step := range p.Steps {
		table, drop, err := db.step(ctx, step, env, strings.NewReplacer(names...))
		if err != nil {
			r.Close()
			return nil, err
		}
		r.drops = append(r.drops, drop)
		names = append(names, step.Placeholder, table)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		r.Close()
		return nil, err
	}
	r.conn = conn
	schema := make(types.Schema, len(p.Cols))
	for i, c := range p.Cols {
		schema[i] = types.Column{Name: c.Name, Type: c.Type}
	}
	r.schema = schema
	if len(schema) == 0 { // SQL has no result without columns: a dummy stands in
		schema = types.Schema{{Name: "q0", Type: types.Unknown}}
	}
	sql := strings.NewReplacer(names...).Replace(p.SQL)
	if len(r.schema) == 0 {
		sql = "SELECT CAST(q0 AS VARCHAR) FROM (" + sql + ")"
	}
	if r.Rows, err = conn.Query(ctx, sql, schema); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// registerAll registers the Go functions that a program calls.
func (db *DB) registerAll(ctx context.Context, p *sqlgen.Program, env *builtin.Env) error {
	for _, f := range p.Functions {
		row, result := f.Row, f.Result
		if row.Compile != nil || row.Match != nil {
			if err := db.RegisterPredicate(ctx, StringPredicate{Name: f.Name, Match: row.Match, Compile: row.Compile}); err != nil {
				return err
			}
			continue
		}
		def := ScalarFunc{Name: f.Name, Params: f.Params, Result: f.Result, Volatile: row.Sem&builtin.Volatile != 0,
			Until: func(stop *atomic.Bool) func([]types.Value) types.Value {
				env := env.Until(stop)
				return func(args []types.Value) types.Value { return builtin.CallGo(env, row, result, args) }
			}}
		if err := db.RegisterScalar(ctx, def); err != nil {
			return err
		}
	}
	return nil
}

// running is a result together with what must be given back after it.
type running struct {
	*Rows
	schema types.Schema
	conn   *Conn
	drops  []func()
}

func (r *running) Schema() types.Schema { return r.schema }

func (r *running) Next() bool { return r.Rows != nil && r.Rows.Next() }

func (r *running) Row() []types.Value {
	if len(r.schema) == 0 {
		return []types.Value{}
	}
	return r.Rows.Row()
}

func (r *running) Close() {
	if r.Rows != nil {
		r.Rows.Close()
	}
	if r.conn != nil {
		r.conn.Release()
		r.conn = nil
	}
	for _, drop := range r.drops {
		drop()
	}
	r.drops = nil
}

// errEnough stops a Go operator whose rows nobody reads any more.
var errEnough = errors.New("enough rows")

// step runs a Go operator into an intermediate table.
func (db *DB) step(ctx context.Context, s sqlgen.Step, env *builtin.Env, names *strings.Replacer) (table string, drop func(), err error) {
	held := &holding{db: db}
	defer held.release()
	var inputs []plan.Iterator
	for _, in := range s.Inputs {
		conn, err := db.Conn(ctx)
		if err != nil {
			return "", nil, err
		}
		defer conn.Release()
		rows, err := conn.Query(ctx, names.Replace(in.SQL), in.Schema)
		if err != nil {
			return "", nil, err
		}
		defer rows.Close()
		inputs = append(inputs, stepInput{rows, held})
	}
	out := s.Out
	if len(out) == 0 {
		out = types.Schema{{Name: "c0", Type: types.Long}}
	}
	return db.Spool(ctx, out, func(yield func([]types.Value, error) bool) {
		env, release := env.During(ctx)
		defer release()
		err := s.Run(ctx, env, inputs, func(row []types.Value) error {
			if len(s.Out) == 0 {
				row = []types.Value{nil}
			}
			if !yield(row, nil) {
				return errEnough
			}
			return ctx.Err()
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	})
}

// holding is the memory that one Go operator holds, of what all may hold.
type holding struct {
	db    *DB
	bytes int64
}

func (h *holding) hold(bytes int64) error {
	h.bytes += bytes
	if all := h.db.held.Add(bytes); bytes <= 0 || all <= h.db.holdLimit {
		return nil
	}
	return &Error{Kind: Memory, Message: fmt.Sprintf("it needs more memory than it may use: it holds %s of its input, and the limit of all operators that hold rows is %s; "+
		"read a shorter time range, filter or summarize before it, or project fewer columns", formatBytes(h.bytes), formatBytes(h.db.holdLimit))}
}

func (h *holding) release() {
	h.db.held.Add(-h.bytes)
	h.bytes = 0
}

// stepInput reads rows for a Go operator.
type stepInput struct {
	rows *Rows
	held *holding
}

// Hold implements builtin.Rows.
func (i stepInput) Hold(bytes int) error { return i.held.hold(int64(bytes)) }

func (i stepInput) Next() ([]types.Value, error) {
	if i.rows.Next() {
		return i.rows.Row(), nil
	}
	if err := i.rows.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, nil
}
