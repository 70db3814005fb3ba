package syntax

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"quarry/kql/types"
)

// literalTypes gives the type of each literal token.
var literalTypes = map[kind]types.Type{
	tString: types.String, tLong: types.Long, tInt: types.Int, tReal: types.Real, tDecimal: types.Decimal,
	tBool: types.Bool, tDatetime: types.Datetime, tTimespan: types.Timespan, tGuid: types.Guid, tRawGuid: types.Guid,
}

func isTimespanUnit(s string) bool { _, ok := types.TimespanUnits[s]; return ok }

// quotedIn returns the text of datetime("...") and the like, and whether it has that form.
func quotedIn(text string) (string, bool) {
	i := strings.IndexByte(text, '(')
	body := strings.TrimSpace(strings.TrimSuffix(text[i+1:], ")"))
	if n := len(body); i >= 0 && n >= 2 && (body[0] == '"' || body[0] == '\'') && body[n-1] == body[0] {
		return body[1 : n-1], true
	}
	return "", false
}

// literalValue reads the text of a literal token that is not a string. Text
// between parentheses may be "null" (nil) and may stand in quotes. ok is false
// when it is no value of that type.
func literalValue(k kind, text string) (v types.Value, ok bool) {
	body, enclosed := text, false
	if i := strings.IndexByte(text, '('); i >= 0 && k != tString {
		body, enclosed = strings.TrimSpace(strings.TrimSuffix(text[i+1:], ")")), true
	}
	if enclosed {
		if body == "null" {
			return nil, true
		}
		if s, ok := quotedIn(text); ok {
			body = s
		}
	}
	switch k {
	case tLong:
		return integer(body, 64, enclosed)
	case tInt:
		return integer(body, 32, enclosed)
	case tReal:
		return real(body, enclosed)
	case tDecimal:
		return decimal(body)
	case tBool:
		switch strings.ToLower(body) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
		if n, ok := integer(body, 64, true); ok && enclosed {
			return n != int64(0), true
		}
		return nil, false
	case tDatetime:
		return datetime(body)
	case tTimespan:
		return timespan(body)
	case tGuid, tRawGuid:
		return guid(body)
	}
	return nil, false
}

// integer reads decimal digits, or hexadecimal ones that name all 64 (32) bits; a
// sign only between parentheses.
func integer(s string, bits int, sign bool) (types.Value, bool) {
	digits, neg := s, false
	if sign && digits != "" && (digits[0] == '-' || digits[0] == '+') {
		neg, digits = digits[0] == '-', digits[1:]
	}
	if len(digits) > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') {
		u, err := strconv.ParseUint(digits[2:], 16, bits)
		if err != nil || neg {
			return nil, false
		}
		if bits == 32 {
			return int64(int32(u)), true
		}
		return int64(u), true
	}
	if digits == "" || !isDigit(digits[0]) {
		return nil, false
	}
	if neg {
		digits = "-" + digits
	}
	n, err := strconv.ParseInt(digits, 10, bits)
	return n, err == nil
}

func real(s string, enclosed bool) (types.Value, bool) {
	if enclosed {
		switch strings.ToLower(s) {
		case "nan":
			return math.NaN(), true
		case "inf", "+inf", "infinity", "+infinity":
			return math.Inf(1), true
		case "-inf", "-infinity":
			return math.Inf(-1), true
		}
	}
	if strings.ContainsAny(s, "_xXpPnN") {
		return nil, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) { // too large is infinity, as in Kusto
		return nil, false
	}
	return f, true
}

// decimal returns plain notation: "-12.50e1" is "-125.0".
func decimal(s string) (types.Value, bool) {
	sign, rest := "", s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		if rest[0] == '-' {
			sign = "-"
		}
		rest = rest[1:]
	}
	exp := 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		n, err := strconv.Atoi(rest[i+1:])
		if err != nil || n < -400 || n > 400 {
			return nil, false
		}
		exp, rest = n, rest[:i]
	}
	whole, frac, dot := strings.Cut(rest, ".")
	if whole+frac == "" || dot && whole == "" && frac == "" || strings.Trim(whole+frac, "0123456789") != "" || len(rest) > 400 {
		return nil, false
	}
	for ; exp > 0; exp-- {
		if frac == "" {
			frac = "0"
		}
		whole, frac = whole+frac[:1], frac[1:]
	}
	for ; exp < 0; exp++ {
		if whole == "" {
			whole = "0"
		}
		whole, frac = whole[:len(whole)-1], whole[len(whole)-1:]+frac
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if frac != "" {
		whole += "." + frac
	}
	return sign + whole, true
}

