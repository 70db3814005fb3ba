package bind

import (
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// opSearch binds search: every row set is filtered by the terms, each read over its
// own columns, and the results are stacked under a $table column.
func (b *binder) opSearch(r *rows, op *syntax.Search, env *scope) *rows {
	kind := strings.ToLower(word(op.Param("kind"), "default"))
	if !contains([]string{"default", "case_insensitive", "case_sensitive"}, kind) {
		b.report(op.Param("kind").Value.Pos(), errChoice("search kind", kind, []string{"case_insensitive", "case_sensitive"}))
	}
	opt := unionOptions{at: op.Keyword(), withSource: "$table", argName: "search_arg"}
	s := &searcher{binder: b, caseSensitive: kind == "case_sensitive"}
	if r == nil && len(op.In) == 0 {
		if all, ok := b.emptyUnion("*", env, opt); ok {
			s.predicate(op.X, &context{env: env, in: &rows{}, filter: true})
			return all
		}
	}
	inputs := b.searched(r, op.In, env)
	for i, in := range inputs {
		// Bound once even where nothing is read: its mistakes are mistakes all the same.
		if i > 0 && empty(in.node) {
			continue
		}
		pred := s.predicate(op.X, &context{env: env, in: in, filter: true})
		inputs[i] = in.with(&plan.Filter{In: in.node, Pred: pred}, in.cols).unordered()
	}
	out := b.unionAll(inputs, opt)
	out.wild = r == nil && len(op.In) == 0
	return out
}

// searched are the row sets of search and find: the piped one, the tables listed, or
// every table and view there is.
func (b *binder) searched(r *rows, in []syntax.Expr, env *scope) []*rows {
	switch {
	case r != nil:
		return []*rows{r}
	case len(in) > 0:
		return b.unionInputs(in, env, false)
	}
	return b.unionInputs([]syntax.Expr{&syntax.Wildcard{Pattern: "*"}}, env, false)
}

// searcher reads search predicates.
type searcher struct {
	*binder
	caseSensitive bool
}

var never = plan.Const{T: types.Bool, Value: false}

func (s *searcher) predicate(x syntax.Expr, c *context) plan.Expr {
	switch x := x.(type) {
	case *syntax.Paren:
		return s.predicate(x.X, c)
	case *syntax.Literal:
		if x.Type == types.String {
			return s.term(c.in.cols, x.Value.(string), x.Span)
		}
		if x.Type != types.Bool {
			s.report(x.Span, errType("a bool, or a term in quotes", x.Type))
			return never
		}
	case *syntax.Wildcard:
		return plan.Const{T: types.Bool, Value: true}
	case *syntax.Call:
		if n := x.Name.Text; n == "not" && len(x.Args) == 1 {
			inner := s.predicate(x.Args[0], c)
			return s.make(n, s.table.Scalar(n), []plan.Expr{inner}, x.Span, nil)
		}
	case *syntax.Binary:
		switch x.Op {
		case "and", "or":
			l, r := s.predicate(x.L, c), s.predicate(x.R, c)
			return s.apply(x.Op, x.OpSpan, []plan.Expr{l, r}, nil)
		case ":":
			return s.columnTerm(x, c)
		}
	}
	if s.missing(x, c) {
		return never
	}
	return s.condition(x, c)
}

// missing reports whether an expression names a column that this table does not
// have: there the condition is false.
func (s *searcher) missing(x syntax.Expr, c *context) bool {
	found := false
	syntax.Walk(x, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			if _, has := c.in.find(name.Text); !has && c.env.find(name.Text) == nil && s.table.Scalar(name.Text) == nil {
				found = true
			}
		}
		return true
	})
	return found
}

// columnTerm binds "column:term".
func (s *searcher) columnTerm(x *syntax.Binary, c *context) plan.Expr {
	name, ok := x.L.(*syntax.Name)
	if !ok {
		s.report(x.L.Pos(), errValue("a column name is needed before the colon", ""))
		return never
	}
	col, ok := c.in.find(name.Text)
	if !ok {
		return never
	}
	k, ok := s.constant(x.R, c.env, "a search term")
	if !ok {
		return never
	}
	text, isText := k.Value.(string)
	if !isText {
		return s.apply("==", x.OpSpan, []plan.Expr{ref(col), k}, []source.Span{x.L.Pos(), x.R.Pos()})
	}
	return s.term([]plan.Col{col}, text, x.R.Pos())
}

// term is true where any of the columns has the term; "*" in it stands for any text.
func (s *searcher) term(cols []plan.Col, text string, at source.Span) plan.Expr {
	op, needle := s.operator(text)
	if op == "" {
		return plan.Const{T: types.Bool, Value: true}
	}
	var any plan.Expr = never
	// A name or an address is in no number and no time: only texts are read.
	onlyTexts := op != "matches regex" && builtin.NeverPrinted(needle)
	for _, col := range cols {
		if onlyTexts && builtin.Prints(col.Type) {
			continue
		}
		left := plan.Expr(ref(col))
		if col.Type != types.String {
			left = s.convertTo(left, types.String, at)
		}
		e := s.apply(op, at, []plan.Expr{left, plan.Const{T: types.String, Value: needle}}, []source.Span{at, at})
		if any == plan.Expr(never) {
			any = e
		} else {
			any = s.apply("or", at, []plan.Expr{any, e}, nil)
		}
	}
	return any
}

