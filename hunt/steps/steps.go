package steps

import (
	"maps"
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
)

// Unknown is a number of rows that was not measured.
const Unknown int64 = -1

// Query is a query as pipelines.
type Query struct {
	Text *source.Text
	Main *Pipeline
	// All are the pipelines of the text in its order: those of let statements and those
	// that other pipelines read. Main is among them.
	All []*Pipeline
	// Closed are the functions of let statements whose inside is not measured: those
	// that give no table, and those that nothing calls by name.
	Closed []string

	script *syntax.Script
	main   int // index of the main query's statement
}

// Pipeline is a source and the operators that its rows go through.
type Pipeline struct {
	Name  string // of the let statement that it is the value of, or ""
	Steps []*Step
	at    int // index of the statement it stands in
	frame *frame
}

// Rows is what is left at the end.
func (p *Pipeline) Rows() int64 {
	if n := len(p.Steps); n > 0 {
		return p.Steps[n-1].Rows
	}
	return Unknown
}

// Step is one operator of a pipeline, or its source.
type Step struct {
	Text   string // in one line; a sub-query of its own is "(...)"
	Span   source.Span
	Key    source.Span // the operator's name, or the source
	Rows   int64       // left after it
	Inputs []*Pipeline // what it reads beside the rows before it
	Filter *Cond       // the condition of where, else nil
	Cases  []*Case     // the case() and iff() in it
	Source bool        // the first step, which is no operator

	prefix string // the query up to this step, as KQL
	keeps  bool   // as many rows come out as go in
}

// Cond is a condition of a filter: a leaf, or several joined by "and" or "or".
type Cond struct {
	Op    string // "and", "or", or "" for a leaf
	Parts []*Cond
	Text  string
	Span  source.Span
	// Holds is for how many of the rows that reach the filter it is true.
	Holds int64
	// Left is the rows left after it and the conditions before it in an outermost
	// "and".
	Left int64
}

// Leaves visits the conditions that have no parts.
func (c *Cond) Leaves(visit func(*Cond)) {
	if c == nil {
		return
	}
	if c.Op == "" {
		visit(c)
	}
	for _, p := range c.Parts {
		p.Leaves(visit)
	}
}

// Case is a call of case() or iff() in a step.
type Case struct {
	Span     source.Span
	Text     string
	Branches []*Branch
}

// Branch is one way through a Case: a condition, or what is left ("else").
type Branch struct {
	Text string
	Span source.Span
	Rows int64 // that take it
}

// maxLeaves bounds the conditions that one filter is taken apart into; a longer one is
// measured as a whole.
const maxLeaves = 64

// New takes a query apart. The error is a *diag.List.
func New(text *source.Text) (*Query, error) {
	script, errs := syntax.Parse(text)
	if errs != nil {
		return nil, errs
	}
	q := &Query{Text: text, script: script, main: -1}
	r := &reader{query: q, lets: map[string]*Pipeline{}, functions: map[string]*function{}}
	for i, st := range script.Statements {
		r.at = i
		switch st := st.(type) {
		case *syntax.Let:
			r.let(st)
		case *syntax.Query:
			if q.main >= 0 {
				continue // the first one is the main one
			}
			q.main = i
			if q.Main = r.named(st.X); q.Main == nil {
				q.Main = r.pipeline("", st.X)
			}
		}
	}
	for _, st := range script.Statements {
		if let, ok := st.(*syntax.Let); ok {
			if f := r.functions[let.Name.Text]; f != nil && !f.open {
				q.Closed = append(q.Closed, let.Name.Text)
			}
		}
	}
	if q.Main == nil {
		q.Main = &Pipeline{}
	}
	return q, nil
}

// reader makes pipelines of a tree.
type reader struct {
	query     *Query
	at        int
	lets      map[string]*Pipeline
	functions map[string]*function
	frame     *frame // of the function whose body is read, or nil
}

func (r *reader) let(st *syntax.Let) {
	name := st.Name.Text
	if f, ok := st.Value.(*syntax.Function); ok {
		r.functions[name] = &function{lambda: f, lets: maps.Clone(r.lets)}
		return
	}
	if p := r.named(st.Value); p != nil {
		r.lets[name] = p
		return
	}
	if tabular(st.Value) != nil {
		r.lets[name] = r.pipeline(name, st.Value)
		return
	}
	r.inside(st.Value, nil) // toscalar(T | ...) and its kin
}

