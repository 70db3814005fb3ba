package bind

import "quarry/kql/syntax"

type graph struct{}

func (b *binder) later(op syntax.Op) *rows {
	b.fail(op.Keyword(), errRefused("this operator", "Quarry does not run it yet"))
	return nil
}
func (b *binder) graphOperator(r *rows, op syntax.Op, env *scope) *rows       { return b.later(op) }
func (b *binder) opMakeGraph(r *rows, op *syntax.MakeGraph, env *scope) *rows { return b.later(op) }
