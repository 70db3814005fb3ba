package builtin

import (
	"crypto/rand"
	"fmt"
	"math"
	mrand "math/rand/v2"
	"slices"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// condRows choose between values, or make values from nothing.
var condRows = slices.Concat(extremes(), []Row{
	{Sig: "iff(if: bool, then: T, else: T) -> T", Doc: "then when the condition is true, else otherwise; a null condition counts as false.",
		Lower: lowerCase, Go: goCase, Check: sameKind(1, 1),
		Examples: []Example{{`iff(1 < 2, "yes", "no")`, `"yes"`}, {`iff(bool(null), 1, 2)`, `2`}}},
	{Sig: "iif(if: bool, then: T, else: T) -> T", Doc: "The same as iff().",
		Lower: lowerCase, Go: goCase, Check: sameKind(1, 1),
		Examples: []Example{{`iif(false, 1, 2)`, `2`}}},
	{Sig: "case(predicate...: bool, then...: T, else: T) -> T", Doc: "The value that follows the first true predicate, or the last argument when none is true.",
		Lower: lowerCase, Go: goCase, Check: checkCase,
		Examples: []Example{{`case(false, "a", true, "b", "c")`, `"b"`}, {`case(bool(null), 1, 2)`, `2`}}},
	{Sig: "coalesce(arg: T, args...: T) -> T", Doc: "The first argument that is not null; among strings the first that is not empty.",
		Lower: lowerCoalesce, Check: sameKind(0, 1),
		Go: func(_ *Env, a []types.Value) types.Value {
			for _, v := range a {
				if v != nil && v != "" {
					return v
				}
			}
			return a[len(a)-1]
		},
		Examples: []Example{{`coalesce(long(null), 2, 3)`, `2`}, {`coalesce("", "x")`, `"x"`}}},
	{Sig: "assert(predicate: bool, message: const string) -> bool", Doc: "True; a query whose predicate is a false constant is refused with the message.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if l.Args[0].Const && l.Args[0].Value != true {
				return nil, fmt.Errorf("assert() failed: %v", l.Args[1].Value)
			}
			if !l.Args[0].Const {
				return nil, fmt.Errorf("assert() needs a condition that is known before the query runs")
			}
			return sqlx.True, nil
		},
		Examples: []Example{{`assert(1 < 2, "no")`, `true`}}},

	{Sig: "pi() -> real", Doc: "The constant π.",
		Duck: "pi()", Go: func(*Env, []types.Value) types.Value { return math.Pi },
		Examples: []Example{{`pi()`, `3.141592653589793`}}},
	{Sig: "rand(number?: integer) -> real", Doc: "A random real in [0, 1), or a random whole number in [0, number); each row gets its own.",
		Sem: Volatile, ResultName: NameFirstArg,
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			random := sqlx.Call("random")
			if len(l.Args) == 0 {
				return random, nil
			}
			n := l.once(0)
			if l.Args[0].Const && (l.Args[0].Value == nil || l.Args[0].Value.(int64) <= 1) {
				return random, nil
			}
			return sqlx.Case{When: []sqlx.When{{Cond: sqlx.Infix(">", n, sqlx.BigInt(1)), Then: sqlx.Call("floor", sqlx.Infix("*", random, n))}}, Else: random}, nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			if len(a) == 1 && a[0] != nil && a[0].(int64) > 1 {
				return float64(mrand.Int64N(a[0].(int64)))
			}
			return mrand.Float64()
		},
		Examples: []Example{{`rand() < 1.0`, `true`}, {`rand(1000) >= 0`, `true`}}},
	{Sig: "new_guid() -> guid", Doc: "A random guid; each row gets its own.",
		Sem: Volatile, Duck: "CAST(uuid() AS VARCHAR)",
		Go: func(*Env, []types.Value) types.Value {
			var b [16]byte
			_, _ = rand.Read(b[:]) // never fails
			b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
			return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
		},
		Examples: []Example{{`strlen(tostring(new_guid()))`, `36`}}},

	{Sig: "estimate_data_size(column...: scalar) -> long", Special: AllColumns, Doc: "About how many bytes the values take uncompressed: 8 for a number or time, the bytes of texts.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			fixed, total := int64(0), []sqlx.Expr{}
			for _, a := range l.Args {
				if n := fixedSize[a.Type]; n > 0 {
					fixed += n
					continue
				}
				total = append(total, sqlx.Call("coalesce", sqlx.Call("octet_length", sqlx.Call("encode", a.SQL)), sqlx.BigInt(0)))
			}
			return sqlx.Cast{X: sqlx.Op{Op: "+", Args: append(total, sqlx.BigInt(fixed))}, Type: "BIGINT"}, nil
		},
		Examples: []Example{{`estimate_data_size(10, "a")`, `9`}}},

	constantRow("current_database", "The name of the database: quarry has one, its workspace.", "quarry"),
	constantRow("current_cluster_endpoint", "The host that serves the query: this one.", "localhost"),
	constantRow("current_principal", "Who runs the query. Quarry has no directory of users, so it is empty.", ""),
	{Sig: "current_principal_details() -> dynamic", Doc: "Details of who runs the query.", Unsupported: noDirectory},
	{Sig: "current_principal_is_member_of(group...: scalar) -> bool", Doc: "Whether who runs the query is in a group.", Unsupported: noDirectory},
	{Sig: "cursor_after(cursor: string) -> bool", Doc: "Whether the row came in after a cursor.", Unsupported: noCursors},
	{Sig: "cursor_before_or_at(cursor: string) -> bool", Doc: "Whether the row came in before a cursor.", Unsupported: noCursors},
	{Sig: "cursor_current() -> string", Doc: "The database cursor now.", Unsupported: noCursors},
	{Sig: "current_cursor() -> string", Doc: "The old spelling of cursor_current.", Sem: Deprecated, Unsupported: noCursors},
	{Sig: "extent_id() -> guid", Doc: "The storage shard of the row.", Unsupported: noExtents},
	{Sig: "extentid() -> guid", Doc: "The old spelling of extent_id.", Sem: Deprecated, Unsupported: noExtents},
	{Sig: "extent_tags() -> dynamic", Doc: "The tags of the storage shard of the row.", Unsupported: noExtents},
	{Sig: "current_node_id() -> string", Doc: "The cluster node that holds the row.", Unsupported: noExtents},
	{Sig: "row_id() -> string", Doc: "The storage identity of the row.", Unsupported: noExtents},
})

