package builtin

import (
	"math/bits"
	"net/netip"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"quarry/kql/types"
)

// ParseIPv4 reads "a.b.c.d" or "a.b.c.d/n". addr is masked to its first n bits;
// without "/n", n is 32. Octets are plain decimals without leading zeros, since
// others read those as octal.
func ParseIPv4(s string) (addr uint32, n int, ok bool) {
	addr, rest, ok := scanIPv4(s)
	if !ok {
		return 0, 0, false
	}
	n = 32
	if rest != "" {
		if n, ok = suffix(rest, 32); !ok {
			return 0, 0, false
		}
	}
	return addr & mask4(n), n, true
}

// scanIPv4 reads four octets from the start of s and returns what follows.
func scanIPv4(s string) (addr uint32, rest string, ok bool) {
	for octet := range 4 {
		if octet > 0 {
			if s == "" || s[0] != '.' {
				return 0, "", false
			}
			s = s[1:]
		}
		v, i := uint32(0), 0
		for i < len(s) && s[i]-'0' <= 9 && i < 4 {
			v = v*10 + uint32(s[i]-'0')
			i++
		}
		if i == 0 || v > 255 || i > 1 && s[0] == '0' {
			return 0, "", false
		}
		addr = addr<<8 | v
		s = s[i:]
	}
	return addr, s, true
}

// suffix reads "/n" with n in 0..most.
func suffix(s string, most int) (int, bool) {
	if len(s) < 2 || len(s) > 4 || s[0] != '/' {
		return 0, false
	}
	n := 0
	for i := 1; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= most
}

func mask4(n int) uint32 { return uint32(^uint64(0) << (32 - n)) }

// IPv6 is an address as two halves, the first bits in hi.
type IPv6 struct{ hi, lo uint64 }

// Mask keeps the first n bits.
func (a IPv6) Mask(n int) IPv6 {
	if n <= 64 {
		return IPv6{a.hi & (^uint64(0) << (64 - n)), 0}
	}
	return IPv6{a.hi, a.lo & (^uint64(0) << (128 - n))}
}

func (a IPv6) compare(b IPv6) int {
	switch {
	case a == b:
		return 0
	case a.hi < b.hi || a.hi == b.hi && a.lo < b.lo:
		return -1
	}
	return 1
}

// String is the full form: eight groups of four hexadecimal digits.
func (a IPv6) String() string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 39)
	for i := range 8 {
		if i > 0 {
			b = append(b, ':')
		}
		half := a.hi
		if i >= 4 {
			half = a.lo
		}
		g := half >> (48 - 16*(i%4))
		b = append(b, digits[g>>12&15], digits[g>>8&15], digits[g>>4&15], digits[g&15])
	}
	return string(b)
}

// ParseIPv6 reads an IPv6 or IPv4 address with an optional "/n". IPv4 addresses
// become IPv4-mapped ones (::ffff:a.b.c.d), also when written as ::a.b.c.d, and
// their "/n" counts from bit 96. addr is masked to its first n bits. A zone
// ("%eth0") says nothing about the address and is dropped.
func ParseIPv6(s string) (addr IPv6, n int, ok bool) {
	if strings.IndexByte(s, ':') < 0 {
		v4, n, ok := ParseIPv4(s)
		return mapped(v4), n + 96, ok
	}
	text, tail := s, ""
	if i := strings.IndexByte(s, '/'); i >= 0 {
		text, tail = s[:i], s[i:]
	}
	if i := strings.IndexByte(text, '%'); i >= 0 {
		text = text[:i]
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return IPv6{}, 0, false
	}
	b := ip.As16()
	for i := range 8 {
		addr.hi = addr.hi<<8 | uint64(b[i])
		addr.lo = addr.lo<<8 | uint64(b[8+i])
	}
	dotted := strings.IndexByte(text, '.') >= 0
	if dotted && addr.hi == 0 && addr.lo>>32 == 0 {
		addr.lo |= 0xffff << 32
	}
	n = 128
	if tail != "" {
		if n, ok = suffix(tail, 128); !ok {
			return IPv6{}, 0, false
		}
		if dotted && n <= 32 {
			n += 96
		}
	}
	return addr.Mask(n), n, true
}

// Ranges is a set of address ranges that is searched fast.
type Ranges struct {
	from, to []IPv6 // sorted, disjoint, ends included
}

// rangeKind is the notation of the texts that a set of ranges is made of.
type rangeKind uint8

const (
	cidr6   rangeKind = iota // IPv6 or IPv4, with or without "/n"
	cidr4                    // IPv4, with or without "/n"
	plain4                   // IPv4 without "/n"
	dotted4                  // IPv4, or one to three octets each followed by a dot
)

func (k rangeKind) parse(t string) (addr IPv6, n int, ok bool) {
	switch {
	case k == cidr6:
		return ParseIPv6(t)
	case k == dotted4 && !validIPv4Prefix(t), k == plain4 && strings.IndexByte(t, '/') >= 0:
		return IPv6{}, 0, false
	case k == dotted4 && t[len(t)-1] == '.':
		dots := strings.Count(t, ".")
		v4, _, _ := ParseIPv4(t + "0.0.0"[:2*(4-dots)-1])
		return mapped(v4), 96 + 8*dots, true
	}
	v4, n, ok := ParseIPv4(t)
	return mapped(v4), n + 96, ok
}

// mapped is an IPv4 address as an IPv6 one.
func mapped(v4 uint32) IPv6 { return IPv6{0, 0xffff<<32 | uint64(v4)} }

