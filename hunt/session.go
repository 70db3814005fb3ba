package hunt

import (
	"context"
	"time"

	"quarry/engine"
	"quarry/engine/duckdb"
	"quarry/kql"
	"quarry/kql/bind"
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

// Config says where a session's data lies and what it may use.
type Config struct {
	Path        string // database file; "" keeps everything in memory
	ReadOnly    bool
	MemoryLimit int64  // bytes; 0 leaves the choice to the engine
	HoldLimit   int64  // bytes that operators in Go hold beside the engine; 0 is a quarter of its limit
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
	indexes   indexes

	extra      map[string]*bind.Table // tables of the resources, by name
	watchlists map[string]*bind.Table // by alias
	aliases    *bind.Function         // lists the aliases
}

// Open opens or creates the tables of a session.
func Open(ctx context.Context, c Config) (*Session, error) {
	compiler, err := kql.NewCompiler()
	if err != nil {
		return nil, err
	}
	db, err := duckdb.Open(duckdb.Options{Path: c.Path, ReadOnly: c.ReadOnly, MemoryLimit: c.MemoryLimit, HoldLimit: c.HoldLimit, TempDir: c.TempDir, Threads: c.Threads})
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
	s := &Session{db: db, store: store, compiler: compiler, env: builtin.NewEnv(res.Geo), resources: res}
	if err := s.bringIn(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
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
	// Arrival bounds the stored tables by when rows came in; nil is no bound.
	Arrival *bind.Arrival
	// Given are tables that exist for this query alone.
	Given map[string]*types.Rows
	// Own goes before the session's tables and resources; nil is none.
	Own *Own
	// Timeout bounds the compiling of a rule of a batch, which reads rows where columns
	// follow from them (pivot); 0 is none. The error is context.DeadlineExceeded.
	Timeout time.Duration
	// Limited puts Kusto's limits on the size of results; see Limits.
	Limited bool
	// Plain runs the query without rewrites; differential tests compare the two.
	Plain bool
	// Forms and Unfolded choose other ways to compute the same, for such tests; see
	// kql.Compiler.
	Forms    sqlgen.Forms
	Unfolded bool
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

// Answer is all that a query gives: its tables, the main one first. The caller reads
// and closes one after another, and closes the answer in the end.
type Answer struct {
	Compiled *kql.Compiled
	// Looked says that rows were read to compile it, so that what it means follows from
	// them: toscalar() as a limit, the columns of bag_unpack().
	Looked  bool
	Limits  Limits
	session *Session
	next    int
	drops   []func()
}

// Close drops the tables given with the request.
func (a *Answer) Close() {
	for _, drop := range a.drops {
		drop()
	}
	a.drops = nil
}

// Compile compiles a query against the session's tables. An error of the query is a
// *diag.List.
func (s *Session) Compile(ctx context.Context, r Request) (*kql.Compiled, error) {
	c, _, err := s.compile(ctx, r, nil)
	return c, err
}

func (s *Session) compile(ctx context.Context, r Request, given map[string]*bind.Table) (out *kql.Compiled, looked bool, err error) {
	now := types.FromTime(time.Now())
	if !r.Now.IsZero() {
		now = types.FromTime(r.Now)
	}
	if t, ok := types.ParseDatetime(r.Settings["query_now"]); ok {
		now = t
	}
	compiler := s.compiler
	if r.Plain || r.Forms != sqlgen.Native || r.Unfolded {
		compiler = &kql.Compiler{Table: compiler.Table, Plain: r.Plain, Forms: r.Forms, Unfolded: r.Unfolded}
	}
	settings := map[string]string{}
	for k, v := range r.Settings {
		settings[k] = v
	}
	for _, p := range s.resources.provides() {
		settings["provides:"+p] = "yes"
	}
	cat := &catalog{ctx: ctx, session: s, compiler: compiler, text: r.Text, given: given, own: r.Own}
	if cat.own == nil {
		cat.own = &Own{}
	}
	env, release := s.env.During(ctx)
	defer release()
	out, err = compiler.Compile(r.Text, cat, bind.Options{Now: now, Params: r.Params, Settings: settings, Arrival: r.Arrival, Env: env})
	if ctx.Err() != nil { // not what compiling made of it
		return nil, cat.looked, ctx.Err()
	}
	return out, cat.looked, err
}

// Query compiles a query and makes it ready to run.
func (s *Session) Query(ctx context.Context, r Request) (*Answer, error) {
	a := &Answer{session: s}
	given, err := a.spool(ctx, r.Given)
	if err == nil {
		a.Compiled, a.Looked, err = s.compile(ctx, r, given)
	}
	if err != nil {
		a.Close()
		return nil, err
	}
	a.Limits = LimitsOf(a.Compiled.Script, r.Settings)
	if !r.Limited {
		a.Limits.MaxRows, a.Limits.MaxBytes = 0, 0
	}
	return a, nil
}

// spool puts the tables of a request where the engine reads them.
func (a *Answer) spool(ctx context.Context, tables map[string]*types.Rows) (map[string]*bind.Table, error) {
	given := make(map[string]*bind.Table, len(tables))
	for name, rows := range tables {
		t, drop, err := a.session.Spool(ctx, name, rows)
		if err != nil {
			return nil, err
		}
		a.drops = append(a.drops, drop)
		given[name] = t
	}
	return given, nil
}

// Spool puts rows into an intermediate table that has no place in the store. drop
// removes it.
func (s *Session) Spool(ctx context.Context, name string, rows *types.Rows) (t *bind.Table, drop func(), err error) {
	physical, drop, err := s.db.Spool(ctx, rows.Schema, func(yield func([]types.Value, error) bool) {
		for _, row := range rows.Values {
			if !yield(row, nil) {
				return
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	t = &bind.Table{Name: name, Physical: physical, Columns: rows.Schema}
	for i := range rows.Schema {
		t.Source = append(t.Source, plan.StoredColumn(i))
	}
	return t, drop, nil
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
	out := &Result{Rows: a.Limits.apply(rows)}
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
	defer a.Close()
	res, err := a.Next(ctx)
	if err != nil {
		return nil, false, err
	}
	return engine.Collect(res.Rows, limit)
}

// Results runs a query and returns all of its tables, the main one first.
func (s *Session) Results(ctx context.Context, r Request) ([]*types.Rows, error) {
	a, err := s.Query(ctx, r)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	var out []*types.Rows
	for {
		res, err := a.Next(ctx)
		if err != nil || res == nil {
			return out, err
		}
		rows, _, err := engine.Collect(res.Rows, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, rows)
	}
}

// Rows runs a plan that was made of a compiled one; text is for its messages.
func (s *Session) Rows(ctx context.Context, text *source.Text, root *plan.Root) (engine.Rows, error) {
	res, err := s.compiler.Emit(text, root)
	if err != nil {
		return nil, err
	}
	return s.db.Run(ctx, res.Program, s.env)
}

// Run runs a rule's text at the wall clock; it makes a Session a rule runner.
func (s *Session) Run(ctx context.Context, text *source.Text) (*types.Rows, error) {
	return s.RunRule(ctx, Request{Text: text})
}

// RunRule is All for a rule. One that needs what is not there does not run, even if
// the data at hand would not come to the point: its error is the *diag.List of remarks
// that tell the need.
func (s *Session) RunRule(ctx context.Context, r Request) (*types.Rows, error) {
	a, err := s.Query(ctx, r)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if w := a.Compiled.Warnings; w != nil && len(w.Needs()) > 0 {
		return nil, w
	}
	res, err := a.Next(ctx)
	if err != nil {
		return nil, err
	}
	rows, _, err := engine.Collect(res.Rows, 0)
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
