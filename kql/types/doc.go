// Package types owns KQL's scalar types, the values that travel between
// stages, and row schemas.
//
// It imports only the standard library. Start with Type, then Value, then
// Schema. Texts of datetime and timespan values are in ticks.go; JSON text of
// dynamic values in dynamic.go.
package types
