package duckdb

/*
#include "capi.h"
*/
import "C"

import (
	"runtime/cgo"
	"strings"
	"sync/atomic"
	"unsafe"

	b "github.com/duckdb/duckdb-go-bindings"
)

// callable is a Go function as DuckDB sees it: n rows in, n rows out. It runs
// on many threads of DuckDB at once, and should end when stop is set.
type callable interface {
	call(input b.DataChunk, n int, output b.Vector, stop *atomic.Bool) error
}

// attached is a function of a database.
type attached struct {
	db *DB
	callable
}

// attach makes f the body of a scalar function. DuckDB drops its handle with
// the function, when the database closes.
func (db *DB) attach(function b.ScalarFunction, f callable) {
	C.quarry_set_function(function.Ptr, C.uintptr_t(cgo.NewHandle(attached{db, f})))
}

// makeRoom prepares the memory that queries will take, once in a process; see memory.c.
func makeRoom() { C.quarry_make_room() }

// connectionID is the number of a connection among those of its database.
func connectionID(c b.Connection) uint64 { return uint64(C.quarry_connection(c.Ptr)) }

//export quarryDeleteFunction
func quarryDeleteFunction(handle C.uintptr_t) { cgo.Handle(handle).Delete() }

//export quarryCallFunction
func quarryCallFunction(info, input, output unsafe.Pointer) {
	f := cgo.Handle(C.quarry_handle(info)).Value().(attached)
	chunk := b.DataChunk{Ptr: input}
	stop := f.db.stopOf(uint64(C.quarry_caller(info)))
	if err := f.call(chunk, int(b.DataChunkGetSize(chunk)), b.Vector{Ptr: output}, stop); err != nil {
		message := strings.ReplaceAll(err.Error(), "\x00", " ")
		b.ScalarFunctionSetError(b.FunctionInfo{Ptr: info}, functionMark+message)
	}
}

func assignStrings(vec b.Vector, rows, lengths []uint32, bytes []byte) {
	C.quarry_assign_strings(vec.Ptr, C.uint64_t(len(rows)), (*C.uint32_t)(&rows[0]), (*C.uint32_t)(&lengths[0]), (*C.char)(unsafe.Pointer(&bytes[0])))
}
