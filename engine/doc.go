// Package engine is what the rest of Quarry asks of a database: run a compiled
// program and stream its rows. engine/duckdb is the embedded one.
//
// It imports kql. Start with Engine.
package engine
