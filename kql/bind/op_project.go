package bind

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

func (b *binder) opProject(r *rows, op *syntax.Project, env *scope) *rows {
	switch op.Kind {
	case "extend":
		return b.extend(r, op.Items, env)
	case "serialize":
		return b.extend(b.serialize(r), op.Items, env)
	case "project-away":
		return b.projectAway(r, op)
	case "project-keep":
		return b.projectKeep(r, op)
	case "project-rename":
		return b.projectRename(r, op)
	case "project-by-names":
		return b.projectByNames(r, op, env)
	}
	return b.projectItems(r, op.Items, env)
}

// output is one column that an item of project or extend makes.
type output struct {
	name     string
	explicit bool
	expr     plan.Expr
	at       syntax.Expr
}

// outputs binds an item; functions of several results give several columns.
func (b *binder) outputs(x syntax.Expr, c *context) []output {
	names, value := []string(nil), x
	if as, ok := x.(*syntax.Assign); ok {
		value = as.X
		for _, n := range as.Names {
			names = append(names, n.Text)
		}
		if as.Multi {
			return b.multiOutputs(as, names, c)
		}
	}
	e := b.scalar(value, c)
	if call, ok := e.(*plan.Call); ok && call.Row.Expand != nil {
		outs := b.expand(call, names, value)
		if names != nil { // one name takes the first result only
			return outs[:1]
		}
		return outs
	}
	if names != nil {
		return []output{{names[0], true, e, x}}
	}
	return []output{{b.autoName(value), false, e, x}}
}

func (b *binder) multiOutputs(as *syntax.Assign, names []string, c *context) []output {
	e := b.scalar(as.X, c)
	if call, ok := e.(*plan.Call); ok && call.Row.Expand != nil {
		outs := b.expand(call, names, as.X)
		if len(names) > len(outs) {
			b.report(as.Span, errOutputs(call.Row.Name()+"()", len(outs), len(names)))
		}
		return outs
	}
	if e.Type() == types.Dynamic { // (a, b) = dynamic array: one element each
		var outs []output
		for i, n := range names {
			outs = append(outs, output{n, true, b.key(e, as.Span, plan.Const{T: types.Long, Value: int64(i)}, as.Span), as})
		}
		return outs
	}
	if e.Type() != types.Unknown {
		b.report(as.Span, errOutputs("the expression", 1, len(names)))
	}
	var outs []output
	for _, n := range names {
		outs = append(outs, output{n, true, unknown, as})
	}
	return outs
}

// expand makes the columns of a call with several results.
func (b *binder) expand(call *plan.Call, names []string, x syntax.Expr) []output {
	var outs []output
	for i, o := range call.Row.Expand(b.infos(call.Args)) {
		name, explicit := b.outputName(o.Name, x), false
		if i < len(names) {
			name, explicit = names[i], true
		}
		key := plan.Expr(b.key(&plan.Call{Row: call.Row, Args: call.Args, T: types.Dynamic, Pos: call.Pos}, x.Pos(), plan.Const{T: types.Long, Value: int64(i)}, x.Pos()))
		outs = append(outs, output{name, explicit, b.convertTo(key, o.Type, x.Pos()), x})
	}
	return outs
}

func (b *binder) extend(r *rows, list []syntax.Expr, env *scope) *rows {
	if len(list) == 0 {
		return r
	}
	items := r.passAll()
	set := make([]string, 0, len(list))
	var names *uniqueNames // made when an item must look for a free one
	free := func() *uniqueNames {
		if names == nil {
			names = newNames()
			for _, it := range items {
				names.taken[it.Col.Name] = true
			}
		}
		return names
	}
	c := &context{env: env, in: r}
	for _, x := range list {
		for _, o := range b.outputs(x, c) {
			name := o.name
			if name == "" {
				name = freeColumn(free())
			}
			if slices.Contains(set, name) {
				if o.explicit {
					b.report(o.at.Pos(), errDuplicateColumn(name))
					continue
				}
				name = free().add(name)
			}
			set = append(set, name)
			it := plan.Item{Col: b.newCol(name, o.expr.Type()), Expr: o.expr}
			if i := itemNamed(items, name); i >= 0 {
				items[i] = it
				continue
			}
			items = append(items, it)
			if names != nil {
				names.taken[name] = true
			}
		}
	}
	return r.project(items)
}

func itemNamed(items []plan.Item, name string) int {
	for i := range items {
		if items[i].Col.Name == name {
			return i
		}
	}
	return -1
}