// newRanges makes the set of the ranges in texts; those that do not parse are left out.
func newRanges(texts []string, kind rangeKind) *Ranges {
	type span struct{ from, to IPv6 }
	var spans []span
	for _, t := range texts {
		a, n, ok := kind.parse(t)
		if !ok {
			continue
		}
		rest := IPv6{^uint64(0), ^uint64(0)}
		net := rest.Mask(n)
		spans = append(spans, span{a, IPv6{a.hi | ^net.hi, a.lo | ^net.lo}})
	}
	sort.Slice(spans, func(i, j int) bool { return spans[i].from.compare(spans[j].from) < 0 })
	r := &Ranges{}
	for _, s := range spans {
		if k := len(r.to) - 1; k >= 0 && s.from.compare(r.to[k]) <= 0 {
			if s.to.compare(r.to[k]) > 0 {
				r.to[k] = s.to
			}
			continue
		}
		r.from, r.to = append(r.from, s.from), append(r.to, s.to)
	}
	return r
}

// Contains reports whether the range of a that has n significant bits lies in the set.
func (r *Ranges) Contains(a IPv6, n int) bool {
	lo, hi := 0, len(r.from)
	for lo < hi {
		if m := int(uint(lo+hi) / 2); r.from[m].compare(a) <= 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == 0 {
		return false
	}
	net := IPv6{^uint64(0), ^uint64(0)}.Mask(n)
	last := IPv6{a.hi | ^net.hi, a.lo | ^net.lo}
	return last.compare(r.to[lo-1]) <= 0
}

// rangesCache keeps parsed lists. A list is nearly always one constant of the
// query, so the last one is tried first; equal strings at one place compare at once.
type rangesCache struct {
	last atomic.Pointer[cachedRanges]
	mu   sync.Mutex
	m    map[cacheKey]*cachedRanges
}

type cacheKey struct {
	list string
	kind rangeKind
}

type cachedRanges struct {
	cacheKey
	ranges *Ranges
}

const maxCachedRanges = 64

// get returns the ranges of a JSON array of prefixes; nil when it is no array.
func (c *rangesCache) get(list string, kind rangeKind) *Ranges {
	key := cacheKey{list, kind}
	if l := c.last.Load(); l != nil && l.cacheKey == key {
		return l.ranges
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.m[key]
	if l == nil {
		key.list = strings.Clone(list)
		l = &cachedRanges{cacheKey: key}
		if texts, ok := stringsOf(list); ok {
			l.ranges = newRanges(texts, kind)
		}
		if c.m == nil || len(c.m) >= maxCachedRanges {
			c.m = map[cacheKey]*cachedRanges{}
		}
		c.m[key] = l
	}
	c.last.Store(l)
	return l.ranges
}

// stringsOf is the elements of a JSON array as text; ok is false for anything else.
func stringsOf(list string) ([]string, bool) {
	d, ok := types.ParseDyn(list)
	if !ok || d.Kind() != types.DynArray {
		return nil, false
	}
	texts := make([]string, 0, d.Len())
	for _, e := range d.Items() {
		texts = append(texts, e.Text())
	}
	return texts, true
}

// findIPv4 reports whether text holds a valid IPv4 address that starts with prefix
// (a whole address, or part of one ending in a dot), between characters that are
// neither letters nor digits.
func findIPv4(text, prefix string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], prefix)
		if i < 0 {
			return false
		}
		i += from
		from = i + 1
		if before, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && alphanumeric(before) {
			continue
		}
		_, rest, ok := scanIPv4(text[i:])
		if !ok || prefix[len(prefix)-1] != '.' && len(text)-len(rest)-i != len(prefix) {
			continue
		}
		if delimited(rest) {
			return true
		}
	}
}

// delimited reports whether what follows an address ends it.
func delimited(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !alphanumeric(r)
}

// anyIPv4 reports whether a delimited IPv4 address of text is in the set.
func anyIPv4(text string, set *Ranges) bool {
	for i, start := 0, true; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		} else if start && r >= '0' && r <= '9' {
			if addr, rest, ok := scanIPv4(text[i:]); ok && delimited(rest) && set.Contains(mapped(addr), 128) {
				return true
			}
		}
		start = !alphanumeric(r)
		i += size
	}
	return false
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// validIPv4Prefix accepts a whole address, or one to three octets each followed by a dot.
func validIPv4Prefix(p string) bool {
	if _, rest, ok := scanIPv4(p); ok {
		return rest == ""
	}
	dots := strings.Count(p, ".")
	if dots < 1 || dots > 3 || p[len(p)-1] != '.' {
		return false
	}
	_, rest, ok := scanIPv4(p + "0.0.0"[:2*(4-dots)-1])
	return ok && rest == ""
}

// cidrs covers first..last with the fewest prefixes.
func cidrs(first, last uint32) []types.Dyn {
	var out []types.Dyn
	for at, end := uint64(first), uint64(last)+1; at < end; {
		size := 32
		if at != 0 {
			size = bits.TrailingZeros64(at)
		}
		size = min(size, bits.Len64(end-at)-1)
		out = append(out, types.DynText(formatIPv4(uint32(at), 32-size, true)))
		at += 1 << size
	}
	return out
}

func formatIPv4(a uint32, n int, withMask bool) string {
	b := make([]byte, 0, 18)
	for shift := 24; shift >= 0; shift -= 8 {
		b = appendSmall(b, byte(a>>shift))
		if shift > 0 {
			b = append(b, '.')
		}
	}
	if withMask {
		b = appendSmall(append(b, '/'), byte(n))
	}
	return string(b)
}

func appendSmall(b []byte, v byte) []byte {
	if v >= 100 {
		b = append(b, '0'+v/100)
	}
	if v >= 10 {
		b = append(b, '0'+v/10%10)
	}
	return append(b, '0'+v%10)
}
