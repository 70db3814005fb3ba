package sqlx

import (
	"math"
	"strconv"
	"strings"
)

// Expr is a SQL expression.
type Expr interface{ write(b *strings.Builder) }

type (
	// Raw is SQL text that stands on its own: a literal, a column, a call, or
	// something already in parentheses.
	Raw string
	// Func is name(args).
	Func struct {
		Name string
		Args []Expr
	}
	// Op is an infix chain: every operand is parenthesised unless it is atomic, so
	// that no pair of operators can run together ("7%-3") or change meaning.
	Op struct {
		Op   string
		Args []Expr
	}
	// Prefix is an operator before its operand: "NOT x", "- x".
	Prefix struct {
		Op string
		X  Expr
	}
	// Postfix is "x IS NULL" and the like.
	Postfix struct {
		X  Expr
		Op string
	}
	// Cast is CAST(X AS Type), TRY_CAST with Try.
	Cast struct {
		X    Expr
		Type string
		Try  bool
	}
	// Case is CASE WHEN ... END; Else may be nil.
	Case struct {
		When []When
		Else Expr
	}
	// InList is X [NOT] IN (List).
	InList struct {
		X    Expr
		Not  bool
		List []Expr
	}
	// Parts is text with expressions between, as made by a template; the
	// expressions are parenthesised unless atomic.
	Parts []any // string or Expr
)

// When is one branch of a Case.
type When struct{ Cond, Then Expr }

// Null is the untyped NULL.
const Null = Raw("NULL")

// True and False are the boolean constants.
const (
	True  = Raw("TRUE")
	False = Raw("FALSE")
)

// Text prints an expression.
func Text(e Expr) string {
	if r, ok := e.(Raw); ok {
		return string(r)
	}
	var b strings.Builder
	b.Grow(64) // more than most expressions take
	e.write(&b)
	return b.String()
}

// Write prints an expression into b.
func Write(b *strings.Builder, e Expr) { e.write(b) }

func atomic(e Expr) bool {
	switch e := e.(type) {
	case Raw:
		return !strings.HasPrefix(string(e), "-")
	case Func, Cast, Case:
		return true
	case Op:
		return len(e.Args) == 1 && atomic(e.Args[0])
	}
	return false
}

func operand(b *strings.Builder, e Expr) {
	if atomic(e) {
		e.write(b)
		return
	}
	b.WriteByte('(')
	e.write(b)
	b.WriteByte(')')
}

func (r Raw) write(b *strings.Builder) { b.WriteString(string(r)) }

func (f Func) write(b *strings.Builder) {
	b.WriteString(f.Name)
	b.WriteByte('(')
	list(b, f.Args)
	b.WriteByte(')')
}

func list(b *strings.Builder, es []Expr) {
	for i, e := range es {
		if i > 0 {
			b.WriteString(", ")
		}
		e.write(b)
	}
}

func (o Op) write(b *strings.Builder) {
	for i, e := range o.Args {
		if i > 0 {
			b.WriteByte(' ')
			b.WriteString(o.Op)
			b.WriteByte(' ')
		}
		operand(b, e)
	}
}

func (p Prefix) write(b *strings.Builder) {
	b.WriteString(p.Op)
	b.WriteByte(' ')
	operand(b, p.X)
}

func (p Postfix) write(b *strings.Builder) {
	operand(b, p.X)
	b.WriteByte(' ')
	b.WriteString(p.Op)
}

func (c Cast) write(b *strings.Builder) {
	if c.Try {
		b.WriteString("TRY_")
	}
	b.WriteString("CAST(")
	c.X.write(b)
	b.WriteString(" AS ")
	b.WriteString(c.Type)
	b.WriteByte(')')
}

func (c Case) write(b *strings.Builder) {
	b.WriteString("CASE")
	for _, w := range c.When {
		b.WriteString(" WHEN ")
		w.Cond.write(b)
		b.WriteString(" THEN ")
		w.Then.write(b)
	}
	if c.Else != nil {
		b.WriteString(" ELSE ")
		c.Else.write(b)
	}
	b.WriteString(" END")
}

func (i InList) write(b *strings.Builder) {
	operand(b, i.X)
	if i.Not {
		b.WriteString(" NOT")
	}
	b.WriteString(" IN (")
	list(b, i.List)
	b.WriteByte(')')
}

func (p Parts) write(b *strings.Builder) {
	for _, x := range p {
		switch x := x.(type) {
		case string:
			b.WriteString(x)
		case Expr:
			operand(b, x)
		}
	}
}

// String is a SQL string literal. NUL, which would end the statement, is spelt
// chr(0), and invalid UTF-8 becomes U+FFFD.
func String(s string) Raw {
	s = strings.ToValidUTF8(s, "\uFFFD")
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.IndexByte(s, 0) >= 0 {
		return Raw("(" + strings.ReplaceAll(q, "\x00", "' || chr(0) || '") + ")")
	}
	return Raw(q)
}

// Ident quotes an identifier.
func Ident(name string) Raw { return Raw(`"` + strings.ReplaceAll(name, `"`, `""`) + `"`) }

// BigInt is a typed 64-bit literal: without the cast, arithmetic on small
// literals overflows 32 bits.
func BigInt(v int64) Raw {
	if v == math.MinInt64 {
		return "CAST('-9223372036854775808' AS BIGINT)"
	}
	return Raw("CAST(" + strconv.FormatInt(v, 10) + " AS BIGINT)")
}

// Double is a typed double literal, infinities and NaN included.
func Double(v float64) Raw {
	switch {
	case math.IsNaN(v):
		return "CAST('nan' AS DOUBLE)"
	case math.IsInf(v, 1):
		return "CAST('inf' AS DOUBLE)"
	case math.IsInf(v, -1):
		return "CAST('-inf' AS DOUBLE)"
	}
	return Raw("CAST('" + strconv.FormatFloat(v, 'g', -1, 64) + "' AS DOUBLE)")
}

// Bool is TRUE or FALSE.
func Bool(v bool) Raw {
	if v {
		return True
	}
	return False
}

// And joins conditions; an empty list is TRUE.
func And(es ...Expr) Expr {
	switch len(es) {
	case 0:
		return True
	case 1:
		return es[0]
	}
	return Op{"AND", es}
}

// Call is Func with variadic arguments.
func Call(name string, args ...Expr) Expr { return Func{name, args} }

// Infix is Op with variadic operands.
func Infix(op string, args ...Expr) Expr { return Op{op, args} }

// IsNull is X IS NULL.
func IsNull(x Expr) Expr { return Postfix{x, "IS NULL"} }

// NotNull is X IS NOT NULL.
func NotNull(x Expr) Expr { return Postfix{x, "IS NOT NULL"} }
