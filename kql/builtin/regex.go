package builtin

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"quarry/kql/types"
)

// TranslateRegex rewrites a KQL pattern (the dialect of Rust's regex, Unicode on)
// into RE2 as Go and DuckDB understand it: \d \w \s get their Unicode meaning,
// (?<n>..) becomes (?P<n>..), \u{..} becomes \x{..}. What RE2 lacks or would read as
// something else is refused by name. \b stays RE2's: a boundary of ASCII words.
// Source: docs/semantics.md, section 4.
func TranslateRegex(pattern string) (string, error) {
	text, _, err := translateRegex(pattern)
	return text, err
}

// translateRegex counts the groups too. It reads the result as regexp.Compile does, which
// finds fault with nothing later, and leaves the making of a machine to those who match.
func translateRegex(pattern string) (text string, groups int, err error) {
	if !utf8.ValidString(pattern) {
		return "", 0, fmt.Errorf("the pattern is not valid UTF-8")
	}
	if strings.IndexByte(pattern, 0) >= 0 {
		pattern = strings.ReplaceAll(pattern, "\x00", `\x00`)
	}
	t := regexTranslator{p: pattern}
	for t.i < len(t.p) {
		if err := t.step(); err != nil {
			return "", 0, fmt.Errorf("%w (offset %d of the pattern)", err, t.i)
		}
		if t.b.Len() > maxTranslated {
			return "", 0, fmt.Errorf("the pattern is too large")
		}
	}
	out := t.b.String()
	re, err := syntax.Parse(out, syntax.Perl)
	if err != nil {
		return "", 0, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return out, re.MaxCap(), nil
}

// maxTranslated bounds a pattern in RE2's words, in bytes; \W in a class takes 15 KB.
const maxTranslated = 256 << 10

type regexTranslator struct {
	p       string
	i       int
	b       strings.Builder
	inClass bool
}

// rest is what has not been read.
func (t *regexTranslator) rest() string { return t.p[t.i:] }

// keep copies n bytes.
func (t *regexTranslator) keep(n int) {
	t.b.WriteString(t.p[t.i : t.i+n])
	t.i += n
}

func (t *regexTranslator) step() error {
	rest := t.rest()
	switch {
	case rest[0] == '\\':
		if len(rest) == 1 {
			return fmt.Errorf(`a \ ends the pattern`)
		}
		return t.escape()
	case t.inClass:
		return t.classStep()
	case rest[0] == '[':
		t.inClass = true
		t.keep(1)
		if strings.HasPrefix(t.rest(), "^") {
			t.keep(1)
		}
		if strings.HasPrefix(t.rest(), "]") { // a literal ] may come first
			t.b.WriteString(`\]`)
			t.i++
		}
		return nil
	case strings.HasPrefix(rest, "(?"):
		return t.group()
	}
	t.keep(1)
	return nil
}

func (t *regexTranslator) classStep() error {
	rest := t.rest()
	switch {
	case rest[0] == ']':
		t.inClass = false
	case strings.HasPrefix(rest, "[:"):
		end := strings.Index(rest, ":]")
		if end < 0 {
			return fmt.Errorf("the character class is not closed")
		}
		t.keep(end + 2)
		return nil
	case rest[0] == '[':
		return fmt.Errorf(`character classes within classes are not supported; write \[ for the character`)
	case strings.HasPrefix(rest, "&&"), strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "~~"):
		return fmt.Errorf("the class operation %q is not supported", rest[:2])
	}
	t.keep(1)
	return nil
}

// group reads what follows "(": a name, flags, or a kind of group that RE2 lacks.
func (t *regexTranslator) group() error {
	rest := t.rest()
	for _, look := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(rest, look) {
			return fmt.Errorf("look-around %q is not supported", look)
		}
	}
	switch {
	case strings.HasPrefix(rest, "(?>"):
		return fmt.Errorf("atomic groups are not supported")
	case strings.HasPrefix(rest, "(?#"):
		return fmt.Errorf("comments in patterns are not supported")
	case strings.HasPrefix(rest, "(?<"):
		t.b.WriteString("(?P<")
		t.i += len("(?<")
		return nil
	}
	end := strings.IndexAny(rest, ":)<")
	if end < 0 {
		end = len(rest)
	}
	for i, negated := len("(?"), false; i < end; i++ {
		switch f := rest[i]; {
		case f == '-':
			negated = true
		case f == 'x', f == 'R':
			return fmt.Errorf("the flag %q is not supported", string(f))
		case f == 'u' && negated:
			return fmt.Errorf("turning Unicode off is not supported")
		}
	}
	flags := strings.ReplaceAll(rest[:end], "u", "") // Unicode is on as it is
	if flags == "(?" && strings.HasPrefix(rest[end:], ")") {
		t.i += end + 1
		return nil
	}
	t.b.WriteString(flags)
	t.i += end
	return nil
}

