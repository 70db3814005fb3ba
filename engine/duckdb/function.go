package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/builtin"
	"quarry/kql/types"
)

// ScalarFunc is an SQL scalar function written in Go.
type ScalarFunc struct {
	Name     string // compared without regard to case, as DuckDB does
	Params   []types.Type
	Varargs  types.Type // the type of any further arguments; Unknown = none
	Result   types.Type
	Volatile bool // not the same result for the same arguments

	// Fn computes one row, from several threads at once. A null argument is
	// nil, except that of a string, which is "". args is only lent; the values
	// in it may be kept. A panic makes the query fail: one with a builtin.Failure in
	// its words, any other as a defect.
	Fn func(args []types.Value) types.Value

	// Until, instead of Fn, makes an Fn that should end when stop is set: the query has
	// ended then.
	Until func(stop *atomic.Bool) func(args []types.Value) types.Value
}

// signature is what identifies a registered function.
type signature struct {
	params   []types.Type
	varargs  types.Type
	result   types.Type
	volatile bool
}

func (s signature) equal(t signature) bool {
	return slices.Equal(s.params, t.params) && s.varargs == t.varargs && s.result == t.result && s.volatile == t.volatile
}

// RegisterScalar makes def callable from SQL on every connection, for the life
// of the database. Registering the same signature again does nothing: the first
// Fn stays, so Fn must not depend on one query. Another signature under the same
// name is an error.
func (db *DB) RegisterScalar(ctx context.Context, def ScalarFunc) error {
	return db.register(ctx, def.Name, signature{params: slices.Clone(def.Params), varargs: def.Varargs, result: def.Result, volatile: def.Volatile},
		&scalar{def: def})
}

func (db *DB) register(ctx context.Context, name string, s signature, f callable) error {
	key := strings.ToLower(name)
	db.functions.Lock()
	defer db.functions.Unlock()
	if old, ok := db.functions.byName[key]; ok {
		if !old.equal(s) {
			return internalf("", "the function %s is registered already, with another signature", name)
		}
		return nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()

	fn := b.CreateScalarFunction()
	defer b.DestroyScalarFunction(&fn)
	b.ScalarFunctionSetName(fn, name)
	with := func(t types.Type, use func(b.ScalarFunction, b.LogicalType)) {
		lt := logicalType(t)
		use(fn, lt)
		b.DestroyLogicalType(&lt)
	}
	for _, p := range s.params {
		with(p, b.ScalarFunctionAddParameter)
	}
	if s.varargs != types.Unknown {
		with(s.varargs, b.ScalarFunctionSetVarargs)
	}
	with(s.result, b.ScalarFunctionSetReturnType)
	b.ScalarFunctionSetSpecialHandling(fn) // nulls come to the function
	if s.volatile {
		b.ScalarFunctionSetVolatile(fn)
	}
	db.attach(fn, f)
	if b.RegisterScalarFunction(c.handle, fn) == b.StateError {
		return internalf("", "DuckDB refuses the function %s", name)
	}
	db.functions.byName[key] = s
	return nil
}

// scalar runs a ScalarFunc over chunks.
type scalar struct {
	def     ScalarFunc
	scratch sync.Pool // *scratch
}

// scratch is the working memory of one call.
type scratch struct {
	args []types.Value // all rows, row after row
	out  writer
}

func (f *scalar) call(input b.DataChunk, n int, output b.Vector, stop *atomic.Bool) (err error) {
	defer recovered(f.def.Name, &err)
	s, _ := f.scratch.Get().(*scratch)
	if s == nil {
		s = new(scratch)
	}
	width := int(b.DataChunkGetColumnCount(input))
	if cap(s.args) < n*width {
		s.args = make([]types.Value, n*width)
	}
	args := s.args[:n*width]
	clear(args)
	for i := range width {
		t := f.def.Varargs
		if i < len(f.def.Params) {
			t = f.def.Params[i]
		}
		v := readVector(b.DataChunkGetVector(input, b.IdxT(i)), t, decimalType{}, n)
		if t == types.Decimal {
			v.decimal = decimalType{width: decimalWidth, scale: decimalScale}
		}
		v.box(args[i:], width)
	}
	s.out.reset(output, f.def.Result)
	fn := f.def.Fn
	if f.def.Until != nil {
		fn = f.def.Until(stop)
	}
	for row := range n {
		if stop.Load() {
			return errStopped
		}
		if err := s.out.set(row, fn(args[row*width:(row+1)*width:(row+1)*width])); err != nil {
			return fmt.Errorf("%s: %w", f.def.Name, err)
		}
	}
	s.out.flush()
	f.scratch.Put(s)
	return nil
}

// errStopped tells that a function did not end because its query had.
var errStopped = errors.New("stopped")

// recovered turns a panic of a Go function into an error: there is no Go frame
// above it that could, only DuckDB's.
func recovered(name string, err *error) {
	switch p := recover().(type) {
	case nil:
	case builtin.Stopped:
		*err = errStopped
	case builtin.Failure:
		*err = errors.New(string(p))
	default:
		*err = fmt.Errorf("%s: internal error: %v%s", name, p, panicSite())
	}
}

// panicSite is " (file:line)" of the statement that panicked.
func panicSite() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf(" (%s:%d)", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
