package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"quarry/hunt"
	"quarry/kql/types"
)

// chainEvents is the number of events of each of the chain's four tables at 1x. A fifth
// of them lies on one device. More events are more days of the same traffic.
const (
	chainEvents = 2_000_000
	chainDays   = 7
)

// chainSection measures the rule that follows a file from a connection to a process: a
// chain of joins inside a time window.
func chainSection() Section {
	return Section{
		Name:  "chain",
		Title: "A chain of joins inside a time window",
		About: "The rule of internal/bench/chain over four tables of 2 million events each, of which one file server holds a fifth, read from a store that was opened anew. The rival is the same question as plain SQL on the same stored tables in the same process; it is stopped where it takes too long, and the time until then counts. The growth is the slope of the time over the events, both as logarithms. Memory is that of a process of its own with a limit of 1 GiB for the engine.",
		Run:   runChain,
	}
}

// patience bounds a rival that does not come to an end.
const patience = 4 * time.Minute

func runChain(ctx context.Context, e *Env) ([]Row, error) {
	kql, sql, err := pair("chain/rule.kql")
	if err != nil {
		return nil, err
	}
	path := e.Path("chain.db")
	t, err := create(ctx, "chain", hunt.Config{Path: path}, start+8*chainDays*types.Day)
	if err != nil {
		return nil, err
	}
	defer func() { t.session.Close() }()
	var rows []Row
	var sizes, times []float64
	made := 0
	for _, factor := range []int{1, 2, 4, 8} {
		n := e.N(chainEvents * factor)
		e.Logf("making 4 x %s events", millions(n))
		step := big(int64(factor) * chainDays * types.Day / int64(n))
		if err := t.fill(ctx, map[string]string{"from": strconv.Itoa(made), "to": strconv.Itoa(n), "step": step}); err != nil {
			return nil, err
		}
		made = n
		if err := t.reopen(ctx, hunt.Config{Path: path}); err != nil {
			return nil, err
		}
		found := 0
		ask := func() error {
			found = 0
			_, err := t.kql(ctx, kql, func(types.Schema, []types.Value) { found++ })
			return err
		}
		if err := ask(); err != nil { // once, so that all sizes are read from memory
			return nil, err
		}
		q, err := e.Repeat(ctx, fmt.Sprintf("%dx", factor), func(context.Context) (time.Duration, error) { return Clock(ask) })
		if err != nil {
			return nil, err
		}
		if factor == 1 {
			row, err := chainRival(ctx, t, kql, sql, q)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		row := AtMost(fmt.Sprintf("%dx: 4 x %s events", factor, millions(n)), q.Median(), "s", 0)
		row.Quarry, row.Note = q, fmt.Sprintf("%d rows", found)
		rows = append(rows, row)
		sizes, times = append(sizes, math.Log(float64(factor))), append(times, math.Log(q.Median()))
	}
	if err := t.session.Close(); err != nil {
		return nil, err
	}
	u, err := e.Child(ctx, nil, e.self, chainMode, path, kql)
	if err != nil {
		return nil, err
	}
	return append(rows,
		AtMost("growth: time = events to the power of", slope(sizes, times), "", 1.1),
		AtMost("peak memory at 8x", float64(u.PeakRSS)/(1<<30), "GiB", 2)), nil
}

// chainRival runs the plain SQL once, for as long as patience allows.
func chainRival(ctx context.Context, t *tables, kql, sql string, q Times) (Row, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var schema types.Schema
	var found int
	start := time.Now()
	schema, found, err := t.agree(bounded, kql, sql)
	took := time.Since(start) - time.Duration(q.Median()*float64(time.Second))
	row := Faster("against plain SQL, 1x", q, Times{took.Seconds()}, 50)
	switch {
	case err == nil:
		row.Note = fmt.Sprintf("the same %d rows", found)
		if len(schema) == 0 || found == 0 {
			return row, errors.New("the chain finds nothing, so nothing is compared")
		}
	case errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil:
		row.Note = fmt.Sprintf("at least: the SQL was stopped after %s", took.Round(time.Second))
	default:
		return row, err
	}
	return row, nil
}

func millions(n int) string { return strconv.FormatFloat(float64(n)/1e6, 'g', 4, 64) + " M" }

// slope is that of the line of least squares.
func slope(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	n := float64(len(x))
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// chainMode is how this program starts itself to run a query in a process of its own.
const chainMode = "-kql"

// asChain is the life of this program as such a process.
func asChain(ctx context.Context, database, kql string) error {
	s, err := hunt.Open(ctx, hunt.Config{Path: database, ReadOnly: true, MemoryLimit: 1 << 30})
	if err != nil {
		return err
	}
	t := &tables{session: s}
	_, err = t.kql(ctx, kql, nil)
	return errors.Join(err, s.Close())
}
