package builtin

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// percentileRows use the nearest rank: the least value that at least p percent of
// the values do not exceed. Kusto estimates large groups; here all are exact.
var percentileRows = aggregates([]Row{
	{Sig: "percentile(expr: summable, percentile: const number) -> @0", ResultName: NameTwoArgs, Prefix: "percentile",
		Doc:   "The value that so many percent of the values do not exceed, by nearest rank; nulls do not count.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return l.quantile(1) }, Check: percentArgs(1),
		Examples: []Example{{`range x from 1 to 10 step 1 | summarize percentile(x, 25)`, `3`}}},
	{Sig: "percentiles(expr: summable, percentile...: const number) -> dynamic", ResultName: NameTwoArgs, Prefix: "percentile",
		Doc:   "Several percentiles, each in its own column.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return l.quantiles(1) }, Check: percentArgs(1), Expand: percentColumns(1),
		Examples: []Example{{`range x from 1 to 10 step 1 | summarize percentiles(x, 50, 90)`, `9`}}},
	{Sig: "percentiles_array(expr: summable, percentiles: const dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "percentiles",
		Doc:   "Several percentiles as an array.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return l.quantiles(1) }, Check: percentArgs(1),
		Examples: []Example{{`range x from 1 to 10 step 1 | summarize percentiles_array(x, dynamic([50, 90]))`, `dynamic([5,9])`}}},
	{Sig: "percentiles_array(expr: summable, percentile...: const number) -> dynamic", ResultName: NamePrefixArg, Prefix: "percentiles",
		Doc:   "Several percentiles as an array.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return l.quantiles(1) }, Check: percentArgs(1),
		Examples: []Example{{`range x from 1 to 10 step 1 | summarize percentiles_array(x, 50, 90)`, `dynamic([5,9])`}}},

	{Sig: "percentilew(expr: summable, weight: integer, percentile: const number) -> @0", ResultName: NameTwoArgs, Prefix: "percentile",
		Doc:   "A percentile of values that each stand for weight equal ones.",
		Lower: lowerWeighted, Check: percentArgs(2),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize percentilew(x, 5 - x, 50)`, `2`}}},
	{Sig: "percentilesw(expr: summable, weight: integer, percentile...: const number) -> dynamic", ResultName: NameTwoArgs, Prefix: "percentile",
		Doc:   "Several percentiles of weighted values, each in its own column.",
		Lower: lowerWeighted, Check: percentArgs(2), Expand: percentColumns(2),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize percentilesw(x, 5 - x, 50, 99)`, `4`}}},
	{Sig: "percentilesw_array(expr: summable, weight: integer, percentiles: const dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "percentiles",
		Doc:   "Several percentiles of weighted values as an array.",
		Lower: lowerWeighted, Check: percentArgs(2),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize percentilesw_array(x, 5 - x, dynamic([50, 99]))`, `dynamic([2,4])`}}},
	{Sig: "percentilesw_array(expr: summable, weight: integer, percentile...: const number) -> dynamic", ResultName: NamePrefixArg, Prefix: "percentiles",
		Doc:   "Several percentiles of weighted values as an array.",
		Lower: lowerWeighted, Check: percentArgs(2),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize percentilesw_array(x, 5 - x, 50, 99)`, `dynamic([2,4])`}}},
})