const (
	noDirectory = "it asks Microsoft Entra ID, which a local query has no access to"
	noCursors   = "tables here have no database cursors; filter on a time column instead"
	noExtents   = "it speaks about the storage of a Kusto cluster, which does not exist here"
)

// fixedSize is the bytes that a value of a type takes, 0 for texts.
var fixedSize = map[types.Type]int64{types.Bool: 1, types.Int: 4, types.Long: 8, types.Real: 8, types.Decimal: 16, types.Datetime: 8, types.Timespan: 8, types.Guid: 16}

func constantRow(name, doc, value string) Row {
	return Row{Sig: name + "() -> string", Doc: doc,
		Lower:    func(*Lowering) (sqlx.Expr, error) { return sqlx.String(value), nil },
		Go:       func(*Env, []types.Value) types.Value { return value },
		Examples: []Example{{name + "()", `"` + value + `"`}}}
}

// sameKind refuses results of different kinds, as Kusto does: every step-th
// argument from the first on must have one type; integers mix, so does dynamic.
func sameKind(first, step int) func(args []Arg) (int, string) {
	return func(args []Arg) (int, string) {
		want := types.Unknown
		for i := first; i < len(args); i += step {
			if msg := kindConflict(&want, args[i].Type); msg != "" {
				return i, msg
			}
		}
		return 0, ""
	}
}

func kindConflict(want *types.Type, t types.Type) string {
	switch {
	case t == types.Unknown || t == types.Dynamic || t == *want:
	case *want == types.Unknown:
		*want = t
	case t.Integer() && want.Integer():
		*want = types.Long
	default:
		return fmt.Sprintf("the results must have one type, but this one is %s and another is %s", t, *want)
	}
	return ""
}

// checkCase checks case(): pairs and a default, all results of one kind.
func checkCase(args []Arg) (int, string) {
	if len(args) < 3 || len(args)%2 == 0 {
		return -1, "case needs pairs of a condition and a result, then the result for all other rows"
	}
	want := types.Unknown
	for i := range args {
		if i%2 == 1 || i == len(args)-1 {
			if msg := kindConflict(&want, args[i].Type); msg != "" {
				return i, msg
			}
		}
	}
	return 0, ""
}

