// Package defender maps Windows events onto the tables of Defender advanced
// hunting, and beside them onto SecurityEvent and Event as Log Analytics has
// them. The same fact logged by two sources becomes one row, share auditing
// gives derived rows, clocks are put right by what Sysmon says.
//
// It reads everything once into a compact spool while it learns what only the
// whole evidence can tell (process tree, host names, clock offsets, doubles),
// then maps the spool. Start at Mapper; learn.go is the first pass, map.go the
// second, merge.go the doubles, schema.go the tables; each table's rows are
// made in the file of its name.
//
// It imports kql/types and events/winevent of this module.
package defender