// freeColumn is the name of an unnamed column: Column1, Column2, ...
func freeColumn(names *uniqueNames) string {
	for n := 1; ; n++ {
		c := "Column" + strconv.Itoa(n)
		if names.taken[c] {
			continue
		}
		if names.input != nil {
			if _, ok := names.input.find(c); ok {
				continue
			}
		}
		names.taken[c] = true
		return c
	}
}

func (b *binder) projectItems(r *rows, list []syntax.Expr, env *scope) *rows {
	var items []plan.Item
	names := newNames().over(r)
	// Written names come first: an unnamed column never takes one.
	for _, x := range list {
		if as, ok := x.(*syntax.Assign); ok {
			for _, n := range as.Names {
				if names.taken[n.Text] {
					b.report(n.Span, errDuplicateColumn(n.Text))
				}
				names.taken[n.Text] = true
			}
		}
	}
	for _, x := range list {
		if w, ok := x.(*syntax.Wildcard); ok {
			for _, c := range r.cols {
				if match(w.Pattern, c.Name) {
					p := pass(c)
					p.Col.Name = names.add(c.Name)
					items = append(items, p)
				}
			}
			continue
		}
		for _, o := range b.outputs(x, &context{env: env, in: r}) {
			name := o.name
			switch {
			case o.explicit:
			case name == "":
				name = freeColumn(names)
			default:
				if _, plain := x.(*syntax.Name); plain && names.taken[name] {
					b.report(x.Pos(), errDuplicateColumn(name))
				}
				name = names.add(name)
			}
			it := plan.Item{Col: b.newCol(name, o.expr.Type()), Expr: o.expr}
			if cr, ok := o.expr.(plan.ColRef); ok && !itemUses(items, cr.ID) {
				it = plan.Item{Col: plan.Col{ID: cr.ID, Name: name, Type: cr.T}, Expr: cr}
			}
			items = append(items, it)
		}
	}
	out := r.projectKeepingHidden(b, items)
	out.wild = false
	return out
}

func itemUses(items []plan.Item, id plan.ID) bool {
	return slices.ContainsFunc(items, func(it plan.Item) bool { return it.Col.ID == id })
}

// projectKeepingHidden is project, except that an item that already carries a
// hidden column gets a column of its own.
func (r *rows) projectKeepingHidden(b *binder, items []plan.Item) *rows {
	for i, it := range items {
		for _, h := range r.hidden() {
			if it.Col.ID == h.ID {
				items[i].Col = b.newCol(it.Col.Name, it.Col.Type)
			}
		}
	}
	return r.project(items)
}

// selected resolves the names and patterns of project-away and project-keep.
func (b *binder) selected(r *rows, list []syntax.Expr) map[plan.ID]bool {
	ids := map[plan.ID]bool{}
	for _, x := range list {
		switch x := x.(type) {
		case *syntax.Name:
			if c, ok := r.find(x.Text); ok {
				ids[c.ID] = true
			} else if _, ok := b.isEmptyInput(r, x.Text, x.Span); !ok {
				b.report(x.Span, errUnknownColumn(x.Text, r.names()))
			}
		case *syntax.Wildcard:
			found := false
			for _, c := range r.cols {
				if match(x.Pattern, c.Name) {
					ids[c.ID], found = true, true
				}
			}
			if !found {
				b.report(x.Pos(), errNoPattern(x.Pattern))
			}
		case *syntax.Paren:
			for id := range b.selected(r, []syntax.Expr{x.X}) {
				ids[id] = true
			}
		default:
			b.report(x.Pos(), errValue("a column name or pattern is needed here", ""))
		}
	}
	return ids
}

func (b *binder) projectAway(r *rows, op *syntax.Project) *rows {
	ids := b.selected(r, op.Items)
	items := make([]plan.Item, 0, len(r.cols))
	for _, c := range r.cols {
		if !ids[c.ID] {
			items = append(items, pass(c))
		}
	}
	return r.project(items)
}

func (b *binder) projectKeep(r *rows, op *syntax.Project) *rows {
	ids := b.selected(r, op.Items)
	var items []plan.Item
	for _, c := range r.cols {
		if ids[c.ID] {
			items = append(items, pass(c))
		}
	}
	return r.project(items)
}

