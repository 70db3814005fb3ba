package events

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// cell is one value of a record on its way to a typed column. A Parquet file
// brings values that already have a type: then typ is set and val holds it.
type cell struct {
	kind kind
	text string // as span: the inside of strings, whole objects and arrays
	typ  types.Type
	val  types.Value
}

// str is the value of a string or text cell.
func (c cell) str() string {
	if c.kind == kindEscaped {
		return unescape(c.text)
	}
	return c.text
}

func (c cell) isString() bool {
	return c.kind == kindString || c.kind == kindEscaped || c.kind == kindText
}

// convert makes a value of type t of c. The rules, all of them strict in that
// no digit and no character is lost:
//
//   - null is null, and "" of a string column; empty text is null in every
//     column that is not a string
//   - string takes anything: numbers by their own text, objects as minified JSON
//   - int and long take whole numbers in range ("12", 12, 12.0, 1.2e1, "0x1f")
//   - real takes numbers, NaN and Infinity; decimal takes numbers that are finite
//   - bool takes true, false, 1, 0 and these as text in any case
//   - datetime takes the texts of types.ParseDatetime and epoch numbers (see epoch)
//   - timespan and guid take their texts
//   - dynamic takes any JSON; text that is a whole JSON object or array is
//     parsed, other text is a JSON string
//
// why is empty if the value fits.
func convert(c cell, t types.Type) (v types.Value, why string) {
	if c.typ != types.Unknown {
		if c.val == nil || c.typ == t {
			return orEmpty(c.val, t), ""
		}
		if t == types.Datetime && c.typ.Integer() {
			return convertDatetime(cell{kind: kindNumber, text: textOf(c.val, c.typ)})
		}
		if v, ok := Widen(c.val, c.typ, t); ok {
			return v, ""
		}
		c = cell{kind: kindText, text: textOf(c.val, c.typ)}
	}
	if c.kind == kindNull || c.kind == kindAbsent {
		return orEmpty(nil, t), ""
	}
	switch t {
	case types.String:
		switch c.kind {
		case kindObject, kindArray:
			return minify(c.text), ""
		case kindEscaped:
			return unescape(c.text), ""
		}
		return c.text, ""
	case types.Dynamic:
		return convertDynamic(c), ""
	}
	if c.kind == kindObject || c.kind == kindArray {
		return nil, misfit(c, t)
	}
	if c.isString() {
		s := c.str()
		if s = strings.TrimSpace(s); s == "" {
			return nil, ""
		}
		c = cell{kind: kindText, text: s}
	}
	switch t {
	case types.Bool:
		return convertBool(c)
	case types.Int, types.Long:
		return convertInteger(c, t)
	case types.Real:
		return convertReal(c)
	case types.Decimal:
		if d, ok := decimalText(c.text); ok {
			return d, ""
		}
	case types.Datetime:
		return convertDatetime(c)
	case types.Timespan:
		if c.kind == kindText {
			if v, ok := types.ParseTimespan(c.text); ok {
				return v, ""
			}
		}
	case types.Guid:
		if c.kind == kindText {
			if g, ok := guidText(c.text); ok {
				return g, ""
			}
		}
	}
	return nil, misfit(c, t)
}

// orEmpty is v, but "" for the null of a string column.
func orEmpty(v types.Value, t types.Type) types.Value {
	if v == nil && t == types.String {
		return ""
	}
	return v
}

func misfit(c cell, t types.Type) string {
	what := c.text
	if c.kind == kindObject {
		what = "an object"
	} else if c.kind == kindArray {
		what = "an array"
	} else {
		if len(what) > 60 {
			what = strings.ToValidUTF8(what[:60], "") + "..."
		}
		what = strconv.Quote(what)
	}
	return fmt.Sprintf("%s is not of type %s", what, t)
}

func convertDynamic(c cell) types.Value {
	switch c.kind {
	case kindObject, kindArray, kindNumber:
		if d := minify(c.text); d != "null" {
			return d
		}
		return nil
	case kindTrue:
		return "true"
	case kindFalse:
		return "false"
	}
	s := c.str()
	if s == "" {
		return nil
	}
	if d, ok := scanWhole(s); ok {
		return d
	}
	return quoteJSON(s)
}

func convertBool(c cell) (types.Value, string) {
	switch {
	case c.kind == kindTrue || c.text == "1" || strings.EqualFold(c.text, "true"):
		return true, ""
	case c.kind == kindFalse || c.text == "0" || strings.EqualFold(c.text, "false"):
		return false, ""
	}
	return nil, misfit(c, types.Bool)
}

func convertInteger(c cell, t types.Type) (types.Value, string) {
	n, ok := parseLong(c.text)
	if !ok {
		if isNaN(c.text) { // what pandas writes for a missing number
			return nil, ""
		}
		return nil, misfit(c, t)
	}
	if t == types.Int && (n < math.MinInt32 || n > math.MaxInt32) {
		return nil, misfit(c, t)
	}
	return n, ""
}

func isNaN(s string) bool { return s == "NaN" || s == "nan" }

