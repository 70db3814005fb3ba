package hunt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/builtin"
	"quarry/kql/diag"
	"quarry/kql/sqlgen"
	"quarry/kql/types"
)

// FuzzDifferential computes random queries in several ways: with and without the
// rewrites, with SQL and with Go forms, with constants folded and left to the engine.
// Microsoft's answers are for the cases; here Quarry must agree with itself.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(90) {
		f.Add(seed)
	}
	s := sync.OnceValues(func() (*Session, error) { return randomTables() })
	f.Fuzz(func(t *testing.T, seed uint64) {
		s, err := s()
		if err != nil {
			t.Fatal(err)
		}
		compareWays(t, s, newWriter(s.compiler.Table, seed).query())
	})
}

func compareWays(t *testing.T, s *Session, kql string) {
	ctx := context.Background()
	var first []string
	for i, w := range []way{{name: "as it runs"}, {name: "without rewrites", plain: true}, {name: "unfolded", unfolded: true}, {name: "Go forms", unfolded: true, forms: sqlgen.GoForms}} {
		rows, _, err := w.ask(ctx, s, kql)
		if err != nil {
			var list *diag.List
			if errors.As(err, &list) && (i == 0 || w.unfolded && wantsConstant(err)) {
				if i == 0 {
					return // not a query after all
				}
				continue
			}
			t.Fatalf("%s: %v\n%s", w.name, err, kql)
		}
		got := rounded(rows)
		if i == 0 {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Fatalf("%s (-as it runs +%s)\n%s\n%s", kql, w.name, diff, w.sql(ctx, s, kql))
		}
	}
}

func (w way) sql(ctx context.Context, s *Session, kql string) string {
	c, err := s.Compile(ctx, w.request(kql))
	if err != nil {
		return err.Error()
	}
	return c.Results[0].Program.SQL
}

// rounded is the rows as sorted text; sums in another order differ in their last digits.
func rounded(r *types.Rows) []string {
	for _, row := range r.Values {
		for i, v := range row {
			if x, ok := v.(float64); ok && !math.IsNaN(x) && !math.IsInf(x, 0) {
				row[i] = fmt.Sprintf("%.8g", x+0)
			}
		}
	}
	return texts(r, false)
}

// randomTables are two tables with every type, nulls, ties and the values at the ends.
func randomTables() (*Session, error) {
	ctx := context.Background()
	s, err := Open(ctx, Config{Threads: 1})
	if err != nil {
		return nil, err
	}
	schema := types.Schema{{Name: "id", Type: types.Long}, {Name: "k", Type: types.Long}, {Name: "i", Type: types.Int}, {Name: "n", Type: types.Long}, {Name: "r", Type: types.Real},
		{Name: "s", Type: types.String}, {Name: "u", Type: types.String}, {Name: "b", Type: types.Bool}, {Name: "t", Type: types.Datetime}, {Name: "d", Type: types.Timespan}, {Name: "j", Type: types.Dynamic}}
	day := int64(864000000000)
	base := types.UnixEpoch + 19000*day
	pool := map[types.Type][]types.Value{
		types.Int:      {int64(0), int64(1), int64(-1), int64(7), int64(math.MaxInt32), nil},
		types.Long:     {int64(0), int64(1), int64(-3), int64(10), int64(1) << 40, int64(math.MaxInt64), int64(math.MinInt64 + 1), nil},
		types.Real:     {0.0, 1.5, -2.5, 1e300, math.NaN(), math.Inf(1), 0.1, nil},
		types.String:   {"", "a", "Error 5", "naïve café", "x=1;y=2", "10.0.0.1", "C:\\Windows\\cmd.exe", "{\"a\":1}", "{ \"a\" : { \"c\" : [ 1 ] }, \"b\" : 1E1 }", "2024-01-01", "日本", "a_b.c", "42", "ERROR"},
		types.Bool:     {true, false, nil},
		types.Datetime: {base, base + 1, base + day - 1, base + day/2, int64(0), int64(3155378975999999999), nil},
		types.Timespan: {int64(0), int64(1), day, -day / 2, day * 10, nil},
		types.Dynamic:  {`{"a":1,"b":"x"}`, `[1,2,"z",null]`, `[]`, `"text"`, `5`, `{"a":{"c":[1]}}`, `true`, nil},
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	for name, n := range map[string]int{"A": 25, "B": 12} {
		if _, err := s.store.CreateTable(ctx, name, schema); err != nil {
			return nil, err
		}
		a, err := s.store.Appender(ctx, name)
		if err != nil {
			return nil, err
		}
		for id := range n {
			row := []types.Value{int64(id), int64(rnd.IntN(6))}
			for _, c := range schema[2:] {
				vs := pool[c.Type]
				row = append(row, vs[rnd.IntN(len(vs))])
			}
			if err := a.Append(row); err != nil {
				return nil, err
			}
		}
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// writer writes random queries.
type writer struct {
	*rand.Rand
	table *builtin.Table
	rows  []*builtin.Row
	cols  []types.Column
	names int
}

// unwanted rows fail on purpose, speak of the session, or give a million values for
// the numbers at the ends.
var unwanted = map[string]bool{"assert": true, "cursor_after": true, "current_principal": true, "estimate_data_size": true, "range": true, "repeat": true}

func newWriter(table *builtin.Table, seed uint64) *writer {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 1)), table: table}
	for _, r := range table.Rows() {
		if (r.Kind == builtin.Scalar || r.Kind == builtin.Infix) && r.Special == builtin.NotSpecial && r.Unsupported == "" && r.Needs == "" &&
			r.Sem&builtin.Volatile == 0 && r.Expand == nil && !strings.HasPrefix(r.Name(), ".") && !unwanted[r.Name()] {
			w.rows = append(w.rows, r)
		}
	}
	return w
}

