// Package lint finds mistakes in rule files before anything runs: metadata against
// Sentinel's and Defender's schemas, names and types of the query, and habits that
// make a query slow or blind.
//
// It owns the table of checks (checks.go), suppressions in comments, baselines, sure
// fixes, and the printers text, JSON and SARIF. What depends on the data at hand is no
// matter of it. It may import detect/rule, detect/attack, hunt and kql. Start with
// Check in lint.go; document.go is the way through one document, query.go through one
// query.
package lint
