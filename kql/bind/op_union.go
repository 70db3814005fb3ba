package bind

import (
	"slices"
	"sort"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// unionOptions are the modifiers of union, shared with search and find.
type unionOptions struct {
	withSource string
	fuzzy      bool
	inner      bool
	at         source.Span
	argName    string // prefix of the source name of unnamed inputs: "union_arg"
}

func (b *binder) opUnion(r *rows, op *syntax.Union, env *scope) *rows {
	opt := unionOptions{at: op.Keyword(), argName: "union_arg"}
	if p := op.Param("withsource"); p != nil {
		opt.withSource = word(p, "")
	} else if p := op.Param("with_source"); p != nil {
		opt.withSource = word(p, "")
	}
	switch kind := strings.ToLower(word(op.Param("kind"), "outer")); kind {
	case "outer":
	case "inner":
		opt.inner = true
	default:
		b.report(op.Param("kind").Value.Pos(), errChoice("union kind", kind, []string{"outer", "inner"}))
	}
	opt.fuzzy = strings.EqualFold(word(op.Param("isfuzzy"), "false"), "true")
	if len(op.Tables) == 1 && r == nil {
		if w, ok := op.Tables[0].(*syntax.Wildcard); ok {
			if all, ok := b.emptyUnion(w.Pattern, env, opt); ok {
				return all
			}
		}
	}
	var inputs []*rows
	if r != nil {
		inputs = append(inputs, r)
	}
	inputs = append(inputs, b.unionInputs(op.Tables, env, opt.fuzzy)...)
	out := b.unionAll(inputs, opt)
	out.wild = slices.ContainsFunc(op.Tables, func(x syntax.Expr) bool { _, ok := x.(*syntax.Wildcard); return ok })
	return out
}

// latentColumn is the empty value of a column that wild rows have from a known table
// without data.
func (b *binder) latentColumn(r *rows, name string) (plan.Expr, bool) {
	if r == nil || !r.wild {
		return nil, false
	}
	for _, n := range b.cat.TableNames() {
		if t, ok := b.lookup(n); ok && t.Physical == "" {
			if i := t.Columns.Index(name); i >= 0 {
				return zero(t.Columns[i].Type), true
			}
		}
	}
	return nil, false
}

func (b *binder) unionOf(tables []syntax.Expr, env *scope, opt unionOptions) *rows {
	return b.unionAll(b.unionInputs(tables, env, opt.fuzzy), opt)
}

// unionInputs binds the tables of a union; with fuzzy set what is unknown is left out.
func (b *binder) unionInputs(tables []syntax.Expr, env *scope, fuzzy bool) []*rows {
	var out []*rows
	for _, x := range tables {
		if w, ok := x.(*syntax.Wildcard); ok {
			for _, n := range b.matchingTables(w.Pattern, env) {
				out = append(out, b.tableName(&syntax.Name{At: w.At, Text: n}, env))
			}
			continue
		}
		if fuzzy {
			if r, ok := b.try(x, env); ok {
				out = append(out, r)
			}
			continue
		}
		out = append(out, b.tabular(x, env))
	}
	return out
}

// matchingTables lists the tables and let views that fit a pattern, sorted. Tables
// that hold no data count only when nothing else fits: a workspace has no others.
func (b *binder) matchingTables(pattern string, env *scope) []string {
	stored, known := b.like(pattern)
	names := views(pattern, env)
	if len(names)+len(stored) == 0 {
		stored = known
	}
	for _, t := range stored {
		names = append(names, t.name)
	}
	sort.Strings(names)
	return slices.Compact(names)
}

// views are the let views that fit a pattern.
func views(pattern string, env *scope) []string {
	var names []string
	for s := env; s != nil; s = s.parent {
		for n, bd := range s.names {
			if bd.fn != nil && bd.fn.View && match(pattern, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// try binds a table that may not resolve; what went wrong inside is dropped, unless data
// that is there could not be read: its rows would be missing without a word.
func (b *binder) try(x syntax.Expr, env *scope) (r *rows, ok bool) {
	items, failed, shared, reads := len(b.list.Items), b.failed, len(b.shared), len(b.reads.names)
	b.failed = false
	defer func() {
		if p := recover(); p != nil {
			if _, isBail := p.(bail); !isBail {
				panic(p)
			}
		}
		if b.list.Cause != nil {
			panic(bail{})
		}
		if ok = !b.failed; !ok {
			r = nil
			b.list.Items, b.shared = b.list.Items[:items], b.shared[:shared]
			b.reads.cut(reads)
		}
		b.failed = failed
	}()
	return b.tabular(x, env), true
}

// unionAll stacks row sets. Columns of one name and type are one column; a name with
// several types becomes a column for each, suffixed with the type.
func (b *binder) unionAll(inputs []*rows, opt unionOptions) *rows {
	all := stack(inputs)
	u := &plan.Union{Cols: make([]plan.Col, 0, len(all.names)+1)}
	out := &rows{node: u}
	names := newNames()
	if opt.withSource != "" {
		u.Cols = append(u.Cols, b.newCol(names.add(opt.withSource), types.String))
	}
	first := len(u.Cols) // of what the inputs give
	type key struct {
		name int
		t    types.Type
		none plan.Expr // the value in inputs without such a column
	}
	zeros := map[types.Type]plan.Expr{}
	keep := make([]key, 0, len(all.names))
	for i, n := range all.names {
		for _, k := range n.kinds {
			if opt.inner && k.count < len(inputs) {
				continue
			}
			if zeros[k.t] == nil {
				zeros[k.t] = zero(k.t)
			}
			keep = append(keep, key{i, k.t, zeros[k.t]})
			if len(n.kinds) == 1 || opt.inner {
				names.taken[n.name] = true
			}
		}
	}
	for _, k := range keep {
		n := all.names[k.name]
		name := n.name
		if len(n.kinds) > 1 && !opt.inner {
			name = names.add(name + "_" + k.t.String())
		} else if name == opt.withSource {
			name = names.add(name)
		}
		u.Cols = append(u.Cols, b.newCol(name, k.t))
	}
	if len(keep)*len(inputs) > maxCells {
		filled := 0
		for _, in := range inputs {
			if !empty(in.node) {
				filled++
			}
		}
		if len(keep)*filled > maxCells {
			b.fail(opt.at, errTooLarge("the union", "name the tables that are meant; these have "+plural(len(keep), "column")+" in "+plural(filled, "table")))
		}
	}
	var part []plan.Col
	if len(inputs) > 0 && len(inputs[0].part) > 0 {
		for _, p := range inputs[0].part {
			part = append(part, b.newCol(p.Name, p.Type))
		}
	}
	at := make([]int, len(all.names))
	for i, in := range inputs {
		if empty(in.node) { // lends its columns only
			continue
		}
		items := make([]plan.Item, 0, len(u.Cols)+len(part))
		if opt.withSource != "" {
			label := in.name
			if label == "" {
				label = opt.argName + itoa(i)
			}
			items = append(items, plan.Item{Col: b.newCol(opt.withSource, types.String), Expr: plan.Const{T: types.String, Value: label}})
		}
		all.places(i, at)
		for j, k := range keep {
			e := k.none
			if p := at[k.name]; p >= 0 {
				if c := in.cols[p]; c.Type == k.t {
					e = ref(c)
				} else if all.names[k.name].merged() {
					e = b.convertTo(ref(c), k.t, source.Span{})
				}
			}
			items = append(items, plan.Item{Col: b.newCol(u.Cols[first+j].Name, k.t), Expr: e})
		}
		for j := range part {
			var e plan.Expr = zero(part[j].Type)
			if j < len(in.part) {
				e = ref(in.part[j])
			}
			items = append(items, plan.Item{Col: b.newCol(part[j].Name, part[j].Type), Expr: e})
		}
		u.In = append(u.In, &plan.Project{In: in.node, Items: items})
	}
	out.cols = append([]plan.Col{}, u.Cols...)
	u.Cols = append(u.Cols, part...)
	out.part = part
	if len(u.In) == 0 {
		out.node = &plan.Values{Cols: u.Cols}
	}
	return out
}

// stacked are the columns of a union's inputs by name.
type stacked struct {
	names []stackedName // in the order they appear in
	of    [][]int       // for each input: which of names its columns have
}

type stackedName struct {
	name   string
	count  int        // of the inputs that have it
	kinds  []kind     // its types, and how many inputs have each
	second types.Type // in the second input that has it
	lossy  bool       // values of later types would not fit the first
}

type kind struct {
	t     types.Type
	count int
}

// merged reports a name that stays one column although its types differ: where the
// first two inputs that have the name agree on its type, Microsoft's language service
// keeps that type. Quarry follows as long as no value is lost by it; else the types get
// columns of their own.
func (n *stackedName) merged() bool {
	return n.count > 2 && n.second == n.kinds[0].t && !n.lossy
}

func stack(inputs []*rows) *stacked {
	s := &stacked{of: make([][]int, len(inputs))}
	widest := 0
	for _, in := range inputs {
		widest = max(widest, len(in.cols))
	}
	byName := make(map[string]int, widest)
	s.names = make([]stackedName, 0, widest)
	for i, in := range inputs {
		s.of[i] = make([]int, len(in.cols))
		none := empty(in.node)
		for j, c := range in.cols {
			at, ok := byName[c.Name]
			if !ok {
				at = len(s.names)
				byName[c.Name] = at
				s.names = append(s.names, stackedName{name: c.Name})
			}
			s.of[i][j] = at
			s.names[at].add(c.Type, none)
		}
	}
	for i := range s.names {
		if n := &s.names[i]; n.merged() {
			n.kinds = []kind{{n.kinds[0].t, n.count}}
		}
	}
	return s
}

// add notes the type in one more input, which may have no rows.
func (n *stackedName) add(t types.Type, none bool) {
	if n.count++; n.count == 2 {
		n.second = t
	}
	k := slices.IndexFunc(n.kinds, func(k kind) bool { return k.t == t })
	if k < 0 {
		k, n.kinds = len(n.kinds), append(n.kinds, kind{t: t})
	}
	n.kinds[k].count++
	if first := n.kinds[0].t; t != first && !none && first != types.String && !(t.Integer() && first == types.Long) {
		n.lossy = true
	}
}

// places sets at to the column that has each name in an input, or to -1.
func (s *stacked) places(input int, at []int) {
	for i := range at {
		at[i] = -1
	}
	for col, name := range slices.Backward(s.of[input]) {
		at[name] = col
	}
}

// empty reports rows that are known to be none: those of a table without data.
func empty(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Values:
		return len(n.Rows) == 0
	case *plan.Filter:
		return empty(n.In)
	case *plan.Project:
		return empty(n.In)
	case *plan.Limit:
		return empty(n.In)
	}
	return false
}
