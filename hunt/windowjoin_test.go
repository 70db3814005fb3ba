package hunt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// windows are conditions that hold t1 near t, in the forms that rules write.
var windows = []string{
	"where t1 between (t .. 5s)",
	"where t1 between (t .. datetime_add('second', 3, t))",
	"where t between (t1 .. 2s)",
	"where t1 >= t - 1s and t1 <= t + 1s",
	"where t1 > t - 1s and t1 < t",
	"where t1 == t",
	"where t1 between ((t - 2s) .. (t - 1s))",
	"where t1 - 1s <= t and t <= t1",
	"where t1 between (t .. -1s)",
	"where t1 > t and t1 < t",
	"where t1 > t and t1 <= t + 1tick",
	"where t1 between (t .. 365000d)",
	"where t1 - t between (0s .. 2s)",
	"where (t - t1) between (-2s .. 1tick)",
	"where t1 - t < 2s and t1 - t >= 0s",
	"where 2s > t1 - t and 0s <= t1 - t",
	"where abs(t - t1) < 1s",
	"where 1s >= abs(t1 - t)",
	"where not(t1 - t > 2s) and not(t1 < t)",
	"where datetime_diff('second', t1, t) between (0 .. 2)",
	"where datetime_diff('second', t1, t) == 1",
	"where abs(datetime_diff('second', t, t1)) <= 1",
	"where abs(datetime_diff('minute', t, t1)) < 1",
	"where datetime_diff('millisecond', t, t1) between (-500 .. 1000)",
	"where datetime_diff('week', t, t1) == 0",
	"where -datetime_diff('second', t1, t) between (0 .. 1)",
	"where (t1 - t) / 1s <= 2 and t1 > t",
	"where (t1 - t) / 1s between (0.5 .. 1.5)",
	"where toint((t1 - t) / 1s) == 1",
	"where round((t1 - t) / 1s) == 1",
	"where tolong((t1 - t) / 1s) between (-1 .. 0)",
	"where ((t1 + 1s) - t) / 1s < 2.5 and datetime_add('hour', 1, t1) >= t + 1h",
	"where bin(t1, 2s) == bin(t, 2s)",
	"where startofday(t1) == startofday(t)",
	"where t1 between (bin(t, 1s) .. 2s)",
	"where (t1 between (t .. 1s)) or (t1 between ((t - 2s) .. (t - 1s)))",
	"let W = 2s; where t1 between (t .. W)",
	"let N = 2; where t1 between (t .. datetime_add('second', N, t))",
	"let N = 2; where t1 - t <= N * 1s and t1 - t >= -1s * N",
	"extend d = t1 - t | where d between (0s .. 2s)",
	"extend d = t1 - t | project k, i, j, d | where d >= 0s | where d < 2s",
	"extend d = datetime_diff('second', t1, t) | where d >= 0 | extend e = d * 2 | where d <= 1",
	"extend near = t1 between (t .. 2s) | where near",
	"extend near = abs(t1 - t) < 1s | where near == true and near",
	"project-rename Start = t, End = t1 | where End between (Start .. 2s)",
	"extend Start = t - 1s, End = t1 + 1h | project-away t, t1 | where End - 1h between (Start .. 2s)",
	"where t1 >= t | extend x = i + j | where t1 <= t + 2s",
	"where t1 >= t | sort by i asc | extend x = i | where t1 <= t + 2s",
	"where t1 >= t | mv-expand m = range(1, 2) to typeof(long) | where t1 < t + 1s",
	"where t1 >= t | join kind=inner (B | project k, t2 = t, m = j) on k | where t2 >= t1 and t2 <= t + 2s",
	"where t1 between (t .. 2s) | join kind=leftouter (B | project k, t2 = t, m = j) on k | where t2 between (t1 .. 1s)",
	"where t1 between (t .. 2s) | lookup (B | project k, t2 = t, m = j) on k | where t2 >= t1 and t2 < t + 3s",
	"where t >= datetime(2024-01-01 00:00:03) and t1 between (t .. 2s)",
	"where t1 <= datetime(2024-01-01 00:00:04) and t between (t1 .. 1s) and i % 2 == 0",
	"where t1 - t between (0s .. 2s) | summarize c = count(), s = sum(j) by k, i",
	"summarize n = count(), j = max(j), i = max(i) by k, t, t1 | where t1 between (t .. 2s)",
	"union (A | project k, t, t1 = t + 1s, i, j = i) | where t1 between (t .. 1s)",
}

// loose are conditions that hold no time near another, or not every row that counts:
// such joins stay as they are, and the plan says why.
var loose = []struct{ kql, why string }{
	{"where t1 >= t", "nothing says how long t1 of the right side may be after t of the left"},
	{"where t1 between (t .. i * 1s)", "nothing says how long"},
	{"where isnull(t1) or t1 between (t .. 2s)", "no condition after it"},
	{"where t1 between (t .. 2s) or i > 3", "no condition after it"},
	{"where not(t1 between (t .. 2s))", "no condition after it"},
	{"where datetime_diff('month', t1, t) == 0 and i < 0", "no condition after it"},
	{"sort by i asc, j asc | extend d = t1 - t, p = prev(j) | where d between (0s .. 2s)", "a function over neighbouring rows"},
	{"summarize t = min(t), t1 = max(t1), j = max(j), i = max(i) by k | where t1 between (t .. 2s)", "a summarize"},
	{"sort by i asc, j asc | take 5 | where t1 between (t .. 2s)", "a limit"},
	{"project k, i, j", "no condition after it"},
}

