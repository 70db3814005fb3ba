package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// near is how far from a plant's rows the times of what a rule found may be.
const near = 30 * time.Second

type plant struct {
	Case, Expect, Why, Device string
	Rules, Also               []string
	Time, End                 time.Time
}

type truth struct {
	Rules  map[string]int
	Plants []plant
}

type result struct {
	Rules []struct {
		Name, Status   string
		Columns, Types []string
		Rows           [][]any
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo DIR")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

func check(dir string) error {
	var t truth
	var r result
	if err := errors.Join(read(filepath.Join(dir, "truth.json"), &t), read(filepath.Join(dir, "hunt.json"), &r)); err != nil {
		return err
	}
	found := make([]int, len(t.Plants))
	var problems []error
	for _, rule := range r.Rules {
		_, spoken := t.Rules[rule.Name]
		for _, row := range rule.Rows {
			times := timesOf(rule.Types, row)
			switch i := plantOf(t, rule.Name, times); {
			case i < 0 && spoken:
				problems = append(problems, fmt.Errorf("%q fired on a row that no one planted, at %v", rule.Name, times))
			case i < 0:
				problems = append(problems, fmt.Errorf("%q fired, and nothing was planted for it", rule.Name))
			case slices.Contains(t.Plants[i].Also, rule.Name):
			case t.Plants[i].Expect == "quiet":
				problems = append(problems, fmt.Errorf("%q fired on the near miss %q (%s)", rule.Name, t.Plants[i].Case, t.Plants[i].Why))
			default:
				found[i]++
			}
		}
	}
	chains, misses := 0, 0
	for i, p := range t.Plants {
		switch {
		case p.Expect == "quiet":
			misses++
		case found[i] == 0:
			problems = append(problems, fmt.Errorf("the planted chain %q on %s at %s was not found (%s)", p.Case, p.Device, p.Time.Format(time.RFC3339), p.Why))
		default:
			chains++
		}
	}
	if len(t.Plants) == 0 {
		problems = append(problems, errors.New("nothing was planted"))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	fmt.Printf("%d planted chains found, %d near misses quiet\n", chains, misses)
	return nil
}

func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func timesOf(types []string, row []any) []time.Time {
	var out []time.Time
	for i, v := range row {
		if s, ok := v.(string); ok && i < len(types) && types[i] == "datetime" {
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
				out = append(out, at)
			}
		}
	}
	return out
}

// plantOf is the plant that a rule's row with these times belongs to, or -1.
func plantOf(t truth, rule string, times []time.Time) int {
	for i, p := range t.Plants {
		if !slices.Contains(p.Rules, rule) && !slices.Contains(p.Also, rule) {
			continue
		}
		for _, at := range times {
			if at.After(p.Time.Add(-near)) && at.Before(p.End.Add(near)) {
				return i
			}
		}
	}
	return -1
}
