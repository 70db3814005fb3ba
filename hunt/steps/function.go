package steps

import (
	"fmt"
	"maps"
	"strings"

	"quarry/kql/syntax"
)

// function is a lambda of a let statement, with the pipelines that its body may name.
type function struct {
	lambda *syntax.Function
	lets   map[string]*Pipeline
	open   bool // it is called, and its body measured
}

// frame is where the pipelines of a function's body live: a call, and what the body
// says before them.
type frame struct {
	outer  *frame
	params []*syntax.Param
	args   []syntax.Expr
	before []syntax.Statement
}

// maxFrames bounds the calls within calls that are looked into, and their number in all.
const (
	maxFrames    = 8
	maxPipelines = 500
)

// application is the pipeline of a call of a function that gives a table, with its
// arguments in the place of its parameters; nil if an expression is no such call.
func (r *reader) application(x syntax.Expr) *Pipeline {
	f, call := r.called(x)
	if f == nil || len(f.lambda.Body) == 0 || len(r.query.All) > maxPipelines {
		return nil
	}
	last := len(f.lambda.Body) - 1
	result, ok := f.lambda.Body[last].(*syntax.Query)
	if !ok || tabular(result.X) == nil {
		return nil
	}
	depth := 0
	for fr := r.frame; fr != nil; fr = fr.outer {
		depth++
	}
	if depth == maxFrames {
		return nil
	}
	f.open = true
	inner := &reader{query: r.query, at: r.at, lets: maps.Clone(f.lets), functions: maps.Clone(r.functions)}
	for _, p := range f.lambda.Params {
		delete(inner.lets, p.Name.Text)
		delete(inner.functions, p.Name.Text)
	}
	for i, st := range f.lambda.Body {
		inner.frame = &frame{outer: r.frame, params: f.lambda.Params, args: call.Args, before: f.lambda.Body[:i]}
		if let, ok := st.(*syntax.Let); ok {
			inner.let(let)
		}
	}
	return inner.pipeline(oneLine(call), result.X)
}

// called finds the function that an expression calls, with or without parentheses.
func (r *reader) called(x syntax.Expr) (*function, *syntax.Call) {
	for {
		switch y := x.(type) {
		case *syntax.Paren:
			x = y.X
			continue
		case *syntax.Pipe:
			if len(y.Ops) == 0 && y.Source != nil {
				x = y.Source
				continue
			}
		case *syntax.Call:
			return r.functions[y.Name.Text], y
		case *syntax.Name:
			if f := r.functions[y.Text]; f != nil && len(f.lambda.Params) == 0 {
				return f, &syntax.Call{At: y.At, Name: y}
			}
		}
		return nil, nil
	}
}

// hole stands for a probe's text in a printed function; no name of a query holds it.
const hole = "\x00"

// apply puts a probe into the frame: definitions that go before it, and the call that
// gives its answer. names counts the functions it makes.
func (f *frame) apply(text string, names *int) (setup, expr string) {
	if f == nil {
		return "", text
	}
	name := fmt.Sprintf("__f%d", *names)
	*names++
	body := append(append([]syntax.Statement{}, f.before...), &syntax.Query{X: &syntax.Name{Text: hole}})
	def := syntax.Print(&syntax.Let{Name: &syntax.Name{Text: name}, Value: &syntax.Function{Params: f.params, Body: body}})
	call := syntax.Print(&syntax.Call{Name: &syntax.Name{Text: name}, Args: f.args})
	outer, expr := f.outer.apply(call, names)
	return strings.Replace(def, hole, text, 1) + ";\n" + outer, expr
}
