package syntax

// charts are the visualisations that render knows; others are read too.
var charts = []string{"table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart", "areachart",
	"stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card", "treemap", "plotly", "graph", "sankey"}

func isChart(word string) bool { return contains(charts, word) }

func (p *parser) render() Op {
	p.next()
	o := &Render{}
	if t := p.tok(); t.kind == tName || t.kind != tEnd && isChart(p.text(t)) {
		p.next()
		o.Chart = &Name{At: At{t.span()}, Text: p.text(t)}
		if !isChart(o.Chart.Text) {
			p.report(notOneOf(t.span(), "render", o.Chart.Text, charts))
		}
	} else {
		p.report(expected(p.gapOrNext(), p.found(), "a chart: "+orList(charts)))
		o.Chart = &Name{At: At{p.gap()}}
	}
	for {
		if p.kind() == kwWith && p.ahead(1).kind == tLParen {
			break
		}
		r := p.scanParam(renderOldParams, false, false, 0)
		if r == nil || !r.bare && p.ahead(1).kind != tAssign {
			break
		}
		o.Params = append(o.Params, p.param(r))
	}
	if p.accept(kwWith) {
		o.With = true
		p.expect(tLParen, "(")
		p.accept(tComma)
		o.Props = p.paramList(renderParams, false)
		p.expect(tRParen, ")")
	}
	return o
}

func (o *Render) print(w *printer) {
	w.str("render ")
	w.name(o.Chart)
	for _, d := range o.Params {
		w.str(" ")
		if d.Name == "with" || d.Name == "by" {
			w.str(d.Name + " ")
			w.expr(d.Value)
		} else {
			w.param(d)
		}
	}
	if o.With {
		w.str(" with (")
		w.paramList(o.Props)
		w.str(")")
	}
}

func (o *Render) each(visit func(Node) bool) {
	walkName(o.Chart, visit)
	walkOpParams(o.Props, visit)
}
