package bind

import (
	"strings"

	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

var joinKinds = []string{"innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "rightanti", "leftantisemi", "rightantisemi", "anti"}

// word is the text of a modifier's value, or def when it was not written.
func word(p *syntax.OpParam, def string) string {
	if p == nil {
		return def
	}
	switch v := p.Value.(type) {
	case *syntax.Name:
		return v.Text
	case *syntax.Literal:
		if s, ok := v.Value.(string); ok && v.Type == types.String {
			return s
		}
		return v.Text
	}
	return def
}

func (b *binder) opJoin(r *rows, op *syntax.Join, env *scope) *rows {
	def := "innerunique"
	if op.Lookup {
		def = "leftouter"
	}
	kind := strings.ToLower(word(op.Param("kind"), def))
	if !contains(joinKinds, kind) || op.Lookup && kind != "leftouter" && kind != "inner" {
		want := joinKinds
		if op.Lookup {
			want = []string{"leftouter", "inner"}
		}
		b.report(op.Param("kind").Value.Pos(), errChoice("join kind", kind, want))
		kind = def
	}
	right := b.tabular(op.Right, env)
	if len(r.part) > 0 || len(right.part) > 0 {
		b.fail(op.Keyword(), errRefused("join", "it is not supported inside mv-apply and partition"))
	}
	pairs, keys := b.joinOn(r, right, op, env)
	node := &plan.Join{L: r.node, R: right.node, On: pairs}
	switch kind {
	case "innerunique":
		node.Kind = plan.Inner
		node.L = b.firstOf(node, r)
	case "inner":
		node.Kind = plan.Inner
	case "leftouter":
		node.Kind = plan.Left
	case "rightouter":
		node.Kind = plan.Right
	case "fullouter":
		node.Kind = plan.Full
	case "leftsemi":
		node.Kind = plan.LeftSemi
	case "rightsemi":
		node.Kind = plan.RightSemi
	case "leftanti", "anti", "leftantisemi":
		node.Kind = plan.LeftAnti
	case "rightanti", "rightantisemi":
		node.Kind = plan.RightAnti
	}
	out := &rows{node: node}
	switch node.Kind {
	case plan.LeftSemi, plan.LeftAnti:
		out.cols = r.cols
	case plan.RightSemi, plan.RightAnti:
		out.cols = right.cols
	default:
		names := newNames(r.cols...)
		out.cols = append(make([]plan.Col, 0, len(r.cols)+len(right.cols)), r.cols...)
		for _, c := range right.cols {
			if op.Lookup && keys[c.ID] {
				continue
			}
			c.Name = names.add(c.Name)
			out.cols = append(out.cols, c)
		}
	}
	return out
}

// firstOf keeps one left row for each key; computed keys become columns first.
func (b *binder) firstOf(j *plan.Join, r *rows) plan.Node {
	if len(j.On) == 0 {
		return j.L
	}
	var ids []plan.ID
	var extra []plan.Item
	for i, p := range j.On {
		if cr, ok := p.L.(plan.ColRef); ok {
			ids = append(ids, cr.ID)
			continue
		}
		col := b.newCol("$key", p.L.Type())
		extra = append(extra, plan.Item{Col: col, Expr: p.L})
		j.On[i].L = ref(col)
		ids = append(ids, col.ID)
	}
	in := j.L
	if len(extra) > 0 {
		items := []plan.Item{}
		for _, c := range in.Out() {
			items = append(items, pass(c))
		}
		in = &plan.Project{In: in, Items: append(items, extra...)}
	}
	return &plan.FirstOf{In: in, Keys: ids}
}

// joinOn binds the conditions: names common to both sides, and equalities. It also
// returns the right-hand key columns.
func (b *binder) joinOn(l, r *rows, op *syntax.Join, env *scope) ([]plan.Pair, map[plan.ID]bool) {
	var pairs []plan.Pair
	keys := map[plan.ID]bool{}
	add := func(le, re plan.Expr, label string, at source.Span) {
		if le.Type() == types.Unknown || re.Type() == types.Unknown {
			return
		}
		lt, rt := le.Type(), re.Type()
		switch {
		case lt == types.Dynamic && rt == types.Dynamic:
			b.report(at, errDynamicKey("a join key"))
			return
		case lt == types.Dynamic:
			le = b.convertTo(le, rt, at)
		case rt == types.Dynamic:
			re = b.convertTo(re, lt, at)
		case lt != rt:
			b.report(at, errJoinTypes(label, lt, rt))
			return
		}
		if cr, ok := re.(plan.ColRef); ok {
			keys[cr.ID] = true
		}
		pairs = append(pairs, plan.Pair{L: le, R: re})
	}
	var bindCond func(x syntax.Expr)
	bindCond = func(x syntax.Expr) {
		switch x := x.(type) {
		case *syntax.Paren:
			bindCond(x.X)
		case *syntax.Name:
			lc, lok := l.find(x.Text)
			rc, rok := r.find(x.Text)
			switch {
			case !lok:
				b.report(x.Span, errUnknownColumn(x.Text, l.names()))
			case !rok:
				b.report(x.Span, errUnknownColumn(x.Text, r.names()))
			default:
				add(ref(lc), ref(rc), x.Text, x.Span)
			}
		case *syntax.Binary:
			if x.Op == "and" {
				bindCond(x.L)
				bindCond(x.R)
				return
			}
			ls, rs := side(x.L), side(x.R)
			if x.Op != "==" || ls == 0 || rs == 0 || ls == rs {
				b.report(x.Span, errJoinCondition())
				return
			}
			lx, rx := x.L, x.R
			if ls > 0 {
				lx, rx = rx, lx
			}
			c := &context{env: env, left: l, right: r}
			add(b.scalar(lx, c), b.scalar(rx, c), "condition", x.Span)
		default:
			b.report(x.Pos(), errJoinCondition())
		}
	}
	if len(op.On) == 0 {
		b.fail(op.Keyword(), errValue("the join has no condition", "add: on Column, or on $left.A == $right.B"))
	}
	for _, x := range op.On {
		bindCond(x)
	}
	return pairs, keys
}

// side is -1 for an expression over $left, 1 for $right, 0 for neither or both.
func side(x syntax.Expr) int {
	s, mixed := 0, false
	syntax.Walk(x, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			switch name.Text {
			case "$left":
				mixed = mixed || s == 1
				s = -1
			case "$right":
				mixed = mixed || s == -1
				s = 1
			}
		}
		return true
	})
	if mixed {
		return 0
	}
	return s
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