// lowerCase serves iff and case: pairs of condition and result, then the rest.
func lowerCase(l *Lowering) (sqlx.Expr, error) {
	n := len(l.Args)
	var c sqlx.Case
	for i := 0; i+1 < n; i += 2 {
		c.When = append(c.When, sqlx.When{Cond: l.Args[i].SQL, Then: l.Args[i+1].SQL})
	}
	c.Else = l.Args[n-1].SQL
	return c, nil
}

func goCase(_ *Env, a []types.Value) types.Value {
	for i := 0; i+1 < len(a); i += 2 {
		if a[i] == true {
			return a[i+1]
		}
	}
	return a[len(a)-1]
}

func lowerCoalesce(l *Lowering) (sqlx.Expr, error) {
	args := make([]sqlx.Expr, len(l.Args))
	for i, a := range l.Args {
		args[i] = a.SQL
		if l.Result == types.String && i < len(args)-1 {
			args[i] = sqlx.Call("nullif", a.SQL, sqlx.String(""))
		}
	}
	if len(args) == 1 {
		return args[0], nil
	}
	return sqlx.Func{Name: "coalesce", Args: args}, nil
}

// extremes makes max_of and min_of, one overload a type so that Go can compare.
func extremes() []Row {
	var out []Row
	for _, f := range []struct {
		name, doc, fn string
		sign          int
	}{
		{"max_of", "The greatest argument; nulls do not count, NaN wins.", "greatest", 1},
		{"min_of", "The least argument; nulls do not count, NaN wins.", "least", -1},
	} {
		for _, t := range []struct {
			class, result string
			kind          types.Type
			call, want    string
		}{
			{"integer", "wide", types.Long, "(3, 1, long(null), 2)", map[int]string{1: "3", -1: "1"}[f.sign]},
			{"real", "real", types.Real, "(1, 2.5, real(nan))", "real(nan)"},
			{"decimal", "decimal", types.Decimal, "(decimal(10), decimal(9))", map[int]string{1: "decimal(10)", -1: "decimal(9)"}[f.sign]},
			{"string", "string", types.String, `("b", "a")`, map[int]string{1: `"b"`, -1: `"a"`}[f.sign]},
			{"datetime", "datetime", types.Datetime, "(datetime(2020-01-02), datetime(2020-01-01))", map[int]string{1: "datetime(2020-01-02)", -1: "datetime(2020-01-01)"}[f.sign]},
			{"timespan", "timespan", types.Timespan, "(1d, 2h)", map[int]string{1: "1d", -1: "2h"}[f.sign]},
			{"bool", "bool", types.Bool, "(true, false)", map[int]string{1: "true", -1: "false"}[f.sign]},
			{"guid", "guid", types.Guid, "(guid(null), guid(74be27de-1e4e-49d9-b579-fe0b331d3642))", "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"},
		} {
			out = append(out, Row{Sig: f.name + "(arg: " + t.class + ", args...: " + t.class + ") -> " + t.result, Doc: f.doc,
				Lower: extremeOf(f.fn), Go: goExtremeOf(t.kind, f.sign), Examples: []Example{{f.name + t.call, t.want}}})
		}
	}
	return out
}

func goExtremeOf(t types.Type, sign int) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		var best types.Value
		for _, v := range a {
			if f, ok := v.(float64); ok && math.IsNaN(f) {
				return v
			}
			if v == nil {
				continue
			}
			if best == nil {
				best = v
			} else if order, _ := compare(t, v, best); order*sign > 0 {
				best = v
			}
		}
		return best
	}
}

func extremeOf(name string) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		args := make([]sqlx.Expr, len(l.Args))
		for i := range args {
			args[i] = l.Args[i].SQL
		}
		if l.Result != types.Real || name == "greatest" { // the engine puts NaN above all numbers
			return sqlx.Func{Name: name, Args: args}, nil
		}
		nan := make([]sqlx.Expr, len(args))
		for i := range args {
			args[i] = l.once(i)
			nan[i] = sqlx.Call("coalesce", sqlx.Call("isnan", args[i]), sqlx.False)
		}
		return sqlx.Case{When: []sqlx.When{{Cond: sqlx.Infix("OR", nan...), Then: sqlx.Double(math.NaN())}}, Else: sqlx.Func{Name: name, Args: args}}, nil
	}
}
