package bind

import (
	gocontext "context"
	"slices"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// bagUnpack makes columns of the keys of a bag. They are in a written schema, or the
// input is read now to learn them; then the plan is a plain projection.
func (p *plugin) bagUnpack() *rows {
	b, r := p.b, p.r
	name, bag := p.column("bag")
	if bag.Type() != types.Dynamic {
		b.fail(p.at("bag"), errType("a dynamic column", bag.Type()))
	}
	prefix, _ := p.constant("prefix", types.String, "").Value.(string)
	conflict, _ := p.constant("columnsConflict", types.String, "error").Value.(string)
	if choices := []string{"error", "replace_source", "keep_source"}; !slices.Contains(choices, conflict) {
		b.fail(p.at("columnsConflict"), errChoice("way to resolve conflicts", conflict, choices))
	}
	ignored := map[string]bool{}
	if list, ok := p.constant("ignoredProperties", types.Dynamic, nil).Value.(string); ok {
		d, _ := types.ParseDyn(list)
		for _, k := range d.Items() {
			ignored[k.Text()] = true
		}
	}
	var source []plan.Col // the input without the bag
	for _, c := range r.cols {
		if c.Name != name {
			source = append(source, c)
		}
	}
	value := func(key string, t types.Type, at int) plan.Item {
		span := p.at("bag")
		if at >= 0 {
			span = p.op.Columns[at].Span
		}
		e := b.key(bag, span, plan.Const{T: types.String, Value: key}, span)
		return plan.Item{Col: b.newCol(prefix+key, t), Expr: b.convertTo(e, t, span)}
	}
	if p.op.Schema {
		return p.bagDeclared(source, prefix, conflict, value)
	}
	keys, empty := p.bagKeys(bag)
	var items []plan.Item
	taken := map[string]int{}
	for i, c := range source {
		items = append(items, pass(c))
		taken[c.Name] = i
	}
	for _, k := range keys {
		if ignored[k.Name] {
			continue
		}
		it := value(k.Name, k.Type, -1)
		i, clash := taken[it.Col.Name]
		switch {
		case !clash:
			taken[it.Col.Name] = len(items)
			items = append(items, it)
		case conflict == "error":
			b.report(p.at("bag"), errBagConflict(it.Col.Name))
		case conflict == "replace_source":
			items[i] = it
		}
	}
	res := r.projectKeepingHidden(b, items)
	if empty {
		res.open = p.name
	}
	return res
}

// bagDeclared unpacks to a written schema. A column of the input that it names is
// handed on, unless the bag's is to replace it.
func (p *plugin) bagDeclared(source []plan.Col, prefix, conflict string, value func(string, types.Type, int) plan.Item) *rows {
	b := p.b
	var items []plan.Item
	written := map[string]bool{}
	for _, w := range p.op.Columns {
		if written[w.Name.Text] {
			b.report(w.Span, errDuplicateColumn(w.Name.Text))
		}
		written[w.Name.Text] = true
	}
	if p.op.Star {
		for _, c := range source {
			if !written[c.Name] {
				items = append(items, pass(c))
			}
		}
	}
	for i, w := range p.op.Columns {
		j := slices.IndexFunc(source, func(c plan.Col) bool { return c.Name == w.Name.Text })
		if j >= 0 && conflict != "replace_source" {
			c := source[j]
			if c.Type == w.Type {
				items = append(items, pass(c))
			} else {
				items = append(items, plan.Item{Col: b.newCol(c.Name, w.Type), Expr: b.convertTo(ref(c), w.Type, w.Span)})
			}
			continue
		}
		it := value(strings.TrimPrefix(w.Name.Text, prefix), w.Type, i)
		it.Col.Name = w.Name.Text
		items = append(items, it)
	}
	return p.r.projectKeepingHidden(b, items)
}

// bagKeys reads the input for the keys of a column of bags; empty reports that it
// has no rows, so that the keys are not known.
func (p *plugin) bagKeys(bag plan.Expr) (keys types.Schema, empty bool) {
	var found builtin.BagColumns
	name, kind := p.b.newCol("name", types.String), p.b.newCol("type", types.Long)
	probe := p.b.runGo(p.r.plain(), goOp{name: p.name, see: []plan.Expr{bag}, out: []plan.Col{name, kind},
		body: func(_ gocontext.Context, _ *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
			seen := false
			for {
				row, err := in[0].Next()
				if err != nil {
					return err
				}
				if row == nil {
					break
				}
				seen = true
				if s, ok := row[0].(string); ok {
					found.Add(s)
				}
			}
			if seen { // one row that says so, though there may be no key
				if err := emit([]types.Value{"", int64(types.Unknown)}); err != nil {
					return err
				}
			}
			for _, c := range found.Columns() {
				if err := emit([]types.Value{c.Name, int64(c.Type)}); err != nil {
					return err
				}
			}
			return nil
		}})
	res := p.peek(&plan.Root{Node: probe.node, Cols: []plan.Col{name, kind}})
	for _, row := range res.Values {
		if t := types.Type(row[1].(int64)); t != types.Unknown {
			keys = append(keys, types.Column{Name: row[0].(string), Type: t})
		}
	}
	return keys, len(res.Values) == 0
}

// peek runs a plan now.
func (p *plugin) peek(root *plan.Root) *types.Rows {
	root.Shared = p.b.shared
	res, err := p.b.cat.Rows(root)
	if err != nil {
		p.b.unread(p.op.Keyword(), p.name, err)
	}
	return res
}

// pivot aggregates per key and value, then lays the values of a key out as columns.
// What a missing cell holds is the aggregate of no rows.
func (p *plugin) pivot() *rows {
	b, r := p.b, p.r
	pivotName, pivot := p.column("pivot")
	if pivot.Type() == types.Dynamic {
		b.report(p.at("pivot"), errDynamicKey("the pivot column"))
	}
	agg := p.given["aggregate"]
	if agg == nil {
		at := syntax.At{Span: p.op.Plugin.Name.Span}
		agg = &syntax.Call{At: at, Name: &syntax.Name{At: at, Text: builtin.CountRow}}
	}
	keys := p.pivotKeys(pivotName, agg)
	value := b.newCol("$value", types.String)
	keys = append(keys, plan.Item{Col: value, Expr: b.convertTo(pivot, types.String, p.at("pivot"))})
	collected := &aggregates{in: r, outside: true, names: newNames()}
	cell := b.scalar(agg, &context{env: p.env, in: r, aggs: collected})
	if cell.Type() == types.Unknown {
		panic(bail{})
	}
	cellCol := b.newCol("$cell", cell.Type())
	grouped := b.group(r.unordered(), keys, collected, []plan.Item{{Col: cellCol, Expr: cell}})

	var names []string
	open := false
	given := map[string]bool{}
	for _, k := range keys[:len(keys)-1] {
		given[k.Col.Name] = true
	}
	if p.op.Schema {
		for _, w := range p.op.Columns {
			if !given[w.Name.Text] {
				names = append(names, w.Name.Text)
			}
		}
	} else {
		distinct := b.group(grouped.plain(), []plan.Item{pass(value)}, &aggregates{in: grouped}, nil)
		for _, row := range p.peek(&plan.Root{Node: distinct.node, Cols: distinct.cols}).Values {
			names = append(names, row[0].(string))
		}
		slices.Sort(names)
		open = len(names) == 0
	}
	none := p.ofNothing(agg)
	n := len(keys) - 1
	out := make([]plan.Col, 0, n+len(names))
	for _, k := range keys[:n] {
		out = append(out, b.newCol(k.Col.Name, k.Col.Type))
	}
	unique := newNames(out...)
	index := map[string]int{}
	for i, v := range names {
		index[v] = n + i
		label := v
		if label == "" {
			label = freeColumn(unique)
		} else {
			label = unique.add(v)
		}
		out = append(out, b.newCol(label, cell.Type()))
	}
	body := func(_ gocontext.Context, _ *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		cells := map[string][]types.Value{}
		var order []string
		for {
			row, err := in[0].Next()
			if err != nil {
				return err
			}
			if row == nil {
				break
			}
			id := builtin.RowKey(row[:n])
			line := cells[id]
			if line == nil {
				line = builtin.Own(row[:n])
				for range names {
					line = append(line, none)
				}
				cells[id] = line
				order = append(order, id)
				if err := in[0].Hold(builtin.SizeOf(line) + 2*len(id) + 64); err != nil {
					return err
				}
			}
			if i, ok := index[row[n].(string)]; ok {
				line[i] = builtin.Own(row[n+1 : n+2])[0]
				if err := in[0].Hold(builtin.SizeOf(row[n+1:n+2]) - 40); err != nil { // but for the slice and the place, which are there
					return err
				}
			}
		}
		for _, id := range order {
			if err := emit(cells[id]); err != nil {
				return err
			}
		}
		return nil
	}
	res := b.runGo(grouped, goOp{name: p.name, see: refs(grouped.cols), out: out, whole: true, body: body})
	if open {
		res.open = p.name
	}
	if p.op.Schema {
		return p.declared(res)
	}
	return res
}

// pivotKeys are the columns that make the rows of a pivot: those written, or all that
// are neither the pivot column nor inside the aggregate.
func (p *plugin) pivotKeys(pivotName string, agg syntax.Expr) []plan.Item {
	if len(p.rest) > 0 {
		items := p.items(p.rest)
		names := newNames()
		for i := range items {
			items[i].Col.Name = names.add(items[i].Col.Name)
		}
		return items
	}
	used := map[string]bool{pivotName: true}
	syntax.Walk(agg, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			used[name.Text] = true
		}
		return true
	})
	var items []plan.Item
	for _, c := range p.r.cols {
		if used[c.Name] {
			continue
		}
		if c.Type == types.Dynamic {
			p.b.report(p.op.Keyword(), errDynamicKey("the column "+c.Name))
		}
		items = append(items, plan.Item{Col: p.b.newCol(c.Name, c.Type), Expr: ref(c)})
	}
	return items
}

