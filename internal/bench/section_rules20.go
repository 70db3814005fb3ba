package main

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"quarry/hunt"
	"quarry/kql/types"
)

// rules20Section compares what Quarry makes of typical rules with SQL by hand.
func rules20Section() Section {
	return Section{
		Name:  "rules20",
		Title: "Twenty typical rules against SQL by hand",
		About: "Each rule of internal/bench/rules20 asks 5 million events of three tables; the rival is the best SQL that its author knew to write for the same question, on the same stored table in the same process. Both must give the same rows. A rule's time includes compiling it.",
		Run:   runRules20,
	}
}

func runRules20(ctx context.Context, e *Env) ([]Row, error) {
	n := func(share float64) string { return strconv.Itoa(e.N(int(5_000_000 * share))) }
	e.Logf("making the tables")
	config := hunt.Config{Path: e.Path("rules.db")}
	t, err := create(ctx, "rules20", config, start+7*types.Day)
	if err != nil {
		return nil, err
	}
	defer func() { t.session.Close() }()
	if err := t.fill(ctx, map[string]string{"span": big(7 * types.Day), "n3": n(0.6), "n2": n(0.3), "n1": n(0.1)}); err != nil {
		return nil, err
	}
	if err := t.reopen(ctx, config); err != nil {
		return nil, err
	}
	names, err := fs.Glob(texts, "rules20/*.kql")
	if err != nil {
		return nil, err
	}
	var rows []Row
	var ratios Times
	for _, name := range names {
		label := strings.TrimSuffix(strings.TrimPrefix(name, "rules20/"), ".kql")
		kql, sql, err := pair(name)
		if err != nil {
			return nil, err
		}
		schema, found, err := t.agree(ctx, kql, sql)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
		if found == 0 && e.Scale >= 1 {
			return nil, fmt.Errorf("%s: no rows, so nothing is compared", label)
		}
		q, r, err := e.Race(ctx, label,
			func(ctx context.Context) (time.Duration, error) {
				return Clock(func() error { _, err := t.kql(ctx, kql, nil); return err })
			},
			func(ctx context.Context) (time.Duration, error) {
				return Clock(func() error { return t.sql(ctx, sql, schema, nil) })
			})
		if err != nil {
			return nil, err
		}
		row := Within(label, q, r, 0)
		row.Note = fmt.Sprintf("%d rows", found)
		rows, ratios = append(rows, row), append(ratios, row.Value)
	}
	return append(rows,
		AtMost("the rule in the middle", ratios.Median(), "x the time", 1.15),
		AtMost("the worst rule", slices.Max(ratios), "x the time", 1.5)), nil
}

// pair reads a rule and its SQL.
func pair(name string) (kql, sql string, err error) {
	k, err := texts.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	s, err := texts.ReadFile(strings.TrimSuffix(name, ".kql") + ".sql")
	return string(k), string(s), err
}

// agree runs both and compares their rows, whatever their order.
func (t *tables) agree(ctx context.Context, kql, sql string) (schema types.Schema, rows int, err error) {
	var got, want []string
	collect := func(to *[]string) func(types.Schema, []types.Value) {
		return func(s types.Schema, row []types.Value) {
			var b strings.Builder
			for i, v := range row {
				if x, ok := v.(float64); ok {
					v = fmt.Sprintf("%.9g", x) // sums in another order differ in the last digits
				}
				if v == nil && s[i].Type == types.String {
					v = ""
				}
				fmt.Fprintf(&b, "%v\t", v)
			}
			*to = append(*to, b.String())
		}
	}
	if schema, err = t.kql(ctx, kql, collect(&got)); err != nil {
		return nil, 0, err
	}
	if err = t.sql(ctx, sql, schema, collect(&want)); err != nil {
		return nil, 0, fmt.Errorf("the SQL: %w", err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(got) != len(want) {
		return nil, 0, fmt.Errorf("%d rows, but %d by the SQL", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return nil, 0, fmt.Errorf("row %d differs: %s, but %s by the SQL", i, got[i], want[i])
		}
	}
	return schema, len(got), nil
}
