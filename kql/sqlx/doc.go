// Package sqlx owns a small tree of SQL expressions and its printer, which adds
// parentheses where precedence needs them. It knows no KQL.
//
// It imports only the standard library. Start with Expr.
package sqlx
