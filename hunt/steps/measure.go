package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// probe is a query that measures something about one step.
type probe struct {
	at    int // it stands before this statement
	frame *frame
	text  string
	take  func(row []types.Value)
	// apart are the probes to run instead if this one cannot be compiled.
	apart []probe
}

// maxProbes bounds how many probes are compiled at a time; an answer has at most 256
// tables.
const maxProbes = 200

// Measure runs what gives the figures: rows always; conditions and branches too if deep
// is set. request says over what (its Text is not used). The error is for a cancelled
// context and a broken engine; what cannot be measured stays Unknown.
func (q *Query) Measure(ctx context.Context, s *hunt.Session, request hunt.Request, deep bool) error {
	var list []probe
	for _, p := range q.All {
		list = append(list, p.probes(deep)...)
	}
	if err := q.runAll(ctx, s, request, list); err != nil {
		return err
	}
	q.fill()
	return nil
}

// MeasureStep measures one step alone: the rows before and after it, and its conditions
// and branches.
func (q *Query) MeasureStep(ctx context.Context, s *hunt.Session, request hunt.Request, pipeline, step int) error {
	p := q.All[pipeline]
	part := Pipeline{at: p.at, frame: p.frame, Steps: p.Steps[max(0, step-1) : step+1]}
	list := part.probes(true)
	if step == 0 {
		for _, in := range p.Steps[0].Inputs {
			last := Pipeline{at: in.at, frame: in.frame, Steps: in.Steps[max(0, len(in.Steps)-1):]}
			list = append(list, last.probes(true)...)
		}
	}
	if err := q.runAll(ctx, s, request, list); err != nil {
		return err
	}
	q.fill()
	return nil
}