// ofNothing is an aggregate's value over no rows, computed now.
func (p *plugin) ofNothing(agg syntax.Expr) types.Value {
	b := p.b
	v := &plan.Values{Cols: b.fresh(p.r.cols)}
	in := &rows{node: v, cols: v.Cols}
	collected := &aggregates{in: in, outside: true, names: newNames()}
	cell := b.scalar(agg, &context{env: p.env, in: in, aggs: collected})
	col := b.newCol("$none", cell.Type())
	one := b.group(in, nil, collected, []plan.Item{{Col: col, Expr: cell}})
	res := p.peek(&plan.Root{Node: one.node, Cols: one.cols})
	if len(res.Values) != 1 {
		return zero(cell.Type()).Value
	}
	return res.Values[0][0]
}

// plain is r as nothing but rows: without order and partitions.
func (r *rows) plain() *rows {
	c := *r
	c.ord, c.arrival, c.part = nil, nil, nil
	return &c
}

// isEmptyInput adds a column to open rows when it is named first: bag_unpack or pivot
// read an input without rows, so that nobody knows the columns, and no row has them.
func (b *binder) isEmptyInput(r *rows, name string, at source.Span) (plan.Expr, bool) {
	if r == nil || r.open == "" {
		return nil, false
	}
	col := b.newCol(name, types.String)
	items := r.passAll()
	for _, h := range r.hidden() {
		items = append(items, pass(h))
	}
	r.node = &plan.Project{In: r.node, Items: append(items, plan.Item{Col: col, Expr: zero(types.String)}), Partition: r.partIDs()}
	r.cols = append(r.cols[:len(r.cols):len(r.cols)], col)
	b.warn(at, problem{code: "KQ402", text: "the column \"" + name + "\" is taken to be an empty string: the input of " + r.open + " has no rows to take columns from"})
	return ref(col), true
}
