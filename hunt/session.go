package hunt

import (
	"context"
	"time"

	"quarry/engine"
	"quarry/engine/duckdb"
	"quarry/kql"
	"quarry/kql/bind"
	"quarry/kql/builtin"
	"quarry/kql/source"
	"quarry/kql/types"
)

// Config says where a session's data lies and what it may use.
type Config struct {
	Path        string // database file; "" keeps everything in memory
	ReadOnly    bool
	MemoryLimit int64  // bytes; 0 leaves the choice to the engine
	TempDir     string // for spill files; "" is a private directory
	Threads     int
	Resources   *Resources
}

// Session is a set of tables that queries run over. It is safe for concurrent use.
type Session struct {
	db        *duckdb.DB
	store     *duckdb.Store
	compiler  *kql.Compiler
	env       *builtin.Env
	resources *Resources
}

// Open opens or creates the tables of a session.
func Open(ctx context.Context, c Config) (*Session, error) {
	compiler, err := kql.NewCompiler()
	if err != nil {
		return nil, err
	}
	db, err := duckdb.Open(duckdb.Options{Path: c.Path, ReadOnly: c.ReadOnly, MemoryLimit: c.MemoryLimit, TempDir: c.TempDir, Threads: c.Threads})
	if err != nil {
		return nil, err
	}
	store, err := duckdb.OpenStore(ctx, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	res := c.Resources
	if res == nil {
		res = &Resources{}
	}
	return &Session{db: db, store: store, compiler: compiler, env: &builtin.Env{Geo: res.Geo}, resources: res}, nil
}

// Close gives everything back; files of a workspace are complete afterwards.
func (s *Session) Close() error { return s.db.Close() }

// Store is where the session's tables lie.
func (s *Session) Store() *duckdb.Store { return s.store }

// Compiler is the session's compiler.
func (s *Session) Compiler() *kql.Compiler { return s.compiler }

// Request is one query to run.
type Request struct {
	Text *source.Text
	// Now pins now(); the zero time is the wall clock.
	Now      time.Time
	Params   map[string]string // declared query parameters
	Settings map[string]string // request options, as "set" statements would give them
	// Plain runs the query without rewrites; differential tests compare the two.
	Plain bool
}

// Result is one table of an answer.
type Result struct {
	engine.Rows
	Chart *Chart
}

// Chart is the render instruction of a query.
type Chart struct {
	Kind  string
	Props map[string]string
}

// Answer is all that a query gives: its tables, the main one first. They must be
// read and closed one after another, or with Close.
type Answer struct {
	Compiled *kql.Compiled
	session  *Session
	next     int
}

// Compile compiles a query against the session's tables. An error of the query is a
// *diag.List.
func (s *Session) Compile(ctx context.Context, r Request) (*kql.Compiled, error) {
	now := types.FromTime(time.Now())
	if !r.Now.IsZero() {
		now = types.FromTime(r.Now)
	}
	compiler := s.compiler
	if r.Plain {
		compiler = &kql.Compiler{Table: compiler.Table, Plain: true}
	}
	settings := map[string]string{}
	for k, v := range r.Settings {
		settings[k] = v
	}
	for _, p := range s.resources.provides() {
		settings["provides:"+p] = "yes"
	}
	cat := &catalog{ctx: ctx, session: s, compiler: compiler, text: r.Text}
	return compiler.Compile(r.Text, cat, bind.Options{Now: now, Params: r.Params, Settings: settings})
}

// Query compiles and starts a query.
func (s *Session) Query(ctx context.Context, r Request) (*Answer, error) {
	c, err := s.Compile(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Answer{Compiled: c, session: s}, nil
}

// Next runs the next table of the answer; nil after the last.
func (a *Answer) Next(ctx context.Context) (*Result, error) {
	if a.next == len(a.Compiled.Results) {
		return nil, nil
	}
	res := a.Compiled.Results[a.next]
	a.next++
	rows, err := a.session.db.Run(ctx, res.Program, a.session.env)
	if err != nil {
		return nil, err
	}
	out := &Result{Rows: rows}
	if c := res.Root.Chart; c != nil {
		out.Chart = &Chart{Kind: c.Kind, Props: c.Props}
	}
	return out, nil
}

// All runs a query and returns its first table, at most limit rows of it (0: all).
func (s *Session) All(ctx context.Context, r Request, limit int) (rows *types.Rows, more bool, err error) {
	a, err := s.Query(ctx, r)
	if err != nil {
		return nil, false, err
	}
	res, err := a.Next(ctx)
	if err != nil {
		return nil, false, err
	}
	return engine.Collect(res.Rows, limit)
}

// Run is All for a rule's text at the given clock; it makes a Session a rule runner.
func (s *Session) Run(ctx context.Context, text *source.Text) (*types.Rows, error) {
	rows, _, err := s.All(ctx, Request{Text: text}, 0)
	return rows, err
}

// Declare creates tables without rows, so that queries over them bind.
func (s *Session) Declare(ctx context.Context, name string, schema types.Schema) error {
	if _, ok := s.store.Table(name); ok {
		return nil
	}
	_, err := s.store.CreateTable(ctx, name, schema)
	return err
}
