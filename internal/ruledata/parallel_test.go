package ruledata

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quarry/detect"
	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/types"
)

// TestParallel: a hunt reports the same, byte for byte, however many rules run at once
// and as often as it is asked.
func TestParallel(t *testing.T) {
	ctx := context.Background()
	s, err := hunt.Open(ctx, hunt.Config{HoldLimit: 32 << 20, Threads: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// Tables of several row groups, so that the engine has something to part.
	rows, runs := 150_000, []int{1, 2, 4, 4, 1}
	if testing.Short() {
		rows, runs = 125_000, []int{1, 4}
	}
	fillParallel(t, s, rows)
	archive, err := txtar.ParseFile("testdata/parallel.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var rules []*rule.Rule
	for i, f := range archive.Files {
		rules = append(rules, &rule.Rule{ID: fmt.Sprint(i), Name: f.Name, Kind: rule.Hunting, Query: string(f.Data)})
	}
	var first []string
	for k, parallel := range runs {
		res, err := detect.Hunt(ctx, rules, detect.Session(s, hunt.Request{Now: End}), detect.Options{Parallel: parallel, MaxHits: 200_000})
		if err != nil {
			t.Fatal(err)
		}
		summary := &res.Summary
		summary.Seconds, summary.Started, summary.EventsPerSecond = 0, "", 0
		var got []string
		for _, r := range res.Rules {
			if k == 0 {
				refused := r.Status == detect.Refused || r.Status == detect.Needs
				if refused != strings.Contains(r.Name, "refused") || !refused && r.Hits == 0 {
					t.Errorf("%s: %s, %d rows, %s", r.Name, r.Status, r.Hits, r.Reason)
				}
			}
			r.Seconds = 0
			data, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(data))
		}
		data, err := json.Marshal(summary)
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, string(data)); k == 0 {
			first = got
			continue
		}
		for i := range got {
			if got[i] != first[i] {
				name := "the summary"
				if i < len(rules) {
					name = rules[i].Name
				}
				t.Errorf("%d at once, run %d: %s\n%s", parallel, k, name, difference(first[i], got[i]))
			}
		}
	}
}

// difference shows where two texts part.
func difference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(0, i-60)
	return fmt.Sprintf("  %q\n  %q", a[from:min(len(a), i+100)], b[from:min(len(b), i+100)])
}

func fillParallel(t *testing.T, s *hunt.Session, rows int) {
	t.Helper()
	ctx := context.Background()
	at, _ := types.ParseDatetime("2026-01-01")
	for k, table := range []struct {
		name   string
		schema types.Schema
		rows   int
		row    func(i, x int) []types.Value
	}{
		{"Logons", types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "Device", Type: types.String}, {Name: "User", Type: types.String}, {Name: "Ip", Type: types.String},
			{Name: "Size", Type: types.Real}, {Name: "Extra", Type: types.Dynamic}, {Name: "n", Type: types.Long}}, rows, func(i, x int) []types.Value {
			return []types.Value{nil, fmt.Sprintf("d%d", x%211), fmt.Sprintf("u%d", x/7%97), fmt.Sprintf("10.0.%d.%d", x/11%40, x%250), float64(x%1000) / 9.7,
				fmt.Sprintf(`{"k":"k%d","list":[%d,%d,%d]}`, x%13, x%5, x%17, x%3), int64(i)}
		}},
		{"Processes", types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "Device", Type: types.String}, {Name: "Image", Type: types.String}, {Name: "n", Type: types.Long}}, rows / 2, func(i, x int) []types.Value {
			return []types.Value{nil, fmt.Sprintf("d%d", x%223), fmt.Sprintf("p%d.exe", x/13%31), int64(i)}
		}},
		{"Network", types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "Device", Type: types.String}, {Name: "Remote", Type: types.String}, {Name: "Ip", Type: types.String}, {Name: "Bytes", Type: types.Long}, {Name: "n", Type: types.Long}}, rows / 2, func(i, x int) []types.Value {
			return []types.Value{nil, fmt.Sprintf("d%d", x%199), fmt.Sprintf("r%d", x/17%500), fmt.Sprintf("10.0.%d.%d", x/5%90, x%250), int64(x % 5000), int64(i)}
		}},
	} {
		if _, err := s.Store().CreateTable(ctx, table.name, table.schema); err != nil {
			t.Fatal(err)
		}
		a, err := s.Store().Appender(ctx, table.name)
		if err != nil {
			t.Fatal(err)
		}
		x := uint32(k + 1)
		for i := range table.rows {
			x = x*1664525 + 1013904223
			row := table.row(i, int(x>>8))
			row[0] = at + int64(i)*types.Day/int64(table.rows)
			if err := a.Append(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
