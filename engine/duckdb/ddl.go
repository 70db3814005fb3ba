package duckdb

import (
	"strings"

	"quarry/kql/types"
)

// QuoteIdent quotes an SQL identifier. DuckDB compares identifiers without
// regard to case even when they are quoted, so names that users choose must
// never reach DuckDB as column or table names of a pipeline.
func QuoteIdent(name string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(text(name), "\x00", "\uFFFD"), `"`, `""`) + `"`
}

// QuoteString writes s as an SQL string expression. A NUL byte would end the
// statement on its way through the C API, so it is spelled chr(0); bytes that
// are no UTF-8 become U+FFFD.
func QuoteString(s string) string {
	s = text(s)
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	if strings.IndexByte(s, 0) < 0 {
		return quote(s)
	}
	parts := strings.Split(s, "\x00")
	for i := range parts {
		parts[i] = quote(parts[i])
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// ColumnType is the DuckDB type that holds values of a KQL type.
func ColumnType(t types.Type) string {
	switch t {
	case types.Bool:
		return "BOOLEAN"
	case types.Int, types.Long, types.Datetime, types.Timespan:
		return "BIGINT"
	case types.Real:
		return "DOUBLE"
	case types.Decimal:
		return "DECIMAL(38,18)"
	}
	return "VARCHAR"
}
