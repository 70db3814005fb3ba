package evtx

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

// chunkBuilder writes one chunk, as small as a test needs it.
type chunkBuilder struct {
	b     []byte
	names map[string]int
	inDef bool
	first uint64
	last  uint64
}

func newChunk() *chunkBuilder {
	return &chunkBuilder{b: make([]byte, chunkHeaderSize), names: map[string]int{}}
}

var le = binary.LittleEndian

func (w *chunkBuilder) u8(n ...byte) { w.b = append(w.b, n...) }
func (w *chunkBuilder) u16(n int)    { w.b = le.AppendUint16(w.b, uint16(n)) }
func (w *chunkBuilder) u32(n int)    { w.b = le.AppendUint32(w.b, uint32(n)) }

// patch leaves room for a 32-bit size and returns what fills it in.
func (w *chunkBuilder) patch() func() {
	at := len(w.b)
	w.u32(0)
	return func() { le.PutUint32(w.b[at:], uint32(len(w.b)-at-4)) }
}

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

func (w *chunkBuilder) name(s string) {
	if at, ok := w.names[s]; ok {
		w.u32(at)
		return
	}
	at := len(w.b) + 4
	w.names[s] = at
	w.u32(at)
	w.u32(0)
	var hash uint32
	for _, u := range utf16.Encode([]rune(s)) {
		hash = hash*65599 + uint32(u)
	}
	w.u16(int(uint16(hash)))
	w.u16(len(utf16le(s)) / 2)
	w.u8(utf16le(s)...)
	w.u16(0)
}

// record writes a record around what body writes.
func (w *chunkBuilder) record(id uint64, body func()) {
	start := len(w.b)
	w.u8(recordMagic...)
	w.u32(0)
	w.b = le.AppendUint64(w.b, id)
	w.b = le.AppendUint64(w.b, 132223104000000000) // 2020-01-01
	w.u8(tokFragment, 1, 1, 0)
	body()
	w.u8(tokEOF)
	for (len(w.b)+4)%8 != 0 {
		w.u8(0)
	}
	size := len(w.b) + 4 - start
	w.u32(size)
	le.PutUint32(w.b[start+4:], uint32(size))
	if w.first == 0 {
		w.first = id
	}
	w.last = id
}

// attr is an attribute: its name, and what writes its value.
type attr struct {
	name  string
	value func()
}

// element writes an element; content nil makes an empty one.
func (w *chunkBuilder) element(name string, attrs []attr, content func()) {
	w.dependent(noDependency, name, attrs, content)
}

func (w *chunkBuilder) dependent(on int, name string, attrs []attr, content func()) {
	tok := byte(tokOpenStart)
	if attrs != nil {
		tok |= tokMoreData
	}
	w.u8(tok)
	if w.inDef {
		w.u16(on)
	}
	size := w.patch()
	w.name(name)
	if attrs != nil {
		list := w.patch()
		for i, a := range attrs {
			tok := byte(tokAttribute)
			if i < len(attrs)-1 {
				tok |= tokMoreData
			}
			w.u8(tok)
			w.name(a.name)
			a.value()
		}
		list()
	}
	if content == nil {
		w.u8(tokCloseEmpty)
	} else {
		w.u8(tokCloseStart)
		content()
		w.u8(tokEndElement)
	}
	size()
}

func (w *chunkBuilder) lit(s string) func() {
	return func() {
		w.u8(tokValue, typeString)
		w.u16(len(utf16le(s)) / 2)
		w.u8(utf16le(s)...)
	}
}

func (w *chunkBuilder) sub(i int) func() {
	return func() { w.u8(tokSubstitution); w.u16(i); w.u8(typeString) }
}

func (w *chunkBuilder) opt(i int) func() {
	return func() { w.u8(tokOptional); w.u16(i); w.u8(typeString) }
}

// v is a typed value of a template instance.
type v struct {
	typ  byte
	data []byte
}

func str(s string) v { return v{typeString, utf16le(s)} }

