package builtin

import (
	"math"
	"strconv"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// testRows ask about values: what type they are of, whether they are null, empty or
// finite. JSON texts are read here as well.
var testRows = []Row{
	{Sig: "isnull(expression: scalar) -> bool", Doc: "Whether a value is null; a string never is.", Lower: lowerNull(false), Go: goNull(false),
		Examples: []Example{{`isnull(long(null))`, `true`}, {`isnull("")`, `false`}, {`isnull(parse_json("null"))`, `true`}}},
	{Sig: "isnotnull(expression: scalar) -> bool", Doc: "Whether a value is not null; a string never is null.", Lower: lowerNull(true), Go: goNull(true),
		Examples: []Example{{`isnotnull(5)`, `true`}, {`isnotnull(datetime(null))`, `false`}}},
	{Sig: "notnull(expression: scalar) -> bool", Doc: "The old name of isnotnull().", Sem: Deprecated, Lower: lowerNull(true), Go: goNull(true),
		Examples: []Example{{`notnull(5)`, `true`}}},

	{Sig: "isempty(value: dynamic) -> bool", Doc: isEmptyDoc, Lower: lowerEmpty(false), Go: goEmpty(types.Dynamic, false),
		Examples: []Example{{`isempty(dynamic(""))`, `true`}, {`isempty(dynamic([]))`, `false`}}},
	{Sig: "isempty(value: scalar) -> bool", Doc: isEmptyDoc, Lower: lowerEmpty(false), Go: goEmpty(types.String, false),
		Examples: []Example{{`isempty("")`, `true`}, {`isempty(0)`, `false`}, {`isempty(long(null))`, `true`}}},
	{Sig: "isnotempty(value: dynamic) -> bool", Doc: isNotEmptyDoc, Lower: lowerEmpty(true), Go: goEmpty(types.Dynamic, true),
		Examples: []Example{{`isnotempty(dynamic({}))`, `true`}}},
	{Sig: "isnotempty(value: scalar) -> bool", Doc: isNotEmptyDoc, Lower: lowerEmpty(true), Go: goEmpty(types.String, true),
		Examples: []Example{{`isnotempty("a")`, `true`}}},
	{Sig: "notempty(value: dynamic) -> bool", Doc: "The old name of isnotempty().", Sem: Deprecated, Lower: lowerEmpty(true), Go: goEmpty(types.Dynamic, true),
		Examples: []Example{{`notempty(dynamic(1))`, `true`}}},
	{Sig: "notempty(value: scalar) -> bool", Doc: "The old name of isnotempty().", Sem: Deprecated, Lower: lowerEmpty(true), Go: goEmpty(types.String, true),
		Examples: []Example{{`notempty("")`, `false`}}},

	{Sig: "isnan(number: real) -> bool", Doc: "Whether a real is NaN.", Sem: Strict, Duck: "isnan({number})",
		Go:       func(_ *Env, a []types.Value) types.Value { return math.IsNaN(a[0].(float64)) },
		Examples: []Example{{`isnan(0.0 / 0.0)`, `true`}, {`isnan(1)`, `false`}}},
	{Sig: "isinf(number: real) -> bool", Doc: "Whether a real is an infinity.", Sem: Strict, Duck: "isinf({number})",
		Go:       func(_ *Env, a []types.Value) types.Value { return math.IsInf(a[0].(float64), 0) },
		Examples: []Example{{`isinf(-1.0 / 0)`, `true`}}},
	{Sig: "isfinite(number: real) -> bool", Doc: "Whether a real is neither NaN nor an infinity.", Sem: Strict, Duck: "isfinite({number})",
		Go: func(_ *Env, a []types.Value) types.Value {
			f := a[0].(float64)
			return !math.IsNaN(f) && !math.IsInf(f, 0)
		},
		Examples: []Example{{`isfinite(1.5)`, `true`}}},

	{Sig: "gettype(value: dynamic) -> string", Doc: getTypeDoc, ResultName: NamePrefixArg, Prefix: "type",
		Duck: "CASE json_type({value}) WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'DOUBLE' THEN 'double' WHEN 'BIGINT' THEN 'long' WHEN 'UBIGINT' THEN 'long' WHEN 'HUGEINT' THEN 'double' ELSE 'null' END",
		Go:   func(_ *Env, a []types.Value) types.Value { return dynType(dyn(a[0])) },
		Examples: []Example{{`gettype(dynamic({}))`, `"dictionary"`}, {`gettype(dynamic([1]))`, `"array"`}, {`gettype(dynamic(1.5))`, `"double"`}, {`gettype(dynamic(1))`, `"long"`},
			{`gettype(dynamic(null))`, `"null"`}}},
	typeRow(types.Bool, "true"), typeRow(types.Int, "int(1)"), typeRow(types.Long, "1"), typeRow(types.Real, "1.5"), typeRow(types.Decimal, "decimal(1)"),
	typeRow(types.String, `"a"`), typeRow(types.Datetime, "datetime(2020-01-01)"), typeRow(types.Timespan, "1h"), typeRow(types.Guid, "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"),

	{Sig: "tohex(value: int, minLength?: long) -> string", Doc: toHexDoc, ResultName: NameFirstArg, Sem: EmptyOnNull,
		Lower:    lowerHex(math.MaxUint32),
		Go:       goHex(math.MaxUint32),
		Examples: []Example{{`tohex(toint(-256), 8)`, `"ffffff00"`}}},
	{Sig: "tohex(value: long, minLength?: long) -> string", Doc: toHexDoc, ResultName: NameFirstArg, Sem: EmptyOnNull,
		Lower:    lowerHex(math.MaxUint64),
		Go:       goHex(math.MaxUint64),
		Examples: []Example{{`tohex(256)`, `"100"`}, {`tohex(-256)`, `"ffffffffffffff00"`}, {`tohex(256, 8)`, `"00000100"`}}},

	jsonRow("parse_json", types.String), jsonRow("parse_json", types.Dynamic),
	jsonRow("todynamic", types.String), jsonRow("todynamic", types.Dynamic),
	jsonRow("toobject", types.String), jsonRow("toobject", types.Dynamic),
	jsonRow("parsejson", types.String), jsonRow("parsejson", types.Dynamic),
}

const (
	isEmptyDoc    = "Whether a value is null or the empty string."
	isNotEmptyDoc = "Whether a value is neither null nor the empty string."
	getTypeDoc    = "The name of the value's type; of a dynamic value the kind it has: array, dictionary, string, long, double, bool, null."
	toHexDoc      = "An integer in hexadecimal, two's complement when negative, with zeros up to a least length."
)

func lowerNull(not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		switch {
		case l.Args[0].Type == types.String:
			return sqlx.Bool(not), nil
		case not:
			return sqlx.NotNull(l.sql(0)), nil
		}
		return sqlx.IsNull(l.sql(0)), nil
	}
}

