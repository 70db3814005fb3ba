package builtin

import (
	"slices"
	"strings"

	"quarry/kql/types"
)

// BagColumns learns the columns that a column of bags unpacks to.
type BagColumns struct{ kinds map[string]types.Type }

// Add reads one bag; other values have no keys.
func (b *BagColumns) Add(text string) {
	d, ok := types.ParseDyn(text)
	if !ok || d.Kind() != types.DynBag {
		return
	}
	if b.kinds == nil {
		b.kinds = map[string]types.Type{}
	}
	items := d.Items()
	for i, k := range d.Keys() {
		t := bagType(items[i])
		have, seen := b.kinds[k]
		switch {
		case !seen || have == types.Unknown:
			b.kinds[k] = t
		case t == have || t == types.Unknown:
		case have == types.Datetime && t == types.String, have == types.String && t == types.Datetime:
			b.kinds[k] = types.String // a text that happens to look like a time
		default:
			b.kinds[k] = types.Dynamic
		}
	}
}

// Columns are the keys and their types, sorted by name; a key that is always null is
// dynamic.
func (b *BagColumns) Columns() types.Schema {
	var out types.Schema
	for k, t := range b.kinds {
		if t == types.Unknown {
			t = types.Dynamic
		}
		out = append(out, types.Column{Name: k, Type: t})
	}
	slices.SortFunc(out, func(a, b types.Column) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// bagType is the KQL type of a dynamic value; Unknown for null.
func bagType(d types.Dyn) types.Type {
	switch d.Kind() {
	case types.DynNull:
		return types.Unknown
	case types.DynBool:
		return types.Bool
	case types.DynNumber:
		if _, ok := d.Int(); ok {
			return types.Long
		}
		return types.Real
	case types.DynString:
		s, _ := d.Str()
		if looksLikeTime(s) {
			return types.Datetime
		}
		return types.String
	}
	return types.Dynamic
}

// looksLikeTime reports the form in which a datetime stands inside dynamic values:
// yyyy-mm-ddThh:mm:ss[.fffffff]Z.
func looksLikeTime(s string) bool {
	if len(s) < 20 || len(s) > 28 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[len(s)-1] != 'Z' {
		return false
	}
	_, ok := types.ParseDatetime(s)
	return ok
}
