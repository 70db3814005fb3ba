package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

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
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		offset, err = int64(len(data)), errors.New("the file ends too early")
	}
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

	line   int // of offset at
	at     int64
	before int // characters of the line before at
}

// position turns an offset, never before the last one asked for, into line and
// column. It counts on from there: a minified document is one line.
func (r *jsonReader) position(offset int64) (line, col int) {
	for ; r.at < min(offset, int64(len(r.data))); r.at++ {
		switch b := r.data[r.at]; {
		case b == '\n':
			r.line, r.before = r.line+1, 0
		case utf8.RuneStart(b):
			r.before++
		}
	}
	return r.line, r.before + 1
}

// next is the place of the next token, which the decoder has not read yet.
func (r *jsonReader) next() (line, col int) {
	offset := r.dec.InputOffset()
	for offset < int64(len(r.data)) && strings.IndexByte(" \t\n\r,:", r.data[offset]) >= 0 {
		offset++
	}
	return r.position(offset)
}

func (r *jsonReader) value(depth int) (*Node, error) {
	n := &Node{}
	n.line, n.col = r.next()
	tok, err := r.dec.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		return nil, &treeError{n.line, n.col, fmt.Sprintf("the document is nested deeper than %d levels or has more than %d values", maxDepth, maxNodes)}
	}
	switch tok := tok.(type) {
	case string:
		n.kind, n.text, n.quoted = scalar, tok, true
	case json.Number:
		n.kind, n.text = scalar, tok.String()
	case bool:
		n.kind, n.text = scalar, fmt.Sprint(tok)
	case json.Delim:
		n.kind = list
		if tok == '{' {
			n.kind = object
		}
		seen := map[string]bool{}
		for r.dec.More() {
			if n.kind == object {
				line, col := r.next()
				key, err := r.dec.Token()
				if err != nil {
					return nil, err
				}
				name, _ := key.(string)
				if seen[name] {
					return nil, &treeError{line, col, fmt.Sprintf("JSON: the key %q is there twice", name)}
				}
				seen[name] = true
				n.keys, n.keyAt = append(n.keys, name), append(n.keyAt, place{line, col})
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
