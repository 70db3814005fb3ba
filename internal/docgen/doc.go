// Package docgen makes the pages of docs/ that the program itself knows best: the
// reference of functions and operators, the support matrix, the codes of errors and
// the command line. A test compares them with what lies in docs/; with -update it
// writes them (make docs).
//
// It imports kql/... and the command tree. Start with Pages.
package docgen
