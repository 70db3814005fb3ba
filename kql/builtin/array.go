package builtin

import (
	"math"
	"slices"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// arrayRows make, read and change arrays. What is not an array gives null unless
// the row says otherwise.
var arrayRows = slices.Concat([]Row{
	{Sig: "pack_array(value...: packed) -> dynamic", Special: AllColumns, Doc: "An array of values; * stands for all columns.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			parts := []sqlx.Expr{sqlx.String("[")}
			for i, a := range l.Args {
				if i > 0 {
					parts = append(parts, sqlx.String(","))
				}
				parts = append(parts, orElse(a.SQL, sqlx.String("null")))
			}
			return glue(append(parts, sqlx.String("]"))...), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			items := make([]types.Dyn, len(a))
			for i, v := range a {
				items[i] = dynArg(v)
			}
			return types.DynList(items).String()
		},
		Examples: []Example{{`pack_array(1, "x", 2s, real(1))`, `dynamic([1,"x","00:00:02",1.0])`}}},
	lengthRow("array_length", 0), lengthRow("arraylength", Deprecated),
	{Sig: "array_concat(array: dynamic, arrays...: dynamic) -> dynamic", Doc: "Arrays one after another; what is not an array adds nothing.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			parts := []sqlx.Expr{sqlx.String(",")}
			for i := range l.Args {
				x := l.once(i)
				parts = append(parts, when(sqlx.And(sqlx.Call("starts_with", x, sqlx.String("[")), sqlx.Infix("<>", x, sqlx.String("[]"))),
					sqlx.Call("array_slice", x, sqlx.Raw("2"), sqlx.Raw("-2"))))
			}
			return glue(sqlx.String("["), sqlx.Func{Name: "concat_ws", Args: parts}, sqlx.String("]")), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			var out []types.Dyn
			for _, v := range a {
				if d := dynArg(v); d.Kind() == types.DynArray {
					out = append(out, d.Items()...)
				}
			}
			return types.DynList(out).String()
		},
		Examples: []Example{{`array_concat(dynamic([1,2]), dynamic([]), dynamic([3]))`, `dynamic([1,2,3])`}, {`array_concat(dynamic(null), dynamic([3]))`, `dynamic([3])`}}},
	arrayRow("array_reverse(value: dynamic) -> dynamic", "The elements from the last to the first.",
		func(items []types.Dyn, _ []types.Value) types.Value {
			items = slices.Clone(items)
			slices.Reverse(items)
			return types.DynList(items).String()
		}, `array_reverse(dynamic([1,2,3]))`, `dynamic([3,2,1])`),
	arrayRow("array_slice(array: dynamic, start: integer, end: integer) -> dynamic", "The elements from start to end, both included; negative positions count from the end.",
		func(items []types.Dyn, a []types.Value) types.Value {
			n := int64(len(items))
			start, end := fromEnd(a[0].(int64), n), min(fromEnd(a[1].(int64), n), n-1)
			start = max(start, 0)
			if start > end {
				return "[]"
			}
			return types.DynList(items[start : end+1]).String()
		}, `array_slice(dynamic([1,2,3,4,5]), -3, -2)`, `dynamic([3,4])`),
	arrayRow("array_split(array: dynamic, index: integer) -> dynamic", "The parts before and from a position, as an array of arrays.",
		func(items []types.Dyn, a []types.Value) types.Value { return splitArray(items, []int64{a[0].(int64)}) },
		`array_split(dynamic([1,2,3,4,5]), 2)`, `dynamic([[1,2],[3,4,5]])`),
	arrayRow("array_split(array: dynamic, indices: dynamic) -> dynamic", "The parts between positions, as an array of arrays.",
		func(items []types.Dyn, a []types.Value) types.Value {
			var at []int64
			for _, d := range dynArg(a[0]).Items() {
				i, ok := d.Int()
				if !ok {
					return nil
				}
				at = append(at, i)
			}
			return splitArray(items, at)
		}, `array_split(dynamic([1,2,3,4,5]), dynamic([1,3]))`, `dynamic([[1],[2,3],[4,5]])`),
	rotateRow("array_rotate_left", 1, `dynamic([3,4,5,1,2])`), rotateRow("array_rotate_right", -1, `dynamic([4,5,1,2,3])`),
	shiftRow("array_shift_left", 1, false), shiftRow("array_shift_left", 1, true), shiftRow("array_shift_right", -1, false), shiftRow("array_shift_right", -1, true),
	{Sig: "array_index_of(array: dynamic, value: packed, start?: integer, length?: integer, occurrence?: integer) -> long",
		Doc:      "The position of a value in an array, -1 when it is not there; within length elements from start, the occurrence-th time.",
		Go:       arrayIndexOf,
		Examples: []Example{{`array_index_of(dynamic(["a","b","a"]), "a")`, `0`}, {`array_index_of(dynamic([1,2]), 9)`, `-1`}, {`array_index_of(dynamic(["a","b","a"]), "a", 1)`, `2`}}},
	iffRow("array_iff", 0), iffRow("array_iif", Deprecated),
	{Sig: "array_sum(array: dynamic) -> real", Doc: "The sum of the numbers of an array, nulls left out; null when there is none or it holds anything else.", Sem: Deprecated,
		Go: func(_ *Env, a []types.Value) types.Value {
			d, n, sum := dynArg(a[0]), 0, 0.0
			if d.Kind() != types.DynArray {
				return nil
			}
			for _, e := range d.Items() {
				f, ok := e.Float()
				if ok {
					sum += f
					n++
				} else if !e.IsNull() {
					return nil
				}
			}
			if n == 0 {
				return nil
			}
			return sum
		},
		Examples: []Example{{`array_sum(dynamic([1,2,3,4]))`, `10.0`}, {`array_sum(dynamic([]))`, `real(null)`}}},
	{Sig: "repeat(value: packed, count: integer) -> dynamic", Doc: "An array of count times the value.", ResultName: NamePrefixArg, Prefix: "repeat",
		Go: func(_ *Env, a []types.Value) types.Value {
			if a[1] == nil {
				return nil
			}
			n := min(max(a[1].(int64), 0), maxList)
			return types.DynList(slices.Repeat([]types.Dyn{dynArg(a[0])}, int(n))).String()
		},
		Examples: []Example{{`repeat("a", 3)`, `dynamic(["a","a","a"])`}}},
	{Sig: "zip(array: dynamic, arrays...: dynamic) -> dynamic", Doc: "The first elements of all arrays as one array, then the second ones, and so on; nulls fill up.",
		Go: func(_ *Env, a []types.Value) types.Value {
			arrays, most := make([]types.Dyn, len(a)), 0
			for i, v := range a {
				arrays[i] = dynArg(v)
				if arrays[i].Kind() != types.DynArray {
					arrays[i] = types.DynList([]types.Dyn{arrays[i]})
				}
				most = max(most, arrays[i].Len())
			}
			out := make([]types.Dyn, most)
			for i := range out {
				row := make([]types.Dyn, len(arrays))
				for j, d := range arrays {
					row[j] = d.Index(int64(i))
				}
				out[i] = types.DynList(row)
			}
			return types.DynList(out).String()
		},
		Examples: []Example{{`zip(dynamic(["A", 1, 1.5]), dynamic([{}, "B"]))`, `dynamic([["A",{}],[1,"B"],[1.5,null]])`}}},
	setRowOf("set_union(set: dynamic, sets...: dynamic) -> dynamic", "The different elements of all arrays, in the order they first come.",
		func(in func(set int, key string) bool, set, sets int, key string) bool { return true }, `set_union(dynamic([1,2,1]), dynamic([2,3]))`, `dynamic([1,2,3])`),
	setRowOf("set_intersect(set: dynamic, sets...: dynamic) -> dynamic", "The different elements that all arrays have.",
		func(in func(set int, key string) bool, set, sets int, key string) bool {
			for s := range sets {
				if !in(s, key) {
					return false
				}
			}
			return true
		}, `set_intersect(dynamic([1,2,3]), dynamic([3,2,5]))`, `dynamic([2,3])`),
	setRowOf("set_difference(set: dynamic, sets...: dynamic) -> dynamic", "The different elements of the first array that no other has.",
		func(in func(set int, key string) bool, set, sets int, key string) bool {
			for s := 1; s < sets; s++ {
				if in(s, key) {
					return false
				}
			}
			return set == 0
		}, `set_difference(dynamic([1,2,3]), dynamic([3]))`, `dynamic([1,2])`),
	{Sig: "set_has_element(set: dynamic, value: packed) -> bool", Doc: "Whether an array has an element.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d, want := dynArg(a[0]), dynArg(a[1])
			if d.Kind() != types.DynArray {
				return nil
			}
			return slices.ContainsFunc(d.Items(), want.Equal)
		},
		Examples: []Example{{`set_has_element(dynamic(["a","b"]), "b")`, `true`}, {`set_has_element(dynamic([1]), 2)`, `false`}}},
	{Sig: "set_equals(set1: dynamic, set2: dynamic) -> bool", Doc: "Whether two arrays have the same different elements.",
		Go: func(_ *Env, a []types.Value) types.Value {
			x, y := dynArg(a[0]), dynArg(a[1])
			if x.Kind() != types.DynArray || y.Kind() != types.DynArray {
				return nil
			}
			common, all := setOverlap(x, y)
			return common == all
		},
		Examples: []Example{{`set_equals(dynamic([1,2,2]), dynamic([2,1]))`, `true`}}},
	{Sig: "jaccard_index(set1: dynamic, set2: dynamic) -> real", Doc: "How many different elements two arrays share, divided by how many they have together.",
		Go: func(_ *Env, a []types.Value) types.Value {
			x, y := dynArg(a[0]), dynArg(a[1])
			if x.Kind() != types.DynArray || y.Kind() != types.DynArray {
				return nil
			}
			common, all := setOverlap(x, y)
			return float64(common) / float64(all)
		},
		Examples: []Example{{`jaccard_index(dynamic([1,2,3]), dynamic([1,2,3,4]))`, `0.75`}}},
}, sortRows("array_sort_asc", false), sortRows("array_sort_desc", true), rangeRows())

