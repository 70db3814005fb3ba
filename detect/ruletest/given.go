package ruletest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// Files reads what tests name beside rows that are written out. The paths are those of
// the tests, relative ones joined to the folder of their file.
type Files interface {
	// Rows reads a file of rows for a table: NDJSON, CSV, Parquet. A record that does
	// not fit the schema is an error.
	Rows(ctx context.Context, path, table string, schema types.Schema) (*types.Rows, error)
	// Events reads a recorded set as a hunt reads evidence.
	Events(ctx context.Context, path string) (map[string]*types.Rows, error)
	Watchlist(ctx context.Context, path string) (*types.Rows, error)
	// Functions reads saved functions and parsers.
	Functions(ctx context.Context, paths []string) (map[string]*bind.Function, error)
	// Copies stands local files in for the addresses of external data.
	Copies(files map[string]string) hunt.ExternalSource
}

// maxGiven bounds the rows that a test takes out of one recorded table.
const maxGiven = 200_000

// prepared is what a test gives, read and typed.
type prepared struct {
	tables map[string]*types.Rows
	own    hunt.Own // all but the tables
	now    time.Time
	drops  []func()
}

func (p *prepared) close() {
	for _, drop := range p.drops {
		drop()
	}
}

// shared is what the tests of a run have in common. It is safe for concurrent use.
type shared struct {
	Options
	names []string // of known tables
	known map[string]bool

	mu        sync.Mutex
	recorded  map[string]func() (map[string]*bind.Table, error) // by path
	functions map[string]func() (map[string]*bind.Function, error)
	copies    map[string]hunt.ExternalSource
}

func newShared(o Options) *shared {
	s := &shared{Options: o, names: o.Schemas.Names(), known: map[string]bool{}, recorded: map[string]func() (map[string]*bind.Table, error){},
		functions: map[string]func() (map[string]*bind.Function, error){}, copies: map[string]hunt.ExternalSource{}}
	for _, n := range s.names {
		s.known[n] = true
	}
	return s
}

// schema finds a table that tests may give rows for.
func (s *shared) schema(d *decoder, t *Test, c cell) (types.Schema, bool) {
	own := t.ownSchemas()
	if schema, ok := own[c.column]; ok {
		return schema, true
	}
	if s.known[c.column] {
		return s.Schemas.Table(c.column)
	}
	hint := "name its columns under schemas: in the test, or with --schema FILE"
	if near := diag.Nearest(c.column, append(slices.Sorted(maps.Keys(own)), s.names...)); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	line, column := c.key.Line, c.key.Column
	if line == 0 {
		line, column = c.value.Place()
	}
	d.failAt(line, column, hint, "%q is no known table", c.column)
	return nil, false
}

// ownSchemas are the tables that the test or its file declares.
func (t *Test) ownSchemas() map[string]types.Schema {
	if len(t.schemas) == 0 {
		return t.file.Schemas
	}
	out := maps.Clone(t.schemas)
	for name, schema := range t.file.Schemas {
		if _, ok := out[name]; !ok {
			out[name] = schema
		}
	}
	return out
}

// prepare reads what a test gives. The caller closes what it returns.
func (s *shared) prepare(ctx context.Context, t *Test) (*prepared, error) {
	d := &decoder{file: t.file}
	p := &prepared{tables: map[string]*types.Rows{}, now: t.Now}
	for _, g := range t.tables {
		schema, ok := s.schema(d, t, cell{g.table, t.at, g.key})
		if !ok {
			continue
		}
		p.tables[g.table] = s.rows(ctx, d, g.table, schema, g.rows)
	}
	for _, sl := range t.events {
		s.slice(ctx, d, p, sl)
	}
	s.enrich(ctx, d, p, t)
	if d.problems != nil {
		p.close()
		return nil, d.problems
	}
	if p.now.IsZero() {
		p.now = clock(p.tables)
	}
	return p, ctx.Err()
}