func goNull(not bool) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value { return (a[0] == nil) != not }
}

func lowerEmpty(not bool) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		switch l.Args[0].Type {
		case types.String:
			return sqlx.Infix(equalSign(not), l.sql(0), sqlx.String("")), nil
		case types.Dynamic:
			return sqlx.Infix(equalSign(not), sqlx.Call("coalesce", l.sql(0), sqlx.String(`""`)), sqlx.String(`""`)), nil
		}
		return lowerNull(not)(l)
	}
}

func goEmpty(t types.Type, not bool) func(*Env, []types.Value) types.Value {
	empty := types.Value("")
	if t == types.Dynamic {
		empty = `""`
	}
	return func(_ *Env, a []types.Value) types.Value { return (a[0] == nil || a[0] == empty) != not }
}

func typeRow(t types.Type, example string) Row {
	return Row{Sig: "gettype(value: " + t.String() + ") -> string", Doc: getTypeDoc, ResultName: NamePrefixArg, Prefix: "type",
		Duck: "'" + t.String() + "'", Go: func(*Env, []types.Value) types.Value { return t.String() },
		Examples: []Example{{"gettype(" + example + ")", `"` + t.String() + `"`}}}
}

func dynType(d types.Dyn) string {
	switch d.Kind() {
	case types.DynBool:
		return "bool"
	case types.DynNumber:
		if _, ok := d.Int(); ok {
			return "long"
		}
		return "double"
	case types.DynString:
		return "string"
	case types.DynArray:
		return "array"
	case types.DynBag:
		return "dictionary"
	}
	return "null"
}

func lowerHex(mask uint64) func(*Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		x := l.sql(0)
		if mask == math.MaxUint32 {
			x = sqlx.Infix("&", x, sqlx.BigInt(math.MaxUint32))
		}
		hex := sqlx.Expr(sqlx.Call("lower", sqlx.Call("hex", x)))
		if len(l.Args) == 1 {
			return hex, nil
		}
		hex = l.Hoist(hex)
		n := sqlx.Call("least", sqlx.Call("greatest", sqlx.Call("length", hex), l.sql(1)), sqlx.Raw(strconv.Itoa(maxHex)))
		return sqlx.Call("lpad", hex, sqlx.Cast{X: n, Type: "INTEGER"}, sqlx.String("0")), nil
	}
}

// maxHex bounds the length that tohex() pads to.
const maxHex = 1024

func goHex(mask uint64) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		v, ok := a[0].(int64)
		if !ok {
			return ""
		}
		s := strconv.FormatUint(uint64(v)&mask, 16)
		if len(a) > 1 && a[1] != nil {
			if n := int(min(a[1].(int64), maxHex)); n > len(s) {
				s = strings.Repeat("0", n-len(s)) + s
			}
		}
		return s
	}
}

