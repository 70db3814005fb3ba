// Package tuning reads what an organisation adds to rules outside their vendor's
// file: exclusions, which hide rows or a rule's alerts, and severities. Each has an
// owner, a reason and an end, and every report counts what was hidden.
//
// It imports detect/alert, detect/rule and hunt, which compiles and runs the
// predicates of exclusions. Start at Read and Set.At; docs/tuning.md describes the file.
package tuning
