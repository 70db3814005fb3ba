package sqlgen

import (
	"maps"
	"slices"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

// jsonKeys has several keys of one dynamic value read in one pass over its JSON: as the
// fields of a struct in the place of a path for each.
//
// Only columns that are dynamic, and what parse_json() makes for such readers, are read so.
// Other text may be no JSON, which the extraction refuses; it stands under a condition that
// must be asked first.
func (x *exprs) jsonKeys(in plan.Node, items []sqlx.Expr) {
	var bags bags
	note := func(e sqlx.Expr) {
		if base, path, typ, ok := extraction(e); ok {
			bags.of(base).add(path, typ)
		}
	}
	for _, level := range x.levels { // first, since they are computed for every row
		for _, h := range level {
			sqlx.Walk(h.expr, note)
		}
	}
	for _, e := range items {
		sqlx.Walk(e, note)
	}
	dynamic := map[string]bool{}
	if len(bags) > 0 {
		for _, c := range in.Out() {
			dynamic[column(c.ID)] = c.Type == types.Dynamic
		}
	}
	structs := map[int][]hoisted{}
	for i := range bags {
		if b := &bags[i]; b.keys > 1 && (dynamic[b.text] || builtin.IsJSON(b.base)) {
			b.name = x.g.name("h")
			at := x.above(b.text)
			structs[at] = append(structs[at], hoisted{name: b.name, sql: sqlx.Text(sqlx.Call("from_json", b.base, sqlx.String(b.shape())))})
		}
	}
	if len(structs) == 0 {
		return
	}
	fused := func(e sqlx.Expr) sqlx.Expr {
		if base, path, typ, ok := extraction(e); ok {
			if b := bags.of(base); b.name != "" && b.has(path, typ) {
				return field(b.name, path, typ, e)
			}
		}
		return e
	}
	for i, e := range items {
		items[i] = sqlx.Map(e, fused)
	}
	for _, level := range x.levels {
		for i, h := range level {
			level[i].sql = sqlx.Text(sqlx.Map(h.expr, fused))
		}
	}
	// What reads a struct reads what the struct is made of, and so stands above that.
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(structs))) {
		x.levels = slices.Insert(x.levels, at, structs[at])
	}
}

// unnestKeys reads keys of the elements of an array in one pass over its JSON. Where the
// text of a key may be a number with an exponent it is looked up in the array by its place.
func (g *generator) unnestKeys(n *plan.Unnest) *query {
	it := n.Items[0]
	q := g.node(n.In).open()
	x := g.exprs()
	array := x.hoist(builtin.ElementArray(x.lower(it.Expr, false), it.BagArray, x.hoist, x.udf))
	var shape bag
	for _, k := range it.Keys {
		shape.add(k.Path, readAs(k))
	}
	list := sqlx.Text(x.hoist(sqlx.Call("from_json", array, sqlx.String("["+shape.shape()+"]"))))
	far := "FALSE"
	switch {
	case n.Index != nil:
		far = "TRUE"
	case slices.ContainsFunc(it.Keys, func(k plan.KeyOf) bool { return readAs(k) == asText }):
		far = sqlx.Text(x.hoist(builtin.FarNumbers(array, x.udf)))
	}
	q = x.over(q)
	element, place, whole := g.name("h"), g.name("h"), g.name("h")
	q.items = listed(q.star() + ", unnest(" + list + ") AS " + element +
		", unnest(CASE WHEN " + far + " THEN range(len(" + list + ")) END) AS " + place +
		", CASE WHEN " + far + " THEN " + sqlx.Text(array) + " END AS " + whole)
	q = q.open()
	var items items
	items.add(q.star())
	if n.Index != nil {
		items.as(n.Index.ID, "CAST("+place+" AS BIGINT)")
	}
	for _, k := range it.Keys {
		value := fieldOf(element, k.Path)
		if k.Col.Type == types.String {
			found := sqlx.Call("json_extract_string", sqlx.Raw(whole), sqlx.Raw(`'$[' || `+place+` || ']."`+strings.Join(k.Path, `"."`)+`"'`))
			far := sqlx.Infix("AND", sqlx.Raw("("+place+" IS NOT NULL)"), exponent(value))
			value = sqlx.Call("coalesce", sqlx.Case{When: []sqlx.When{{Cond: far, Then: found}}, Else: value}, sqlx.String(""))
		} else {
			value = sqlx.Call("nullif", sqlx.Cast{X: value, Type: "VARCHAR"}, sqlx.String("null"))
		}
		items.computed(k.Col.ID, value)
	}
	q.items = items.list()
	return q
}

