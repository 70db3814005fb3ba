package evtx

import (
	"math"
	"strings"
)

// JSON is the record's whole XML as a JSON object: {"System": {...}, "EventData":
// {...}}. Attributes and child elements are members; the text of an element that
// declares attributes is its member "Value", that of any other its value. Data
// elements go by their Name attribute. Elements that recur become an array.
// Integers, floats and booleans of the log are JSON numbers and booleans, all
// else is the text that XML would show. Namespaces are left out.
func (rec *Record) JSON() []byte {
	t := tree{nodes: []node{{}}, stack: []int{0}}
	// The record was run once when it was read, so this cannot fail.
	_ = rec.chunk.walker.run(&t, rec.start, rec.end)
	root := &t.nodes[0]
	if len(root.kids) == 1 && t.nodes[root.kids[0]].name == "Event" {
		root = &t.nodes[root.kids[0]]
	}
	return t.object(nil, root)
}

// tree is a sink that keeps the XML as nodes; nodes[0] holds the roots.
type tree struct {
	nodes []node
	stack []int
}

type node struct {
	name    string
	attrs   bool // the element declares attributes
	members []member
	text    []byte
	pieces  int
	raw     bool // text is JSON as it is
	kids    []int
}

// member is an attribute.
type member struct {
	name string
	text []byte
	raw  bool
}

func (t *tree) top() *node { return &t.nodes[t.stack[len(t.stack)-1]] }

func (t *tree) open(name string, attrs bool) {
	top, i := t.top(), len(t.nodes)
	top.kids = append(top.kids, i)
	t.nodes = append(t.nodes, node{name: name, attrs: attrs})
	t.stack = append(t.stack, i)
}

func (t *tree) attr(name string, v *value) {
	if name == "xmlns" || strings.HasPrefix(name, "xmlns:") {
		return
	}
	text, _ := v.appendText(nil)
	n := t.top()
	n.members = append(n.members, member{name, text, v.isJSON()})
}

func (t *tree) text(v *value) {
	n := t.top()
	n.text, _ = v.appendText(n.text)
	n.pieces++
	n.raw = n.pieces == 1 && v.isJSON()
}

func (t *tree) close(bool)                 { t.stack = t.stack[:len(t.stack)-1] }
func (t *tree) instruction(string, []byte) {}

// isJSON tells whether the value's text is a JSON number or boolean.
func (v *value) isJSON() bool {
	if len(v.data) == 0 || !v.regular() {
		return false
	}
	switch v.typ {
	case typeFloat:
		f := float64(math.Float32frombits(uint32(littleEndian(v.data))))
		return !math.IsNaN(f) && !math.IsInf(f, 0)
	case typeDouble:
		f := math.Float64frombits(littleEndian(v.data))
		return !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return v.typ >= typeInt8 && v.typ <= typeUInt64 || v.typ == typeBool
}

// object writes a node's attributes, children and text as an object.
func (t *tree) object(dst []byte, n *node) []byte {
	var keys []string
	groups := map[string][]func([]byte) []byte{}
	add := func(key string, write func([]byte) []byte) {
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], write)
	}
	for _, m := range n.members {
		add(m.name, func(dst []byte) []byte { return appendScalar(dst, m.text, m.raw) })
	}
	for _, i := range n.kids {
		kid := &t.nodes[i]
		key, bare := kid.name, false
		if n.name == "EventData" && kid.name == "Data" {
			key, bare = kid.dataName()
		}
		add(key, func(dst []byte) []byte { return t.value(dst, kid, bare) })
	}
	if len(n.text) > 0 {
		add("Value", func(dst []byte) []byte { return appendScalar(dst, n.text, n.raw) })
	}
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, key), ':')
		writers := groups[key]
		if len(writers) == 1 {
			dst = writers[0](dst)
			continue
		}
		for j, write := range writers {
			dst = write(append(dst, "[,"[min(j, 1)]))
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// dataName is the member name of a Data element, and whether its Name was all
// the attributes it has.
func (n *node) dataName() (key string, bare bool) {
	for _, m := range n.members {
		if m.name == "Name" {
			return string(m.text), len(n.members) == 1
		}
	}
	return n.name, len(n.members) == 0
}

// value writes a node: an object, or if it is bare or plain its text alone.
func (t *tree) value(dst []byte, n *node, bare bool) []byte {
	if len(n.kids) == 0 && (bare || !n.attrs) {
		return appendScalar(dst, n.text, n.raw)
	}
	return t.object(dst, n)
}

func appendScalar(dst, text []byte, raw bool) []byte {
	if raw {
		return append(dst, text...)
	}
	return appendQuoted(dst, string(text))
}

// appendQuoted writes a JSON string. The text is valid UTF-8 already.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
