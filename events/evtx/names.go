package evtx

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	maxNameLength  = 1024    // UTF-16 units of an element or attribute name
	maxInterned    = 1 << 13 // strings an interner keeps
	maxInternedLen = 512
)

// name reads a name offset and the name; one that stands right behind its offset
// is stepped over.
func (c *compiler) name() (string, error) {
	off := c.cur.u32()
	if c.cur.failed || off > math.MaxUint16 {
		return "", fmt.Errorf("name offset %#x is outside the chunk", off)
	}
	inline := int(off) == c.cur.pos
	at := cursor{b: c.chunk, pos: int(off), end: len(c.chunk)}
	at.take(6)
	n := int(at.u16())
	if inline {
		c.cur.take(8 + 2*n + 2) // with its terminating zero
	}
	if s, ok := c.nameAt[off]; ok {
		return s, nil
	}
	if n == 0 || n > maxNameLength {
		return "", fmt.Errorf("the name at %#x of the chunk is %d characters long", off, n)
	}
	b := at.take(2 * n)
	if at.failed {
		return "", errTruncated
	}
	if c.bytes += n; c.bytes > maxTemplateBytes {
		return "", errTooLarge
	}
	s := c.names.utf16(b)
	c.nameAt[off] = s
	return s, nil
}

// plausibleName tells whether the name offset at pos leads to a name whose hash
// is right.
func (c *compiler) plausibleName(pos int) bool {
	if pos+4 > c.cur.end {
		return false
	}
	off := int64(binary.LittleEndian.Uint32(c.chunk[pos:]))
	if off < chunkHeaderSize || off+8 > int64(len(c.chunk)) {
		return false
	}
	b := c.chunk[off:]
	n := int(binary.LittleEndian.Uint16(b[6:]))
	if n == 0 || n > maxNameLength || 8+2*n > len(b) {
		return false
	}
	var hash uint32
	for i := range n {
		hash = hash*65599 + uint32(binary.LittleEndian.Uint16(b[8+2*i:]))
	}
	return uint16(hash) == binary.LittleEndian.Uint16(b[4:])
}

// interner keeps one copy of strings that recur: names, channels, computers.
type interner struct {
	known   map[string]string
	scratch []byte
}

func (in *interner) utf16(b []byte) string {
	in.scratch = appendUTF16(in.scratch[:0], b)
	return in.text(in.scratch)
}

func (in *interner) text(b []byte) string {
	if s, ok := in.known[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(in.known) >= maxInterned || in.known == nil {
		in.known = make(map[string]string) // hostile or very long input: start anew
	}
	if len(s) <= maxInternedLen {
		in.known[s] = s
	}
	return s
}
