package rule

import "strings"

// Node is one value of the YAML or JSON document a rule was read from, with its
// place. It still holds what a Rule's fields have trimmed, joined or left out, so
// checks of metadata read it. Methods on a nil Node answer as for an absent value.
//
// Aliases share their anchor's node, so a document's size bounds the work no matter
// how it refers to itself.
type Node struct {
	kind      nodeKind
	text      string   // a scalar's text as written: 1.10 stays "1.10"
	quoted    bool     // a scalar that is text whatever it looks like: "1", '1', a block
	keys      []string // an object's keys, beside kids
	keyAt     []place  // the keys' places, beside keys
	kids      []*Node
	line, col int // 1-based
	weight    int // values and bytes of text below, each alias counted as often as it stands

	// A block scalar's lines are lines of the file: the first is line+1, and each
	// has indent columns before the text.
	block  bool
	indent int
}

type place struct{ line, col int }

type nodeKind uint8

const (
	null nodeKind = iota
	scalar
	list
	object
)

// Bounds on one document; the largest public rule files stay far below them.
const (
	maxDepth  = 64
	maxNodes  = 500_000
	maxWeight = 64 << 20 // what a document may grow to when its aliases are written out
)

// get is an object's member, nil when it is absent or null. Keys differ in case
// between YAML and the exports, so case is ignored.
func (n *Node) get(key string) *Node {
	if n == nil || n.kind != object {
		return nil
	}
	for i, k := range n.keys {
		if strings.EqualFold(k, key) && n.kids[i].kind != null {
			return n.kids[i]
		}
	}
	return nil
}

// str is a scalar's text, "" for anything else.
func (n *Node) str() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}

// treeError is a document that cannot be read.
type treeError struct {
	line, col int
	message   string
}

func (e *treeError) Error() string { return e.message }
