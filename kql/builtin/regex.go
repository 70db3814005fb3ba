package builtin

import (
	"fmt"
	"regexp"
	"strings"
)

// TranslateRegex rewrites a KQL pattern (the dialect of Rust's regex, Unicode on)
// into RE2 as Go and DuckDB understand it: \d \w \s get their Unicode meaning,
// (?<n>..) becomes (?P<n>..). What RE2 would read as something else (class set
// operations, \<, \b{start}) is refused. Source: docs/semantics.md, section 4.
func TranslateRegex(p string) (string, error) {
	var b strings.Builder
	inClass := false
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '\\' && i+1 < len(p):
			i++
			if err := translateEscape(&b, p[i:], inClass); err != nil {
				return "", err
			}
		case !inClass && c == '[':
			inClass = true
			b.WriteByte(c)
			if i+1 < len(p) && p[i+1] == '^' {
				i++
				b.WriteByte('^')
			}
			if i+1 < len(p) && p[i+1] == ']' { // a literal ] may come first
				i++
				b.WriteString(`\]`)
			}
		case inClass && c == '[':
			if strings.HasPrefix(p[i:], "[:") {
				end := strings.Index(p[i:], ":]")
				if end < 0 {
					return "", fmt.Errorf("the character class at offset %d is not closed", i)
				}
				b.WriteString(p[i : i+end+2])
				i += end + 1
				continue
			}
			return "", fmt.Errorf("nested character classes are not supported (offset %d)", i)
		case inClass && (strings.HasPrefix(p[i:], "&&") || strings.HasPrefix(p[i:], "--") || strings.HasPrefix(p[i:], "~~")):
			return "", fmt.Errorf("the class operation %q is not supported (offset %d)", p[i:i+2], i)
		case inClass && c == ']':
			inClass = false
			b.WriteByte(c)
		case !inClass && strings.HasPrefix(p[i:], "(?<") && i+3 < len(p) && p[i+3] != '=' && p[i+3] != '!':
			b.WriteString("(?P<")
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	out := b.String()
	if _, err := regexp.Compile(out); err != nil {
		return "", fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return out, nil
}

func translateEscape(b *strings.Builder, rest string, inClass bool) error {
	set := func(class string) {
		if inClass {
			b.WriteString(class)
		} else {
			b.WriteString("[" + class + "]")
		}
	}
	switch rest[0] {
	case 'd':
		b.WriteString(`\p{Nd}`)
	case 'D':
		b.WriteString(`\P{Nd}`)
	case 'w':
		set(`\p{L}\p{M}\p{Nd}\p{Pc}`)
	case 's':
		set(`\s\x{0B}\x{85}\p{Z}`)
	case 'W':
		if inClass {
			return fmt.Errorf(`\W inside a character class is not supported`)
		}
		b.WriteString(`[^\p{L}\p{M}\p{Nd}\p{Pc}]`)
	case 'S':
		if inClass {
			return fmt.Errorf(`\S inside a character class is not supported`)
		}
		b.WriteString(`[^\s\x{0B}\x{85}\p{Z}]`)
	case '<', '>':
		return fmt.Errorf(`\%c is not supported; use \b`, rest[0])
	case '/', '"', '\'', '#', '&', '~', '%', '@', '!', '=', ':', ';', ',', '`', ' ', '-', '_':
		// Escaped punctuation that RE2 may not know as an escape.
		if rest[0] == '-' || rest[0] == '&' || rest[0] == '~' {
			b.WriteByte('\\')
		}
		b.WriteByte(rest[0])
	default:
		b.WriteByte('\\')
		b.WriteByte(rest[0])
	}
	return nil
}
