package main

import (
	"context"
	"time"
)

// startSection measures the whole life of a process that asks nothing of any data.
func startSection() Section {
	return Section{
		Name:  "start",
		Title: "Start of a process",
		About: "The time from starting a process to its end. The rival is a process that opens the same engine in memory, asks it for 1, and has nothing to compile.",
		Run: func(ctx context.Context, e *Env) ([]Row, error) {
			var quarryCPU, rivalCPU Times
			q, r, err := e.Race(ctx, "print 1",
				func(ctx context.Context) (time.Duration, error) {
					u, err := e.Child(ctx, nil, e.Quarry, "query", "print 1")
					quarryCPU = append(quarryCPU, u.CPU.Seconds())
					return u.Wall, err
				},
				func(ctx context.Context) (time.Duration, error) {
					u, err := e.DuckDB(ctx, "", "SELECT 1")
					rivalCPU = append(rivalCPU, u.CPU.Seconds())
					return u.Wall, err
				})
			if err != nil {
				return nil, err
			}
			return []Row{
				AtMost("quarry query 'print 1'", q.Median()*1000, "ms", 60),
				Within("the same, against the bare engine", q, r, 0),
				Within("the same, in processor time", quarryCPU, rivalCPU, 0),
			}, nil
		},
	}
}
