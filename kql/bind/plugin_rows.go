package bind

import (
	gocontext "context"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// narrow makes a row of each cell.
func (p *plugin) narrow() *rows {
	b, r := p.b, p.r
	var see []plan.Expr
	for _, c := range r.cols {
		see = append(see, b.convertTo(ref(c), types.String, p.op.Keyword()))
	}
	names := r.names()
	out := []plan.Col{b.newCol("Row", types.Long), b.newCol("Column", types.String), b.newCol("Value", types.String)}
	body := func(_ gocontext.Context, _ *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		for n := int64(0); ; n++ {
			row, err := in[0].Next()
			if row == nil || err != nil {
				return err
			}
			for i, name := range names {
				if err := emit([]types.Value{n, name, row[i]}); err != nil {
					return err
				}
			}
		}
	}
	return b.runGo(r, goOp{name: p.name, see: see, out: out, ordered: r.ord != nil, whole: true, body: body})
}

// preview gives some rows; their number is a result of its own.
func (p *plugin) preview() *rows {
	b := p.b
	def := b.share("$preview", p.r)
	def.shared.Once = true
	n := p.constant("rows", types.Long, nil)
	b.more = append(b.more, b.root(b.opCount(b.read(def), &syntax.Count{OpAt: p.op.OpAt})))
	return b.take(b.read(def), n)
}

func (p *plugin) estimate() *rows {
	at := syntax.At{Span: p.op.Span}
	return p.b.opCount(p.r, &syntax.Count{OpAt: p.op.OpAt, As: &syntax.Name{At: at, Text: "EstimatedRowsCount"}})
}

// schemaMerge merges getschema results: a column that stands at several places is an
// error, in the words of Kusto's own plug-in, unless the order is given up.
func (p *plugin) schemaMerge() *rows {
	b, r := p.b, p.r
	var see []plan.Expr
	var out []plan.Col
	for _, name := range []string{"ColumnName", "ColumnOrdinal", "DataType", "ColumnType"} {
		c, ok := r.find(name)
		if !ok {
			b.fail(p.op.Keyword(), errUnknownColumn(name, r.names()))
		}
		t := types.String
		if name == "ColumnOrdinal" {
			t = types.Long
		}
		see = append(see, b.convertTo(ref(c), t, p.op.Keyword()))
		out = append(out, b.newCol(name, t))
	}
	keep := p.flag("PreserveOrder", true)
	body := func(_ gocontext.Context, _ *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		all, err := readRows(in[0])
		if err != nil {
			return err
		}
		merged, err := builtin.MergeSchemas(all, keep)
		for _, row := range merged {
			if err := emit(row); err != nil {
				return err
			}
		}
		return err
	}
	return b.runGo(r, goOp{name: p.name, see: see, out: out, ordered: true, whole: true, body: body})
}

// rowsNear keeps the neighbours of rows that meet a condition.
func (p *plugin) rowsNear() *rows {
	b := p.b
	r := b.inOrder(p.r, p.name, p.op.Keyword())
	p.r = r
	_, cond := p.column("condition")
	if cond.Type() != types.Bool {
		b.fail(p.at("condition"), errType("a bool", cond.Type()))
	}
	before := p.int("rows", 0)
	after := p.int("after", before)
	if before < 0 || after < 0 {
		b.fail(p.at("rows"), errValue("the number of rows must not be negative", ""))
	}
	see := append([]plan.Expr{cond}, refs(r.cols)...)
	body := func(_ gocontext.Context, _ *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		var held [][]types.Value // rows before a possible match, the oldest first
		left := int64(0)         // rows still to give after a match
		for {
			row, err := in[0].Next()
			if row == nil || err != nil {
				return err
			}
			if row[0] == true {
				for _, h := range held {
					if err := emit(h[1:]); err != nil {
						return err
					}
					if err := in[0].Hold(-builtin.SizeOf(h)); err != nil {
						return err
					}
				}
				held, left = held[:0], after+1
			}
			if left > 0 {
				left--
				if err := emit(row[1:]); err != nil {
					return err
				}
				continue
			}
			if before == 0 {
				continue
			}
			size := builtin.SizeOf(row)
			if int64(len(held)) == before {
				size -= builtin.SizeOf(held[0])
				held = held[1:]
			}
			held = append(held, row)
			if err := in[0].Hold(size); err != nil {
				return err
			}
		}
	}
	return b.runGo(r, goOp{name: p.name, see: see, out: b.fresh(r.cols), ordered: true, whole: true, body: body})
}

// dcountIntersect counts intersections of sketched sets by inclusion and exclusion
// over the counts of their unions.
func (p *plugin) dcountIntersect() *rows {
	b, r := p.b, p.r
	exprs := append([]syntax.Expr{p.given["hll"]}, p.rest...)
	if len(exprs) < 2 || len(exprs) > 16 {
		b.fail(p.op.Plugin.Span, errArguments(p.name+" takes 2 to 16 sets"))
	}
	see := refs(r.cols)
	for _, it := range p.items(exprs) {
		see = append(see, b.convertTo(it.Expr, types.Dynamic, p.op.Keyword()))
	}
	out := b.fresh(r.cols)
	names := newNames(out...)
	for i := range exprs {
		out = append(out, b.newCol(names.add("s"+itoa(i)), types.Long))
	}
	count, merge := b.table.Scalar(builtin.SketchCountRow)[0], b.table.Scalar(builtin.SketchMergeRow)[0]
	n := len(r.cols)
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		for {
			row, err := in[0].Next()
			if row == nil || err != nil {
				return err
			}
			sets := row[n : n+len(exprs)]
			line := append([]types.Value{}, row[:n]...)
			for _, v := range builtin.Intersections(env, count, merge, sets) {
				line = append(line, v)
			}
			if err := emit(append(line, row[n+len(exprs):]...)); err != nil {
				return err
			}
		}
	}
	return b.runGo(r, goOp{name: p.name, see: see, out: out, ordered: r.ord != nil, body: body})
}