// readAs is the type that a key is read as.
func readAs(k plan.KeyOf) string {
	if k.Col.Type == types.String {
		return asText
	}
	return asJSON
}

// field reads a field of a struct in the place of an extraction. A number is written with
// another exponent there; texts that could be such a number are extracted after all.
func field(name string, path []string, typ string, extraction sqlx.Expr) sqlx.Expr {
	value := fieldOf(name, path)
	if typ != asText {
		return value
	}
	return sqlx.Case{When: []sqlx.When{{Cond: exponent(value), Then: extraction}}, Else: value}
}

// exponent asks whether a text may be a number with an exponent.
func exponent(text sqlx.Expr) sqlx.Expr {
	has := func(sign string) sqlx.Expr { return sqlx.Call("contains", text, sqlx.String(sign)) }
	return sqlx.Infix("OR", has("e+"), has("e-"))
}

func fieldOf(name string, path []string) sqlx.Expr {
	return sqlx.Raw(name + `."` + strings.Join(path, `"."`) + `"`)
}

// The types that a key is read as: its text, or its JSON.
const (
	asText = "VARCHAR"
	asJSON = "JSON"
)

// extraction recognises the reading of one key whose path has but plain steps.
func extraction(e sqlx.Expr) (base sqlx.Expr, path []string, typ string, ok bool) {
	f, ok := e.(sqlx.Func)
	if !ok || len(f.Args) != 2 {
		return nil, nil, "", false
	}
	switch f.Name {
	case "json_extract_string":
		typ = asText
	case "json_extract":
		typ = asJSON
	default:
		return nil, nil, "", false
	}
	lit, ok1 := f.Args[1].(sqlx.Raw)
	steps, ok2 := strings.CutPrefix(string(lit), `'$."`)
	steps, ok3 := strings.CutSuffix(steps, `"'`)
	if !ok1 || !ok2 || !ok3 {
		return nil, nil, "", false
	}
	path = strings.Split(steps, `"."`)
	for _, key := range path {
		if !plan.PlainKey(key) {
			return nil, nil, "", false
		}
	}
	return f.Args[0], path, typ, true
}

// bags are what is read of dynamic values, in the order they are met.
type bags []bag

func (s *bags) of(base sqlx.Expr) *bag {
	text := sqlx.Text(base)
	i := slices.IndexFunc(*s, func(b bag) bool { return b.text == text })
	if i < 0 {
		i = len(*s)
		*s = append(*s, bag{base: base, text: text})
	}
	return &(*s)[i]
}

// bag is what is read of one dynamic value.
type bag struct {
	base sqlx.Expr // the value
	text string    // of base
	name string    // of the struct, once there is one
	keys int
	root jsonField
}

// jsonField is a field of a struct: a value of a type, or a struct of fields.
type jsonField struct {
	name, typ string
	fields    []*jsonField
}

// find follows a path as far as there are fields for it. It is no good where the struct
// has a field that differs in case only, since SQL takes the two for one.
func (b *bag) find(path []string) (at *jsonField, rest []string, good bool) {
	at = &b.root
	for len(path) > 0 {
		i := slices.IndexFunc(at.fields, func(f *jsonField) bool { return strings.EqualFold(f.name, path[0]) })
		if i < 0 {
			break
		}
		if at = at.fields[i]; at.name != path[0] {
			return nil, nil, false
		}
		path = path[1:]
	}
	return at, path, true
}

// add puts a key among the fields, unless it is part of another or differs in type.
func (b *bag) add(path []string, typ string) {
	at, rest, good := b.find(path)
	if !good || len(rest) == 0 || at.typ != "" {
		return
	}
	for _, key := range rest {
		at.fields = append(at.fields, &jsonField{name: key})
		at = at.fields[len(at.fields)-1]
	}
	at.typ = typ
	b.keys++
}

func (b *bag) has(path []string, typ string) bool {
	at, rest, good := b.find(path)
	return good && len(rest) == 0 && at.typ == typ
}

// shape is the structure of the fields as from_json wants it.
func (b *bag) shape() string {
	var s strings.Builder
	b.root.write(&s)
	return s.String()
}

func (f *jsonField) write(s *strings.Builder) {
	if f.typ != "" {
		s.WriteString(`"` + f.typ + `"`)
		return
	}
	between := "{"
	for _, c := range f.fields {
		s.WriteString(between + `"` + c.name + `":`)
		c.write(s)
		between = ","
	}
	s.WriteString("}")
}
