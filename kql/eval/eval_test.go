package eval_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/builtin"
	"quarry/kql/eval"
	"quarry/kql/plan"
	"quarry/kql/types"
)

func slot(id plan.ID) (int, bool) { return int(id), id < 2 }

func call(t *testing.T, rows []*builtin.Row, result types.Type, args ...plan.Expr) *plan.Call {
	t.Helper()
	infos := make([]builtin.Arg, len(args))
	for i, a := range args {
		infos[i].Type = a.Type()
	}
	res, miss := builtin.Resolve(rows, infos)
	if miss != nil {
		t.Fatal(miss.Message)
	}
	return &plan.Call{Row: res.Row, Args: args, T: result}
}

func TestCompile(t *testing.T) {
	table, err := builtin.New()
	if err != nil {
		t.Fatal(err)
	}
	a, b := plan.ColRef{ID: 0, T: types.Long}, plan.ColRef{ID: 1, T: types.Long}
	sum := call(t, table.Infix("+"), types.Long, a, b)
	f, err := eval.Compile(sum, slot)
	if err != nil {
		t.Fatal(err)
	}
	env := builtin.NewEnv(nil)
	for _, c := range []struct{ x, y, want types.Value }{{int64(2), int64(3), int64(5)}, {nil, int64(3), nil}} {
		if diff := cmp.Diff(c.want, f(env, []types.Value{c.x, c.y})); diff != "" {
			t.Error(diff)
		}
	}
	for _, bad := range []struct {
		e    plan.Expr
		want string
	}{
		{plan.ColRef{ID: 9, T: types.Long}, "another row set"},
		{call(t, table.Scalar("row_number"), types.Long), "neighbouring"},
		{call(t, table.Aggregate("count"), types.Long), "aggregate"},
		{&plan.Subquery{}, "sub-query"},
	} {
		if _, err := eval.Compile(bad.e, slot); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%T: %v, want %q", bad.e, err, bad.want)
		}
	}
}

// TestSplit: parts that speak of no own column are lifted whole, columns and constants stay.
func TestSplit(t *testing.T) {
	table, err := builtin.New()
	if err != nil {
		t.Fatal(err)
	}
	state, row := plan.ColRef{ID: 7, T: types.Long}, plan.ColRef{ID: 1, T: types.Long}
	plus := table.Infix("+")
	e := call(t, plus, types.Long, call(t, plus, types.Long, row, row), call(t, plus, types.Long, state, row))
	var lifted []plan.Expr
	out := eval.Split(e, func(id plan.ID) bool { return id == 7 }, func(x plan.Expr) plan.ColRef {
		lifted = append(lifted, x)
		return plan.ColRef{ID: 100, T: x.Type()}
	}).(*plan.Call)
	if len(lifted) != 1 || lifted[0] != e.Args[0] {
		t.Fatalf("lifted %v", lifted)
	}
	if out.Args[0] != (plan.ColRef{ID: 100, T: types.Long}) || out.Args[1].(*plan.Call).Args[1] != plan.Expr(row) {
		t.Errorf("left %v", out.Args)
	}
}
