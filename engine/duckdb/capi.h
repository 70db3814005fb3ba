// The few calls for which the Go bindings are too coarse or too slow. The
// declarations of DuckDB's C API are repeated with untyped handles, because the
// path of duckdb.h inside the module cache is not known to this package.
#pragma once

#include <stdint.h>

// Attaches a Go function, by its handle, to a duckdb_scalar_function.
void quarry_set_function(void *function, uintptr_t handle);

// The handle of the Go function behind a duckdb_function_info.
uintptr_t quarry_handle(void *info);

// The connection whose query calls the function behind a duckdb_function_info; 0 is unknown.
uint64_t quarry_caller(void *info);

// A number for a duckdb_connection, unlike those of all others of its database and not 0.
uint64_t quarry_connection(void *connection);

// Writes n strings, of the given rows and lengths, that lie end to end in bytes.
void quarry_assign_strings(void *vector, uint64_t n, const uint32_t *rows, const uint32_t *lengths, const char *bytes);

// Prepares the memory that the engine's queries will take, once in a process.
void quarry_make_room(void);
