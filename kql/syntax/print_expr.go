package syntax

import "strings"

func (w *printer) expr(x Expr) {
	switch x := x.(type) {
	case nil:
	case *Name:
		w.name(x)
	case *Wildcard:
		if x.Bracketed {
			w.str("[" + x.Pattern + "]")
		} else {
			w.str(x.Pattern)
		}
	case *Literal:
		w.str(x.Text)
	case *TypeOf:
		w.str("typeof(")
		if x.Columns != nil {
			w.columns(x.Columns)
		} else {
			w.str(x.Type.String())
		}
		w.str(")")
	case *Call:
		w.name(x.Name)
		if x.Kind != nil {
			w.str(" ")
			w.param(x.Kind)
			w.str(" ")
		}
		if len(x.Args) == 1 {
			w.block('(', x.Args[0], ')')
			return
		}
		w.str("(")
		w.exprs(x.Args)
		w.str(")")
	case *Path:
		w.expr(x.X)
		if _, ok := x.X.(*Literal); ok {
			w.str(" ") // "0." would be a real
		}
		w.str(".")
		w.expr(x.Name)
	case *Index:
		w.expr(x.X)
		w.str("[")
		w.expr(x.Key)
		w.str("]")
	case *Unary:
		w.str(x.Op)
		w.expr(x.X)
	case *Binary:
		w.binary(x)
	case *In:
		w.expr(x.X)
		w.word(x.Op)
		if len(x.List) == 1 {
			w.block('(', x.List[0], ')')
			return
		}
		w.str("(")
		w.exprs(x.List)
		w.str(")")
	case *Between:
		w.expr(x.X)
		if x.Not {
			w.str(" !between (")
		} else {
			w.str(" between (")
		}
		w.expr(x.Low)
		w.str(" .. ")
		w.expr(x.High)
		w.str(")")
	case *Assign:
		w.assigned(x)
		w.expr(x.X)
	case *Paren:
		w.block('(', x.X, ')')
	case *Ordered:
		w.key(x)
	case *Typed:
		w.typed(x)
	case *Pipe:
		w.pipe(x)
	case *DataTable:
		w.op("datatable", x.Params)
		w.schema(x.Columns)
		w.str(" [")
		w.rows(x)
		w.str("]")
	case *ExternalData:
		w.op("externaldata", x.Params)
		w.schema(x.Columns)
		w.str(" [")
		w.exprs(x.URIs)
		w.str("]")
		w.props(x.Props)
	case *Function:
		w.function(x)
	case *EntityGroup:
		w.str("entity_group [")
		w.exprs(x.Items)
		w.str("]")
	case *ColumnList:
		w.exprs(x.Items)
	case *Bad:
		w.str("?")
	}
}

// binary writes a chain of operators without recursion to the left, where chains grow.
func (w *printer) binary(x *Binary) {
	chain := []*Binary{x}
	for {
		l, ok := chain[len(chain)-1].L.(*Binary)
		if !ok {
			break
		}
		chain = append(chain, l)
	}
	w.expr(chain[len(chain)-1].L)
	for i := len(chain) - 1; i >= 0; i-- {
		if op := chain[i].Op; op == ":" {
			w.str(":")
		} else {
			w.word(op)
		}
		w.expr(chain[i].R)
	}
}

func (w *printer) assigned(x *Assign) {
	if x.Multi {
		w.str("(")
	}
	for i, n := range x.Names {
		w.comma(i)
		w.name(n)
	}
	if x.Multi {
		w.str(")")
	}
	w.str(" = ")
}

// typed writes "column:type" for a column and "x to typeof(type)" for the rest,
// as parse and find, and mv-expand and mv-apply, have it.
func (w *printer) typed(x *Typed) {
	if x.Colon {
		w.expr(x.X)
		w.str(":" + x.Type.String())
		return
	}
	if x.X != nil {
		w.expr(x.X)
		w.str(" ")
	}
	w.str("to typeof(" + x.Type.String() + ")")
}

// rows writes the values of a datatable, a row a line when there are several.
func (w *printer) rows(x *DataTable) {
	n := len(x.Columns)
	if n == 0 || len(x.Values) <= n {
		w.exprs(x.Values)
		return
	}
	w.indent++
	for i, v := range x.Values {
		switch {
		case i%n == 0:
			w.line()
		default:
			w.str(" ")
		}
		w.expr(v)
		if i < len(x.Values)-1 {
			w.str(",")
		}
	}
	w.indent--
	w.line()
}

func (w *printer) function(f *Function) {
	if f.View {
		w.str("view ")
	}
	w.params(f.Params)
	w.str(" ")
	w.body(f.Body)
}

// body writes "{ let ...; query }".
func (w *printer) body(list []Statement) {
	if len(list) == 0 {
		w.str("{}")
		return
	}
	w.str("{")
	w.indent++
	w.line()
	for i, s := range list {
		w.statement(s)
		if _, query := s.(*Query); !query {
			w.str(";")
		}
		if i < len(list)-1 {
			w.line()
		}
	}
	w.indent--
	w.line()
	w.str("}")
}

func (w *printer) pattern(s *Pattern) {
	w.str("declare pattern ")
	w.name(s.Name)
	if len(s.Arms) == 0 {
		return
	}
	w.str(" = ")
	w.params(s.Params)
	if s.Path != nil {
		w.str("[")
		w.column(s.Path)
		w.str("]")
	}
	w.str(" {")
	w.indent++
	for _, a := range s.Arms {
		w.line()
		w.arm(a)
	}
	w.indent--
	w.line()
	w.str("}")
}

func (w *printer) arm(a *PatternArm) {
	w.str("(")
	w.exprs(a.Values)
	w.str(")")
	if a.Path != nil {
		w.str(".[")
		w.expr(a.Path)
		w.str("]")
	}
	w.str(" = ")
	w.body(a.Body)
	w.str(";")
}

// quoteBody escapes s for a literal between the given quotes.
func quoteBody(s string, quote byte) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// QuoteString writes s as a KQL string literal.
func QuoteString(s string) string { return `"` + quoteBody(s, '"') + `"` }
