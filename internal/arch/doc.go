// Package arch holds the tests that keep the house in order: who may import whom,
// what a package must have, how long a file may be, and words that may not appear.
//
// It owns no code. Start with order in order_test.go; exceptions to the other rules
// stand in lists that say why, and an exception no longer needed is a failure too.
package arch
