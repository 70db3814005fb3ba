package bind

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
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
	stored, known := b.like(pattern)
	if len(stored) > 0 || len(known) == 0 || len(views(pattern, env)) > 0 {
		return nil, false
	}
	b.reads.add(pattern)
	h := fnv.New64a()
	for _, t := range known {
		h.Write([]byte(t.name))
		h.Write([]byte{0, byte(len(t.Columns)), byte(len(t.Columns) >> 8)})
	}
	key := pattern + "\x00" + opt.withSource + "\x00" + strconv.FormatBool(opt.inner) + strconv.FormatUint(h.Sum64(), 16)
	c := b.opts.Cache
	c.mu.Lock()
	schema, ok := c.unions[key]
	c.mu.Unlock()
	if !ok {
		inputs := make([]*rows, len(known))
		for i, t := range known {
			inputs[i] = b.scan(t.Table)
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

// listed is a table under the name that the catalog lists it by.
type listed struct {
	name string
	*Table
}

// like are the tables that fit a pattern, by name: those with data, and those only known.
func (b *binder) like(pattern string) (stored, known []listed) {
	for _, n := range b.cat.TableNames() {
		if !match(pattern, n) {
			continue
		}
		if t, ok := b.cat.Table(n); ok && t.Physical != "" {
			stored = append(stored, listed{n, t})
		} else if ok {
			known = append(known, listed{n, t})
		}
	}
	slices.SortFunc(known, func(x, y listed) int { return strings.Compare(x.name, y.name) })
	return stored, slices.CompactFunc(known, func(x, y listed) bool { return x.name == y.name })
}

// lookup finds a table by its exact name. A catalog may make it anew each time, and a name
// is asked for several times on its way to rows.
func (b *binder) lookup(name string) (*Table, bool) {
	t, ok := b.tables[name]
	if !ok {
		if t, ok = b.cat.Table(name); !ok {
			t = nil
		}
		if b.tables == nil {
			b.tables = map[string]*Table{}
		}
		b.tables[name] = t
	}
	return t, t != nil
}
