package events

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// csvFields splits the first record of b (RFC 4180; a record ends at LF, CRLF
// or CR). Fields are appended to dst as spans; quoted ones that hold doubled
// quotes get kindEscaped. It returns the length of the record with its line
// end, or -1 and why; short tells that the record may go on beyond b.
func csvFields(dst []span, b []byte, delim byte, last bool) (fields []span, n int, why string, short bool) {
	i := 0
	for {
		if i < len(b) && b[i] == '"' {
			start, k := i+1, kindText
			i++
			for {
				q := bytes.IndexByte(b[i:], '"')
				if q < 0 {
					return dst, -1, "a quoted field is not closed", true
				}
				i += q + 1
				if i < len(b) && b[i] == '"' {
					k = kindEscaped
					i++
					continue
				}
				break
			}
			if i >= len(b) && !last {
				return dst, -1, "", true
			}
			dst = append(dst, span{k, int32(start), int32(i - 1)})
			if i < len(b) && b[i] != delim && b[i] != '\n' && b[i] != '\r' {
				return dst, -1, "text follows the closing quote of a field", false
			}
		} else {
			start := i
			for i < len(b) && b[i] != delim && b[i] != '\n' && b[i] != '\r' {
				i++
			}
			if i >= len(b) && !last {
				return dst, -1, "", true
			}
			dst = append(dst, span{kindText, int32(start), int32(i)})
		}
		switch {
		case i >= len(b):
			return dst, i, "", false
		case b[i] == delim:
			i++
		case b[i] == '\r':
			if i+1 >= len(b) && !last {
				return dst, -1, "", true
			}
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			return dst, i + 1, "", false
		default:
			return dst, i + 1, "", false
		}
	}
}

// csvReader reads delimited text whose first record names the columns.
type csvReader struct {
	in     *input
	l      *loader
	delim  byte
	fields []span
	sh     *shape
	cells  []cell
}

func readCSV(in *input, l *loader, delim byte) error {
	r := &csvReader{in: in, l: l, delim: delim}
	for {
		if err := l.tick(); err != nil {
			return err
		}
		if in.pos == in.end && !in.more() {
			return in.err
		}
		if err := r.next(); err != nil {
			return err
		}
	}
}

func (r *csvReader) next() error {
	in := r.in
	for {
		b := in.rest()
		var n int
		var why string
		var short bool
		r.fields, n, why, short = csvFields(r.fields[:0], b, r.delim, in.done)
		switch {
		case n >= 0:
			line, offset := in.line, in.offset()
			err := r.record(b[:n], line, offset)
			in.advance(n)
			return err
		case short && in.full():
			why = fmt.Sprintf("the record is longer than the limit of %d bytes", in.max)
		case short && in.more() || short && !in.done:
			continue
		}
		return r.broken(why)
	}
}

// broken rejects the line at which a record starts and goes on with the next.
func (r *csvReader) broken(why string) error {
	in := r.in
	b := in.rest()
	line, offset := in.line, in.offset()
	raw := b[:min(len(b), maxRaw)]
	if at := bytes.IndexByte(raw, '\n'); at >= 0 {
		raw = raw[:at]
	}
	raw = bytes.Clone(raw)
	if at := bytes.IndexByte(b, '\n'); at >= 0 {
		in.advance(at + 1)
	} else {
		in.skipTo([]byte{'\n'}, 1)
	}
	return r.l.reject(line, offset, why, raw)
}

func (r *csvReader) record(b []byte, line, offset int64) error {
	if len(r.fields) == 1 && r.fields[0].from == r.fields[0].to && b[0] != '"' {
		return nil // an empty line
	}
	if !utf8.Valid(b) {
		r.l.invalidUTF8++
		b = bytes.ToValidUTF8(b, []byte("\uFFFD"))
		r.fields, _, _, _ = csvFields(r.fields[:0], b, r.delim, true)
	}
	text := string(b)
	r.cells = r.cells[:0]
	for _, f := range r.fields {
		s := text[f.from:f.to]
		if f.kind == kindEscaped {
			s = strings.ReplaceAll(s, `""`, `"`)
		}
		r.cells = append(r.cells, cell{kind: kindText, text: s})
	}
	if r.sh == nil {
		return r.header()
	}
	if len(r.cells) != len(r.sh.names) {
		return r.l.keepReject(newReject(line, offset, "", "", fmt.Sprintf("the record has %d fields, the header %d", len(r.cells), len(r.sh.names)), text))
	}
	return r.l.record(r.sh, r.cells, text, line, offset)
}

func (r *csvReader) header() error {
	if len(r.cells) == 1 && strings.HasPrefix(r.cells[0].text, "sep=") {
		return nil // Excel's note about the delimiter, used by detection
	}
	var names []string
	seen := map[string]bool{}
	for i, c := range r.cells {
		name := strings.TrimSpace(c.text)
		if name == "" {
			name = "Column" + strconv.Itoa(i+1)
		}
		for n, base := 2, name; seen[name]; n++ {
			name = base + "_" + strconv.Itoa(n)
		}
		seen[name] = true
		names = append(names, name)
	}
	r.sh = r.l.newShape(names)
	return r.l.declare(r.sh)
}

// delimiters are tried in this order.
const delimiters = ",\t;|"

// sniffCSV tells the delimiter of text that starts with head: the one that
// splits the first records into the same number of fields, the more the
// better. Without the file's name to vouch for it, a table is three records of
// at least two fields under names that could be columns.
func sniffCSV(head []byte, named, whole bool) (byte, bool) {
	if line, _, _ := bytes.Cut(head, []byte{'\n'}); bytes.HasPrefix(line, []byte("sep=")) && len(bytes.TrimRight(line, "\r")) == 5 {
		return line[4], true
	}
	best, most := byte(','), 0
	for _, d := range []byte(delimiters) {
		var fields []span
		rest, records, width := head, 0, 0
		for records < 10 && len(rest) > 0 {
			var n int
			fields, n, _, _ = csvFields(fields[:0], rest, d, whole)
			if n < 0 {
				break
			}
			if records == 0 {
				width = len(fields)
				if !named && !plausibleHeader(rest, fields) {
					width = 0
					break
				}
			} else if len(fields) != width && !(len(fields) == 1 && fields[0].from == fields[0].to) {
				width = min(width, 1)
				break
			}
			records++
			rest = rest[n:]
		}
		if !named && records < 3 {
			width = 0
		}
		if width > most {
			best, most = d, width
		}
	}
	return best, named || most >= 2
}

func plausibleHeader(b []byte, fields []span) bool {
	for _, f := range fields {
		name := strings.TrimSpace(string(b[f.from:f.to]))
		if name == "" || len(name) > 64 || !isAlnum(name[0]) && name[0] != '_' || name[0] >= '0' && name[0] <= '9' {
			return false
		}
		if strings.ContainsAny(name, "{}<>\"'`=:\\") {
			return false
		}
	}
	return true
}