// ipLookup joins addresses with networks. ipv6_lookup puts the columns of the lookup
// table first, as recorded answers of Kusto show.
func (p *plugin) ipLookup(v6 bool) *rows {
	b, r := p.b, p.r
	lookup := p.table("lookup")
	_, address := p.column("address")
	keyName := b.autoName(p.given["network"])
	network, ok := lookup.find(keyName)
	if !ok {
		b.fail(p.at("network"), errUnknownColumn(keyName, lookup.names()))
	}
	for _, c := range []struct {
		t    types.Type
		name string
	}{{address.Type(), "address"}, {network.Type, "network"}} {
		if c.t != types.String {
			b.fail(p.at(c.name), errType("a string", c.t))
		}
	}
	// Further keys are columns of both sides; the lookup table's are left out.
	see := append([]plan.Expr{address}, refs(r.cols)...)
	keys := []plan.Col{network}
	extra := map[plan.ID]bool{}
	for _, x := range p.rest {
		left, e := p.expr(x)
		c, ok := lookup.find(left)
		if !ok {
			b.fail(x.Pos(), errUnknownColumn(left, lookup.names()))
		}
		if c.Type != e.Type() {
			b.fail(x.Pos(), errJoinTypes(left, e.Type(), c.Type))
		}
		see, keys = append(see, e), append(keys, c)
		extra[c.ID] = true
	}
	var add []plan.Col
	for _, c := range lookup.cols {
		if !extra[c.ID] {
			add = append(add, c)
		}
	}
	var out []plan.Col
	var zeros []types.Value
	for _, c := range add {
		zeros = append(zeros, zero(c.Type).Value)
	}
	own, theirs := b.fresh(r.cols), b.fresh(add)
	unique := func(first, second []plan.Col) {
		names := newNames()
		for _, list := range [][]plan.Col{first, second} {
			for i := range list {
				list[i].Name = names.add(list[i].Name)
			}
		}
	}
	if v6 {
		unique(theirs, own)
		out = append(append(out, theirs...), own...)
	} else {
		unique(own, theirs)
		out = append(append(out, own...), theirs...)
	}
	unmatched := p.flag("return_unmatched", false)
	n, k := len(r.cols), len(p.rest)
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		nets, err := builtin.ReadNetworks(in[1], k+1, maxGoRows, v6)
		if err != nil {
			return err
		}
		for {
			row, err := in[0].Next()
			if row == nil || err != nil {
				return err
			}
			env.Check()
			source, carry := row[1:1+n], row[1+n+k:]
			text, _ := row[0].(string)
			matches := nets.Find(text, row[1+n:1+n+k])
			if len(matches) == 0 && unmatched {
				matches = [][]types.Value{zeros}
			}
			for _, m := range matches {
				first, second := source, m
				if v6 {
					first, second = m, source
				}
				line := append(append(append(make([]types.Value, 0, len(out)+len(carry)), first...), second...), carry...)
				if err := emit(line); err != nil {
					return err
				}
			}
		}
	}
	return b.runGo(r, goOp{name: p.name, see: see, out: out, more: []goInput{{lookup, append(keys, add...)}}, body: body})
}

