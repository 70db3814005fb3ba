package duckdb

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

// attachSpool attaches, once, a database in memory for intermediate tables.
// Temporary tables of DuckDB would be bound to one connection, which cannot be
// read and written at a time; these are seen by all, also beside a read-only
// file. They spill to disk like any other table.
func (db *DB) attachSpool(ctx context.Context) error {
	db.spool.Lock()
	defer db.spool.Unlock()
	if db.spool.catalog != "" {
		return nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	main, err := c.Collect(ctx, "SELECT current_database()", types.Schema{{Name: "name", Type: types.String}})
	if err != nil {
		return err
	}
	// Named after the database, which is named after its file, it cannot clash with it.
	catalog := main.Values[0][0].(string) + "_spool"
	if err := c.Exec(ctx, "ATTACH ':memory:' AS "+QuoteIdent(catalog)+" (READ_WRITE)"); err != nil {
		return err
	}
	db.spool.catalog = catalog
	return nil
}

// Spool writes rows into a new intermediate table with the columns c0, c1, ...
// and returns its name, ready for SQL. drop removes it; it does not depend on
// ctx. The rows may come from an open result of another connection.
func (db *DB) Spool(ctx context.Context, schema types.Schema, rows iter.Seq2[[]types.Value, error]) (table string, drop func(), err error) {
	table, drop, name, err := db.newSpool(ctx, columnList(schema))
	if err != nil {
		return "", nil, err
	}
	if err := db.fillSpool(ctx, name, schema, rows); err != nil {
		drop()
		return "", nil, err
	}
	return table, drop, nil
}

// SpoolQuery keeps the result of an SQL query in a new intermediate table,
// under the column names that the query gives.
func (db *DB) SpoolQuery(ctx context.Context, sql string) (table string, drop func(), err error) {
	table, drop, _, err = db.newSpool(ctx, " AS "+sql)
	return table, drop, err
}

// SpoolProgram is SpoolQuery for a program without steps.
func (db *DB) SpoolProgram(ctx context.Context, p *sqlgen.Program, env *builtin.Env) (table string, drop func(), err error) {
	if err := db.registerAll(ctx, p, env); err != nil {
		return "", nil, err
	}
	return db.SpoolQuery(ctx, p.SQL)
}

// newSpool creates a table; definition follows its name.
func (db *DB) newSpool(ctx context.Context, definition string) (table string, drop func(), name string, err error) {
	if err := db.attachSpool(ctx); err != nil {
		return "", nil, "", err
	}
	name = fmt.Sprintf("s%d", db.spool.lastID.Add(1))
	table = QuoteIdent(db.spool.catalog) + ".main." + name
	if err := db.Exec(ctx, "CREATE TABLE "+table+definition); err != nil {
		return "", nil, "", err
	}
	drop = func() {
		// The one way to fail is a closed database, which has dropped it already.
		_ = db.Exec(context.Background(), "DROP TABLE IF EXISTS "+table)
	}
	return table, drop, name, nil
}

func (db *DB) fillSpool(ctx context.Context, name string, schema types.Schema, rows iter.Seq2[[]types.Value, error]) error {
	a, err := db.newAppender(ctx, db.spool.catalog, "main", name, schema)
	if err != nil {
		return err
	}
	defer a.Abort()
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := a.Append(row); err != nil {
			return err
		}
	}
	return a.Close()
}

// columnList is "(c0 BIGINT, c1 VARCHAR, ...)". A table without columns does
// not exist in DuckDB, so an empty schema is refused by it.
func columnList(schema types.Schema) string {
	parts := make([]string, len(schema))
	for i, c := range schema {
		parts[i] = plan.StoredColumn(i) + " " + ColumnType(c.Type)
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
