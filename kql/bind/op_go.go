package bind

import (
	gocontext "context"
	"errors"
	"fmt"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// goOp is an operator that runs in Go between two parts of the plan.
type goOp struct {
	name string
	// see are the values of each input row that body works on, in order.
	see []plan.Expr
	// out are the columns of the rows that body emits.
	out []plan.Col
	// ordered keeps the order in which body emits as the order of the result.
	ordered bool
	// whole: body must see the rows of one partition only; otherwise it handles the
	// values that follow those it asked for, one for each of r.part, and hands them on
	// behind its own.
	whole bool
	more  []goInput // further inputs
	body  plan.GoFunc
}

// goInput is an input besides the rows the operator is applied to.
type goInput struct {
	rows *rows
	cols []plan.Col
}

// runGo adds a Go operator to the plan.
func (b *binder) runGo(r *rows, g goOp) *rows {
	var items []plan.Item
	node := &plan.GoOp{Name: g.name, Args: [][]plan.ID{nil}, Order: r.sequence()}
	for _, e := range g.see {
		c := b.newCol(g.name, e.Type())
		items = append(items, plan.Item{Col: c, Expr: e})
		node.Args[0] = append(node.Args[0], c.ID)
	}
	node.Args[0] = append(node.Args[0], r.partIDs()...)
	node.In = []plan.Node{r.project(items).node}
	for _, m := range g.more {
		var ids []plan.ID
		for _, c := range m.cols {
			ids = append(ids, c.ID)
		}
		node.In, node.Args = append(node.In, m.rows.node), append(node.Args, ids)
	}
	res := &rows{node: node, cols: g.out}
	node.Cols = append(node.Cols, g.out...)
	for _, p := range r.part {
		c := b.newCol(p.Name, p.Type)
		res.part = append(res.part, c)
		node.Cols = append(node.Cols, c)
	}
	body := g.body
	if g.whole && len(r.part) > 0 {
		body = eachPartition(len(g.see), body)
	}
	if g.ordered || r.sequence() != nil {
		at := b.newCol("$ord", types.Long)
		node.Cols = append(node.Cols, at)
		if g.ordered {
			res.ord = &at
		} else {
			res.arrival = &at
		}
		body = numbered(body)
	}
	node.Run = named(g.name, b.place(), body)
	return res
}

// place is the line and column of the operator that is bound, in the query: of the call
// if a saved function has it.
func (b *binder) place() string {
	line, column := b.text.Position(b.at.Start)
	return fmt.Sprintf("%d:%d", line, column)
}

// named gives errors the operator's place and name, and makes an error of a panic in a
// Go form.
func named(name, place string, body plan.GoFunc) plan.GoFunc {
	return func(ctx gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) (err error) {
		var stop error // what emit said: passed on as it is
		defer func() {
			p := recover()
			if _, ok := p.(builtin.Stopped); ok {
				err = ctx.Err()
			} else if f, ok := p.(builtin.Failure); ok {
				err = errors.New(string(f))
			} else if p != nil {
				err = fmt.Errorf("%s: %v", name, p)
			} else if err != nil && stop == nil && ctx.Err() == nil {
				err = fmt.Errorf("%s: %s: %w", place, name, err)
			}
		}()
		return body(ctx, env, in, func(row []types.Value) error {
			stop = emit(row)
			return stop
		})
	}
}

// numbered adds the number of each emitted row as its last value.
func numbered(body plan.GoFunc) plan.GoFunc {
	return func(ctx gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		n := int64(0)
		return body(ctx, env, in, func(row []types.Value) error {
			n++
			return emit(append(row[:len(row):len(row)], n))
		})
	}
}

// eachPartition runs body over the rows of each partition in turn. A row starts
// with n values for body; the values of the partition follow.
func eachPartition(n int, body plan.GoFunc) plan.GoFunc {
	return func(ctx gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		all, err := readRows(in[0])
		if err != nil {
			return err
		}
		var order []string
		groups := map[string][][]types.Value{}
		for _, row := range all {
			k := builtin.RowKey(row[n:])
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], row)
			if err := in[0].Hold(sizeOfGroupedRow); err != nil {
				return err
			}
		}
		for _, k := range order {
			env.Check()
			g := groups[k]
			part := g[0][n:]
			own := make([][]types.Value, len(g))
			for i, row := range g {
				own[i] = row[:n:n]
			}
			rows := &memory{rows: own, from: in[0], env: env}
			err := body(ctx, env, append([]plan.Iterator{rows}, in[1:]...), func(row []types.Value) error {
				return emit(append(row[:len(row):len(row)], part...))
			})
			if err == nil {
				err = rows.Hold(-rows.held)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// sizeOfGroupedRow is what it takes to find a row again, in bytes.
const sizeOfGroupedRow = 48

// memory iterates over rows in memory, which are accounted for. What is held because of
// them is on the account of the input that they are from.
type memory struct {
	rows [][]types.Value
	from plan.Iterator
	env  *builtin.Env
	held int // bytes
}

func (m *memory) Hold(bytes int) error {
	m.held += bytes
	return m.from.Hold(bytes)
}

func (m *memory) Next() ([]types.Value, error) {
	if len(m.rows) == 0 {
		return nil, nil
	}
	m.env.Check()
	row := m.rows[0]
	m.rows = m.rows[1:]
	return row, nil
}

// maxGoRows bounds the rows that a Go operator holds in memory.
const maxGoRows = 5_000_000

// readRows reads all rows of an input into memory.
func readRows(in plan.Iterator) ([][]types.Value, error) {
	if m, ok := in.(*memory); ok {
		return m.rows, nil
	}
	var all [][]types.Value
	for {
		row, err := in.Next()
		if row == nil || err != nil {
			return all, err
		}
		if len(all) >= maxGoRows {
			return nil, fmt.Errorf("the input has more than %d rows, which is all that fits in memory; filter or aggregate it first", maxGoRows)
		}
		if err := in.Hold(builtin.SizeOf(row)); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
}

// refs are references to columns.
func refs(cols []plan.Col) []plan.Expr {
	out := make([]plan.Expr, len(cols))
	for i, c := range cols {
		out[i] = ref(c)
	}
	return out
}

// fresh are new columns like the given ones.
func (b *binder) fresh(cols []plan.Col) []plan.Col {
	out := make([]plan.Col, len(cols))
	for i, c := range cols {
		out[i] = b.newCol(c.Name, c.Type)
	}
	return out
}

// inOrder makes sure that rows are serialized. A stored table has no order of its own
// and is refused; range and datatable have.
func (b *binder) inOrder(r *rows, what string, at source.Span) *rows {
	if r.ord != nil {
		return r
	}
	if r.arrival == nil && !arrivesInOrder(r.node) {
		b.fail(at, errNotSerialized(what))
	}
	return b.serialize(r)
}

// arrivesInOrder reports the rows of range.
func arrivesInOrder(n plan.Node) bool {
	for {
		switch m := n.(type) {
		case *plan.Range:
			return true
		case *plan.Filter:
			n = m.In
		case *plan.Project:
			n = m.In
		case *plan.Ref:
			n = m.Def.Node
		default:
			return false
		}
	}
}
