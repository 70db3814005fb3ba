package builtin

import (
	"slices"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// bagRows make, read and change bags. A bag's keys keep their order, and where two
// bags have a key the first one counts.
var bagRows = []Row{
	{Sig: "bag_pack(key...: string, value...: packed) -> dynamic", Doc: "A bag of keys and values, given in turn.",
		Check: checkPairs, Lower: lowerBagPack, Go: goBagPack,
		Examples: []Example{{`bag_pack("a", 1, "b", "x")`, `dynamic({"a":1,"b":"x"})`}, {`bag_pack("a", long(null), "a", 2)`, `dynamic({"a":null})`}}},
	{Sig: "pack(key...: string, value...: packed) -> dynamic", Doc: "The old spelling of bag_pack.", Sem: Deprecated,
		Check: checkPairs, Lower: lowerBagPack, Go: goBagPack,
		Examples: []Example{{`pack("a", 1)`, `dynamic({"a":1})`}}},
	{Sig: "pack_dictionary(key...: string, value...: packed) -> dynamic", Doc: "The old spelling of bag_pack.", Sem: Deprecated,
		Check: checkPairs, Lower: lowerBagPack, Go: goBagPack,
		Examples: []Example{{`pack_dictionary("a", 1)`, `dynamic({"a":1})`}}},
	{Sig: PackNonEmptyRow + "(key...: const string, value...: packed) -> dynamic", Doc: "A bag without the keys whose values are null or empty strings: pack_all(true).",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			parts := []sqlx.Expr{sqlx.String(",")}
			for i := 0; i+1 < len(l.Args); i += 2 {
				v := l.once(i + 1)
				has := sqlx.And(sqlx.NotNull(v), sqlx.Infix("<>", v, sqlx.String(`""`)))
				parts = append(parts, when(has, sqlx.Infix("||", sqlx.String(types.DynText(l.Args[i].Value.(string)).String()+":"), v)))
			}
			return glue(sqlx.String("{"), sqlx.Func{Name: "concat_ws", Args: parts}, sqlx.String("}")), nil
		},
		Go: func(e *Env, a []types.Value) types.Value {
			var kept []types.Value
			for i := 0; i+1 < len(a); i += 2 {
				if a[i+1] != nil && a[i+1] != `""` {
					kept = append(kept, a[i], a[i+1])
				}
			}
			return goBagPack(e, kept)
		}},
	{Sig: "bag_keys(object: dynamic) -> dynamic", Doc: "The keys of a bag, in order; null for anything else.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			d := l.once(0)
			return when(sqlx.Call("starts_with", d, sqlx.String("{")), varchar(sqlx.Call("to_json", sqlx.Call("json_keys", d)))), nil
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Kind() != types.DynBag {
				return nil
			}
			return textList(d.Keys())
		},
		Examples: []Example{{`bag_keys(dynamic({"b":1,"a":2}))`, `dynamic(["b","a"])`}, {`bag_keys(dynamic([1]))`, `dynamic(null)`}}},
	{Sig: "bag_has_key(bag: dynamic, key: string) -> bool", Doc: "Whether a bag has a key; a key that begins with $. is a path.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Kind() != types.DynBag {
				return false
			}
			ok := true
			for _, k := range keyPath(a[1].(string)) {
				if d, ok = d.Lookup(k); !ok {
					return false
				}
			}
			return true
		},
		Examples: []Example{{`bag_has_key(dynamic({"a":{"b":1}}), "a")`, `true`}, {`bag_has_key(dynamic({"a":{"b":1}}), "$.a.b")`, `true`}, {`bag_has_key(dynamic({"a":1}), "b")`, `false`}}},
	{Sig: "bag_merge(bag: dynamic, bags...: dynamic) -> dynamic", Doc: "Bags merged into one; of equal keys the first counts.",
		Go: func(_ *Env, a []types.Value) types.Value {
			var keys []string
			var values []types.Dyn
			for _, v := range a {
				d := dynArg(v)
				keys, values = append(keys, d.Keys()...), append(values, d.Items()[:len(d.Keys())]...)
			}
			return types.DynObject(keys, values).Value()
		},
		Examples: []Example{{`bag_merge(dynamic({"a":1,"b":2}), dynamic({"b":3,"c":4}))`, `dynamic({"a":1,"b":2,"c":4})`}}},
	{Sig: "bag_remove_keys(bag: dynamic, keys: dynamic) -> dynamic", Doc: "A bag without some keys; a key that begins with $. is a path.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Kind() != types.DynBag {
				return nil
			}
			for _, k := range dynArg(a[1]).Items() {
				if name, ok := k.Str(); ok {
					d = removePath(d, keyPath(name))
				}
			}
			return d.Value()
		},
		Examples: []Example{{`bag_remove_keys(dynamic({"a":1,"b":{"c":2,"d":3}}), dynamic(["a","$.b.c"]))`, `dynamic({"b":{"d":3}})`}}},
	{Sig: "bag_set_key(bag: dynamic, key: const string, value: packed) -> dynamic", Doc: "A bag with a key set to a value; a key that begins with $. is a path.",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Kind() != types.DynBag {
				return nil
			}
			return setPath(d, keyPath(a[1].(string)), dynArg(a[2])).Value()
		},
		Examples: []Example{{`bag_set_key(dynamic({"a":1}), "b", 2)`, `dynamic({"a":1,"b":2})`}, {`bag_set_key(dynamic({"a":{"x":1}}), "$.a.x", "y")`, `dynamic({"a":{"x":"y"}})`}}},
	{Sig: "bag_zip(keys: dynamic, values: dynamic) -> dynamic", Doc: "A bag of an array of keys and one of values; keys that are no strings are left out, missing values are null.",
		Go: func(_ *Env, a []types.Value) types.Value {
			ks, vs := dynArg(a[0]), dynArg(a[1])
			if ks.Kind() != types.DynArray {
				return nil
			}
			// Values that are no array leave every key with null; a bag is not read by position.
			isArray := vs.Kind() == types.DynArray
			var keys []string
			var values []types.Dyn
			for i, k := range ks.Items() {
				name, ok := k.Str()
				if !ok {
					continue
				}
				value := types.Dyn{}
				if isArray {
					value = vs.Index(int64(i))
				}
				keys, values = append(keys, name), append(values, value)
			}
			return types.DynObject(keys, values).Value()
		},
		Examples: []Example{{`bag_zip(dynamic(["a",8,"b"]), dynamic([1,2,3]))`, `dynamic({"a":1,"b":3})`}, {`bag_zip(dynamic(["a",8,"b"]), dynamic(1))`, `dynamic({"a":null,"b":null})`}}},
	{Sig: "treepath(object: dynamic) -> dynamic", Doc: "The paths of everything inside a value, as an array of texts; [0] stands for the elements of an array.", ResultName: NamePrefixArg, Prefix: "tree",
		Go: func(_ *Env, a []types.Value) types.Value {
			d := dynArg(a[0])
			if d.Len() == 0 && d.Kind() != types.DynBag && d.Kind() != types.DynArray {
				return nil
			}
			var paths []string
			seen := map[string]bool{}
			addPaths(d, "", func(p string) {
				if !seen[p] {
					seen[p] = true
					paths = append(paths, p)
				}
			})
			return textList(paths)
		},
		Examples: []Example{{`treepath(dynamic({"a":{"b":1},"c":[1,2]}))`, `dynamic(["['a']","['a']['b']","['c']","['c'][0]"])`}}},
	{Sig: "dynamic_to_json(dynamic: packed) -> string", Doc: "The JSON text of a value, keys in order of their names.", Sem: NullOnNull,
		Go:       func(_ *Env, a []types.Value) types.Value { return sortedKeys(dynArg(a[0])).String() },
		Examples: []Example{{`dynamic_to_json(dynamic({"b":1,"a":{"d":2,"c":3}}))`, `"{\"a\":{\"c\":3,\"d\":2},\"b\":1}"`}}},
}

