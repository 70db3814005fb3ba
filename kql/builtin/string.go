package builtin

import (
	"slices"
	"strings"
	"unicode/utf8"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// stringRows are the functions over strings; the groups of them stand in the files
// string_*.go, parse_*.go, encode.go and hash.go.
var stringRows = slices.Concat(textRows, searchRows, regexRows, parseRows, encodeRows, hashRows)

var textRows = []Row{
	{Sig: "strlen(string: text) -> long", Doc: "The number of characters (Unicode code points) of a string.", Check: stringOrDynamic(0),
		ResultName: NameFuncArg, Duck: "length({string})",
		Go:       func(_ *Env, a []types.Value) types.Value { return int64(utf8.RuneCountInString(a[0].(string))) },
		Examples: []Example{{`strlen("hello")`, `5`}, {`strlen("")`, `0`}, {`strlen("👨‍👩‍👧")`, `5`}}},
	{Sig: "string_size(string: text) -> long", Doc: "The number of bytes of a string in UTF-8.", Check: stringOrDynamic(0),
		ResultName: NameFuncArg, Duck: "strlen({string})",
		Go:       func(_ *Env, a []types.Value) types.Value { return int64(len(a[0].(string))) },
		Examples: []Example{{`string_size("café")`, `5`}}},
	{Sig: "strcat(arg: text, args...: text) -> string", Doc: "The texts one after the other.",
		Lower: func(l *Lowering) (sqlx.Expr, error) { return sqlx.Call("concat", l.all(0)...), nil },
		Go: func(_ *Env, a []types.Value) types.Value {
			var b strings.Builder
			for _, v := range a {
				b.WriteString(v.(string))
			}
			return b.String()
		},
		Examples: []Example{{`strcat("a", 1, true)`, `"a1True"`}, {`strcat("a", long(null), "c")`, `"ac"`}}},
	{Sig: "strcat_delim(delimiter: text, arg: text, args...: text) -> string", Doc: "The texts with a delimiter between.",
		Lower:    func(l *Lowering) (sqlx.Expr, error) { return sqlx.Call("concat_ws", l.all(0)...), nil },
		Go:       func(_ *Env, a []types.Value) types.Value { return strings.Join(texts(a[1:]), a[0].(string)) },
		Examples: []Example{{`strcat_delim("-", 1, "2", "A")`, `"1-2-A"`}, {`strcat_delim(",", "a", "", "b")`, `"a,,b"`}}},
	{Sig: "strcat_array(array: dynamic, delimiter: text) -> string", Doc: "The elements of an array as texts with a delimiter between; a null is an empty text.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dyn(a[0])
			if d.Kind() != types.DynArray {
				return ""
			}
			parts := make([]string, d.Len())
			for i, e := range d.Items() {
				parts[i] = e.Text()
			}
			return strings.Join(parts, a[1].(string))
		},
		Examples: []Example{{`strcat_array(dynamic([1, 2, 3]), "->")`, `"1->2->3"`}, {`strcat_array(dynamic([1, null, 3]), "-")`, `"1--3"`}}},
	{Sig: "strrep(value: text, multiplier: long, delimiter?: text) -> string", Doc: "A text repeated, 1024 times at most, with a delimiter between when one is given.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if len(l.Args) > 2 {
				return l.UDF(l.Row, l.Result, l.Args...), nil
			}
			n := sqlx.Call("greatest", sqlx.Call("least", sqlx.Call("coalesce", l.sql(1), sqlx.Raw("0")), sqlx.BigInt(maxRepeat)), sqlx.BigInt(0))
			return sqlx.Call("repeat", l.sql(0), n), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			n, _ := a[1].(int64)
			n = min(n, maxRepeat)
			if n <= 0 {
				return ""
			}
			s := a[0].(string)
			if len(a) > 2 {
				return strings.Repeat(s+a[2].(string), int(n-1)) + s
			}
			return strings.Repeat(s, int(n))
		},
		Examples: []Example{{`strrep("ABC", 2)`, `"ABCABC"`}, {`strrep(123.5, 3, "-")`, `"123.5-123.5-123.5"`}, {`strrep("a", 0)`, `""`}}},
	{Sig: "strcmp(s1: text, s2: text) -> long", Doc: "-1, 0 or 1 as the first string sorts before, with or after the second.",
		Duck:     "CAST(CASE WHEN {s1} < {s2} THEN -1 WHEN {s1} > {s2} THEN 1 ELSE 0 END AS BIGINT)",
		Go:       func(_ *Env, a []types.Value) types.Value { return int64(strings.Compare(a[0].(string), a[1].(string))) },
		Examples: []Example{{`strcmp("ABC", "abc")`, `-1`}, {`strcmp("b", "a")`, `1`}, {`strcmp("a", "a")`, `0`}}},
	{Sig: "tolower(value: text) -> string", Doc: "The text in lower case.",
		Duck:     "lower({value})",
		Go:       func(_ *Env, a []types.Value) types.Value { return strings.ToLower(a[0].(string)) },
		Examples: []Example{{`tolower("ÅNGSTRÖM")`, `"ångström"`}}},
	{Sig: "toupper(value: text) -> string", Doc: "The text in upper case.",
		Duck:     "upper({value})",
		Go:       func(_ *Env, a []types.Value) types.Value { return strings.ToUpper(a[0].(string)) },
		Examples: []Example{{`toupper("naïve")`, `"NAÏVE"`}}},
	{Sig: "reverse(value: text) -> string", Doc: "The characters of a text in reverse order.",
		Go: func(_ *Env, a []types.Value) types.Value {
			r := []rune(a[0].(string))
			slices.Reverse(r)
			return string(r)
		},
		Examples: []Example{{`reverse("abc")`, `"cba"`}, {`reverse(123)`, `"321"`}}},
	{Sig: "substring(source: text, startingIndex: long, length?: long) -> string", Doc: "The part of a text from an index on, counted from 0, from the end when negative.",
		Lower: lowerSubstring, Go: goSubstring,
		Examples: []Example{{`substring("hello", 1, 3)`, `"ell"`}, {`substring("abc", 9)`, `""`}, {`substring("hello", -3, 2)`, `"ll"`}, {`substring("hello", -100, 3)`, `""`}, {`substring("xy", -2)`, `"xy"`},
			{`substring("abc", 0, 0)`, `""`}}},
	{Sig: "split(source: text, delimiter: string, requestedIndex?: long) -> dynamic", ResultName: NameFirstArg,
		Doc:   "The parts of a text between delimiters as an array; with an index the array has that part alone.",
		Lower: lowerSplit,
		Go: func(_ *Env, a []types.Value) types.Value {
			parts := []string{a[0].(string)}
			if d := a[1].(string); d != "" {
				parts = strings.Split(a[0].(string), d)
			}
			if len(a) > 2 {
				i, ok := a[2].(int64)
				if !ok || i < 0 || i >= int64(len(parts)) {
					return nil
				}
				parts = parts[i : i+1]
			}
			return textArray(parts)
		},
		Examples: []Example{{`split("a,,b", ",")`, `dynamic(["a","","b"])`}, {`split("", ",")`, `dynamic([""])`}, {`split("a,b", ",", 1)`, `dynamic(["b"])`}, {`split("noequals", "=", 1)`, `dynamic(null)`}}},
	{Sig: "translate(searchList: string, replacementList: string, source: string) -> string",
		Doc: "Replaces the characters of one list by those of another; the last of a shorter list stands for the rest, an empty list removes.",
		Go: func(_ *Env, a []types.Value) types.Value {
			return translate(a[0].(string), a[1].(string), a[2].(string))
		},
		Examples: []Example{{`translate("krasp", "otsku", "spark")`, `"kusto"`}, {`translate("abc", "x", "abc")`, `"xxx"`}, {`translate("abc", "", "ab")`, `""`}}},
	codePointsRow("unicode_codepoints_from_string", 0), codePointsRow("to_utf8", Deprecated),
	makeStringRow("unicode_codepoints_to_string", 0),
	makeStringRow("make_string", Deprecated),
	{Sig: "isascii(value: text) -> bool", Doc: "Whether all characters of a text are ASCII.",
		Duck:     "strlen({value}) = length({value})",
		Go:       func(_ *Env, a []types.Value) types.Value { return ascii(a[0].(string)) },
		Examples: []Example{{`isascii("some string")`, `true`}, {`isascii("é")`, `false`}}},
	{Sig: "isutf8(value: text) -> bool", Doc: "Whether a text is valid UTF-8, which stored texts always are.",
		Duck:     "{value} IS NOT NULL",
		Go:       func(_ *Env, a []types.Value) types.Value { return utf8.ValidString(a[0].(string)) },
		Examples: []Example{{`isutf8("some string")`, `true`}}},
}

