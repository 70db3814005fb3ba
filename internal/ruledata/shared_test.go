package ruledata

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"quarry/engine"
	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
	"quarry/workspace"
)

const (
	rulesFile   = "../../../shared/rules/rules.jsonl"
	schemasFile = "../../../shared/schemas/tables.csv"
)

// TestSharedAsAlone holds what rules give together against what each gives alone.
func TestSharedAsAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	set, err := Read(rulesFile, schemasFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs ../shared beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	dir := t.TempDir()
	empty, copies := filepath.Join(dir, "empty"), filepath.Join(dir, "copies.csv")
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(copies, []byte("url,file\n*,"+empty+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	w, err := workspace.Open(ctx, workspace.Options{Schemas: []string{schemasFile}, External: copies})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := set.Fill(ctx, w.Store(), 20_000, 1); err != nil {
		t.Fatal(err)
	}
	var requests []hunt.Request
	for _, r := range set.Rules {
		requests = append(requests, hunt.Request{Text: source.New(r.ID, r.KQL, 0), Now: End})
	}
	batch, err := w.Batch(ctx, requests, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Close()
	differ, fired := 0, 0
	for i, r := range set.Rules {
		if strings.Contains(r.KQL, "rand(") || strings.Contains(r.KQL, "new_guid(") {
			continue
		}
		alone := answer(ctx, func(ctx context.Context) (engine.Rows, error) { return alone(ctx, w.Session, requests[i]) })
		shared := answer(ctx, func(ctx context.Context) (engine.Rows, error) { return batch.Run(ctx, i) })
		if diff := cmp.Diff(alone, shared); diff != "" {
			if differ++; differ < 10 {
				t.Errorf("rule %d, %s (-alone +shared)\n%.2000s", i, r.Path, diff)
			}
		}
		if len(alone) > 1 {
			fired++
		}
	}
	t.Logf("%d of %d rules found something; %d give something else together", fired, len(set.Rules), differ)
}

func alone(ctx context.Context, s *hunt.Session, r hunt.Request) (engine.Rows, error) {
	a, err := s.Query(ctx, r)
	if err != nil {
		return nil, err
	}
	if w := a.Compiled.Warnings; w != nil && len(w.Needs()) > 0 {
		return nil, w
	}
	res, err := a.Next(ctx)
	if err != nil {
		return nil, err
	}
	return res.Rows, nil
}

// maxCompared bounds the rows that are compared of a rule.
const maxCompared = 200_000

// answer is the sorted rows of a rule as text, or its error.
func answer(ctx context.Context, run func(context.Context) (engine.Rows, error)) []string {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	rows, err := run(ctx)
	var got *types.Rows
	if err == nil {
		got, _, err = engine.Collect(rows, maxCompared)
	}
	if err != nil {
		var list *diag.List
		if errors.As(err, &list) {
			return []string{list.Error()}
		}
		return []string{err.Error()}
	}
	var out []string
	for _, row := range got.Values {
		for i, v := range row {
			if f, ok := v.(float64); ok { // a sum in another order differs in its last digits
				row[i] = fmt.Sprintf("%.9g", f)
			}
		}
		out = append(out, fmt.Sprint(row))
	}
	slices.Sort(out)
	return append([]string{got.Schema.String()}, out...)
}
