// Package bind gives the tree its meaning: names become columns with types,
// operators become plan nodes, calls become rows of the builtin table.
//
// It imports syntax, builtin, plan and what stands to their left. Start with
// Bind (bind.go), then rows.go for the row set that flows through a pipe, then
// one op_NAME.go. Every message is in errors.go.
package bind