// geoLookup joins points with shapes: polygons that hold them, or shapes within a
// distance.
func (p *plugin) geoLookup(line bool) *rows {
	b, r := p.b, p.r
	lookup := p.table("lookup")
	param, distance := "polygon", builtin.PolygonDistanceRow
	if line {
		param, distance = "line", builtin.LineDistanceRow
	}
	keyName := b.autoName(p.given[param])
	shape, ok := lookup.find(keyName)
	if !ok {
		b.fail(p.at(param), errUnknownColumn(keyName, lookup.names()))
	}
	if shape.Type != types.Dynamic {
		b.fail(p.at(param), errType("a dynamic column", shape.Type))
	}
	see := []plan.Expr{}
	for _, name := range []string{"longitude", "latitude"} {
		_, e := p.column(name)
		see = append(see, b.convertTo(e, types.Real, p.at(name)))
	}
	see = append(see, refs(r.cols)...)
	var add []plan.Col
	var zeros []types.Value
	withKey := p.flag("return_lookup_key", false)
	for _, c := range lookup.cols {
		if c.ID != shape.ID || withKey {
			add = append(add, c)
			zeros = append(zeros, zero(c.Type).Value)
		}
	}
	out := append(b.fresh(r.cols), b.fresh(add)...)
	names := newNames()
	for i := range out {
		out[i].Name = names.add(out[i].Name)
	}
	row := b.table.Scalar(builtin.InPolygonRow)
	near := p.has("radius")
	radius := 0.0
	if near {
		row, radius = b.table.Scalar(distance), p.real("radius", 0)
	}
	if row == nil || row[0].Go == nil {
		b.fail(p.op.Keyword(), errRefused("the plug-in "+p.name, "Quarry has no form of it here"))
	}
	unmatched := p.flag("return_unmatched", false)
	test, n := row[0], len(r.cols)
	matches := func(env *builtin.Env, point []types.Value, shape types.Value) bool {
		if !near {
			return builtin.CallGo(env, test, types.Bool, []types.Value{point[0], point[1], shape}) == true
		}
		d, ok := builtin.CallGo(env, test, types.Real, []types.Value{point[0], point[1], shape}).(float64)
		return ok && d <= radius
	}
	body := func(_ gocontext.Context, env *builtin.Env, in []plan.Iterator, emit func([]types.Value) error) error {
		shapes, err := readRows(in[1])
		if err != nil {
			return err
		}
		for {
			row, err := in[0].Next()
			if row == nil || err != nil {
				return err
			}
			env.Check()
			found := false
			give := func(m []types.Value) error {
				found = true
				return emit(append(append(append(make([]types.Value, 0, len(out)+2), row[2:2+n]...), m...), row[2+n:]...))
			}
			for _, s := range shapes {
				if matches(env, row[:2], s[0]) {
					if err := give(s[1:]); err != nil {
						return err
					}
				}
			}
			if !found && unmatched {
				if err := give(zeros); err != nil {
					return err
				}
			}
		}
	}
	return b.runGo(r, goOp{name: p.name, see: see, out: out, more: []goInput{{lookup, append([]plan.Col{shape}, add...)}}, body: body})
}
