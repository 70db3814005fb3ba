package winevent

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of one JSON object; events nest four deep.
const maxDepth = 64

// A member is one key and value of a JSON object, both still as written.
// The key is without its quotes; escaped keys are unescaped on use.
type member struct {
	key, val []byte
}

// members appends the members of the JSON object raw to dst. It walks the text
// once and validates structure, not the escapes inside strings.
func members(dst []member, raw []byte) ([]member, bool) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return dst, false
	}
	i = skipSpace(raw, i+1)
	if i < len(raw) && raw[i] == '}' {
		return dst, skipSpace(raw, i+1) == len(raw)
	}
	for {
		if i >= len(raw) || raw[i] != '"' {
			return dst, false
		}
		end := stringEnd(raw, i)
		if end < 0 {
			return dst, false
		}
		key := raw[i+1 : end-1]
		i = skipSpace(raw, end)
		if i >= len(raw) || raw[i] != ':' {
			return dst, false
		}
		i = skipSpace(raw, i+1)
		end = valueEnd(raw, i)
		if end < 0 {
			return dst, false
		}
		dst = append(dst, member{key, raw[i:end]})
		i = skipSpace(raw, end)
		if i >= len(raw) {
			return dst, false
		}
		switch raw[i] {
		case ',':
			i = skipSpace(raw, i+1)
		case '}':
			return dst, skipSpace(raw, i+1) == len(raw)
		default:
			return dst, false
		}
	}
}

// elements appends the elements of the JSON array raw to dst.
func elements(dst [][]byte, raw []byte) ([][]byte, bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return dst, false
	}
	i := skipSpace(raw, 1)
	if i < len(raw) && raw[i] == ']' {
		return dst, true
	}
	for {
		end := valueEnd(raw, i)
		if end < 0 {
			return dst, false
		}
		dst = append(dst, raw[i:end])
		i = skipSpace(raw, end)
		if i >= len(raw) {
			return dst, false
		}
		if raw[i] == ']' {
			return dst, true
		}
		if raw[i] != ',' {
			return dst, false
		}
		i = skipSpace(raw, i+1)
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// stringEnd is the index after the closing quote of the string that opens at i, or -1.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// valueEnd is the index after the JSON value that starts at i, or -1.
func valueEnd(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		var closers [maxDepth]byte
		depth := 0
		for ; i < len(b); i++ {
			switch c := b[i]; c {
			case '"':
				end := stringEnd(b, i)
				if end < 0 {
					return -1
				}
				i = end - 1
			case '{', '[':
				if depth == maxDepth {
					return -1
				}
				closers[depth] = c + 2 // '{'+2 is '}' and '['+2 is ']'
				depth++
			case '}', ']':
				depth--
				if closers[depth] != c {
					return -1
				}
				if depth == 0 {
					return i + 1
				}
			}
		}
		return -1
	}
	start := i
	for i < len(b) {
		c := b[i]
		if c == ',' || c == '}' || c == ']' || c <= ' ' {
			break
		}
		if c != '+' && c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != 'E' {
			return -1
		}
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// arena holds the unescaped text of one event, so that its many values cost
// one allocation. Unescaped text is never longer than what it came from.
type arena struct{ b strings.Builder }

// text is the text of a JSON value as Windows would write it: a string
// unescaped, null as "", anything else as written.
func (a *arena) text(val []byte) string {
	if len(val) == 0 || val[0] == 'n' {
		return ""
	}
	start := a.b.Len()
	if val[0] != '"' {
		a.b.Write(val)
		return a.b.String()[start:]
	}
	a.unescape(val[1 : len(val)-1])
	return a.b.String()[start:]
}

func (a *arena) unescape(s []byte) {
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] != '\\' {
			i++
		}
		a.b.Write(s[:i])
		if i+1 >= len(s) {
			return
		}
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'n':
			a.b.WriteByte('\n')
		case 'r':
			a.b.WriteByte('\r')
		case 't':
			a.b.WriteByte('\t')
		case 'b':
			a.b.WriteByte('\b')
		case 'f':
			a.b.WriteByte('\f')
		case 'u':
			r, ok := hex4(s)
			if !ok {
				a.b.WriteRune(utf8.RuneError)
				continue
			}
			s = s[4:]
			if utf16.IsSurrogate(r) {
				low, ok := lowSurrogate(s)
				if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
					s = s[6:]
				}
			}
			a.b.WriteRune(r)
		default: // \" \\ \/
			a.b.WriteByte(c)
		}
	}
}

func lowSurrogate(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	return hex4(s[2:])
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// number reads a JSON number or a string that holds one, decimal or 0x
// hexadecimal, signed or not; its 64 bits are returned unchanged.
func number(val []byte) (uint64, bool) {
	if len(val) >= 2 && val[0] == '"' {
		val = val[1 : len(val)-1]
	}
	return parseNumber(string(val))
}

func parseNumber(s string) (uint64, bool) {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		n, err := strconv.ParseUint(s[2:], 16, 64)
		return n, err == nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return uint64(n), true
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}
