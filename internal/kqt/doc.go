// Package kqt reads case files: one text that says what a query must give. Every
// stage and engine is tested with the same cases.
//
//	case has-matches-whole-terms          # S4: has is a term match
//	kql      T | where s has "error"
//	         | project id
//	given T  id:long s:string | 1 "error 5" | 2 "errors"
//	rows     id:long | 1
//
// A case has one of rows (the answer; cells are KQL literals, "null" a typed null)
// and diag (the diagnostic: code, line:column). now pins the clock; ordered and
// unordered rows are told apart by the query itself. Lines that start with white
// space go on with the block above; "#" begins a comment.
package kqt
