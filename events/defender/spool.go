package defender

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

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
	chunks [][]byte
	size   int
	file   *os.File
	out    *s2.Writer
	buf    []byte
	ids    map[string]uint64
	texts  []string
}

// stored is one event of the spool with what the first pass made of it.
type stored struct {
	ev     winevent.Event
	device uint32
	file   uint32
	utc    int64 // Sysmon's UtcTime, 0 if none
}

func newSpool(limit int) *spool { return &spool{limit: limit, ids: map[string]uint64{}} }

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
		uint64(st.device), uint64(st.file), s.id(ev.Provider), s.id(ev.ProviderGUID), s.id(ev.Channel), s.id(ev.Computer), s.id(ev.UserSID),
		uint64(uint32(ev.EventID)), uint64(uint32(ev.Version)), uint64(uint32(ev.Level)), uint64(uint32(ev.Task)), uint64(uint32(ev.Opcode)),
		ev.Keywords, ev.RecordID, uint64(ev.ProcessID), uint64(ev.ThreadID), uint64(ev.TimeCreated), uint64(st.utc), uint64(len(ev.Data)),
	} {
		b = binary.AppendUvarint(b, n)
	}
	b = appendText(b, ev.ActivityID)
	b = appendText(b, ev.Message)
	for i := range ev.Data {
		b = binary.AppendUvarint(b, s.id(ev.Data[i].Name))
		b = appendText(b, ev.Data[i].Value)
	}
	s.buf = b
	var head [binary.MaxVarintLen64]byte
	if err := s.append(binary.AppendUvarint(head[:0], uint64(len(b)))); err != nil {
		return err
	}
	return s.append(b)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

const chunkSize = 1 << 20

func (s *spool) append(b []byte) error {
	if s.out != nil {
		_, err := s.out.Write(b)
		return spoolError(err)
	}
	s.size += len(b)
	last := len(s.chunks) - 1
	if last < 0 || cap(s.chunks[last])-len(s.chunks[last]) < len(b) {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, len(b))))
		last++
	}
	s.chunks[last] = append(s.chunks[last], b...)
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

// read calls do for each event in the order of writing. The event is valid
// during the call only.
func (s *spool) read(do func(seq uint32, st *stored) error) error {
	var in io.Reader = &chunkReader{chunks: s.chunks}
	if s.file != nil {
		if err := s.out.Close(); err != nil {
			return spoolError(err)
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return spoolError(err)
		}
		in = io.MultiReader(in, s2.NewReader(s.file))
	}
	r := bufio.NewReaderSize(in, 1<<16)
	var st stored
	var buf []byte
	for seq := uint32(0); ; seq++ {
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
		s.decode(&st, buf)
		if err := do(seq, &st); err != nil {
			return err
		}
	}
}

func (s *spool) decode(st *stored, b []byte) {
	text := string(b) // the values are parts of this one string
	next := func() uint64 {
		n, size := binary.Uvarint(b)
		b, text = b[size:], text[size:]
		return n
	}
	str := func() string {
		n := next()
		t := text[:n]
		b, text = b[n:], text[n:]
		return t
	}
	data := st.ev.Data[:0]
	*st = stored{device: uint32(next()), file: uint32(next())}
	ev := &st.ev
	ev.Provider, ev.ProviderGUID = s.texts[next()], s.texts[next()]
	ev.Channel, ev.Computer, ev.UserSID = s.texts[next()], s.texts[next()], s.texts[next()]
	ev.EventID, ev.Version, ev.Level = int(int32(next())), int(int32(next())), int(int32(next()))
	ev.Task, ev.Opcode = int(int32(next())), int(int32(next()))
	ev.Keywords, ev.RecordID = next(), next()
	ev.ProcessID, ev.ThreadID = uint32(next()), uint32(next())
	ev.TimeCreated, st.utc = int64(next()), int64(next())
	n := int(next())
	ev.ActivityID, ev.Message = str(), str()
	for range n {
		name := s.texts[next()]
		data = append(data, winevent.Field{Name: name, Value: str()})
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

type chunkReader struct{ chunks [][]byte }

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.chunks) > 0 && len(c.chunks[0]) == 0 {
		c.chunks = c.chunks[1:]
	}
	if len(c.chunks) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.chunks[0])
	c.chunks[0] = c.chunks[0][n:]
	return n, nil
}
