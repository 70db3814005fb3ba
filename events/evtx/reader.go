package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"quarry/events/winevent"
)

const (
	fileHeaderSize = 4096
	chunkSize      = 65536
	maxDamage      = 100

	flagDirty     = 1 // file: not closed by the service, header counts may lag
	fileFlagNoCRC = 4 // file and chunk: checksums are not kept
)

var (
	fileMagic   = []byte("ElfFile\x00")
	chunkMagic  = []byte("ElfChnk\x00")
	legacyMagic = []byte{0x30, 0, 0, 0, 'L', 'f', 'L', 'e'}
)

// ErrFormat is wrapped by the errors of NewReader and NewStreamReader for input
// that is not an .evtx log.
var ErrFormat = errors.New("not an .evtx log")

// Stats tells what a Reader has met so far.
type Stats struct {
	Chunks         int // chunks whose records were walked
	EmptyChunks    int // preallocated, all zero
	DamagedChunks  int // chunks passed over: wrong signature or cut short before any record
	BadChecksums   int // chunks that were read though a checksum is wrong
	Records        int // records delivered
	DamagedRecords int // records, or runs of unreadable bytes between records, passed over
	IrregularData  int // values whose size does not fit their type, delivered as hexadecimal bytes

	Dirty bool // the log was not closed properly; its last chunk may be unfinished

	Damage        []Damage // the first 100 places
	DamageOmitted int      // places beyond those
}

// Damage is one damaged place in a log.
type Damage struct {
	Offset int64 // in bytes from the start of the file
	Reason string
	Lost   bool // records may have been lost here; else only something is odd
}

func (d Damage) String() string { return fmt.Sprintf("offset %#x: %s", d.Offset, d.Reason) }

// Reader yields the records of one log in file order. It is not safe for
// concurrent use.
type Reader struct {
	src    io.Reader
	offset int64 // of the next chunk in the file
	noCRC  bool
	err    error // sticky: io.EOF or a read error

	chunk chunk
	rec   Record
	stats Stats
}

// NewReader reads a log of the given size in bytes. It fails only if the input
// is not an .evtx log or cannot be read; wrong counts in the header are ignored.
func NewReader(r io.ReaderAt, size int64) (*Reader, error) {
	return NewStreamReader(io.NewSectionReader(r, 0, size))
}

