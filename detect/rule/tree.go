package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Node is one value of the YAML or JSON document a rule was read from, with its
// place. It still holds what a Rule's fields have trimmed, joined or left out, so
// checks of metadata read it. Methods on a nil Node answer as for an absent value.
//
// Aliases share their anchor's node, so a document's size bounds the work no matter
// how it refers to itself.
type Node struct {
	kind      nodeKind
	text      string   // a scalar's text as written: 1.10 stays "1.10"
	keys      []string // an object's keys, beside kids
	keyAt     []place  // the keys' places, beside keys; JSON has none
	kids      []*Node
	line, col int // 1-based

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
	maxDepth = 64
	maxNodes = 500_000
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

// parseYAML reads every document of a YAML file. Line ends must be "\n".
func parseYAML(data []byte) (docs []*Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			docs, err = nil, &treeError{message: fmt.Sprintf("not readable as YAML: %v", p)}
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		var located yaml.Error
		if errors.As(err, &located) && located.GetToken() != nil {
			at := located.GetToken().Position
			return nil, &treeError{at.Line, at.Column, "YAML: " + located.GetMessage()}
		}
		return nil, &treeError{message: "YAML: " + firstLine(err.Error())}
	}
	c := &converter{lines: strings.Split(string(data), "\n")}
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		c.anchors = map[string]*Node{}
		n, err := c.convert(d.Body, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, n)
	}
	return docs, nil
}

type converter struct {
	lines   []string
	anchors map[string]*Node
	nodes   int
}

func (c *converter) convert(in ast.Node, depth int) (*Node, error) {
	n := &Node{}
	if in == nil {
		return n, nil
	}
	if t := in.GetToken(); t != nil && t.Position != nil {
		n.line, n.col = t.Position.Line, t.Position.Column
	}
	if c.nodes++; depth > maxDepth || c.nodes > maxNodes {
		return nil, &treeError{n.line, n.col, fmt.Sprintf("the document is nested deeper than %d levels or has more than %d values", maxDepth, maxNodes)}
	}
	switch in := in.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		n.kind, n.text = scalar, in.Value
	case *ast.LiteralNode:
		n.kind, n.text = scalar, in.Value.Value
		n.line = in.Start.Position.Line
		n.indent, n.block = c.blockIndent(n, in.Start.Value)
	case *ast.TagNode:
		return c.convert(in.Value, depth+1)
	case *ast.AnchorNode:
		v, err := c.convert(in.Value, depth+1)
		if err != nil {
			return nil, err
		}
		c.anchors[nameOf(in.Name)] = v
		return v, nil
	case *ast.AliasNode:
		v, ok := c.anchors[nameOf(in.Value)]
		if !ok {
			return nil, &treeError{n.line, n.col, fmt.Sprintf("YAML: no anchor is called %q before this alias", nameOf(in.Value))}
		}
		return v, nil
	case *ast.SequenceNode:
		n.kind = list
		for _, v := range in.Values {
			kid, err := c.convert(v, depth+1)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		}
	case *ast.MappingNode:
		n.kind = object
		for _, v := range in.Values {
			if err := c.member(n, v, depth); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		n.kind = object
		return n, c.member(n, in, depth)
	case ast.ScalarNode: // numbers, booleans, .inf: the text counts, not what YAML makes of it
		n.kind, n.text = scalar, in.GetToken().Value
	default:
		return nil, &treeError{n.line, n.col, fmt.Sprintf("YAML: a %s has no meaning in a rule", strings.ToLower(in.Type().String()))}
	}
	return n, nil
}

func (c *converter) member(n *Node, m *ast.MappingValueNode, depth int) error {
	kid, err := c.convert(m.Value, depth+1)
	if err != nil {
		return err
	}
	if m.Key.IsMergeKey() {
		for i, k := range kid.keys {
			if n.get(k) == nil {
				n.keys, n.kids, n.keyAt = append(n.keys, k), append(n.kids, kid.kids[i]), append(n.keyAt, kid.keyAt[i])
			}
		}
		return nil
	}
	at := place{n.line, n.col}
	if t := m.Key.GetToken(); t != nil && t.Position != nil {
		at = place{t.Position.Line, t.Position.Column}
	}
	n.keys, n.kids, n.keyAt = append(n.keys, nameOf(m.Key)), append(n.kids, kid), append(n.keyAt, at)
	return nil
}

func nameOf(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return ""
	case *ast.StringNode:
		return n.Value
	case *ast.MappingKeyNode:
		return nameOf(n.Value)
	}
	if t := n.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

// blockIndent finds the columns before a literal block's text by laying the
// value over the file's lines. It reports false when they are not the same lines,
// as in a folded block.
func (c *converter) blockIndent(n *Node, header string) (indent int, same bool) {
	if !strings.HasPrefix(header, "|") {
		return 0, false
	}
	for i, want := range strings.Split(n.text, "\n") {
		if strings.TrimSpace(want) == "" {
			continue
		}
		if n.line+i >= len(c.lines) {
			return 0, false
		}
		have := c.lines[n.line+i]
		if !strings.HasSuffix(have, want) {
			return 0, false
		}
		return len(have) - len(want), true
	}
	return 0, false
}

// parseJSON reads one JSON document.
func parseJSON(data []byte) (*Node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	r := &jsonReader{data: data, dec: dec, line: 1}
	n, err := r.value(0)
	if err == nil {
		if _, extra := dec.Token(); extra != io.EOF {
			err = errors.New("text after the end of the document")
		}
	}
	if err == nil {
		return n, nil
	}
	var te *treeError
	if errors.As(err, &te) {
		return nil, te
	}
	offset := dec.InputOffset()
	var se *json.SyntaxError
	if errors.As(err, &se) {
		offset = se.Offset
	}
	line, col := r.position(offset)
	return nil, &treeError{line, col, "JSON: " + err.Error()}
}

type jsonReader struct {
	data  []byte
	dec   *json.Decoder
	nodes int

	line       int   // of offset at
	at, lineAt int64 // lineAt: offset of the line's first byte
}

// position turns an offset, never before the last one asked for, into line and column.
func (r *jsonReader) position(offset int64) (line, col int) {
	offset = min(offset, int64(len(r.data)))
	for ; r.at < offset; r.at++ {
		if r.data[r.at] == '\n' {
			r.line, r.lineAt = r.line+1, r.at+1
		}
	}
	return r.line, utf8.RuneCount(r.data[min(r.lineAt, offset):offset]) + 1
}

func (r *jsonReader) value(depth int) (*Node, error) {
	tok, err := r.dec.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	n := &Node{}
	n.line, n.col = r.position(r.dec.InputOffset())
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		return nil, &treeError{n.line, n.col, fmt.Sprintf("the document is nested deeper than %d levels or has more than %d values", maxDepth, maxNodes)}
	}
	switch tok := tok.(type) {
	case string:
		n.kind, n.text = scalar, tok
	case json.Number:
		n.kind, n.text = scalar, tok.String()
	case bool:
		n.kind, n.text = scalar, fmt.Sprint(tok)
	case json.Delim:
		n.kind = list
		if tok == '{' {
			n.kind = object
		}
		for r.dec.More() {
			if n.kind == object {
				key, err := r.dec.Token()
				if err != nil {
					return nil, err
				}
				name, _ := key.(string)
				n.keys = append(n.keys, name)
			}
			kid, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		}
		if _, err := r.dec.Token(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
