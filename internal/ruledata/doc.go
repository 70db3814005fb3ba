// Package ruledata makes rows on which detection rules find something: in every table
// that a set of rules reads, in proportion to the number of rules that read it, with
// the words the rules look for among everyday values. Benchmarks and differential
// tests hunt on them.
//
// It imports workspace and what lies below. Start with Read, then Set.Fill.
package ruledata
