package sqlgen

import (
	"fmt"
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
	ql, qr := g.node(l), g.node(r)
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
		q.items = "* REPLACE (" + strings.Join(pad, ", ") + ")"
	}
	return q
}

// buckets cuts time into pieces as long as the window: a right-hand row lies in one
// piece, a left-hand row looks into the one or two that its window touches.
func (g *generator) buckets(w *plan.Window, l, r *query, on []string) (*query, *query, []string) {
	l, r = l.open(), r.open()
	within(l, w.Left, w.Lefts)
	within(r, w.Right, w.Rights)
	width := max(w.High-w.Low+1, 1)
	if width == 1 { // the times are a fixed distance apart
		return l, r, append(on, fmt.Sprintf("%s + %s = %s", column(w.Left), sqlx.BigInt(w.High), column(w.Right)))
	}
	// Whole pieces are added, so that no time is negative and "//" rounds down.
	zero := (max(-w.Low, 0) + width - 1) / width * width
	piece := func(id plan.ID, by int64) string {
		return fmt.Sprintf("(%s + %s) // %s", column(id), sqlx.BigInt(by+zero), sqlx.BigInt(width))
	}
	left, right := g.name("w"), g.name("w")
	l.items = fmt.Sprintf("*, unnest(range(%s, %s + 1)) AS %s", piece(w.Left, w.Low), piece(w.Left, w.High), left)
	r.items = "*, " + piece(w.Right, 0) + " AS " + right
	return l, r, append(on, left+" = "+right)
}

// within adds the constant ends of a time.
func within(q *query, id plan.ID, p plan.Period) {
	if p.From != plan.Always.From {
		q.where = append(q.where, column(id)+" >= "+string(sqlx.BigInt(p.From)))
	}
	if p.To != plan.Always.To {
		q.where = append(q.where, column(id)+" <= "+string(sqlx.BigInt(p.To)))
	}
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
