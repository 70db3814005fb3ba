package builtin

import (
	"slices"
	"strings"

	"quarry/kql/types"
)

// sortRows sort one array, or several in step with the first.
func sortRows(name string, desc bool) []Row {
	doc := "The elements of an array in order; nulls come last unless nulls_last is false."
	more := "Several arrays, each in its own column, in the order that sorts the first; one of another length becomes null."
	one := func(_ *Env, a []types.Value) types.Value {
		if s, ok := a[0].(string); ok && !desc && sortedTexts(s) {
			return s
		}
		return sortArrays(a[:1], desc, nullsLast(a)).Index(0).Value()
	}
	want := `dynamic([1,2,10,null])`
	if desc {
		want = `dynamic([10,2,1,null])`
	}
	all := func(_ *Env, a []types.Value) types.Value {
		arrays := a
		if _, ok := a[len(a)-1].(bool); ok {
			arrays = a[:len(a)-1]
		}
		return sortArrays(arrays, desc, nullsLast(a)).Value()
	}
	columns := func(args []Arg) []Output {
		var out []Output
		for i, a := range args {
			if a.Type == types.Dynamic {
				out = append(out, Output{Name: "{" + itoa(i) + "}_sorted", Type: types.Dynamic})
			}
		}
		return out
	}
	return []Row{
		{Sig: name + "(array: dynamic, nulls_last?: const bool) -> dynamic", Doc: doc, ResultName: NameArgSuffix, Prefix: "_sorted", Go: one,
			Examples: []Example{{name + `(dynamic([10,null,1,2]))`, want}}},
		{Sig: name + "(array: dynamic, array2: dynamic, arrays...: dynamic) -> dynamic", Doc: more, Go: all, Expand: columns,
			Examples: []Example{{name + `(dynamic([1,1]), dynamic(["b","a"]))[1]`, `dynamic(["b","a"])`}}},
		{Sig: name + "(array: dynamic, array2: dynamic, arrays...: dynamic, nulls_last: const bool) -> dynamic", Doc: more, Go: all, Expand: columns,
			Examples: []Example{{name + `(dynamic([1,null]), dynamic(["b","a"]), false)[1]`, `dynamic(["a","b"])`}}},
	}
}

// sortedTexts reports a minified array of texts without escapes that are in order, as those
// of make_set() are.
func sortedTexts(array string) bool {
	if len(array) < len(`[""]`) || array[:2] != `["` || array[len(array)-2:] != `"]` || strings.IndexByte(array, '\\') >= 0 {
		return false
	}
	rest := array[2 : len(array)-2]
	last := ""
	for more := true; more; {
		var item string
		item, rest, more = strings.Cut(rest, `","`)
		if item < last || strings.IndexByte(item, '"') >= 0 {
			return false
		}
		last = item
	}
	return true
}

func nullsLast(a []types.Value) bool { return a[len(a)-1] != false }

func sortArrays(a []types.Value, desc, nullsLast bool) types.Dyn {
	first := dynArg(a[0])
	out := make([]types.Dyn, len(a))
	if first.Kind() != types.DynArray {
		return types.DynList(out)
	}
	compare := func(x, y types.Dyn) int {
		switch {
		case x.IsNull() && y.IsNull():
			return 0
		case x.IsNull() || y.IsNull():
			if x.IsNull() == nullsLast {
				return 1
			}
			return -1
		case desc:
			return y.Compare(x)
		}
		return x.Compare(y)
	}
	order := make([]int, first.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(first.Items()[i], first.Items()[j]) })
	for k, v := range a {
		d := dynArg(v)
		if d.Kind() != types.DynArray || d.Len() != len(order) {
			continue
		}
		items := make([]types.Dyn, len(order))
		for i, o := range order {
			items[i] = d.Items()[o]
		}
		out[k] = types.DynList(items)
	}
	return types.DynList(out)
}
