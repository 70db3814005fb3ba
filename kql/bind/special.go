package bind

import (
	"strconv"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

func itoa(n int) string { return strconv.Itoa(n) }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return itoa(n) + " " + noun + "s"
}

// special binds the scalar calls that speak about the query itself.
func (b *binder) special(row *builtin.Row, x *syntax.Call, c *context) plan.Expr {
	switch row.Special {
	case builtin.Now, builtin.Ago:
		return b.nowOrAgo(row, x, c)
	case builtin.ToScalar:
		return b.toScalar(x, c)
	case builtin.ColumnIfExists:
		return b.columnIfExists(x, c)
	case builtin.PackAll:
		return b.packAll(x, c)
	case builtin.AllColumns:
		var args []plan.Expr
		for _, a := range x.Args {
			if w, ok := a.(*syntax.Wildcard); ok && c.in != nil {
				for _, col := range c.in.cols {
					if match(w.Pattern, col.Name) {
						args = append(args, ref(col))
					}
				}
				continue
			}
			args = append(args, b.argument(a, c))
		}
		return b.make(x.Name.Text, b.table.Scalar(x.Name.Text), args, x.Name.Span, nil)
	case builtin.BinAuto:
		if len(x.Args) != 1 {
			b.report(x.Name.Span, errArguments("bin_auto takes 1 argument, not "+itoa(len(x.Args))))
			return unknown
		}
		if b.binSize == nil {
			b.report(x.Name.Span, errValue("bin_auto() needs a size", "set query_bin_auto_size before the query, or write bin(value, size)"))
			return unknown
		}
		args := []plan.Expr{b.scalar(x.Args[0], c), *b.binSize}
		if b.binAt != nil {
			return b.make(builtin.BinAtFunc, b.table.Scalar(builtin.BinAtFunc), append(args, *b.binAt), x.Name.Span, nil)
		}
		return b.make(builtin.BinFunc, b.table.Scalar(builtin.BinFunc), args, x.Name.Span, nil)
	case builtin.PackColumns:
		var args []plan.Expr
		for _, a := range x.Args {
			args = append(args, plan.Const{T: types.String, Value: b.autoName(a)}, b.argument(a, c))
		}
		return b.make(builtin.PackRow, b.table.Scalar(builtin.PackRow), args, x.Span, nil)
	case builtin.IngestionTime:
		if c.in != nil {
			if came := b.arrival(c.in); came != nil {
				return came
			}
		}
		return plan.Const{T: types.Datetime}
	case builtin.ColumnNamesOf:
		if len(x.Args) != 1 {
			b.report(x.Name.Span, errArguments(row.Name()+" takes 1 argument, not "+itoa(len(x.Args))))
			return unknown
		}
		var list []types.Dyn
		for _, n := range b.tabular(x.Args[0], c.env).names() {
			list = append(list, types.DynText(n))
		}
		return plan.Const{T: types.Dynamic, Value: types.DynList(list).String()}
	}
	b.report(x.Span, errIsTable(x.Name.Text+"()"))
	return unknown
}

func (b *binder) nowOrAgo(row *builtin.Row, x *syntax.Call, c *context) plan.Expr {
	now := plan.Const{T: types.Datetime, Value: b.now}
	least, most := row.Arity()
	if n := len(x.Args); n < least || n > most {
		b.report(x.Name.Span, errArguments(row.Name()+" takes "+plural(most, "argument")+", not "+itoa(n)))
		return unknown
	}
	if len(x.Args) == 0 {
		return now
	}
	by := b.argument(x.Args[0], c)
	if by.Type() == types.Dynamic {
		by = b.convert(by, types.Timespan, x.Args[0])
	}
	if t := by.Type(); t != types.Timespan && t != types.Unknown {
		b.report(x.Args[0].Pos(), errType("a timespan", t))
		return unknown
	}
	op := "+"
	if row.Special == builtin.Ago {
		op = "-"
	}
	return b.apply(op, x.Span, []plan.Expr{now, by}, []source.Span{x.Span, x.Args[0].Pos()})
}

func (b *binder) toScalar(x *syntax.Call, c *context) plan.Expr {
	if len(x.Args) != 1 {
		b.report(x.Name.Span, errArguments("toscalar takes 1 argument, not "+itoa(len(x.Args))))
		return unknown
	}
	if !b.isTabular(x.Args[0], c.env) {
		return b.argument(x.Args[0], c)
	}
	r := b.tabular(x.Args[0], c.env)
	if len(r.cols) == 0 {
		b.report(x.Args[0].Pos(), errValue("the table has no column", ""))
		return unknown
	}
	return &plan.Subquery{Node: r.node, Col: r.cols[0], Order: r.ord}
}

func (b *binder) columnIfExists(x *syntax.Call, c *context) plan.Expr {
	if len(x.Args) != 2 {
		b.report(x.Name.Span, errArguments(x.Name.Text+" takes 2 arguments, not "+itoa(len(x.Args))))
		return unknown
	}
	name, ok := b.constant(x.Args[0], c.env, "the column name")
	if !ok {
		return unknown
	}
	text, ok := name.Value.(string)
	if !ok {
		b.report(x.Args[0].Pos(), errType("a string", name.T))
		return unknown
	}
	if c.in != nil {
		if col, ok := c.in.find(text); ok {
			return ref(col)
		}
	}
	return b.argument(x.Args[1], c)
}

// packAll packs every column, by way of the pack row.
func (b *binder) packAll(x *syntax.Call, c *context) plan.Expr {
	if c.in == nil {
		b.report(x.Span, errValue("there are no columns here", ""))
		return unknown
	}
	ignore := false
	if len(x.Args) == 1 {
		k, ok := b.constant(x.Args[0], c.env, "the argument")
		if !ok {
			return unknown
		}
		ignore, _ = k.Value.(bool)
	}
	return b.packColumns(c.in.cols, ignore, x.Span)
}

// packColumns makes a bag of columns by way of the pack row.
func (b *binder) packColumns(cols []plan.Col, ignoreEmpty bool, at source.Span) plan.Expr {
	args := make([]plan.Expr, 0, 2*len(cols))
	for _, col := range cols {
		args = append(args, plan.Const{T: types.String, Value: col.Name}, ref(col))
	}
	name := builtin.PackRow
	if ignoreEmpty {
		name = builtin.PackNonEmptyRow
	}
	return b.make(name, b.table.Scalar(name), args, at, nil)
}
