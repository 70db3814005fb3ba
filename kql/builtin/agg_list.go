package builtin

import (
	"slices"
	"strconv"
	"strings"

	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// maxList is how many elements the list aggregates keep when not told otherwise.
const maxList = 1048576

// listRows are the aggregates that collect values.
var listRows = aggregates([]Row{
	{Sig: "make_list(expr: scalar, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "list",
		Doc:      "An array of the values that are not null, in the order of the rows when they are sorted. Arrays are spliced in.",
		Lower:    makeList(-1, 1, false),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | summarize make_list(x)`, `dynamic([1,2,3])`}}},
	{Sig: "makelist(expr: scalar, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "list", Sem: Deprecated,
		Doc: "The old spelling of make_list.", Lower: makeList(-1, 1, false),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | summarize makelist(x, 2)`, `dynamic([1,2])`}}},
	{Sig: "make_list_if(expr: scalar, predicate: bool, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "list",
		Doc: "make_list over the rows where the predicate is true.", Lower: makeList(1, 2, false),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | summarize make_list_if(x, x > 1)`, `dynamic([2,3])`}}},
	{Sig: "make_list_with_nulls(expr: scalar) -> dynamic", ResultName: NamePrefixArg, Prefix: "list",
		Doc: "An array of all values, nulls included.", Lower: makeList(-1, 1, true),
		Examples: []Example{{`range x from 1 to 2 step 1 | sort by x asc | summarize make_list_with_nulls(iff(x == 1, x, long(null)))`, `dynamic([1,null])`}}},

	{Sig: "make_set(expr: scalar, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "set",
		Doc:      "An array of the different values that are not null: in the order they first come when the rows are sorted, else in ascending order. Arrays are spliced in.",
		Lower:    makeSet(-1, 1),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize make_set(x % 3)`, `dynamic([0,1,2])`}, {`range x from 1 to 4 step 1 | sort by x asc | summarize make_set(x % 3)`, `dynamic([1,2,0])`}}},
	{Sig: "makeset(expr: scalar, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "set", Sem: Deprecated,
		Doc: "The old spelling of make_set.", Lower: makeSet(-1, 1),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize makeset(x % 3, 2)`, `dynamic([0,1])`}}},
	{Sig: "make_set_if(expr: scalar, predicate: bool, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "set",
		Doc: "make_set over the rows where the predicate is true.", Lower: makeSet(1, 2),
		Examples: []Example{{`range x from 1 to 4 step 1 | summarize make_set_if(x % 3, x > 2)`, `dynamic([0,1])`}}},

	{Sig: "make_bag(expr: dynamic, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "bag",
		Doc: "The bags of the group merged into one; of equal keys the first counts.", Lower: makeBag(-1, 1),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | summarize make_bag(bag_pack(tostring(x % 2), x))`, `dynamic({"1":1,"0":2})`}}},
	{Sig: "make_bag_if(expr: dynamic, predicate: bool, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "bag",
		Doc: "make_bag over the rows where the predicate is true.", Lower: makeBag(1, 2),
		Examples: []Example{{`range x from 1 to 3 step 1 | sort by x asc | summarize make_bag_if(bag_pack(tostring(x), x), x > 2)`, `dynamic({"3":3})`}}},
	{Sig: "make_dictionary(expr: dynamic, maxSize?: const integer) -> dynamic", ResultName: NamePrefixArg, Prefix: "dictionary", Sem: Deprecated,
		Doc: "The old spelling of make_bag.", Lower: makeBag(-1, 1),
		Examples: []Example{{`range x from 1 to 1 step 1 | summarize make_dictionary(bag_pack("a", x))`, `dynamic({"a":1})`}}},
	{Sig: "buildschema(expr: dynamic) -> dynamic", ResultName: NamePrefixArg, Prefix: "schema",
		Doc: "The least schema that all values follow: types, lists of types, bags of them, and `indexer` for array elements.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			all, err := l.collected(types.Dynamic, sqlx.NotNull(l.Args[0].SQL))
			return l.UDF(schemaRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: all}), err
		},
		Examples: []Example{{`range x from 1 to 2 step 1 | summarize buildschema(iff(x == 1, dynamic({"a":1,"b":[1]}), dynamic({"a":"s"})))`, "dynamic({\"a\":[\"long\",\"string\"],\"b\":{\"`indexer`\":\"long\"}})"}}},

	{Sig: CollectRow + "(expr: string) -> dynamic", Doc: "All values of a column as an array of strings.",
		Lower: func(l *Lowering) (sqlx.Expr, error) {
			return orElse(bracket(agg("list", nil, sqlx.Raw("DISTINCT "+sqlx.Text(packSQL(types.String, l.Args[0].SQL))))), sqlx.String("[]")), nil
		}},
})

// list is SQL list(x) of the group, in the order of the rows when they have one.
func (l *Lowering) list(x, filter sqlx.Expr) sqlx.Expr {
	if l.Order != nil {
		x = sqlx.Raw(sqlx.Text(x) + " ORDER BY " + sqlx.Text(l.Order))
	}
	return agg("list", filter, x)
}

