// Package replay backtests rules: it runs each at the times its schedule gives, over
// the rows of each window that had come in by then, and makes the alerts and incidents
// that the service would have made.
//
// Runs share work only where the answer follows from the rows (share.go): a run whose
// window holds no row that the query could use is not run, and one that sees the same
// rows as an earlier run takes its answer. Plans are examined with their conditions
// moved down to the tables (sink.go), and not even compiled where only the window moves
// (template.go). It imports detect/alert, detect/sched,
// detect/tuning and hunt. Start at Run; what is emulated stands in docs/replay.md.
package replay