// named is the pipeline that an expression only names: a let statement's, or the body
// of a function that is called.
func (r *reader) named(x syntax.Expr) *Pipeline {
	if p := r.lets[nameOf(x)]; p != nil {
		return p
	}
	return r.application(x)
}

// tabular finds the pipe that an expression is, through parentheses and materialize().
func tabular(x syntax.Expr) *syntax.Pipe {
	switch x := x.(type) {
	case *syntax.Pipe:
		if len(x.Ops) > 0 {
			return x
		}
		return tabular(x.Source)
	case *syntax.Paren:
		return tabular(x.X)
	case *syntax.Call:
		if (x.Name.Text == "materialize" || x.Name.Text == "totable") && len(x.Args) == 1 {
			return tabular(x.Args[0])
		}
	}
	return nil
}

// nameOf is the name that an expression is, through parentheses; "" for another.
func nameOf(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Text
	case *syntax.Paren:
		return nameOf(x.X)
	case *syntax.Pipe:
		if len(x.Ops) == 0 {
			return nameOf(x.Source)
		}
	}
	return ""
}

// pipeline reads an expression that gives a table.
func (r *reader) pipeline(name string, x syntax.Expr) *Pipeline {
	p := &Pipeline{Name: name, at: r.at, frame: r.frame}
	pipe := tabular(x)
	if pipe == nil {
		pipe = &syntax.Pipe{Source: x}
	}
	if src := pipe.Source; src != nil {
		s := &Step{Text: oneLine(abbreviated(src)), Span: src.Pos(), Key: src.Pos(), Source: true, Rows: Unknown, prefix: syntax.Print(src)}
		s.Inputs = r.reads(nil, src)
		p.Steps = append(p.Steps, s)
	}
	for i, op := range pipe.Ops {
		switch op.(type) {
		case *syntax.Render, *syntax.Fork, *syntax.Facet, *syntax.Consume:
			// They change no rows, or are the last thing that happens to them.
			if len(p.Steps) > 0 {
				continue
			}
		}
		p.Steps = append(p.Steps, r.step(pipe, i, op))
	}
	r.query.All = append(r.query.All, p)
	return p
}

func (r *reader) step(pipe *syntax.Pipe, i int, op syntax.Op) *Step {
	s := &Step{Text: oneLine(shortOp(op)), Span: op.Pos(), Key: op.Keyword(), Rows: Unknown}
	s.prefix = syntax.Print(&syntax.Pipe{Source: pipe.Source, Ops: pipe.Ops[:i+1]})
	if i > 0 || pipe.Source != nil {
		s.Text = "| " + s.Text
	}
	switch op := op.(type) {
	case *syntax.ProjectReorder, *syntax.Sort, *syntax.As, *syntax.ParseKV:
		s.keeps = true
	case *syntax.ParseOp:
		s.keeps = !op.Where
	case *syntax.Where:
		s.Filter = condition(op.X)
		s.Inputs = r.reads(nil, op.X)
		s.Cases = cases(op.X)
	case *syntax.Project:
		s.keeps = true
		for _, x := range op.Items {
			s.Inputs = r.reads(s.Inputs, x)
			s.Cases = append(s.Cases, cases(x)...)
		}
	case *syntax.Summarize:
		for _, x := range append(append([]syntax.Expr{}, op.Aggs...), op.By...) {
			s.Inputs = r.reads(s.Inputs, x)
			s.Cases = append(s.Cases, cases(x)...)
		}
	case *syntax.Join:
		s.Inputs = r.reads(nil, op.Right)
	case *syntax.Union:
		for _, x := range op.Tables {
			s.Inputs = r.reads(s.Inputs, x)
		}
	}
	return s
}

// reads adds the pipelines that an expression reads: the one it is, one that a let
// statement names, or those of sub-queries within it.
func (r *reader) reads(to []*Pipeline, x syntax.Expr) []*Pipeline {
	if p := r.named(x); p != nil {
		return appendOnce(to, p)
	}
	if tabular(x) != nil {
		return append(to, r.pipeline("", x))
	}
	return r.inside(x, to)
}