// jsonRow reads JSON text. A dynamic string is read once more, since values often
// hold JSON in JSON; other dynamic values are what they are.
func jsonRow(name string, from types.Type) Row {
	r := Row{Sig: name + "(json_text: " + from.String() + ") -> dynamic", ResultName: NameFirstArg,
		Doc: "The value of a JSON text; text that is no JSON becomes a dynamic string, the empty text null."}
	if name != "parse_json" {
		r.Doc = "Another name of parse_json()."
	}
	if from == types.String {
		r.Lower = func(l *Lowering) (sqlx.Expr, error) { return l.parseJSON(l.once(0), l.once(0)), nil }
		r.Go = func(_ *Env, a []types.Value) types.Value { return parseJSON(a[0].(string)) }
		r.Examples = []Example{{name + `("[1, 2]")`, `dynamic([1,2])`}, {name + `("x y")`, `dynamic("x y")`}, {name + `("")`, `dynamic(null)`}}
		return r
	}
	r.Lower = func(l *Lowering) (sqlx.Expr, error) { return l.parsedOnce(l.parseJSON), nil }
	r.Go = func(_ *Env, a []types.Value) types.Value {
		if s, ok := dyn(a[0]).Str(); ok {
			return parseJSON(s)
		}
		return a[0]
	}
	r.Examples = []Example{{name + `(dynamic("[1]"))`, `dynamic([1])`}, {name + `(dynamic({"a":1}))`, `dynamic({"a":1})`}}
	return r
}

func parseJSON(s string) types.Value {
	if d, ok := types.ParseDyn(s); ok {
		return d.Value()
	}
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return types.DynText(s).Value()
}

// ForKeys is the row that reads JSON in the place of parse_json() for those who read
// nothing but keys and elements of the value. It leaves JSON as it is written, and gives
// null for text that is none and has no keys. nil when r is no such row.
func (r *Row) ForKeys() *Row {
	switch r.Name() {
	case "parse_json", "todynamic", "toobject", "parsejson":
		return jsonForKeys[r.Params()[0].Types[0]]
	}
	return nil
}

var jsonForKeys = map[types.Type]*Row{types.String: forKeysRow(types.String), types.Dynamic: forKeysRow(types.Dynamic)}

const jsonRowForKeys = ".json"

func forKeysRow(from types.Type) *Row {
	r := row(jsonRowForKeys+"(json_text: "+from.String()+") -> dynamic", jsonRow("parse_json", from).Go)
	r.Lower = func(l *Lowering) (sqlx.Expr, error) {
		if from == types.String {
			return l.jsonForKeys(l.once(0), l.once(0)), nil
		}
		return l.parsedOnce(func(s, x sqlx.Expr) sqlx.Expr { return l.jsonForKeys(s, x) }), nil
	}
	return r
}

// IsJSON recognises the SQL of rows that ForKeys gives: JSON or null.
func IsJSON(x sqlx.Expr) bool {
	c, ok := x.(sqlx.Case)
	if !ok {
		return false
	}
	first := c.When[0]
	if c.Else != nil { // of a dynamic value
		return len(c.When) == 1 && IsJSON(first.Then)
	}
	valid, ok := first.Cond.(sqlx.Func)
	return ok && strings.Contains(valid.Name, validJSON.Name()[1:]) && sqlx.Text(valid.Args[0]) == sqlx.Text(first.Then)
}

// parsedOnce is the SQL form of a parse_json() of a dynamic value; parse is that of a text,
// given the text and the argument that it comes from.
func (l *Lowering) parsedOnce(parse func(s, x sqlx.Expr) sqlx.Expr) sqlx.Expr {
	x := l.once(0)
	isText := sqlx.Call("starts_with", x, sqlx.String(`"`))
	text := l.Hoist(when(isText, sqlx.Call("json_extract_string", x, sqlx.String("$")))) // the rest is not read
	return when(isText, parse(text, x), x)
}

// parseJSON is the SQL form of parseJSON().
func (l *Lowering) parseJSON(s, x sqlx.Expr) sqlx.Expr {
	c := l.jsonForKeys(s, x)
	c.When[0].Then = sqlx.Call("nullif", varchar(sqlx.Call("json", s)), sqlx.String("null"))
	c.When = append(c.When, sqlx.When{Cond: sqlx.Infix("<>", sqlx.Call("trim", s, sqlx.String(" \t\r\n")), sqlx.String("")), Then: varchar(sqlx.Call("to_json", s))})
	return c
}

// validJSON is asked in the place of DuckDB's json_valid(), which takes more for JSON than
// is: nan, inf and infinity in any case, and commas before a closing bracket.
var validJSON = func() *Row {
	r := row(".valid_json(json_text: string) -> bool", func(_ *Env, a []types.Value) types.Value { return types.ValidJSON(a[0].(string)) })
	r.Match = types.ValidJSON
	return r
}()

// jsonForKeys is the text s where it is JSON, else null. The text that DuckDB refuses
// because of half a surrogate pair is read by the Go form, which gets x, the argument of
// the call.
func (l *Lowering) jsonForKeys(s, x sqlx.Expr) sqlx.Case {
	arg := l.Args[0]
	arg.SQL = x
	half := sqlx.Infix("OR", sqlx.Call("contains", s, sqlx.String(`\ud`)), sqlx.Call("contains", s, sqlx.String(`\uD`)))
	return sqlx.Case{When: []sqlx.When{
		{Cond: l.UDF(validJSON, types.Bool, Arg{Type: types.String, SQL: s}), Then: s},
		{Cond: half, Then: l.UDF(l.Row, l.Result, arg)},
	}}
}
