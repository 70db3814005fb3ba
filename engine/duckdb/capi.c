#include "capi.h"
#include "_cgo_export.h"

extern void *duckdb_scalar_function_get_extra_info(void *info);
extern void duckdb_scalar_function_set_extra_info(void *function, void *extra, void (*destroy)(void *));
extern void duckdb_scalar_function_set_function(void *function, void (*run)(void *info, void *input, void *output));
extern void duckdb_scalar_function_set_bind(void *function, void (*bind)(void *info));
extern void duckdb_scalar_function_set_bind_data(void *info, void *data, void (*destroy)(void *));
extern void duckdb_scalar_function_set_bind_data_copy(void *info, void *(*copy)(void *));
extern void *duckdb_scalar_function_get_bind_data(void *info);
extern void duckdb_scalar_function_get_client_context(void *info, void **context);
extern void duckdb_connection_get_client_context(void *connection, void **context);
extern uint64_t duckdb_client_context_get_connection_id(void *context);
extern void duckdb_destroy_client_context(void **context);
extern void duckdb_unsafe_vector_assign_string_element_len(void *vector, uint64_t index, const char *text, uint64_t length);

static void destroy(void *extra) {
	quarryDeleteFunction((uintptr_t)extra);
}

static uint64_t number(void *context) {
	uint64_t id = duckdb_client_context_get_connection_id(context) + 1;
	duckdb_destroy_client_context(&context);
	return id;
}

static void *same(void *data) {
	return data;
}

// A call does not tell which connection it is for; the data of its binding is all that
// reaches it.
static void bind(void *info) {
	void *context = 0;
	duckdb_scalar_function_get_client_context(info, &context);
	duckdb_scalar_function_set_bind_data(info, (void *)(uintptr_t)number(context), 0);
	duckdb_scalar_function_set_bind_data_copy(info, same);
}

void quarry_set_function(void *function, uintptr_t handle) {
	duckdb_scalar_function_set_extra_info(function, (void *)handle, destroy);
	duckdb_scalar_function_set_bind(function, bind);
	duckdb_scalar_function_set_function(function, quarryCallFunction);
}

uintptr_t quarry_handle(void *info) {
	return (uintptr_t)duckdb_scalar_function_get_extra_info(info);
}

uint64_t quarry_caller(void *info) {
	return (uintptr_t)duckdb_scalar_function_get_bind_data(info);
}

uint64_t quarry_connection(void *connection) {
	void *context = 0;
	duckdb_connection_get_client_context(connection, &context);
	return number(context);
}

void quarry_assign_strings(void *vector, uint64_t n, const uint32_t *rows, const uint32_t *lengths, const char *bytes) {
	for (uint64_t i = 0; i < n; i++) {
		duckdb_unsafe_vector_assign_string_element_len(vector, rows[i], bytes, lengths[i]);
		bytes += lengths[i];
	}
}
