package builtin

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"quarry/kql/types"
)

// Text is the text that tostring() gives a value; null is the empty string.
func Text(t types.Type, v types.Value) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		switch t {
		case types.Datetime:
			return types.FormatDatetime(v)
		case types.Timespan:
			return types.FormatTimespan(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return realText(v)
	case string:
		switch t {
		case types.Dynamic:
			return dyn(v).Text()
		case types.Decimal:
			if s, ok := parseDecimal(v).(string); ok {
				return s
			}
		}
		return v
	}
	return ""
}

// realText has at least one fractional digit, and an exponent from 1e21 on and below
// 1e-6, as a JavaScript number has.
func realText(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	if a := math.Abs(v); a != 0 && (a >= 1e21 || a < 1e-6) {
		mantissa, exp, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
		return mantissa + "e" + exp[:1] + strings.TrimLeft(exp[1:], "0")
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// dyn parses a dynamic value; null where the text is no JSON.
func dyn(v types.Value) types.Dyn {
	s, _ := v.(string)
	d, _ := types.ParseDyn(s)
	return d
}

// convertDyn makes a scalar of a dynamic value; nil where it is none.
func convertDyn(t types.Type, d types.Dyn) types.Value {
	s, isText := d.Str()
	switch t {
	case types.Bool:
		if b, ok := d.Bool(); ok {
			return b
		}
		if f, ok := d.Float(); ok {
			return f != 0
		}
		if isText {
			return parseBool(s)
		}
	case types.Int:
		return dynamicInt(d.Value())
	case types.Long:
		return dynamicLong(d.Value())
	case types.Real:
		return dynamicReal(d.Value())
	case types.Decimal:
		if isText || d.Kind() == types.DynNumber {
			return parseDecimal(d.Text())
		}
		if b, ok := d.Bool(); ok {
			return Text(types.Long, boolLong(b))
		}
	case types.String:
		return d.Text()
	case types.Datetime:
		if isText {
			return timeOf(types.ParseDatetime(s))
		}
		if v, ok := d.Int(); ok {
			return validTime(v)
		}
	case types.Timespan:
		if isText {
			return timeOf(types.ParseTimespan(s))
		}
		if v, ok := d.Int(); ok {
			return v
		}
	case types.Guid:
		if isText {
			return parseGuid(s)
		}
	case types.Dynamic:
		return d.Value()
	}
	return nil
}

func dynamicLong(v types.Value) types.Value {
	d := dyn(v)
	if n, ok := d.Int(); ok {
		return n
	}
	if f, ok := d.Float(); ok {
		return realInteger(f, math.MinInt64, math.MaxInt64)
	}
	if b, ok := d.Bool(); ok {
		return boolLong(b)
	}
	if s, ok := d.Str(); ok {
		return longOf(parseLong(s))
	}
	return nil
}

func dynamicInt(v types.Value) types.Value {
	d := dyn(v)
	if s, ok := d.Str(); ok {
		return int32Of(parseLong(s))
	}
	if _, whole := d.Int(); !whole {
		if f, ok := d.Float(); ok {
			return realInteger(f, math.MinInt32, math.MaxInt32)
		}
	}
	if n, ok := dynamicLong(v).(int64); ok {
		return int64(int32(n))
	}
	return nil
}

func dynamicReal(v types.Value) types.Value {
	d := dyn(v)
	if f, ok := d.Float(); ok {
		return f
	}
	if b, ok := d.Bool(); ok {
		return longReal(boolLong(b))
	}
	if s, ok := d.Str(); ok {
		return realOf(parseReal(s))
	}
	return nil
}

func boolLong(v types.Value) types.Value {
	if v == true {
		return int64(1)
	}
	return int64(0)
}

func longReal(v types.Value) types.Value { return float64(v.(int64)) }

// longOf, int32Of, realOf and timeOf are null where a text could not be read.
func longOf(v int64, ok bool) types.Value {
	if !ok {
		return nil
	}
	return v
}

func int32Of(v int64, ok bool) types.Value { return longOf(v, ok && v == int64(int32(v))) }

func timeOf(v int64, ok bool) types.Value { return longOf(v, ok) }

func realOf(v float64, ok bool) types.Value {
	if !ok {
		return nil
	}
	return v
}

// realInteger drops the fraction and saturates; nil for what is not finite.
func realInteger(f float64, low, high int64) types.Value {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil
	case f >= float64(high):
		return high
	case f <= float64(low):
		return low
	}
	return int64(f)
}

// parseLong reads a decimal integer with an optional sign, or "0x" and up to 16 hex
// digits; spaces around it do not count.
func parseLong(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		v, err := strconv.ParseUint(s[2:], 16, 64)
		return int64(v), err == nil && !strings.ContainsRune(s, '_')
	}
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil
}

// parseReal reads a decimal number with an optional exponent, NaN and the infinities;
// spaces around it do not count.
func parseReal(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	switch s {
	case "NaN", "nan":
		return math.NaN(), true
	case "inf", "Inf", "+inf", "+Inf", "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-inf", "-Inf", "-Infinity":
		return math.Inf(-1), true
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < '0' && c != '+' && c != '-' && c != '.' || c > '9' && c|0x20 != 'e' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil || errors.Is(err, strconv.ErrRange)
}

// parseDecimal reads a plain or scientific number as decimal text; nil when it is none.
func parseDecimal(s string) types.Value {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s, "_nNiI") {
		return nil
	}
	var d apd.Decimal
	if _, _, err := d.SetString(s); err != nil || d.Exponent < -100 || d.Exponent > 100 {
		return nil
	}
	if _, err := decimalContext.Round(&d, &d); err != nil {
		return nil
	}
	return decimalText(&d)
}

// decimalWhole is the part of a decimal text before the point.
func decimalWhole(s string) string {
	whole, _, _ := strings.Cut(s, ".")
	if whole == "" || whole == "-" {
		return "0"
	}
	return whole
}

// parseBool reads true and false in any case and whole numbers.
func parseBool(s string) types.Value {
	switch {
	case strings.EqualFold(s, "true"):
		return true
	case strings.EqualFold(s, "false"):
		return false
	}
	if v, ok := parseLong(s); ok {
		return v != 0
	}
	return nil
}

// parseGuid reads 32 hex digits with dashes anywhere and braces or parentheses around.
func parseGuid(s string) types.Value {
	s = strings.TrimSpace(s)
	if n := len(s); n > 2 && (s[0] == '{' && s[n-1] == '}' || s[0] == '(' && s[n-1] == ')') {
		s = s[1 : n-1]
	}
	var b [36]byte
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '-' {
			continue
		}
		if c >= 'A' && c <= 'F' {
			c |= 0x20
		}
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') || n >= 36 {
			return nil
		}
		if n == 8 || n == 13 || n == 18 || n == 23 {
			b[n] = '-'
			n++
		}
		b[n] = c
		n++
	}
	if n != 36 {
		return nil
	}
	return string(b[:])
}