// NewStreamReader reads a log from a stream, such as a file inside a zip.
func NewStreamReader(src io.Reader) (*Reader, error) {
	var header [fileHeaderSize]byte
	n, err := io.ReadFull(src, header[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("reading the header of the event log: %w", err)
	}
	r := &Reader{src: src, offset: fileHeaderSize}
	r.chunk.init(r)
	h := header[:n]
	switch {
	case n == 0:
		return nil, fmt.Errorf("%w: the file is empty", ErrFormat)
	case bytes.HasPrefix(h, legacyMagic):
		return nil, fmt.Errorf("%w: this is a log of Windows XP/2003 (.evt); convert it with: wevtutil epl /lf:true old.evt new.evtx", ErrFormat)
	case bytes.HasPrefix(h, chunkMagic): // chunks carved out without the file header
		r.odd(0, "the file header is missing")
		r.src, r.offset = io.MultiReader(bytes.NewReader(h), src), 0
	case !bytes.HasPrefix(h, fileMagic):
		// A ruined header is no reason to give up chunks that follow it.
		var next [8]byte
		k, _ := io.ReadFull(src, next[:])
		if !bytes.Equal(next[:k], chunkMagic) {
			return nil, fmt.Errorf("%w: it does not start with ElfFile", ErrFormat)
		}
		r.odd(0, "the file header has no ElfFile signature")
		r.src = io.MultiReader(bytes.NewReader(next[:k]), src)
	case n < fileHeaderSize:
		r.damage(int64(n), "the file ends inside its header")
		r.err = io.EOF
	default:
		flags := binary.LittleEndian.Uint32(h[120:])
		r.stats.Dirty = flags&flagDirty != 0
		r.noCRC = flags&fileFlagNoCRC != 0
		if major := binary.LittleEndian.Uint16(h[38:]); major != 3 {
			r.odd(38, fmt.Sprintf("format version %d is unknown; reading it as version 3", major))
		}
	}
	return r, nil
}

// Next returns the next record, or io.EOF after the last one. Any other error
// means that the input could not be read further. The record is valid until the
// following call of Next.
func (r *Reader) Next() (*Record, error) {
	for {
		for r.chunk.next(&r.rec) {
			if err := r.decode(); err != nil {
				r.stats.DamagedRecords++
				r.damage(r.rec.Offset, fmt.Sprintf("record %d: %v", r.rec.ID, err))
				continue
			}
			r.stats.Records++
			return &r.rec, nil
		}
		if r.err != nil {
			return nil, r.err
		}
		r.loadChunk()
	}
}

// Records iterates over the remaining records. A read error is yielded last,
// with a nil record.
func (r *Reader) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for {
			rec, err := r.Next()
			if err == io.EOF || !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// Stats tells what was read and what was passed over until now.
func (r *Reader) Stats() Stats { return r.stats }

// loadChunk reads the next chunk; at the end of the input it sets r.err.
func (r *Reader) loadChunk() {
	buf := r.chunk.buf[:]
	n, err := io.ReadFull(r.src, buf)
	at := r.offset
	r.offset += int64(n)
	switch err {
	case nil:
	case io.EOF:
		r.err = io.EOF
		return
	case io.ErrUnexpectedEOF: // a file cut short: its last records may still be whole
		r.err = io.EOF
		clear(buf[n:])
	default:
		r.err = fmt.Errorf("reading the event log at offset %d: %w", r.offset, err)
		return
	}
	if allZero(buf) {
		r.stats.EmptyChunks++
		return
	}
	if n < chunkSize {
		r.damage(at+int64(n), "the file ends inside a chunk")
	}
	if !bytes.HasPrefix(buf, chunkMagic) || n < chunkHeaderSize {
		r.stats.DamagedChunks++
		r.damage(at, "the chunk has no ElfChnk signature; it was passed over")
		return
	}
	r.stats.Chunks++
	r.chunk.start(at, n)
}

func allZero(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
	}
	return true
}

// damage notes a place where records may have been lost.
func (r *Reader) damage(offset int64, reason string) { r.place(Damage{offset, reason, true}) }

// odd notes a place that is not as it should be, where all was read nevertheless.
func (r *Reader) odd(offset int64, reason string) { r.place(Damage{offset, reason, false}) }

func (r *Reader) place(d Damage) {
	if len(r.stats.Damage) == maxDamage {
		r.stats.DamageOmitted++
		return
	}
	r.stats.Damage = append(r.stats.Damage, d)
}

// decode runs the current record once, which proves it whole and makes its Event.
func (r *Reader) decode() error {
	c := &r.chunk
	c.walker.irregular = 0
	c.events.reset()
	if err := c.walker.run(&c.events, r.rec.start, r.rec.end); err != nil {
		return err
	}
	r.stats.IrregularData += c.walker.irregular
	r.rec.event = c.events.event(r.rec.ID)
	return nil
}

// Record is one record of a log. Its methods may be called until the Reader's
// next call of Next; what they return stays valid.
type Record struct {
	ID      uint64 // the record's number in this file
	Written int64  // when the service stored it, in ticks (a types.Value datetime)
	Offset  int64  // in bytes from the start of the file

	event      winevent.Event
	chunk      *chunk
	start, end int // its BinXML, relative to the chunk
}

// Event is the record in the common form.
//
// EventData gives one field per Data element, named by its Name attribute, else
// "Data". Other elements under EventData and those under UserData give a field
// per leaf, named by the element; their attributes are named "Element/@attribute".
// An array value repeats its element, as Windows does, so its items are separate
// fields of one name.
func (rec *Record) Event() winevent.Event { return rec.event }
