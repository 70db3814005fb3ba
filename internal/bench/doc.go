// Command bench measures Quarry against its rivals and keeps what it saw (make bench).
//
// A section is one file section_NAME.go and one line in sections.go: some work of
// Quarry, the same work done by a rival on the same data, in turns, in one run. What is
// compared is a ratio; times alone say more about the machine. Start with section.go,
// which holds all that a section needs. docs/performance.md says how to read the result.
package main
