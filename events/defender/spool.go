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

// spool keeps the events between the two passes, in a compact binary form with
// shared names.
type spool struct {
	limit  int
	chunks [][]byte // each of chunkSize or one event, so that their text is never moved
	size   int
	file   *os.File
	out    *s2.Writer
	event  []byte // on its way to the file
	buf    []byte
	ids    map[string]uint64
	texts  []string
	values []types.Value // the texts
	usual  [64]usual     // by the low bits of the event's number: what the last such event had

	shapes  []shape
	byNames map[string]uint64 // names of a shape as encoded -> its number
}

// usual are the texts of the last event of some number: events of one number mostly have
// the same, which then need not be looked up.
type usual struct {
	ids   [5]uint64
	shape uint64
}

// shape is the names of an event's fields.
type shape []uint64

// maxShapes bounds the shapes that are remembered; 0 stands for one that is not.
const maxShapes = 1 << 14

// stored is one event of the spool with what the first pass made of it.
type stored struct {
	ev     winevent.Event
	device uint32
	file   uint32
	utc    int64 // Sysmon's UtcTime, 0 if none
	texts  texts // set when it is read
	own    []uint64
}

// texts are the numbers of an event's shared texts in the spool.
type texts struct {
	provider, guid, channel, computer, sid uint64
	names                                  []uint64 // of the fields of Data
}

func newSpool(limit int) *spool {
	s := &spool{limit: limit, ids: map[string]uint64{}, shapes: make([]shape, 1), byNames: map[string]uint64{}}
	s.id("")
	return s
}

// idLike is id for a text that is last as a rule.
func (s *spool) idLike(last *uint64, text string) uint64 {
	if s.texts[*last] != text {
		*last = s.id(text)
	}
	return *last
}

// shapeLike is the number of the names of an event's fields, which is last as a rule.
func (s *spool) shapeLike(last *uint64, data []winevent.Field) uint64 {
	if *last != 0 && s.fits(s.shapes[*last], data) {
		return *last
	}
	s.buf = s.buf[:0]
	names := make(shape, len(data))
	for i := range data {
		names[i] = s.id(data[i].Name)
		s.buf = binary.AppendUvarint(s.buf, names[i])
	}
	n, ok := s.byNames[string(s.buf)]
	if !ok && len(s.shapes) < maxShapes {
		n = uint64(len(s.shapes))
		s.shapes = append(s.shapes, names)
		s.byNames[string(s.buf)] = n
	}
	*last = n
	return n
}

func (s *spool) fits(names shape, data []winevent.Field) bool {
	if len(names) != len(data) {
		return false
	}
	for i := range data {
		if s.texts[names[i]] != data[i].Name { // common names are the very same text
			return false
		}
	}
	return true
}

// id shares a text that comes again and again.
func (s *spool) id(text string) uint64 {
	if n, ok := s.ids[text]; ok {
		return n
	}
	if shared, ok := winevent.CommonName(text); ok {
		text = shared // as the events have it, so that idLike need not compare it
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
	ev := &st.ev
	need := lengthBytes + (21+len(ev.Data)*2)*binary.MaxVarintLen64 + len(ev.ActivityID) + len(ev.Message)
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
	ev := &st.ev
	last := &s.usual[ev.EventID&63]
	shape := s.shapeLike(&last.shape, ev.Data)
	start := len(b)
	b = b[:start+lengthBytes]
	for _, n := range [...]uint64{
		uint64(st.device), uint64(st.file),
		s.idLike(&last.ids[0], ev.Provider), s.idLike(&last.ids[1], ev.ProviderGUID), s.idLike(&last.ids[2], ev.Channel),
		s.idLike(&last.ids[3], ev.Computer), s.idLike(&last.ids[4], ev.UserSID),
		uint64(uint32(ev.EventID)), uint64(uint32(ev.Version)), uint64(uint32(ev.Level)), uint64(uint32(ev.Task)), uint64(uint32(ev.Opcode)),
		ev.RecordID, uint64(ev.ProcessID), uint64(ev.ThreadID), shape,
	} {
		b = binary.AppendUvarint(b, n)
	}
	for _, n := range [...]uint64{ev.Keywords, uint64(ev.TimeCreated), uint64(st.utc)} { // large as a rule
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = appendText(b, ev.ActivityID)
	b = appendText(b, ev.Message)
	if shape == 0 {
		b = binary.AppendUvarint(b, uint64(len(ev.Data)))
	}
	for i := range ev.Data {
		if shape == 0 {
			b = binary.AppendUvarint(b, s.id(ev.Data[i].Name))
		}
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
	data := st.ev.Data[:0]
	own := st.own[:0]
	*st = stored{device: uint32(c.next()), file: uint32(c.next())}
	ev := &st.ev
	t := texts{provider: c.next(), guid: c.next(), channel: c.next(), computer: c.next(), sid: c.next()}
	ev.Provider, ev.ProviderGUID, ev.Channel, ev.Computer, ev.UserSID = s.texts[t.provider], s.texts[t.guid], s.texts[t.channel], s.texts[t.computer], s.texts[t.sid]
	ev.EventID, ev.Version, ev.Level = int(int32(c.next())), int(int32(c.next())), int(int32(c.next()))
	ev.Task, ev.Opcode = int(int32(c.next())), int(int32(c.next()))
	ev.RecordID, ev.ProcessID, ev.ThreadID = c.next(), uint32(c.next()), uint32(c.next())
	shape := c.next()
	ev.Keywords, ev.TimeCreated, st.utc = c.fixed(), int64(c.fixed()), int64(c.fixed())
	ev.ActivityID, ev.Message = c.str(), c.str()
	if t.names = s.shapes[shape]; shape != 0 {
		for _, name := range t.names {
			data = append(data, winevent.Field{Name: s.texts[name], Value: c.str()})
		}
	} else {
		for range c.next() {
			own = append(own, c.next())
			data = append(data, winevent.Field{Name: s.texts[own[len(own)-1]], Value: c.str()})
		}
		t.names = own
	}
	ev.Data, st.texts, st.own = data, t, own
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
