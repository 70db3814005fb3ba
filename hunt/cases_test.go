package hunt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/engine"
	"quarry/internal/kqt"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// TestCases runs every case file on the embedded engine.
func TestCases(t *testing.T) {
	cases, err := kqt.Load("../testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, ctx, s, c) })
	}
}

func runCase(t *testing.T, ctx context.Context, s *Session, c kqt.Case) {
	for _, g := range c.Given {
		if _, err := s.store.CreateTable(ctx, g.Name, g.Rows.Schema); err != nil {
			t.Fatal(err)
		}
		defer s.store.Drop(ctx, g.Name)
		a, err := s.store.Appender(ctx, g.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range g.Rows.Values {
			if err := a.Append(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	req := Request{Text: source.New("", c.KQL, 0)}
	if c.Now != 0 {
		req.Now = types.ToTime(c.Now)
	}
	for _, plain := range []bool{false, true} {
		req.Plain = plain
		answer, err := s.Query(ctx, req)
		if c.Diag != "" {
			if got := firstDiag(err); got != c.Diag {
				t.Fatalf("%s:%d: diag %q, want %q\n%v", c.File, c.Line, got, c.Diag, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s:%d: %v", c.File, c.Line, err)
		}
		ordered := answer.Compiled.Results[0].Root.Order != nil
		res, err := answer.Next(ctx)
		if err != nil {
			t.Fatalf("%s:%d: %v\n%s", c.File, c.Line, err, answer.Compiled.Results[0].Program.SQL)
		}
		got, _, err := engine.Collect(res.Rows, 0)
		if err != nil {
			t.Fatalf("%s:%d: %v\n%s", c.File, c.Line, err, answer.Compiled.Results[0].Program.SQL)
		}
		if diff := cmp.Diff(texts(c.Rows, ordered), texts(got, ordered)); diff != "" {
			t.Errorf("%s:%d: plain=%v (-want +got)\n%s\n%s", c.File, c.Line, plain, diff, answer.Compiled.Results[0].Program.SQL)
		}
	}
}

func firstDiag(err error) string {
	var l *diag.List
	if !errors.As(err, &l) {
		return fmt.Sprint(err)
	}
	line, col := l.Text.Position(l.Items[0].Span.Start)
	return fmt.Sprintf("%s %d:%d", l.Items[0].Code, line, col)
}

// texts prints rows for comparison: the schema, then a line a row, sorted when the
// query says no order.
func texts(r *types.Rows, ordered bool) []string {
	var out []string
	for _, row := range r.Values {
		var cells []string
		for i, v := range row {
			cells = append(cells, cellText(r.Schema[i].Type, v))
		}
		out = append(out, strings.Join(cells, " | "))
	}
	if !ordered {
		sort.Strings(out)
	}
	return append([]string{r.Schema.String()}, out...)
}

func cellText(t types.Type, v types.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case float64:
		if math.IsNaN(v) {
			return "nan"
		}
		return fmt.Sprintf("%.12g", v)
	case int64:
		switch t {
		case types.Datetime:
			return types.FormatDatetime(v)
		case types.Timespan:
			return types.FormatTimespan(v)
		}
	}
	return fmt.Sprintf("%v", v)
}
