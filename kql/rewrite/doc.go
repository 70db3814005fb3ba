// Package rewrite turns plans into equal but cheaper plans. rules.go is the
// ordered list; each rule stands in a file of its own and says why it is not wider.
//
// It imports plan. Start with Apply.
package rewrite