// instance writes a template instance and returns the offset of its definition:
// the given one, or that of a definition written in place.
func (w *chunkBuilder) instance(id, def int, body func(), values ...v) int {
	w.u8(tokTemplate, 1)
	w.u32(id)
	if body != nil {
		def = len(w.b) + 4
	}
	w.u32(def)
	if body != nil {
		w.u32(0)
		w.u32(id)
		w.u8(make([]byte, 12)...)
		size := w.patch()
		w.u8(tokFragment, 1, 1, 0)
		outer := w.inDef
		w.inDef = true
		body()
		w.inDef = outer
		w.u8(tokEOF)
		size()
	}
	w.u32(len(values))
	for _, x := range values {
		w.u16(len(x.data))
		w.u8(x.typ, 0)
	}
	for _, x := range values {
		w.u8(x.data...)
	}
	return def
}

// nested returns what write writes as a BinXML value; it must be written where
// the value will stand, which the caller sees to by giving that offset.
func (w *chunkBuilder) nested(at int, write func(w *chunkBuilder)) v {
	in := &chunkBuilder{b: make([]byte, at), names: map[string]int{}}
	in.u8(tokFragment, 1, 1, 0)
	write(in)
	in.u8(tokEOF)
	return v{typeBinXML, in.b[at:]}
}

// bytes finishes the chunk: its end of records, its checksums.
func (w *chunkBuilder) bytes() []byte {
	b := make([]byte, chunkSize)
	copy(b, w.b)
	copy(b, chunkMagic)
	le.PutUint64(b[24:], w.first)
	le.PutUint64(b[32:], w.last)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[48:], uint32(len(w.b)))
	sign(b)
	return b
}

func sign(b []byte) {
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[chunkHeaderSize:le.Uint32(b[48:])]))
	le.PutUint32(b[124:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHeaderSize]))
}

// logFile is a file of the given chunks.
func logFile(flags uint32, chunks ...[]byte) []byte {
	b := make([]byte, fileHeaderSize)
	copy(b, fileMagic)
	le.PutUint16(b[36:], 1)
	le.PutUint16(b[38:], 3)
	le.PutUint32(b[120:], flags)
	for _, c := range chunks {
		b = append(b, c...)
	}
	return b
}

// event writes a record of the usual form: System and EventData in one template.
func (w *chunkBuilder) event(id uint64, def int, values ...v) (at int) {
	w.record(id, func() {
		body := func() {
			w.element("Event", []attr{{"xmlns", w.lit("http://schemas.microsoft.com/win/2004/08/events/event")}}, func() {
				w.element("System", nil, func() {
					w.element("Provider", []attr{{"Name", w.lit("Test-Provider")}, {"Guid", w.lit("{54849625-5478-4994-A5BA-3E3B0328C30D}")}}, nil)
					w.dependent(0, "EventID", []attr{{"Qualifiers", w.opt(1)}}, w.opt(0))
					w.dependent(2, "Version", nil, w.opt(2))
					w.element("Level", nil, w.lit("4"))
					w.element("Keywords", nil, w.sub(3))
					w.element("TimeCreated", []attr{{"SystemTime", w.opt(4)}}, nil)
					w.element("Correlation", []attr{{"ActivityID", w.opt(1)}}, nil)
					w.element("Execution", []attr{{"ProcessID", w.sub(5)}, {"ThreadID", w.lit("12")}}, nil)
					w.element("Channel", nil, w.lit("Test"))
					w.element("Computer", nil, w.lit("host.example"))
					w.element("Security", []attr{{"UserID", w.opt(6)}}, nil)
				})
				w.element("EventData", nil, func() {
					w.element("Data", []attr{{"Name", w.lit("Image")}}, w.sub(7))
					w.element("Data", []attr{{"Name", w.lit("Empty")}}, w.sub(1))
					w.element("Data", nil, w.sub(8))
				})
			})
		}
		if def != 0 {
			body = nil
		}
		at = w.instance(0x1234, def, body, values...)
	})
	return at
}

func eventValues(image string, more v) []v {
	return []v{
		{typeUInt16, []byte{0x10, 0x12}},                         // 4624
		{typeNull, nil},                                          //
		{typeUInt8, []byte{2}},                                   //
		{typeHexInt64, []byte{0, 0, 0, 0, 0, 0, 0x20, 0x80}},     //
		{typeFileTime, le.AppendUint64(nil, 132223104001234567)}, //
		{typeUInt32, []byte{4, 3, 0, 0}},                         // 772
		{typeSID, []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}},   // S-1-5-18
		str(image),
		more,
	}
}
