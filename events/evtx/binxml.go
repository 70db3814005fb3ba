package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// BinXML tokens; moreData may be added to those that tokenFlagged names.
const (
	tokEOF           = 0x00
	tokOpenStart     = 0x01
	tokCloseStart    = 0x02
	tokCloseEmpty    = 0x03
	tokEndElement    = 0x04
	tokValue         = 0x05
	tokAttribute     = 0x06
	tokCDATA         = 0x07
	tokCharRef       = 0x08
	tokEntityRef     = 0x09
	tokPITarget      = 0x0a
	tokPIData        = 0x0b
	tokTemplate      = 0x0c
	tokSubstitution  = 0x0d
	tokOptional      = 0x0e
	tokFragment      = 0x0f
	tokMoreData      = 0x40
	noDependency     = 0xffff
	maxElementDepth  = 64      // of elements within one fragment
	maxTemplateOps   = 1 << 16 // of all templates of a chunk; genuine chunks have a few thousand
	maxTemplateBytes = 1 << 20 // of names and literals in them
)

func tokenFlagged(tok byte) bool {
	return tok == tokOpenStart || tok >= tokValue && tok <= tokEntityRef
}

var (
	errTruncated = errors.New("BinXML runs past its end")
	errDepth     = errors.New("BinXML is nested too deeply")
	errTooLarge  = errors.New("the chunk's templates are larger than any chunk can hold")
)

// A program is a fragment of BinXML in the form the walker runs: a flat list in
// which every element and attribute knows where it ends.
type program struct {
	ops  []op
	subs []int // indexes of the values that stand directly in an element, by op.subFrom
}

type opKind uint8

const (
	opElement  opKind = iota // its attributes follow, then its content, then opEnd
	opAttr                   // its parts follow, up to end
	opEnd                    // of an element
	opText                   // literal text
	opSub                    // a value of the template instance
	opInstance               // a template instance at offset sub
	opPI                     // name and text of a processing instruction
)

type op struct {
	kind     opKind
	optional bool // opSub: nothing is written for null
	empty    bool // opElement: written <a/> rather than <a></a>
	attrs    bool // opElement: declares attributes
	sub      int  // opSub: value index; opElement: the value it depends on, or noDependency; opInstance: offset
	end      int  // opElement, opAttr: index after the last op of it
	subFrom  int  // opElement: its direct substitutions are program.subs[subFrom:subTo]
	subTo    int
	name     string
	text     value // typeText
}

// cursor reads little-endian fields of a chunk. Past end it yields zeros and
// remembers that it did.
type cursor struct {
	b        []byte
	pos, end int
	failed   bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > c.end-c.pos {
		c.failed = true
		c.pos = c.end
		return nil
	}
	b := c.b[c.pos : c.pos+n]
	c.pos += n
	return b
}

func (c *cursor) u8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// compiler turns the BinXML of one chunk into programs and keeps those of its
// templates.
type compiler struct {
	chunk     []byte
	templates map[uint32]*template
	nameAt    map[uint32]string
	names     interner

	cur   cursor
	prog  *program
	inDef bool // elements carry a dependency identifier
	depth int

	ops, bytes int // spent on templates of this chunk
}

func (c *compiler) init(chunk []byte) {
	c.chunk = chunk
	c.templates = map[uint32]*template{}
	c.nameAt = map[uint32]string{}
}

func (c *compiler) reset() {
	clear(c.templates)
	clear(c.nameAt)
	c.ops, c.bytes = 0, 0
}

// compile compiles the tokens at pos up to the end-of-file token or end. inDef
// tells that they are those of a template definition.
func (c *compiler) compile(pos, end int, inDef bool) (*program, error) {
	c.cur = cursor{b: c.chunk, pos: pos, end: end}
	c.prog, c.inDef, c.depth = &program{}, inDef, 0
	err := c.fragment()
	return c.prog, err
}

