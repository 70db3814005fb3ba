package plan

import (
	"context"
	"math"
	"strconv"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/types"
)

// ID numbers a column. IDs are unique in a query.
type ID int

// Col is a column that a node produces.
type Col struct {
	ID   ID
	Name string // for people; two columns of a node may share it
	Type types.Type
}

// Node is a relational operation. Out lists what it produces, in order.
type Node interface {
	Out() []Col
	Inputs() []Node
}

// Root is a whole query: a node, and the columns of it that the user sees.
type Root struct {
	Node  Node
	Cols  []Col // in result order, with their final names
	Order *Col  // rows come sorted by this column of Node; nil: in any order
	// Shared are the definitions that Ref nodes point at, in an order in which each
	// uses only earlier ones.
	Shared []*Shared
	// Chart is the render instruction, for clients that draw.
	Chart *Chart
	// More are the further results of fork and facet and of several queries in one text.
	More []*Root
	// Tables are the KQL names of the tables that the query with all its results reads,
	// sorted, whether they have rows or are only known. A pattern that only known tables
	// fit stands for them ("Device*").
	Tables []string
	// MaxRows is the limit set by query options; 0 means none.
	MaxRows int64
}

// Chart is what "render" says.
type Chart struct {
	Kind  string
	Props map[string]string
}

// StoredColumn is the physical name of the column of a table that stands at a place.
func StoredColumn(place int) string { return "c" + strconv.Itoa(place) }

// StoredPlace is the place of a column by its physical name.
func StoredPlace(name string) (place int, ok bool) {
	digits, ok := strings.CutPrefix(name, "c")
	place, err := strconv.Atoi(digits)
	return place, ok && err == nil
}

type (
	// Scan reads columns of a stored table.
	Scan struct {
		Table  string // physical name, as the engine knows it
		Name   string // KQL name
		Cols   []Col
		Source []string // physical column of each of Cols, see StoredColumn
		Mark   string   // physical column that is 1 in the rows to read; "": all rows
	}
	// Values is a constant table.
	Values struct {
		Cols []Col
		Rows [][]types.Value
	}
	// Range counts from From to To, both included.
	Range struct {
		Col            Col
		From, To, Step Expr
	}
	// Filter keeps the rows whose Pred is true.
	Filter struct {
		In   Node
		Pred Expr
		// Order is the column that window rows follow.
		Order *Col
	}
	// Project computes a new list of columns; a *Ref item with the ID of its own
	// column passes the column on.
	Project struct {
		In    Node
		Items []Item
		// Order is the column that window rows follow, Partition those they restart on.
		Order     *Col
		Partition []ID
	}
	// Aggregate groups by Keys. Aggs hold calls of aggregate rows, or expressions over them.
	// No keys and no rows give one row.
	Aggregate struct {
		In    Node
		Keys  []Item
		Aggs  []Item
		Order *Col // serialized input: order-sensitive aggregates follow this column
	}
	// Sort numbers the rows in the order of Keys: column Ord counts from 1. With Limit
	// set only the first Limit rows (of each partition) stay.
	Sort struct {
		In        Node
		Keys      []SortKey
		Limit     Expr // nil: all
		Partition []ID
		Ord       Col
	}
	// Limit keeps any N rows, the first ones when Order is set.
	Limit struct {
		In    Node
		N     Expr
		Order *Col
	}
	// FirstOf keeps one row for each value of Keys (innerunique).
	FirstOf struct {
		In   Node
		Keys []ID
	}
	// Join pairs rows. Out is left then right; one side only for semi and anti.
	Join struct {
		Kind JoinKind
		L, R Node
		On   []Pair
		// Where is a further condition on pairs, for inner joins only.
		Where Expr
		// Window, when set, is implied by conditions above the join; the engine may use
		// it to pair fewer rows. Unbounded says, for explain, why there is none.
		Window    *Window
		Unbounded string
	}
	// Union stacks inputs; column i of each input becomes Cols[i].
	Union struct {
		In   []Node
		Cols []Col
	}
	// Unnest makes a row of each element of its items, several items in step.
	Unnest struct {
		In    Node
		Items []UnnestItem
		Index *Col // 0-based position of the element
		Limit Expr // rows per input row; nil: all
	}
	// Number adds a row number in arrival order (serialize).
	Number struct {
		In  Node
		Ord Col
	}
	// Ref reads a shared definition; its columns are fresh.
	Ref struct {
		Def  *Shared
		Cols []Col // aligned with Def.Cols
	}
	// GoOp runs a Go operator over the materialised rows of its input.
	GoOp struct {
		Name string
		In   []Node
		Cols []Col
		// Args lists the columns of each input that Run sees, in order; Order is the
		// column the first input is sorted by.
		Args  [][]ID
		Order *Col
		Run   GoFunc
	}
)

// GoFunc is the body of a GoOp. It must call emit once a row and stop when emit or
// next reports an error.
type GoFunc func(ctx context.Context, env *builtin.Env, in []Iterator, emit func([]types.Value) error) error

// Iterator yields the rows of one input.
type Iterator = builtin.Rows

// Shared is a definition computed once and read by several Ref nodes.
type Shared struct {
	ID   int
	Name string
	Node Node
	Cols []Col // the columns of Node that references see
	// Once demands that it is computed a single time even when read once more cheaply
	// (materialize over rand()); the engine may always do so.
	Once bool
}

// JoinKind is the kind of a Join after lowering; innerunique is FirstOf plus Inner.
type JoinKind uint8

const (
	Inner JoinKind = iota
	Left
	Right
	Full
	LeftSemi
	LeftAnti
	RightSemi
	RightAnti
	Cross
)