// TestWindowJoin compares joins inside a time window with and without the rewrites, on
// random rows whose times lie on and a tick beside the edges: the same rows must come
// out, as often.
func TestWindowJoin(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	joins := []string{"join kind=inner", "join kind=leftouter", "join kind=innerunique", "join kind=rightouter", "join kind=fullouter", "lookup kind=leftouter", "lookup kind=inner"}
	if testing.Short() {
		joins = joins[:2]
	}
	for _, join := range joins {
		for round := range 2 {
			a, b := randomTimes(rnd, "i", 30), randomTimes(rnd, "j", 30)
			for _, tail := range windows {
				q, root := both(t, s, join, tail, a, b)
				if n := marked(root); n == 0 || n < strings.Count(tail, "join")+strings.Count(tail, "lookup") {
					t.Errorf("%s: %d windows\n%s\n%s", join, n, q, plan.Print(root))
				}
			}
			if round > 0 || testing.Short() {
				break
			}
			for _, l := range loose {
				q, root := both(t, s, join, l.kql, a, b)
				if text := plan.Print(root); marked(root) > 0 || !strings.Contains(text, "not bounded in time: ") || !strings.Contains(text, l.why) {
					t.Errorf("%s: want %q\n%s\n%s", join, l.why, q, text)
				}
			}
		}
	}
}

// TestBoundedInputs has constant bounds on the inputs of joins: they say nothing of the
// rows that an outer join fills up.
func TestBoundedInputs(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rnd := rand.New(rand.NewPCG(3, 4))
	bound := func(table string) string {
		return strings.TrimSuffix(table, ";\n") + " | where t between (datetime(2024-01-01 00:00:01) .. 4s);\n"
	}
	a, b := randomTimes(rnd, "i", 30), randomTimes(rnd, "j", 30)
	for _, join := range []string{"join kind=inner", "join kind=leftouter", "join kind=rightouter", "join kind=fullouter", "lookup kind=leftouter"} {
		for _, tail := range []string{
			"where true", "where i > 3", "where isnull(t1) or t1 between (t .. 2s)", "where t1 between (t .. 2s)", "where t >= datetime(2024-01-01 00:00:02)",
			"where t1 >= t", "where isnull(i) or isnull(j)", "extend d = t1 - t, e = t1 + 1s", "join kind=leftouter (B | project k, t2 = t, m = j) on k | where t2 >= t",
			"join kind=fullouter (B | project k, t2 = t, m = j) on k", "summarize i = count(), j = countif(isnull(t1)) by k, t",
		} {
			both(t, s, join, tail, bound(a), bound(b))
			both(t, s, join, tail, bound(a), b)
			both(t, s, join, tail, a, bound(b))
		}
	}
}

// both runs a join with and without the rewrites, and returns the rewritten plan.
func both(t *testing.T, s *Session, join, tail, a, b string) (string, *plan.Root) {
	t.Helper()
	var lets string
	if strings.HasPrefix(tail, "let ") {
		lets, tail, _ = strings.Cut(tail, "; ")
		lets += ";\n"
	}
	one := "A"
	if strings.HasSuffix(join, "innerunique") { // which row of a key stays is not told: there is but one
		one = "A | summarize t = max(t), i = max(i) by k"
	}
	q := lets + a + b + one + " | " + join + " (B | project k, t1 = t, j) on k | " + tail
	if !strings.Contains(tail, "summarize") {
		q += " | project k, i, j"
	}
	var got [2][]string
	var root *plan.Root
	for n, plain := range []bool{true, false} {
		req := Request{Text: source.New("", q, 0), Plain: plain}
		rows, _, err := s.All(context.Background(), req, 0)
		if err != nil {
			t.Fatalf("%v\n%s", err, q)
		}
		got[n] = texts(rows, false)
		c, err := s.Compile(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		root = c.Results[0].Root
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Fatalf("%s | %s (-plain +rewritten)\n%s\n%s\n%s", join, tail, diff, q, plan.Print(root))
	}
	return q, root
}

// marked counts the joins of a plan that have a window.
func marked(root *plan.Root) int {
	n := 0
	plan.Walk(root.Node, func(node plan.Node) {
		if j, ok := node.(*plan.Join); ok && j.Window != nil {
			n++
		}
	})
	return n
}

// randomTimes is a table of few keys within a few seconds, a tick around whole seconds.
// Some keys and times are null, some times are the first and the last there are.
func randomTimes(rnd *rand.Rand, number string, n int) string {
	start, _ := types.ParseDatetime("2024-01-01")
	var cells []string
	for i := range n {
		at := start + rnd.Int64N(8)*types.Second + rnd.Int64N(3) - 1
		key := fmt.Sprint(rnd.IntN(3))
		switch rnd.IntN(24) {
		case 0:
			key = "long(null)"
		case 1:
			at = 0
		case 2:
			at = types.MaxDatetime
		}
		text := "datetime(" + types.FormatDatetime(at) + ")"
		if rnd.IntN(12) == 0 {
			text = "datetime(null)"
		}
		cells = append(cells, fmt.Sprintf("%s, %s, %d", key, text, i))
	}
	name := map[string]string{"i": "A", "j": "B"}[number]
	return fmt.Sprintf("let %s = datatable(k:long, t:datetime, %s:long)[%s];\n", name, number, strings.Join(cells, ", "))
}
