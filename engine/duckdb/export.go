package duckdb

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/types"
)

// CopyParquet writes the result of a query to a Parquet file, under the KQL
// column names of schema, which describes the result as in Query. The file
// appears when it is complete; a file of that name is replaced.
//
// A datetime becomes a TIMESTAMP in nanoseconds, which keeps all seven digits
// but reaches only from 1677-09-22 to 2262-04-11; a time outside is an error. A
// timespan becomes the text of tostring(), a dynamic value its JSON text.
func (db *DB) CopyParquet(ctx context.Context, sql string, schema types.Schema, path string) error {
	list, err := db.exportList(ctx, schema)
	if err != nil {
		return err
	}
	names := make([]string, len(schema))
	for i := range schema {
		names[i] = plan.StoredColumn(i)
	}
	partial := fmt.Sprintf("%s.%x.partial", path, rand.Uint64())
	defer os.Remove(partial) // which is gone once it has been renamed
	err = db.Exec(ctx, fmt.Sprintf("COPY (SELECT %s FROM (%s) AS q(%s)) TO %s (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
		list, sql, strings.Join(names, ", "), QuoteString(partial)))
	if err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return &Error{Kind: IO, Message: fmt.Sprintf("cannot write %s: %s", path, err)}
	}
	return nil
}

const timespanText = "quarry_timespan_text"

// The ticks that a 64-bit count of nanoseconds since 1970 can hold; whole days,
// so that the text of the error is exact.
const (
	firstNanoTick = types.UnixEpoch - math.MaxInt64/100/types.Day*types.Day
	lastNanoTick  = types.UnixEpoch + math.MaxInt64/100/types.Day*types.Day
)

// exportList is the SELECT list that turns c0, c1, ... into exported columns.
func (db *DB) exportList(ctx context.Context, schema types.Schema) (string, error) {
	err := db.RegisterScalar(ctx, ScalarFunc{
		Name: timespanText, Params: []types.Type{types.Timespan}, Result: types.Dynamic, // VARCHAR that can be null
		Fn: func(args []types.Value) types.Value {
			if args[0] == nil {
				return nil
			}
			return types.FormatTimespan(args[0].(int64))
		},
	})
	if err != nil {
		return "", err
	}
	seen := map[string]string{}
	items := make([]string, len(schema))
	for i, c := range schema {
		// DuckDB would rename the second of them without a word.
		key := strings.ToLower(c.Name)
		if other, ok := seen[key]; ok {
			return "", &Error{Kind: Conversion, Message: fmt.Sprintf("cannot write Parquet: the column names %q and %q differ in case only; rename one with project-rename", other, c.Name)}
		}
		seen[key] = c.Name
		e := plan.StoredColumn(i)
		switch c.Type {
		case types.Datetime:
			refusal := fmt.Sprintf("cannot write Parquet: a time in column %q lies outside 1677-09-22 to 2262-04-11; write the column as text with tostring()", c.Name)
			e = fmt.Sprintf("CASE WHEN %[1]s BETWEEN %[2]d AND %[3]d THEN make_timestamp_ns((%[1]s - %[4]d) * 100) WHEN %[1]s IS NOT NULL THEN error(%[5]s) END",
				e, firstNanoTick, lastNanoTick, types.UnixEpoch, QuoteString(refusal))
		case types.Timespan:
			e = timespanText + "(" + e + ")"
		}
		items[i] = e + " AS " + QuoteIdent(c.Name)
	}
	return strings.Join(items, ", "), nil
}
