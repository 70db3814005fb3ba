package types

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// DynKind is the kind of a dynamic value.
type DynKind uint8

const (
	DynNull DynKind = iota
	DynBool
	DynNumber
	DynString
	DynArray
	DynBag
)

// Dyn is a parsed dynamic value: JSON whose bags keep the order of their keys and
// whose integers keep every digit. The zero Dyn is null. A Dyn is immutable.
//
// Reals are printed in one way, the shortest that reads back ("1.5", "100000.0",
// "1e21"), which is also how the engine prints what it takes out of JSON text.
type Dyn struct {
	kind DynKind
	text string // a number's text, a string's characters, "true" or "false"
	kids *dynKids
}

type dynKids struct {
	keys  []string // bags only, aligned with items
	items []Dyn
}

// Kind is the kind of the value.
func (d Dyn) Kind() DynKind { return d.kind }

// IsNull reports dynamic(null).
func (d Dyn) IsNull() bool { return d.kind == DynNull }

// DynBoolean, DynInt, DynReal, DynText, DynList and DynObject make values.
func DynBoolean(b bool) Dyn { return Dyn{kind: DynBool, text: strconv.FormatBool(b)} }

// DynInt makes a whole number.
func DynInt(v int64) Dyn { return Dyn{kind: DynNumber, text: strconv.FormatInt(v, 10)} }

// DynReal makes a number; NaN and the infinities, which JSON lacks, become the
// strings "NaN", "Infinity" and "-Infinity", as Kusto packs them.
func DynReal(v float64) Dyn {
	switch {
	case math.IsNaN(v):
		return DynText("NaN")
	case math.IsInf(v, 1):
		return DynText("Infinity")
	case math.IsInf(v, -1):
		return DynText("-Infinity")
	}
	return Dyn{kind: DynNumber, text: formatReal(v)}
}

// DynText makes a string.
func DynText(s string) Dyn { return Dyn{kind: DynString, text: s} }

// DynList makes an array. It keeps items.
func DynList(items []Dyn) Dyn { return Dyn{kind: DynArray, kids: &dynKids{items: items}} }

// DynObject makes a bag of keys and their values; of equal keys the first stays.
// It keeps both slices.
func DynObject(keys []string, values []Dyn) Dyn {
	k := &dynKids{keys: keys, items: values}
	k.dropRepeated()
	return Dyn{kind: DynBag, kids: k}
}

// DynOf makes the dynamic value that a value of a KQL type becomes inside a bag or
// an array: datetimes as ISO text, timespans and decimals as their text.
func DynOf(t Type, v Value) Dyn {
	switch v := v.(type) {
	case nil:
		return Dyn{}
	case bool:
		return DynBoolean(v)
	case float64:
		return DynReal(v)
	case int64:
		switch t {
		case Datetime:
			return DynText(FormatDatetime(v))
		case Timespan:
			return DynText(FormatTimespan(v))
		}
		return DynInt(v)
	case string:
		if t == Dynamic {
			d, _ := ParseDyn(v)
			return d
		}
		return DynText(v)
	}
	return Dyn{}
}

// Value is the form the value has between stages: JSON text, nil for null.
func (d Dyn) Value() Value {
	if d.kind == DynNull {
		return nil
	}
	return d.String()
}

// Len is the number of elements of an array or of keys of a bag, 0 for the rest.
func (d Dyn) Len() int {
	if d.kids == nil {
		return 0
	}
	return len(d.kids.items)
}

// Items are the elements of an array or the values of a bag. Do not change them.
func (d Dyn) Items() []Dyn {
	if d.kids == nil {
		return nil
	}
	return d.kids.items
}

// Keys are the keys of a bag in order, nil for other kinds. Do not change them.
func (d Dyn) Keys() []string {
	if d.kids == nil {
		return nil
	}
	return d.kids.keys
}

// Index is the i-th element of an array, from its end when i is negative; null for
// what is not there.
func (d Dyn) Index(i int64) Dyn {
	n := int64(d.Len())
	if d.kind != DynArray || i < -n || i >= n {
		return Dyn{}
	}
	if i < 0 {
		i += n
	}
	return d.kids.items[i]
}

// Key is the value of a key of a bag; null for what is not there.
func (d Dyn) Key(name string) Dyn {
	v, _ := d.Lookup(name)
	return v
}

// Lookup is Key that tells a missing key from a null value.
func (d Dyn) Lookup(name string) (Dyn, bool) {
	if d.kind == DynBag {
		if i := slices.Index(d.kids.keys, name); i >= 0 {
			return d.kids.items[i], true
		}
	}
	return Dyn{}, false
}

// Bool is the value of a boolean.
func (d Dyn) Bool() (value, ok bool) { return d.text == "true", d.kind == DynBool }

