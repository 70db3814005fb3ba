package sqlgen

import (
	"slices"
	"strings"

	"quarry/kql/plan"
	"quarry/kql/sqlx"
	"quarry/kql/types"
)

func (g *generator) join(n *plan.Join) *query {
	l, r := n.L, n.R
	kind := n.Kind
	switch kind { // the other side's semi-joins are ours turned round
	case plan.RightSemi:
		l, r, kind = r, l, plan.LeftSemi
	case plan.RightAnti:
		l, r, kind = r, l, plan.LeftAnti
	}
	var ql *query
	if n.Window != nil && n.Window.Near != nil {
		ql = g.leftFirst(n)
	} else {
		ql = g.node(l)
	}
	qr := g.node(r)
	xl, xr := g.exprs(), g.exprs()
	var on []string
	for _, p := range n.On {
		le, re := p.L, p.R
		if n.Kind != kind {
			le, re = re, le
		}
		lt, rt := sqlx.Text(xl.hoist(xl.lower(le, false))), sqlx.Text(xr.hoist(xr.lower(re, false)))
		op := " IS NOT DISTINCT FROM "
		if p.L.Type() == types.String {
			op = " = "
		}
		on = append(on, lt+op+rt)
	}
	ql, qr = xl.over(ql), xr.over(qr)
	if n.Window != nil {
		ql, qr, on = g.buckets(n.Window, ql, qr, on)
	}
	if n.Where != nil {
		on = append(on, "("+g.exprs().text(n.Where)+")")
	}
	if len(on) == 0 {
		on = []string{"TRUE"}
	}
	word := [...]string{plan.Inner: " JOIN ", plan.Cross: " JOIN ", plan.Left: " LEFT JOIN ", plan.Right: " RIGHT JOIN ",
		plan.Full: " FULL JOIN ", plan.LeftSemi: " SEMI JOIN ", plan.LeftAnti: " ANTI JOIN "}[kind]
	left := plain(" AS " + g.name("l") + word)
	right := plain(" AS " + g.name("r") + " ON " + strings.Join(on, " AND "))
	q := &query{joined: true, from: slices.Concat(ql.sub(), left, qr.sub(), right)}
	// Strings are never null: the padded side's become empty.
	var pad []string
	if kind == plan.Left || kind == plan.Full {
		pad = append(pad, g.padding(r)...)
	}
	if kind == plan.Right || kind == plan.Full {
		pad = append(pad, g.padding(l)...)
	}
	if len(pad) > 0 {
		q.items = listed("* REPLACE (" + strings.Join(pad, ", ") + ")")
	}
	return q
}

func (g *generator) padding(n plan.Node) []string {
	var out []string
	for _, c := range n.Out() {
		if c.Type == types.String {
			out = append(out, "coalesce("+column(c.ID)+", '') AS "+column(c.ID))
		}
	}
	return out
}
