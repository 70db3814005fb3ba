package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parseYAML reads every document of a YAML file. Line ends must be "\n".
func parseYAML(data []byte) (docs []*Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			docs, err = nil, &treeError{message: fmt.Sprintf("not readable as YAML: %v", p)}
		}
	}()
	if line, col, ok := controlAt(data); ok {
		return nil, &treeError{line, col, "YAML: a control character is not allowed"}
	}
	c := &converter{lines: strings.Split(string(data), "\n")}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var d yaml.Node
		if err := dec.Decode(&d); err == io.EOF {
			return docs, nil
		} else if err != nil {
			var at *yaml.LoadError
			if errors.As(err, &at) {
				message := "YAML: " + at.Message
				if c := at.ContextMark; at.ContextMsg != "" && c.Line > 0 {
					message += fmt.Sprintf(" (%s, which starts at %d:%d)", at.ContextMsg, c.Line, c.Column)
				}
				return docs, &treeError{at.Mark.Line, at.Mark.Column, message}
			}
			return docs, &treeError{message: firstLine(err.Error())}
		}
		if len(d.Content) == 0 {
			continue
		}
		c.anchored = map[*yaml.Node]*Node{}
		n, err := c.convert(d.Content[0], 0)
		if err != nil {
			return docs, err
		}
		docs = append(docs, n)
	}
}

// docText is one document's text and the line that it starts at.
type docText struct {
	text string
	line int
}

// documentTexts cuts a file into the texts of its documents. A line that starts
// with "---" begins a document wherever it stands, even inside a block. A document
// whose text cannot be told has "".
func documentTexts(file string, docs []*Node) []docText {
	out := make([]docText, len(docs))
	if len(docs) == 1 {
		out[0] = docText{file, 1}
		return out
	}
	var starts []int // offsets
	var lines []int  // line numbers
	for at, line := 0, 1; at < len(file); line++ {
		if rest := file[at:]; strings.HasPrefix(rest, "---") && (len(rest) == 3 || strings.IndexByte(" \t\r\n", rest[3]) >= 0) {
			starts, lines = append(starts, at), append(lines, line)
		}
		end := strings.IndexByte(file[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	used := map[int]bool{} // "..." ends a document too; what follows it is not told apart
	for i, d := range docs {
		k := len(lines) - 1
		for k >= 0 && lines[k] > d.line {
			k--
		}
		from, to, line := 0, len(file), 1
		if k >= 0 {
			from, line = starts[k], lines[k]
			if nl := strings.IndexByte(file[from:], '\n'); lines[k] < d.line && nl >= 0 {
				from, line = from+nl+1, line+1
			}
		}
		if k+1 < len(starts) {
			to = starts[k+1]
		}
		if out[i] = (docText{file[from:to], line}); used[k] {
			return make([]docText, len(docs))
		}
		used[k] = true
	}
	return out
}

// controlAt finds the first character that YAML forbids, which its reader reports without a place.
func controlAt(data []byte) (line, col int, found bool) {
	i := bytes.IndexFunc(data, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f })
	if i < 0 {
		return 0, 0, false
	}
	start := bytes.LastIndexByte(data[:i], '\n') + 1
	return bytes.Count(data[:i], []byte("\n")) + 1, len([]rune(string(data[start:i]))) + 1, true
}

type converter struct {
	lines    []string
	anchored map[*yaml.Node]*Node // what an alias may refer to, once it is read to its end
	nodes    int
}

func (c *converter) convert(in *yaml.Node, depth int) (*Node, error) {
	if in.Kind == yaml.AliasNode {
		v := c.anchored[in.Alias]
		if v == nil {
			return nil, &treeError{in.Line, in.Column, fmt.Sprintf("YAML: the alias %q stands inside what it refers to", in.Value)}
		}
		return v, nil
	}
	n := &Node{line: in.Line, col: in.Column}
	if c.nodes++; depth > maxDepth || c.nodes > maxNodes {
		return nil, &treeError{n.line, n.col, fmt.Sprintf("the document is nested deeper than %d levels or has more than %d values", maxDepth, maxNodes)}
	}
	switch in.Kind {
	case yaml.ScalarNode:
		c.scalar(n, in)
	case yaml.SequenceNode:
		n.kind = list
		for _, v := range in.Content {
			kid, err := c.convert(v, depth+1)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		}
	case yaml.MappingNode:
		n.kind = object
		if err := c.members(n, in.Content, depth); err != nil {
			return nil, err
		}
	default:
		return nil, &treeError{n.line, n.col, "YAML: this has no meaning in a rule"}
	}
	if in.Anchor != "" {
		c.anchored[in] = n
	}
	return n, c.weigh(n)
}

// scalar keeps a value's text, not what YAML makes of it: 1.10 is no number here.
func (c *converter) scalar(n *Node, in *yaml.Node) {
	n.text = in.Value
	n.quoted = in.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || in.Style&yaml.TaggedStyle != 0 && in.ShortTag() == "!!str"
	if !n.quoted && in.ShortTag() == "!!null" {
		return
	}
	n.kind = scalar
	if in.Style&yaml.LiteralStyle != 0 {
		n.indent, n.block = c.blockIndent(n)
	}
}

// members reads the pairs of a mapping. Keys merged with "<<" come after the
// mapping's own, which go before them.
func (c *converter) members(n *Node, pairs []*yaml.Node, depth int) error {
	var merged []*Node
	at := make(map[string]place, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		key := pairs[i]
		if key.Kind == yaml.AliasNode && key.Alias != nil && key.Alias.Kind == yaml.ScalarNode {
			key = key.Alias
		}
		here := place{pairs[i].Line, pairs[i].Column}
		if key.Kind != yaml.ScalarNode {
			return &treeError{here.line, here.col, "YAML: a key must be text; a value that starts with { or {{ needs quotes"}
		}
		kid, err := c.convert(pairs[i+1], depth+1)
		if err != nil {
			return err
		}
		if key.ShortTag() == "!!merge" {
			if kid.kind == list {
				merged = append(merged, kid.kids...)
			} else {
				merged = append(merged, kid)
			}
			continue
		}
		if first, twice := at[key.Value]; twice {
			return &treeError{here.line, here.col, fmt.Sprintf("YAML: the key %q is there twice; it stands already at %d:%d", key.Value, first.line, first.col)}
		}
		at[key.Value] = here
		n.keys, n.kids, n.keyAt = append(n.keys, key.Value), append(n.kids, kid), append(n.keyAt, here)
	}
	for _, m := range merged {
		for i, k := range m.keys {
			if _, own := at[k]; !own {
				at[k] = m.keyAt[i]
				n.keys, n.kids, n.keyAt = append(n.keys, k), append(n.kids, m.kids[i]), append(n.keyAt, m.keyAt[i])
			}
		}
	}
	return nil
}

// weigh refuses a document that its aliases blow up. A shared node weighs again at
// each place that refers to it, as it would when it is written.
func (c *converter) weigh(n *Node) error {
	n.weight = 1 + len(n.text)
	for i, k := range n.kids {
		n.weight += k.weight
		if i < len(n.keys) {
			n.weight += len(n.keys[i])
		}
		if n.weight > maxWeight {
			return &treeError{n.line, n.col, fmt.Sprintf("YAML: aliases make this larger than %d MB", maxWeight>>20)}
		}
	}
	return nil
}

// blockIndent finds the columns before a literal block's text by laying the
// value over the file's lines. It reports false when they are not the same lines.
func (c *converter) blockIndent(n *Node) (indent int, same bool) {
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

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