// operator is the string operator that a search term stands for.
func (s *searcher) operator(text string) (op, needle string) {
	left, right := strings.HasPrefix(text, "*"), strings.HasSuffix(text, "*")
	needle = strings.TrimSuffix(strings.TrimPrefix(text, "*"), "*")
	switch {
	case needle == "" && (left || right):
		return "", ""
	case strings.Contains(needle, "*"):
		return s.sensitive("matches regex"), searchPattern(text, s.caseSensitive)
	case left && right:
		op = "contains"
	case left:
		op = "hassuffix"
	case right:
		op = "hasprefix"
	default:
		op = "has"
	}
	return s.sensitive(op), needle
}

func (s *searcher) sensitive(op string) string {
	if s.caseSensitive && op != "matches regex" {
		return op + "_cs"
	}
	return op
}

// searchPattern is a term with stars inside as a regular expression.
func searchPattern(text string, caseSensitive bool) string {
	var parts []string
	for _, p := range strings.Split(text, "*") {
		parts = append(parts, quoteMeta(p))
	}
	p := strings.Join(parts, ".*")
	if !caseSensitive {
		p = "(?i)" + p
	}
	return p
}

func quoteMeta(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(`\.+*?()|[]{}^$`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// opFind binds find: like search over chosen columns, with the name of the source in
// source_ and, by default, the columns that the predicate names and a bag of the rest.
func (b *binder) opFind(r *rows, op *syntax.Find, env *scope) *rows {
	inputs := b.searched(r, op.In, env)
	s := &searcher{binder: b}
	named := b.namedColumns(op.X, inputs)
	explicit := len(op.Project) > 0
	if explicit {
		named = nil
	}
	shared := map[string]types.Type{}
	packed := false
	for _, x := range op.Project {
		switch x := x.(type) {
		case *syntax.Name:
			named = append(named, x.Text)
		case *syntax.Typed:
			if n, ok := x.X.(*syntax.Name); ok {
				named = append(named, n.Text)
				shared[n.Text] = x.Type
			}
		case *syntax.Call:
			packed = true
		default:
			b.report(x.Pos(), errValue("a column name or pack(*) is needed here", ""))
		}
	}
	if !explicit {
		packed = b.differ(inputs, named)
	}
	var outs []*rows
	for _, in := range inputs {
		c := &context{env: env, in: in, filter: true}
		if explicit && !s.hasAny(in, named) && s.missing(op.X, c) {
			continue
		}
		pred := s.predicate(op.X, c)
		f := in.with(&plan.Filter{In: in.node, Pred: pred}, in.cols).unordered()
		var items []plan.Item
		kept := map[string]bool{}
		for _, n := range named {
			if col, ok := f.find(n); ok && !kept[n] {
				kept[n] = true
				it := pass(col)
				if t, ok := shared[n]; ok && t != col.Type {
					it = plan.Item{Col: b.newCol(n, t), Expr: b.convertTo(ref(col), t, op.X.Pos())}
				}
				items = append(items, it)
			}
		}
		if packed {
			items = append(items, plan.Item{Col: b.newCol("pack_", types.Dynamic), Expr: b.packRest(f, kept)})
		}
		o := f.project(items)
		o.name = in.name
		outs = append(outs, o)
	}
	source := "source_"
	if p := op.Param("withsource"); p != nil {
		source = word(p, source)
	}
	return b.unionAll(outs, unionOptions{at: op.Keyword(), withSource: source, argName: "find_arg"})
}

// namedColumns lists the columns of any input that an expression names.
func (b *binder) namedColumns(x syntax.Expr, inputs []*rows) []string {
	var out []string
	seen := map[string]bool{}
	syntax.Walk(x, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok && !seen[name.Text] {
			for _, in := range inputs {
				if _, has := in.find(name.Text); has {
					seen[name.Text] = true
					out = append(out, name.Text)
					break
				}
			}
		}
		return true
	})
	return out
}

// differ reports whether some input has columns beside the named ones.
func (b *binder) differ(inputs []*rows, named []string) bool {
	for _, in := range inputs {
		for _, c := range in.cols {
			if !contains(named, c.Name) {
				return true
			}
		}
	}
	return false
}

func (s *searcher) hasAny(in *rows, names []string) bool {
	for _, n := range names {
		if _, ok := in.find(n); ok {
			return true
		}
	}
	return false
}

// packRest packs the columns that are not kept.
func (b *binder) packRest(r *rows, kept map[string]bool) plan.Expr {
	rest := *r
	rest.cols = nil
	for _, c := range r.cols {
		if !kept[c.Name] {
			rest.cols = append(rest.cols, c)
		}
	}
	return b.packColumns(rest.cols, true, source.Span{})
}
