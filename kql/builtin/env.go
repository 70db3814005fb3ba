package builtin

import (
	"regexp"
	"sync"
)

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
