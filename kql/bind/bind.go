package bind

import (
	"quarry/kql/builtin"
	"quarry/kql/diag"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// Catalog is what a query may refer to outside its own text. Its methods may be
// called many times for one query and must give the same answer.
type Catalog interface {
	// Table finds a table by its exact name.
	Table(name string) (*Table, bool)
	// TableNames lists all tables, for wildcards and hints.
	TableNames() []string
	// Function finds a saved function or parser by its exact name.
	Function(name string) (*Function, bool)
	// Watchlist finds the table of a watchlist.
	Watchlist(alias string) (*Table, bool)
	// External gives the local copy of external data; an error says what is needed.
	External(uris []string, columns types.Schema, props map[string]string) (*Table, error)
	// Rows runs a finished plan at bind time, for operators whose columns depend on
	// data (bag_unpack, pivot). An error refuses the query.
	Rows(root *plan.Root) (*types.Rows, error)
}

// Table is a table as the engine stores it.
type Table struct {
	Name     string       // KQL name
	Physical string       // name in the engine; "" for a known table without rows
	Columns  types.Schema // KQL names and types
	Source   []string     // physical column names, aligned with Columns
}

// Function is a saved function: parameters and body as query text, as
// ".create function" takes them: params "(a:long, T:(*))", body without braces.
type Function struct {
	Name   string
	Text   *source.Text // "(params) { body }"
	Lambda *syntax.Function
}

// Options are the settings a caller may give with a query.
type Options struct {
	Now int64 // ticks; what now() answers
	// Params are the values of declared query parameters, as KQL literals or raw text.
	Params map[string]string
	// Settings are request options ("query_take_max_records", ...), as written.
	Settings map[string]string
	// Arrival, when set, bounds stored tables by when their rows came in.
	Arrival *Arrival
	// Cache, when set, is shared by the queries over one catalog.
	Cache *Cache
	// Env is what calls of constants are computed with; nil is one of its own.
	Env *builtin.Env
	// Unfolded leaves calls of constants to the engine; tests of both forms use it.
	Unfolded bool
}

// Arrival says when rows came in and which of them a query sees. A row came in at its
// _TimeReceived; one that has none, Delay after its TimeGenerated or Timestamp, which
// ingestion_time() answers too. A table without any of these shows all rows.
type Arrival struct {
	Delay        int64 // ticks
	After, Until int64 // ticks: rows that came in after After and not after Until; 0 is no bound
}

// Bind turns a parsed query into a plan. On errors it reports as many as it can
// and the root is nil; warnings come with a root.
func Bind(text *source.Text, script *syntax.Script, table *builtin.Table, cat Catalog, opts Options) (root *plan.Root, list *diag.List) {
	if opts.Env == nil {
		opts.Env = builtin.NewEnv(nil)
	}
	b := &binder{text: text, table: table, cat: cat, opts: opts, now: opts.Now, env: &scope{names: map[string]*binding{}}, list: &diag.List{Text: text}, reads: &tableSet{}}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(bail); !ok {
				panic(r)
			}
			root = nil
		}
		if b.failed {
			root = nil
		}
		if root == nil && !b.hasErrors() { // what failed was to be said where it failed
			b.report(script.Span, errNoQuery())
		}
		if len(b.list.Items) > 0 {
			b.sortList()
			list = b.list
		}
	}()
	b.requestOptions()
	return b.script(script), nil
}

// bail unwinds to Bind after an error that leaves nothing to go on with.
type bail struct{}

type binder struct {
	text   *source.Text
	table  *builtin.Table
	cat    Catalog
	opts   Options
	now    int64
	env    *scope
	list   *diag.List
	failed bool
	final  bool // the statement being bound is the last one

	at   source.Span // the operator that is bound
	away bool        // inside a saved function, whose text is another one

	lastID     plan.ID
	lastShared int
	shared     []*plan.Shared
	depth      int       // of nested function calls and let references
	calls      int       // of functions so far
	reads      *tableSet // by what is bound so far
	weights    map[plan.Node]int
	maxRows    int64
	binSize    *plan.Const // of bin_auto()
	binAt      *plan.Const
	timeScope  timeScope
	chart      *plan.Chart
	more       []*plan.Root
	args       []builtin.Arg     // of infos
	tables     map[string]*Table // looked up so far; nil for names that are none
}

func (b *binder) newCol(name string, t types.Type) plan.Col {
	b.lastID++
	return plan.Col{ID: b.lastID, Name: name, Type: t}
}

func (b *binder) newCols(schema types.Schema) []plan.Col {
	cols := make([]plan.Col, len(schema))
	for i, c := range schema {
		cols[i] = b.newCol(c.Name, c.Type)
	}
	return cols
}

