package syntax

import (
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// Node is any part of the tree; its span is the text it was read from.
type Node interface{ Pos() source.Span }

// At is embedded by every node.
type At struct{ Span source.Span }

// Pos returns the node's span.
func (a At) Pos() source.Span { return a.Span }

// Script is a whole query text: statements separated by semicolons.
type Script struct {
	At
	Directives []*Directive // "#crp ..." lines before the first statement
	Statements []Statement
	Warnings   []diag.Diagnostic // remarks that do not stop the query; no part of the tree
}

// Directive is a "#name ..." line for the tool that sends the query.
type Directive struct {
	At
	Text string // with the '#', without the line end
}

// Statement is Let, Set, Declare, Alias, Restrict, Pattern or Query.
type Statement interface {
	Node
	statement()
}

type (
	// Let is "let Name = Value"; Value may be a *Function.
	Let struct {
		At
		Name  *Name
		Value Expr
	}
	// Set is "set Name = Value"; Value is nil for "set Name".
	Set struct {
		At
		Name  *Name // dots included
		Value Expr
	}
	// Declare is "declare query_parameters(a:long = 1, ...)".
	Declare struct {
		At
		Params []*Param
	}
	// Alias is "alias database Name = Value".
	Alias struct {
		At
		Name  *Name
		Value Expr
	}
	// Restrict is "restrict access to (A, B*) [with (props)]".
	Restrict struct {
		At
		Entities []Expr
		Props    []*OpParam
	}
	// Pattern is "declare pattern Name = (Params)[Path] { Arms }", or "declare pattern
	// Name" without arms.
	Pattern struct {
		At
		Name   *Name
		Params []*Param
		Path   *Param // nil when there is none
		Arms   []*PatternArm
	}
	// Query is a statement made of one expression, tabular or scalar.
	Query struct {
		At
		X Expr
	}
)

func (*Let) statement()      {}
func (*Set) statement()      {}
func (*Declare) statement()  {}
func (*Alias) statement()    {}
func (*Restrict) statement() {}
func (*Pattern) statement()  {}
func (*Query) statement()    {}

// Expr is a scalar or tabular expression. KQL does not tell the two apart
// before names are known, so neither does the tree.
type Expr interface {
	Node
	expr()
}

type (
	// Name is an identifier: a column, table, let binding or "$left". Bracketed
	// names (['a b']) have Quoted set; keywords used as names have not.
	Name struct {
		At
		Text   string
		Quoted bool
	}
	// Wildcard is a name with '*' in it ("Device*"), or a lone "*".
	Wildcard struct {
		At
		Pattern   string
		Bracketed bool // written "[Device*]"
	}
	// Literal is a constant with its type. Value nil is a typed null.
	Literal struct {
		At
		Type       types.Type
		Value      types.Value
		Text       string // as written
		Obfuscated bool   // h"..." and H'...'
	}
	// TypeOf is "typeof(long)" or "typeof(a:long, b:string)".
	TypeOf struct {
		At
		Type    types.Type // Unknown when Columns is set
		Columns []*Param
	}
	// Call is "f(args)". Name may be dotted by a Path when called as member ("cluster('x').database('y').F()").
	// toscalar, totable and materialize are calls whose argument may be a *Pipe.
	Call struct {
		At
		Name *Name
		Args []Expr   // *Assign for a named argument, *Pipe for a tabular one, *Wildcard for a lone "*"
		Kind *OpParam // "kind=nooptimization" of toscalar and totable, else nil
	}
	// Path is "X.Name".
	Path struct {
		At
		X    Expr
		Name Expr // *Name, *Call ("cluster('c').database('d')") or *Wildcard
	}
	// Index is "X[Key]".
	Index struct {
		At
		X, Key Expr
	}
	// Unary is "-X" or "+X" (not() is a Call).
	Unary struct {
		At
		Op string
		X  Expr
	}
	// Binary is an infix operator with one right operand: arithmetic, comparison,
	// "and", "or" and the string operators ("has", "!contains_cs", "matches regex", "=~", ...),
	// as listed in Infix.
	Binary struct {
		At
		Op     string // canonical spelling, lower case, one space inside "matches regex"
		OpSpan source.Span
		L, R   Expr
	}
	// In is "X in (List)" and its kin: in, !in, in~, !in~, has_any, has_all. List holds
	// scalars, or a single tabular expression.
	In struct {
		At
		Op     string
		OpSpan source.Span
		X      Expr
		List   []Expr
	}
	// Between is "X between (Low .. High)", Not for !between.
	Between struct {
		At
		Not          bool
		X, Low, High Expr
	}
	// Assign is "Names = X": one name, or several for "(a, b) = f()".
	Assign struct {
		At
		Names []*Name
		Multi bool // written in parentheses
		X     Expr
	}
	// Paren is a parenthesised scalar expression or sub-query.
	Paren struct {
		At
		X Expr
	}
	// Ordered is a sort key. Desc and NullsFirst are nil when not written.
	Ordered struct {
		At
		X          Expr
		Desc       *bool
		NullsFirst *bool
	}
	// Typed is "X:type" or "X to typeof(type)" where an operator takes such items
	// (parse columns, mv-expand, scan declare, project with types).
	Typed struct {
		At
		X     Expr // nil in "mv-apply to typeof(T) on (...)"
		Type  types.Type
		Colon bool // written "X:type"
	}
	// Pipe is a tabular expression: a source and the operators after it. Source is
	// an expression (Name, Call, Paren, DataTable, ...) or nil when Ops[0] starts the
	// query itself ("union", "search", "find", "range", "print", "evaluate").
	Pipe struct {
		At
		Source Expr
		Ops    []Op
	}
	// DataTable is "datatable(schema) [values]"; Values are constant expressions, row by row.
	DataTable struct {
		At
		Params  []*OpParam
		Columns []*Param
		Values  []Expr
	}
	// ExternalData is "externaldata(schema) [uris] with (props)".
	ExternalData struct {
		At
		Params  []*OpParam
		Columns []*Param
		URIs    []Expr
		Props   []*OpParam
	}
	// Function is a lambda: "(params) { statements; body }", View for "view () {...}".
	Function struct {
		At
		View   bool
		Params []*Param
		Body   []Statement // the last one is a *Query
	}

	// EntityGroup is "entity_group [cluster('a').database('b'), ...]" in a let.
	EntityGroup struct {
		At
		Items []Expr
	}

	// ColumnList is "a, b" as the value of a modifier (render's ycolumns, by).
	ColumnList struct {
		At
		Items []Expr
	}
	// Bad stands where the parser could not read an expression; a diagnostic was reported.
	Bad struct{ At }
)

func (*Name) expr()         {}
func (*Wildcard) expr()     {}
func (*Literal) expr()      {}
func (*TypeOf) expr()       {}
func (*Call) expr()         {}
func (*Path) expr()         {}
func (*Index) expr()        {}
func (*Unary) expr()        {}
func (*Binary) expr()       {}
func (*In) expr()           {}
func (*Between) expr()      {}
func (*Assign) expr()       {}
func (*Paren) expr()        {}
func (*Ordered) expr()      {}
func (*Typed) expr()        {}
func (*Pipe) expr()         {}
func (*DataTable) expr()    {}
func (*ExternalData) expr() {}
func (*Function) expr()     {}
func (*ColumnList) expr()   {}
func (*EntityGroup) expr()  {}
func (*Bad) expr()          {}

// Param is "name:type = default" in a function, schema or declare list. A tabular
// parameter has Columns ("T:(a:long, b:string)"), or Star for "T:(*)".
type Param struct {
	At
	Name    *Name
	Type    types.Type
	Columns []*Param
	Tabular bool
	Star    bool
	Default Expr
}

// PatternArm is "(Values).[Path] = { Body }", one of the cases of a pattern.
type PatternArm struct {
	At
	Values []Expr
	Path   Expr        // nil when not written
	Body   []Statement // the last one is a *Query
}

// OpParam is an operator's "name = value" modifier: kind=, hint.strategy=, withsource=, ...
type OpParam struct {
	At
	Name  string // as written, dots included: "kind", "hint.strategy", "with_source"
	Value Expr   // a *Name for bare words, a *ColumnList for lists of columns
}
