package syntax

import "bytes"

// Print writes a node as canonical text: one operator a line with a leading "| ",
// sub-queries indented. What it writes parses to the same tree; comments are not
// part of the tree and so not of the text.
func Print(n Node) string {
	w := &printer{}
	w.node(n)
	return string(w.b)
}

type printer struct {
	b      []byte
	indent int
}

func (w *printer) str(s string) { w.b = append(w.b, s...) }

// line begins a new line at the current indentation.
func (w *printer) line() {
	w.b = append(w.b, '\n')
	for range w.indent {
		w.b = append(w.b, "    "...)
	}
}

// word writes a clause's keyword with one space on either side.
func (w *printer) word(s string) {
	if n := len(w.b); n > 0 && w.b[n-1] != ' ' {
		w.str(" ")
	}
	w.str(s + " ")
}

func (w *printer) clause(word string, x Expr) {
	if x != nil {
		w.word(word)
		w.expr(x)
	}
}

func (w *printer) comma(i int) {
	if i > 0 {
		w.str(", ")
	}
}

// op writes an operator's name and modifiers, and a space if something follows.
func (w *printer) op(name string, params []*OpParam) {
	w.str(name)
	for _, d := range params {
		w.str(" ")
		w.param(d)
	}
	w.str(" ")
}

func (w *printer) param(d *OpParam) {
	w.str(d.Name + "=")
	w.expr(d.Value)
}

func (w *printer) paramList(list []*OpParam) {
	for i, d := range list {
		w.comma(i)
		w.param(d)
	}
}

// props writes "with (name=value, ...)".
func (w *printer) props(list []*OpParam) {
	if list != nil {
		w.str(" with (")
		w.paramList(list)
		w.str(")")
	}
}

func (w *printer) exprs(list []Expr) {
	for i, x := range list {
		w.comma(i)
		w.expr(x)
	}
}

func (w *printer) name(n *Name) {
	switch {
	case n == nil:
	case n.Quoted:
		w.str("['" + quoteBody(n.Text, '\'') + "']")
	default:
		w.str(n.Text)
	}
}

func (w *printer) keys(keys []*Ordered) {
	for i, k := range keys {
		w.comma(i)
		w.key(k)
	}
}

func (w *printer) key(k *Ordered) {
	w.expr(k.X)
	if k.Desc != nil {
		if *k.Desc {
			w.str(" desc")
		} else {
			w.str(" asc")
		}
	}
	if k.NullsFirst != nil {
		if *k.NullsFirst {
			w.str(" nulls first")
		} else {
			w.str(" nulls last")
		}
	}
}

func (w *printer) inTables(list []Expr) {
	if list != nil {
		w.str("in (")
		for i, x := range list {
			w.comma(i)
			if pipe, ok := x.(*Pipe); ok && len(pipe.Ops) == 1 { // T | as Name
				w.expr(pipe.Source)
				w.str(" | ")
				w.operator(pipe.Ops[0])
			} else {
				w.expr(x)
			}
		}
		w.str(") ")
	}
}

func (w *printer) columns(list []*Param) {
	for i, d := range list {
		w.comma(i)
		w.column(d)
	}
}

func (w *printer) column(d *Param) {
	if d.Name == nil {
		w.str("*")
		return
	}
	w.name(d.Name)
	w.str(":")
	switch {
	case d.Star:
		w.str("(*)")
	case d.Tabular:
		w.schema(d.Columns)
	default:
		w.str(d.Type.String())
	}
	if d.Default != nil {
		w.str("=")
		w.expr(d.Default)
	}
}

func (w *printer) schema(list []*Param) {
	w.str("(")
	w.columns(list)
	w.str(")")
}

func (w *printer) params(list []*Param) { w.schema(list) }

// block writes a sub-query between brackets, on lines of its own when it has
// more than one stage.
func (w *printer) block(open byte, x Expr, shut byte) {
	w.b = append(w.b, open)
	if pipe, ok := x.(*Pipe); ok && pipe.stages() > 1 {
		w.indent++
		w.line()
		w.pipe(pipe)
		w.indent--
		w.line()
	} else {
		w.expr(x)
	}
	w.b = append(w.b, shut)
}

func (p *Pipe) stages() int {
	n := len(p.Ops)
	if p.Source != nil {
		n++
	}
	return n
}

func (w *printer) pipe(p *Pipe) {
	if p.Source != nil {
		w.expr(p.Source)
	}
	for i, op := range p.Ops {
		if i > 0 || p.Source != nil {
			w.line()
			w.str("| ")
		}
		w.operator(op)
	}
}

// operator writes op without a trailing space.
func (w *printer) operator(op Op) {
	op.print(w)
	w.b = bytes.TrimRight(w.b, " ")
}

func (w *printer) node(n Node) {
	switch n := n.(type) {
	case nil:
	case *Script:
		for _, d := range n.Directives {
			w.str(d.Text)
			w.line()
		}
		w.statements(n.Statements)
	case *Directive:
		w.str(n.Text)
	case Statement:
		w.statement(n)
	case Expr:
		w.expr(n)
	case Op:
		w.operator(n)
	case *Param:
		w.column(n)
	case *OpParam:
		w.param(n)
	case *PatternArm:
		w.arm(n)
	}
}

func (w *printer) statements(list []Statement) {
	for i, s := range list {
		if i > 0 {
			w.str(";")
			w.line()
		}
		w.statement(s)
	}
}

func (w *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Let:
		w.str("let ")
		w.name(s.Name)
		w.str(" = ")
		if pipe, ok := s.Value.(*Pipe); ok {
			w.pipe(pipe)
		} else {
			w.expr(s.Value)
		}
	case *Set:
		w.str("set ")
		w.name(s.Name)
		if s.Value != nil {
			w.str(" = ")
			w.expr(s.Value)
		}
	case *Declare:
		w.str("declare query_parameters")
		w.params(s.Params)
	case *Alias:
		w.str("alias database ")
		w.name(s.Name)
		w.str(" = ")
		w.expr(s.Value)
	case *Restrict:
		w.str("restrict access to (")
		w.exprs(s.Entities)
		w.str(")")
		w.props(s.Props)
	case *Pattern:
		w.pattern(s)
	case *Query:
		w.expr(s.X)
	}
}
