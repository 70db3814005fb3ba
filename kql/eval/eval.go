package eval

import (
	"fmt"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// Func computes an expression over one row. It is safe for concurrent use.
type Func func(env *builtin.Env, row []types.Value) types.Value

// Compile makes the Func of an expression; slot says where in a row the value of a
// column stands. An error names what has no form outside the engine: a window
// function, an aggregate, a sub-query, or a row without a Go form.
func Compile(e plan.Expr, slot func(plan.ID) (int, bool)) (Func, error) {
	switch e := e.(type) {
	case plan.Const:
		v := e.Value
		if v == nil && e.T == types.String {
			v = ""
		}
		return func(*builtin.Env, []types.Value) types.Value { return v }, nil
	case plan.ColRef:
		i, ok := slot(e.ID)
		if !ok {
			return nil, fmt.Errorf("a column of another row set cannot be used here")
		}
		return func(_ *builtin.Env, row []types.Value) types.Value { return row[i] }, nil
	case *plan.Call:
		return compileCall(e, slot)
	}
	return nil, fmt.Errorf("a sub-query cannot be used here")
}

func compileCall(e *plan.Call, slot func(plan.ID) (int, bool)) (Func, error) {
	row := e.Row
	switch {
	case row.Kind == builtin.Window:
		return nil, fmt.Errorf("%s() cannot be used here: it reads neighbouring rows", row.Name())
	case row.Kind == builtin.Aggregate:
		return nil, fmt.Errorf("%s() cannot be used here: it is an aggregate", row.Name())
	case row.Go == nil:
		return nil, fmt.Errorf("%s() cannot be used here: Quarry computes it in the engine only", row.Name())
	}
	args := make([]Func, len(e.Args))
	for i, a := range e.Args {
		f, err := Compile(a, slot)
		if err != nil {
			return nil, err
		}
		args[i] = f
	}
	t := e.T
	return func(env *builtin.Env, in []types.Value) types.Value {
		vals := make([]types.Value, len(args))
		for i, f := range args {
			vals[i] = f(env, in)
		}
		return builtin.CallGo(env, row, t, vals)
	}, nil
}

// Split takes out of an expression the largest parts that speak of no column for
// which own reports true, so that the engine can compute them beforehand. lift is
// called for each such part that is not a plain column or constant and returns the
// column that will hold its value..
func Split(e plan.Expr, own func(plan.ID) bool, lift func(plan.Expr) plan.ColRef) plan.Expr {
	if !uses(e, own) {
		switch e.(type) {
		case plan.Const, plan.ColRef:
			return e
		}
		return lift(e)
	}
	call, ok := e.(*plan.Call)
	if !ok {
		return e
	}
	c := *call
	c.Args = make([]plan.Expr, len(call.Args))
	for i, a := range call.Args {
		c.Args[i] = Split(a, own, lift)
	}
	return &c
}

func uses(e plan.Expr, own func(plan.ID) bool) bool {
	found := false
	plan.WalkExpr(e, func(x plan.Expr) {
		if c, ok := x.(plan.ColRef); ok && own(c.ID) {
			found = true
		}
	}, nil)
	return found
}
