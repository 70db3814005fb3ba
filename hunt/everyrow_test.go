package hunt

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"quarry/engine"
	"quarry/kql/builtin"
	"quarry/kql/source"
	"quarry/kql/sqlgen"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// way is one of the ways that a query can be computed. All must give the same.
type way struct {
	name     string
	plain    bool
	forms    sqlgen.Forms
	unfolded bool
}

var ways = []way{
	{name: "folded"},
	{name: "SQL", unfolded: true},
	{name: "Go", unfolded: true, forms: sqlgen.GoForms},
}

func (w way) request(kql string) Request {
	return Request{Text: source.New("", kql, 0), Plain: w.plain, Forms: w.forms, Unfolded: w.unfolded}
}

// ask runs a query one way; ordered says that the order of its rows is part of the answer.
func (w way) ask(ctx context.Context, s *Session, kql string) (rows *types.Rows, ordered bool, err error) {
	a, err := s.Query(ctx, w.request(kql))
	if err != nil {
		return nil, false, err
	}
	defer a.Close()
	res, err := a.Next(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("%w\n%s", err, a.Compiled.Results[0].Program.SQL)
	}
	rows, _, err = engine.Collect(res.Rows, 0)
	return rows, a.Compiled.Results[0].Root.Order != nil, err
}

// TestEveryRow runs every example of every function, aggregate and operator in each
// way, and calls them all on nulls.
func TestEveryRow(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{Resources: &Resources{Geo: atlas{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, r := range s.compiler.Table.Rows() {
		if r.Unsupported != "" || strings.HasPrefix(r.Name(), ".") {
			continue
		}
		t.Run(fmt.Sprintf("%s %s %d", r.Group, r.Name(), r.Overload()), func(t *testing.T) {
			for _, ex := range r.Examples {
				for _, w := range ways {
					checkExample(t, ctx, s, r, ex, w)
				}
			}
			if r.Special == builtin.NotSpecial && (r.Kind == builtin.Scalar || r.Kind == builtin.Infix) {
				probeNulls(t, ctx, s, r)
			}
		})
	}
}

// checkExample holds what a call gives against what the row says. The example of an
// aggregate or a window is a whole query, its value the last column.
func checkExample(t *testing.T, ctx context.Context, s *Session, r *builtin.Row, ex builtin.Example, w way) {
	call := ex.Call
	whole := r.Kind == builtin.Aggregate || r.Kind == builtin.Window
	if !whole {
		call = "print " + call
	}
	got, _, err := w.ask(ctx, s, call)
	if w.unfolded && err != nil && wantsConstant(err) {
		return // the argument is a call, which was not computed on purpose
	}
	if err != nil {
		t.Errorf("%s: %s: %v", w.name, ex.Call, err)
		return
	}
	want, _, err := ways[0].ask(ctx, s, "print "+ex.Want)
	if err != nil {
		t.Errorf("%s: what must come out, %s: %v", ex.Call, ex.Want, err)
		return
	}
	if len(got.Values) != 1 {
		t.Errorf("%s: %s gives %d rows", w.name, ex.Call, len(got.Values))
		return
	}
	col := 0
	if whole {
		col = len(got.Schema) - 1
	}
	have, need := got.Values[0][col], want.Values[0][0]
	if !sameValue(have, need) {
		t.Errorf("%s: %s = %s (%s), want %s", w.name, ex.Call, cellText(got.Schema[col].Type, have), got.Schema[col].Type, ex.Want)
	}
}

func wantsConstant(err error) bool {
	return strings.Contains(err.Error(), "constant") || strings.Contains(err.Error(), "known before the query runs")
}

// sameValue compares values; numbers of different types are the same when they are equal.
func sameValue(a, b types.Value) bool {
	x, okX := number(a)
	y, okY := number(b)
	if okX && okY {
		return x == y || math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y))
	}
	return cellText(types.Unknown, a) == cellText(types.Unknown, b)
}

func number(v types.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// nullRow is a table of one row without values.
const nullRow = `datatable(kbool:bool, kint:int, klong:long, kreal:real, kdecimal:decimal, kdatetime:datetime, ktimespan:timespan, kstring:string, kguid:guid, kdynamic:dynamic)
	[bool(null), int(null), long(null), real(null), decimal(null), datetime(null), timespan(null), "", guid(null), dynamic(null)]`

// probeNulls calls a row with nulls for all but the constants, which the first
// example gives: no way may fail, and all give the same.
func probeNulls(t *testing.T, ctx context.Context, s *Session, r *builtin.Row) {
	call, ok := nullCall(r)
	if !ok {
		return
	}
	kql := nullRow + " | project v = " + call
	first := ""
	for i, w := range ways[1:] {
		got, _, err := w.ask(ctx, s, kql)
		if err != nil {
			if !strings.Contains(err.Error(), "KQ3") && !wantsConstant(err) { // these constants do not go with these types
				t.Errorf("%s: %s over nulls: %v", w.name, call, err)
			}
			return
		}
		text := cellText(types.Unknown, got.Values[0][0])
		if r.Sem&builtin.NullOnNull != 0 && text != "null" && text != "" {
			t.Errorf("%s: %s over nulls = %s, want null", w.name, call, text)
		}
		if i == 0 {
			first = text
		} else if text != first && r.Sem&builtin.Volatile == 0 {
			t.Errorf("%s over nulls: SQL gives %q, Go %q", call, first, text)
		}
	}
}

// nullCall writes a call of a row over the columns of nullRow.
func nullCall(r *builtin.Row) (string, bool) {
	var written []syntax.Expr
	var text string
	if len(r.Examples) > 0 {
		text = "print " + r.Examples[0].Call
		script, errs := syntax.Parse(source.New("", text, 0))
		if errs != nil {
			return "", false
		}
		if c, ok := find[*syntax.Call](script); ok && c.Name.Text == r.Name() {
			written = c.Args
		}
	}
	var args []string
	for i, p := range r.Params() {
		if p.Const {
			if i >= len(written) {
				return "", false
			}
			at := written[i].Pos()
			args = append(args, text[at.Start:at.End])
			continue
		}
		if p.Optional && !p.Variadic {
			break
		}
		args = append(args, "k"+nullType(p).String())
	}
	return callText(r, args), true
}

// callText is a call as text.
func callText(r *builtin.Row, args []string) string {
	if r.Kind != builtin.Infix {
		return r.Name() + "(" + strings.Join(args, ", ") + ")"
	}
	switch op := r.Name(); {
	case len(args) == 1:
		return "(" + op + args[0] + ")"
	case strings.HasSuffix(op, "between"):
		return "(" + args[0] + " " + op + " (" + args[1] + " .. " + args[2] + "))"
	case strings.HasPrefix(strings.TrimPrefix(op, "!"), "in") || strings.HasPrefix(op, "has_a"):
		return "(" + args[0] + " " + op + " (" + strings.Join(args[1:], ", ") + "))"
	default:
		return "(" + args[0] + " " + op + " " + args[1] + ")"
	}
}

// find is the first node of a kind.
func find[T syntax.Node](script *syntax.Script) (found T, ok bool) {
	syntax.Walk(script, func(n syntax.Node) bool {
		if x, is := n.(T); is && !ok {
			found, ok = x, true
		}
		return !ok
	})
	return found, ok
}

func nullType(p builtin.Param) types.Type {
	switch {
	case p.Class == "text":
		return types.String
	case p.Class == "packed":
		return types.Dynamic
	case p.Class != "" || len(p.Types) == 0:
		return types.Long
	case slices.Contains(p.Types, types.String):
		return types.String
	}
	return p.Types[0]
}
