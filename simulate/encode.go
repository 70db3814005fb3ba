package simulate

import (
	"errors"
	"io"
	"strconv"

	"quarry/kql/syntax"
	"quarry/kql/types"
)

// value is the value of a column: a text, a number, or null.
type value struct {
	text   string
	number int64 // whole numbers, ticks; 0 and 1 for booleans
	real   float64
	is     form
}

type form uint8

const (
	null form = iota
	text
	whole
	truth
	instant
	fraction
	dynamic // text is JSON
)

func str(s string) value   { return value{text: s, is: text} }
func num(n int64) value    { return value{number: n, is: whole} }
func tick(t int64) value   { return value{number: t, is: instant} }
func real(f float64) value { return value{real: f, is: fraction} }
func json(s string) value  { return value{text: s, is: dynamic} }
func yes(b bool) value {
	if b {
		return value{number: 1, is: truth}
	}
	return value{is: truth}
}

// value is the value of a column for an event.
func (c *column) value(e *event) value {
	v := c.of
	for i := range e.over {
		if o := e.over[i].value; e.over[i].column == c.name {
			v = func(*event) value { return o }
		}
	}
	out := v(e)
	if out.is == dynamic && c.typ == types.String {
		out.is = text // some tables have the same JSON as text
	}
	return out
}

// encoder writes events out as rows. encode may run in many goroutines, write in one.
type encoder struct {
	tables []*table
	create func(string) (io.WriteCloser, error)
	files  []io.WriteCloser
	format rowFormat
	writer []rowWriter
}

// rowFormat is a file format: events become parts of a file, parts go into files.
type rowFormat interface {
	part(t *table, events []event, of int, old any) any
	writer(t *table, w io.Writer) rowWriter
}

type rowWriter interface {
	write(part any) error
	close() error
}

func newEncoder(f Format, tables []*table, create func(string) (io.WriteCloser, error)) *encoder {
	e := &encoder{tables: tables, create: create, files: make([]io.WriteCloser, len(tables)), writer: make([]rowWriter, len(tables)), format: ndjson{}}
	if f == Parquet {
		e.format = parquetFormat{}
	}
	return e
}

func (c *encoder) encode(b *batch) {
	if b.out == nil {
		b.out = make([]any, len(c.tables))
	}
	there := make([]bool, len(c.tables))
	for i := range b.events {
		there[b.events[i].table] = true
	}
	for i, t := range c.tables {
		if there[i] {
			b.out[i] = c.format.part(t, b.events, i, b.out[i])
		}
	}
}

func (c *encoder) write(b *batch) error {
	there := make([]bool, len(c.tables))
	for i := range b.events {
		there[b.events[i].table] = true
	}
	for i, t := range c.tables {
		if !there[i] {
			continue
		}
		if c.writer[i] == nil {
			f, err := c.create(t.name)
			if err != nil {
				return err
			}
			c.files[i], c.writer[i] = f, c.format.writer(t, f)
		}
		if err := c.writer[i].write(b.out[i]); err != nil {
			return err
		}
	}
	return nil
}

// close ends the files; after an error they are not complete.
func (c *encoder) close(err error) error {
	for i, f := range c.files {
		if f == nil {
			continue
		}
		if err == nil {
			err = c.writer[i].close()
		}
		err = errors.Join(err, f.Close())
	}
	return err
}

// ndjson is one JSON object a line.
type ndjson struct{}

func (ndjson) part(t *table, events []event, of int, old any) any {
	b, _ := old.([]byte)
	b = b[:0]
	for i := range events {
		if events[i].table != of {
			continue
		}
		for k := range t.columns {
			c := &t.columns[k]
			b = appendValue(append(b, c.key...), c.value(&events[i]), c.typ)
		}
		b = append(b, '}', '\n')
	}
	return b
}

func appendValue(b []byte, v value, t types.Type) []byte {
	switch v.is {
	case text:
		return syntax.AppendJSONString(b, v.text)
	case whole:
		return strconv.AppendInt(b, v.number, 10)
	case truth:
		return strconv.AppendBool(b, v.number != 0)
	case instant:
		return append(append(append(b, '"'), types.FormatDatetime(v.number)...), '"')
	case fraction:
		return strconv.AppendFloat(b, v.real, 'g', -1, 64)
	case dynamic:
		return append(b, v.text...)
	}
	if t == types.String {
		return append(b, '"', '"')
	}
	return append(b, "null"...)
}

func (ndjson) writer(_ *table, w io.Writer) rowWriter { return plainWriter{w} }

type plainWriter struct{ w io.Writer }

func (p plainWriter) write(part any) error {
	_, err := p.w.Write(part.([]byte))
	return err
}

func (plainWriter) close() error { return nil }