func (w *writer) query() string {
	w.cols = []types.Column{{Name: "id", Type: types.Long}, {Name: "k", Type: types.Long}, {Name: "i", Type: types.Int}, {Name: "n", Type: types.Long}, {Name: "r", Type: types.Real}, {Name: "s", Type: types.String},
		{Name: "u", Type: types.String}, {Name: "b", Type: types.Bool}, {Name: "t", Type: types.Datetime}, {Name: "d", Type: types.Timespan}, {Name: "j", Type: types.Dynamic}}
	q := "A"
	if w.IntN(8) == 0 {
		q = "let L = A | where " + w.expr(types.Bool, 1) + ";\nL | union (L | where k > 2)"
	}
	for range 1 + w.IntN(4) {
		q += "\n| " + w.operator()
	}
	return q
}

func (w *writer) operator() string {
	switch w.IntN(16) {
	case 12:
		return w.windowJoin()
	case 13:
		return "sort by " + w.cols[w.IntN(min(len(w.cols), 2))].Name + " asc | where " + w.expr(types.Bool, 1)
	case 14:
		return w.keys()
	case 15:
		return w.best()
	case 0, 1, 2:
		return "where " + w.expr(types.Bool, 2)
	case 3, 4, 5:
		return "extend " + w.assign(2)
	case 6:
		var items []string
		var cols []types.Column
		for _, c := range w.cols {
			if w.IntN(3) > 0 {
				items, cols = append(items, c.Name), append(cols, c)
			}
		}
		if len(items) == 0 {
			return "where true"
		}
		w.cols = cols
		return "project " + strings.Join(items, ", ")
	case 7:
		return w.summarize()
	case 8:
		return w.join()
	case 9:
		if c, ok := w.column(types.Dynamic); ok {
			return "mv-expand " + c
		}
		return "where " + w.expr(types.Bool, 1)
	case 10:
		if c, ok := w.column(types.Long); ok {
			return fmt.Sprintf("where %s in ((B | where %s > %d | project n))", c, "k", w.IntN(6))
		}
		return "distinct *"
	default:
		// The whole row is the key, so that ties are equal rows.
		var keys []string
		for _, c := range w.cols {
			if c.Type == types.Dynamic {
				keys = append(keys, "tostring("+c.Name+")")
			} else {
				keys = append(keys, c.Name+[]string{"", " asc", " desc nulls first"}[w.IntN(3)])
			}
		}
		return fmt.Sprintf("sort by %s | take %d", strings.Join(keys, ", "), 1+w.IntN(9))
	}
}

func (w *writer) assign(depth int) string {
	t := []types.Type{types.Long, types.Real, types.String, types.Bool, types.Datetime, types.Timespan, types.Dynamic}[w.IntN(7)]
	w.names++
	name := fmt.Sprintf("x%d", w.names)
	e := w.expr(t, depth)
	w.cols = append(slices.Clone(w.cols), types.Column{Name: name, Type: t})
	return name + " = " + e
}

