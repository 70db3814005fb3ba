// Package ruletest runs the tests of rules: given rows, a clock and knobs, whether the
// rule fires, on which rows, with which alerts, and which changes of the rows keep it
// quiet (near misses). The tests stand beside the rule in NAME.test.yaml, or in the
// rule's own file under the key "tests"; docs/testing.md tells the format by example.
//
// It owns the format (file.go says what it holds, decode.go reads it), the rows that a
// test gives (rows.go, given.go), the checks (expect.go, nearmiss.go), what the tests of
// a rule leave out (coverage.go), the edit of expectations in place (update.go), and the
// reports (text.go, json.go, junit.go). Queries run through a hunt.Session, each test
// with tables of its own.
//
// It imports detect/alert, detect/rule, hunt and kql packages; files of events are read
// through the caller's Files. Start at Load and Run.
package ruletest
