package events

import (
	"bytes"
	"fmt"
	"strings"
)

// records is what the readers of formats deliver to.
type records interface {
	// object takes one JSON object; b and fields are valid during the call only.
	object(b []byte, fields []field, line, offset int64) error
	// reject takes what could not be read as a record.
	reject(line, offset int64, reason string, raw []byte) error
	warn(format string, args ...any)
}

// jsonReader takes JSON objects out of a stream: one on each line, several
// after each other in any layout, elements of an array, or elements of the
// array inside an envelope of an API (see envelope.go). Nothing but the object
// at hand is kept in memory.
type jsonReader struct {
	in     *input
	out    records
	sc     scanner
	indent []byte // white space before the current element on its line
	rows   []byte // scratch for the rows of tables
}

func readJSON(in *input, out records) error {
	r := &jsonReader{in: in, out: out}
	for {
		c, ok := r.peek()
		if !ok {
			break
		}
		var err error
		switch c {
		case '{':
			err = r.element(false)
		case '[':
			r.in.advance(1)
			err = r.items(nil)
		default:
			err = r.garbage("neither an object nor an array starts here")
		}
		if err != nil {
			return err
		}
	}
	if in.nuls > 0 {
		out.warn("%d NUL bytes between records were passed over", in.nuls)
	}
	return in.err
}

// peek returns the next byte that is not white space, a comma or NUL.
func (r *jsonReader) peek() (byte, bool) {
	in := r.in
	r.indent = r.indent[:0]
	for {
		i := in.pos
		for ; i < in.end; i++ {
			switch c := in.buf[i]; c {
			case '\n':
				in.line++
				r.indent = r.indent[:0]
			case ' ', '\t':
				if len(r.indent) < 64 {
					r.indent = append(r.indent, c)
				}
			case '\r', ',':
			case 0:
				in.nuls++
			default:
				in.pos = i
				return c, true
			}
		}
		in.pos = i
		if !in.more() {
			return 0, false
		}
	}
}

// element reads the object at the window's start.
func (r *jsonReader) element(inArray bool) error {
	in := r.in
	if in.end-in.pos < 2 {
		in.more()
	}
	if done, err := r.envelope(); done || err != nil {
		return err
	}
	for {
		r.sc.b, r.sc.fields = in.rest(), r.sc.fields[:0]
		end := r.sc.object(0)
		if end >= 0 {
			err := r.out.object(r.sc.b[:end], r.sc.fields, in.line, in.offset())
			in.advance(end)
			return err
		}
		if !r.sc.err.more {
			return r.broken(r.sc.err.Error(), inArray)
		}
		if in.full() {
			return r.broken(fmt.Sprintf("the record is longer than the limit of %d bytes", in.max), false)
		}
		if !in.more() {
			return r.broken("the file ends inside this record", inArray)
		}
	}
}

// broken rejects the element at the window's start and goes on with the next
// one: the object after it in the array, or else the next line, or, if the
// element is spread over several, the next line that starts as its first did.
func (r *jsonReader) broken(reason string, inArray bool) error {
	in := r.in
	line, offset, raw := in.line, in.offset(), in.rest()
	next := append(append([]byte{'\n'}, r.indent...), raw[0])
	if inArray {
		end := balanced(raw)
		if at := bytes.Index(raw, next); end > 0 && (at < 0 || end < at) {
			err := r.out.reject(line, offset, reason, raw[:end])
			in.advance(end)
			return err
		}
	}
	skip := 1
	if end := bytes.IndexByte(raw, '\n'); !r.sc.err.more && end > r.sc.err.at {
		next, skip = next[:1], 0 // the fault is on the first line, so that line is the record
	}
	shown := raw[:min(len(raw), maxRaw)]
	if at := bytes.Index(shown[1:], next); at >= 0 {
		shown = shown[:at+1]
	}
	shown = bytes.Clone(bytes.TrimRight(shown, "\r\n"))
	in.skipTo(next, skip)
	return r.out.reject(line, offset, reason, shown)
}

// balanced returns the length of the object at b[0] judged by its brackets and
// quotes alone, if it is followed by a comma or ], else 0.
func balanced(b []byte) int {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString:
			if c == '\\' {
				i++
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				rest := bytes.TrimLeft(b[i+1:], " \t\r\n")
				if len(rest) > 0 && (rest[0] == ',' || rest[0] == ']') {
					return i + 1
				}
				return 0
			}
		}
	}
	return 0
}

