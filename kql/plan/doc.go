// Package plan owns what a query means: typed relational nodes over columns with
// unique numbers, and scalar expressions whose calls point at builtin rows.
//
// Columns are told apart by ID, never by name; names matter only in Root, where
// the result's visible columns are listed. It imports types and builtin. Start
// with Node and Expr, then Print.
package plan
