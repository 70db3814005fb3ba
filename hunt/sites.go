package hunt

import (
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/sqlgen"
)

// site is a place where a rule reads a stored table, with conditions that every row
// must meet to matter there. They speak of the columns by their place in the table.
type site struct {
	scan  *plan.Scan
	conds sqlgen.Conditions
}

// maxTerms bounds the size of one condition of a site: conditions are written out with
// the computed columns they use.
const maxTerms = 2000

// sites lists where a query reads tables. Conditions are those of the filters directly
// above a scan, as far as each row decides for itself.
func sites(root *plan.Root, place func(*plan.Scan, int) (plan.ID, bool)) map[*plan.Scan]*site {
	f := &finder{place: place, found: map[*plan.Scan]*site{}, defs: map[*plan.Shared]bool{}}
	f.visit(root.Node)
	return f.found
}

type finder struct {
	place func(scan *plan.Scan, i int) (plan.ID, bool) // where in the table column i of a scan lies
	found map[*plan.Scan]*site
	defs  map[*plan.Shared]bool
}

func (f *finder) visit(n plan.Node) {
	var chain []plan.Node // from the top down to a scan
	for at := n; ; {
		chain = append(chain, at)
		switch m := at.(type) {
		case *plan.Filter:
			at = m.In
			continue
		case *plan.Project:
			at = m.In
			continue
		case *plan.Scan:
			f.add(m, chain[:len(chain)-1])
		}
		break
	}
	for _, m := range chain {
		f.below(m)
	}
	switch last := chain[len(chain)-1].(type) {
	case *plan.Ref:
		if !f.defs[last.Def] {
			f.defs[last.Def] = true
			f.visit(last.Def.Node)
		}
	default:
		for _, in := range last.Inputs() {
			f.visit(in)
		}
	}
}

// below visits the sub-queries in a node's expressions.
func (f *finder) below(n plan.Node) {
	var query func(plan.Expr)
	query = func(e plan.Expr) {
		switch e := e.(type) {
		case *plan.Call:
			for _, a := range e.Args {
				query(a)
			}
		case *plan.Subquery:
			f.visit(e.Node)
		case *plan.InQuery:
			query(e.X)
			f.visit(e.Node)
		}
	}
	plan.Exprs(n, query)
}

func (f *finder) add(scan *plan.Scan, above []plan.Node) {
	s := &site{scan: scan}
	if _, again := f.found[scan]; again { // read in two places: no condition holds for both
		f.found[scan] = s
		return
	}
	f.found[scan] = s
	columns := map[plan.ID]plan.Expr{}
	for i, c := range scan.Cols {
		id, ok := f.place(scan, i)
		if !ok {
			return
		}
		columns[c.ID] = plan.ColRef{ID: id, T: c.Type}
	}
	for i := len(above) - 1; i >= 0; i-- {
		ok := true
		plan.Exprs(above[i], func(e plan.Expr) { ok = ok && rowwise(e) })
		if !ok {
			return
		}
		switch n := above[i].(type) {
		case *plan.Filter:
			s.addAll(n.Pred, columns)
		case *plan.Project:
			next := map[plan.ID]plan.Expr{}
			for _, it := range n.Items {
				if e, terms := written(it.Expr, columns); e != nil && terms <= maxTerms {
					next[it.Col.ID] = e
				}
			}
			columns = next
		}
	}
}

// addAll adds the parts of a conjunction.
func (s *site) addAll(e plan.Expr, columns map[plan.ID]plan.Expr) {
	plan.EachConjunct(e, func(e plan.Expr) {
		if w, terms := written(e, columns); w != nil && terms <= maxTerms {
			s.conds = append(s.conds, w)
		}
	})
}

// rowwise reports that a row's value depends on that row alone, each time alike.
// Sub-queries are left to written.
func rowwise(e plan.Expr) bool {
	ok := true
	plan.WalkExpr(e, func(e plan.Expr) {
		if c, is := e.(*plan.Call); is {
			k := c.Row.Kind
			ok = ok && (k == builtin.Scalar || k == builtin.Infix) && c.Row.Sem&builtin.Volatile == 0
		}
	}, nil)
	return ok
}

// written is an expression with its columns replaced by what they are made of, and its
// size; nil if that is not known or asks a sub-query.
func written(e plan.Expr, columns map[plan.ID]plan.Expr) (plan.Expr, int) {
	switch e := e.(type) {
	case plan.Const:
		return e, 1
	case plan.ColRef:
		made, ok := columns[e.ID]
		if !ok {
			return nil, 0
		}
		return made, size(made)
	case *plan.Call:
		c := *e
		c.Args = make([]plan.Expr, len(e.Args))
		terms := 1
		for i, a := range e.Args {
			w, n := written(a, columns)
			if terms += n; w == nil || terms > maxTerms {
				return nil, terms
			}
			c.Args[i] = w
		}
		return &c, terms
	}
	return nil, 0
}

func size(e plan.Expr) int {
	n := 0
	plan.WalkExpr(e, func(plan.Expr) { n++ }, nil)
	return n
}
