// Package check tells for each rule whether it can work on the tables at hand, without
// running it: what it lacks, which tables it reads and which of them it declares. From
// that follows what of MITRE ATT&CK the rules cover as they are written, and what of it
// can really fire.
//
// It owns the verdicts. It may import hunt, detect/coverage, detect/rule and kql
// packages. Start at Run; fires.go says which plans can give no row.
package check
