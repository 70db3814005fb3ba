// Package coverage counts what a set of rules covers of MITRE ATT&CK: rules by
// technique and tactic, as a table and as a layer of the ATT&CK Navigator, format 4.5.
//
// A rule counts once for a technique, however many rows it fills in the catalogue. The
// package may import detect/attack. Start at Of.
package coverage
