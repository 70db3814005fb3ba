package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// chain is the rule that the planted scenario is for.
const chain = "File copied over SMB, then executed"

// near is how far from a plant's first row its other rows may be.
const near = 30 * time.Second

type truth struct {
	Plants []struct {
		Case, Expect, Why, Device string
		Time                      time.Time
	}
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
	ran := false
	var problems []error
	for _, rule := range r.Rules {
		ran = ran || rule.Name == chain && rule.Status == "fired"
		for _, row := range rule.Rows {
			times := timesOf(rule.Types, row)
			i := plantAt(t, times)
			switch {
			case i < 0 && rule.Name == chain:
				problems = append(problems, fmt.Errorf("%q fired on a row that no one planted, at %v", rule.Name, times))
			case i >= 0 && t.Plants[i].Expect == "quiet":
				problems = append(problems, fmt.Errorf("%q fired on the near miss %q (%s)", rule.Name, t.Plants[i].Case, t.Plants[i].Why))
			case i >= 0 && rule.Name == chain:
				found[i]++
			}
		}
	}
	if !ran {
		problems = append(problems, fmt.Errorf("the rule %q did not fire", chain))
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

// plantAt is the plant that a row with these times belongs to, or -1.
func plantAt(t truth, times []time.Time) int {
	for i, p := range t.Plants {
		for _, at := range times {
			if d := at.Sub(p.Time); -near < d && d < near {
				return i
			}
		}
	}
	return -1
}
