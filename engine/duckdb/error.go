package duckdb

import (
	"fmt"
	"strings"
)

// Kind says what sort of failure an Error is.
type Kind uint8

const (
	Other       Kind = iota
	Memory           // the memory or the spill limit was reached
	Interrupted      // stopped, and not by the caller's context
	Syntax           // the SQL does not parse or bind
	Conversion       // a value does not fit its type, or arithmetic overflowed
	Catalog          // an unknown or a duplicate table or function
	IO               // a file cannot be read, written or locked
	Function         // a Go scalar function failed
	Internal         // a defect of Quarry or of DuckDB
)

var kindNames = [...]string{"other", "memory", "interrupted", "syntax", "conversion", "catalog", "io", "function", "internal"}

func (k Kind) String() string { return kindNames[k] }

// Error is a failure reported by DuckDB or by this layer.
type Error struct {
	Kind    Kind
	Message string // complete for a user; DuckDB's own words without its prefix
	SQL     string // the statement, if there was one
}

func (e *Error) Error() string {
	if e.Kind == Internal {
		return "internal error: " + e.Message
	}
	return e.Message
}

// prefixKinds maps the "Xxx Error: " with which every DuckDB message starts.
// The C API gives no code for errors of prepare, so the prefix is the one
// source that all paths share.
var prefixKinds = map[string]Kind{
	"Out of Memory":      Memory,
	"INTERRUPT":          Interrupted,
	"Parser":             Syntax,
	"Syntax":             Syntax,
	"Binder":             Syntax,
	"Conversion":         Conversion,
	"Out of Range":       Conversion,
	"Mismatch Type":      Conversion,
	"Catalog":            Catalog,
	"IO":                 IO,
	"Permission":         IO,
	"Constraint":         Other,
	"TransactionContext": Other,
	"INTERNAL":           Internal,
	"FATAL":              Internal,
}

// functionMark starts the message of a failed Go function.
const functionMark = "quarry function "

func (db *DB) newError(message, sql string) *Error {
	e := &Error{Message: strings.TrimSpace(message), SQL: sql}
	if prefix, rest, ok := strings.Cut(e.Message, " Error: "); ok && len(prefix) < 40 && !strings.Contains(prefix, "\n") {
		e.Kind = prefixKinds[prefix]
		e.Message = rest
	}
	if _, rest, ok := strings.Cut(e.Message, functionMark); ok {
		e.Kind, e.Message = Function, rest
		if rest == errStopped.Error() {
			e.Kind = Interrupted
		}
	}
	if e.Kind == Memory {
		first, _, _ := strings.Cut(e.Message, "\n")
		e.Message = fmt.Sprintf("the query needs more memory than it may use: the limit is %s, plus %s of spill files in %s; "+
			"read a shorter time range, filter earlier, summarize by fewer values, or raise the limit (%s)",
			formatBytes(db.memory), formatBytes(db.spill), db.temp, first)
	}
	return e
}

func internalf(sql, format string, args ...any) *Error {
	return &Error{Kind: Internal, Message: fmt.Sprintf(format, args...), SQL: sql}
}

// formatBytes gives sizes as DuckDB prints them: powers of 1024, one decimal.
func formatBytes(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	f, u := float64(n)/1024, 0
	for f >= 1024 {
		f, u = f/1024, u+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[u])
}
