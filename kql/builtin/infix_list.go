package builtin

import (
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// listOperatorRows are in, has_any and has_all with their relatives. The list is
// written out, or it is dynamic arrays (nested ones count as one list). A table on
// the right side is the planner's business.
func listOperatorRows() []Row {
	var rows []Row
	for _, op := range []string{"in", "!in"} {
		not := op[0] == '!'
		for _, t := range comparableTypes {
			n, s := t.String(), sample[t]
			rows = append(rows,
				Row{Sig: op + "(value: " + n + ", list: dynamic, more...: dynamic) -> bool", Kind: Infix, Doc: inDoc(not),
					Lower: lowerInArrays(t, not, false), Go: goInArrays(t, not, false),
					Examples: []Example{{s[0] + " " + op + " (dynamic([]))", boolText(not)}}},
				Row{Sig: op + "(value: " + n + ", values...: " + n + ") -> bool", Kind: Infix, Doc: inDoc(not),
					Lower: lowerIn(not, false), Go: goIn(t, not, false),
					Examples: []Example{{s[0] + " " + op + " (" + s[1] + ", " + s[0] + ")", boolText(!not)}}})
		}
		rows = append(rows, Row{Sig: op + "(value: dynamic, list: dynamic, more...: dynamic) -> bool", Kind: Infix, Doc: inDoc(not),
			Go:       goInArrays(types.Dynamic, not, false),
			Examples: []Example{{`dynamic(2) ` + op + ` (dynamic([1, 2]))`, boolText(!not)}}})
	}
	for _, op := range []string{"in~", "!in~"} {
		not := op[0] == '!'
		rows = append(rows,
			Row{Sig: op + "(value: text, list: dynamic, more...: dynamic) -> bool", Kind: Infix, Doc: inDoc(not) + " Case does not count.", Check: stringOrDynamic(0),
				Lower: lowerInArrays(types.String, not, true), Go: goInArrays(types.String, not, true),
				Examples: []Example{{`"A" ` + op + ` (dynamic(["a", "b"]))`, boolText(!not)}}},
			Row{Sig: op + "(value: string, values...: string) -> bool", Kind: Infix, Doc: inDoc(not) + " Case does not count.",
				Lower: lowerIn(not, true), Go: goIn(types.String, not, true),
				Examples: []Example{{`"A" ` + op + ` ("a", "b")`, boolText(!not)}}})
	}
	term := textTest{testTerm, true, true, true}
	for _, all := range []bool{false, true} {
		op, doc := "has_any", "Whether a string has one of the terms, whatever the case."
		if all {
			op, doc = "has_all", "Whether a string has all of the terms, whatever the case."
		}
		rows = append(rows,
			Row{Sig: op + "(source: string, list: dynamic, more...: dynamic) -> bool", Kind: Infix, Doc: doc,
				Lower: lowerHasArrays(term, all), Go: goHasArrays(term, all),
				Examples: []Example{{`"north america" ` + op + ` (dynamic(["North", "South"]))`, boolText(!all)}}},
			Row{Sig: op + "(source: string, values...: text) -> bool", Kind: Infix, Doc: doc, Check: noArrays,
				Lower: lowerHas(term, all), Go: goHas(term, all),
				Examples: []Example{{`"north america" ` + op + ` ("North", "South")`, boolText(!all)}}})
	}
	return rows
}

// noArrays refuses arrays among written values: as a text an array would be searched
// with its brackets.
func noArrays(args []Arg) (int, string) {
	for i, a := range args[1:] {
		if a.Type == types.Dynamic {
			return i + 1, "!the list mixes values and dynamic arrays: write all values as one array, or convert single ones with tostring()"
		}
	}
	return 0, ""
}

func inDoc(not bool) string {
	if not {
		return "Whether a value equals none of a list."
	}
	return "Whether a value equals one of a list."
}

func goIn(t types.Type, not, fold bool) func(*Env, []types.Value) types.Value {
	eq := goEqual(t, false)
	return func(e *Env, a []types.Value) types.Value {
		x := folded(a[0], fold)
		for _, v := range a[1:] {
			if eq(e, []types.Value{x, folded(v, fold)}) == true {
				return !not
			}
		}
		return not
	}
}

func folded(v types.Value, fold bool) types.Value {
	if s, ok := v.(string); ok && fold {
		return strings.ToLower(s)
	}
	return v
}

// lowerIn is the list written out: IN with the constants, OR with the rest.
func lowerIn(not, fold bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		var list []sqlx.Expr
		var rest []Arg
		for _, a := range l.Args[1:] {
			switch v := a.Value.(type) {
			case nil:
				if !a.Const {
					rest = append(rest, a)
				}
			case string:
				if fold {
					v = strings.ToLower(v)
				}
				list = append(list, literal(a.Type, v))
			case float64:
				if v == v {
					list = append(list, a.SQL)
				}
			default:
				list = append(list, a.SQL)
			}
		}
		x := l.Args[0]
		if len(rest) > 0 {
			x.SQL = l.once(0)
		}
		conds := []sqlx.Expr{}
		if len(list) > 0 || len(rest) == 0 {
			conds = append(conds, inConstants(x, list, not, fold, l.Filter))
		}
		for _, a := range rest {
			pair := Lowering{Row: l.Row, Args: []Arg{x, a}, Hoist: l.Hoist}
			left, right := x.SQL, a.SQL
			if fold {
				left, right = sqlx.Call("lower", left), sqlx.Call("lower", right)
			}
			conds = append(conds, sqlx.Call("coalesce", equal(&pair, left, right, not), sqlx.Bool(not)))
		}
		op := "OR"
		if not {
			op = "AND"
		}
		if len(conds) == 1 {
			return conds[0], nil
		}
		return sqlx.Infix(op, conds...), nil
	}
}

