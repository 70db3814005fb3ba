package builtin

import (
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// elementsRow gives the elements that mv-expand makes rows of, as a JSON array: an
// array's own, a bag's single-key bags (or [key, value] arrays), else the value
// itself; null is one null element.
var elementsRow = Row{
	Sig: ".elements(value: dynamic, bagArray: const bool) -> dynamic",
	sig: &signature{name: ".elements", params: []Param{{Name: "value", Types: []types.Type{types.Dynamic}}, {Name: "bagArray", Types: []types.Type{types.Bool}}}, result: "dynamic"},
	Go: func(_ *Env, a []types.Value) types.Value {
		text, _ := a[0].(string)
		d, ok := types.ParseDyn(text)
		if !ok || text == "" {
			return "[null]"
		}
		asArray, _ := a[1].(bool)
		switch d.Kind() {
		case types.DynArray:
			return text
		case types.DynBag:
			var items []types.Dyn
			for _, k := range d.Keys() {
				if asArray {
					items = append(items, types.DynList([]types.Dyn{types.DynText(k), d.Key(k)}))
				} else {
					items = append(items, types.DynObject([]string{k}, []types.Dyn{d.Key(k)}))
				}
			}
			return types.DynList(items).String()
		}
		return types.DynList([]types.Dyn{d}).String()
	},
}

// ElementList is the SQL list of the elements of a dynamic value; see elementsRow.
func ElementList(value sqlx.Expr, bagArray bool, hoist func(sqlx.Expr) sqlx.Expr, udf func(*Row, types.Type, ...Arg) sqlx.Expr) sqlx.Expr {
	return sqlx.Call("from_json", ElementArray(value, bagArray, hoist, udf), sqlx.String(`["JSON"]`))
}

// ElementArray is the SQL of the elements as one array. Arrays, the usual case, stay in SQL.
func ElementArray(value sqlx.Expr, bagArray bool, hoist func(sqlx.Expr) sqlx.Expr, udf func(*Row, types.Type, ...Arg) sqlx.Expr) sqlx.Expr {
	v := hoist(value)
	other := udf(&elementsRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: v}, Arg{Type: types.Bool, SQL: sqlx.Bool(bagArray), Const: true, Value: bagArray})
	return sqlx.Case{
		When: []sqlx.When{{Cond: sqlx.Call("starts_with", v, sqlx.String("[")), Then: v}},
		Else: other,
	}
}

// FarNumbers asks whether a JSON text may hold a number that DuckDB writes with an exponent
// where it reads the text into a struct: one far from 1.
func FarNumbers(json sqlx.Expr, udf func(*Row, types.Type, ...Arg) sqlx.Expr) sqlx.Expr {
	return udf(farNumbersRow, types.Bool, Arg{Type: types.String, SQL: json})
}

var farNumbersRow = func() *Row {
	r := row(".far_numbers(json_text: string) -> bool", func(_ *Env, a []types.Value) types.Value { return farNumbers(a[0].(string)) })
	r.Match = farNumbers
	return r
}()

// farNumbers passes strings by. It takes more for far than is: DuckDB's exponents begin
// below 0.0001 and at 1e16.
func farNumbers(json string) bool {
	for i := 0; i < len(json); {
		switch c := json[i]; {
		case c == '"':
			i = afterString(json, i+1)
		case c == '-' || c-'0' < 10:
			end := i + 1
			for end < len(json) && strings.IndexByte("0123456789.+-", json[end]) >= 0 {
				end++
			}
			if end < len(json) && json[end]|0x20 == 'e' || end-i >= 16 || strings.Contains(json[i:end], "0.0000") {
				return true
			}
			i = end
		default:
			i++
		}
	}
	return false
}

// afterString is the place after the string whose content starts at i.
func afterString(json string, i int) int {
	for {
		n := strings.IndexByte(json[i:], '"')
		if n < 0 {
			return len(json)
		}
		i += n + 1
		slashes := 0
		for k := i - 2; k >= 0 && json[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}
