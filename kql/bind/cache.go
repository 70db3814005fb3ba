package bind

import (
	"hash/fnv"
	"strconv"
	"sync"

	"quarry/kql/plan"
	"quarry/kql/types"
)

// Cache keeps what many queries over one catalog derive alike: the columns of "union *"
// over the known tables, which are thousands. It is safe for concurrent use.
type Cache struct {
	mu     sync.Mutex
	unions map[string]types.Schema
}

const maxCachedUnions = 64

// emptyUnion is the union of all tables that fit a pattern when none of them holds
// data: columns without rows. ok is false when some do.
func (b *binder) emptyUnion(pattern string, env *scope, opt unionOptions) (*rows, bool) {
	if b.opts.Cache == nil {
		return nil, false
	}
	names, data := b.matchingTables(pattern, env)
	if data || len(names) == 0 {
		return nil, false
	}
	b.reads.add(pattern)
	h := fnv.New64a()
	for _, n := range names {
		t, _ := b.cat.Table(n)
		h.Write([]byte(n))
		h.Write([]byte{0, byte(len(t.Columns)), byte(len(t.Columns) >> 8)})
	}
	key := pattern + "\x00" + opt.withSource + "\x00" + strconv.FormatBool(opt.inner) + strconv.FormatUint(h.Sum64(), 16)
	c := b.opts.Cache
	c.mu.Lock()
	schema, ok := c.unions[key]
	c.mu.Unlock()
	if !ok {
		var inputs []*rows
		for _, n := range names {
			t, _ := b.cat.Table(n)
			inputs = append(inputs, b.scan(t))
		}
		schema = b.unionAll(inputs, opt).schema()
		c.mu.Lock()
		if c.unions == nil || len(c.unions) >= maxCachedUnions {
			c.unions = map[string]types.Schema{}
		}
		c.unions[key] = schema
		c.mu.Unlock()
	}
	v := &plan.Values{Cols: b.newCols(schema)}
	return &rows{node: v, cols: v.Cols}, true
}
