package duckdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"quarry/kql/plan"
	"quarry/kql/types"
)

// Column is a column of a stored table.
type Column struct {
	Name     string // the KQL name
	Type     types.Type
	Physical string // its name in SQL: c0, c1, ...
}

// Table is a stored table. Its values must not be changed.
type Table struct {
	Name     string // the KQL name
	Physical string // its name in SQL: t1, t2, ...
	Columns  []Column
	id       int64
}

// Schema is the table's schema under its KQL names.
func (t Table) Schema() types.Schema {
	s := make(types.Schema, len(t.Columns))
	for i, c := range t.Columns {
		s[i] = types.Column{Name: c.Name, Type: c.Type}
	}
	return s
}

// Store keeps tables under KQL names, which are case-sensitive and may hold any
// text, in a database that knows no such names. The catalogue is part of the
// database, so a file can be opened again. A Store is safe for concurrent use.
type Store struct {
	db     *DB
	change sync.Mutex // one change of the catalogue at a time

	// bare says that the database has no catalogue yet: one in memory gets it with its
	// first table, as most live for a single query.
	bare bool

	mu     sync.RWMutex
	tables map[string]Table
}

// storeFormat is the version of the catalogue tables.
const storeFormat = 1

// The catalogue lies in plain tables: a schema of its own could not be named
// where the database file has the same name.
var createCatalog = fmt.Sprintf(`
CREATE TABLE quarry_format (version BIGINT);
CREATE TABLE quarry_tables (id BIGINT, name VARCHAR);
CREATE TABLE quarry_columns (table_id BIGINT, position BIGINT, name VARCHAR, type VARCHAR);
CREATE SEQUENCE quarry_table_id;
INSERT INTO quarry_format VALUES (%d)`, storeFormat)

// OpenStore reads the catalogue of a database, or creates it in an empty one.
func OpenStore(ctx context.Context, db *DB) (*Store, error) {
	s := &Store{db: db, tables: map[string]Table{}}
	if db.file == "" {
		s.bare = true
		return s, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Release()
	found, err := scalarLong(ctx, c, "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = 'quarry_format'")
	if err != nil {
		return nil, err
	}
	if found == 0 {
		return s, c.Tx(ctx, func() error { return c.Exec(ctx, createCatalog) })
	}
	version, err := scalarLong(ctx, c, "SELECT max(version) FROM quarry_format")
	if err != nil {
		return nil, err
	}
	if version != storeFormat {
		return nil, &Error{Kind: IO, Message: fmt.Sprintf("the database has the store format %d and this program knows %d; open it with the version of Quarry that wrote it", version, storeFormat)}
	}
	return s, s.load(ctx, c)
}

func (s *Store) load(ctx context.Context, c *Conn) error {
	rows, err := c.Collect(ctx, `SELECT t.id, t.name, c.name, c.type FROM quarry_tables t JOIN quarry_columns c ON c.table_id = t.id ORDER BY t.id, c.position`,
		types.Schema{{Name: "id", Type: types.Long}, {Name: "table", Type: types.String}, {Name: "column", Type: types.String}, {Name: "type", Type: types.String}})
	if err != nil {
		return err
	}
	for _, r := range rows.Values {
		id, name := r[0].(int64), r[1].(string)
		typ, ok := types.Parse(r[3].(string))
		if !ok {
			return internalf("", "the catalogue gives column %q of table %q the unknown type %q", r[2], name, r[3])
		}
		t, ok := s.tables[name]
		if !ok {
			t = Table{Name: name, Physical: physicalTable(id), id: id}
		}
		t.Columns = append(t.Columns, Column{Name: r[2].(string), Type: typ, Physical: plan.StoredColumn(len(t.Columns))})
		s.tables[name] = t
	}
	return nil
}

func physicalTable(id int64) string { return fmt.Sprintf("t%d", id) }

func scalarLong(ctx context.Context, c *Conn, sql string) (int64, error) {
	rows, err := c.Collect(ctx, sql, types.Schema{{Name: "n", Type: types.Long}})
	if err != nil {
		return 0, err
	}
	n, _ := rows.Values[0][0].(int64)
	return n, nil
}

// Table finds a table by its KQL name.
func (s *Store) Table(name string) (Table, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tables[name]
	return t, ok
}

// Tables lists all tables by name.
func (s *Store) Tables() []Table {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.tables), func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
}

// find is Table with an error for the caller of a change.
func (s *Store) find(name string) (Table, error) {
	t, ok := s.Table(name)
	if !ok {
		return t, &Error{Kind: Catalog, Message: fmt.Sprintf("there is no table %q", name)}
	}
	return t, nil
}

