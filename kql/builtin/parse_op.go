package builtin

import (
	"fmt"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// parseOpRows serve parse and parse-kv; users cannot type their names.
var parseOpRows = []Row{
	{Sig: ".matches(text: string, pattern: const string) -> bool", Doc: "Whether a text matches an RE2 pattern.",
		Duck: "regexp_matches({text}, {pattern})"},
	{Sig: ".captures(text: string, pattern: const string, count: const long) -> dynamic", Doc: "The groups of an RE2 pattern as a struct.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			n, _ := l.Args[2].Value.(int64)
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("'f%d'", i)
			}
			return sqlx.Func{Name: "regexp_extract", Args: []sqlx.Expr{l.Args[0].SQL, l.Args[1].SQL, sqlx.Raw("[" + strings.Join(names, ", ") + "]")}}, nil
		}},
	{Sig: ".parsekv(text: string, setup: const dynamic) -> dynamic", Doc: "The texts of given keys in a list of key-value pairs.",
		Go: func(e *Env, a []types.Value) types.Value { return parseKV(e, a[0].(string), a[1].(string)) }},
}

// kvSetup is what parse-kv was told: the keys wanted and how pairs are written.
type kvSetup struct {
	keys                []string
	pair, kv            string
	quoteOpen, quoteEnd string
	escape              string
	greedy              bool
	regex               string
}

func readKVSetup(text string) kvSetup {
	d, _ := types.ParseDyn(text)
	var s kvSetup
	for _, k := range d.Index(0).Items() {
		s.keys = append(s.keys, k.Text())
	}
	f := d.Index(1).Items()
	s.pair, s.kv, s.escape, s.greedy, s.regex = f[0].Text(), f[1].Text(), f[3].Text(), f[4].Text() == "true", f[5].Text()
	if q := []rune(f[2].Text()); len(q) > 0 {
		s.quoteOpen, s.quoteEnd = string(q[0]), string(q[len(q)-1])
	}
	return s
}

// parseKV finds the first value of each key. Without a pair delimiter pairs are
// separated by any character that is no letter, digit or underscore, as the
// documentation of parse-kv says of non-specified delimiters.
func parseKV(e *Env, text, setup string) types.Value {
	s := readKVSetup(setup)
	found := map[string]string{}
	put := func(k, v string) {
		if _, ok := found[k]; !ok {
			found[k] = v
		}
	}
	switch {
	case s.regex != "":
		if re := e.Regexp(s.regex); re != nil {
			for _, m := range re.FindAllStringSubmatch(text, -1) {
				if len(m) > 2 {
					put(m[1], m[2])
				}
			}
		}
	case s.greedy && s.kv != "":
		s.greedyPairs(text, put)
	default:
		s.pairs(text, put)
	}
	out := make([]types.Dyn, len(s.keys))
	for i, k := range s.keys {
		if v, ok := found[k]; ok {
			out[i] = types.DynText(v)
		}
	}
	return types.DynList(out).String()
}

// pairs reads key, delimiter, value, pair delimiter. White space around both is not
// part of them; a quoted value may hold delimiters. What stands before the last pair
// delimiter of a key is a key without a value.
func (s kvSetup) pairs(text string, put func(k, v string)) {
	for {
		i := s.index(text, s.kv)
		if i < 0 {
			return
		}
		key := strings.TrimSpace(text[:i])
		if s.pair != "" {
			if j := strings.LastIndex(key, s.pair); j >= 0 {
				key = key[j+len(s.pair):]
			}
		} else if j := strings.LastIndexFunc(key, notKeyChar); j >= 0 {
			key = key[j+1:]
		}
		rest := strings.TrimLeft(text[i+s.width(text[i:], s.kv):], " ")
		var value string
		value, text = s.value(rest)
		put(s.unquote(strings.TrimSpace(key)), value)
	}
}

// value reads up to the next pair delimiter.
func (s kvSetup) value(text string) (value, rest string) {
	if s.quoteOpen != "" && strings.HasPrefix(text, s.quoteOpen) {
		if value, after, closed := s.quoted(text[len(s.quoteOpen):]); closed {
			if i := s.index(after, s.pair); i >= 0 {
				return value, after[i+s.width(after[i:], s.pair):]
			}
			return value, ""
		}
	}
	i := s.index(text, s.pair)
	if i < 0 {
		return strings.TrimSpace(text), ""
	}
	return strings.TrimSpace(text[:i]), text[i+s.width(text[i:], s.pair):]
}

func (s kvSetup) unquote(key string) string {
	if s.quoteOpen != "" && len(key) >= len(s.quoteOpen)+len(s.quoteEnd) && strings.HasPrefix(key, s.quoteOpen) && strings.HasSuffix(key, s.quoteEnd) {
		return key[len(s.quoteOpen) : len(key)-len(s.quoteEnd)]
	}
	return key
}

// index finds a delimiter; "" is any character that belongs to no word.
func (s kvSetup) index(text, delim string) int {
	if delim != "" {
		return strings.Index(text, delim)
	}
	return strings.IndexFunc(text, notKeyChar)
}

func (s kvSetup) width(text, delim string) int {
	if delim != "" {
		return len(delim)
	}
	n := strings.IndexFunc(text, func(r rune) bool { return !notKeyChar(r) })
	if n < 0 {
		return len(text)
	}
	return n
}

func notKeyChar(r rune) bool {
	return !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127)
}

func (s kvSetup) quoted(text string) (value, rest string, closed bool) {
	var b strings.Builder
	for i := 0; i < len(text); {
		if s.escape != "" && strings.HasPrefix(text[i:], s.escape) && i+len(s.escape) < len(text) {
			i += len(s.escape)
			b.WriteByte(text[i])
			i++
			continue
		}
		if strings.HasPrefix(text[i:], s.quoteEnd) {
			return b.String(), text[i+len(s.quoteEnd):], true
		}
		b.WriteByte(text[i])
		i++
	}
	return "", "", false
}

// greedyPairs lets a value run up to the last word before the next delimiter.
func (s kvSetup) greedyPairs(text string, put func(k, v string)) {
	parts := strings.Split(text, s.kv)
	key := strings.TrimSpace(parts[0])
	cut := func(p string) (value, next string) {
		sep := s.pair
		if sep == "" {
			sep = " "
		}
		p = strings.TrimRight(p, " ")
		if i := strings.LastIndex(p, sep); i >= 0 {
			return p[:i], p[i+len(sep):]
		}
		return "", p
	}
	if i := strings.LastIndexAny(key, " "+s.pair); i >= 0 {
		key = key[i+1:]
	}
	for i := 1; i < len(parts); i++ {
		if i == len(parts)-1 {
			put(key, strings.TrimSpace(parts[i]))
			return
		}
		value, next := cut(parts[i])
		put(key, strings.TrimSpace(value))
		key = strings.TrimSpace(next)
	}
}
