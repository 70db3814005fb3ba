package builtin

import (
	"fmt"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// windowRows read other rows of a serialized row set. A restart argument begins a
// new group where it is true.
var windowRows = []Row{
	{Sig: "prev(column: scalar, offset?: const long, default_value?: const scalar) -> @0", Kind: Window, Check: checkNeighbour,
		Doc: "The value in the row before, or offset rows before; null, the empty string, or default_value where there is none.", Lower: neighbour("lag"),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | extend p = prev(x) | summarize take_anyif(p, x == 3)`, `2`}}},
	{Sig: "next(column: scalar, offset?: const long, default_value?: const scalar) -> @0", Kind: Window, Check: checkNeighbour,
		Doc: "The value in the row after, or offset rows after; null, the empty string, or default_value where there is none.", Lower: neighbour("lead"),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | extend p = next(x) | summarize take_anyif(p, x == 1)`, `2`}}},
	{Sig: "row_number(startingIndex?: const long, restart?: bool) -> long", Kind: Window,
		Doc: "The number of the row, from 1 or from startingIndex.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			n := sqlx.Expr(sqlx.Parts{"row_number() OVER (", l.window(1), ")"})
			if start, ok := l.startAt(); ok && start != 1 {
				n = sqlx.Infix("+", n, sqlx.BigInt(start-1))
			}
			return bigint(n), nil
		},
		Examples: []Example{{`range x from 5 to 7 step 1 | sort by x asc | extend n = row_number() | summarize max(n)`, `3`}}},
	{Sig: "row_cumsum(term: integer, restart?: bool) -> @0", Kind: Window, Doc: "The sum of this row and all rows before it.", Lower: cumulative,
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | extend s = row_cumsum(x) | summarize max(s)`, `6`}}},
	{Sig: "row_cumsum(term: real|decimal|timespan, restart?: bool) -> @0", Kind: Window, Doc: "The sum of this row and all rows before it.", Lower: cumulative,
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | extend s = row_cumsum(x * 1s) | summarize max(s)`, `6s`}}},
	{Sig: "row_rank_dense(term: nondynamic, restart?: bool) -> long", Kind: Window, Doc: "1 for the first row, one more wherever the value differs from the row before.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return l.rank(true), nil },
		Examples: []Example{{`range x from 1 to 4 step 1 | extend y = bin(x, 2) | sort by y asc | extend r = row_rank_dense(y) | summarize max(r)`, `3`}}},
	{Sig: "row_rank(term: nondynamic, restart?: bool) -> long", Kind: Window, Sem: Deprecated, Doc: "The old spelling of row_rank_dense.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return l.rank(true), nil },
		Examples: []Example{{`range x from 1 to 4 step 1 | extend y = bin(x, 2) | sort by y asc | extend r = row_rank(y) | summarize max(r)`, `3`}}},
	{Sig: "row_rank_min(term: nondynamic, restart?: bool) -> long", Kind: Window, Doc: "The number of the first of the neighbouring rows with the same value.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return l.rank(false), nil },
		Examples: []Example{{`range x from 1 to 4 step 1 | extend y = bin(x, 2) | sort by y asc | extend r = row_rank_min(y) | summarize max(r)`, `4`}}},
	{Sig: "row_window_session(expr: datetime, maxDistanceFromFirst: const timespan, maxDistanceBetweenNeighbors: const timespan, restart?: bool) -> datetime", Kind: Window,
		Doc:      "The time at which the row's session began: a new one begins too far from the first or from the last time of the session.",
		Lower:    sessionStart,
		Examples: []Example{{`range x from 1 to 4 step 1 | extend t = datetime(2020-01-01) + x * x * 1m | sort by t asc | extend s = row_window_session(t, 1h, 4m) | summarize max(s)`, `datetime(2020-01-01 00:16)`}}},
}

// window is the inside of OVER (...): the row order within the restarts. restart is
// the index of the argument that begins a new group.
func (l *Lowering) window(restart int) sqlx.Expr {
	parts := sqlx.Parts{}
	partition := append([]sqlx.Expr{}, l.Partition...)
	if restart >= 0 && restart < len(l.Args) && !(l.Args[restart].Const && l.Args[restart].Value != true) {
		// Each group is numbered by how many restarts there were before it.
		begin := when(l.Args[restart].SQL, sqlx.Raw("1"), sqlx.Raw("0"))
		group := l.Hoist(sqlx.Raw(sqlx.Text(sqlx.Parts{"sum(", begin, ") OVER (", l.window(-1), ")"})))
		partition = append(partition, group)
	}
	for i, p := range partition {
		sep := ", "
		if i == 0 {
			sep = "PARTITION BY "
		}
		parts = append(parts, sep, p)
	}
	if l.Order != nil {
		if len(parts) > 0 {
			parts = append(parts, " ")
		}
		parts = append(parts, "ORDER BY ", l.Order)
	}
	return sqlx.Raw(sqlx.Text(parts))
}

