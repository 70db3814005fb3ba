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