func (w *writer) summarize() string {
	var aggs, by []string
	var cols []types.Column
	for _, c := range w.cols {
		if c.Type != types.Dynamic && c.Name != "id" && w.IntN(5) == 0 && len(by) < 2 {
			by, cols = append(by, c.Name), append(cols, c)
		}
	}
	num := []types.Type{types.Long, types.Real}[w.IntN(2)]
	for _, a := range []struct {
		text string
		t    types.Type
	}{
		{"count()", types.Long}, {"countif(" + w.expr(types.Bool, 1) + ")", types.Long}, {"sum(" + w.expr(num, 1) + ")", num}, {"min(" + w.expr(types.Long, 1) + ")", types.Long},
		{"max(" + w.expr(types.Datetime, 1) + ")", types.Datetime}, {"dcount(" + w.expr(types.String, 1) + ")", types.Long}, {"avg(" + w.expr(types.Long, 0) + ")", types.Real},
		{"max(" + w.expr(types.Real, 1) + ")", types.Real}, {"min(" + w.expr(types.String, 1) + ")", types.String}, {"sumif(" + w.expr(num, 0) + ", " + w.expr(types.Bool, 1) + ")", num},
		{"array_sort_asc(make_set(" + w.expr(types.Long, 0) + "))", types.Dynamic}, {"variance(" + w.expr(types.Long, 0) + ")", types.Real},
	} {
		if w.IntN(6) == 0 || len(aggs) == 0 && strings.HasPrefix(a.text, "count()") {
			w.names++
			name := fmt.Sprintf("a%d", w.names)
			aggs, cols = append(aggs, name+" = "+a.text), append(cols, types.Column{Name: name, Type: a.t})
		}
	}
	w.cols = cols
	q := "summarize " + strings.Join(aggs, ", ")
	if len(by) > 0 {
		q += " by " + strings.Join(by, ", ")
	}
	return q
}

func (w *writer) join() string {
	c, ok := w.column(types.Long)
	if !ok || len(w.cols) > 25 {
		return "where true"
	}
	kind := []string{"inner", "leftouter", "fullouter", "rightouter", "leftsemi", "leftanti"}[w.IntN(6)]
	w.names++
	p := fmt.Sprintf("j%d", w.names)
	right := fmt.Sprintf("(B | project %sk = %s, %ss = s, %sr = r)", p, []string{"k", "n", "id"}[w.IntN(3)], p, p)
	if !strings.HasPrefix(kind, "lefts") && kind != "leftanti" {
		w.cols = append(slices.Clone(w.cols), types.Column{Name: p + "k", Type: types.Long}, types.Column{Name: p + "s", Type: types.String}, types.Column{Name: p + "r", Type: types.Real})
	}
	return fmt.Sprintf("join kind=%s %s on $left.%s == $right.%sk", kind, right, c, p)
}

// windowJoin is a join whose rows count only where two times are near each other, as a
// rewrite finds it, with an operator between.
func (w *writer) windowJoin() string {
	key, ok1 := w.column(types.Long)
	at, ok2 := w.column(types.Datetime)
	if !ok1 || !ok2 || len(w.cols) > 25 {
		return "where true"
	}
	w.names++
	p := fmt.Sprintf("j%d", w.names)
	w.cols = append(slices.Clone(w.cols), types.Column{Name: p + "k", Type: types.Long}, types.Column{Name: p + "t", Type: types.Datetime}, types.Column{Name: p + "s", Type: types.String})
	near := strings.NewReplacer("L", at, "R", p+"t").Replace([]string{"R between (L .. 12h)", "abs(L - R) < 1d", "datetime_diff('hour', R, L) between (-12 .. 0)",
		"R >= L - 1tick and R <= L", "bin(R, 1d) == bin(L, 1d)", "not(R < L) and (R - L) / 1h <= 12", "(R == L or R == L + 1tick)"}[w.IntN(7)])
	between := []string{"", " | where " + w.expr(types.Bool, 1), " | extend " + w.assign(1)}[w.IntN(3)]
	return fmt.Sprintf("join kind=%s (B | project %sk = k, %st = t, %ss = s) on $left.%s == $right.%sk%s | where %s",
		[]string{"inner", "leftouter", "rightouter", "fullouter"}[w.IntN(4)], p, p, p, key, p, between, near)
}

