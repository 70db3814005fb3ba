package rule

import (
	"encoding/json"
	"strings"

	"quarry/kql/syntax"
)

// json prints a document with two blanks for each level.
func (n *Node) json() []byte { return append(n.appendJSON(nil, "\n"), '\n') }

// appendJSON writes at a level; line is a line end with the level's indentation.
func (n *Node) appendJSON(b []byte, line string) []byte {
	inner := line + "  "
	switch n.kind {
	case null:
		return append(b, "null"...)
	case scalar:
		if !n.quoted && json.Valid([]byte(n.text)) && !strings.HasPrefix(n.text, `"`) {
			return append(b, n.text...)
		}
		return syntax.AppendJSONString(b, n.text)
	case list:
		b = append(b, '[')
		for i, k := range n.kids {
			if i > 0 {
				b = append(b, ',')
			}
			b = k.appendJSON(append(b, inner...), inner)
		}
		if len(n.kids) > 0 {
			b = append(b, line...)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, k := range n.kids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, inner...)
		b = append(syntax.AppendJSONString(b, n.keys[i]), ": "...)
		b = k.appendJSON(b, inner)
	}
	if len(n.kids) > 0 {
		b = append(b, line...)
	}
	return append(b, '}')
}
