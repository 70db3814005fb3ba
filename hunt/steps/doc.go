// Package steps takes a query apart into its pipe steps and measures each: the rows
// left after it, for which of them each condition of a filter holds, and which branch
// of case() and iff() they take. From this it tells the first step that lost the rows
// of a query, and which steps and branches a set of data does not exercise.
//
// A step is measured by running the query up to it, so the figures are those of the
// query itself; so are those inside a function, for each of its calls. What has no
// figure of its own (a step between graph operators, the inside of mv-apply) has none
// here either: its Rows are Unknown.
//
// It imports hunt, for running, and kql packages. Start at New and Query.Measure.
package steps
