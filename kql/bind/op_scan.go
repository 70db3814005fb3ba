package bind

import (
	"quarry/kql/builtin"
	"quarry/kql/eval"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// scanBinding is a scan while its steps are bound.
type scanBinding struct {
	b        *binder
	in       *rows // without its order: steps read no neighbouring rows
	declared []plan.Col
	defaults []plan.Const
	steps    []syntax.ScanStep
	// state are the columns that stand for "step.column": each is a cell of the state
	// that a step keeps.
	state []scanCell
	// lifted are parts of expressions over the row alone; the engine computes them.
	lifted []plan.Item
}

// scanCell is a column of the last row that a step matched.
type scanCell struct {
	col          plan.Col
	step, column int // column counts the input's columns, then the declared ones
}

// opScan binds scan: a state machine over the rows in order. What the steps say of
// the row alone is computed by the engine, the rest by the Go forms.
func (b *binder) opScan(r *rows, op *syntax.Scan, env *scope) *rows {
	if len(op.OrderBy) > 0 {
		r = b.opSort(r, &syntax.Sort{OpAt: op.OpAt, Keys: op.OrderBy}, env)
	}
	r = b.inOrder(r, "scan", op.Keyword())
	s := &scanBinding{b: b, in: r.unordered(), steps: op.Steps}
	if len(op.Steps) == 0 {
		b.fail(op.Keyword(), errValue("scan needs a step", "write: with (step s1: condition;)"))
	}
	s.declare(op.Declare, env)
	var keys []plan.Expr
	for _, x := range op.PartitionBy {
		e := b.scalar(x, &context{env: env, in: s.in})
		if e.Type() == types.Dynamic {
			b.report(x.Pos(), errDynamicKey("the partition"))
		}
		keys = append(keys, e)
	}
	names := map[string]bool{}
	m := &builtin.Scan{}
	type exprs struct {
		cond    plan.Expr
		assign  []plan.Expr
		targets []int
	}
	bound := make([]exprs, len(op.Steps))
	for k, st := range op.Steps {
		if names[st.Name.Text] {
			b.report(st.Name.Span, errDuplicateStep(st.Name.Text))
		}
		names[st.Name.Text] = true
		c := s.context(k, env)
		bound[k].cond = b.condition(st.Cond, c)
		for _, a := range st.Assign {
			i := s.target(a.Names[0])
			e := b.scalar(a.X, c)
			if i < 0 {
				continue
			}
			d := s.declared[i]
			if !implicit(e.Type(), d.Type) && e.Type() != d.Type {
				b.report(a.X.Pos(), errType("a "+d.Type.String()+", the type of "+d.Name+",", e.Type()))
				continue
			}
			bound[k].assign = append(bound[k].assign, b.convert(e, d.Type, a.X))
			bound[k].targets = append(bound[k].targets, i)
		}
	}
	if b.failed {
		panic(bail{})
	}
	r = r.with(s.in.node, s.in.cols)

	// The engine computes what needs no state; then every expression is compiled over
	// the row: the input's columns, the lifted values, the state cells.
	own := map[plan.ID]bool{}
	for _, c := range s.state {
		own[c.col.ID] = true
	}
	lift := func(e plan.Expr) plan.ColRef {
		col := b.newCol("$scan", e.Type())
		s.lifted = append(s.lifted, plan.Item{Col: col, Expr: e})
		return ref(col)
	}
	for k := range bound {
		bound[k].cond = eval.Split(bound[k].cond, func(id plan.ID) bool { return own[id] }, lift)
		for i, e := range bound[k].assign {
			bound[k].assign[i] = eval.Split(e, func(id plan.ID) bool { return own[id] }, lift)
		}
	}
	slots := map[plan.ID]int{}
	var see []plan.Expr
	add := func(id plan.ID, e plan.Expr) {
		slots[id] = len(see)
		see = append(see, e)
	}
	for _, c := range r.cols {
		add(c.ID, ref(c))
	}
	for _, it := range s.lifted {
		add(it.Col.ID, it.Expr)
	}
	m.Columns = len(r.cols)
	for _, k := range keys {
		m.Keys = append(m.Keys, len(see))
		see = append(see, k)
	}
	for i := range r.part {
		m.Keys = append(m.Keys, len(see)+i)
		m.Carry = append(m.Carry, len(see)+i)
	}
	width := len(see) + len(r.part)
	for _, c := range s.state {
		slots[c.col.ID] = width
		m.Cells = append(m.Cells, builtin.ScanCell{Step: c.step, Column: c.column, Slot: width})
		width++
	}
	m.Width = width
	slot := func(id plan.ID) (int, bool) { i, ok := slots[id]; return i, ok }
	compile := func(e plan.Expr, at syntax.Expr) eval.Func {
		f, err := eval.Compile(e, slot)
		if err != nil {
			b.report(at.Pos(), errRefused("scan", err.Error()))
		}
		return f
	}
	for k, st := range op.Steps {
		step := builtin.ScanStep{Optional: st.Optional, Output: st.Output, Cond: compile(bound[k].cond, st.Cond), Targets: bound[k].targets}
		for i, e := range bound[k].assign {
			step.Assign = append(step.Assign, compile(e, st.Assign[i].X))
		}
		m.Steps = append(m.Steps, step)
	}
	for _, c := range r.cols {
		m.Empty = append(m.Empty, zero(c.Type).Value)
	}
	for _, d := range s.defaults {
		m.Defaults = append(m.Defaults, d.Value)
	}
	m.Empty = append(m.Empty, m.Defaults...)
	out := append(b.fresh(r.cols), s.declared...)
	if p := op.Param("with_match_id"); p != nil {
		m.MatchID = true
		out = append(out, b.newCol(newNames(out...).add(word(p, "match_id")), types.Long))
	}
	if b.failed {
		panic(bail{})
	}
	return b.runGo(r, goOp{name: "scan", see: see, out: out, ordered: true, body: m.Run})
}

// declare binds the declared columns and their defaults.
func (s *scanBinding) declare(params []*syntax.Param, env *scope) {
	taken := newNames(s.in.cols...)
	for _, p := range params {
		if taken.taken[p.Name.Text] {
			s.b.report(p.Span, errDuplicateColumn(p.Name.Text))
		}
		taken.taken[p.Name.Text] = true
		k := zero(p.Type)
		if p.Default != nil {
			if c, ok := s.b.constant(p.Default, env, "the default"); ok {
				if v, ok := s.b.convert(c, p.Type, p.Default).(plan.Const); ok {
					k = v
				}
			}
		}
		s.declared = append(s.declared, s.b.newCol(p.Name.Text, p.Type))
		s.defaults = append(s.defaults, k)
	}
}

// context is where the expressions of step k stand: names are columns of the row and
// declared columns, which are still at their defaults; "step.column" reads the state.
func (s *scanBinding) context(k int, env *scope) *context {
	return &context{env: env, in: s.in,
		extra: func(name *syntax.Name) (plan.Expr, bool) {
			for i, d := range s.declared {
				if d.Name == name.Text {
					return s.defaults[i], true
				}
			}
			return nil, false
		},
		member: func(step, name *syntax.Name) (plan.Expr, bool) {
			for j, st := range s.steps {
				if st.Name.Text != step.Text {
					continue
				}
				if j > k {
					s.b.report(step.Span, errValue("step "+s.steps[k].Name.Text+" cannot read step "+step.Text+", which comes after it", ""))
					return unknown, true
				}
				return s.cell(j, name)
			}
			return nil, false
		}}
}

// cell is the column that stands for a column of a step's state.
func (s *scanBinding) cell(step int, name *syntax.Name) (plan.Expr, bool) {
	cols := append(append([]plan.Col{}, s.in.cols...), s.declared...)
	for i, c := range cols {
		if c.Name != name.Text {
			continue
		}
		for _, have := range s.state {
			if have.step == step && have.column == i {
				return ref(have.col), true
			}
		}
		col := s.b.newCol(c.Name, c.Type)
		s.state = append(s.state, scanCell{col, step, i})
		return ref(col), true
	}
	known := s.in.names()
	for _, d := range s.declared {
		known = append(known, d.Name)
	}
	s.b.report(name.Span, errUnknownColumn(name.Text, known))
	return unknown, true
}

// target is the index of the declared column that an assignment sets, or -1.
func (s *scanBinding) target(n *syntax.Name) int {
	var known []string
	for i, d := range s.declared {
		if d.Name == n.Text {
			return i
		}
		known = append(known, d.Name)
	}
	p := errUnknownColumn(n.Text, known)
	if p.hint == "" {
		p.hint = "only columns of the declare clause can be set"
	}
	s.b.report(n.Span, p)
	return -1
}
