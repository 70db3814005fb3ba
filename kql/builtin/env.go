package builtin

import (
	"context"
	"regexp"
	"sync"
	"sync/atomic"
)

// Env is what Go forms and operators may use besides their arguments. Those of one
// engine share what they keep; the methods are safe for concurrent use.
type Env struct {
	*caches
	// Geo answers geo_info_from_ip_address; nil when the user gave no database.
	Geo  GeoIP
	stop *atomic.Bool // nil is never
}

// GeoIP looks an address up and answers with a JSON bag, "" when unknown.
type GeoIP interface{ Lookup(ip string) string }

type caches struct {
	regexps regexCache
	ranges  rangesCache
	shapes  shapeCache
	lists   listCache
	zones   zoneCache
}

// NewEnv makes the Env of an engine.
func NewEnv(geo GeoIP) *Env { return &Env{caches: &caches{}, Geo: geo} }

// Until makes an Env for work that has to end when stop is set.
func (e *Env) Until(stop *atomic.Bool) *Env {
	out := *e
	out.stop = stop
	return &out
}

// During is Until for work that has to end with ctx; release, once it has ended.
func (e *Env) During(ctx context.Context) (own *Env, release func() bool) {
	var stop atomic.Bool
	return e.Until(&stop), context.AfterFunc(ctx, func() { stop.Store(true) })
}

// Stopped is what Check panics with.
type Stopped struct{}

// Check ends the work if its query has ended. Whatever may run for long calls it in its
// inner loops: an engine notices the end of a query only between calls.
func (e *Env) Check() {
	if e.stop != nil && e.stop.Load() {
		panic(Stopped{})
	}
}

// regexCache keeps compiled patterns. Patterns are mostly constants, so a small
// map that is emptied when full is enough.
type regexCache struct {
	mu sync.RWMutex
	m  map[string]*regexp.Regexp
}

const maxCachedPatterns = 512

// Regexp compiles a KQL pattern (the Rust dialect, translated), once. It returns
// nil for a pattern that is not valid.
func (e *Env) Regexp(pattern string) *regexp.Regexp {
	c := &e.regexps
	c.mu.RLock()
	re, ok := c.m[pattern]
	c.mu.RUnlock()
	if ok {
		return re
	}
	if goPattern, err := TranslateRegex(pattern); err == nil {
		re, _ = regexp.Compile(goPattern)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxCachedPatterns {
		c.m = map[string]*regexp.Regexp{}
	}
	c.m[pattern] = re
	return re
}

// NeedsGeoIP is the Row.Needs of calls that look addresses up.
const NeedsGeoIP = "a GeoIP database (MaxMind format)"