func (b *binder) projectRename(r *rows, op *syntax.Project) *rows {
	cols := slices.Clone(r.cols)
	renamed := map[plan.ID]bool{}
	for _, x := range op.Items {
		as, ok := x.(*syntax.Assign)
		if !ok || len(as.Names) != 1 {
			b.report(x.Pos(), errValue("project-rename needs New = Old", ""))
			continue
		}
		old, ok := as.X.(*syntax.Name)
		if !ok {
			b.report(as.X.Pos(), errValue("a column name is needed here", ""))
			continue
		}
		c, ok := r.find(old.Text)
		if !ok {
			b.report(old.Span, errUnknownColumn(old.Text, r.names()))
			continue
		}
		for i := range cols {
			if cols[i].ID == c.ID && !renamed[c.ID] {
				cols[i].Name = as.Names[0].Text
				renamed[c.ID] = true
			}
		}
	}
	seen := map[string]bool{}
	for _, c := range cols {
		if seen[c.Name] {
			b.report(op.Span, errDuplicateColumn(c.Name))
		}
		seen[c.Name] = true
	}
	return r.with(r.node, cols)
}

// projectByNames takes columns by names known when the query starts: names,
// patterns, and dynamic arrays of them.
func (b *binder) projectByNames(r *rows, op *syntax.Project, env *scope) *rows {
	var items []plan.Item
	add := func(pattern string) {
		for _, c := range r.cols {
			if match(pattern, c.Name) && !itemUses(items, c.ID) {
				items = append(items, pass(c))
			}
		}
	}
	for _, x := range op.Items {
		switch x := x.(type) {
		case *syntax.Wildcard:
			add(x.Pattern)
			continue
		case *syntax.Name:
			if _, ok := r.find(x.Text); ok {
				add(x.Text)
				continue
			}
		}
		k, ok := b.constant(x, env, "a column name")
		if !ok {
			continue
		}
		text, _ := k.Value.(string)
		if k.T == types.Dynamic {
			if d, ok := types.ParseDyn(text); ok {
				for _, e := range d.Items() {
					add(e.Text())
				}
			}
			continue
		}
		add(text)
	}
	return r.project(items)
}

func (b *binder) opReorder(r *rows, op *syntax.ProjectReorder) *rows {
	var items []plan.Item
	taken := map[plan.ID]bool{}
	named := map[plan.ID]bool{} // named later in the list: a pattern leaves them
	for _, it := range op.Items {
		if n, ok := it.X.(*syntax.Name); ok {
			if c, ok := r.find(n.Text); ok {
				named[c.ID] = true
			} else {
				b.report(n.Span, errUnknownColumn(n.Text, r.names()))
			}
		}
	}
	for _, it := range op.Items {
		switch x := it.X.(type) {
		case *syntax.Name:
			if c, ok := r.find(x.Text); ok && !taken[c.ID] {
				items, taken[c.ID] = append(items, pass(c)), true
			}
		case *syntax.Wildcard:
			var group []plan.Col
			for _, c := range r.cols {
				if !taken[c.ID] && !named[c.ID] && match(x.Pattern, c.Name) {
					group = append(group, c)
					taken[c.ID] = true
				}
			}
			orderColumns(group, it.Order)
			for _, c := range group {
				items = append(items, pass(c))
			}
		}
	}
	for _, c := range r.cols {
		if !taken[c.ID] {
			items = append(items, pass(c))
		}
	}
	return r.project(items)
}

// orderColumns sorts columns by name as project-reorder says; "granny" orders
// digits inside names by their number.
func orderColumns(cols []plan.Col, order string) {
	less := func(a, b string) bool { return a < b }
	if strings.HasPrefix(order, "granny") {
		less = grannyLess
	}
	switch {
	case strings.HasSuffix(order, "asc"):
		sort.SliceStable(cols, func(i, j int) bool { return less(cols[i].Name, cols[j].Name) })
	case strings.HasSuffix(order, "desc"):
		sort.SliceStable(cols, func(i, j int) bool { return less(cols[j].Name, cols[i].Name) })
	}
}

func grannyLess(a, b string) bool {
	for a != "" && b != "" {
		da, db := leadingDigits(a), leadingDigits(b)
		if da > 0 && db > 0 {
			na, nb := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if len(na) != len(nb) {
				return len(na) < len(nb)
			}
			if na != nb {
				return na < nb
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return a[0] < b[0]
		}
		a, b = a[1:], b[1:]
	}
	return len(a) < len(b)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// serialize gives rows an order, the one they arrive in, unless they have one.
func (b *binder) serialize(r *rows) *rows {
	if r.ord != nil {
		return r
	}
	if r.arrival != nil {
		n := *r
		n.ord, n.arrival = r.arrival, nil
		return &n
	}
	ord := b.newCol("$ord", types.Long)
	n := r.with(&plan.Number{In: r.node, Ord: ord}, r.cols)
	n.ord = &ord
	return n
}
