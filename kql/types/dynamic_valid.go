package types

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// ValidJSON reports texts that are JSON to every reader: those that ParseDyn reads, except
// that half of a surrogate pair is refused, as DuckDB does. It keeps nothing and allocates
// nothing.
func ValidJSON(text string) bool {
	i := validValue(text, validSpace(text, 0), 0)
	return i >= 0 && validSpace(text, i) == len(text)
}

// The functions below give the place after what they read, -1 where it is not there. ParseDyn
// reads space and numbers by them, too.

func validSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t') {
		i++
	}
	return i
}

func validValue(s string, i, depth int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"':
		return validText(s, i+1)
	case '{':
		return validItems(s, i+1, depth+1, '}')
	case '[':
		return validItems(s, i+1, depth+1, ']')
	case 't':
		return validWord(s, i, "true")
	case 'f':
		return validWord(s, i, "false")
	case 'n':
		return validWord(s, i, "null")
	}
	return validNumber(s, i)
}

// validItems reads an array or a bag after its bracket, up to the one that closes it.
func validItems(s string, i, depth int, end byte) int {
	if depth > MaxDynDepth {
		return -1
	}
	if i = validSpace(s, i); i < len(s) && s[i] == end {
		return i + 1
	}
	for {
		if end == '}' {
			if i >= len(s) || s[i] != '"' {
				return -1
			}
			if i = validText(s, i+1); i < 0 {
				return -1
			}
			if i = validSpace(s, i); i >= len(s) || s[i] != ':' {
				return -1
			}
			i = validSpace(s, i+1)
		}
		if i = validValue(s, i, depth); i < 0 {
			return -1
		}
		if i = validSpace(s, i); i >= len(s) {
			return -1
		}
		if s[i] == end {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = validSpace(s, i+1)
	}
}

func validWord(s string, i int, word string) int {
	if len(s)-i < len(word) || s[i:i+len(word)] != word {
		return -1
	}
	return i + len(word)
}

func validDigits(s string, i int) int {
	from := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

func validNumber(s string, i int) int {
	if s[i] == '-' {
		i++
	}
	zero := i < len(s) && s[i] == '0'
	whole := i + 1
	if i = validDigits(s, i); i < 0 || zero && i > whole {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i = validDigits(s, i+1); i < 0 {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		return validDigits(s, i)
	}
	return i
}

// validText reads a string after its quote. It looks at eight bytes at a time for one that
// ends the plain text: a quote, a backslash or a control character.
func validText(s string, i int) int {
	const each, top = 0x0101010101010101, 0x8080808080808080
	for {
		for i+8 <= len(s) {
			w := binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), len(s))[i:])
			quote, slash := w^each*'"', w^each*'\\'
			// The top bit of a byte is set where its difference runs below zero.
			ends := ((quote-each)&^quote | (slash-each)&^slash | (w-each*' ')&^w) & top
			if ends != 0 {
				i += bits.TrailingZeros64(ends) / 8
				break
			}
			i += 8
		}
		for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= ' ' {
			i++
		}
		if i >= len(s) || s[i] < ' ' {
			return -1
		}
		if s[i] == '"' {
			return i + 1
		}
		if i = validEscape(s, i+1); i < 0 {
			return -1
		}
	}
}

// validEscape reads what follows a backslash.
func validEscape(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
	default:
		return -1
	}
	v, ok := hex4(s, i+1)
	if !ok || v >= 0xDC00 && v <= 0xDFFF {
		return -1
	}
	if v < 0xD800 || v > 0xDFFF {
		return i + 5
	}
	if i = validWord(s, i+5, `\u`); i < 0 {
		return -1
	}
	if low, ok := hex4(s, i); !ok || low < 0xDC00 || low > 0xDFFF {
		return -1
	}
	return i + 4
}