// inside adds the pipelines of sub-queries within a scalar expression.
func (r *reader) inside(x syntax.Expr, to []*Pipeline) []*Pipeline {
	syntax.Walk(x, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Function:
			return false
		case *syntax.Pipe:
			if len(n.Ops) > 0 {
				to = append(to, r.pipeline("", n))
				return false
			}
		case *syntax.In:
			if len(n.List) == 1 {
				if p := r.named(n.List[0]); p != nil {
					to = appendOnce(to, p)
				}
			}
		case *syntax.Call:
			for _, a := range n.Args {
				if p := r.named(a); p != nil && (n.Name.Text == "toscalar" || n.Name.Text == "materialize") {
					to = appendOnce(to, p)
				}
			}
		}
		return true
	})
	return to
}

func appendOnce(list []*Pipeline, p *Pipeline) []*Pipeline {
	for _, x := range list {
		if x == p {
			return list
		}
	}
	return append(list, p)
}

// condition takes a predicate apart at its "and" and "or".
func condition(x syntax.Expr) *Cond {
	left := maxLeaves
	c := split(x, &left)
	if left < 0 {
		return leaf(x)
	}
	return c
}

func split(x syntax.Expr, left *int) *Cond {
	inner := x
	for {
		p, ok := inner.(*syntax.Paren)
		if !ok {
			break
		}
		inner = p.X
	}
	b, ok := inner.(*syntax.Binary)
	if !ok || b.Op != "and" && b.Op != "or" || *left < 0 {
		*left--
		return leaf(x)
	}
	c := leaf(inner)
	c.Op = b.Op
	for _, part := range chain(b, b.Op) {
		c.Parts = append(c.Parts, split(part, left))
	}
	return c
}

// chain lists the operands of "a and b and c", however they are put in parentheses.
func chain(b *syntax.Binary, op string) []syntax.Expr {
	var right []syntax.Expr // from the last to the first
	var x syntax.Expr = b
	for {
		b, ok := x.(*syntax.Binary)
		if !ok || b.Op != op {
			break
		}
		right = append(right, b.R)
		x = b.L
	}
	out := []syntax.Expr{x}
	for i := len(right) - 1; i >= 0; i-- {
		out = append(out, right[i])
	}
	return out
}

func leaf(x syntax.Expr) *Cond {
	return &Cond{Text: syntax.Print(x), Span: x.Pos(), Holds: Unknown, Left: Unknown}
}

// cases finds the case() and iff() of an expression, those of sub-queries aside.
func cases(x syntax.Expr) []*Case {
	var out []*Case
	syntax.Walk(x, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Pipe, *syntax.Function:
			return false
		case *syntax.Call:
			c := &Case{Span: n.Span, Text: oneLine(n)}
			switch name := n.Name.Text; {
			case (name == "iff" || name == "iif") && len(n.Args) == 3, name == "case" && len(n.Args) >= 3 && len(n.Args) < maxLeaves:
				for i := 0; i+1 < len(n.Args); i += 2 {
					c.Branches = append(c.Branches, &Branch{Text: syntax.Print(n.Args[i]), Span: n.Args[i].Pos(), Rows: Unknown})
				}
				other := n.Args[len(n.Args)-1]
				c.Branches = append(c.Branches, &Branch{Text: "else", Span: other.Pos(), Rows: Unknown})
				out = append(out, c)
			}
		}
		return true
	})
	return out
}

// shortOp is an operator without the text of the pipelines it reads, which stand as
// steps of their own.
func shortOp(op syntax.Op) syntax.Node {
	switch op := op.(type) {
	case *syntax.Join:
		c := *op
		c.Right = abbreviated(op.Right)
		return &c
	case *syntax.Union:
		c := *op
		c.Tables = make([]syntax.Expr, len(op.Tables))
		for i, x := range op.Tables {
			c.Tables[i] = abbreviated(x)
		}
		return &c
	}
	return op
}

func abbreviated(x syntax.Expr) syntax.Expr {
	if tabular(x) != nil {
		return &syntax.Name{Text: "(...)"}
	}
	return x
}

// oneLine prints a node in one line.
func oneLine(n syntax.Node) string { return joinLines(syntax.Print(n)) }

// joinLines makes one line of printed text. A text literal of several lines is shown so
// as well.
func joinLines(s string) string {
	var b strings.Builder
	for _, l := range strings.Split(s, "\n") {
		l = strings.TrimSpace(l)
		if b.Len() > 0 && l != "" && !strings.HasPrefix(l, ")") && !strings.HasSuffix(b.String(), "(") {
			b.WriteByte(' ')
		}
		b.WriteString(l)
	}
	return b.String()
}