func textList(list []string) types.Value {
	items := make([]types.Dyn, len(list))
	for i, s := range list {
		items[i] = types.DynText(s)
	}
	return types.DynList(items).String()
}

func checkPairs(args []Arg) (int, string) {
	if len(args)%2 != 0 {
		return -1, "keys and values come in pairs; the last key has no value"
	}
	return 0, ""
}

// lowerBagPack writes the JSON text down when no key can come twice: then at most
// one key is not a constant.
func lowerBagPack(l *Lowering) (sqlx.Expr, error) {
	var keys []string
	variable := 0
	for i := 0; i < len(l.Args); i += 2 {
		key, ok := l.Args[i].Value.(string)
		switch {
		case !ok || !l.Args[i].Const:
			variable++
		case slices.Contains(keys, key):
			variable = 2
		default:
			keys = append(keys, key)
		}
	}
	if variable > 1 || variable == 1 && len(keys) > 0 {
		return l.UDF(l.Row, types.Dynamic, l.Args...), nil
	}
	text := "{"
	var parts []sqlx.Expr
	for i := 0; i+1 < len(l.Args); i += 2 {
		if i > 0 {
			text += ","
		}
		if l.Args[i].Const {
			text += types.DynText(l.Args[i].Value.(string)).String() + ":"
		} else {
			parts = append(parts, sqlx.String(text), varchar(sqlx.Call("to_json", l.Args[i].SQL)))
			text = ":"
		}
		parts = append(parts, sqlx.String(text), orElse(l.Args[i+1].SQL, sqlx.String("null")))
		text = ""
	}
	return glue(append(parts, sqlx.String(text+"}"))...), nil
}

