package events

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// kind says what a cell's text is.
type kind uint8

const (
	kindAbsent  kind = iota
	kindNull         // JSON null
	kindTrue         // JSON true
	kindFalse        // JSON false
	kindNumber       // JSON number text, or NaN, Infinity, -Infinity
	kindString       // between the quotes of a JSON string without escapes
	kindEscaped      // between the quotes of a JSON string that has escapes
	kindObject       // a whole JSON object
	kindArray        // a whole JSON array
	kindText         // plain text without a type, as a CSV field is
)

// span is one value inside a record: text[from:to].
type span struct {
	kind     kind
	from, to int32
}

// field is one member of a JSON object.
type field struct {
	key   span // kindString or kindEscaped
	value span
}

// maxDepth bounds the nesting of JSON values.
const maxDepth = 256

// scanError tells why a JSON text was not read and where. If more is set, the
// text is right so far and merely ends too early.
type scanError struct {
	at   int
	what string
	more bool
}

func (e *scanError) Error() string {
	if e.more {
		return "the JSON ends too early"
	}
	return fmt.Sprintf("bad JSON: %s at offset %d of the record", e.what, e.at)
}

// scanner reads one JSON value in a single pass over its bytes and records
// where the members of the outermost object lie. It is strict but for two
// habits of real producers: control characters other than line ends inside
// strings, and the number words NaN and Infinity.
type scanner struct {
	b      []byte
	fields []field
	err    scanError
}

// object scans the object that starts at b[i] and returns the index after it,
// or -1 with s.err set. The members are appended to s.fields.
func (s *scanner) object(i int) int {
	b := s.b
	i = s.space(i + 1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) {
			return s.short()
		}
		if b[i] != '"' {
			return s.fail(i, "a member name in quotes is expected")
		}
		var f field
		if i = s.str(i, &f.key); i < 0 {
			return -1
		}
		if i = s.space(i); i >= len(b) {
			return s.short()
		}
		if b[i] != ':' {
			return s.fail(i, "a colon is expected")
		}
		i = s.space(i + 1)
		if i = s.value(i, 1, &f.value); i < 0 {
			return -1
		}
		s.fields = append(s.fields, f)
		if i = s.space(i); i >= len(b) {
			return s.short()
		}
		switch b[i] {
		case ',':
			i = s.space(i + 1)
		case '}':
			return i + 1
		default:
			return s.fail(i, "a comma or } is expected")
		}
	}
}

func (s *scanner) fail(at int, what string) int {
	s.err = scanError{at: at, what: what}
	return -1
}

func (s *scanner) short() int {
	s.err = scanError{at: len(s.b), more: true}
	return -1
}

func (s *scanner) space(i int) int {
	b := s.b
	if i >= len(b) || b[i] > ' ' {
		return i
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// value scans the value at b[i] and returns the index after it, or -1.
func (s *scanner) value(i, depth int, v *span) int {
	b := s.b
	if i >= len(b) {
		return s.short()
	}
	switch c := b[i]; {
	case c == '"':
		return s.str(i, v)
	case c == '{' || c == '[':
		end := s.nested(i, depth)
		if end < 0 {
			return -1
		}
		*v = span{kindObject, int32(i), int32(end)}
		if c == '[' {
			v.kind = kindArray
		}
		return end
	case c == '-' || c >= '0' && c <= '9':
		return s.number(i, v)
	case c == 't':
		return s.word(i, "true", kindTrue, v)
	case c == 'f':
		return s.word(i, "false", kindFalse, v)
	case c == 'n':
		return s.word(i, "null", kindNull, v)
	case c == 'N':
		return s.word(i, "NaN", kindNumber, v)
	case c == 'I':
		return s.word(i, "Infinity", kindNumber, v)
	}
	return s.fail(i, "a value is expected")
}

func (s *scanner) word(i int, w string, k kind, v *span) int {
	for j := range len(w) {
		if i+j >= len(s.b) {
			return s.short()
		}
		if s.b[i+j] != w[j] {
			return s.fail(i, "a value is expected")
		}
	}
	*v = span{k, int32(i), int32(i + len(w))}
	return i + len(w)
}

// nested scans the array or object at b[i].
func (s *scanner) nested(i, depth int) int {
	b := s.b
	if depth >= maxDepth {
		return s.fail(i, fmt.Sprintf("values are nested more than %d deep", maxDepth))
	}
	object := b[i] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	var skip span
	i = s.space(i + 1)
	if i < len(b) && b[i] == closing {
		return i + 1
	}
	for {
		if object {
			if i >= len(b) {
				return s.short()
			}
			if b[i] != '"' {
				return s.fail(i, "a member name in quotes is expected")
			}
			if i = s.str(i, &skip); i < 0 {
				return -1
			}
			if i = s.space(i); i >= len(b) {
				return s.short()
			}
			if b[i] != ':' {
				return s.fail(i, "a colon is expected")
			}
			i = s.space(i + 1)
		}
		if i = s.value(i, depth+1, &skip); i < 0 {
			return -1
		}
		if i = s.space(i); i >= len(b) {
			return s.short()
		}
		switch b[i] {
		case ',':
			i = s.space(i + 1)
		case closing:
			return i + 1
		default:
			return s.fail(i, "a comma or "+string(closing)+" is expected")
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str scans the string whose opening quote is b[i]; v gets its inside.
func (s *scanner) str(i int, v *span) int {
	b := s.b
	start := i + 1
	i = start
	k := kindString
	for {
		// Eight bytes at a time while none of them is a quote, a backslash or
		// a line end.
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q, e, n := w^(ones*'"'), w^(ones*'\\'), w^(ones*'\n')
			if m := ((q-ones)&^q | (e-ones)&^e | (n-ones)&^n) & highs; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return s.short()
		}
		switch b[i] {
		case '"':
			*v = span{k, int32(start), int32(i)}
			return i + 1
		case '\n':
			return s.fail(i, "a line ends inside a string")
		case '\\':
			k = kindEscaped
			if i+1 >= len(b) {
				return s.short()
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				for j := i + 2; j < i+6; j++ {
					if j >= len(b) {
						return s.short()
					}
					if hexDigit(b[j]) < 0 {
						return s.fail(i, `\u needs four hexadecimal digits`)
					}
				}
				i += 6
			default:
				return s.fail(i, "unknown escape")
			}
		default:
			i++
		}
	}
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func (s *scanner) number(i int, v *span) int {
	b := s.b
	start := i
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
		if i < len(b) && b[i] == 'I' {
			end := s.word(i, "Infinity", kindNumber, v)
			v.from = int32(start)
			return end
		}
	}
	zero := i < len(b) && b[i] == '0'
	if first := i; !digits() {
		if i >= len(b) {
			return s.short()
		}
		return s.fail(i, "a digit is expected")
	} else if zero && i > first+1 {
		return s.fail(first, "a number starts with 0")
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			if i >= len(b) {
				return s.short()
			}
			return s.fail(i, "a digit is expected")
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			if i >= len(b) {
				return s.short()
			}
			return s.fail(i, "a digit is expected")
		}
	}
	*v = span{kindNumber, int32(start), int32(i)}
	return i
}