// datetime reads what todatetime() reads, and dates with spaces round their dashes
// and colons, as editors that format code leave them.
func datetime(s string) (types.Value, bool) {
	if t, ok := types.ParseDatetime(s); ok {
		return t, true
	}
	if t, ok := types.ParseDatetime(tightened.Replace(s)); ok {
		return t, true
	}
	return nil, false
}

var tightened = strings.NewReplacer(" - ", "-", " : ", ":", " . ", ".")

// timespan reads "1.02:03:04", "5" (days) and "2.5h".
func timespan(s string) (types.Value, bool) {
	digits, neg := s, false
	if strings.HasPrefix(s, "-") {
		digits, neg = strings.TrimSpace(s[1:]), true
	}
	// Nanoseconds are finer than a tick, so they can't be scaled by a unit in ticks.
	if i := strings.Index(digits, "nano"); i > 0 && isTimespanUnit(digits[i:]) {
		n, ok := new(big.Rat).SetString(digits[:i])
		if !ok || len(digits) > 40 {
			return nil, false
		}
		ticks := new(big.Int).Quo(n.Num(), new(big.Int).Mul(n.Denom(), big.NewInt(100)))
		if !ticks.IsInt64() {
			return nil, false
		}
		if neg {
			ticks.Neg(ticks)
		}
		return ticks.Int64(), true
	}
	if t, ok := types.ParseTimespan(s); ok {
		return t, true
	}
	return nil, false
}

// guid accepts the forms with dashes, with braces, and 32 digits alone.
func guid(s string) (types.Value, bool) {
	s = strings.ToLower(s)
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" {
		s = s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
	}
	if bareGuid(s) != len(s) || s == "" {
		return nil, false
	}
	return s, true
}

// stringValue undoes the quoting of one string literal token.
func stringValue(text string) (value string, obfuscated bool) {
	if text[0] == 'h' || text[0] == 'H' {
		obfuscated, text = true, text[1:]
	}
	verbatim := text[0] == '@'
	if verbatim {
		text = text[1:]
	}
	if q := text[0]; q == '`' || q == '~' {
		body := text[3:]
		return strings.TrimSuffix(body, text[:3]), obfuscated
	}
	quote := text[:1]
	body := strings.TrimSuffix(text[1:], quote)
	switch {
	case verbatim:
		return strings.ReplaceAll(body, quote+quote, quote), obfuscated
	case strings.IndexByte(body, '\\') < 0:
		return body, obfuscated
	}
	return unescape(body), obfuscated
}

func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		n := escapeLength(s[i:])
		if n == 0 { // reported by the lexer
			return string(b)
		}
		r := escaped(s[i : i+n])
		if utf16.IsSurrogate(r) { // two \u escapes may spell one character
			if m := escapeLength(s[i+n:]); m > 0 {
				if both := utf16.DecodeRune(r, escaped(s[i+n:i+n+m])); both != utf8.RuneError {
					r, n = both, n+m
				}
			}
		}
		b = utf8.AppendRune(b, r)
		i += n
	}
	return string(b)
}

// escaped is the character of one whole escape sequence.
func escaped(s string) rune {
	switch c := s[1]; c {
	case 'a':
		return '\a'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	case 'u', 'U', 'x':
		n, _ := strconv.ParseUint(s[2:], 16, 32)
		if n > utf8.MaxRune {
			return utf8.RuneError
		}
		return rune(n)
	case '\\', '\'', '"':
		return rune(c)
	}
	n, _ := strconv.ParseUint(s[1:], 8, 32)
	return rune(n)
}