func lengthRow(name string, sem Sem) Row {
	return Row{Sig: name + "(array: dynamic) -> long", Doc: "The number of elements of an array; null for anything else.", Sem: sem,
		Duck: "CASE WHEN starts_with({array}, '[') THEN CAST(json_array_length({array}) AS BIGINT) END",
		Go: func(_ *Env, a []types.Value) types.Value {
			if d := dynArg(a[0]); d.Kind() == types.DynArray {
				return int64(d.Len())
			}
			return nil
		},
		Examples: []Example{{name + `(dynamic([1,[2,3]]))`, `2`}, {name + `(dynamic({"a":1}))`, `long(null)`}}}
}

// arrayRow makes a row of an array and further arguments that are not null.
func arrayRow(sig, doc string, f func(items []types.Dyn, a []types.Value) types.Value, call, want string) Row {
	return Row{Sig: sig, Doc: doc, Sem: NullOnNull,
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Kind() != types.DynArray {
				return nil
			}
			return f(d.Items(), a[1:])
		},
		Examples: []Example{{call, want}}}
}

func fromEnd(i, n int64) int64 {
	if i < 0 {
		return i + n
	}
	return i
}

func splitArray(items []types.Dyn, at []int64) types.Value {
	n := int64(len(items))
	for i := range at {
		at[i] = min(max(fromEnd(at[i], n), 0), n)
	}
	slices.Sort(at)
	var out []types.Dyn
	from := int64(0)
	for _, i := range append(at, n) {
		out = append(out, types.DynList(items[from:i]))
		from = i
	}
	return types.DynList(out).String()
}

