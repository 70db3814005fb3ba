// Package builtin is THE table: every scalar function, aggregate, window
// function and infix operator of KQL is a Row, with its signature, its
// documentation, its SQL form and, where SQL cannot say it, its Go form.
// No other package names a KQL function.
//
// It imports types, sqlx, and the pure Go libraries its functions need.
// Start with Row (row.go), then a small file of rows such as string.go. Adding a
// function is adding one Row with an example; TestEveryRow does the rest.
package builtin
