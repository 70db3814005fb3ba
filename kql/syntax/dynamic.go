package syntax

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// dynamic reads "dynamic(value)". The node's Value is minified JSON, its Text the
// tokens as written with canonical spacing.
func (p *parser) dynamic() Expr {
	if p.ahead(1).kind != tLParen {
		return nil
	}
	first := p.pos
	start := p.next().start
	p.next()
	j := jsonReader{p: p}
	if !j.value() {
		p.report(missingValue(p.gap(), "a JSON value", p.found()))
	}
	p.expect(tRParen, ")")
	l := &Literal{At: p.at(start), Type: types.Dynamic, Text: p.joined(first)}
	if s := string(j.out); s != "null" && s != "" {
		l.Value = s
	}
	return l
}

// joined is the text of the tokens from first to the current one, comments and
// line breaks left out.
func (p *parser) joined(first int) string {
	var b strings.Builder
	for i := first; i < p.pos; i++ {
		b.WriteString(p.text(p.toks[i]))
		switch p.toks[i].kind {
		case tComma, tColon:
			b.WriteByte(' ')
		case tString:
			if i+1 < p.pos && p.toks[i+1].kind == tString {
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}

// jsonReader writes the JSON text of the value it reads.
type jsonReader struct {
	p   *parser
	out []byte
}

func (j *jsonReader) value() bool {
	p := j.p
	if !p.enter() {
		p.leave()
		return true
	}
	defer p.leave()
	switch t := p.tok(); t.kind {
	case tMinus:
		if k := p.ahead(1).kind; k != tLong && k != tReal {
			return false
		}
		p.next()
		j.literal(true)
	case tLong, tReal, tBool, tDatetime, tTimespan, tGuid, tRawGuid, tDecimal, tString:
		j.literal(false)
	case kwDynamic:
		l, ok := p.dynamic().(*Literal)
		if !ok {
			return false
		}
		if s, ok := l.Value.(string); ok {
			j.out = append(j.out, s...)
		} else {
			j.out = append(j.out, "null"...)
		}
	case kwNull:
		p.next()
		j.out = append(j.out, "null"...)
	case tLBracket:
		p.next()
		j.out = append(j.out, '[')
		j.list((*jsonReader).value, "a JSON value")
		p.expect(tRBracket, "]")
		j.out = append(j.out, ']')
	case tLBrace:
		if n := p.placeholderName(); n != nil {
			return true
		}
		p.next()
		j.out = append(j.out, '{')
		j.list((*jsonReader).pair, `"key": value`)
		p.expect(tRBrace, "}")
		j.out = append(j.out, '}')
	default:
		return false
	}
	return true
}

func (j *jsonReader) list(item func(*jsonReader) bool, what string) {
	p := j.p
	missing := func() { p.report(missingValue(p.gap(), what, p.found())) }
	if p.commonEnd() {
		return
	}
	if !item(j) {
		if p.kind() != tComma {
			return
		}
		missing()
	}
	for !p.commonEnd() {
		j.out = append(j.out, ',')
		if p.accept(tComma) {
			if p.commonEnd() || !item(j) {
				missing()
				return
			}
			continue
		}
		before, found, mark := p.gapOrNext(), p.found(), len(p.problems)
		if !item(j) {
			return
		}
		p.reportAt(mark, separatorExpected(before, "a comma", found))
	}
}

func (j *jsonReader) pair() bool {
	p := j.p
	switch p.kind() {
	case tString:
		s, _ := stringValue(p.text(p.next()))
		j.out = AppendJSONString(j.out, s)
		p.expect(tColon, ":")
	case tColon:
		p.report(missingValue(p.gap(), "a string", p.found()))
		p.next()
	default:
		mark, at := len(p.problems), p.gap()
		found := p.found()
		if !j.value() {
			return false
		}
		p.reportAt(mark, missingValue(at, `"key": before the value`, found))
		return true
	}
	j.out = append(j.out, ':')
	if !j.value() {
		p.report(missingValue(p.gap(), "a JSON value", p.found()))
	}
	return true
}

// literal writes one scalar: what JSON has no form for becomes the string that
// tostring() gives.
func (j *jsonReader) literal(negative bool) {
	l, ok := j.p.literal().(*Literal)
	if !ok {
		return
	}
	switch v := l.Value.(type) {
	case nil:
		j.out = append(j.out, "null"...)
	case bool:
		j.out = strconv.AppendBool(j.out, v)
	case int64:
		switch l.Type {
		case types.Datetime:
			j.out = AppendJSONString(j.out, types.FormatDatetime(v))
		case types.Timespan:
			j.out = AppendJSONString(j.out, types.FormatTimespan(v))
		default:
			if negative {
				v = -v
			}
			j.out = strconv.AppendInt(j.out, v, 10)
		}
	case float64:
		if negative {
			v = -v
		}
		j.out = appendJSONReal(j.out, v)
	case string:
		if l.Type == types.Decimal {
			j.out = append(j.out, v...)
			return
		}
		j.out = AppendJSONString(j.out, v)
	}
}

// appendJSONReal keeps a real a real: 1.0, not 1. What is not finite is text in Kusto too.
func appendJSONReal(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	n := len(b)
	if a := math.Abs(f); a != 0 && (a < 1e-5 || a >= 1e15) {
		b = strconv.AppendFloat(b, f, 'e', -1, 64)
		return b
	}
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if !strings.ContainsRune(string(b[n:]), '.') {
		b = append(b, ".0"...)
	}
	return b
}

// AppendJSONString appends s as a JSON string with no more escapes than JSON needs.
func AppendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
