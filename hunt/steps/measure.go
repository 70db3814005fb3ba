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
	at   int // it stands before this statement
	text string
	take func(row []types.Value)
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
		for i, step := range p.Steps {
			list = append(list, probe{at: p.at, text: step.prefix + "\n| count", take: func(row []types.Value) { step.Rows, _ = row[0].(int64) }})
			if deep && i > 0 {
				list = append(list, step.deep(p.Steps[i-1].prefix, p.at)...)
			}
		}
	}
	for len(list) > 0 {
		n := min(len(list), maxProbes)
		if err := q.run(ctx, s, request, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
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
	for i, st := range q.script.Statements {
		for _, p := range list {
			if p.at == i {
				b.WriteString(p.text + ";\n")
			}
		}
		if _, ok := st.(*syntax.Query); !ok {
			b.WriteString(syntax.Print(st) + ";\n")
		}
	}
	return b.String()
}

// deep lists the probes of a step's conditions and branches, over the rows before it.
func (s *Step) deep(before string, at int) []probe {
	var out []probe
	if s.Filter != nil {
		out = append(out, s.filterProbe(before, at))
	}
	for _, c := range s.Cases {
		out = append(out, c.probe(before, at))
	}
	return out
}

// filterProbe counts for how many rows each condition holds, and how many each of an
// outermost "and" leaves.
func (s *Step) filterProbe(before string, at int) probe {
	type count struct {
		pred string
		to   *int64
	}
	var counts []count
	var visit func(c *Cond)
	visit = func(c *Cond) {
		counts = append(counts, count{"(" + c.Text + ")", &c.Holds})
		for _, p := range c.Parts {
			visit(p)
		}
	}
	visit(s.Filter)
	if s.Filter.Op == "and" {
		all := ""
		for i, p := range s.Filter.Parts {
			if i > 0 {
				all += " and "
			}
			all += "(" + p.Text + ")"
			counts = append(counts, count{all, &p.Left})
		}
	}
	out := probe{at: at}
	text := before + "\n| summarize "
	for i, c := range counts {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("__%d = countif(%s)", i, c.pred)
		out.apart = append(out.apart, probe{at: at, text: before + "\n| where " + c.pred + "\n| count",
			take: func(row []types.Value) { *c.to, _ = row[0].(int64) }})
	}
	out.text = text
	out.take = func(row []types.Value) {
		for i, c := range counts {
			*c.to, _ = row[i].(int64)
		}
	}
	return out
}

// probe counts the rows that take each branch: those for which a condition holds and
// none before it does.
func (c *Case) probe(before string, at int) probe {
	text, any := before+"\n| summarize ", ""
	n := len(c.Branches) - 1
	for i, b := range c.Branches[:n] {
		if i > 0 {
			text += ", "
			any += " or "
		}
		any += "(" + b.Text + ")"
		text += fmt.Sprintf("__%d = countif(%s)", i, any)
	}
	text += fmt.Sprintf(", __%d = count()", n)
	return probe{at: at, text: text, take: func(row []types.Value) {
		last := int64(0)
		for i, b := range c.Branches {
			upTo, _ := row[i].(int64)
			b.Rows, last = upTo-last, upTo
		}
	}}
}