// Int is the value of a whole number that fits a long.
func (d Dyn) Int() (int64, bool) {
	if d.kind != DynNumber {
		return 0, false
	}
	v, err := strconv.ParseInt(d.text, 10, 64)
	return v, err == nil
}

// Float is the value of a number.
func (d Dyn) Float() (float64, bool) {
	if d.kind != DynNumber {
		return 0, false
	}
	v, _ := strconv.ParseFloat(d.text, 64) // an error leaves the infinity of that sign
	return v, true
}

// Str is the characters of a string.
func (d Dyn) Str() (string, bool) { return d.text, d.kind == DynString }

// Text is what tostring() gives: a string as it is, "" for null, else JSON.
func (d Dyn) Text() string {
	switch d.kind {
	case DynNull:
		return ""
	case DynArray, DynBag:
		return d.String()
	}
	return d.text
}

// String is the minified JSON text.
func (d Dyn) String() string {
	switch d.kind {
	case DynNull:
		return "null"
	case DynBool, DynNumber:
		return d.text
	}
	return string(d.AppendJSON(nil))
}

// AppendJSON appends the minified JSON text to b.
func (d Dyn) AppendJSON(b []byte) []byte {
	switch d.kind {
	case DynNull:
		return append(b, "null"...)
	case DynString:
		return appendJSONString(b, d.text)
	case DynArray:
		b = append(b, '[')
		for i, e := range d.kids.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.AppendJSON(b)
		}
		return append(b, ']')
	case DynBag:
		b = append(b, '{')
		for i, e := range d.kids.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSONString(b, d.kids.keys[i])
			b = append(b, ':')
			b = e.AppendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, d.text...)
}

const hexDigits = "0123456789ABCDEF"

func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// SetKey is a text that equal values share: 1 and 1.0 are equal, and so are bags
// with the same content in another order.
func (d Dyn) SetKey() string {
	switch d.kind {
	case DynNumber:
		return d.numberKey()
	case DynArray, DynBag:
		return string(d.appendSetKey(nil))
	}
	return d.String()
}

func (d Dyn) numberKey() string {
	if f, _ := d.Float(); strings.ContainsAny(d.text, ".e") && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return d.text
}

func (d Dyn) appendSetKey(b []byte) []byte {
	switch d.kind {
	case DynArray:
		b = append(b, '[')
		for _, e := range d.kids.items {
			b = append(e.appendSetKey(b), ',')
		}
		return append(b, ']')
	case DynBag:
		order := make([]int, len(d.kids.keys))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(d.kids.keys[a], d.kids.keys[b]) })
		b = append(b, '{')
		for _, i := range order {
			b = append(appendJSONString(b, d.kids.keys[i]), ':')
			b = append(d.kids.items[i].appendSetKey(b), ',')
		}
		return append(b, '}')
	}
	return append(b, d.SetKey()...)
}

// Equal reports equal values, in the sense of SetKey.
func (d Dyn) Equal(o Dyn) bool {
	if d.kind != o.kind {
		return false
	}
	switch d.kind {
	case DynNumber, DynArray, DynBag:
		return d.SetKey() == o.SetKey()
	}
	return d.text == o.text
}

// Compare orders values: null, booleans, numbers by value, strings by code point,
// then arrays and bags by their text.
func (d Dyn) Compare(o Dyn) int {
	if d.kind != o.kind {
		return int(d.kind) - int(o.kind)
	}
	if d.kind == DynNumber {
		a, aok := d.Int()
		b, bok := o.Int()
		if aok && bok {
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		}
		x, _ := d.Float()
		y, _ := o.Float()
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(d.Text(), o.Text())
}

// formatReal prints a finite real as JSON: the shortest digits that read back, with
// ".0" for whole values and an exponent from 1e21 on and below 1e-6.
func formatReal(v float64) string {
	if a := math.Abs(v); a != 0 && (a >= 1e21 || a < 1e-6) {
		s := strconv.FormatFloat(v, 'e', -1, 64) // "1.5e-07"
		mantissa, exp, _ := strings.Cut(s, "e")
		sign := ""
		if exp[0] == '-' {
			sign = "-"
		}
		return mantissa + "e" + sign + strings.TrimLeft(exp[1:], "0")
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// manyKeys is where looking for repeated keys pairwise becomes slower than a set.
const manyKeys = 24

func (k *dynKids) dropRepeated() {
	var seen map[string]bool
	if len(k.keys) > manyKeys {
		seen = make(map[string]bool, len(k.keys))
	}
	n := 0
	for i, key := range k.keys {
		if seen != nil {
			if seen[key] {
				continue
			}
			seen[key] = true
		} else if slices.Contains(k.keys[:n], key) {
			continue
		}
		if n != i {
			k.keys[n], k.items[n] = key, k.items[i]
		}
		n++
	}
	k.keys, k.items = k.keys[:n:n], k.items[:n:n]
}
