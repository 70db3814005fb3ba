package events

import (
	"bytes"
	"io"
)

// input is a window onto a stream: buf[pos:end] is what has been read and not
// consumed. Its size is bounded by max, and it knows the offset and the line
// of pos.
type input struct {
	r        io.Reader
	buf      []byte
	pos, end int
	base     int64 // offset of buf[0] in the stream
	line     int64 // line number of pos, from 1
	max      int
	done     bool  // the stream has ended
	err      error // why it ended, unless at its true end
	nuls     int64 // NUL bytes passed over between records
}

const firstBuffer = 1 << 20

func newInput(r io.Reader, max int) *input {
	return &input{r: r, line: 1, max: max}
}

func (in *input) rest() []byte  { return in.buf[in.pos:in.end] }
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// full reports that the window has reached its bound.
func (in *input) full() bool { return in.end-in.pos >= in.max }

// more makes the window larger and reports whether it did. The window at least
// doubles, so that scanning it anew after each call stays linear.
func (in *input) more() bool {
	if in.done || in.full() {
		return false
	}
	have := in.end - in.pos
	if in.pos > 0 {
		copy(in.buf, in.buf[in.pos:in.end])
		in.base += int64(in.pos)
		in.pos, in.end = 0, have
	}
	if want := min(max(2*have, firstBuffer), in.max); len(in.buf) < want {
		in.buf = append(make([]byte, 0, want), in.buf[:have]...)[:want]
	}
	for in.end < len(in.buf) {
		n, err := in.r.Read(in.buf[in.end:])
		in.end += n
		if err != nil {
			in.done = true
			if err != io.EOF {
				in.err = err
			}
			break
		}
	}
	return in.end-in.pos > have
}

// advance consumes n bytes.
func (in *input) advance(n int) {
	in.line += int64(bytes.Count(in.buf[in.pos:in.pos+n], []byte{'\n'}))
	in.pos += n
}

// skipTo consumes up to (not including) byte skip of the next occurrence of
// pattern after the first byte, or everything, keeping the window small.
func (in *input) skipTo(pattern []byte, skip int) {
	from := 1
	for {
		if i := bytes.Index(in.buf[min(in.pos+from, in.end):in.end], pattern); i >= 0 {
			in.advance(from + i + skip)
			return
		}
		// The pattern may straddle the end of the window.
		in.advance(max(0, in.end-in.pos-len(pattern)+1))
		from = 0
		if !in.more() {
			in.advance(in.end - in.pos)
			return
		}
	}
}