func (b *binder) script(s *syntax.Script) *plan.Root {
	var roots []*plan.Root
	for i, st := range s.Statements {
		b.final = i == len(s.Statements)-1
		if root := b.statement(st); root != nil {
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 {
		b.fail(s.Span, errNoQuery())
	}
	root := roots[0]
	root.More = append(append([]*plan.Root{}, b.more...), roots[1:]...)
	if n := len(root.More) + 1; n > maxResults {
		b.fail(s.Span, errTooLarge("the query", "it gives "+plural(n, "table")+"; "+itoa(maxResults)+" are possible"))
	}
	root.Shared = b.shared
	root.MaxRows = b.maxRows
	root.Tables = b.tablesRead()
	for _, m := range root.More {
		m.Shared, m.MaxRows = b.shared, b.maxRows
	}
	return root
}

// statement binds one statement; it returns a root for a query.
func (b *binder) statement(st syntax.Statement) *plan.Root {
	switch st := st.(type) {
	case *syntax.Let:
		b.let(st)
	case *syntax.Set:
		b.set(st)
	case *syntax.Declare:
		b.declare(st)
	case *syntax.Alias:
		// Every database resolves to the local workspace, so a name for one changes nothing.
	case *syntax.Restrict:
		b.report(st.Span, errRefused("restrict access", "Quarry has no row or table level security"))
	case *syntax.Pattern:
		b.pattern(st)
	case *syntax.Query:
		b.chart = nil
		return b.query(st.X)
	}
	return nil
}

// query binds the expression of a query statement; a scalar gives one row.
func (b *binder) query(x syntax.Expr) *plan.Root {
	if !b.isTabular(x, b.env) {
		e := b.scalar(x, &context{env: b.env})
		name := b.autoName(x)
		if name == "" {
			name = "print_0"
		}
		col := b.newCol(name, e.Type())
		return &plan.Root{Node: &plan.Project{In: &plan.Values{Rows: [][]types.Value{{}}}, Items: []plan.Item{{Col: col, Expr: e}}}, Cols: []plan.Col{col}}
	}
	r := b.tabular(x, b.env)
	if r.graph != nil {
		b.fail(x.Pos(), errGraphResult())
	}
	if !b.final && namesTables(x) {
		return nil
	}
	return b.root(r)
}

func (b *binder) root(r *rows) *plan.Root {
	return &plan.Root{Node: r.node, Cols: r.cols, Order: r.sequence(), Chart: b.chart}
}

func (b *binder) let(st *syntax.Let) {
	name := st.Name.Text
	if prev := b.env.find(name); prev != nil && prev.let {
		b.report(st.Name.Span, errDuplicateLet(name))
	}
	b.env = b.env.with(name, b.letBinding(name, st.Value, b.env))
}

func (b *binder) letBinding(name string, value syntax.Expr, env *scope) *binding {
	bd := &binding{let: true, name: name, ast: value, env: env}
	switch v := value.(type) {
	case *syntax.Function:
		bd.fn = v
		b.checkParams(v)
	default:
		if b.isTabular(value, env) {
			bd.tabular = true
			b.define(bd)
		} else {
			bd.reads = b.reading(func() { bd.expr = b.scalar(value, &context{env: env}) })
		}
	}
	return bd
}

// define binds a tabular let once and keeps it as a shared definition.
func (b *binder) define(bd *binding) {
	reads := b.reading(func() { bd.def = b.share(bd.name, b.tabular(bd.ast, bd.env)) })
	bd.def.reads = reads
}

// share makes a row set readable several times.
func (b *binder) share(name string, r *rows) *definition {
	b.lastShared++
	s := &plan.Shared{ID: b.lastShared, Name: name, Node: r.node}
	s.Cols = append(make([]plan.Col, 0, len(r.cols)+2), r.cols...)
	d := &definition{shared: s, visible: len(r.cols), ordered: r.ord != nil, arrival: r.arrival != nil, graph: r.graph}
	if r.ord != nil {
		s.Cols = append(s.Cols, *r.ord)
	}
	if r.arrival != nil {
		s.Cols = append(s.Cols, *r.arrival)
	}
	b.shared = append(b.shared, s)
	return d
}

// read makes a row set of a definition, with fresh columns.
func (b *binder) read(d *definition) *rows {
	b.reads.add(d.reads...)
	cols := make([]plan.Col, len(d.shared.Cols))
	for i, c := range d.shared.Cols {
		cols[i] = b.newCol(c.Name, c.Type)
	}
	ref := &plan.Ref{Def: d.shared, Cols: cols}
	r := &rows{node: ref, cols: cols[:d.visible:d.visible], graph: d.graph}
	hidden := cols[d.visible:]
	if d.ordered {
		r.ord, hidden = &hidden[0], hidden[1:]
	}
	if d.arrival {
		r.arrival = &hidden[0]
	}
	return r
}

func (b *binder) declare(st *syntax.Declare) {
	for _, p := range st.Params {
		var e plan.Expr
		if raw, ok := b.opts.Params[p.Name.Text]; ok {
			c, ok := b.parameter(raw, p.Type)
			if !ok {
				b.report(p.Span, errParameterValue(p.Name.Text, raw, p.Type))
				c = plan.Const{T: p.Type}
			}
			e = c
		} else if p.Default != nil {
			e = b.convert(b.scalar(p.Default, &context{env: b.env}), p.Type, p.Default)
		} else {
			b.report(p.Span, errParameterMissing(p.Name.Text))
			e = plan.Const{T: types.Unknown}
		}
		b.env = b.env.with(p.Name.Text, &binding{name: p.Name.Text, expr: e})
	}
}
