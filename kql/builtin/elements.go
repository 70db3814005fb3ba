package builtin

import (
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
// Arrays, the usual case, stay in SQL.
func ElementList(value sqlx.Expr, bagArray bool, hoist func(sqlx.Expr) sqlx.Expr, udf func(*Row, types.Type, ...Arg) sqlx.Expr) sqlx.Expr {
	v := hoist(value)
	other := udf(&elementsRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: v}, Arg{Type: types.Bool, SQL: sqlx.Bool(bagArray), Const: true, Value: bagArray})
	array := sqlx.Case{
		When: []sqlx.When{{Cond: sqlx.Call("starts_with", v, sqlx.String("[")), Then: v}},
		Else: other,
	}
	return sqlx.Call("from_json", array, sqlx.String(`["JSON"]`))
}
