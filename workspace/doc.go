// Package workspace owns the tables that a command works on: a directory that keeps
// them, or memory. It brings files into them (through package events), knows the
// schemas of tables without rows, and stands in local copies for external data.
//
// It imports hunt and events. Start with Open.
package workspace