// parseLong reads a whole number that an int64 holds: decimal, 0x hexadecimal,
// or with a fraction or exponent that changes nothing.
func parseLong(s string) (int64, bool) {
	if n := len(s); n > 0 && n < 19 { // the usual case, without the cost of strconv's errors
		neg := s[0] == '-'
		i := 0
		if neg {
			i = 1
		}
		var v int64
		for ; i < n && s[i] >= '0' && s[i] <= '9'; i++ {
			v = v*10 + int64(s[i]-'0')
		}
		if i == n && (!neg || n > 1) {
			if neg {
				v = -v
			}
			return v, true
		}
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, true
	}
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		v, err := strconv.ParseInt(s[2:], 16, 64)
		return v, err == nil
	}
	d, ok := decimalText(s)
	if !ok || strings.Contains(d, ".") {
		return 0, false
	}
	v, err := strconv.ParseInt(d, 10, 64)
	return v, err == nil
}

func convertReal(c cell) (types.Value, string) {
	if c.kind == kindTrue || c.kind == kindFalse {
		return nil, misfit(c, types.Real)
	}
	if strings.ContainsAny(c.text, "_xXpP") { // forms of Go, not of data
		return nil, misfit(c, types.Real)
	}
	f, err := strconv.ParseFloat(c.text, 64)
	if err != nil {
		return nil, misfit(c, types.Real)
	}
	return f, ""
}

// decimalText writes a decimal number without exponent, leading zeros or
// trailing zeros of the fraction. The digits are bounded at 34 before and after
// the point, what a Kusto decimal holds.
func decimalText(s string) (string, bool) {
	const most = 34
	if len(s) > 200 {
		return "", false
	}
	rest := strings.TrimPrefix(s, "-")
	neg := len(rest) < len(s)
	rest = strings.TrimPrefix(rest, "+")
	exp := 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		e, err := strconv.Atoi(rest[i+1:])
		if err != nil || e > 1000 || e < -1000 {
			return "", false
		}
		exp, rest = e, rest[:i]
	}
	whole, frac, _ := strings.Cut(rest, ".")
	digits := whole + frac
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	exp -= len(frac)
	for exp < 0 && strings.HasSuffix(digits, "0") {
		digits, exp = digits[:len(digits)-1], exp+1
	}
	n, ok := new(big.Int).SetString("0"+digits, 10)
	if !ok {
		return "", false
	}
	digits = n.String()
	if n.Sign() == 0 {
		return "0", true
	}
	if exp >= 0 {
		if len(digits)+exp > most {
			return "", false
		}
		digits += strings.Repeat("0", exp)
	} else {
		if -exp > most || len(digits)+exp > most {
			return "", false
		}
		if len(digits) <= -exp {
			digits = strings.Repeat("0", -exp-len(digits)+1) + digits
		}
		digits = digits[:len(digits)+exp] + "." + digits[len(digits)+exp:]
	}
	if neg {
		digits = "-" + digits
	}
	return digits, true
}

func convertDatetime(c cell) (types.Value, string) {
	if c.kind == kindTrue || c.kind == kindFalse {
		return nil, misfit(c, types.Datetime)
	}
	if c.kind == kindText {
		if t, ok := types.ParseDatetime(c.text); ok {
			return t, ""
		}
		// "/Date(1627911000000)/" is how older .NET and PowerShell write JSON.
		if inner, ok := strings.CutPrefix(c.text, "/Date("); ok {
			if ms, err := strconv.ParseInt(strings.TrimSuffix(inner, ")/"), 10, 64); err == nil && strings.HasSuffix(inner, ")/") && ms > -62135596800000 && ms < 253402300800000 {
				return types.UnixEpoch + ms*types.Millisecond, ""
			}
		}
	}
	if t, ok := epoch(c.text); ok {
		return t, ""
	}
	if c.kind == kindNumber {
		return nil, c.text + " is not a datetime; a number is read as Unix time only if it means 2000 to 2100 in seconds, milliseconds, microseconds or nanoseconds"
	}
	return nil, misfit(c, types.Datetime)
}

// The years in which an epoch number is believed: 2000-01-01 to 2100-01-01 in
// Unix seconds. The same span in milli-, micro- and nanoseconds never overlaps
// it, so the unit follows from the size.
const epochFrom, epochTo = 946684800, 4102444800

// epoch reads a Unix time in seconds (a fraction is allowed), milliseconds,
// microseconds or nanoseconds.
func epoch(s string) (int64, bool) {
	whole, frac, hasFrac := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < epochFrom || whole[0] == '+' {
		return 0, false
	}
	for _, u := range []struct{ perSecond, ticksUp, ticksDown int64 }{
		{1, types.Second, 1}, {1e3, types.Millisecond, 1}, {1e6, types.Microsecond, 1}, {1e9, 1, 100},
	} {
		if n >= epochFrom*u.perSecond && n < epochTo*u.perSecond {
			t := types.UnixEpoch + n/u.ticksDown*u.ticksUp
			if !hasFrac {
				return t, true
			}
			if strings.Trim(frac, "0123456789") != "" || frac == "" {
				return 0, false
			}
			for unit := u.ticksUp / 10; unit > 0 && frac != ""; unit /= 10 {
				t += int64(frac[0]-'0') * unit
				frac = frac[1:]
			}
			return t, true
		}
	}
	return 0, false
}

// guidText reads a GUID with or without dashes, in braces or parentheses or
// bare, and writes it in lower case with dashes.
func guidText(s string) (string, bool) {
	if len(s) > 2 && (s[0] == '{' && s[len(s)-1] == '}' || s[0] == '(' && s[len(s)-1] == ')') {
		s = s[1 : len(s)-1]
	}
	if len(s) == 36 {
		if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
			return "", false
		}
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 {
		return "", false
	}
	for i := range len(s) {
		if hexDigit(s[i]) < 0 {
			return "", false
		}
	}
	s = strings.ToLower(s)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], true
}
