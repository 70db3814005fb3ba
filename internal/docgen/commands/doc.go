// Package commands makes docs/cli.md from the command tree. It stands apart from
// docgen, since the tree brings the whole program with it.
package commands
