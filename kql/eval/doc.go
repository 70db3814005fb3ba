// Package eval computes plan expressions in Go, by the Go forms of the builtin
// rows. Operators whose expressions speak of state (scan, graph patterns) run on it,
// and so can tests that compare the Go forms with the engine's.
//
// It may import plan and what plan imports; no I/O. Start at Compile.
package eval
