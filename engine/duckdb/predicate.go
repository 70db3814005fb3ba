package duckdb

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// StringPredicate is a boolean SQL function of a string, run without a copy
// or an allocation for each row. Null counts as the empty string.
// The strings given to the functions are lent: they must not be kept.
type StringPredicate struct {
	Name string

	// Match makes NAME(s) of one argument.
	Match func(s string) bool

	// Compile, instead of Match, makes NAME(s, pattern). It is called once for
	// each pattern, as far as the cache goes. pattern may be kept.
	Compile func(pattern string) (func(s string) bool, error)
}

// RegisterPredicate makes p callable from SQL, under the rules of RegisterScalar.
func (db *DB) RegisterPredicate(ctx context.Context, p StringPredicate) error {
	s := signature{params: []types.Type{types.String}, result: types.Bool}
	if p.Compile != nil {
		s.params = append(s.params, types.String)
	}
	return db.register(ctx, p.Name, s, &predicate{StringPredicate: p, compiled: map[string]func(string) bool{}})
}

type predicate struct {
	StringPredicate
	mu       sync.Mutex
	compiled map[string]func(string) bool
}

// maxCompiled bounds the patterns that one predicate keeps. A query has a
// handful; patterns that come from a column would otherwise pile up.
const maxCompiled = 256

func (p *predicate) compile(pattern string) (func(string) bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if match, ok := p.compiled[pattern]; ok {
		return match, nil
	}
	pattern = strings.Clone(pattern)
	match, err := p.Compile(pattern)
	if err != nil {
		return nil, err
	}
	if len(p.compiled) >= maxCompiled {
		clear(p.compiled)
	}
	p.compiled[pattern] = match
	return match, nil
}

func (p *predicate) call(input b.DataChunk, n int, output b.Vector, _ *atomic.Bool) (err error) {
	defer recovered(p.Name, &err)
	in := readVector(b.DataChunkGetVector(input, 0), types.String, decimalType{}, n)
	out := readVector(output, types.Bool, decimalType{}, n)
	result := view[bool](&out)
	if p.Compile == nil {
		in.match(0, n, p.Match, result)
		return nil
	}
	pattern := readVector(b.DataChunkGetVector(input, 1), types.String, decimalType{}, n)
	cells := view[stringT](&pattern)
	// A constant pattern arrives as equal cells: look it up once for each run of them.
	for start := 0; start < n; {
		end := start + 1
		for end < n && cells[end] == cells[start] && pattern.null(end) == pattern.null(start) {
			end++
		}
		match, err := p.compile(pattern.textOrEmpty(start))
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		in.match(start, end, match, result)
		start = end
	}
	return nil
}

// match sets result for the rows from start up to end.
func (v *vector) match(start, end int, match func(string) bool, result []bool) {
	if v.valid == nil {
		cells := view[stringT](v)
		for i := start; i < end; i++ {
			result[i] = match(cells[i].view())
		}
		return
	}
	for i := start; i < end; i++ {
		result[i] = match(v.textOrEmpty(i))
	}
}

func (v *vector) textOrEmpty(i int) string {
	if v.null(i) {
		return ""
	}
	return v.text(i)
}
