package hunt

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sort"

	"quarry/engine"
	"quarry/kql"
	"quarry/kql/bind"
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// Resources are what queries may use besides tables. All are optional.
type Resources struct {
	// Schemas gives the columns of tables that have no rows here; queries over them
	// run and find nothing.
	Schemas Schemas
	// Functions are saved functions and parsers by name.
	Functions map[string]*bind.Function
	// Watchlists are the rows of each watchlist by its alias.
	Watchlists map[string]*types.Rows
	// FileProfiles are what "invoke FileProfile()" knows about files: rows with a SHA1
	// or a SHA256; see FileProfileSchema.
	FileProfiles *types.Rows
	// External resolves externaldata to a stored table.
	External ExternalSource
	// Geo answers geo_info_from_ip_address.
	Geo builtin.GeoIP
}

// Schemas is a set of known table schemas.
type Schemas interface {
	Table(name string) (types.Schema, bool)
	Names() []string
}

// ExternalSource brings external data into a table (see Session.Spool); its error says
// what is missing. It must give the same table for the same request.
type ExternalSource interface {
	Load(ctx context.Context, s *Session, uris []string, columns types.Schema, props map[string]string) (*bind.Table, error)
}

func (r *Resources) provides() []string {
	var out []string
	if r.Geo != nil {
		out = append(out, builtin.NeedsGeoIP)
	}
	return out
}

// Own is what exists for some queries alone. Its tables are made by Session.Spool; who
// made them drops them.
type Own struct {
	Tables     map[string]*bind.Table
	Watchlists map[string]*bind.Table // by alias
	Functions  map[string]*bind.Function
	External   ExternalSource
}

// catalog resolves the names of one query.
type catalog struct {
	ctx      context.Context
	session  *Session
	compiler *kql.Compiler
	text     *source.Text
	given    map[string]*bind.Table // tables of this query alone
	own      *Own                   // never nil
	looked   bool                   // rows of tables were read
}

func (c *catalog) Table(name string) (*bind.Table, bool) {
	if t, ok := c.given[name]; ok {
		return t, true
	}
	if t, ok := c.own.Tables[name]; ok {
		return t, true
	}
	if t, ok := c.session.extra[name]; ok {
		return t, true
	}
	if t, ok := c.session.store.Table(name); ok {
		out := &bind.Table{Name: t.Name, Physical: t.Physical}
		for _, col := range t.Columns {
			out.Columns = append(out.Columns, types.Column{Name: col.Name, Type: col.Type})
			out.Source = append(out.Source, col.Physical)
		}
		return out, true
	}
	if s := c.session.resources.Schemas; s != nil {
		if schema, ok := s.Table(name); ok {
			// A table that is known but has no rows: an empty relation of its columns.
			return &bind.Table{Name: name, Columns: schema}, true
		}
	}
	return nil, false
}

func (c *catalog) TableNames() []string {
	var out []string
	seen := map[string]bool{}
	for name := range c.own.Tables {
		out = append(out, name)
		seen[name] = true
	}
	for _, t := range c.session.store.Tables() {
		if !seen[t.Name] {
			out = append(out, t.Name)
			seen[t.Name] = true
		}
	}
	if s := c.session.resources.Schemas; s != nil {
		for _, n := range s.Names() {
			if !seen[n] {
				out = append(out, n)
			}
		}
	}
	sort.Strings(out)
	return out
}

func (c *catalog) Function(name string) (*bind.Function, bool) {
	if f, ok := c.own.Functions[name]; ok {
		return f, true
	}
	if f, ok := c.session.resources.Functions[name]; ok {
		return f, true
	}
	if name == watchlistAliases && len(c.own.Watchlists) > 0 {
		aliases := maps.Clone(c.own.Watchlists)
		maps.Copy(aliases, c.session.watchlists)
		f, err := listAliases(slices.Sorted(maps.Keys(aliases)))
		return f, err == nil
	}
	if name == watchlistAliases && len(c.session.watchlists) > 0 {
		return c.session.aliases, true
	}
	return nil, false
}

func (c *catalog) Watchlist(alias string) (*bind.Table, bool) {
	if t, ok := c.own.Watchlists[alias]; ok {
		return t, true
	}
	t, ok := c.session.watchlists[alias]
	return t, ok
}

func (c *catalog) External(uris []string, columns types.Schema, props map[string]string) (*bind.Table, error) {
	if c.own.External != nil {
		return c.own.External.Load(c.ctx, c.session, uris, columns, props)
	}
	if c.session.resources.External == nil {
		return nil, errors.New("give local copies with --external-data MAP, or allow its host with --external-host HOST; nothing is fetched otherwise")
	}
	return c.session.resources.External.Load(c.ctx, c.session, uris, columns, props)
}

// Rows runs a plan while another is being bound.
func (c *catalog) Rows(root *plan.Root) (*types.Rows, error) {
	plan.Walk(root.Node, func(n plan.Node) {
		switch n.(type) {
		case *plan.Scan, *plan.Ref:
			c.looked = true
		}
	})
	res, err := c.compiler.Emit(c.text, root)
	if err != nil {
		return nil, err
	}
	rows, err := c.session.db.Run(c.ctx, res.Program, c.session.env)
	if err != nil {
		return nil, err
	}
	out, _, err := engine.Collect(rows, 0)
	return out, err
}

// Tables lists the names of all tables: stored ones, and known ones without rows.
func (s *Session) Tables() []string { return (&catalog{session: s, own: &Own{}}).TableNames() }

// Schema gives the columns of a table.
func (s *Session) Schema(table string) (types.Schema, bool) {
	t, ok := (&catalog{session: s, own: &Own{}}).Table(table)
	if !ok {
		return nil, false
	}
	return t.Columns, true
}

// Functions are the saved functions.
func (s *Session) Functions() map[string]*bind.Function { return s.resources.Functions }
