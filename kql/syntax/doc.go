// Package syntax turns query text into a tree and a tree back into text.
//
// It owns KQL's lexer, its hand-written parser and its printer, and knows no
// function, column or table: what a name means is the binder's business. It
// imports source, diag and types.
//
// Start with ast.go and operators_ast.go (the tree), then parser.go, expr.go and
// operators.go, where each tabular operator has its line; op_NAME.go reads and
// prints one of them. Every message and its code are in errors.go.
package syntax
