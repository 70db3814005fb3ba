package hunt

import (
	"errors"

	"quarry/engine/duckdb"
)

// QueryFault reports errors that the query's author can mend: a function that failed
// on a row, or a query that needs more memory than it may use. Other engine errors
// are faults of the program or the machine.
func QueryFault(err error) bool {
	var e *duckdb.Error
	return errors.As(err, &e) && (e.Kind == duckdb.Function || e.Kind == duckdb.Memory)
}

// OutOfMemory reports that a query needed more memory than there was for it, others
// that ran at the time included.
func OutOfMemory(err error) bool {
	var e *duckdb.Error
	return errors.As(err, &e) && e.Kind == duckdb.Memory
}
