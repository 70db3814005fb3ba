// Package duckdb runs SQL on an embedded DuckDB through its C API. It is the
// only package of the module that uses cgo.
//
// It owns the database handle and its limits (db.go), its memory (memory.c), connections that a
// context can interrupt (conn.go), streaming results of the KQL physical types
// (rows.go, vector.go), bulk writes (appender.go for rows, block.go for blocks of
// them), scalar functions written in Go (function.go, predicate.go, writer.go),
// intermediate tables (spool.go), Parquet output (export.go) and the catalogue
// that gives case-sensitive KQL names to DuckDB tables (store.go).
//
// It may import kql/types. Start with Open, then DB.Conn and Conn.Query.
//
// Every KQL type has one physical type, see ColumnType; SQL that is given to
// Query casts its output columns to them.
package duckdb
