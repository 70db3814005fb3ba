package replay

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"reflect"
	"strconv"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// scan is one reading of a table with the conditions that stand right above it, where
// sink put them.
type scan struct {
	scan  *plan.Scan
	top   plan.Node // the uppermost of the filters, or the scan itself
	place string    // which of the query's scans it is
	// conditions are those that say nothing of time, by their keys.
	conditions map[string]plan.Expr
	// bounds are the times that something of a row must lie between, by its key.
	bounds map[string]*bound
	parts  []part // the conditions that bounds sum up
}

// part is one condition on a time, by the key of what it is asked of.
type part struct {
	axis string
	bound
}

// bound is a range of ticks, both ends included.
type bound struct {
	expr   plan.Expr
	lo, hi int64
}

// examined is what is known of the plan of one run.
type examined struct {
	root  *plan.Root
	scans []*scan
	// shape stands for all of the plan but the bounds of its scans.
	shape [sha256.Size]byte
	// opaque says that a part of the plan is a function in Go that may hold the clock.
	opaque bool
	// volatile says that the query may answer differently each time.
	volatile bool
}

// examine describes a plan: two plans of one shape, whose scans see the same rows, give
// the same answer.
func examine(root *plan.Root) *examined {
	w := &writer{hash: sha256.New(), seen: map[uintptr]int{}, out: &examined{root: root}}
	w.value(reflect.ValueOf(root))
	w.hash.Sum(w.out.shape[:0])
	return w.out
}

type writer struct {
	hash hash.Hash
	seen map[uintptr]int // shared definitions, by the order of their first place
	out  *examined
}

func (w *writer) text(s string) {
	w.hash.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
}

// value writes all of a value, whatever fields a plan's nodes have or will have.
func (w *writer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			w.text("nil")
			return
		}
		if !v.CanInterface() { // a hidden field: not a part of a plan as they are today
			w.out.opaque = true
			return
		}
		switch p := v.Interface().(type) {
		case *builtin.Row: // rows live as long as the program
			w.text(fmt.Sprintf("row %p", p))
			w.out.volatile = w.out.volatile || p.Sem&builtin.Volatile != 0
			return
		case *plan.Filter:
			if w.chain(p) {
				return
			}
		case *plan.Scan:
			w.leaf(&scan{scan: p, top: p})
			return
		}
		if n, ok := w.seen[v.Pointer()]; ok {
			w.text("again " + strconv.Itoa(n))
			return
		}
		w.seen[v.Pointer()] = len(w.seen)
		w.text(v.Type().Elem().Name())
		w.value(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			w.text("nil")
			return
		}
		w.text(v.Elem().Type().String())
		w.value(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Pos" { // a place in the text, for messages
				continue
			}
			w.value(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		w.text("[" + strconv.Itoa(v.Len()))
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Map:
		keys := map[string]reflect.Value{}
		for _, k := range v.MapKeys() {
			keys[fmt.Sprint(k)] = v.MapIndex(k)
		}
		w.text("{" + strconv.Itoa(len(keys)))
		for _, k := range sortedKeys(keys) {
			w.text(k)
			w.value(keys[k])
		}
	case reflect.Func:
		w.out.opaque = w.out.opaque || !v.IsNil()
		w.text("func")
	case reflect.String:
		w.text(v.String())
	default:
		w.text(fmt.Sprint(v))
	}
}

// chain takes the filters right above a scan apart; false if there is no scan, or
// something other than the row itself decides.
func (w *writer) chain(top *plan.Filter) bool {
	var preds []plan.Expr
	var node plan.Node = top
	for {
		f, ok := node.(*plan.Filter)
		if !ok {
			break
		}
		if f.Order != nil || windowed(f.Pred) {
			return false
		}
		preds = append(preds, conjuncts(f.Pred)...)
		node = f.In
	}
	sc, ok := node.(*plan.Scan)
	if !ok {
		return false
	}
	s := &scan{scan: sc, top: top}
	columns := map[plan.ID]string{}
	for i, c := range sc.Cols {
		columns[c.ID] = sc.Source[i]
	}
	for _, p := range preds {
		s.add(p, columns)
	}
	w.leaf(s)
	// Conditions of a row alone stand in the shape by their keys, all others in full.
	for _, key := range sortedKeys(s.conditions) {
		w.text(key)
	}
	for _, p := range preds {
		if _, ok := exprKey(p, columns); !ok {
			w.value(reflect.ValueOf(&p).Elem())
		}
	}
	for _, a := range sortedKeys(s.bounds) {
		w.text(a)
	}
	return true
}

// leaf writes a scan and takes it down.
func (w *writer) leaf(s *scan) {
	s.place = strconv.Itoa(len(w.out.scans)) + " " + s.scan.Table
	w.out.scans = append(w.out.scans, s)
	w.text("scan")
	w.value(reflect.ValueOf(*s.scan))
}

// add sorts a condition into bounds and the others. One with a sub-query or of a
// function that may differ each time is neither: rows cannot be chosen by it.
func (s *scan) add(p plan.Expr, columns map[plan.ID]string) {
	if e, lo, hi, ok := bounds(p); ok {
		if key, ok := exprKey(e, columns); ok {
			s.bind(part{key, bound{expr: e, lo: lo, hi: hi}})
			return
		}
	}
	if key, ok := exprKey(p, columns); ok {
		if s.conditions == nil {
			s.conditions = map[string]plan.Expr{}
		}
		s.conditions[key] = p
	}
}