func (l *Lowering) startAt() (int64, bool) {
	if len(l.Args) == 0 {
		return 0, false
	}
	return l.constant(0)
}

func checkNeighbour(args []Arg) (int, string) {
	if len(args) > 2 && args[2].Type != args[0].Type && Common(args[0].Type, args[2].Type) != args[0].Type {
		return 2, fmt.Sprintf("the default must be a %s, as the column is", args[0].Type)
	}
	return 0, ""
}

func neighbour(fn string) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		parts := sqlx.Parts{fn + "(", l.Args[0].SQL}
		offset := int64(1)
		if len(l.Args) > 1 {
			offset, _ = l.constant(1)
		}
		parts = append(parts, ", ", sqlx.BigInt(offset))
		switch {
		case len(l.Args) > 2:
			parts = append(parts, ", ", l.Args[2].SQL)
		case l.Result == types.String:
			parts = append(parts, ", ", sqlx.String(""))
		}
		return sqlx.Raw(sqlx.Text(append(parts, ") OVER (", l.window(-1), ")"))), nil
	}
}

func cumulative(l *Lowering) (sqlx.Expr, error) {
	zero := map[types.Type]sqlx.Expr{types.Real: sqlx.Double(0)}[l.Args[0].Type]
	if zero == nil {
		zero = sqlx.BigInt(0)
	}
	sum := sqlx.Raw(sqlx.Text(sqlx.Parts{"sum(", orElse(l.Args[0].SQL, zero), ") OVER (", l.window(1), ")"}))
	switch l.Args[0].Type {
	case types.Real:
		return sum, nil
	case types.Decimal:
		return sqlx.Cast{X: sum, Type: "DECIMAL(38,18)"}, nil
	}
	return wrap64(sum), nil
}

// rank counts the changes of value (dense), or finds the last row with one.
func (l *Lowering) rank(dense bool) sqlx.Expr {
	window := l.window(1)
	x := l.once(0)
	over := func(call sqlx.Expr) sqlx.Expr {
		return l.Hoist(sqlx.Raw(sqlx.Text(sqlx.Parts{call, " OVER (", window, ")"})))
	}
	number := over(sqlx.Call("row_number"))
	before := over(sqlx.Call("lag", x))
	changed := sqlx.Infix("OR", sqlx.Infix("=", number, sqlx.Raw("1")), sqlx.Infix("IS DISTINCT FROM", x, before))
	if dense {
		return bigint(sqlx.Raw(sqlx.Text(sqlx.Parts{"sum(", when(changed, sqlx.Raw("1"), sqlx.Raw("0")), ") OVER (", window, ")"})))
	}
	return bigint(sqlx.Raw(sqlx.Text(sqlx.Parts{"max(", when(changed, number), ") OVER (", window, ")"})))
}

// sessionStart walks the times of a group once, in Go, on its first row, and gives
// all rows the list of session starts; each row's is the latest one not after it.
func sessionStart(l *Lowering) (sqlx.Expr, error) {
	first, ok1 := l.constant(1)
	between, ok2 := l.constant(2)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("row_window_session() needs constant distances")
	}
	window := l.window(3)
	t := l.once(0)
	over := func(parts ...any) sqlx.Expr {
		return l.Hoist(sqlx.Raw(sqlx.Text(append(append(sqlx.Parts{}, parts...), ")"))))
	}
	number := over("row_number() OVER (", window)
	times := over("list(", t, ") FILTER (WHERE ", sqlx.NotNull(t), ") OVER (", window, " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
	starts := l.UDF(sessionRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: bracket(lambda(times, varchar))},
		Arg{Type: types.Timespan, Const: true, Value: first, SQL: sqlx.BigInt(first)}, Arg{Type: types.Timespan, Const: true, Value: between, SQL: sqlx.BigInt(between)})
	once := l.Hoist(when(sqlx.Infix("=", number, sqlx.Raw("1")), sqlx.Call("from_json", starts, sqlx.String(`["BIGINT"]`))))
	all := over("first_value(", once, ") OVER (", window)
	return when(sqlx.NotNull(t), sqlx.Call("list_max", sqlx.Call("list_filter", all, sqlx.Raw("lambda q: q <= "+sqlx.Text(t))))), nil
}

// sessionRow gives the starts of the sessions in a list of times.
var sessionRow = row(".sessions(times: dynamic, first: timespan, between: timespan) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	first, between := a[1].(int64), a[2].(int64)
	var starts []types.Dyn
	start, last := int64(-1), int64(-1)
	for _, d := range dynArg(a[0]).Items() {
		t, _ := d.Int()
		if start < 0 || t-start > first || t-last > between {
			start = t
			starts = append(starts, d)
		}
		last = t
	}
	return types.DynList(starts).String()
})