// maxRepeat is how often strrep() repeats at most.
const maxRepeat = 1024

// all are the SQL forms of the arguments from i on.
func (l *Lowering) all(i int) []sqlx.Expr {
	var out []sqlx.Expr
	for _, a := range l.Args[i:] {
		out = append(out, a.SQL)
	}
	return out
}

func texts(a []types.Value) []string {
	out := make([]string, len(a))
	for i, v := range a {
		out[i], _ = v.(string)
	}
	return out
}

// textArray is an array of strings.
func textArray(list []string) types.Value {
	items := make([]types.Dyn, len(list))
	for i, s := range list {
		items[i] = types.DynText(s)
	}
	return types.DynList(items).Value()
}

// stringOrDynamic refuses arguments of other types where the parameter takes any text.
func stringOrDynamic(i int) func([]Arg) (int, string) {
	return func(args []Arg) (int, string) {
		if i < len(args) {
			if t := args[i].Type; t != types.String && t != types.Dynamic && t != types.Unknown {
				return i, "the argument must be a string or dynamic, not a " + t.String()
			}
		}
		return 0, ""
	}
}

func lowerSubstring(l *Lowering) (sqlx.Expr, error) {
	start, constStart := l.constant(1)
	length := []sqlx.Expr{}
	if len(l.Args) > 2 {
		n := sqlx.Call("greatest", sqlx.Call("coalesce", l.sql(2), sqlx.Raw("0")), sqlx.BigInt(0))
		if c, ok := l.constant(2); ok {
			length = append(length, sqlx.BigInt(min(max(c, 0), maxText)))
		} else {
			length = append(length, sqlx.Call("least", n, sqlx.BigInt(maxText)))
		}
	}
	part := func(s, from sqlx.Expr) sqlx.Expr {
		return sqlx.Call("substring", append([]sqlx.Expr{s, from}, length...)...)
	}
	if constStart && start >= 0 {
		return part(l.sql(0), sqlx.BigInt(min(start, maxText)+1)), nil
	}
	s, from := l.once(0), l.once(1)
	size := sqlx.Call("length", s)
	before := sqlx.Expr(sqlx.String("")) // where the start lies before the text
	if len(l.Args) == 2 {
		before = s
	}
	return sqlx.Case{When: []sqlx.When{
		{Cond: sqlx.IsNull(from), Then: sqlx.String("")},
		{Cond: sqlx.Infix(">=", from, sqlx.BigInt(0)), Then: part(s, sqlx.Infix("+", sqlx.Call("least", from, sqlx.BigInt(maxText)), sqlx.BigInt(1)))},
		{Cond: sqlx.Infix("<", sqlx.Infix("+", sqlx.Call("greatest", from, sqlx.BigInt(-maxText)), size), sqlx.BigInt(0)), Then: before},
	}, Else: part(s, sqlx.Infix("+", size, sqlx.Call("greatest", from, sqlx.BigInt(-maxText)), sqlx.BigInt(1)))}, nil
}

