package types

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDynDepth is how deep arrays and bags may nest.
const MaxDynDepth = 256

// ParseDyn reads strict JSON (RFC 8259). Of equal keys the first counts. ok is false
// for anything else, also for nesting deeper than MaxDynDepth.
func ParseDyn(text string) (Dyn, bool) {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	p := dynParser{s: text}
	p.space()
	d, ok := p.value(0)
	if !ok {
		return Dyn{}, false
	}
	p.space()
	return d, p.i == len(p.s)
}

type dynParser struct {
	s string
	i int
}

func (p *dynParser) space() { p.i = validSpace(p.s, p.i) }

func (p *dynParser) eat(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *dynParser) value(depth int) (Dyn, bool) {
	if p.i >= len(p.s) {
		return Dyn{}, false
	}
	switch c := p.s[p.i]; {
	case c == '"':
		s, ok := p.str()
		return DynText(s), ok
	case c == '{':
		return p.bag(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == 't':
		return DynBoolean(true), p.word("true")
	case c == 'f':
		return DynBoolean(false), p.word("false")
	case c == 'n':
		return Dyn{}, p.word("null")
	}
	return p.number()
}

func (p *dynParser) word(w string) bool {
	if !strings.HasPrefix(p.s[p.i:], w) {
		return false
	}
	p.i += len(w)
	return true
}

func (p *dynParser) array(depth int) (Dyn, bool) {
	p.i++
	if depth > MaxDynDepth {
		return Dyn{}, false
	}
	var items []Dyn
	if p.space(); p.eat(']') {
		return DynList(nil), true
	}
	for {
		p.space()
		d, ok := p.value(depth)
		if !ok {
			return Dyn{}, false
		}
		items = append(items, d)
		p.space()
		if p.eat(']') {
			return DynList(items), true
		}
		if !p.eat(',') {
			return Dyn{}, false
		}
	}
}

func (p *dynParser) bag(depth int) (Dyn, bool) {
	p.i++
	if depth > MaxDynDepth {
		return Dyn{}, false
	}
	var keys []string
	var items []Dyn
	if p.space(); p.eat('}') {
		return DynObject(nil, nil), true
	}
	for {
		if p.space(); p.i >= len(p.s) || p.s[p.i] != '"' {
			return Dyn{}, false
		}
		key, ok := p.str()
		if !ok {
			return Dyn{}, false
		}
		if p.space(); !p.eat(':') {
			return Dyn{}, false
		}
		p.space()
		d, ok := p.value(depth)
		if !ok {
			return Dyn{}, false
		}
		keys, items = append(keys, key), append(items, d)
		p.space()
		if p.eat('}') {
			return DynObject(keys, items), true
		}
		if !p.eat(',') {
			return Dyn{}, false
		}
	}
}

// str reads a string; without escapes it is a part of the input, not a copy.
func (p *dynParser) str() (string, bool) {
	p.i++
	start := p.i
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return p.s[start : p.i-1], true
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return "", false
		}
	}
	return "", false
}

func (p *dynParser) escaped(start int) (string, bool) {
	b := append(make([]byte, 0, len(p.s[start:p.i])+32), p.s[start:p.i]...)
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == '"':
			return string(b), true
		case c < 0x20:
			return "", false
		case c != '\\':
			b = append(b, c)
			continue
		}
		if p.i >= len(p.s) {
			return "", false
		}
		c = p.s[p.i]
		p.i++
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := p.hex4()
			if !ok {
				return "", false
			}
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(p.s[p.i:], `\u`) {
					back := p.i
					p.i += 2
					low, ok := p.hex4()
					if !ok {
						return "", false
					}
					if pair = utf16.DecodeRune(r, low); pair == utf8.RuneError {
						p.i = back // a lone surrogate; what follows is read on its own
					}
				}
				r = pair
			}
			b = utf8.AppendRune(b, r)
		default:
			return "", false
		}
	}
	return "", false
}

func (p *dynParser) hex4() (rune, bool) {
	v, ok := hex4(p.s, p.i)
	p.i += 4
	return v, ok
}

// hex4 reads the four digits after \u.
func hex4(s string, i int) (rune, bool) {
	if len(s)-i < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(s[i:i+4], 16, 32)
	return rune(v), err == nil
}

func (p *dynParser) number() (Dyn, bool) {
	end := validNumber(p.s, p.i)
	if end < 0 {
		return Dyn{}, false
	}
	text := p.s[p.i:end]
	p.i = end
	exponent := strings.ContainsAny(text, "eE")
	whole := !exponent && !strings.Contains(text, ".")
	switch {
	case whole:
		if text == "-0" {
			text = "0"
		}
	case exponent || !shortDecimal(text):
		v, err := strconv.ParseFloat(text, 64)
		if err == nil && !math.IsInf(v, 0) {
			text = formatReal(v)
		}
	}
	return Dyn{kind: DynNumber, text: text}, true
}

// shortDecimal reports a text like "12.5" that formatReal would print the same: few
// enough digits to be exact, no zeros to drop, not below 1e-6.
func shortDecimal(s string) bool {
	n := len(s)
	if n > 16 || strings.HasPrefix(strings.TrimPrefix(s, "-"), "0.00000") {
		return false
	}
	return s[n-1] != '0' || s[n-2] == '.'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