// limit is the constant size argument i, capped; ok is false for no elements at all.
func (l *Lowering) limit(i int) int64 {
	if i < len(l.Args) {
		if n, ok := l.Args[i].Value.(int64); ok && n < maxList {
			return max(n, 0)
		}
	}
	return maxList
}

func slice(list sqlx.Expr, n int64) sqlx.Expr {
	return sqlx.Call("list_slice", list, sqlx.Raw("1"), sqlx.Raw(strconv.FormatInt(n, 10)))
}

// spliced is the text of a dynamic element inside an array: an array loses its
// brackets, and an empty one is nothing (NULL).
func spliced(x sqlx.Expr) sqlx.Expr {
	return sqlx.Case{When: []sqlx.When{
		{Cond: sqlx.Infix("=", x, sqlx.String("[]")), Then: sqlx.Null},
		{Cond: sqlx.Call("starts_with", x, sqlx.String("[")), Then: sqlx.Call("array_slice", x, sqlx.Raw("2"), sqlx.Raw("-2"))},
	}, Else: orElse(x, sqlx.String("null"))}
}

func makeList(pred, size int, nulls bool) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		t, x := l.Args[0].Type, l.once(0)
		var filter sqlx.Expr
		if pred > 0 {
			filter = l.Args[pred].SQL
		}
		n := l.limit(size)
		if t == types.Dynamic && !nulls {
			if n < maxList { // splicing changes the count: cut afterwards
				all, err := l.collected(types.Dynamic, filter)
				if err != nil {
					return nil, err
				}
				return l.cut(all, n), nil
			}
			filter = both(filter, sqlx.Infix("IS DISTINCT FROM", x, sqlx.String("[]")))
			return orElse(bracket(slice(l.list(spliced(x), filter), n)), sqlx.String("[]")), nil
		}
		if !nulls {
			filter = both(filter, notNull(t, x))
		}
		return orElse(bracket(slice(l.list(elementSQL(t, x), filter), n)), sqlx.String("[]")), nil
	}
}

// cutRow takes the first elements of a list of values, arrays spliced in.
var cutRow = row(".cut(values: dynamic, maxSize: const long) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	return firstItems(a, func(types.Dyn) bool { return true })
})

func (l *Lowering) cut(all sqlx.Expr, n int64) sqlx.Expr {
	return l.UDF(cutRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: all}, Arg{Type: types.Long, Const: true, Value: n, SQL: sqlx.BigInt(n)})
}

// row makes a row that lowerings use and nobody can name.
func row(sig string, f func(*Env, []types.Value) types.Value) *Row {
	s, err := parseSig(sig)
	if err != nil {
		panic(err)
	}
	return &Row{Sig: sig, sig: s, Go: f}
}

// makeSet has two forms. Unsorted rows need no more memory than the set has: the
// engine collects distinct values. Over sorted rows the order of first appearance
// is kept, which takes all values; so do dynamic values, whose arrays are spliced.
func makeSet(pred, size int) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		t, x := l.Args[0].Type, l.once(0)
		var filter sqlx.Expr
		if pred > 0 {
			filter = l.Args[pred].SQL
		}
		n := l.limit(size)
		if t == types.Dynamic || l.Order != nil {
			all, err := l.collected(t, both(filter, notNull(t, x)))
			if err != nil {
				return nil, err
			}
			return l.UDF(setRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: all}, Arg{Type: types.Long, Const: true, Value: n, SQL: sqlx.BigInt(n)}), nil
		}
		// Sorting each set afterwards is cheaper than an aggregate that sorts.
		set := slice(sqlx.Call("list_sort", agg("list", both(filter, notNull(t, x)), sqlx.Raw("DISTINCT "+sqlx.Text(x)))), n)
		return orElse(listJSON(t, set), sqlx.String("[]")), nil
	}
}

// notNull is the condition that a value is not null; strings need none.
func notNull(t types.Type, x sqlx.Expr) sqlx.Expr {
	if t == types.String {
		return nil
	}
	return sqlx.NotNull(x)
}

// listJSON is the JSON array of a list of values that are not null.
func listJSON(t types.Type, list sqlx.Expr) sqlx.Expr {
	if t == types.String || t == types.Long || t == types.Int || t == types.Bool {
		return varchar(sqlx.Call("to_json", list)) // what the elements are one by one
	}
	return bracket(lambda(list, func(q sqlx.Expr) sqlx.Expr { return elementSQL(t, q) }))
}

var setRow = row(".distinct(values: dynamic, maxSize: const long) -> dynamic", goMakeSet)

// collected is the JSON array of the group's values of type t.
func (l *Lowering) collected(t types.Type, filter sqlx.Expr) (sqlx.Expr, error) {
	x := l.Args[0].SQL
	if t == types.Real {
		x = l.once(0)
	}
	return orElse(bracket(l.list(elementSQL(t, x), filter)), sqlx.String("[]")), nil
}