// maxText is more characters than a text can have; DuckDB takes no greater offsets
// than twice as many.
const maxText = 1 << 31

func goSubstring(_ *Env, a []types.Value) types.Value {
	start, ok := a[1].(int64)
	if !ok {
		return ""
	}
	s := a[0].(string)
	n := int64(utf8.RuneCountInString(s))
	if start < 0 {
		if start < -n {
			if len(a) == 2 {
				return s
			}
			return ""
		}
		start += n
	}
	length := n
	if len(a) > 2 {
		length, _ = a[2].(int64)
	}
	if length <= 0 || start >= n {
		return ""
	}
	r := []rune(s)[start:]
	return string(r[:min(length, int64(len(r)))])
}

func lowerSplit(l *Lowering) (sqlx.Expr, error) {
	if d, ok := l.Args[1].Value.(string); !ok || !l.Args[1].Const || d == "" {
		return l.UDF(l.Row, l.Result, l.Args...), nil
	}
	parts := sqlx.Call("string_split", l.sql(0), l.sql(1))
	if len(l.Args) == 2 {
		return varchar(sqlx.Call("to_json", parts)), nil
	}
	i, ok := l.constant(2)
	if !ok {
		return l.UDF(l.Row, l.Result, l.Args...), nil
	}
	if i < 0 || i >= maxText {
		return literalOrNull(types.Dynamic, nil), nil
	}
	one := l.Hoist(sqlx.Call("list_extract", parts, sqlx.BigInt(i+1)))
	return when(sqlx.NotNull(one), sqlx.Infix("||", sqlx.String("["), varchar(sqlx.Call("to_json", one)), sqlx.String("]"))), nil
}