// keys reads several keys of one dynamic value, which are fused.
func (w *writer) keys() string {
	c, ok := w.column(types.Dynamic)
	if text, some := w.column(types.String); some && w.IntN(2) == 0 {
		if c, ok = "parse_json("+text+")", true; w.IntN(2) == 0 {
			w.names++
			name := fmt.Sprintf("x%d", w.names)
			w.cols = append(slices.Clone(w.cols), types.Column{Name: name, Type: types.Dynamic})
			return "extend " + name + " = " + c + " | " + w.keysOf(name)
		}
	}
	if !ok {
		return "where true"
	}
	return w.keysOf(c)
}

func (w *writer) keysOf(c string) string {
	var items []string
	for _, path := range []string{".a", ".b", ".a.c", "[0]", `["a"]["c"][0]`, ".A"} {
		w.names++
		name := fmt.Sprintf("x%d", w.names)
		items = append(items, name+" = tostring("+c+path+")")
		w.cols = append(slices.Clone(w.cols), types.Column{Name: name, Type: types.String})
	}
	return "extend " + strings.Join(items, ", ")
}

// best reads columns of the row that is greatest or least; the rows of one id are equal
// in them.
func (w *writer) best() string {
	has := map[string]bool{}
	for _, c := range w.cols {
		has[c.Name] = true
	}
	if !has["id"] || !has["k"] || !has["s"] || !has["r"] || !has["n"] {
		return "where true"
	}
	w.cols = []types.Column{{Name: "k", Type: types.Long}, {Name: "id", Type: types.Long}, {Name: "s", Type: types.String}, {Name: "r", Type: types.Real}, {Name: "n", Type: types.Long}}
	return "summarize " + []string{"arg_max", "arg_min"}[w.IntN(2)] + "(id, s, r, n) by k"
}

func (w *writer) column(t types.Type) (string, bool) {
	var names []string
	for _, c := range w.cols {
		if c.Type == t {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return "", false
	}
	return names[w.IntN(len(names))], true
}

// expr writes an expression of a type.
func (w *writer) expr(t types.Type, depth int) string {
	if depth > 0 {
		for range 30 {
			if e, ok := w.call(w.rows[w.IntN(len(w.rows))], t, depth-1); ok {
				return e
			}
		}
	}
	if c, ok := w.column(t); ok && w.IntN(4) > 0 {
		return c
	}
	ls := literals[t]
	return ls[w.IntN(len(ls))]
}

var literals = map[types.Type][]string{
	types.Bool: {"true", "false", "bool(null)"}, types.Int: {"int(3)", "int(null)"}, types.Long: {"0", "1", "-5", "100", "long(null)"}, types.Real: {"0.5", "-1e10", "real(nan)", "real(null)"},
	types.Decimal: {"decimal(1.5)"}, types.String: {`""`, `"a"`, `"error"`, `"É"`, `"x=1"`, `"."`}, types.Datetime: {"datetime(2022-01-08)", "datetime(null)", "datetime(1999-12-31 23:59:59.9999999)"},
	types.Timespan: {"1h", "-1d", "1tick", "timespan(null)"}, types.Guid: {"guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"}, types.Dynamic: {`dynamic([1,"a"])`, `dynamic({"a":2})`, "dynamic(null)"},
}

// call writes a call of a row whose result has the type.
func (w *writer) call(r *builtin.Row, want types.Type, depth int) (string, bool) {
	var args []string
	var kinds []builtin.Arg
	same := []types.Type{types.Long, types.Real, types.String, types.Datetime}[w.IntN(4)]
	if w.IntN(2) == 0 {
		same = want
	}
	for _, p := range r.Params() {
		if p.Const || p.Optional && !p.Variadic {
			if p.Optional {
				break
			}
			return "", false // constants have rules of their own: the examples try them
		}
		t := same
		switch p.Class {
		case "":
			t = p.Types[w.IntN(len(p.Types))]
		case "integer":
			t = types.Long
		case "number", "summable":
			if !t.Numeric() {
				t = types.Long
			}
		case "text", "scalar", "packed":
			t = []types.Type{types.Long, types.Real, types.String, types.Datetime, types.Timespan, types.Bool}[w.IntN(6)]
		}
		args, kinds = append(args, w.expr(t, depth)), append(kinds, builtin.Arg{Type: t})
	}
	overloads := w.table.Scalar(r.Name())
	if r.Kind == builtin.Infix {
		overloads = w.table.Infix(r.Name())
	}
	res, miss := builtin.Resolve(overloads, kinds)
	if miss != nil || res.Result != want {
		return "", false
	}
	if r.Group == "math" && want == types.Real { // two libraries differ in the last digit
		return "round(" + callText(r, args) + ", 6)", true
	}
	return callText(r, args), true
}
