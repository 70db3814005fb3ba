package bind

import (
	gocontext "context"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/types"
)

// patterns binds autocluster, basket and diffpatterns. All columns but those with a
// role of their own are mined.
func (p *plugin) patterns(op builtin.PluginOp) *rows {
	b, r := p.b, p.r
	alg := builtin.Patterns{Threshold: 0.05, MaxDims: 5, Size: 0.5, Seeds: 25}
	var head []any
	switch op {
	case builtin.Autocluster:
		head = []any{"SegmentId", types.Long, "Count", types.Long, "Percent", types.Real}
		alg.Size, alg.Seeds = p.real("sizeWeight", alg.Size), int(p.int("seeds", int64(alg.Seeds)))
		if alg.Size < 0 || alg.Size > 1 || alg.Seeds < 1 || alg.Seeds > 1000 {
			b.fail(p.op.Plugin.Span, errValue("sizeWeight lies between 0 and 1, seeds between 1 and 1000", ""))
		}
	case builtin.Basket:
		head = []any{"SegmentId", types.Long, "Count", types.Long, "Percent", types.Real}
		alg.Threshold, alg.MaxDims = p.real("threshold", alg.Threshold), int(p.int("maxDimensions", int64(alg.MaxDims)))
	default:
		head = []any{"SegmentId", types.Long, "CountA", types.Long, "CountB", types.Long, "PercentA", types.Real, "PercentB", types.Real, "PercentDiffAB", types.Real}
		alg.Threshold, alg.MaxDims = p.real("threshold", alg.Threshold), int(p.int("maxDimensions", 0))
	}
	if alg.Threshold < 0.015 || alg.Threshold > 1 {
		b.fail(p.at("threshold"), errValue("the threshold lies between 0.015 and 1", ""))
	}
	// The first two values are the weight and, for diffpatterns, the side.
	see := []plan.Expr{plan.Const{T: types.Long, Value: int64(1)}, plan.Const{T: types.String, Value: ""}}
	own := map[string]bool{}
	if p.has("weight") {
		name, e := p.column("weight")
		own[name] = true
		see[0] = e
		if !e.Type().Integer() && e.Type() != types.Real {
			b.fail(p.at("weight"), errType("a number", e.Type()))
		}
	}
	sideA, sideB := "", ""
	if op == builtin.Diffpatterns {
		name, e := p.column("split")
		own[name] = true
		see[1] = b.convertTo(e, types.String, p.at("split"))
		side := func(param string) string {
			k := p.constant(param, types.Unknown, nil)
			s, _ := b.convertTo(k, types.String, p.at(param)).(plan.Const)
			text, _ := s.Value.(string)
			return text
		}
		sideA, sideB = side("valueA"), side("valueB")
	}
	var mined []plan.Col
	for _, c := range r.cols {
		if !own[c.Name] {
			mined = append(mined, c)
		}
	}
	if len(mined) == 0 {
		b.fail(p.op.Keyword(), errValue("no column is left to look for patterns in", ""))
	}
	wild := p.wildcards(mined)
	see = append(see, refs(mined)...)
	names := newNames()
	out := b.measures(names, head...)
	for _, c := range mined {
		out = append(out, b.newCol(names.add(c.Name), c.Type))
	}
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		d := builtin.NewDataset(env, len(mined), in[0].Hold)
		for {
			row, err := in[0].Next()
			if err != nil {
				return err
			}
			if row == nil {
				break
			}
			w := 0.0
			switch v := row[0].(type) {
			case int64:
				w = float64(v)
			case float64:
				w = v
			}
			if side := row[1]; op != builtin.Diffpatterns || side == sideA || side == sideB {
				if err := d.Add(row[2:2+len(mined)], w, op == builtin.Diffpatterns && side == sideB); err != nil {
					return err
				}
			}
		}
		var found []builtin.Pattern
		var err error
		switch op {
		case builtin.Autocluster:
			found = alg.Autocluster(d)
		case builtin.Basket:
			found, err = alg.Basket(d)
		default:
			found, err = alg.Diff(d)
		}
		if err != nil {
			return err
		}
		for i, f := range found {
			line := []types.Value{int64(i), int64(f.A)}
			if op == builtin.Diffpatterns {
				pa, pb := 100*f.A/d.A, 100*f.B/d.B
				line = append(line, int64(f.B), pa, pb, max(pa-pb, pb-pa))
			} else {
				line = append(line, 100*f.A/d.A)
			}
			for c := range mined {
				if f.Fixed[c] {
					line = append(line, f.Values[c])
				} else {
					line = append(line, wild[c])
				}
			}
			if err := emit(line); err != nil {
				return err
			}
		}
		return nil
	}
	return b.runGo(r.unordered(), goOp{name: p.name, see: see, out: out, ordered: true, whole: true, body: body})
}

// wildcards are the values that stand for an open column: null, or the constant of
// the column's type among those written.
func (p *plugin) wildcards(cols []plan.Col) []types.Value {
	custom := map[types.Type]types.Value{}
	for _, x := range p.rest {
		if k, ok := p.b.constant(x, p.env, "a wildcard"); ok && k.Value != "~" {
			custom[k.T] = k.Value
		}
	}
	out := make([]types.Value, len(cols))
	for i, c := range cols {
		v, ok := custom[c.Type]
		if !ok {
			v = zero(c.Type).Value
		}
		out[i] = v
	}
	return out
}
