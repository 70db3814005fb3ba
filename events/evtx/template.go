package evtx

import (
	"encoding/binary"
	"fmt"
)

const (
	templateHeaderSize = 24   // next offset, GUID, data size
	maxValues          = 4096 // of one template instance
)

// template is a compiled template definition, or why it cannot be compiled.
type template struct {
	id   uint32
	prog *program
	err  error
}

// instance is a use of a template: which one, and the values to put into it.
type instance struct {
	id     uint32 // the first four bytes of the template's GUID
	def    uint32 // offset of its definition in the chunk
	values []value
}

// parse reads an instance after its token, appending its values to the given
// slice, which it returns. A definition that stands within it is stepped over.
func (in *instance) parse(cur *cursor, values []value) ([]value, error) {
	cur.u8()
	in.id = cur.u32()
	in.def = cur.u32()
	if int64(in.def) == int64(cur.pos) {
		cur.take(templateHeaderSize - 4)
		size := cur.u32()
		if int64(size) > int64(cur.end-cur.pos) {
			return nil, errTruncated
		}
		cur.take(int(size))
	}
	count := cur.u32()
	if cur.failed {
		return nil, errTruncated
	}
	if count > maxValues || int(count)*4 > cur.end-cur.pos {
		return nil, fmt.Errorf("a template instance states %d values", count)
	}
	descriptors := cur.take(int(count) * 4)
	from := len(values)
	for ; len(descriptors) > 0; descriptors = descriptors[4:] {
		size := int(binary.LittleEndian.Uint16(descriptors))
		off := cur.pos
		data := cur.take(size)
		if cur.failed {
			return nil, errTruncated
		}
		values = append(values, value{typ: descriptors[2], off: off, data: data})
	}
	in.values = values[from:]
	return values, nil
}

// template is the compiled definition at an offset of the chunk. The id must be
// the one the definition has: an offset left over from an overwritten chunk
// would otherwise render the values under foreign names.
func (c *compiler) template(id, off uint32) (*program, error) {
	t := c.templates[off]
	if t == nil {
		t = c.definition(off)
		c.templates[off] = t
	}
	if t.err == nil && t.id != id {
		return nil, fmt.Errorf("at %#x of the chunk is template %08x, not %08x", off, t.id, id)
	}
	return t.prog, t.err
}

func (c *compiler) definition(off uint32) *template {
	if off < chunkHeaderSize || int64(off)+templateHeaderSize > int64(len(c.chunk)) {
		return &template{err: fmt.Errorf("template offset %#x is outside the chunk", off)}
	}
	header := c.chunk[off : off+templateHeaderSize]
	size := int64(binary.LittleEndian.Uint32(header[20:]))
	start := int64(off) + templateHeaderSize
	if size > int64(len(c.chunk))-start {
		return &template{err: fmt.Errorf("the template at %#x runs past the chunk", off)}
	}
	t := &template{id: binary.LittleEndian.Uint32(header[4:])}
	t.prog, t.err = c.compile(int(start), int(start+size), true)
	return t
}
