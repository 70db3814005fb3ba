// Package sqlgen turns a plan into SQL for DuckDB. Columns are called q<ID>, so
// KQL names never meet SQL's case-insensitive identifiers; the KQL names of the
// result travel beside the text.
//
// It imports plan, builtin and sqlx. Start with Generate, then node_NAME.go for a
// relational node and expr.go for scalar expressions.
package sqlgen
