package builtin

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// regexRows use regular expressions, which must be constants: they are translated
// and checked when the query is compiled.
var regexRows = []Row{
	{Sig: "extract(regex: const string, captureGroup: long, source: string) -> string", Doc: "What a capture group of a pattern matches first (group 0 is the whole match); empty where nothing does.",
		Check: checkPattern(0), Lower: lowerExtract, Go: goExtract,
		Examples: []Example{{`extract("x=([0-9.]+)", 1, "hello x=45.6|wo")`, `"45.6"`}, {`extract("z", 0, "abc")`, `""`}}},
	{Sig: "extract(regex: const string, captureGroup: long, source: string, typeLiteral: const string) -> string", Doc: "What a capture group matches first, as a value of the given type.",
		Check: checkPattern(0), Result: typeArgument(3),
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			if l.Result == types.String {
				return lowerExtract(l)
			}
			return l.UDF(l.Row, l.Result, l.Args...), nil
		},
		Go: func(e *Env, a []types.Value) types.Value {
			return fromText(a[3], goExtract(e, a).(string))
		},
		Examples: []Example{{`extract("x=([0-9.]+)", 1, "hello x=45.6|wo", typeof(real))`, `45.6`}, {`extract("x", 0, "abc", typeof(long))`, `long(null)`}}},
	extractAllRow("extract_all", false), extractAllRow("extract_all", true), extractAllRow("extractall", false), extractAllRow("extractall", true),
	{Sig: "indexof_regex(source: text, match: const text, start?: long, length?: long, occurrence?: const long) -> long", Doc: "Where a pattern first matches in a text, counted from 0; -1 where it does not.",
		Check: checkPattern(1),
		Go: func(e *Env, a []types.Value) types.Value {
			re := e.Regexp(a[1].(string))
			if start, given := optional(a, 2).(int64); re == nil || a[1] == "" || given && start < 0 {
				return nil
			}
			return indexIn(a, func(s string) [][]int { return re.FindAllStringIndex(s, -1) })
		},
		Examples: []Example{{`indexof_regex("abcabc", @"a.c")`, `0`}, {`indexof_regex("abcabcdefg", @"a.c", 0, 9, 2)`, `3`}, {`indexof_regex("abc", @"a.c", 0, -2)`, `long(null)`}}},
	replaceRow("replace_regex(source: string, lookup_regex: const string, rewrite_pattern: const string) -> string", 0, 1, 2, 0,
		Example{`replace_regex("one two", @"(\w)(\w)", @"\2\1")`, `"noe wto"`}),
	replaceRow("replace(regex: const string, rewrite: const string, source: string) -> string", Deprecated, 0, 1, 2,
		Example{`replace("(b)", @"[\1]", "abc")`, `"a[b]c"`}),
	trimRow("trim", true, true, Example{`trim("--", "--a-b--")`, `"a-b"`}, Example{`trim("x", "xxabcxx")`, `"xabcx"`}),
	trimRow("trim_start", true, false, Example{`trim_start("https://", "https://bing.com")`, `"bing.com"`}),
	trimRow("trim_end", false, true, Example{`trim_end(".com", "bing.com")`, `"bing"`}),
	{Sig: "regex_quote(string: text) -> string", Doc: "A text as a pattern that matches nothing else.",
		Go:       func(_ *Env, a []types.Value) types.Value { return regexp.QuoteMeta(a[0].(string)) },
		Examples: []Example{{`regex_quote("(so$me.Te^xt)")`, `@"\(so\$me\.Te\^xt\)"`}}},
}

// optional is an argument that may not have been given.
func optional(a []types.Value, i int) types.Value {
	if i < len(a) {
		return a[i]
	}
	return nil
}

// typeArgument is the result type that a typeof() argument names.
func typeArgument(i int) func([]Arg) types.Type {
	return func(args []Arg) types.Type {
		if i < len(args) {
			if s, ok := args[i].Value.(string); ok {
				if t, ok := types.Parse(s); ok {
					return t
				}
			}
		}
		return types.Unknown
	}
}

// fromText converts a text to the type of that name, as the to...() functions do.
func fromText(name types.Value, s string) types.Value {
	n, _ := name.(string)
	switch t, _ := types.Parse(n); t {
	case types.String:
		return s
	case types.Dynamic:
		return parseJSON(s)
	default:
		return convertDyn(t, types.DynText(s))
	}
}

