package check

import (
	"slices"

	"quarry/kql/builtin"
	"quarry/kql/plan"
)

// fires tells plans that can give rows from those that cannot, whatever the rows are:
// an inner join with a table without rows gives none, a union with one does. In doubt a
// plan can.
type fires struct {
	empty []string              // the tables without rows
	seen  map[*plan.Shared]bool // what is known of shared definitions
}

func (f *fires) node(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return !slices.Contains(f.empty, n.Name)
	case *plan.Values:
		return len(n.Rows) > 0
	case *plan.Filter:
		return f.node(n.In) && f.condition(n.Pred)
	case *plan.Aggregate:
		return len(n.Keys) == 0 || f.node(n.In)
	case *plan.Join:
		switch n.Kind {
		case plan.Left, plan.LeftAnti:
			return f.node(n.L)
		case plan.Right, plan.RightAnti:
			return f.node(n.R)
		case plan.Full:
			return f.node(n.L) || f.node(n.R)
		}
		return f.node(n.L) && f.node(n.R)
	case *plan.Union:
		return f.any(n.In)
	case *plan.GoOp:
		return len(n.In) == 0 || f.any(n.In)
	case *plan.Ref:
		return f.shared(n.Def)
	}
	for _, in := range n.Inputs() {
		if !f.node(in) {
			return false
		}
	}
	return true
}

func (f *fires) any(list []plan.Node) bool {
	for _, n := range list {
		if f.node(n) {
			return true
		}
	}
	return false
}

func (f *fires) shared(s *plan.Shared) bool {
	if known, ok := f.seen[s]; ok {
		return known
	}
	if f.seen == nil {
		f.seen = map[*plan.Shared]bool{}
	}
	out := f.node(s.Node)
	f.seen[s] = out
	return out
}

// condition is false for a condition that no row can meet: "x in (T)" where T has no
// rows, alone or joined to others by "and".
func (f *fires) condition(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Call:
		if e.Row.Relation() == builtin.Conjunction {
			for _, a := range e.Args {
				if !f.condition(a) {
					return false
				}
			}
		}
	case *plan.InQuery:
		return e.Not || f.node(e.Node)
	}
	return true
}
