package events

import (
	"fmt"
	"strings"

	"quarry/events/defender"
)

// FileReport tells what came of one file, or of one member of an archive.
type FileReport struct {
	Path     string              // as given, with "!member" after it for a member of an archive
	Format   string              // "JSON", "CSV", "gzip JSON", ...; "" if it is not known
	Form     string              // how Windows events in JSON were written, if any were
	Bytes    int64               // of decompressed content
	Rows     int64               // rows added to tables; rows made of Windows events not among them
	Events   int64               // Windows events handed to the mapper
	Rejects  int64               // records that were not loaded and stand in RejectsTable
	Tables   map[string]int64    // rows by table
	Extra    map[string][]string // columns that the schema of a known table does not have
	Warnings []string
	Skipped  string // why the file was passed over, if it was
	Err      error  // what stopped reading it; rows before that are loaded
}

// Report tells what came of a load.
type Report struct {
	Files   []FileReport
	Tables  map[string]int64 // rows by table, rows made of Windows events included
	Rows    int64
	Events  int64
	Rejects int64
	Bytes   int64    // of decompressed content
	Notes   []string // about the load as a whole: merged rows, clocks, files given twice
	Errors  []*FileError
	Mapping *defender.Report // what came of Windows events; nil if there were none
}

// LoadError lists what could not be read; everything else was loaded. A command
// exits with status 2 on it.
type LoadError struct{ Files []*FileError }

func (e *LoadError) Error() string {
	lines := make([]string, 0, len(e.Files))
	for i, f := range e.Files {
		if i == 20 {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Files)-i))
			break
		}
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

func (e *LoadError) Unwrap() []error {
	errs := make([]error, len(e.Files))
	for i, f := range e.Files {
		errs[i] = f
	}
	return errs
}

// Progress tells how far a load is.
type Progress struct {
	File        string // the file whose rows are being written; empty while Windows events are mapped
	Done, Total int64  // bytes of the files as they lie on disk; Total 0 if not known
	Rows        int64
}
