package hunt

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"quarry/kql/types"
)

// AppendJSON appends a value as the Kusto APIs write it: int64 and real as numbers
// (but NaN and the infinities as text), decimal as text, datetime and timespan in
// .NET's notation, dynamic as JSON in place.
func AppendJSON(b []byte, v types.Value, t types.Type) []byte {
	switch v := v.(type) {
	case nil:
		if t == types.String {
			return append(b, `""`...)
		}
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		switch t {
		case types.Datetime, types.Timespan:
			b = append(b, '"')
			b = append(b, FormatValue(v, t)...)
			return append(b, '"')
		}
		return strconv.AppendInt(b, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(append(append(b, '"'), FormatValue(v, t)...), '"')
		}
		return append(b, FormatValue(v, t)...)
	case string:
		if t == types.Dynamic {
			return append(b, v...)
		}
		return AppendJSONString(b, v)
	}
	return append(b, "null"...)
}

// FormatValue is a value as text: what AppendJSON writes, without quotes. Null is "".
func FormatValue(v types.Value, t types.Type) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		switch t {
		case types.Datetime:
			return shortFraction(types.FormatDatetime(v))
		case types.Timespan:
			return types.FormatTimespan(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case string:
		return v
	}
	return ""
}

// shortFraction drops the zeros at the end of a second's fraction, as .NET does.
func shortFraction(s string) string {
	whole, fraction, _ := strings.Cut(strings.TrimSuffix(s, "Z"), ".")
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	return whole + "Z"
}

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			// U+2028 and U+2029 end a line for JavaScript.
			if r == utf8.RuneError && n == 1 || r == '\u2028' || r == '\u2029' {
				b = append(b, s[start:i]...)
				b = append(b, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
				start = i + n
			}
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