func rotateRow(name string, sign int64, want string) Row {
	return arrayRow(name+"(array: dynamic, rotate_count: integer) -> dynamic", "The elements moved round; a negative count moves them the other way.",
		func(items []types.Dyn, a []types.Value) types.Value {
			n := int64(len(items))
			if n == 0 {
				return "[]"
			}
			by := ((a[0].(int64)%n)*sign + n) % n
			return types.DynList(slices.Concat(items[by:], items[:by])).String()
		}, name+`(dynamic([1,2,3,4,5]), 2)`, want)
}

func shiftRow(name string, sign int64, filled bool) Row {
	sig, call := name+"(array: dynamic, shift_count: integer", name+`(dynamic([1,2,3]), 1`
	fill := "null"
	if filled {
		sig, call, fill = sig+", default_value: packed", call+", -1", "-1"
	}
	want := `dynamic([2,3,` + fill + `])`
	if sign < 0 {
		want = `dynamic([` + fill + `,1,2])`
	}
	return Row{Sig: sig + ") -> dynamic", Doc: "The elements moved, with null, the empty string among strings, or default_value where there is nothing to move in.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Kind() != types.DynArray || a[1] == nil {
				return nil
			}
			items := d.Items()
			fill := types.Dyn{}
			if filled {
				fill = dynArg(a[2])
			} else if slices.ContainsFunc(items, func(d types.Dyn) bool { return d.Kind() == types.DynString }) {
				fill = types.DynText("")
			}
			n := int64(len(items))
			by := min(max(a[1].(int64), -n), n) * sign
			out := make([]types.Dyn, n)
			for i := range out {
				if from := int64(i) + by; from >= 0 && from < n {
					out[i] = items[from]
				} else {
					out[i] = fill
				}
			}
			return types.DynList(out).String()
		},
		Examples: []Example{{call + ")", want}}}
}

