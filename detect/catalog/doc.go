// Package catalog makes the flat catalogue of a set of rules: one row for each
// combination of a rule's tactic, technique, connector, data type and platform, as the
// published catalogue of Sentinel's community rules has them; and from the rows its
// Markdown pages, CSV and JSON, facets, and search.
//
// A rule has as many rows as it has combinations, so the number of rows says nothing
// about the number of rules; everything here counts both. The package may import
// detect, detect/attack, detect/coverage, detect/rule and kql/diag. Start at New; rows.go is the
// derivation.
package catalog
