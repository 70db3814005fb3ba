package rule

import "strings"

// Place is the line and column of the value, 1-based; 0, 0 for an absent one.
func (n *Node) Place() (line, column int) {
	if n == nil {
		return 0, 0
	}
	return n.line, n.col
}

// Get is a member of a mapping, whatever the case of its key; nil when it is absent
// or null.
func (n *Node) Get(key string) *Node { return n.get(key) }

// Text is a scalar as written (1.10 stays "1.10"), "" for anything else.
func (n *Node) Text() string { return n.str() }

// IsText reports whether the value is a scalar.
func (n *Node) IsText() bool { return n != nil && n.kind == scalar }

// IsNull reports whether the value is written as null, or left out after its key.
func (n *Node) IsNull() bool { return n != nil && n.kind == null }

// Quoted reports whether a scalar is text whatever it looks like, being in quotes or a
// block.
func (n *Node) Quoted() bool { return n != nil && n.quoted }

// IsList reports whether the value is a sequence.
func (n *Node) IsList() bool { return n != nil && n.kind == list }

// IsMap reports whether the value is a mapping.
func (n *Node) IsMap() bool { return n != nil && n.kind == object }

// Items are the entries of a sequence.
func (n *Node) Items() []*Node { return kids(n) }

// Members are a mapping's keys with their values, in the order of the document.
func (n *Node) Members() []Member {
	if n == nil || n.kind != object {
		return nil
	}
	out := make([]Member, len(n.keys))
	for i, k := range n.keys {
		out[i] = Member{Key: k, Value: n.kids[i]}
		out[i].Line, out[i].Column = out[i].Value.Place()
		if i < len(n.keyAt) {
			out[i].Line, out[i].Column = n.keyAt[i].line, n.keyAt[i].col
		}
	}
	return out
}

// Member is one key of a mapping. Line and Column are the key's place.
type Member struct {
	Key          string
	Value        *Node
	Line, Column int
}

// Doc is the mapping that holds the rule's fields; nil for a rule that has none, such
// as a bare query. Of an ARM export it is the properties, with the id and the kind that
// stand beside them.
func (r *Rule) Doc() *Node { return r.doc }

// put adds a member to a mapping; nil adds nothing.
func (n *Node) put(key string, v *Node) {
	if v != nil {
		n.keys, n.kids, n.keyAt = append(n.keys, key), append(n.kids, v), append(n.keyAt, place{v.line, v.col})
	}
}

// index is the position of a mapping's key, whatever its case; -1 when there is none.
func (n *Node) index(key string) int {
	if n != nil && n.kind == object {
		for i, k := range n.keys {
			if strings.EqualFold(k, key) {
				return i
			}
		}
	}
	return -1
}
