package defender

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/s2"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// spoolLimit is how much of the spool stays in memory; what comes after goes,
// compressed, to a temporary file.
const spoolLimit = 256 << 20

// spool keeps the events between the two passes, in a compact binary form: a number
// tells the kind of each.
type spool struct {
	limit  int
	chunks [][]byte // each of chunkSize or one event, so that their text is never moved
	size   int
	file   *os.File
	out    *s2.Writer
	event  []byte // on its way to the file
	ids    map[string]uint64
	texts  []string
	values []types.Value // the texts

	kinds  []*kind // by number, from 1 on
	byText map[string]*kind
	usual  [128]*kind // last seen, by number and fields of the event
	buf    []byte
}

// maxKinds bounds the kinds that are remembered; 0 stands for one that is not.
const maxKinds = 1 << 13

// stored is one event of the spool with what the first pass made of it.
type stored struct {
	ev              *winevent.Event
	kind            *kind
	computer        uint64 // the name's number in the spool
	device          uint32
	file            uint32
	process, parent uint32 // which the event names by GUID, as processTable numbers them; 0 if none
	utc             int64  // Sysmon's UtcTime, 0 if none
}

// get returns the first field of exactly that name, or "" if there is none.
func (st *stored) get(name string) string {
	if i := st.kind.index(name); i >= 0 {
		return st.ev.Data[i].Value
	}
	return ""
}

func newSpool(limit int) *spool {
	s := &spool{limit: limit, ids: map[string]uint64{}, kinds: make([]*kind, 1), byText: map[string]*kind{}}
	s.id("")
	return s
}

// id shares a text that comes again and again.
func (s *spool) id(text string) uint64 {
	if n, ok := s.ids[text]; ok {
		return n
	}
	if shared, ok := winevent.CommonName(text); ok {
		text = shared // as the events have it, so that comparing them is short
	} else {
		text = strings.Clone(text) // never hold on to the event's memory
	}
	n := uint64(len(s.texts))
	s.ids[text] = n
	s.texts, s.values = append(s.texts, text), append(s.values, text)
	return n
}

// lengthBytes is the space of the length before each event.
const lengthBytes = 4

func (s *spool) write(st *stored) error {
	ev := st.ev
	need := lengthBytes + (14+len(ev.Data))*binary.MaxVarintLen64 + len(ev.ActivityID) + len(ev.Message)
	if st.kind.number == 0 {
		need += len(st.kind.text)
	}
	for i := range ev.Data {
		need += len(ev.Data[i].Value)
	}
	if s.out != nil {
		s.event = s.encode(slices.Grow(s.event[:0], need), st)
		_, err := s.out.Write(s.event)
		return spoolError(err)
	}
	last := len(s.chunks) - 1
	if last < 0 || cap(s.chunks[last])-len(s.chunks[last]) < need {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, need)))
		last++
	}
	before := len(s.chunks[last])
	s.chunks[last] = s.encode(s.chunks[last], st)
	if s.size += len(s.chunks[last]) - before; s.size < s.limit {
		return nil
	}
	f, err := os.CreateTemp("", "quarry-events-*")
	if err != nil {
		return spoolError(err)
	}
	s.file, s.out = f, s2.NewWriter(f, s2.WriterConcurrency(1))
	return nil
}

// chunkSize bounds a chunk, which no event leaves.
const chunkSize = 1 << 20

// encode appends one event and its length, for which there must be room.
func (s *spool) encode(b []byte, st *stored) []byte {
	ev := st.ev
	start := len(b)
	b = binary.AppendUvarint(b[:start+lengthBytes], st.kind.number)
	if st.kind.number == 0 {
		b = appendText(b, st.kind.text)
	}
	for _, n := range [...]uint64{
		st.computer, uint64(st.device), uint64(st.file), uint64(st.process), uint64(st.parent),
		ev.RecordID, uint64(ev.ProcessID), uint64(ev.ThreadID),
	} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(ev.TimeCreated))
	b = binary.LittleEndian.AppendUint64(b, uint64(st.utc))
	b = appendText(b, ev.ActivityID)
	b = appendText(b, ev.Message)
	for i := range ev.Data {
		b = appendText(b, ev.Data[i].Value)
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-lengthBytes))
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func spoolError(err error) error {
	if err != nil {
		return fmt.Errorf("events that do not fit into memory go to a temporary file, which failed (TMPDIR chooses its directory): %w", err)
	}
	return nil
}

// read calls do for each event in the order of writing, once. The event is valid
// during the call only; its values are parts of larger texts, so who keeps one long
// clones it.
func (s *spool) read(do func(seq uint32, st *stored) error) error {
	st := stored{ev: &winevent.Event{}}
	seq := uint32(0)
	each := func(record string) error {
		s.decode(&st, record)
		err := do(seq, &st)
		seq++
		return err
	}
	for i, chunk := range s.chunks {
		s.chunks[i] = nil
		for len(chunk) > 0 {
			end := lengthBytes + int(binary.LittleEndian.Uint32(chunk))
			if err := each(passing(chunk[lengthBytes:end])); err != nil {
				return err
			}
			chunk = chunk[end:]
		}
	}
	if s.file == nil {
		return nil
	}
	if err := s.out.Close(); err != nil {
		return spoolError(err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return spoolError(err)
	}
	r := bufio.NewReaderSize(s2.NewReader(s.file), 1<<16)
	var length [lengthBytes]byte
	for {
		switch _, err := io.ReadFull(r, length[:]); {
		case err == io.EOF:
			return nil
		case err != nil:
			return spoolError(err)
		}
		b := make([]byte, binary.LittleEndian.Uint32(length[:]))
		if _, err := io.ReadFull(r, b); err != nil {
			return spoolError(err)
		}
		if err := each(passing(b)); err != nil {
			return err
		}
	}
}

// cursor reads what spool.write wrote.
type cursor struct{ text string }

// next reads a number as binary.AppendUvarint writes it.
func (c *cursor) next() uint64 {
	if b := c.text[0]; b < 0x80 {
		c.text = c.text[1:]
		return uint64(b)
	}
	var n uint64
	for i := 0; ; i++ {
		b := c.text[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.text = c.text[i+1:]
			return n
		}
	}
}

// fixed reads a number of eight bytes.
func (c *cursor) fixed() (n uint64) {
	for i := range 8 {
		n |= uint64(c.text[i]) << (8 * i)
	}
	c.text = c.text[8:]
	return n
}

func (c *cursor) str() string {
	n := c.next()
	t := c.text[:n]
	c.text = c.text[n:]
	return t
}

func (s *spool) decode(st *stored, record string) {
	c := cursor{record}
	if n := c.next(); n != 0 {
		st.kind = s.kinds[n]
	} else {
		st.kind = s.newKind(c.str())
	}
	st.computer, st.device, st.file = c.next(), uint32(c.next()), uint32(c.next())
	st.process, st.parent = uint32(c.next()), uint32(c.next())
	ev := st.ev
	data := ev.Data[:0]
	*ev = st.kind.Event
	ev.Computer = s.texts[st.computer]
	ev.RecordID, ev.ProcessID, ev.ThreadID = c.next(), uint32(c.next()), uint32(c.next())
	ev.TimeCreated, st.utc = int64(c.fixed()), int64(c.fixed())
	ev.ActivityID, ev.Message = c.str(), c.str()
	for _, name := range st.kind.names {
		data = append(data, winevent.Field{Name: name, Value: c.str()})
	}
	ev.Data = data
}

// close removes the temporary file, if there is one.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := s.file.Close()
	s.file = nil
	if rm := os.Remove(name); err == nil {
		err = rm
	}
	return spoolError(err)
}