// inConstants is x IN (list): false for a null x, and true when negated.
func inConstants(x Arg, list []sqlx.Expr, not, fold, filter bool) sqlx.Expr {
	if len(list) == 0 {
		return sqlx.Bool(not)
	}
	s := x.SQL
	if fold {
		s = sqlx.Call("lower", s)
	}
	in := sqlx.InList{X: s, Not: not, List: list}
	if x.Type == types.String || filter && !not {
		return in
	}
	return sqlx.Call("coalesce", in, sqlx.Bool(not))
}

// lowerInArrays folds constant arrays into a list; others are searched by the Go form.
func lowerInArrays(t types.Type, not, fold bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		items, ok := constantItems(l.Args[1:])
		if !ok || l.Args[0].Type == types.Dynamic {
			return l.UDF(l.Row, l.Result, l.Args...), nil
		}
		var list []sqlx.Expr
		for _, d := range items {
			v := fromDyn(t, d)
			if f, isReal := v.(float64); v == nil || isReal && f != f {
				continue
			}
			list = append(list, literal(t, folded(v, fold)))
		}
		return inConstants(l.Args[0], list, not, fold, l.Filter), nil
	}
}

func goInArrays(t types.Type, not, fold bool) func(*Env, []types.Value) types.Value {
	return func(e *Env, a []types.Value) types.Value {
		if a[0] == nil {
			return not
		}
		x := folded(a[0], fold)
		if f, ok := x.(float64); ok && f != f {
			return not
		}
		switch t {
		case types.Dynamic:
			x = dyn(a[0]).SetKey()
		case types.Decimal:
			x = parseDecimal(a[0].(string))
		}
		for _, arg := range a[1:] {
			if _, ok := e.valueSet(arg, t, fold)[x]; ok {
				return !not
			}
		}
		return not
	}
}

// fromDyn is an element of a list as a value of the left side's type; nil when it can
// equal none. Numbers compare by value, texts as they are written.
func fromDyn(t types.Type, d types.Dyn) types.Value {
	switch t {
	case types.Dynamic:
		if d.IsNull() {
			return nil
		}
		return d.SetKey()
	case types.String:
		if d.IsNull() {
			return nil
		}
		return d.Text()
	case types.Long:
		if v, ok := d.Int(); ok {
			return v
		}
		if f, ok := d.Float(); ok && f == float64(int64(f)) {
			return int64(f)
		}
		return nil
	case types.Bool:
		if v, ok := d.Bool(); ok {
			return v
		}
		return nil
	case types.Real:
		if v, ok := d.Float(); ok {
			return v
		}
		return nil
	}
	return convertDyn(t, d)
}

// constantItems are the elements of constant arrays; ok is false when one is not constant.
func constantItems(args []Arg) (items []types.Dyn, ok bool) {
	for _, a := range args {
		if !a.Const {
			return nil, false
		}
		if s, isText := a.Value.(string); isText {
			if d, valid := types.ParseDyn(s); valid {
				items = flatten(items, d)
			}
		}
	}
	return items, true
}

// flatten appends the elements of an array and of the arrays in it; a value that is
// no array is a list of one.
func flatten(items []types.Dyn, d types.Dyn) []types.Dyn {
	if d.Kind() != types.DynArray {
		return append(items, d)
	}
	for _, e := range d.Items() {
		items = flatten(items, e)
	}
	return items
}

func goHas(t textTest, all bool) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		s := t.folded(a[0].(string))
		for _, v := range a[1:] {
			if t.holds(s, t.folded(v.(string))) != all {
				return !all
			}
		}
		return all
	}
}

func goHasArrays(t textTest, all bool) func(*Env, []types.Value) types.Value {
	return func(e *Env, a []types.Value) types.Value {
		s := t.folded(a[0].(string))
		for _, arg := range a[1:] {
			for _, n := range e.needles(arg, t.fold) {
				if t.holds(s, n) != all {
					return !all
				}
			}
		}
		return all
	}
}

func lowerHas(t textTest, all bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		needles := make([]string, 0, len(l.Args)-1)
		for _, a := range l.Args[1:] {
			n, ok := a.Value.(string)
			if !ok || !a.Const {
				return l.UDF(l.Row, l.Result, l.Args...), nil
			}
			needles = append(needles, n)
		}
		return t.hasList(l, needles, all), nil
	}
}

func lowerHasArrays(t textTest, all bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		items, ok := constantItems(l.Args[1:])
		if !ok {
			return l.UDF(l.Row, l.Result, l.Args...), nil
		}
		needles := make([]string, len(items))
		for i, d := range items {
			needles[i] = d.Text()
		}
		return t.hasList(l, needles, all), nil
	}
}

// hasList asks for one or for all of the needles.
func (t textTest) hasList(l *Lowering, needles []string, all bool) sqlx.Expr {
	if !all {
		switch len(needles) {
		case 0:
			return sqlx.False
		case 1:
			return t.lowerTerm(l, needles[0])
		}
		list := textArray(needles).(string)
		return l.UDF(hasAnyRow, types.Bool, l.Args[0], Arg{Type: types.String, Const: true, Value: list, SQL: sqlx.String(list)})
	}
	if len(needles) == 0 {
		return sqlx.True
	}
	each := *l
	each.Args = []Arg{l.Args[0]}
	each.Args[0].SQL = l.once(0)
	conds := make([]sqlx.Expr, len(needles))
	for i, n := range needles {
		conds[i] = t.lowerTerm(&each, n)
	}
	return sqlx.And(conds...)
}
