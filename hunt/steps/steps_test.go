package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/hunt"
	"quarry/hunt/steps"
	"quarry/kql/diag"
	"quarry/kql/source"
)

func open(t testing.TB) *hunt.Session {
	t.Helper()
	s, err := hunt.Open(context.Background(), hunt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func measured(t *testing.T, s *hunt.Session, query string) *steps.Query {
	t.Helper()
	q, err := steps.New(source.New("", query, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Measure(context.Background(), s, hunt.Request{}, true); err != nil {
		t.Fatal(err)
	}
	return q
}

// table stands for the five rows 1 to 5 with a text and a null.
const table = "let T = datatable(n:long, s:string) [1, 'a', 2, 'b', 3, 'a b', 4, 'c', long(null), 'a'];\n"

func TestPrint(t *testing.T) {
	s := open(t)
	for _, c := range []struct{ name, query, want, loss string }{
		{"a chain", table + "T | where n > 1 | extend m = n * 2 | where m > 100 | count", `
  ROWS  STEP
     5  T
     3  | where n > 1
     3  | extend m = n * 2
>    0  | where m > 100
     1  | count
`, "m > 100 holds for none of the 3 rows that reach it"},
		{"a conjunction", table + "T | where n > 1 and (s has 'a' or s == 'z') and n > 3", `
  ROWS  STEP
     5  T
>    0  | where n > 1 and (s has 'a' or s == 'z') and n > 3
            3 of 5      n > 1
            3 of 5  and any of
                    3 of 5     s has 'a'
                    0 of 5  or s == 'z'
>           1 of 5  and n > 3
`, "n > 3 holds for 1 of 5 rows, but for none that meets the conditions before it"},
		{"a join", table + "let Right = T | where s == 'q';\nT | where n < 3 | join kind=inner Right on n | join kind=inner (T | project n, t = s) on n | join kind=inner Right on n", `
  ROWS  STEP
     5  T
     2  | where n < 3
            Right:
     5      T
>    0      | where s == 'q'
     0  | join kind=inner Right on n
            (...):
     5      T
     5      | project n, t = s
     0  | join kind=inner (...) on n
     0      Right, as above
     0  | join kind=inner Right on n
`, "s == 'q' holds for none of the 5 rows that reach it"},
		{"functions", table + "let f = (least:long, R:(n:long)) { let High = T | where n > least; High | join kind=inner R on n };\nlet view = () { T | project n };\nlet Four = f(1, view);\nlet g = (k:long) { f(k, T) | where n == k };\nunion Four, (g(3)), (view | where n > 9)", `
  ROWS  STEP
            f(1, view):
                High:
     5          T
     3          | where n > least
     3      High
     3      | join kind=inner R on n
            g(3):
                f(k, T):
                    High:
     5              T
     1              | where n > least
     1          High
     1          | join kind=inner R on n
     1      f(k, T)
     0      | where n == k
            (...):
                view():
     5          T
     5          | project n
     5      view
     0      | where n > 9
     3  union Four, (g(3)), (...)
`, ""},
		{"an operator that starts", table + "union T, (T | where n == 1)\n| where n in (T | where n == 4 | project n)", `
  ROWS  STEP
            (...):
     5      T
     1      | where n == 1
     6  union T, (...)
            (...):
     5      T
     1      | where n == 4
     1      | project n
     1  | where n in (T | where n == 4 | project n)
`, ""},
		{"a union of one without rows and one that lost its own", table + "let N = datatable(n:long) [];\nunion (N | where n > 1), (T | where n > 9)", `
  ROWS  STEP
            (...):
     0      N
     0      | where n > 1
            (...):
     5      T
>    0      | where n > 9
     0  union (...), (...)
`, "n > 9 holds for none of the 5 rows that reach it"},
		{"an empty source", "datatable(a:long) [] | where a > 1", `
  ROWS  STEP
>    0  datatable (a:long) []
     0  | where a > 1
`, "datatable (a:long) [] has no rows"},
		{"what has no figure", table + "T | where n > 0 | make-graph n --> n | graph-to-table nodes | take 1 | render table", `
  ROWS  STEP
     5  T
     4  | where n > 0
     -  | make-graph n --> n
     4  | graph-to-table nodes
     1  | take 1
`, ""},
		{"a conjunction of rows that no countif takes", table + "T | where n in (T | project n) and n > 9", `
  ROWS  STEP
     5  T
            (...):
     5      T
     5      | project n
>    0  | where n in (T | project n) and n > 9
            4 of 5      n in (T | project n)
>           0 of 5  and n > 9
`, "n > 9 holds for none of the 5 rows that reach it"},
		{"a filter that is null", table + "T | where n > 0 | where iff(n > 10, true, bool(null))", `
  ROWS  STEP
     5  T
     4  | where n > 0
>    0  | where iff(n > 10, true, bool(null))
`, "iff(n > 10, true, bool(null)) holds for none of the 4 rows that reach it"},
		{"only a name", "let X = print 1;\nX", `
  ROWS  STEP
     1  print 1
`, ""},
	} {
		q := measured(t, s, c.query)
		loss := q.FirstLoss()
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), q.Print(80, loss)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		text := ""
		if loss != nil {
			text = loss.Explain()
		}
		if text != c.loss {
			t.Errorf("%s: %s, want %s", c.name, text, c.loss)
		}
	}
}

func TestBranches(t *testing.T) {
	q := measured(t, open(t), table+"T | extend k = case(n == 1, 'x', n < 3, 'y', 'z'), l = iff(isnull(n), 1, 2) | summarize count() by iif(n > 3, 'hi', 'lo')")
	var got []string
	for _, s := range q.Main.Steps {
		for _, c := range s.Cases {
			for _, b := range c.Branches {
				got = append(got, b.Text+":"+itoa(b.Rows))
			}
		}
	}
	want := []string{"n == 1:1", "n < 3:1", "else:3", "isnull(n):1", "else:4", "n > 3:1", "else:4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestOneStep measures a step alone, after one that keeps all rows.
func TestOneStep(t *testing.T) {
	q, err := steps.New(source.New("", table+"T | extend m = n * 2 | where m > 2 and m < 8 | count", 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := q.MeasureStep(context.Background(), open(t), hunt.Request{}, len(q.All)-1, 2); err != nil {
		t.Fatal(err)
	}
	s := q.Main.Steps
	if s[0].Rows != steps.Unknown || s[1].Rows != 5 || s[2].Rows != 2 || s[2].Filter.Parts[1].Holds != 3 || s[3].Rows != steps.Unknown {
		t.Errorf("%s", q.Print(80, nil))
	}
}

func itoa(n int64) string { return string(rune('0' + n)) }

// TestWidth holds every line to the width.
func TestWidth(t *testing.T) {
	long := "'" + strings.Repeat("abc def ", 60) + "'"
	q := measured(t, open(t), table+"T | where s == "+long+" and n > 3 and s has "+long+"\n| extend x = "+long)
	for _, l := range strings.Split(q.Print(60, q.FirstLoss()), "\n") {
		if len([]rune(l)) > 60 {
			t.Errorf("%d characters: %q", len([]rune(l)), l)
		}
	}
}

func TestErrors(t *testing.T) {
	var list *diag.List
	if _, err := steps.New(source.New("", "T | where (", 0)); !errors.As(err, &list) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	q, err := steps.New(source.New("", "print 1", 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Measure(ctx, open(t), hunt.Request{}, true); err == nil {
		t.Error("a cancelled context gives no error")
	}
}

// FuzzNew takes queries apart; what parses has a main pipeline.
func FuzzNew(f *testing.F) {
	for _, q := range []string{table + "T | where n > 1 and (s has 'a' or n < 5) | join (T) on n", "let f = () { T }; union f, (T | take 1) | extend a = case(x, 1, y, 2, 3)", "print x = toscalar(T | count)", "search 'a' | where b in (T | project c)"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, body string) {
		q, err := steps.New(source.New("", body, 0))
		if err == nil {
			_ = q.FirstLoss()
			_ = q.Print(40, nil)
		}
	})
}
