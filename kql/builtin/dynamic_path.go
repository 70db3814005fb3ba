package builtin

import (
	"strconv"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// pathRows read keys and elements of dynamic values. A chain of constant keys
// becomes one path, so that the JSON text is read once.
var pathRows = []Row{
	{Sig: KeyRow + "(object: dynamic, key: string) -> dynamic", Doc: "d.key and d[\"key\"]: the value of a key of a bag; null for what is not there.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if key, ok := l.Args[1].Value.(string); ok && l.Args[1].Const && plainKey(key) {
				return extend(l.Args[0].SQL, `."`+quotedKey.Replace(key)+`"`), nil
			}
			return l.UDF(l.Row, types.Dynamic, l.Args...), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value { return dynArg(a[0]).Key(a[1].(string)).Value() }},
	{Sig: IndexRow + "(array: dynamic, position: integer) -> dynamic", Doc: "d[0]: an element of an array, from the end when the position is negative; null for what is not there.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if i, ok := l.constant(1); ok {
				return extend(l.Args[0].SQL, "["+strconv.FormatInt(i, 10)+"]"), nil
			}
			return nonNull(sqlx.Call("json_extract", l.Args[0].SQL, bigint(l.Args[1].SQL))), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			if a[1] == nil {
				return nil
			}
			return dynArg(a[0]).Index(a[1].(int64)).Value()
		}},
}

// ReadsPath reports calls of a row that follow a path into a dynamic value, its first
// argument, and read nothing else of it.
func (r *Row) ReadsPath(args []Arg) bool {
	switch r.Name() {
	case KeyRow:
		key, ok := args[1].Value.(string)
		return ok && args[1].Const && plainKey(key)
	case IndexRow:
		return args[1].Const && args[1].Value != nil
	}
	return false
}

// quotedKey writes a key inside the quotes of a path.
var quotedKey = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// plainKey reports keys that may stand in a path: DuckDB takes a star for "all keys"
// even when quoted, and has no empty keys.
func plainKey(key string) bool { return key != "" && !strings.Contains(key, "*") }

// nonNull is the text of extracted JSON, where JSON's null is SQL's.
func nonNull(json sqlx.Expr) sqlx.Expr {
	return sqlx.Call("nullif", varchar(json), sqlx.String("null"))
}

// extend reads one step further than x, within the same path when x is one.
func extend(x sqlx.Expr, step string) sqlx.Expr {
	if base, path, ok := splitPath(x); ok {
		x, step = base, path+step
	} else {
		step = "$" + step
	}
	return nonNull(sqlx.Call("json_extract", x, sqlx.String(step)))
}

// splitPath recognises what extend made.
func splitPath(x sqlx.Expr) (base sqlx.Expr, path string, ok bool) {
	null, ok := x.(sqlx.Func)
	if !ok || null.Name != "nullif" || len(null.Args) != 2 || null.Args[1] != sqlx.Expr(sqlx.String("null")) {
		return nil, "", false
	}
	cast, ok := null.Args[0].(sqlx.Cast)
	if !ok {
		return nil, "", false
	}
	call, ok := cast.X.(sqlx.Func)
	if !ok || call.Name != "json_extract" || len(call.Args) != 2 {
		return nil, "", false
	}
	lit, ok := call.Args[1].(sqlx.Raw)
	if !ok || !strings.HasPrefix(string(lit), "'$") {
		return nil, "", false
	}
	return call.Args[0], strings.ReplaceAll(strings.Trim(string(lit), "'"), "''", "'"), true
}

// dynamicText is tostring() of a dynamic expression, NULL for null: one step with
// the path that x is made of.
func dynamicText(x sqlx.Expr) sqlx.Expr {
	base, path, ok := splitPath(x)
	if !ok {
		base, path = x, "$"
	}
	return sqlx.Call("json_extract_string", base, sqlx.String(path))
}