// NumberName is a constant as a part of a column name: 99.9 is "99_9".
func NumberName(v types.Value) string {
	text := fmt.Sprint(v)
	if f, ok := v.(float64); ok {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strings.NewReplacer(".", "_", "-", "_").Replace(text)
}

func percentArgs(first int) func(args []Arg) (int, string) {
	return func(args []Arg) (int, string) {
		if len(args) <= first {
			return -1, "which percentile? add a number from 0 to 100"
		}
		for i := first; i < len(args); i++ {
			if _, err := percents(args[i:i+1], 0); err != nil {
				return i, err.Error()
			}
		}
		return 0, ""
	}
}

func percentColumns(first int) func(args []Arg) []Output {
	return func(args []Arg) []Output {
		var out []Output
		for _, a := range args[first:] {
			out = append(out, Output{Name: "percentile_{}_" + NumberName(a.Value), Type: args[0].Type})
		}
		return out
	}
}

// percents are the constants from argument first on, as fractions.
func percents(args []Arg, first int) ([]float64, error) {
	var out []float64
	add := func(f float64, ok bool) error {
		if !ok || !(f >= 0 && f <= 100) {
			return fmt.Errorf("a percentile is a number from 0 to 100")
		}
		out = append(out, f/100)
		return nil
	}
	for _, a := range args[first:] {
		var err error
		switch v := a.Value.(type) {
		case int64:
			err = add(float64(v), true)
		case float64:
			err = add(v, true)
		case string: // decimal, or an array
			d := dynArg(v)
			if d.Kind() != types.DynArray {
				d = types.DynList([]types.Dyn{d})
			}
			for _, e := range d.Items() {
				if err = add(e.Float()); err != nil {
					return nil, err
				}
			}
		default:
			err = add(0, false)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// quantile is one percentile of argument 0 over the rows where it has a value.
func (l *Lowering) quantile(i int) (sqlx.Expr, error) {
	ps, err := percents(l.Args[i:i+1], 0)
	if err != nil {
		return nil, err
	}
	return agg("quantile_disc", nil, l.Args[0].SQL, sqlx.Double(ps[0])), nil
}

// quantiles are several as one dynamic array.
func (l *Lowering) quantiles(first int) (sqlx.Expr, error) {
	ps, err := percents(l.Args, first)
	if err != nil || len(ps) == 0 {
		return sqlx.String("[]"), err
	}
	list := sqlx.Parts{"["}
	for i, p := range ps {
		if i > 0 {
			list = append(list, ", ")
		}
		list = append(list, sqlx.Double(p))
	}
	q := agg("quantile_disc", nil, l.Args[0].SQL, sqlx.Func{Args: []sqlx.Expr{append(list, "]")}})
	t := l.Args[0].Type
	return bracket(lambda(q, func(x sqlx.Expr) sqlx.Expr { return elementSQL(t, x) })), nil
}

// lowerWeighted collects [value, weight] pairs, which Go sorts and counts up.
func lowerWeighted(l *Lowering) (sqlx.Expr, error) {
	ps, err := percents(l.Args, 2)
	if err != nil {
		return nil, err
	}
	x, w := l.once(0), l.once(1)
	t := l.Args[0].Type
	pair := sqlx.Infix("||", sqlx.String("["), rawJSON(t, x), sqlx.String(","), varchar(w), sqlx.String("]"))
	filter := sqlx.And(sqlx.NotNull(x), sqlx.Infix(">", w, sqlx.BigInt(0)))
	pairs := orElse(bracket(agg("list", filter, pair)), sqlx.String("[]"))
	want := make([]types.Dyn, len(ps))
	for i, p := range ps {
		want[i] = types.DynReal(p)
	}
	wantText := types.DynList(want).String()
	args := []Arg{{Type: types.Dynamic, SQL: pairs}, {Type: types.Dynamic, Const: true, Value: wantText, SQL: sqlx.String(wantText)}}
	picked := sqlx.Expr(l.UDF(weightedRow, types.Dynamic, args...))
	element := func(text sqlx.Expr) sqlx.Expr { return fromRawJSON(t, text) }
	if l.Result != types.Dynamic {
		return element(sqlx.Call("json_extract", picked, sqlx.String("$[0]"))), nil
	}
	list := sqlx.Call("from_json", picked, sqlx.String(`["VARCHAR"]`))
	return bracket(lambda(list, func(q sqlx.Expr) sqlx.Expr { return elementSQL(t, fromRawJSON(t, q)) })), nil
}

// rawJSON is the value as a JSON number: times are ticks here.
func rawJSON(t types.Type, x sqlx.Expr) sqlx.Expr {
	if t == types.Real {
		return packSQL(t, x)
	}
	return varchar(x)
}

func fromRawJSON(t types.Type, text sqlx.Expr) sqlx.Expr {
	switch t {
	case types.Real:
		return sqlx.Cast{X: sqlx.Call("replace", varchar(text), sqlx.String(`"`), sqlx.String("")), Type: "DOUBLE", Try: true}
	case types.Decimal:
		return sqlx.Cast{X: varchar(text), Type: "DECIMAL(38,18)", Try: true}
	}
	return sqlx.Cast{X: varchar(text), Type: "BIGINT", Try: true}
}

// weightedRow picks the values at the fractions of the total weight from a list of
// [value, weight].
var weightedRow = row(".weighted(pairs: dynamic, fractions: const dynamic) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	type pair struct {
		value  types.Dyn
		weight float64
	}
	var pairs []pair
	total := 0.0
	for _, p := range dynArg(a[0]).Items() {
		w, _ := p.Index(1).Float()
		pairs = append(pairs, pair{p.Index(0), w})
		total += w
	}
	slices.SortFunc(pairs, func(a, b pair) int { return a.value.Compare(b.value) })
	var out []types.Dyn
	for _, f := range dynArg(a[1]).Items() {
		fraction, _ := f.Float()
		rank, sum := fraction*total, 0.0
		at := slices.IndexFunc(pairs, func(p pair) bool { sum += p.weight; return cmp.Compare(sum, rank) >= 0 })
		if at < 0 && len(pairs) > 0 {
			at = len(pairs) - 1
		}
		if at < 0 {
			out = append(out, types.Dyn{})
		} else {
			out = append(out, pairs[at].value)
		}
	}
	return types.DynList(out).String()
})
