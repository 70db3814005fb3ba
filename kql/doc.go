// Package kql is the whole language on one page: text -> tree -> plan -> SQL.
//
// It imports every package below kql/ and nothing else of Quarry; it does no I/O
// and needs no cgo. Start with Compiler.
package kql
