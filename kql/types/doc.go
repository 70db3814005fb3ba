// Package types owns KQL's scalar types, the values that travel between
// stages, and row schemas.
//
// It imports only the standard library. Start with Type, then Value, then
// Schema; rows in bulk are a Block (block.go). Texts of datetime and timespan
// values are in ticks.go; JSON text of dynamic values in dynamic.go.
package types
