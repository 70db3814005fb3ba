package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	chunkHeaderSize  = 512
	recordHeaderSize = 24
	minRecordSize    = recordHeaderSize + 4 // the size is repeated at the end
)

var recordMagic = []byte("**\x00\x00")

// chunk holds one chunk and walks the records in it. All offsets in BinXML are
// relative to the chunk's start.
type chunk struct {
	buf [chunkSize]byte
	r   *Reader
	at  int64 // of the chunk in the file

	pos    int    // of the next record
	free   int    // end of the records, as the chunk header has it
	size   int    // bytes of the chunk that the file has
	lastID uint64 // of the record before pos
	any    bool   // there was one

	compiler compiler
	walker   walker
	events   eventSink
}

func (c *chunk) init(r *Reader) {
	c.r = r
	c.compiler.init(c.buf[:])
	c.walker.init(&c.compiler)
	c.events.names = &c.compiler.names
}

// start begins the walk of a chunk just read into buf, of which n bytes are there.
func (c *chunk) start(at int64, n int) {
	c.at, c.size, c.pos, c.any = at, n, chunkHeaderSize, false
	c.compiler.reset()
	le := binary.LittleEndian
	c.free = int(le.Uint32(c.buf[48:]))
	if c.free < chunkHeaderSize || c.free > chunkSize {
		c.r.odd(at+48, fmt.Sprintf("the chunk's end of records (%d) is out of range; searching all of it", c.free))
		c.free = chunkSize
	} else if !c.r.noCRC && c.buf[120]&fileFlagNoCRC == 0 && n == chunkSize {
		c.checkSums(at)
	}
	c.free = min(c.free, n)
}

// checkSums notes wrong checksums. The records are read all the same: a log in
// use has them wrong in its last chunk, and a record proves itself when decoded.
func (c *chunk) checkSums(at int64) {
	le := binary.LittleEndian
	header := crc32.Update(crc32.ChecksumIEEE(c.buf[:120]), crc32.IEEETable, c.buf[128:chunkHeaderSize])
	data := crc32.ChecksumIEEE(c.buf[chunkHeaderSize:c.free])
	what := ""
	switch {
	case header != le.Uint32(c.buf[124:]):
		what = "header"
	case data != le.Uint32(c.buf[52:]):
		what = "data"
	default:
		return
	}
	c.r.stats.BadChecksums++
	c.r.odd(at, "the checksum of the chunk's "+what+" is wrong; its readable records are delivered")
}

// next finds the next record. Bytes that are no record are passed over up to the
// next place that is one, and counted once per gap.
func (c *chunk) next(rec *Record) bool {
	if c.pos >= c.free {
		return c.unfinished(rec)
	}
	size := c.recordSize(c.pos, c.free)
	if size == 0 {
		bad := c.pos
		c.pos, size = c.resync(bad+1, c.free)
		c.r.stats.DamagedRecords++
		c.r.damage(c.at+int64(bad), fmt.Sprintf("no valid record for %d bytes", c.pos-bad))
		if size == 0 {
			c.pos = chunkSize // do not read on into what lies after the damage
			c.free = 0
			return false
		}
	}
	c.deliver(rec, size)
	return true
}

// unfinished reads on after the end that the chunk header states: in a log in
// use the header lags behind the records. Only a record numbered next to the
// last belongs there; anything else is a remnant of what the chunk held before.
func (c *chunk) unfinished(rec *Record) bool {
	if !c.r.stats.Dirty || !c.any || c.pos >= c.size {
		return false
	}
	size := c.recordSize(c.pos, c.size)
	if size == 0 || binary.LittleEndian.Uint64(c.buf[c.pos+8:]) != c.lastID+1 {
		c.pos = chunkSize
		return false
	}
	c.deliver(rec, size)
	return true
}

func (c *chunk) deliver(rec *Record, size int) {
	le := binary.LittleEndian
	b := c.buf[c.pos : c.pos+size]
	*rec = Record{
		ID:      le.Uint64(b[8:]),
		Written: fileTimeTicks(le.Uint64(b[16:])),
		Offset:  c.at + int64(c.pos),
		chunk:   c,
		start:   c.pos + recordHeaderSize,
		end:     c.pos + size - 4,
	}
	c.lastID, c.any = rec.ID, true
	c.pos += size
}

// recordSize is the size of the record at pos, or 0 if there is none: signature,
// size, and the same size at the record's end.
func (c *chunk) recordSize(pos, end int) int {
	if pos+minRecordSize > end || !bytes.HasPrefix(c.buf[pos:], recordMagic) {
		return 0
	}
	size := binary.LittleEndian.Uint32(c.buf[pos+4:])
	if size < minRecordSize || int64(size) > int64(end-pos) {
		return 0
	}
	if binary.LittleEndian.Uint32(c.buf[pos+int(size)-4:]) != size {
		return 0
	}
	return int(size)
}

// resync is the place and size of the next record at or after pos; size 0 if none.
func (c *chunk) resync(pos, end int) (int, int) {
	for pos < end {
		i := bytes.Index(c.buf[pos:end], recordMagic)
		if i < 0 {
			break
		}
		pos += i
		if size := c.recordSize(pos, end); size > 0 {
			return pos, size
		}
		pos++
	}
	return end, 0
}
