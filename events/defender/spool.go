package defender

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/s2"

	"quarry/events/winevent"
)

// spoolLimit is how much of the spool stays in memory; what comes after goes,
// compressed, to a temporary file.
const spoolLimit = 256 << 20

// spool keeps the events between the two passes, in a compact binary form with
// shared names.
type spool struct {
	limit  int
	chunks []*strings.Builder // each of chunkSize, so that their text is never moved
	size   int
	file   *os.File
	out    *s2.Writer
	buf    []byte
	head   []byte // the length of buf
	ids    map[string]uint64
	texts  []string
	usual  [64][]uint64 // by the low bits of the event's number: the ids of the last such event
}

// stored is one event of the spool with what the first pass made of it.
type stored struct {
	ev     winevent.Event
	device uint32
	file   uint32
	utc    int64 // Sysmon's UtcTime, 0 if none
}

func newSpool(limit int) *spool { return &spool{limit: limit, ids: map[string]uint64{}} }

// idLike is id for the i-th text of an event. Events of one number mostly have the same,
// so the one before tells without a look into the map.
func (s *spool) idLike(ev *winevent.Event, i int, text string) uint64 {
	last := &s.usual[ev.EventID&63]
	if i < len(*last) {
		if n := (*last)[i]; s.texts[n] == text {
			return n
		}
	}
	n := s.id(text)
	if i < len(*last) {
		(*last)[i] = n
	} else if i == len(*last) {
		*last = append(*last, n)
	}
	return n
}

// id shares a text that comes again and again.
func (s *spool) id(text string) uint64 {
	if n, ok := s.ids[text]; ok {
		return n
	}
	text = string(append([]byte(nil), text...)) // never hold on to the event's memory
	n := uint64(len(s.texts))
	s.ids[text] = n
	s.texts = append(s.texts, text)
	return n
}

func (s *spool) write(st *stored) error {
	ev := &st.ev
	b := s.buf[:0]
	for _, n := range [...]uint64{
		uint64(st.device), uint64(st.file),
		s.idLike(ev, 0, ev.Provider), s.idLike(ev, 1, ev.ProviderGUID), s.idLike(ev, 2, ev.Channel), s.idLike(ev, 3, ev.Computer), s.idLike(ev, 4, ev.UserSID),
		uint64(uint32(ev.EventID)), uint64(uint32(ev.Version)), uint64(uint32(ev.Level)), uint64(uint32(ev.Task)), uint64(uint32(ev.Opcode)),
		ev.Keywords, ev.RecordID, uint64(ev.ProcessID), uint64(ev.ThreadID), uint64(ev.TimeCreated), uint64(st.utc), uint64(len(ev.Data)),
	} {
		b = binary.AppendUvarint(b, n)
	}
	b = appendText(b, ev.ActivityID)
	b = appendText(b, ev.Message)
	for i := range ev.Data {
		b = binary.AppendUvarint(b, s.idLike(ev, 5+i, ev.Data[i].Name))
		b = appendText(b, ev.Data[i].Value)
	}
	s.buf = b
	s.head = binary.AppendUvarint(s.head[:0], uint64(len(b)))
	return s.append(s.head, b)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

const chunkSize = 1 << 20

// append keeps one event, which never lies in two chunks.
func (s *spool) append(head, b []byte) error {
	if s.out != nil {
		_, err := s.out.Write(head)
		if err == nil {
			_, err = s.out.Write(b)
		}
		return spoolError(err)
	}
	n := len(head) + len(b)
	s.size += n
	last := len(s.chunks) - 1
	if last < 0 || s.chunks[last].Cap()-s.chunks[last].Len() < n {
		chunk := &strings.Builder{}
		chunk.Grow(max(chunkSize, n))
		s.chunks = append(s.chunks, chunk)
		last++
	}
	s.chunks[last].Write(head)
	s.chunks[last].Write(b)
	if s.size < s.limit {
		return nil
	}
	f, err := os.CreateTemp("", "quarry-events-*")
	if err != nil {
		return spoolError(err)
	}
	s.file, s.out = f, s2.NewWriter(f, s2.WriterConcurrency(1))
	return nil
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
	var st stored
	seq := uint32(0)
	each := func(record string) error {
		s.decode(&st, record)
		err := do(seq, &st)
		seq++
		return err
	}
	for i, chunk := range s.chunks {
		s.chunks[i] = nil
		for c := (cursor{chunk.String()}); c.text != ""; {
			if err := each(c.str()); err != nil {
				return err
			}
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
	var buf []byte
	for {
		n, err := binary.ReadUvarint(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return spoolError(err)
		}
		if uint64(cap(buf)) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if _, err := io.ReadFull(r, buf); err != nil {
			return spoolError(err)
		}
		if err := each(string(buf)); err != nil {
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

func (c *cursor) str() string {
	n := c.next()
	t := c.text[:n]
	c.text = c.text[n:]
	return t
}

func (s *spool) decode(st *stored, record string) {
	c := cursor{record}
	data := st.ev.Data[:0]
	*st = stored{device: uint32(c.next()), file: uint32(c.next())}
	ev := &st.ev
	ev.Provider, ev.ProviderGUID = s.texts[c.next()], s.texts[c.next()]
	ev.Channel, ev.Computer, ev.UserSID = s.texts[c.next()], s.texts[c.next()], s.texts[c.next()]
	ev.EventID, ev.Version, ev.Level = int(int32(c.next())), int(int32(c.next())), int(int32(c.next()))
	ev.Task, ev.Opcode = int(int32(c.next())), int(int32(c.next()))
	ev.Keywords, ev.RecordID = c.next(), c.next()
	ev.ProcessID, ev.ThreadID = uint32(c.next()), uint32(c.next())
	ev.TimeCreated, st.utc = int64(c.next()), int64(c.next())
	n := int(c.next())
	ev.ActivityID, ev.Message = c.str(), c.str()
	for range n {
		name := s.texts[c.next()]
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