func arrayIndexOf(_ *Env, a []types.Value) types.Value {
	d, want := dynArg(a[0]), dynArg(a[1])
	if d.Kind() != types.DynArray {
		return nil
	}
	option := func(i int, otherwise int64) int64 {
		if i < len(a) {
			if v, ok := a[i].(int64); ok {
				return v
			}
		}
		return otherwise
	}
	n := int64(d.Len())
	start, length, occurrence := option(2, 0), option(3, -1), option(4, 1)
	start = max(fromEnd(start, n), 0)
	end := n
	if length >= 0 && length < n-start {
		end = start + length
	}
	for i := start; i < end; i++ {
		if d.Index(i).Equal(want) {
			if occurrence--; occurrence <= 0 {
				return i
			}
		}
	}
	return int64(-1)
}

func iffRow(name string, sem Sem) Row {
	return Row{Sig: name + "(condition_array: dynamic, when_true: packed, when_false: packed) -> dynamic", Sem: sem,
		Doc: "For each condition the element of when_true or when_false at its place; a single value stands for a whole array. Conditions that are no bools or numbers give null.",
		Go: func(_ *Env, a []types.Value) types.Value {
			conds := dynArg(a[0])
			if conds.Kind() != types.DynArray {
				return nil
			}
			choose := [2]types.Dyn{dynArg(a[2]), dynArg(a[1])}
			out := make([]types.Dyn, conds.Len())
			for i, c := range conds.Items() {
				yes, ok := c.Bool()
				if f, number := c.Float(); number {
					yes, ok = f != 0, true
				}
				if !ok {
					continue
				}
				from := choose[0]
				if yes {
					from = choose[1]
				}
				if from.Kind() == types.DynArray {
					out[i] = from.Index(int64(i))
				} else {
					out[i] = from
				}
			}
			return types.DynList(out).String()
		},
		Examples: []Example{{name + `(dynamic([true,false,true]), dynamic([1,2,3]), dynamic([4,5,6]))`, `dynamic([1,5,3])`}, {name + `(dynamic([1,0]), "y", "n")`, `dynamic(["y","n"])`}}}
}