// clock is the time of a test that names none: that of a scheduled run which sees all
// of its rows, five minutes after the newest.
func clock(tables map[string]*types.Rows) time.Time {
	newest := int64(0)
	for _, rows := range tables {
		if at := alert.TimeColumn(rows.Schema); at >= 0 {
			for _, row := range rows.Values {
				if t, ok := row[at].(int64); ok {
					newest = max(newest, t)
				}
			}
		}
	}
	if newest == 0 {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return types.ToTime(newest).Add(5 * time.Minute)
}

func (s *shared) path(d *decoder, n *rule.Node, path string) (string, bool) {
	if s.Files == nil {
		d.fail(n, "write the rows out", "no files can be read here")
		return "", false
	}
	if filepath.IsAbs(path) {
		return path, true
	}
	return filepath.Join(filepath.Dir(d.file.Name), path), true
}

// rows brings written rows and those of files together.
func (s *shared) rows(ctx context.Context, d *decoder, table string, schema types.Schema, list []*rule.Node) *types.Rows {
	out := &types.Rows{Schema: schema}
	for _, n := range list {
		if !n.IsText() {
			out.Values = append(out.Values, d.typedRow(out.Schema, n, table))
			continue
		}
		name, ok := s.path(d, n, n.Text())
		if !ok {
			continue
		}
		more, err := s.Files.Rows(ctx, name, table, schema)
		if err != nil {
			d.fail(n, "", "%v", err)
			continue
		}
		out = join(out, more)
	}
	return out
}

// join lays rows of two schemas of a table out in one.
func join(a, b *types.Rows) *types.Rows {
	out := &types.Rows{Schema: slices.Clone(a.Schema)}
	place := make([]int, len(b.Schema))
	for i, c := range b.Schema {
		if place[i] = out.Schema.Index(c.Name); place[i] < 0 {
			place[i] = len(out.Schema)
			out.Schema = append(out.Schema, c)
		}
	}
	for _, row := range a.Values {
		wide := blankRow(out.Schema)
		copy(wide, row)
		out.Values = append(out.Values, wide)
	}
	for _, row := range b.Values {
		wide := blankRow(out.Schema)
		for i, v := range row {
			wide[place[i]] = v
		}
		standIn(out.Schema, wide)
		out.Values = append(out.Values, wide)
	}
	return out
}

// slice adds a part of a recorded set.
func (s *shared) slice(ctx context.Context, d *decoder, p *prepared, sl slice) {
	name, ok := s.path(d, sl.at, sl.path)
	if !ok {
		return
	}
	tables, err := s.recording(ctx, name)
	if err != nil {
		d.fail(sl.at, "", "%v", err)
		return
	}
	names := slices.Sorted(maps.Keys(tables))
	for _, t := range sl.tables {
		if tables[t] == nil {
			hint := "it has rows of " + strings.Join(names, ", ")
			if near := diag.Nearest(t, names); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			d.fail(sl.at, hint, "%s has no rows of the table %q", sl.path, t)
			return
		}
	}
	if sl.tables != nil {
		names = sl.tables
	}
	for _, t := range names {
		rows, err := s.cut(ctx, tables[t], sl)
		var wrong *diag.List
		switch {
		case errors.As(err, &wrong) && len(wrong.Items) > 0:
			hint := wrong.Items[0].Hint
			if sl.tables == nil {
				hint = "tables: says which tables it is about"
			}
			d.fail(sl.at, hint, "where does not fit %s: %s", t, wrong.Items[0].Message)
			continue
		case err != nil:
			d.fail(sl.at, "", "%s: %v", t, err)
			continue
		}
		if old := p.tables[t]; old != nil {
			rows = join(old, rows)
		}
		p.tables[t] = rows
	}
}

// cut takes a slice's part of one table.
func (s *shared) cut(ctx context.Context, table *bind.Table, sl slice) (*types.Rows, error) {
	query := "Recorded"
	if !sl.from.IsZero() || !sl.to.IsZero() {
		at := alert.TimeColumn(table.Columns)
		if at < 0 {
			return nil, errors.New("the table has no TimeGenerated or Timestamp to choose rows by; name the tables of the slice")
		}
		column := table.Columns[at].Name
		if !sl.from.IsZero() {
			query += fmt.Sprintf("\n| where %s >= datetime(%s)", column, types.FormatDatetime(types.FromTime(sl.from)))
		}
		if !sl.to.IsZero() {
			query += fmt.Sprintf("\n| where %s <= datetime(%s)", column, types.FormatDatetime(types.FromTime(sl.to)))
		}
	}
	if sl.where != "" {
		query += "\n| where " + sl.where
	}
	rows, more, err := s.Session.All(ctx, hunt.Request{Text: source.New("where", query, 0), Own: &hunt.Own{Tables: map[string]*bind.Table{"Recorded": table}}}, maxGiven)
	if err == nil && more {
		err = fmt.Errorf("more than %d rows; choose fewer with from, to, where and tables", maxGiven)
	}
	return rows, err
}

// recording reads a recorded set once for all tests.
func (s *shared) recording(ctx context.Context, path string) (map[string]*bind.Table, error) {
	s.mu.Lock()
	load := s.recorded[path]
	if load == nil {
		load = sync.OnceValues(func() (map[string]*bind.Table, error) {
			tables, err := s.Files.Events(ctx, path)
			if err != nil {
				return nil, err
			}
			out := map[string]*bind.Table{}
			for name, rows := range tables {
				// It lives as long as the session.
				if out[name], _, err = s.Session.Spool(ctx, name, rows); err != nil {
					return nil, err
				}
			}
			return out, nil
		})
		s.recorded[path] = load
	}
	s.mu.Unlock()
	return load()
}

// enrich reads what a test gives beside tables.
func (s *shared) enrich(ctx context.Context, d *decoder, p *prepared, t *Test) {
	for _, w := range t.watchlists {
		rows := s.watchlist(ctx, d, w)
		if rows == nil {
			continue
		}
		table, drop, err := s.Session.Spool(ctx, w.alias, rows)
		if err != nil {
			d.fail(w.value, "", "the watchlist %s: %v", w.alias, err)
			continue
		}
		p.drops = append(p.drops, drop)
		if p.own.Watchlists == nil {
			p.own.Watchlists = map[string]*bind.Table{}
		}
		p.own.Watchlists[w.alias] = table
	}
	if t.functions != nil {
		var paths []string
		for _, f := range t.functions {
			if path, ok := s.path(d, t.at, f); ok {
				paths = append(paths, path)
			}
		}
		if len(paths) == len(t.functions) {
			f, err := s.savedFunctions(ctx, paths)
			if err != nil {
				d.fail(t.at, "", "functions: %v", err)
			}
			p.own.Functions = f
		}
	}
	if t.external != nil {
		files := map[string]string{}
		for url, f := range t.external {
			if path, ok := s.path(d, t.at, f); ok {
				files[url] = path
			}
		}
		if s.Files != nil {
			p.own.External = s.copiesOf(files)
		}
	}
}

func (s *shared) savedFunctions(ctx context.Context, paths []string) (map[string]*bind.Function, error) {
	key := fmt.Sprintf("%q", paths)
	s.mu.Lock()
	load := s.functions[key]
	if load == nil {
		load = sync.OnceValues(func() (map[string]*bind.Function, error) { return s.Files.Functions(ctx, paths) })
		s.functions[key] = load
	}
	s.mu.Unlock()
	return load()
}

// copiesOf gives tests with the same copies the same source, which keeps what it read.
func (s *shared) copiesOf(files map[string]string) hunt.ExternalSource {
	key := ""
	for _, url := range slices.Sorted(maps.Keys(files)) {
		key += fmt.Sprintf("%q=%q ", url, files[url])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.copies[key] == nil {
		s.copies[key] = s.Files.Copies(files)
	}
	return s.copies[key]
}

// watchlist reads the rows of a watchlist. Written ones are text, as they are in
// Sentinel; without a column SearchKey the first one is the key.
func (s *shared) watchlist(ctx context.Context, d *decoder, w list) *types.Rows {
	if w.value.IsText() {
		path, ok := s.path(d, w.value, w.value.Text())
		if !ok {
			return nil
		}
		rows, err := s.Files.Watchlist(ctx, path)
		if err != nil {
			d.fail(w.value, "", "%v", err)
			return nil
		}
		return rows
	}
	out := &types.Rows{}
	for _, row := range w.value.Items() {
		for _, m := range row.Members() {
			if out.Schema.Index(m.Key) < 0 {
				out.Schema = append(out.Schema, types.Column{Name: m.Key, Type: types.String})
			}
		}
	}
	if len(out.Schema) == 0 {
		d.fail(w.value, "write - {SearchKey: ..., ...}", "the watchlist %s has no columns", w.alias)
		return nil
	}
	own := out.Schema.Index("SearchKey") >= 0
	if !own {
		out.Schema = append(out.Schema, types.Column{Name: "SearchKey", Type: types.String})
	}
	for _, row := range w.value.Items() {
		values := d.typedRow(out.Schema, row, "the watchlist "+w.alias)
		if !own {
			values[len(values)-1] = values[0]
		}
		out.Values = append(out.Values, values)
	}
	return out
}

// open puts tables where queries read them, for one test.
func (s *shared) open(ctx context.Context, t *Test, p *prepared, tables map[string]*types.Rows) (*hunt.Own, func(), error) {
	own := p.own
	own.Tables = map[string]*bind.Table{}
	var drops []func()
	drop := func() {
		for _, d := range drops {
			d()
		}
	}
	for name, schema := range t.ownSchemas() {
		own.Tables[name] = &bind.Table{Name: name, Columns: schema}
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if len(tables[name].Values) == 0 {
			continue // known tables without rows need no place
		}
		table, d, err := s.Session.Spool(ctx, name, tables[name])
		if err != nil {
			drop()
			return nil, nil, err
		}
		drops = append(drops, d)
		own.Tables[name] = table
	}
	return &own, drop, nil
}
