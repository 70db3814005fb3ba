// Package events brings logs in: from files, folders, patterns, archives and
// standard input to typed rows of tables, in a Sink.
//
// Read are JSON (one object a line, objects in any layout, arrays, and the
// envelopes of APIs), CSV and its kin, Parquet and Windows event logs (.evtx),
// each plain or packed with gzip, zstd or bzip2, in zip and tar archives, and
// text in UTF-8 or UTF-16. Content decides what a file is; its name only helps.
//
// Where a record goes is decided in this order:
//
//  1. Options.Table, if it is set;
//  2. a Windows event, in .evtx or in a known JSON form, goes to
//     events/defender, which makes rows of the Defender tables of it; rows that
//     Log Analytics exported (SecurityEvent, Event, WindowsEvent) stay rows of
//     their own table as well;
//  3. the table that the record names: in $table, TableName, Type or category,
//     or in the envelope of a diagnostic stream;
//  4. the table that the file is named after: SigninLogs_part3.csv;
//  5. the known table whose columns fit best; Defender's ActionType decides
//     between tables that fit alike, and the rows of a union go each to its own;
//  6. a table of the file's own, with inferred columns.
//
// Known tables (events/schema) fix the types of their columns, others are
// inferred; see convert and classify for the rules. A record with a value that
// does not fit goes to RejectsTable as a whole. Nothing else is left out without
// a word in the Report.
//
// Two files are read at a time, but rows reach the sink in the order of the
// files, so that the same input gives the same tables.
//
// Start at Load. load.go is the writer's side; source.go and archive.go unpack
// files into streams; detect.go names them; json.go, envelope.go, csv.go,
// parquet.go and windows.go read records; loader.go and route.go find their
// tables, writer.go makes rows, merge.go brings the files' tables together.
//
// The package imports kql/types and its own sub-packages of this module.
package events