// Window bounds a right-hand time by a left-hand one: Low <= Right - Left <= High, in
// ticks. The times themselves lie in Lefts and Rights; rows outside pair with none.
type Window struct {
	Left, Right   ID
	Low, High     int64
	Lefts, Rights Period
	// Near, unless nil, has the left side computed first, and of the right side's table
	// only those rows read that lie near its times.
	Near *Near
}

// Near says how the right side of a window join reads its table: Time is the window's
// right-hand time there, Key a column that the join holds equal to the left-hand Of. Both
// are 0 where there is no such key.
type Near struct{ Time, Key, Of ID }

// Period holds the ticks from From to To, both included.
type Period struct{ From, To int64 }

// Always is the period of all times.
var Always = Period{math.MinInt64, math.MaxInt64}

// Pair is one equality of a join.
type Pair struct{ L, R Expr }

// Item is a computed column.
type Item struct {
	Col  Col
	Expr Expr
}

// SortKey is one sort expression.
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// UnnestItem is one expanded value. A bag becomes one single-key bag per key, or
// [key, value] arrays with BagArray.
type UnnestItem struct {
	Expr     Expr
	Col      Col // its Type is what elements are converted to
	BagArray bool
	// Keys, where there are any, are read of the elements, which are no column then.
	Keys []KeyOf
}

// PlainKey reports a key of a bag that can name the field of a struct in the engine.
func PlainKey(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// KeyOf is the value at a path of keys: its text in a string column, itself in a dynamic one.
type KeyOf struct {
	Path []string
	Col  Col
}

// Expr is a scalar expression.
type Expr interface{ Type() types.Type }

type (
	// Const is a constant.
	Const struct {
		T     types.Type
		Value types.Value
	}
	// ColRef reads a column of the input.
	ColRef struct {
		ID ID
		T  types.Type
	}
	// Call calls a row. Arguments already have the row's parameter types.
	Call struct {
		Row  *builtin.Row
		Args []Expr
		T    types.Type
		// Pos is the byte offset of the call in the query text, for messages.
		Pos int
		// Terms is the size of the expression with everything written out: expressions
		// are shared within a plan, SQL text is not. The binder bounds it.
		Terms int
	}
	// Subquery is toscalar(): the first row's column of a query, null when there is none.
	Subquery struct {
		Node Node
		Col  Col
		// Order is the column the query is sorted by, or nil.
		Order *Col
	}
	// InQuery is "X in (query)"; CaseFold for in~ and !in~.
	InQuery struct {
		X        Expr
		Node     Node
		Col      ID
		Not      bool
		CaseFold bool
	}
)

func (c Const) Type() types.Type     { return c.T }
func (c ColRef) Type() types.Type    { return c.T }
func (c *Call) Type() types.Type     { return c.T }
func (s *Subquery) Type() types.Type { return s.Col.Type }
func (*InQuery) Type() types.Type    { return types.Bool }

func (s *Scan) Out() []Col   { return s.Cols }
func (v *Values) Out() []Col { return v.Cols }
func (r *Range) Out() []Col  { return []Col{r.Col} }
func (f *Filter) Out() []Col { return f.In.Out() }
func (p *Project) Out() []Col {
	out := make([]Col, len(p.Items))
	for i, it := range p.Items {
		out[i] = it.Col
	}
	return out
}
func (a *Aggregate) Out() []Col {
	out := make([]Col, 0, len(a.Keys)+len(a.Aggs))
	for _, it := range a.Keys {
		out = append(out, it.Col)
	}
	for _, it := range a.Aggs {
		out = append(out, it.Col)
	}
	return out
}
func (s *Sort) Out() []Col    { return appendCol(s.In.Out(), s.Ord) }
func (l *Limit) Out() []Col   { return l.In.Out() }
func (f *FirstOf) Out() []Col { return f.In.Out() }
func (j *Join) Out() []Col {
	switch j.Kind {
	case LeftSemi, LeftAnti:
		return j.L.Out()
	case RightSemi, RightAnti:
		return j.R.Out()
	}
	l := j.L.Out()
	return append(l[:len(l):len(l)], j.R.Out()...)
}
func (u *Union) Out() []Col { return u.Cols }
func (u *Unnest) Out() []Col {
	out := u.In.Out()
	out = out[:len(out):len(out)]
	for _, it := range u.Items {
		if len(it.Keys) == 0 {
			out = append(out, it.Col)
		}
		for _, k := range it.Keys {
			out = append(out, k.Col)
		}
	}
	if u.Index != nil {
		out = append(out, *u.Index)
	}
	return out
}
func (n *Number) Out() []Col { return appendCol(n.In.Out(), n.Ord) }
func (r *Ref) Out() []Col    { return r.Cols }
func (g *GoOp) Out() []Col   { return g.Cols }

func appendCol(cols []Col, c Col) []Col { return append(cols[:len(cols):len(cols)], c) }

func (*Scan) Inputs() []Node        { return nil }
func (*Values) Inputs() []Node      { return nil }
func (*Range) Inputs() []Node       { return nil }
func (f *Filter) Inputs() []Node    { return []Node{f.In} }
func (p *Project) Inputs() []Node   { return []Node{p.In} }
func (a *Aggregate) Inputs() []Node { return []Node{a.In} }
func (s *Sort) Inputs() []Node      { return []Node{s.In} }
func (l *Limit) Inputs() []Node     { return []Node{l.In} }
func (f *FirstOf) Inputs() []Node   { return []Node{f.In} }
func (j *Join) Inputs() []Node      { return []Node{j.L, j.R} }
func (u *Union) Inputs() []Node     { return u.In }
func (u *Unnest) Inputs() []Node    { return []Node{u.In} }
func (n *Number) Inputs() []Node    { return []Node{n.In} }
func (*Ref) Inputs() []Node         { return nil }
func (g *GoOp) Inputs() []Node      { return g.In }
