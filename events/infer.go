package events

import (
	"math"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// Columns that no schema names get the narrowest type that holds all their
// values, without reading words into text that looks like something else:
//
//	bool      JSON true and false; "true" and "false" in CSV
//	long      whole numbers of an int64, without leading zeros
//	real      other numbers of a double, and whole numbers mixed with them
//	datetime  texts with a full date and a time of day (ISO 8601)
//	dynamic   JSON objects and arrays, and whatever is mixed with them
//	string    everything else, and every other mixture
//
// A JSON string never becomes a number or a bool; a CSV field may.
func classify(c cell) types.Type {
	if c.typ != types.Unknown {
		if c.val == nil {
			return types.Unknown
		}
		return c.typ
	}
	switch c.kind {
	case kindNull, kindAbsent:
		return types.Unknown
	case kindTrue, kindFalse:
		return types.Bool
	case kindObject, kindArray:
		return types.Dynamic
	case kindNumber:
		return classifyNumber(c.text)
	case kindText:
		return classifyText(c.text)
	}
	if c.text == "" {
		return types.Unknown // fits any type: null, or "" if it turns out to be string
	}
	if looksLikeTime(c.text) {
		return types.Datetime
	}
	return types.String
}

func classifyNumber(s string) types.Type {
	if !strings.ContainsAny(s, ".eEN") && !strings.HasSuffix(s, "y") {
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			return types.Long
		}
		return types.String // a double would lose digits
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !(math.IsInf(f, 0) && !strings.HasSuffix(s, "y")) {
		return types.Real
	}
	return types.String
}

func classifyText(s string) types.Type {
	if s == "" {
		return types.Unknown
	}
	switch c := s[0]; {
	case c == '-' || c >= '0' && c <= '9':
		if looksLikeTime(s) {
			return types.Datetime
		}
		sc := scanner{b: []byte(s)}
		var v span
		if sc.number(0, &v) == len(s) && s[len(s)-1] != 'y' {
			return classifyNumber(s)
		}
	case c == 't' || c == 'T' || c == 'f' || c == 'F':
		if strings.EqualFold(s, "true") || strings.EqualFold(s, "false") {
			return types.Bool
		}
	case c == '{' || c == '[':
		if _, ok := scanWhole(s); ok {
			return types.Dynamic
		}
	}
	return types.String
}

// looksLikeTime reports text that starts like 2021-08-02T13:11 or 2021-08-02
// 13:11 and is a datetime as a whole.
func looksLikeTime(s string) bool {
	if len(s) < 16 || len(s) > 40 || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' {
		return false
	}
	_, ok := types.ParseDatetime(s)
	return ok
}

// widen is the narrowest type that holds the values of both types. The order is
// bool < string, int < long < real < string, datetime < string, and so for each
// other scalar type; dynamic holds every other type.
func widen(a, b types.Type) types.Type {
	switch {
	case a == b || b == types.Unknown:
		return a
	case a == types.Unknown:
		return b
	case a == types.Dynamic || b == types.Dynamic:
		return types.Dynamic
	case a.Integer() && b.Integer():
		return types.Long
	case a.Integer() && b == types.Real || a == types.Real && b.Integer():
		return types.Real
	}
	return types.String
}

// Widen converts a value to a wider type, as a Sink must do with the rows it
// holds when Table is called again with a wider type for a column: int to long;
// int and long to real; anything to string (as tostring() writes it, null as
// ""); anything to dynamic ("" becomes null). ok is false for any other pair.
func Widen(v types.Value, from, to types.Type) (wide types.Value, ok bool) {
	switch {
	case from == to:
		return v, true
	case to == types.String:
		if v == nil {
			return "", true
		}
		return textOf(v, from), true
	case v == nil:
		return nil, widen(from, to) == to
	case to == types.Long && from == types.Int:
		return v, true
	case to == types.Real && from.Integer():
		n := v.(int64)
		f := float64(n)
		// 2^63 as a float does not come back as an int64.
		return f, f < math.MaxInt64 && int64(f) == n
	case to == types.Dynamic:
		switch from {
		case types.Bool, types.Int, types.Long, types.Decimal:
			return textOf(v, from), true
		case types.Real:
			if f := v.(float64); math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, true
			}
			return textOf(v, from), true
		case types.String:
			if v == "" {
				return nil, true
			}
		}
		return quoteJSON(textOf(v, from)), true
	}
	return nil, false
}

// textOf writes a value that is not null as tostring() does.
func textOf(v types.Value, t types.Type) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text
	case int64:
		switch t {
		case types.Datetime:
			return types.FormatDatetime(v)
		case types.Timespan:
			return types.FormatTimespan(v)
		}
		return strconv.FormatInt(v, 10)
	case string:
		return v
	}
	return ""
}
