// Package cli is the command line of Quarry: what "quarry" does with its arguments.
// Every command prints to standard output what a program would read and to standard
// error what a person watches. The exit status is 0 if all is fine, 1 for findings or
// failed tests, 2 for wrong usage or broken input.
//
// It may import everything. Start with Run; each command has a file of its name.
package cli
