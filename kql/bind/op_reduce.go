package bind

import (
	gocontext "context"
	"strconv"
	"strings"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// opReduce binds reduce: groups texts by their template.
func (b *binder) opReduce(r *rows, op *syntax.Reduce, env *scope) *rows {
	x := op.By
	if as, ok := x.(*syntax.Assign); ok {
		x = as.X
	}
	text := b.convert(b.scalar(x, &context{env: env, in: r}), types.String, x)
	alg := builtin.Reduce{Threshold: 0.1}
	for _, p := range op.Props {
		switch strings.ToLower(p.Name) {
		case "threshold":
			v, err := strconv.ParseFloat(literalText(p.Value), 64)
			if err != nil || v < 0 || v > 1 {
				b.report(p.Span, errValue("the threshold must be a number from 0 to 1", ""))
			}
			alg.Threshold = v
		case "characters":
			alg.Characters = literalText(p.Value)
		}
	}
	source := false
	if p := op.Param("kind"); p != nil {
		if source = strings.EqualFold(word(p, ""), "source"); !source {
			b.report(op.Keyword(), errChoice("kind of reduce", word(p, ""), []string{"source"}))
		}
	}
	if b.failed {
		panic(bail{})
	}
	see := []plan.Expr{text}
	var out []plan.Col
	if source {
		see = append(see, refs(r.cols)...)
		out = b.fresh(r.cols)
	}
	names := newNames(out...)
	out = append(out, b.newCol(names.add("Pattern"), types.String), b.newCol(names.add("Count"), types.Long), b.newCol(names.add("Representative"), types.String))
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		all, err := readRows(in[0])
		if err != nil {
			return err
		}
		texts := make([]string, len(all))
		for i, row := range all {
			texts[i], _ = row[0].(string)
		}
		patterns, of, err := alg.Run(env, texts, in[0].Hold)
		if err != nil {
			return err
		}
		if source {
			for i, row := range all {
				p := patterns[of[i]]
				if err := emit(append(row[1:len(row):len(row)], p.Pattern, p.Count, p.Representative)); err != nil {
					return err
				}
			}
			return nil
		}
		for _, p := range patterns {
			if err := emit([]types.Value{p.Pattern, p.Count, p.Representative}); err != nil {
				return err
			}
		}
		return nil
	}
	return b.runGo(r, goOp{name: "reduce", see: see, out: out, ordered: source && r.ord != nil, whole: true, body: body})
}