func makeBag(pred, size int) func(l *Lowering) (sqlx.Expr, error) {
	return func(l *Lowering) (sqlx.Expr, error) {
		filter := sqlx.Expr(sqlx.Call("starts_with", l.Args[0].SQL, sqlx.String("{")))
		if pred > 0 {
			filter = both(l.Args[pred].SQL, filter)
		}
		all, err := l.collected(types.Dynamic, filter)
		if err != nil {
			return nil, err
		}
		n := l.limit(size)
		return l.UDF(bagRow, types.Dynamic, Arg{Type: types.Dynamic, SQL: all}, Arg{Type: types.Long, Const: true, Value: n, SQL: sqlx.BigInt(n)}), nil
	}
}

var bagRow = row(".merge(values: dynamic, maxSize: const long) -> dynamic", goMakeBag)

// sizeLimit is the optional argument that says how many elements to keep.
func sizeLimit(a []types.Value) int {
	if len(a) > 1 {
		if n, ok := a[1].(int64); ok && n < maxList {
			return int(max(n, 0))
		}
	}
	return maxList
}

// firstItems collects the elements of a list, arrays spliced in, that keep accepts.
func firstItems(a []types.Value, keep func(types.Dyn) bool) types.Value {
	values := dynArg(a[0])
	limit := sizeLimit(a)
	var out []types.Dyn
	add := func(d types.Dyn) {
		if len(out) < limit && keep(d) {
			out = append(out, d)
		}
	}
	for _, v := range values.Items() {
		if v.Kind() == types.DynArray {
			for _, e := range v.Items() {
				add(e)
			}
			continue
		}
		add(v)
	}
	return types.DynList(out).String()
}

func goMakeSet(_ *Env, a []types.Value) types.Value {
	seen := map[string]bool{}
	return firstItems(a, func(d types.Dyn) bool {
		if d.IsNull() {
			return false
		}
		k := d.SetKey()
		if seen[k] {
			return false
		}
		seen[k] = true
		return true
	})
}

func goMakeBag(_ *Env, a []types.Value) types.Value {
	limit := sizeLimit(a)
	var keys []string
	var values []types.Dyn
	seen := map[string]bool{}
	for _, bag := range dynArg(a[0]).Items() {
		for i, k := range bag.Keys() {
			if !seen[k] && len(keys) < limit {
				seen[k] = true
				keys, values = append(keys, k), append(values, bag.Items()[i])
			}
		}
	}
	return types.DynObject(keys, values).String()
}

// dynArg is a dynamic argument, parsed.
func dynArg(v types.Value) types.Dyn {
	s, ok := v.(string)
	if !ok {
		return types.Dyn{}
	}
	d, _ := types.ParseDyn(s)
	return d
}

// schema is what buildschema() knows of the values in one place.
type schema struct {
	kinds   []string // simple types in order of appearance
	keys    []string
	bags    map[string]*schema
	element *schema
}

func (s *schema) add(d types.Dyn) {
	simple := func(k string) {
		if !slices.Contains(s.kinds, k) {
			s.kinds = append(s.kinds, k)
		}
	}
	switch d.Kind() {
	case types.DynBool:
		simple("bool")
	case types.DynString:
		simple("string")
	case types.DynNumber:
		if _, ok := d.Int(); ok {
			simple("long")
		} else {
			simple("double")
		}
	case types.DynArray:
		if s.element == nil {
			s.element = &schema{}
		}
		for _, e := range d.Items() {
			s.element.add(e)
		}
	case types.DynBag:
		if s.bags == nil {
			s.bags = map[string]*schema{}
		}
		for i, k := range d.Keys() {
			if s.bags[k] == nil {
				s.bags[k] = &schema{}
				s.keys = append(s.keys, k)
			}
			s.bags[k].add(d.Items()[i])
		}
	}
}

func (s *schema) dyn() types.Dyn {
	var all []types.Dyn
	for _, k := range s.kinds {
		all = append(all, types.DynText(k))
	}
	var keys []string
	var values []types.Dyn
	if s.element != nil {
		keys, values = append(keys, "`indexer`"), append(values, s.element.dyn())
	}
	for _, k := range s.keys {
		keys, values = append(keys, k), append(values, s.bags[k].dyn())
	}
	if s.element != nil || s.bags != nil {
		all = append(all, types.DynObject(keys, values))
	}
	switch len(all) {
	case 0:
		return types.DynText("null")
	case 1:
		return all[0]
	}
	slices.SortStableFunc(all, func(a, b types.Dyn) int { // bags last, names in order
		if a.Kind() != b.Kind() {
			return int(a.Kind()) - int(b.Kind())
		}
		return strings.Compare(a.Text(), b.Text())
	})
	return types.DynList(all)
}

var schemaRow = row(".schema(values: dynamic) -> dynamic", func(_ *Env, a []types.Value) types.Value {
	s := &schema{}
	for _, d := range dynArg(a[0]).Items() {
		s.add(d)
	}
	return s.dyn().String()
})