// pattern translates a constant pattern and counts its groups.
func (l *Lowering) pattern(i int) (text string, groups int, err error) {
	p, _ := l.Args[i].Value.(string)
	return translateRegex(p)
}

// maxGroup is the last group that DuckDB can extract.
const maxGroup = 9

func lowerExtract(l *Lowering) (sqlx.Expr, error) {
	p, groups, err := l.pattern(0)
	if err != nil {
		return nil, err
	}
	g, ok := l.constant(1)
	switch {
	case !ok || g > maxGroup:
		return l.UDF(l.Row, l.Result, l.Args...), nil
	case g < 0 || g > int64(groups):
		return sqlx.String(""), nil
	}
	return sqlx.Call("regexp_extract", l.sql(2), sqlx.String(p), sqlx.Raw(strconv.FormatInt(g, 10))), nil
}

func goExtract(e *Env, a []types.Value) types.Value {
	re := e.Regexp(a[0].(string))
	g, ok := a[1].(int64)
	if re == nil || !ok || g < 0 || g > int64(re.NumSubexp()) {
		return ""
	}
	m := re.FindStringSubmatch(a[2].(string))
	if m == nil {
		return ""
	}
	return m[g]
}

func extractAllRow(name string, withGroups bool) Row {
	params, source := "regex: const string, source: string", 1
	examples := []Example{{name + `(@"(\d+)", "a1b22")`, `dynamic(["1","22"])`}}
	if withGroups {
		params, source = "regex: const string, captureGroups: dynamic, source: string", 2
		examples = []Example{{name + `(@"(\w)(\w+)(\w)", dynamic([1, 3]), "82b8be2d-dfa7")`, `dynamic([["8","d"],["d","7"]])`},
			{name + `(@"(?P<first>\w)(\w+)(?P<last>\w)", dynamic(["last", 2, "first"]), "82b8be2d")`, `dynamic([["d","2b8be2","8"]])`}}
	}
	r := Row{Sig: name + "(" + params + ") -> dynamic",
		Doc: "All matches of a pattern: an array of what its group matched, or of arrays where it has several groups; null without a match.",
		Check: func(args []Arg) (int, string) {
			if i, msg := checkPattern(0)(args); msg != "" {
				return i, msg
			}
			if p, ok := args[0].Value.(string); ok {
				if _, groups, err := translateRegex(p); err == nil && groups == 0 {
					return 0, "the pattern needs a capture group, as in (a.c)"
				}
			}
			return 0, ""
		},
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			p, groups, err := l.pattern(0)
			if err != nil {
				return nil, err
			}
			if groups != 1 || withGroups {
				return l.UDF(l.Row, l.Result, l.Args...), nil
			}
			all := l.Hoist(sqlx.Call("regexp_extract_all", l.sql(source), sqlx.String(p), sqlx.Raw("1")))
			some := lambda(all, func(x sqlx.Expr) sqlx.Expr { return sqlx.Call("coalesce", x, sqlx.String("")) })
			return when(sqlx.Infix(">", sqlx.Call("len", all), sqlx.Raw("0")), varchar(sqlx.Call("to_json", some))), nil
		},
		Go: func(e *Env, a []types.Value) types.Value {
			re := e.Regexp(a[0].(string))
			if re == nil {
				return nil
			}
			var groups []int
			if withGroups {
				for _, d := range flatten(nil, dyn(a[1])) {
					g, ok := d.Int()
					if name, named := d.Str(); named {
						g = int64(re.SubexpIndex(name))
						ok = g >= 0
					}
					if ok && g >= 0 && g <= int64(re.NumSubexp()) {
						groups = append(groups, int(g))
					}
				}
			} else {
				for g := 1; g <= re.NumSubexp(); g++ {
					groups = append(groups, g)
				}
			}
			return allMatches(re, a[source].(string), groups)
		},
		Examples: examples}
	if name == "extractall" {
		r.Sem, r.Doc = Deprecated, "The old name of extract_all()."
	}
	return r
}

func allMatches(re *regexp.Regexp, s string, groups []int) types.Value {
	found := re.FindAllStringSubmatch(s, -1)
	if len(found) == 0 || len(groups) == 0 {
		return nil
	}
	items := make([]types.Dyn, len(found))
	for i, m := range found {
		if len(groups) == 1 {
			items[i] = types.DynText(m[groups[0]])
			continue
		}
		parts := make([]types.Dyn, len(groups))
		for k, g := range groups {
			parts[k] = types.DynText(m[g])
		}
		items[i] = types.DynList(parts)
	}
	return types.DynList(items).Value()
}