// setRowOf makes a set function from a test that is asked for each element: whether
// it stays, given the set it comes from and a look-up in the others.
func setRowOf(sig, doc string, keep func(in func(set int, key string) bool, set, sets int, key string) bool, call, want string) Row {
	return Row{Sig: sig, Doc: doc,
		Go: func(_ *Env, a []types.Value) types.Value {
			sets := make([]types.Dyn, len(a))
			keys := make([]map[string]bool, len(a))
			for i, v := range a {
				sets[i], keys[i] = dynArg(v), map[string]bool{}
				if sets[i].Kind() == types.DynArray {
					for _, e := range sets[i].Items() {
						keys[i][e.SetKey()] = true
					}
				}
			}
			if sets[0].Kind() != types.DynArray && len(a) == 1 {
				return nil
			}
			in := func(set int, key string) bool { return keys[set][key] }
			seen := map[string]bool{}
			var out []types.Dyn
			for i, s := range sets {
				if s.Kind() != types.DynArray {
					continue
				}
				for _, e := range s.Items() {
					if k := e.SetKey(); !seen[k] && keep(in, i, len(sets), k) {
						seen[k] = true
						out = append(out, e)
					}
				}
			}
			return types.DynList(out).String()
		},
		Examples: []Example{{call, want}}}
}

// setOverlap counts the elements that two arrays share and that they have together.
func setOverlap(x, y types.Dyn) (common, all int) {
	first, both := map[string]bool{}, map[string]bool{}
	for _, e := range x.Items() {
		first[e.SetKey()] = true
	}
	all = len(first)
	for _, e := range y.Items() {
		k := e.SetKey()
		if both[k] {
			continue
		}
		both[k] = true
		if first[k] {
			common++
		} else {
			all++
		}
	}
	return common, all
}

// rangeRows make arrays of equally spaced values, at most maxList of them.
func rangeRows() []Row {
	const doc = "An array of values from start to stop, both included; the step is 1, or 1h for times, unless given."
	ticks := func(step int64, t types.Type) func(*Env, []types.Value) types.Value {
		return func(_ *Env, a []types.Value) types.Value {
			step := step
			if len(a) > 2 {
				step = a[2].(int64)
			}
			from, to := a[0].(int64), a[1].(int64)
			if step == 0 {
				return nil
			}
			var out []types.Dyn
			for v := from; (step > 0 && v <= to || step < 0 && v >= to) && len(out) < maxList; {
				out = append(out, types.DynOf(t, v))
				next := addChecked(v, step)
				if next == nil {
					break
				}
				v = next.(int64)
			}
			return types.DynList(out).String()
		}
	}
	return []Row{
		{Sig: "range(start: integer, stop: integer, step?: integer) -> dynamic", Doc: doc, Sem: NullOnNull, Go: ticks(1, types.Long),
			Examples: []Example{{`range(1, 8, 3)`, `dynamic([1,4,7])`}, {`range(3, 1, -1)`, `dynamic([3,2,1])`}}},
		{Sig: "range(start: datetime, stop: datetime, step?: timespan) -> dynamic", Doc: doc, Sem: NullOnNull, Go: ticks(types.Hour, types.Datetime),
			Examples: []Example{{`range(datetime(2020-01-01), datetime(2020-01-02), 1d)`, `dynamic(["2020-01-01T00:00:00.0000000Z","2020-01-02T00:00:00.0000000Z"])`}}},
		{Sig: "range(start: timespan, stop: timespan, step?: timespan) -> dynamic", Doc: doc, Sem: NullOnNull, Go: ticks(types.Hour, types.Timespan),
			Examples: []Example{{`range(1h, 2h)`, `dynamic(["01:00:00","02:00:00"])`}}},
		{Sig: "range(start: real, stop: real, step?: real) -> dynamic", Doc: doc, Sem: NullOnNull,
			Go: func(_ *Env, a []types.Value) types.Value {
				from, to, step := a[0].(float64), a[1].(float64), 1.0
				if len(a) > 2 {
					step = a[2].(float64)
				}
				if step == 0 || math.IsNaN(from+to+step) || math.IsInf(from, 0) {
					return nil
				}
				var out []types.Dyn
				for i := 0; i < maxList; i++ {
					v := from + float64(i)*step
					if step > 0 && v > to || step < 0 && v < to {
						break
					}
					out = append(out, types.DynReal(v))
				}
				return types.DynList(out).String()
			},
			Examples: []Example{{`range(1.0, 2.0, 0.5)`, `dynamic([1.0,1.5,2.0])`}}},
	}
}
