package builtin

import (
	"strings"
	"unicode/utf8"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// searchRows find and replace plain texts.
var searchRows = []Row{
	{Sig: "indexof(source: text, lookup: text, start?: long, length?: long, occurrence?: const long) -> long",
		Doc: "Where a text first stands in another, counted from 0; -1 where it does not, null for an empty lookup.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if len(l.Args) > 2 {
				return l.UDF(l.Row, l.Result, l.Args...), nil
			}
			at := sqlx.Infix("-", sqlx.Call("instr", l.sql(0), l.sql(1)), sqlx.BigInt(1))
			if l.Args[1].Const && l.Args[1].Value != "" {
				return at, nil
			}
			return when(sqlx.Infix("<>", l.sql(1), sqlx.String("")), at), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			lookup := a[1].(string)
			if lookup == "" {
				return nil
			}
			return indexIn(a, func(s string) [][]int {
				var at [][]int
				for i := 0; ; {
					j := strings.Index(s[i:], lookup)
					if j < 0 {
						return at
					}
					at = append(at, []int{i + j, i + j + len(lookup)})
					_, size := utf8.DecodeRuneInString(s[i+j:]) // plain occurrences may overlap
					i += j + size
				}
			})
		},
		Examples: []Example{{`indexof("abcdefg", "cde")`, `2`}, {`indexof("abc", "z")`, `-1`}, {`indexof("abcabc", "a", 2)`, `3`}, {`indexof("abc", "")`, `long(null)`},
			{`indexof("abcdefg", "cde", 1, 2)`, `2`}, {`indexof("abcdefg", "cde", -5)`, `2`}, {`indexof("abcabc", "a", 0, -1, 2)`, `3`}}},
	{Sig: "countof(source: string, search: string, kind?: const string) -> long", Doc: "How often a text stands in another; plain occurrences may overlap, matches of a \"regex\" do not.",
		Check: func(args []Arg) (int, string) {
			if len(args) < 3 {
				return 0, ""
			}
			switch args[2].Value {
			case "regex":
				return checkPattern(1)(args)
			case "normal":
				return 0, ""
			}
			return 2, `the kind is "normal" or "regex"`
		},
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			needle, ok := l.Args[1].Value.(string)
			if !ok || !l.Args[1].Const {
				return l.UDF(l.Row, l.Result, l.Args...), nil
			}
			if len(l.Args) > 2 && l.Args[2].Value == "regex" {
				p, err := TranslateRegex(needle)
				if err != nil {
					return nil, err
				}
				return sqlx.Call("len", sqlx.Call("regexp_extract_all", l.sql(0), sqlx.String(p))), nil
			}
			if needle == "" || overlaps(needle) {
				return l.UDF(l.Row, l.Result, l.Args...), nil
			}
			s := l.once(0)
			gone := sqlx.Infix("-", sqlx.Call("length", s), sqlx.Call("length", sqlx.Call("replace", s, l.sql(1), sqlx.String(""))))
			return sqlx.Infix("//", gone, sqlx.BigInt(int64(utf8.RuneCountInString(needle)))), nil
		},
		Go: func(e *Env, a []types.Value) types.Value {
			s, search := a[0].(string), a[1].(string)
			if len(a) > 2 && a[2] == "regex" {
				if re := e.Regexp(search); re != nil {
					return int64(len(re.FindAllStringIndex(s, -1)))
				}
				return nil
			}
			n := int64(0)
			if search == "" {
				return n
			}
			for i := strings.Index(s, search); i >= 0; i = strings.Index(s, search) {
				_, size := utf8.DecodeRuneInString(s[i:])
				s = s[i+size:]
				n++
			}
			return n
		},
		Examples: []Example{{`countof("aaaa", "aa")`, `3`}, {`countof("hello world", "l+", "regex")`, `2`}, {`countof("abc", "x")`, `0`}}},
	{Sig: "has_any_index(source: text, values: dynamic) -> long", Doc: "The position of the first of the terms that a text has; -1 when it has none.", Check: stringOrDynamic(0),
		Go: func(e *Env, a []types.Value) types.Value {
			s := strings.ToLower(a[0].(string))
			for i, n := range e.needles(a[1], true) {
				if hasTerm(s, n, true, true) {
					return int64(i)
				}
			}
			return int64(-1)
		},
		Examples: []Example{{`has_any_index("this is an example", dynamic(["that", "example"]))`, `1`}, {`has_any_index("abc", dynamic(["x"]))`, `-1`}}},
	{Sig: "replace_string(text: string, lookup: string, rewrite: string) -> string", Doc: "The text with every occurrence of a text replaced.",
		Duck: "replace({text}, {lookup}, {rewrite})",
		Go: func(_ *Env, a []types.Value) types.Value {
			if a[1] == "" {
				return a[0]
			}
			return strings.ReplaceAll(a[0].(string), a[1].(string), a[2].(string))
		},
		Examples: []Example{{`replace_string("A magic trick", "magic", "neat")`, `"A neat trick"`}, {`replace_string("aaa", "", "x")`, `"aaa"`}}},
	{Sig: "replace_strings(text: string, lookups: dynamic, rewrites: dynamic) -> string", Doc: "The text with several texts replaced, one after the other; what was put in is not replaced again. What is found stays as it is if its replacement is no text.",
		Go: func(_ *Env, a []types.Value) types.Value {
			s := a[0].(string)
			lookups, rewrites := dyn(a[1]), dyn(a[2])
			if lookups.Kind() != types.DynArray || rewrites.Kind() != types.DynArray || lookups.Len() != rewrites.Len() {
				return ""
			}
			return replaceEach(s, lookups.Items(), rewrites.Items())
		},
		Examples: []Example{{`replace_strings("a cat and a dog", dynamic(["cat", "dog"]), dynamic(["dog", "pigeon"]))`, `"a dog and a pigeon"`},
			{`replace_strings("This is it", dynamic(["This", "is", 1]), dynamic([12345, "was", "one"]))`, `"This was it"`}}},
}