// rewritePart is a piece of a replacement: a text, or a group of the match.
type rewritePart struct {
	text  string
	group int // -1 for text
}

// parseRewrite reads a replacement: \0 is the match, \1 to \9 its groups, \\ a backslash.
func parseRewrite(s string, groups int) ([]rewritePart, error) {
	var parts []rewritePart
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, rewritePart{text.String(), -1})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			text.WriteByte(s[i])
		case s[i+1] >= '0' && s[i+1] <= '9':
			g := int(s[i+1] - '0')
			if g > groups {
				return nil, fmt.Errorf(`the replacement uses group \%d, but the pattern has %d`, g, groups)
			}
			flush()
			parts = append(parts, rewritePart{"", g})
			i++
		case s[i+1] == '\\':
			text.WriteByte('\\')
			i++
		default:
			text.WriteByte('\\')
		}
	}
	flush()
	return parts, nil
}

func replaceRow(sig string, sem Sem, regex, rewrite, source int, example Example) Row {
	return Row{Sig: sig, Sem: sem, Doc: `The text with every match of a pattern replaced; \0 is the match, \1 to \9 its groups.`,
		Check: func(args []Arg) (int, string) {
			if i, msg := checkPattern(regex)(args); msg != "" {
				return i, msg
			}
			p, ok := args[regex].Value.(string)
			w, ok2 := args[rewrite].Value.(string)
			if !ok || !ok2 {
				return 0, ""
			}
			_, groups, err := translateRegex(p)
			if err != nil {
				return 0, ""
			}
			if _, err := parseRewrite(w, groups); err != nil {
				return rewrite, err.Error()
			}
			return 0, ""
		},
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			p, groups, err := l.pattern(regex)
			if err != nil {
				return nil, err
			}
			w, _ := l.Args[rewrite].Value.(string)
			parts, err := parseRewrite(w, groups)
			if err != nil {
				return nil, err
			}
			var b strings.Builder
			for _, part := range parts {
				if part.group >= 0 {
					b.WriteString(`\` + strconv.Itoa(part.group))
				} else {
					b.WriteString(strings.ReplaceAll(part.text, `\`, `\\`))
				}
			}
			return sqlx.Call("regexp_replace", l.sql(source), sqlx.String(p), sqlx.String(b.String()), sqlx.String("g")), nil
		},
		Go: func(e *Env, a []types.Value) types.Value {
			s := a[source].(string)
			re := e.Regexp(a[regex].(string))
			if re == nil {
				return s
			}
			parts, err := parseRewrite(a[rewrite].(string), re.NumSubexp())
			if err != nil {
				return s
			}
			var b strings.Builder
			end := 0
			for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
				b.WriteString(s[end:m[0]])
				for _, part := range parts {
					if g := part.group; g < 0 {
						b.WriteString(part.text)
					} else if m[2*g] >= 0 {
						b.WriteString(s[m[2*g]:m[2*g+1]])
					}
				}
				end = m[1]
			}
			b.WriteString(s[end:])
			return b.String()
		},
		Examples: []Example{example}}
}

// trimRow removes one match of the pattern at the ends that are asked for.
func trimRow(name string, start, end bool, examples ...Example) Row {
	where := "both ends"
	switch {
	case !end:
		where = "the start"
	case !start:
		where = "the end"
	}
	return Row{Sig: name + "(regex: const string, source: string) -> string", Doc: "The text without one match of a pattern at " + where + ".",
		Check: checkPattern(0),
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			p, _, err := l.pattern(0)
			if err != nil {
				return nil, err
			}
			e := l.sql(1)
			if start {
				e = sqlx.Call("regexp_replace", e, sqlx.String("^(?:"+p+")"), sqlx.String(""))
			}
			if end {
				e = sqlx.Call("regexp_replace", e, sqlx.String("(?:"+p+")$"), sqlx.String(""))
			}
			return e, nil
		},
		Go: func(e *Env, a []types.Value) types.Value {
			s, p := a[1].(string), a[0].(string)
			cut := func(pattern string) {
				if re := e.Regexp(pattern); re != nil {
					if m := re.FindStringIndex(s); m != nil {
						s = s[:m[0]] + s[m[1]:]
					}
				}
			}
			if start {
				cut("^(?:" + p + ")")
			}
			if end {
				cut("(?:" + p + ")$")
			}
			return s
		},
		Examples: examples}
}
