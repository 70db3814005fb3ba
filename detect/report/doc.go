// Package report renders the result of a hunt: a table for the terminal, JSON for
// programs, CSV for spreadsheets, and one self-contained HTML file for people.
//
// It owns the looks only; every number comes from detect.Result. It imports detect,
// detect/rule and kql packages. Everything in a result may come from an attacker's
// hand, so each format neutralises what its reader would run: control characters in
// the terminal, formulas in CSV, markup in HTML. Start at Write.
package report
