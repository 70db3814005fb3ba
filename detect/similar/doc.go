// Package similar finds rules that are the same query with other constants.
//
// It owns the normal form of a query, by which rules are compared, and the groups of
// rules whose normal forms agree, with what differs. It may import detect/rule and
// kql/syntax. Start at Find in similar.go; normal.go is the normal form.
package similar