// bind narrows the bounds by a condition.
func (s *scan) bind(p part) {
	if s.bounds == nil {
		s.bounds = map[string]*bound{}
	}
	b := s.bounds[p.axis]
	if b == nil {
		b = &bound{expr: p.expr, lo: none + 1, hi: 1<<63 - 1}
		s.bounds[p.axis] = b
	}
	b.lo, b.hi = max(b.lo, p.lo), min(b.hi, p.hi)
	s.parts = append(s.parts, p)
}

// bounds reads a comparison of something with a constant time.
func bounds(p plan.Expr) (e plan.Expr, lo, hi int64, ok bool) {
	c, isCall := p.(*plan.Call)
	if !isCall || c.Row.Kind != builtin.Infix {
		return nil, 0, 0, false
	}
	lo, hi = none+1, 1<<63-1
	if c.Row.Name() == "between" && len(c.Args) == 3 {
		from, ok1 := timeConst(c.Args[1])
		to, ok2 := timeConst(c.Args[2])
		return c.Args[0], from, to, ok1 && ok2 && c.Args[0].Type() == types.Datetime
	}
	if len(c.Args) != 2 {
		return nil, 0, 0, false
	}
	op := c.Row.Name()
	e = c.Args[0]
	at, ok := timeConst(c.Args[1])
	if !ok {
		if at, ok = timeConst(c.Args[0]); !ok {
			return nil, 0, 0, false
		}
		e = c.Args[1]
		op = map[string]string{">": "<", ">=": "<=", "<": ">", "<=": ">="}[op]
	}
	if e.Type() != types.Datetime {
		return nil, 0, 0, false
	}
	switch op {
	case ">":
		lo = at + 1
	case ">=":
		lo = at
	case "<":
		hi = at - 1
	case "<=":
		hi = at
	default:
		return nil, 0, 0, false
	}
	return e, lo, hi, true
}

func timeConst(e plan.Expr) (int64, bool) {
	k, ok := e.(plan.Const)
	if !ok || k.T != types.Datetime {
		return 0, false
	}
	v, ok := k.Value.(int64)
	return v, ok
}

func conjuncts(e plan.Expr) []plan.Expr {
	if c, ok := e.(*plan.Call); ok && c.Row.Kind == builtin.Infix && c.Row.Name() == "and" {
		var out []plan.Expr
		for _, a := range c.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []plan.Expr{e}
}

func windowed(e plan.Expr) bool {
	found := false
	plan.WalkExpr(e, func(e plan.Expr) {
		if c, ok := e.(*plan.Call); ok && c.Row.Kind == builtin.Window {
			found = true
		}
	}, nil)
	return found
}

// exprKey writes an expression over one row's columns; false for what depends on more
// than the row.
func exprKey(e plan.Expr, columns map[plan.ID]string) (string, bool) {
	switch e := e.(type) {
	case plan.Const:
		return fmt.Sprintf("%s(%T %q)", e.T, e.Value, fmt.Sprint(e.Value)), true
	case plan.ColRef:
		name, ok := columns[e.ID]
		return fmt.Sprintf("%s:%s", name, e.T), ok
	case *plan.Call:
		if !rowwise(e) {
			return "", false
		}
		s := fmt.Sprintf("%p:%s(", e.Row, e.T)
		for _, a := range e.Args {
			k, ok := exprKey(a, columns)
			if !ok {
				return "", false
			}
			s += k + ","
		}
		return s + ")", true
	}
	return "", false
}

// empty reports whether a plan gives no row, when seen tells of scans and the filters
// above them that they give none.
func empty(n plan.Node, seen map[plan.Node]bool) bool {
	if seen[n] {
		return true
	}
	switch n := n.(type) {
	case *plan.Filter:
		// Nothing is in a list of nothing.
		if in, ok := n.Pred.(*plan.InQuery); ok && !in.Not && empty(in.Node, seen) {
			return true
		}
		return empty(n.In, seen)
	case *plan.Values:
		return len(n.Rows) == 0
	case *plan.Aggregate:
		return len(n.Keys) > 0 && empty(n.In, seen)
	case *plan.Union:
		for _, in := range n.In {
			if !empty(in, seen) {
				return false
			}
		}
		return true
	case *plan.Join:
		l, r := empty(n.L, seen), empty(n.R, seen)
		switch n.Kind {
		case plan.Inner, plan.Cross, plan.LeftSemi, plan.RightSemi:
			return l || r
		case plan.Left, plan.LeftAnti:
			return l
		case plan.Right, plan.RightAnti:
			return r
		case plan.Full:
			return l && r
		}
		return false
	case *plan.Ref:
		return empty(n.Def.Node, seen)
	case *plan.Project, *plan.Sort, *plan.Limit, *plan.FirstOf, *plan.Unnest, *plan.Number:
		return empty(n.Inputs()[0], seen)
	}
	return false // a scan, a range, an operator in Go: not known
}