// replaceEach replaces one lookup after the other in what no earlier one has replaced.
func replaceEach(s string, lookups, rewrites []types.Dyn) string {
	type piece struct {
		text string
		done bool
	}
	pieces := []piece{{s, false}}
	for i, d := range lookups {
		from, ok := d.Str()
		if !ok || from == "" {
			continue
		}
		to, ok := rewrites[i].Str()
		if !ok {
			to = from // found, and no longer to be found by later lookups
		}
		var next []piece
		for _, p := range pieces {
			if p.done {
				next = append(next, p)
				continue
			}
			for k, part := range strings.Split(p.text, from) {
				if k > 0 {
					next = append(next, piece{to, true})
				}
				if part != "" {
					next = append(next, piece{part, false})
				}
			}
		}
		pieces = next
	}
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

// overlaps reports a text that may overlap itself, as "aa" and "aba" do.
func overlaps(s string) bool {
	for i := 1; i < len(s); i++ {
		if strings.HasPrefix(s, s[i:]) {
			return true
		}
	}
	return false
}

// indexIn finds the nth match that starts within a[3] (length) characters from a[2]
// (start) of a[0]; a[4] is n. Null where these make no sense.
func indexIn(a []types.Value, find func(string) [][]int) types.Value {
	s := a[0].(string)
	opts := [3]int64{0, -1, 1}
	for i := range opts {
		if len(a) > i+2 {
			v, ok := a[i+2].(int64)
			if !ok {
				return nil
			}
			opts[i] = v
		}
	}
	start, length, nth := opts[0], opts[1], opts[2]
	if nth < 1 || length < -1 {
		return nil
	}
	n := int64(utf8.RuneCountInString(s))
	if start < 0 {
		start = max(0, n+start)
	}
	if start > n {
		return int64(-1)
	}
	from := byteOffset(s, start)
	for _, m := range find(s[from:]) {
		at := int64(utf8.RuneCountInString(s[from : from+m[0]]))
		if length >= 0 && at >= length {
			break
		}
		if nth--; nth == 0 {
			return start + at
		}
	}
	return int64(-1)
}

// byteOffset is where the nth character starts.
func byteOffset(s string, n int64) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}
