package bind

import (
	"regexp"
	re2 "regexp/syntax"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// capture is a column that parse makes.
type capture struct {
	name string
	t    types.Type
	at   source.Span
}

// opParse binds parse and parse-where. The pattern becomes one regular expression
// with a group for each column; the texts are then converted. A row that does not
// match, or (unless kind=relaxed) where a text does not convert, gets nulls in all
// of the new columns. Source: docs/semantics.md, section 13.
func (b *binder) opParse(r *rows, op *syntax.ParseOp, env *scope) *rows {
	kind := strings.ToLower(word(op.Param("kind"), "simple"))
	if !contains([]string{"simple", "regex", "relaxed"}, kind) {
		b.report(op.Param("kind").Value.Pos(), errChoice("parse kind", kind, []string{"simple", "regex", "relaxed"}))
		kind = "simple"
	}
	src := b.scalar(op.X, &context{env: env, in: r})
	if src.Type() == types.Unknown {
		return r
	}
	if src.Type() != types.String {
		src = b.convert(src, types.String, op.X)
	}
	pattern, caps := b.parsePattern(op, kind, env)
	if flags := word(op.Param("flags"), ""); kind == "regex" && flags != "" {
		pattern = "(?" + flags + ")" + pattern
	} else if kind != "regex" {
		pattern = "(?s)" + pattern
	}
	if _, err := re2.Parse(pattern, re2.Perl); err != nil {
		b.report(op.Keyword(), errValue("the pattern is not a valid regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), ""))
		return r
	}
	pat := plan.Const{T: types.String, Value: pattern}
	if op.Where {
		match := b.make(builtin.PatternRow, b.table.Scalar(builtin.PatternRow), []plan.Expr{src, pat}, op.Keyword(), nil)
		r = r.with(&plan.Filter{In: r.node, Pred: match}, r.cols)
	}
	if len(caps) == 0 {
		return r
	}
	return b.captured(r, src, pat, caps, kind != "relaxed", op.Where)
}

// captured adds the columns of a pattern to r.
func (b *binder) captured(r *rows, src, pat plan.Expr, caps []capture, strict, drop bool) *rows {
	count := plan.Const{T: types.Long, Value: int64(len(caps))}
	groups := b.newCol("$groups", types.Unknown)
	row := b.table.Scalar(builtin.CapturesRow)[0]
	call := &plan.Call{Row: row, Args: []plan.Expr{src, pat, count}, T: types.Unknown}
	r2 := r.project(append(r.passAll(), plan.Item{Col: groups, Expr: call}))
	field := b.table.Scalar(builtin.FieldRow)[0]
	items := r.passAll()
	var ok plan.Expr
	first := len(items)
	for i, c := range caps {
		text := &plan.Call{Row: field, Args: []plan.Expr{ref(groups), plan.Const{T: types.Long, Value: int64(i)}}, T: types.String}
		e := b.convertTo(text, c.t, c.at)
		items = append(items, plan.Item{Col: b.newCol(c.name, c.t), Expr: e})
		if strict && c.t != types.String && c.t != types.Dynamic {
			has := b.make(builtin.NotNullRow, b.table.Scalar(builtin.NotNullRow), []plan.Expr{ref(items[len(items)-1].Col)}, c.at, nil)
			if ok == nil {
				ok = has
			} else {
				ok = b.apply("and", c.at, []plan.Expr{ok, has}, nil)
			}
		}
	}
	out := r2.project(items)
	if ok != nil && drop {
		out = out.with(&plan.Filter{In: out.node, Pred: ok}, out.cols)
	} else if ok != nil {
		guarded := out.passAll()
		for i := first; i < len(guarded); i++ {
			c := guarded[i].Col
			e := b.make(builtin.IffRow, b.table.Scalar(builtin.IffRow), []plan.Expr{ok, ref(c), zero(c.Type)}, source.Span{}, nil)
			guarded[i] = plan.Item{Col: b.newCol(c.Name, c.Type), Expr: e}
		}
		out = out.project(guarded)
	}
	return b.replaced(out, first)
}

// replaced puts the columns from first on in the place of earlier ones of the same name.
func (b *binder) replaced(r *rows, first int) *rows {
	cols := append([]plan.Col{}, r.cols[:first]...)
	for _, c := range r.cols[first:] {
		done := false
		for i := range cols {
			if cols[i].Name == c.Name {
				cols[i], done = c, true
			}
		}
		if !done {
			cols = append(cols, c)
		}
	}
	return r.with(r.node, cols)
}

// parsePattern makes the regular expression of a parse and the columns of its groups.
func (b *binder) parsePattern(op *syntax.ParseOp, kind string, env *scope) (string, []capture) {
	var p strings.Builder
	var caps []capture
	regex := kind == "regex"
	p.WriteByte('^')
	names := map[string]bool{}
	for i, x := range op.With {
		var prev, next syntax.Expr
		if i > 0 {
			prev = op.With[i-1]
		}
		if i+1 < len(op.With) {
			next = op.With[i+1]
		}
		switch x := x.(type) {
		case *syntax.Wildcard:
			if _, star := next.(*syntax.Wildcard); star || isCapture(next) {
				b.report(x.Pos(), errValue("a literal must follow a * in a parse pattern", "write the text that ends what * skips"))
			}
			if isStringCapture(prev) {
				b.report(x.Pos(), errValue("a * cannot follow a string column, which takes the text itself", "write a literal between them"))
			}
			if regex {
				p.WriteString(".*")
			} else {
				p.WriteString(".*?")
			}
		case *syntax.Name, *syntax.Typed:
			c := capture{t: types.String, at: x.Pos()}
			switch x := x.(type) {
			case *syntax.Name:
				c.name = x.Text
			case *syntax.Typed:
				n, ok := x.X.(*syntax.Name)
				if !ok {
					b.report(x.Pos(), errValue("a column name is needed here", ""))
					continue
				}
				c.name, c.t = n.Text, x.Type
			}
			if names[c.name] {
				b.report(c.at, errDuplicateColumn(c.name))
				continue
			}
			names[c.name] = true
			if isCapture(next) {
				b.report(next.Pos(), errValue("a literal is needed between two columns of a parse pattern", "write the text that ends the first one"))
			}
			caps = append(caps, c)
			p.WriteString(capturePattern(c.t, regex, next))
		default:
			k, ok := b.constant(x, env, "a parse pattern")
			text, isText := k.Value.(string)
			if !ok || !isText {
				if ok {
					b.report(x.Pos(), errType("a string", k.T))
				}
				continue
			}
			if regex {
				translated, err := builtin.TranslateRegex(text)
				if err != nil {
					b.report(x.Pos(), errValue("the pattern is not a valid regular expression: "+err.Error(), ""))
					continue
				}
				p.WriteString(uncapture(translated))
			} else {
				p.WriteString(regexp.QuoteMeta(text))
			}
		}
	}
	p.WriteByte('$')
	return p.String(), caps
}

func isStringCapture(x syntax.Expr) bool {
	t, typed := x.(*syntax.Typed)
	_, name := x.(*syntax.Name)
	return name || typed && t.Type == types.String
}

func isCapture(x syntax.Expr) bool {
	switch x.(type) {
	case *syntax.Name, *syntax.Typed:
		return true
	}
	return false
}

// capturePattern is the group of a column. A number stops by itself where no literal
// follows to stop it.
func capturePattern(t types.Type, regex bool, next syntax.Expr) string {
	if _, star := next.(*syntax.Wildcard); regex || star {
		switch t {
		case types.Int, types.Long:
			return `([-+]?\d+)`
		case types.Real, types.Decimal:
			return `([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)`
		case types.Bool:
			return `((?i:true|false)|\d+)`
		}
	}
	if regex || next == nil {
		return "(.*)"
	}
	return "(.*?)"
}

// uncapture makes the groups of a pattern non-capturing, so that only the columns' own count.
func uncapture(p string) string {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '\\' && i+1 < len(p):
			out.WriteByte(c)
			i++
			out.WriteByte(p[i])
			continue
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '(' && strings.HasPrefix(p[i:], "(?P<"):
			if end := strings.IndexByte(p[i:], '>'); end > 0 {
				out.WriteString("(?:")
				i += end
				continue
			}
		case c == '(' && !strings.HasPrefix(p[i:], "(?"):
			out.WriteString("(?:")
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}

// opParseKV binds parse-kv: one pass over the text gives a bag, and each declared
// column takes its key.
func (b *binder) opParseKV(r *rows, op *syntax.ParseKV, env *scope) *rows {
	src := b.scalar(op.X, &context{env: env, in: r})
	if src.Type() != types.String && src.Type() != types.Unknown {
		src = b.convert(src, types.String, op.X)
	}
	props := map[string]string{"pair_delimiter": "", "kv_delimiter": "", "quote": "", "escape": "", "greedy": "false", "regex": ""}
	for _, p := range op.Props {
		name := strings.ToLower(p.Name)
		if _, ok := props[name]; !ok {
			b.report(p.Span, errChoice("property of parse-kv", p.Name, []string{"pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"}))
			continue
		}
		props[name] = b.propText(p.Value, env)
	}
	var keys []types.Dyn
	for _, c := range op.Columns {
		keys = append(keys, types.DynText(c.Name.Text))
	}
	var fields []types.Dyn
	for _, k := range []string{"pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"} {
		fields = append(fields, types.DynText(props[k]))
	}
	setup := plan.Const{T: types.Dynamic, Value: types.DynList([]types.Dyn{types.DynList(keys), types.DynList(fields)}).String()}
	bag := b.newCol("$pairs", types.Dynamic)
	call := b.make(builtin.ParseKVRow, b.table.Scalar(builtin.ParseKVRow), []plan.Expr{src, setup}, op.Keyword(), nil)
	r2 := r.project(append(r.passAll(), plan.Item{Col: bag, Expr: call}))
	items := r.passAll()
	for i, c := range op.Columns {
		text := b.key(ref(bag), c.Span, plan.Const{T: types.Long, Value: int64(i)}, c.Span)
		items = append(items, plan.Item{Col: b.newCol(c.Name.Text, c.Type), Expr: b.convertTo(b.convertTo(text, types.String, c.Span), c.Type, c.Span)})
	}
	return b.replaced(r2.project(items), len(r.cols))
}

// propText is the constant text of an operator property.
func (b *binder) propText(x syntax.Expr, env *scope) string {
	switch x := x.(type) {
	case *syntax.Name:
		if env.find(x.Text) == nil {
			return x.Text
		}
	case *syntax.Literal:
		if x.Type != types.String {
			return x.Text
		}
	}
	k, ok := b.constant(x, env, "a property")
	if !ok {
		return ""
	}
	s, _ := k.Value.(string)
	return s
}