// garbage rejects the rest of the line.
func (r *jsonReader) garbage(reason string) error {
	in := r.in
	line, offset := in.line, in.offset()
	raw := in.rest()
	raw = raw[:min(len(raw), maxRaw)]
	if at := bytes.IndexByte(raw, '\n'); at >= 0 {
		raw = raw[:at]
	}
	raw = bytes.Clone(bytes.TrimRight(raw, "\r"))
	in.skipTo([]byte{'\n'}, 0)
	return r.out.reject(line, offset, reason, raw)
}

// items reads the elements of an array whose opening bracket is consumed. With
// columns, the elements are rows: arrays of values in the order of columns.
func (r *jsonReader) items(columns []string) error {
	for {
		c, ok := r.peek()
		if !ok {
			r.out.warn("the file ends inside an array")
			return nil
		}
		var err error
		switch {
		case c == ']':
			r.in.advance(1)
			return nil
		case c == '{' && columns == nil:
			err = r.element(true)
		case c == '[' && columns != nil:
			err = r.row(columns)
		default:
			err = r.stray()
		}
		if err != nil {
			return err
		}
	}
}

// stray rejects an element that is not an object, or not a row.
func (r *jsonReader) stray() error {
	in := r.in
	for {
		var v span
		r.sc.b = in.rest()
		end := r.sc.value(0, 1, &v)
		switch {
		case end >= 0 && end < len(r.sc.b):
			err := r.out.reject(in.line, in.offset(), "this element of the array is not a record", r.sc.b[:end])
			in.advance(end)
			return err
		case end < 0 && !r.sc.err.more || !in.more():
			return r.garbage("this element of the array is not a record")
		}
	}
}

// row reads one row of a table as an object.
func (r *jsonReader) row(columns []string) error {
	in := r.in
	for {
		r.sc.b = in.rest()
		b := r.sc.b
		out := append(r.rows[:0], '{')
		i, n := r.sc.space(1), 0
		for i >= 0 && i < len(b) && b[i] != ']' {
			if n > 0 {
				if b[i] != ',' {
					i = r.sc.fail(i, "a comma or ] is expected")
					break
				}
				i = r.sc.space(i + 1)
				out = append(out, ',')
			}
			var v span
			from := i
			if i = r.sc.value(i, 1, &v); i < 0 {
				break
			}
			name := fmt.Sprintf("Column%d", n+1)
			if n < len(columns) {
				name = columns[n]
			}
			out = append(append(append(out, quoteJSON(name)...), ':'), b[from:i]...)
			n++
			i = r.sc.space(i)
		}
		r.rows = out
		short := i >= len(b) || i < 0 && r.sc.err.more
		switch {
		case short && in.full():
			return r.broken(fmt.Sprintf("the row is longer than the limit of %d bytes", in.max), false)
		case short && in.more():
			continue
		case short:
			return r.broken("the file ends inside this row", false)
		case i < 0:
			return r.broken(r.sc.err.Error(), true)
		}
		err := r.rowObject(append(out, '}'), b[:i+1], n, len(columns))
		in.advance(i + 1)
		return err
	}
}

func (r *jsonReader) rowObject(object, raw []byte, n, columns int) error {
	line, offset := r.in.line, r.in.offset()
	if n != columns {
		return r.out.reject(line, offset, fmt.Sprintf("the row has %d values, the table %d columns", n, columns), raw)
	}
	r.sc.b, r.sc.fields = object, r.sc.fields[:0]
	if r.sc.object(0) < 0 {
		return r.out.reject(line, offset, r.sc.err.Error(), raw)
	}
	return r.out.object(object, r.sc.fields, line, offset)
}

// columnNames reads the columns of a table: objects with a name, or names.
func columnNames(array []byte) []string {
	s := scanner{b: array}
	var names []string
	for i := s.space(1); i >= 0 && i < len(array) && array[i] != ']'; {
		var v span
		from := i
		if i = s.value(i, 1, &v); i < 0 {
			return nil
		}
		name := ""
		switch v.kind {
		case kindString, kindEscaped:
			name = unescape(string(array[v.from:v.to]))
		case kindObject:
			in := scanner{b: array[from:i]}
			in.object(0)
			for _, f := range in.fields {
				if k := strings.ToLower(string(in.b[f.key.from:f.key.to])); k == "name" || k == "columnname" {
					name = unescape(string(in.b[f.value.from:f.value.to]))
				}
			}
		}
		if name == "" {
			return nil
		}
		names = append(names, name)
		if i = s.space(i); i < len(array) && array[i] == ',' {
			i = s.space(i + 1)
		}
	}
	return names
}
