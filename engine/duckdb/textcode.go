package duckdb

import (
	"context"
	"sync/atomic"

	b "github.com/duckdb/duckdb-go-bindings"

	"quarry/kql/types"
)

// TextCode is an SQL function NAME(text, key) of a string and a bigint that gives a bigint
// for each text. The engine asks once for the texts of a dictionary, where a column has one.
type TextCode struct {
	Name string
	// Codes sets the code of each text. It is called for a few texts at a time, from several
	// threads at once.
	Codes func(key int64, texts Texts, codes []int64)
}

// Texts are the texts of a chunk, null being "". They are lent: none may be kept.
type Texts struct{ vector }

// At is the i-th text.
func (t *Texts) At(i int) string { return t.textOrEmpty(i) }

// RegisterTextCode makes c callable from SQL, under the rules of RegisterScalar.
func (db *DB) RegisterTextCode(ctx context.Context, c TextCode) error {
	return db.register(ctx, c.Name, signature{params: []types.Type{types.String, types.Long}, result: types.Long}, textCode{c})
}

type textCode struct{ TextCode }

func (c textCode) call(input b.DataChunk, n int, output b.Vector, stop *atomic.Bool) (err error) {
	defer recovered(c.Name, &err)
	if stop.Load() {
		return errStopped
	}
	texts := Texts{readVector(b.DataChunkGetVector(input, 0), types.String, decimalType{}, n)}
	key := readVector(b.DataChunkGetVector(input, 1), types.Long, decimalType{}, n)
	out := readVector(output, types.Long, decimalType{}, n)
	c.Codes(view[int64](&key)[0], texts, view[int64](&out))
	return nil
}
