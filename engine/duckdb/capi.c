#include "capi.h"
#include "_cgo_export.h"

extern void *duckdb_scalar_function_get_extra_info(void *info);
extern void duckdb_scalar_function_set_extra_info(void *function, void *extra, void (*destroy)(void *));
extern void duckdb_scalar_function_set_function(void *function, void (*run)(void *info, void *input, void *output));
extern void duckdb_unsafe_vector_assign_string_element_len(void *vector, uint64_t index, const char *text, uint64_t length);

static void destroy(void *extra) {
	quarryDeleteFunction((uintptr_t)extra);
}

void quarry_set_function(void *function, uintptr_t handle) {
	duckdb_scalar_function_set_extra_info(function, (void *)handle, destroy);
	duckdb_scalar_function_set_function(function, quarryCallFunction);
}

uintptr_t quarry_handle(void *info) {
	return (uintptr_t)duckdb_scalar_function_get_extra_info(info);
}

void quarry_assign_strings(void *vector, uint64_t n, const uint32_t *rows, const uint32_t *lengths, const char *bytes) {
	for (uint64_t i = 0; i < n; i++) {
		duckdb_unsafe_vector_assign_string_element_len(vector, rows[i], bytes, lengths[i]);
		bytes += lengths[i];
	}
}
