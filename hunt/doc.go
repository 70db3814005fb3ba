// Package hunt is the one way to run a query: it resolves names against the
// tables at hand, compiles, enforces limits and time-outs, and runs. The command
// line, the APIs and the tests all call it. Many rules over the same tables run as a
// Batch, which shares their work.
//
// It imports kql and engine. Start with Session.
package hunt
