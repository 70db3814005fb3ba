// Package sqlgen turns a plan into SQL for DuckDB. Columns are called q<ID>, so
// KQL names never meet SQL's case-insensitive identifiers; the KQL names of the
// result travel beside the text.
//
// It imports plan, builtin and sqlx. Start with Generate, then nodes.go for
// relational nodes, query.go for how SELECTs join, and expr.go for scalar expressions.
package sqlgen
