package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	switch {
	case len(args) >= 2 && args[0] == childMode:
		return asChild(ctx, args[1:])
	case len(args) == 3 && args[0] == duckdbMode:
		return asDuckDB(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == chainMode:
		return asChain(ctx, args[1], args[2])
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	names := f.String("sections", "", "measure only these, separated by commas (default: all)")
	scale := f.Float64("scale", 1, "the size of the data; 1 is what the targets speak of")
	reps := f.Int("reps", 5, "repetitions of each job")
	quarry := f.String("quarry", "bin/quarry", "the program to measure")
	shared := f.String("shared", "../shared", "data sets and rules; sections that need them are left out without")
	out := f.String("o", "", "keep the result in this folder (default: docs/bench at scale 1, else bin/bench)")
	date := f.String("date", "an unknown day", "the day of the run, to be written down")
	version := f.String("version", "dev", "the version of Quarry, to be written down")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	chosen, err := choose(*names)
	switch {
	case err != nil:
		return err
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	case *scale <= 0 || *reps < 1:
		return errors.New("-scale and -reps must be above 0")
	}
	if *out == "" {
		*out = filepath.Join("docs", "bench")
		if *scale != 1 {
			*out = filepath.Join("bin", "bench")
		}
	}
	env := Env{Scale: *scale, log: stderr}
	if env.self, err = os.Executable(); err != nil {
		return err
	}
	if env.Quarry, err = filepath.Abs(*quarry); err != nil {
		return err
	}
	if _, err := os.Stat(env.Quarry); err != nil {
		return fmt.Errorf("%w; build it with \"make build\"", err)
	}
	if _, err := os.Stat(*shared); err == nil {
		if env.Shared, err = filepath.Abs(*shared); err != nil {
			return err
		}
	}
	machine, err := thisMachine(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, machine)
	var results []Result
	targets, met := 0, 0
	for _, s := range chosen {
		env.Reps = *reps
		fmt.Fprintf(stderr, "%s\n", s.Name)
		rows, err := measure(ctx, s, env)
		var skip Skip
		if errors.As(err, &skip) {
			fmt.Fprintf(stdout, "\n%s (%s) is left out: %s\n", s.Title, s.Name, skip)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for _, r := range rows {
			if r.Target != 0 {
				targets++
				if r.Met() {
					met++
				}
			}
		}
		fmt.Fprintf(stdout, "\n%s (%s)\n%s\n", s.Title, s.Name, rowTable(rows).Render())
		results = append(results, Result{s.Name, *date, *version, *scale, *reps, machine, rows})
	}
	if len(results) == 0 {
		return nil
	}
	if err := keep(*out, results); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\n%d of %d targets met; kept in %s\n", met, targets, filepath.Join(*out, pageFile))
	return nil
}

func choose(names string) ([]Section, error) {
	if names == "" {
		return sections, nil
	}
	var out []Section
	for name := range strings.SplitSeq(names, ",") {
		s := sectionNamed(strings.TrimSpace(name))
		if s == nil {
			var known []string
			for _, s := range sections {
				known = append(known, s.Name)
			}
			return nil, fmt.Errorf("there is no section %q; there are %s", name, strings.Join(known, ", "))
		}
		out = append(out, *s)
	}
	return out, nil
}

func measure(ctx context.Context, s Section, e Env) ([]Row, error) {
	dir, err := os.MkdirTemp("", "quarry-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	e.Dir = dir
	return s.Run(ctx, &e)
}
