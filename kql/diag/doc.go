// Package diag owns diagnostics: a code, a span, one plain sentence and a hint,
// and the printers that show them to people (caret) and to editors (JSON).
// It imports source. The sentences themselves live in each phase's errors.go.
package diag