// CreateTable makes an empty table. The name must be new, the schema must have
// a column, and every column a name of its own and a known type.
func (s *Store) CreateTable(ctx context.Context, name string, schema types.Schema) (Table, error) {
	s.change.Lock()
	defer s.change.Unlock()
	if _, ok := s.Table(name); ok {
		return Table{}, &Error{Kind: Catalog, Message: fmt.Sprintf("the table %q exists already", name)}
	}
	t := Table{Name: name}
	if err := checkNew(t, schema); err != nil {
		return Table{}, err
	}
	created, err := s.update(ctx, func(c *Conn) (Table, error) {
		if s.bare {
			if err := c.Exec(ctx, createCatalog); err != nil {
				return t, err
			}
		}
		id, err := scalarLong(ctx, c, "SELECT nextval('quarry_table_id')")
		if err != nil {
			return t, err
		}
		t.id, t.Physical = id, physicalTable(id)
		sql := fmt.Sprintf("CREATE TABLE %s%s; INSERT INTO quarry_tables VALUES (%d, %s)", t.Physical, columnList(schema), id, QuoteString(name))
		return t.with(schema), c.Exec(ctx, sql+insertColumns(t, schema))
	})
	s.bare = s.bare && err != nil
	return created, err
}

// AddColumns adds columns at the end; rows that exist have null, or the empty
// string, in them. An appender that is open on the table fails from then on.
func (s *Store) AddColumns(ctx context.Context, name string, columns types.Schema) (Table, error) {
	s.change.Lock()
	defer s.change.Unlock()
	t, err := s.find(name)
	if err != nil {
		return Table{}, err
	}
	if err := checkNew(t, columns); err != nil {
		return Table{}, err
	}
	return s.update(ctx, func(c *Conn) (Table, error) {
		var sql strings.Builder
		for i, col := range columns {
			fmt.Fprintf(&sql, "ALTER TABLE %s ADD COLUMN %s %s", t.Physical, plan.StoredColumn(len(t.Columns)+i), ColumnType(col.Type))
			if col.Type == types.String {
				sql.WriteString(" DEFAULT ''")
			}
			sql.WriteString("; ")
		}
		return t.with(columns), c.Exec(ctx, sql.String()+strings.TrimPrefix(insertColumns(t, columns), "; "))
	})
}

// Drop removes a table and its rows.
func (s *Store) Drop(ctx context.Context, name string) error {
	s.change.Lock()
	defer s.change.Unlock()
	t, err := s.find(name)
	if err != nil {
		return err
	}
	_, err = s.update(ctx, func(c *Conn) (Table, error) {
		return Table{Name: name}, c.Exec(ctx, fmt.Sprintf("DROP TABLE %s; DELETE FROM quarry_columns WHERE table_id = %d; DELETE FROM quarry_tables WHERE id = %d", t.Physical, t.id, t.id))
	})
	return err
}

// update runs a change in a transaction and then shows its result, a table
// without columns being a dropped one.
func (s *Store) update(ctx context.Context, do func(*Conn) (Table, error)) (Table, error) {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return Table{}, err
	}
	defer c.Release()
	var t Table
	err = c.Tx(ctx, func() (err error) {
		t, err = do(c)
		return err
	})
	if err != nil {
		return Table{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(t.Columns) == 0 {
		delete(s.tables, t.Name)
	} else {
		s.tables[t.Name] = t
	}
	return t, nil
}

// with is t with more columns, in memory of its own.
func (t Table) with(columns types.Schema) Table {
	t.Columns = slices.Clone(t.Columns)
	for _, c := range columns {
		t.Columns = append(t.Columns, Column{Name: c.Name, Type: c.Type, Physical: plan.StoredColumn(len(t.Columns))})
	}
	return t
}

// insertColumns is the statement, after a semicolon, that records new columns of t.
func insertColumns(t Table, columns types.Schema) string {
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = fmt.Sprintf("(%d, %d, %s, %s)", t.id, len(t.Columns)+i, QuoteString(c.Name), QuoteString(c.Type.String()))
	}
	return "; INSERT INTO quarry_columns VALUES " + strings.Join(values, ", ")
}

// checkNew refuses names that a catalogue cannot tell apart or keep as they are.
func checkNew(t Table, columns types.Schema) error {
	refuse := func(format string, args ...any) error {
		return &Error{Kind: Catalog, Message: fmt.Sprintf("table %q: ", t.Name) + fmt.Sprintf(format, args...)}
	}
	if t.Name == "" || t.Name != text(t.Name) {
		return refuse("a name must be valid UTF-8 and not empty")
	}
	if len(columns) == 0 {
		return refuse("no columns given")
	}
	seen := map[string]bool{}
	for _, c := range t.Columns {
		seen[c.Name] = true
	}
	for _, c := range columns {
		switch {
		case c.Name == "" || c.Name != text(c.Name):
			return refuse("the column name %q must be valid UTF-8 and not empty", c.Name)
		case seen[c.Name]:
			return refuse("the column %q is given twice", c.Name)
		case c.Type == types.Unknown:
			return refuse("the column %q has no type", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// Appender opens an appender for a table; rows have its columns in order.
func (s *Store) Appender(ctx context.Context, name string) (*Appender, error) {
	t, err := s.find(name)
	if err != nil {
		return nil, err
	}
	return s.db.NewAppender(ctx, t.Physical, t.Schema())
}

// Count is the number of rows of a table; DuckDB keeps it, no scan is needed.
func (s *Store) Count(ctx context.Context, name string) (int64, error) {
	t, err := s.find(name)
	if err != nil {
		return 0, err
	}
	c, err := s.db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Release()
	return scalarLong(ctx, c, "SELECT count(*) FROM "+t.Physical)
}

// DB is the database of the store.
func (s *Store) DB() *DB { return s.db }