func goBagPack(_ *Env, a []types.Value) types.Value {
	keys, values := make([]string, len(a)/2), make([]types.Dyn, len(a)/2)
	for i := range keys {
		keys[i], _ = a[2*i].(string)
		values[i] = dynArg(a[2*i+1])
	}
	return types.DynObject(keys, values).String()
}

// keyPath splits "$.a.b" or "$['a']['b']"; any other text is one key.
func keyPath(key string) []string {
	if !strings.HasPrefix(key, "$.") && !strings.HasPrefix(key, "$[") {
		return []string{key}
	}
	var out []string
	for rest := key[1:]; rest != ""; {
		if rest[0] == '.' {
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			out, rest = append(out, rest[1:end]), rest[end:]
			continue
		}
		end := strings.IndexByte(rest, ']')
		if end < 0 || rest[0] != '[' {
			return []string{key}
		}
		out, rest = append(out, strings.Trim(rest[1:end], `'"`)), rest[end+1:]
	}
	return out
}

func removePath(d types.Dyn, path []string) types.Dyn {
	if d.Kind() != types.DynBag {
		return d
	}
	var keys []string
	var values []types.Dyn
	for i, k := range d.Keys() {
		v := d.Items()[i]
		if k == path[0] {
			if len(path) == 1 {
				continue
			}
			v = removePath(v, path[1:])
		}
		keys, values = append(keys, k), append(values, v)
	}
	return types.DynObject(keys, values)
}

func setPath(d types.Dyn, path []string, to types.Dyn) types.Dyn {
	if len(path) == 0 {
		return to
	}
	keys, values := slices.Clone(d.Keys()), []types.Dyn{}
	if d.Kind() == types.DynBag {
		values = slices.Clone(d.Items())
	}
	i := slices.Index(keys, path[0])
	if i < 0 {
		i, keys, values = len(keys), append(keys, path[0]), append(values, types.Dyn{})
	}
	values[i] = setPath(values[i], path[1:], to)
	return types.DynObject(keys, values)
}

func addPaths(d types.Dyn, at string, add func(string)) {
	for i, v := range d.Items() {
		p := at + "[0]" // stands for every element
		if d.Kind() == types.DynBag {
			p = at + "['" + d.Keys()[i] + "']"
		}
		add(p)
		addPaths(v, p, add)
	}
}

func sortedKeys(d types.Dyn) types.Dyn {
	items := make([]types.Dyn, d.Len())
	for i, v := range d.Items() {
		items[i] = sortedKeys(v)
	}
	switch d.Kind() {
	case types.DynArray:
		return types.DynList(items)
	case types.DynBag:
		order := make([]int, len(items))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(d.Keys()[a], d.Keys()[b]) })
		keys, values := make([]string, len(items)), make([]types.Dyn, len(items))
		for i, o := range order {
			keys[i], values[i] = d.Keys()[o], items[o]
		}
		return types.DynObject(keys, values)
	}
	return d
}