func (q *Query) runAll(ctx context.Context, s *hunt.Session, request hunt.Request, list []probe) error {
	for len(list) > 0 {
		n := min(len(list), maxProbes)
		if err := q.run(ctx, s, request, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// fill sets the figures that follow from others.
func (q *Query) fill() {
	for _, p := range q.All {
		for i, step := range p.Steps {
			if i > 0 && step.keeps && p.Steps[i-1].Rows != Unknown {
				step.Rows = p.Steps[i-1].Rows
			}
			if c := step.Filter; c != nil && c.Op == "and" {
				first, last := c.Parts[0], c.Parts[len(c.Parts)-1]
				first.Left, last.Left = first.Holds, step.Rows
			}
		}
	}
}

// probes lists what measures a pipeline, with as few queries as give all figures: a step
// that keeps every row needs none, and that of a filter tells the rows before it too.
func (p *Pipeline) probes(deep bool) []probe {
	var out []probe
	counted := make([]bool, len(p.Steps)) // the rows after the step
	// from finds the step whose rows are those after step i.
	from := func(i int) int {
		for i > 0 && p.Steps[i].keeps {
			i--
		}
		return i
	}
	if deep {
		for i, s := range p.Steps {
			if i == 0 || s.Filter == nil && len(s.Cases) == 0 {
				continue
			}
			at := from(i - 1)
			before := p.Steps[at]
			m := meter{at: p.at, frame: p.frame, before: p.Steps[i-1].prefix}
			if !counted[at] {
				counted[at] = true
				m.add("true", func(n int64) { before.Rows = n })
			}
			for _, c := range s.Cases {
				c.meter(&m)
			}
			if s.Filter != nil {
				counted[i] = true
				s.meter(&m)
			}
			out = append(out, m.probe())
		}
	}
	for i, s := range p.Steps {
		if !counted[i] && (i == 0 || !s.keeps) {
			out = append(out, probe{at: p.at, frame: p.frame, text: s.prefix + "\n| count", take: func(row []types.Value) { s.Rows, _ = row[0].(int64) }})
		}
	}
	return out
}

// run runs probes together or, if one of them cannot be compiled, apart.
func (q *Query) run(ctx context.Context, s *hunt.Session, request hunt.Request, list []probe) error {
	request.Text = source.New(q.Text.Name, q.program(list), 0)
	tables, err := s.Results(ctx, request)
	var faulty *diag.List
	switch {
	case err == nil:
	case errors.As(err, &faulty) || hunt.QueryFault(err):
		if len(list) > 1 {
			half := len(list) / 2
			if err := q.run(ctx, s, request, list[:half]); err != nil {
				return err
			}
			return q.run(ctx, s, request, list[half:])
		}
		for _, p := range list[0].apart {
			if err := q.run(ctx, s, request, []probe{p}); err != nil {
				return err
			}
		}
		return nil
	default:
		return err
	}
	if len(tables) != len(list) {
		return fmt.Errorf("%d tables for %d probes", len(tables), len(list))
	}
	for i, t := range tables {
		if len(t.Values) == 1 {
			list[i].take(t.Values[0])
		}
	}
	return nil
}

// program is the query's statements with probes in the place of its own query.
func (q *Query) program(list []probe) string {
	var b strings.Builder
	names := 0
	for i, st := range q.script.Statements {
		for _, p := range list {
			if p.at == i {
				setup, text := p.frame.apply(p.text, &names)
				b.WriteString(setup + text + ";\n")
			}
		}
		if _, ok := st.(*syntax.Query); !ok {
			b.WriteString(syntax.Print(st) + ";\n")
		}
	}
	return b.String()
}

// meter collects conditions to count over the rows of one prefix of a query.
type meter struct {
	at     int
	frame  *frame
	before string
	preds  []string
	takes  []func(int64)
}

func (m *meter) add(pred string, take func(int64)) {
	m.preds, m.takes = append(m.preds, pred), append(m.takes, take)
}

// probe counts all conditions in one pass, or one by one where countif() does not take
// them.
func (m *meter) probe() probe {
	out := probe{at: m.at, frame: m.frame}
	items := make([]string, len(m.preds))
	for i, pred := range m.preds {
		items[i] = fmt.Sprintf("__%d = countif(%s)", i, pred)
		out.apart = append(out.apart, probe{at: m.at, frame: m.frame, text: m.before + "\n| where " + pred + "\n| count",
			take: func(row []types.Value) { n, _ := row[0].(int64); m.takes[i](n) }})
	}
	out.text = m.before + "\n| summarize " + strings.Join(items, ", ")
	out.take = func(row []types.Value) {
		for i, take := range m.takes {
			n, _ := row[i].(int64)
			take(n)
		}
	}
	return out
}

// meter counts for how many rows each condition of a filter holds, and how many each of
// an outermost "and" leaves.
func (s *Step) meter(m *meter) {
	var visit func(c *Cond)
	visit = func(c *Cond) {
		m.add("("+c.Text+")", func(n int64) { c.Holds = n })
		for _, p := range c.Parts {
			visit(p)
		}
	}
	m.add("("+s.Filter.Text+")", func(n int64) { s.Rows, s.Filter.Holds = n, n })
	for _, p := range s.Filter.Parts {
		visit(p)
	}
	if s.Filter.Op != "and" {
		return
	}
	all := ""
	for i, p := range s.Filter.Parts {
		if i > 0 {
			all += " and "
		}
		all += "(" + p.Text + ")"
		if i == 0 || i == len(s.Filter.Parts)-1 {
			continue // that of the part, and that of the filter
		}
		m.add(all, func(n int64) { p.Left = n })
	}
}

// meter counts the rows that take each branch: those for which a condition holds and
// none before it does.
func (c *Case) meter(m *meter) {
	any, last := "", int64(0)
	for i, b := range c.Branches {
		if i == len(c.Branches)-1 {
			m.add("true", func(n int64) { b.Rows = n - last })
			continue
		}
		if i > 0 {
			any += " or "
		}
		any += "(" + b.Text + ")"
		m.add(any, func(n int64) { b.Rows, last = n-last, n })
	}
}
