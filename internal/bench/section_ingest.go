package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"quarry/events/schema"
	"quarry/kql/types"
)

// ingestSection loads files that Quarry itself simulated.
func ingestSection() Section {
	return Section{
		Name:  "ingest",
		Title: "NDJSON into a workspace on disk",
		About: "`quarry ingest --workspace` of simulated rows, against a process in which DuckDB's read_json reads the same files, told the same columns and types, into tables of a database file. " +
			"DuckDB reads a datetime into a TIMESTAMP and loses the seventh digit; Quarry keeps it, and checks every record.",
		Run: func(ctx context.Context, e *Env) ([]Row, error) {
			var out []Row
			for _, c := range []struct {
				name, tables string
				events       int
			}{
				{"rows of DeviceProcessEvents", "DeviceProcessEvents", 2_000_000},
				{"rows of 36 tables", "", 2_000_000},
			} {
				n := e.N(c.events)
				rows, err := ingest(ctx, e, fmt.Sprintf("%d %s", n, c.name), c.tables, n)
				if err != nil {
					return nil, err
				}
				out = append(out, rows...)
			}
			return out, nil
		},
	}
}

// ingestReps is enough for work that takes half a minute.
const ingestReps = 3

func ingest(ctx context.Context, e *Env, work, tables string, n int) ([]Row, error) {
	e.Reps = min(e.Reps, ingestReps)
	dir := e.Path("logs")
	defer os.RemoveAll(dir)
	if err := e.Simulate(ctx, dir, "--events", fmt.Sprint(n), "--devices", "200", "--tables", tables); err != nil {
		return nil, err
	}
	logs := filepath.Join(dir, "events")
	sql, err := readJSON(logs)
	if err != nil {
		return nil, err
	}
	var quarryCPU, rivalCPU Times
	peak := int64(0)
	q, r, err := e.Race(ctx, work,
		func(ctx context.Context) (time.Duration, error) {
			defer os.RemoveAll(e.Path("soc"))
			u, err := e.Child(ctx, nil, e.Quarry, "ingest", "--workspace", e.Path("soc"), logs)
			quarryCPU, peak = append(quarryCPU, u.CPU.Seconds()), max(peak, u.PeakRSS)
			return u.Wall, err
		},
		func(ctx context.Context) (time.Duration, error) {
			defer removeFiles(e.Path("rival.duckdb"), e.Path("rival.duckdb.wal"))
			u, err := e.DuckDB(ctx, e.Path("rival.duckdb"), sql)
			rivalCPU = append(rivalCPU, u.CPU.Seconds())
			return u.Wall, err
		})
	if err != nil {
		return nil, err
	}
	return []Row{
		Faster(work, q, r, 0.8),
		Within("the same, in processor time", quarryCPU, rivalCPU, 0),
		{Work: "the same, rows a second", Value: float64(n) / q.Median() / 1000, Unit: "thousand/s"},
		{Work: "the same, peak memory", Value: float64(peak) / (1 << 30), Unit: "GiB"},
	}, nil
}

// readJSON is the SQL that reads each file into a table of its name, in the columns
// that Quarry knows for it.
func readJSON(dir string) (string, error) {
	set, err := schema.Core()
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	if err != nil {
		return "", err
	}
	var sql strings.Builder
	for _, f := range files {
		table := strings.TrimSuffix(filepath.Base(f), ".ndjson")
		cols, ok := set.Table(table)
		if !ok {
			return "", fmt.Errorf("%s: no schema of the table %s", f, table)
		}
		list := make([]string, len(cols))
		for i, c := range cols {
			list[i] = fmt.Sprintf("'%s': '%s'", c.Name, rivalType(c.Type))
		}
		fmt.Fprintf(&sql, "CREATE TABLE %s AS SELECT * FROM read_json('%s', format='newline_delimited', columns={%s});\n",
			table, strings.ReplaceAll(f, "'", "''"), strings.Join(list, ", "))
	}
	return sql.String(), nil
}

// rivalType is the type that somebody who works with DuckDB gives a column.
func rivalType(t types.Type) string {
	switch t {
	case types.Bool:
		return "BOOLEAN"
	case types.Int, types.Long:
		return "BIGINT"
	case types.Real:
		return "DOUBLE"
	case types.Datetime:
		return "TIMESTAMP"
	case types.Dynamic:
		return "JSON"
	}
	return "VARCHAR"
}

func removeFiles(names ...string) error {
	var errs []error
	for _, n := range names {
		if err := os.Remove(n); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