func (c *compiler) emit(o op) error {
	if c.ops++; c.ops > maxTemplateOps {
		return errTooLarge
	}
	if c.bytes += len(o.text.data); c.bytes > maxTemplateBytes {
		return errTooLarge
	}
	c.prog.ops = append(c.prog.ops, o)
	return nil
}

func (c *compiler) token() (tok byte, flagged bool, err error) {
	at := c.cur.pos
	b := c.cur.u8()
	tok = b &^ tokMoreData
	if c.cur.failed {
		return 0, false, errTruncated
	}
	if tok > tokFragment || b != tok && !tokenFlagged(tok) {
		return 0, false, fmt.Errorf("unknown BinXML token %#02x at %#x of the chunk", b, at)
	}
	return tok, b != tok, nil
}

func (c *compiler) fragment() error {
	for c.cur.pos < c.cur.end {
		tok, flagged, err := c.token()
		if err != nil {
			return err
		}
		switch tok {
		case tokEOF:
			return nil
		case tokFragment:
			c.cur.take(3)
		case tokOpenStart:
			err = c.element(flagged)
		case tokTemplate:
			err = c.instance()
		case tokPITarget:
			err = c.instruction()
		default:
			err = c.misplaced(tok)
		}
		if err == nil && c.cur.failed {
			err = errTruncated
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) misplaced(tok byte) error {
	return fmt.Errorf("misplaced BinXML token %#02x at %#x of the chunk", tok, c.cur.pos-1)
}

// element compiles an element after its open-start token.
func (c *compiler) element(hasAttrs bool) error {
	if c.depth++; c.depth > maxElementDepth {
		return errDepth
	}
	defer func() { c.depth-- }()
	o := op{kind: opElement, sub: noDependency, attrs: hasAttrs}
	if c.hasDependency() {
		o.sub = int(c.cur.u16())
	}
	c.cur.take(4) // the element's size: the tokens tell where it ends
	var err error
	if o.name, err = c.name(); err != nil {
		return err
	}
	if hasAttrs {
		c.cur.take(4)
	}
	at := len(c.prog.ops)
	if err = c.emit(o); err != nil {
		return err
	}
	tok, _, err := c.token()
	for ; err == nil && tok == tokAttribute; tok, _, err = c.token() {
		if err = c.attribute(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	switch tok {
	case tokCloseEmpty:
		c.prog.ops[at].empty = true
	case tokCloseStart:
		if err = c.content(at); err != nil {
			return err
		}
	default:
		return c.misplaced(tok)
	}
	if err = c.emit(op{kind: opEnd}); err != nil {
		return err
	}
	c.prog.ops[at].end = len(c.prog.ops)
	return nil
}

// hasDependency tells whether a dependency identifier comes before the element's
// size. It does in template definitions and not elsewhere; where the name found
// by that rule is no name but the one by the other layout is, the latter holds.
func (c *compiler) hasDependency() bool {
	with, without := c.plausibleName(c.cur.pos+6), c.plausibleName(c.cur.pos+4)
	if with == without {
		return c.inDef
	}
	return with
}

// content compiles an element's content including its end token.
func (c *compiler) content(element int) error {
	var direct []int
	for pieces := 0; ; pieces++ {
		tok, flagged, err := c.token()
		if err != nil {
			return err
		}
		switch tok {
		case tokEndElement:
			o := &c.prog.ops[element]
			o.subFrom = len(c.prog.subs)
			c.prog.subs = append(c.prog.subs, direct...)
			o.subTo = len(c.prog.subs)
			// An optional value that is all the element holds takes the element
			// with it; genuine templates say so by the dependency as well.
			if last := c.prog.ops[len(c.prog.ops)-1]; o.sub == noDependency && pieces == 1 && last.kind == opSub && last.optional {
				o.sub = last.sub
			}
			return nil
		case tokOpenStart:
			err = c.element(flagged)
		case tokTemplate:
			err = c.instance()
		case tokFragment:
			c.cur.take(3)
		case tokPITarget:
			err = c.instruction()
		default:
			if err = c.text(tok); err == nil && (tok == tokSubstitution || tok == tokOptional) {
				direct = append(direct, c.prog.ops[len(c.prog.ops)-1].sub)
			}
		}
		if err == nil && c.cur.failed {
			err = errTruncated
		}
		if err != nil {
			return err
		}
	}
}

// attribute compiles an attribute after its token: a name and any text tokens.
func (c *compiler) attribute() error {
	name, err := c.name()
	if err != nil {
		return err
	}
	at := len(c.prog.ops)
	if err := c.emit(op{kind: opAttr, name: name}); err != nil {
		return err
	}
	for {
		before := c.cur.pos
		tok, _, err := c.token()
		if err != nil {
			return err
		}
		switch tok {
		case tokAttribute, tokCloseStart, tokCloseEmpty:
			c.cur.pos = before
			c.prog.ops[at].end = len(c.prog.ops)
			return nil
		}
		if err := c.text(tok); err != nil {
			return err
		}
	}
}

// text compiles a token of character data, a reference or a substitution.
func (c *compiler) text(tok byte) error {
	switch tok {
	case tokValue:
		return c.literal()
	case tokCDATA:
		n := int(c.cur.u16())
		return c.emit(op{kind: opText, text: textValue(appendUTF16(nil, c.cur.take(2*n)))})
	case tokCharRef:
		r := rune(c.cur.u16())
		if utf16.IsSurrogate(r) {
			r = '\uFFFD'
		}
		return c.emit(op{kind: opText, text: textValue([]byte(string(r)))})
	case tokEntityRef:
		name, err := c.name()
		if err != nil {
			return err
		}
		text, known := entities[name]
		if !known {
			text = "&" + name + ";"
		}
		return c.emit(op{kind: opText, text: textValue([]byte(text))})
	case tokSubstitution, tokOptional:
		index := c.cur.u16()
		c.cur.u8() // the type: the instance's own descriptor decides
		return c.emit(op{kind: opSub, sub: int(index), optional: tok == tokOptional})
	}
	return c.misplaced(tok)
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// literal compiles a value written into the BinXML itself. The format has only
// strings there; values of a fixed size are read too.
func (c *compiler) literal() error {
	v := value{typ: c.cur.u8()}
	switch v.typ {
	case typeString:
		v.data = c.cur.take(2 * int(c.cur.u16()))
	case typeAnsi:
		v.data = c.cur.take(int(c.cur.u16()))
	case typeSID:
		rest := c.chunk[c.cur.pos:c.cur.end]
		v.data = c.cur.take(sidSize(rest))
	default:
		size := itemSize(v.typ, 8)
		if size == 0 && v.typ != typeNull {
			return fmt.Errorf("a literal of type %#02x has no known size", v.typ)
		}
		v.data = c.cur.take(size)
	}
	if c.cur.failed {
		return errTruncated
	}
	text, _ := v.appendText(nil)
	return c.emit(op{kind: opText, text: textValue(text)})
}

// instruction compiles a processing instruction, whose data token follows its target.
func (c *compiler) instruction() error {
	name, err := c.name()
	if err != nil {
		return err
	}
	var text []byte
	if c.cur.pos < c.cur.end && c.chunk[c.cur.pos] == tokPIData {
		c.cur.pos++
		text = appendUTF16(nil, c.cur.take(2*int(c.cur.u16())))
	}
	return c.emit(op{kind: opPI, name: name, text: textValue(text)})
}

// instance notes a template instance inside a fragment and steps over it.
func (c *compiler) instance() error {
	at := c.cur.pos
	var in instance
	if _, err := in.parse(&c.cur, nil); err != nil {
		return err
	}
	return c.emit(op{kind: opInstance, sub: at})
}
