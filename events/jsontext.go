package events

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape resolves the escapes of a scanned JSON string. A lone surrogate
// becomes U+FFFD.
func unescape(s string) string { return string(appendUnescaped(make([]byte, 0, len(s)), s)) }

func appendUnescaped(out []byte, s string) []byte {
	for i := 0; i < len(s); {
		n := strings.IndexByte(s[i:], '\\')
		if n < 0 {
			return append(out, s[i:]...)
		}
		out = append(out, s[i:i+n]...)
		i += n
		c := s[i+1]
		switch c {
		case 'u':
			r := hex4(s[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
					if pair := utf16.DecodeRune(r, hex4(s[i+2:])); pair != utf8.RuneError {
						out = utf8.AppendRune(out, pair)
						i += 6
						continue
					}
				}
				r = utf8.RuneError
			}
			out = utf8.AppendRune(out, r)
			continue
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		out = append(out, c)
		i += 2
	}
	return out
}

func hex4(s string) rune {
	var r rune
	for i := range 4 {
		r = r<<4 | rune(hexDigit(s[i]))
	}
	return r
}

// minify copies scanned JSON without the white space between its tokens. Number
// texts, escapes and the order of members stay; control characters that a
// lenient producer left inside strings are escaped, and NaN and Infinity, which
// JSON does not have, become null. The text itself is returned if nothing has
// to change.
func minify(s string) string {
	clean := true
	inString := false
	for i := 0; i < len(s) && clean; i++ {
		switch c := s[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case c < ' ' || !inString && (c == ' ' || c == 'N' || c == 'I'):
			clean = false
		}
	}
	if clean {
		return s
	}
	out := make([]byte, 0, len(s))
	inString = false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case inString && c == '\\':
			out = append(out, c, s[i+1])
			i++
			continue
		case c == '"':
			inString = !inString
		case inString && c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
			continue
		case !inString && (c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			continue
		case !inString && c == 'N':
			out = append(out, "null"...)
			i += len("NaN") - 1
			continue
		case !inString && c == 'I':
			if n := len(out); n > 0 && out[n-1] == '-' {
				out = out[:n-1]
			}
			out = append(out, "null"...)
			i += len("Infinity") - 1
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// quoteJSON is s as a JSON string, quotes included.
func quoteJSON(s string) string {
	out := make([]byte, 0, len(s)+2)
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c == '\t':
			out = append(out, '\\', 't')
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return string(append(out, '"'))
}

// scanWhole scans text as exactly one JSON object or array, white space around
// it allowed, and returns it minified.
func scanWhole(text string) (string, bool) {
	if text == "" {
		return "", false
	}
	s := scanner{b: []byte(text)}
	i := s.space(0)
	if i >= len(text) || text[i] != '{' && text[i] != '[' {
		return "", false
	}
	end := s.nested(i, 0)
	if end < 0 || s.space(end) != len(text) {
		return "", false
	}
	return minify(text[i:end]), true
}