func translate(search, replacement, source string) string {
	to := []rune(replacement)
	table := map[rune]rune{}
	i := 0
	for _, r := range search {
		if _, seen := table[r]; !seen {
			switch {
			case len(to) == 0:
				table[r] = -1
			case i < len(to):
				table[r] = to[i]
			default:
				table[r] = to[len(to)-1]
			}
		}
		i++
	}
	return strings.Map(func(r rune) rune {
		if n, ok := table[r]; ok {
			return n
		}
		return r
	}, source)
}

func codePointsRow(name string, sem Sem) Row {
	return Row{Sig: name + "(value: text) -> dynamic", Doc: "The code points of a text's characters as an array.", Sem: sem,
		Go: func(_ *Env, a []types.Value) types.Value {
			var items []types.Dyn
			for _, r := range a[0].(string) {
				items = append(items, types.DynInt(int64(r)))
			}
			return types.DynList(items).Value()
		},
		Examples: []Example{{name + `("Kusto")`, `dynamic([75,117,115,116,111])`}}}
}

func makeStringRow(name string, sem Sem) Row {
	return Row{Sig: name + "(value...: long|dynamic) -> string", Doc: "The text made of code points, given one by one or as arrays.", Sem: sem,
		Go: func(_ *Env, a []types.Value) types.Value {
			var b strings.Builder
			add := func(v int64) {
				if v >= 0 && v <= utf8.MaxRune && utf8.ValidRune(rune(v)) {
					b.WriteRune(rune(v))
				}
			}
			for _, v := range a {
				switch v := v.(type) {
				case int64:
					add(v)
				case string:
					for _, d := range flatten(nil, dyn(v)) {
						if n, ok := d.Int(); ok {
							add(n)
						}
					}
				}
			}
			return b.String()
		},
		Examples: []Example{{name + `(75, 117, 115)`, `"Kus"`}, {name + `(dynamic([75, 117]), 115, dynamic([116, 111]))`, `"Kusto"`}}}
}
