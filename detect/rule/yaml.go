package rule

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"quarry/kql/source"
)

// ParseYAML reads the documents of a YAML file that is no rule, such as a tuning file.
// The error is a Problem.
func ParseYAML(file string, data []byte) ([]*Node, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxText:
		return nil, Problem{File: file, Message: tooLarge(int64(len(data)), maxText).Error()}
	case !utf8.Valid(data):
		return nil, Problem{File: file, Message: "the file is not UTF-8 text", Hint: "save it as UTF-8"}
	}
	docs, err := parseYAML(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	if err != nil {
		p := Problem{File: file, Message: err.Error()}
		var te *treeError
		if errors.As(err, &te) {
			p.Line, p.Column = te.line, te.col
		}
		return nil, p
	}
	return docs, nil
}

// Source is a text value as query text at its place in the file, between head and
// tail, which must end and begin with a line end.
func (n *Node) Source(file, head, tail string) *source.Text {
	t := source.New(file, head+n.str()+tail, n.line-strings.Count(head, "\n"))
	t.Indent = n.indent
	if !n.block {
		t.LineBase--
		t.Indent = n.col - 1
	}
	return t
}