// The Unicode classes, as members of a bracketed class.
const (
	classDigit    = `\p{Nd}`
	classNotDigit = `\P{Nd}`
	classWord     = `\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}\x{200D}`
	classSpace    = `\s\x{0B}\x{85}\p{Z}`
)

func (t *regexTranslator) escape() error {
	c := t.p[t.i+1]
	set := func(members string, negated bool) {
		t.i += 2
		switch {
		case !t.inClass && negated:
			t.b.WriteString("[^" + members + "]")
		case !t.inClass:
			t.b.WriteString("[" + members + "]")
		default:
			t.b.WriteString(members)
		}
	}
	switch {
	case c == 'd':
		set(classDigit, false)
	case c == 'D':
		set(classNotDigit, false)
	case c == 'w':
		set(classWord, false)
	case c == 's':
		set(classSpace, false)
	case c == 'W' && t.inClass:
		set(nonWord(), false)
	case c == 'W':
		set(classWord, true)
	case c == 'S' && t.inClass:
		set(nonSpace(), false)
	case c == 'S':
		set(classSpace, true)
	case c == 'u' || c == 'U':
		return t.codePoint(c)
	case c == '0' && !startsWithDigit(t.rest()[2:]):
		// The one octal code in use: published rules drop the zero bytes of UTF-16 with it.
		t.b.WriteString(`\x00`)
		t.i += 2
	case c >= '0' && c <= '9':
		return fmt.Errorf(`back-references such as \%c are not supported`, c)
	case c == '<' || c == '>':
		return fmt.Errorf(`\%c is not supported; use \b`, c)
	case c == 'b' && strings.HasPrefix(t.rest()[2:], "{"):
		return fmt.Errorf(`\b{...} is not supported; use \b`)
	case c == 'b' && t.inClass:
		return fmt.Errorf(`\b is not supported in a character class`)
	case c == 'Q' || c == 'E' || c == 'C' || c == 'K' || c == 'G' || c == 'R' || c == 'X' || c == 'h' || c == 'H' || c == 'Z' || c == 'k':
		return fmt.Errorf(`\%c is not supported`, c)
	case c >= utf8.RuneSelf || strings.IndexByte("/\"'#&~%@!=:;,` -_<>", c) >= 0:
		// Escaped though it means nothing; RE2 knows only some of these.
		if c == '-' || c == '&' || c == '~' {
			t.b.WriteByte('\\')
		}
		_, size := utf8.DecodeRuneInString(t.p[t.i+1:])
		t.b.WriteString(t.p[t.i+1 : t.i+1+size])
		t.i += 1 + size
	default:
		t.keep(2)
	}
	return nil
}

// codePoint reads \uFFFF, \U0010FFFF and \u{10FFFF}.
func (t *regexTranslator) codePoint(kind byte) error {
	rest := t.p[t.i+2:]
	digits := ""
	if strings.HasPrefix(rest, "{") {
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return fmt.Errorf(`\%c{ is not closed`, kind)
		}
		digits = rest[1:end]
		t.i += 2 + end + 1
	} else {
		n := 4
		if kind == 'U' {
			n = 8
		}
		if len(rest) < n {
			return fmt.Errorf(`\%c needs %d hexadecimal digits`, kind, n)
		}
		digits = rest[:n]
		t.i += 2 + n
	}
	if digits == "" || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return fmt.Errorf(`\%c needs hexadecimal digits`, kind)
	}
	t.b.WriteString(`\x{` + digits + `}`)
	return nil
}

// nonWord and nonSpace are \W and \S as members of a class, which RE2 can only say
// as ranges.
var (
	nonWord = sync.OnceValue(func() string {
		return complement(func(r rune) bool {
			return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc) || r == 0x200C || r == 0x200D
		})
	})
	nonSpace = sync.OnceValue(func() string {
		return complement(func(r rune) bool { return r >= '\t' && r <= '\r' || r == 0x85 || unicode.Is(unicode.Z, r) })
	})
)

// complement is the class members that are not in a set.
func complement(in func(rune) bool) string {
	var b strings.Builder
	start := rune(-1)
	for r := rune(0); r <= unicode.MaxRune+1; r++ {
		switch out := r <= unicode.MaxRune && !in(r); {
		case out && start < 0:
			start = r
		case !out && start >= 0:
			fmt.Fprintf(&b, `\x{%X}-\x{%X}`, start, r-1)
			start = -1
		}
	}
	return b.String()
}

// checkPattern refuses a constant argument that is not a pattern.
func checkPattern(i int) func([]Arg) (int, string) {
	return func(args []Arg) (int, string) {
		if i >= len(args) || !args[i].Const || args[i].Type != types.String {
			return 0, ""
		}
		p, ok := args[i].Value.(string)
		if !ok {
			return 0, ""
		}
		if _, err := TranslateRegex(p); err != nil {
			return i, "the regular expression is refused: " + err.Error()
		}
		return 0, ""
	}
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
