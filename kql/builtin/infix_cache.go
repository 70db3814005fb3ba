package builtin

import (
	"strings"
	"sync"

	"quarry/kql/types"
)

// listCache keeps lists that are not constants of the query text but come as the
// same array for every row, as from toscalar(make_set(x)).
type listCache struct {
	mu sync.RWMutex
	m  map[listKey]*parsedList
}

type listKey struct {
	text string
	t    types.Type
	fold bool
}

type parsedList struct {
	set     map[types.Value]struct{}
	needles []string
}

const maxCachedLists = 64

func (e *Env) list(v types.Value, t types.Type, fold bool) *parsedList {
	text, _ := v.(string)
	key := listKey{text, t, fold}
	c := &e.lists
	c.mu.RLock()
	p := c.m[key]
	c.mu.RUnlock()
	if p != nil {
		return p
	}
	p = &parsedList{set: map[types.Value]struct{}{}}
	if v != nil {
		for _, d := range flatten(nil, dyn(text)) {
			if x := fromDyn(t, d); x != nil {
				p.set[folded(x, fold)] = struct{}{}
			}
			needle := d.Text()
			if fold {
				needle = strings.ToLower(needle)
			}
			p.needles = append(p.needles, needle)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxCachedLists {
		c.m = map[listKey]*parsedList{}
	}
	c.m[key] = p
	return p
}

// valueSet is the set of an array's elements as values of type t.
func (e *Env) valueSet(v types.Value, t types.Type, fold bool) map[types.Value]struct{} {
	return e.list(v, t, fold).set
}

// needles are the elements of an array as texts.
func (e *Env) needles(v types.Value, fold bool) []string {
	return e.list(v, types.String, fold).needles
}
