package events

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds on what one file may unfold to, against archives made to do harm. Log
// text is packed at 10:1 to 100:1.
const (
	freeUnpacked  = 1 << 30 // bytes that any file may unfold to
	maxRatio      = 300     // beyond that, unpacked to packed bytes
	maxMembers    = 100_000
	maxPacking    = 4        // layers of compression on one stream
	memorySpool   = 32 << 20 // bytes held in memory before a temporary file
	maxDictionary = 512 << 20
)

var errBomb = fmt.Errorf("it unfolds to more than %d times its size; it looks made to fill memory or disk", maxRatio)

// job loads one file: it walks through compression and archives to the
// streams inside, each of which gets its loader.
type job struct {
	ctx      context.Context
	cat      *catalog
	opts     *Options
	file     file
	send     func(parcel) error
	read     *atomic.Int64 // bytes read from disk, for Progress
	mine     int64         // bytes of this file among them
	unpacked int64
	members  int
}

// stream is a stream of bytes on its way to be understood.
type stream struct {
	name    string // as the user knows it
	r       io.Reader
	at      io.ReaderAt // the same bytes, if they can be read anywhere
	size    int64       // of at
	layers  []string    // compression and archives around it
	packing int
	archive int
}

func (j *job) run() error {
	s := stream{name: j.file.path}
	if j.file.path == "-" {
		s.name, s.r = "(standard input)", &countingReader{j, os.Stdin}
		return j.stream(s)
	}
	f, err := os.Open(j.file.path)
	if err != nil {
		return j.failed(s, err)
	}
	defer f.Close()
	defer context.AfterFunc(j.ctx, func() { f.Close() })() // a read of a pipe may block
	s.r = &countingReader{j, f}
	if j.file.size > 0 {
		s.at, s.size = &countingReaderAt{j, f}, j.file.size
	}
	err = j.stream(s)
	j.read.Add(j.file.size - j.mine) // what was not read counts as done
	return err
}

type countingReader struct {
	j *job
	r io.Reader
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.j.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.j.count(n)
	return n, err
}

type countingReaderAt struct {
	j *job
	r io.ReaderAt
}

func (c *countingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if err := c.j.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.ReadAt(p, off)
	c.j.count(n)
	return n, err
}

func (j *job) count(n int) {
	if j.file.size > 0 && j.mine+int64(n) > j.file.size {
		n = int(j.file.size - j.mine) // parts of an archive are read twice
	}
	j.mine += int64(n)
	j.read.Add(int64(n))
}

// bounded counts unpacked bytes and stops at the bounds.
type bounded struct {
	j *job
	r io.Reader
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.j.unpacked += int64(n); b.j.unpacked > freeUnpacked && b.j.unpacked/maxRatio > max(b.j.mine, b.j.file.size) {
		return n, errBomb
	}
	if err == nil {
		err = b.j.ctx.Err()
	}
	return n, err
}

// stream finds out what s is and loads it.
func (j *job) stream(s stream) error {
	br := bufio.NewReaderSize(s.r, sniffSize)
	head, err := br.Peek(sniffSize)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return j.failed(s, err)
	}
	whole := errors.Is(err, io.EOF)
	d := detect(head, s.name, whole)
	if f, ok := forced(j.opts.As); ok && (d.format < formatUTF16 || d.format == formatRefused) && d.format != formatEmpty {
		if d.format != formatParquet && d.format != formatEVTX {
			if f.format == formatCSV {
				if delim, ok := sniffCSV(head, true, whole); ok && f.delim == ',' {
					f.delim = delim
				}
			}
			d = f
		}
	}
	switch d.format {
	case formatGzip, formatZstd, formatBzip2:
		return j.unpack(s, d.format, br)
	case formatZip:
		return j.zip(s, br)
	case formatTar:
		return j.tar(s, br)
	case formatUTF16:
		return j.utf16(s, br, head)
	case formatRefused, formatUnknown:
		return j.unknown(s, d)
	}
	return j.load(s, d, br)
}

func (j *job) unpack(s stream, f format, br *bufio.Reader) error {
	if s.packing++; s.packing > maxPacking {
		return j.failed(s, fmt.Errorf("it is compressed more than %d times over", maxPacking))
	}
	var r io.Reader
	switch f {
	case formatGzip:
		z, err := gzip.NewReader(br)
		if err != nil {
			return j.failed(s, err)
		}
		defer z.Close()
		r = z
	case formatZstd:
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDictionary))
		if err != nil {
			return j.failed(s, err)
		}
		defer z.Close()
		r = z
	case formatBzip2:
		r = bzip2.NewReader(br)
	}
	s.layers = append(s.layers, f.String())
	s.r, s.at, s.size = &bounded{j, r}, nil, 0
	return j.stream(s)
}

// utf16 goes on with the text as UTF-8. Without a byte order mark the zero
// bytes tell the order.
func (j *job) utf16(s stream, br *bufio.Reader, head []byte) error {
	order := unicode.LittleEndian
	if head[0] == 0 || head[0] == 0xfe && head[1] == 0xff {
		order = unicode.BigEndian
	}
	s.layers = append(s.layers, formatUTF16.String())
	if s.packing++; s.packing > maxPacking {
		return j.failed(s, errors.New("the text is no UTF-16"))
	}
	s.r, s.at, s.size = transform.NewReader(br, unicode.UTF16(order, unicode.UseBOM).NewDecoder()), nil, 0
	return j.stream(s)
}

// load reads a stream of records.
func (j *job) load(s stream, d detected, br *bufio.Reader) error {
	report := &FileReport{Path: s.name, Tables: map[string]int64{}, Extra: map[string][]string{}}
	report.Format = strings.Join(append(s.layers[:len(s.layers):len(s.layers)], d.format.String()), " ")
	if err := j.send(parcel{begin: report}); err != nil {
		return err
	}
	l := &loader{ctx: j.ctx, cat: j.cat, opts: j.opts, base: baseName(s.name), report: report, send: j.send}
	if i := strings.LastIndexByte(s.name, '!'); i >= 0 {
		l.base = baseName(s.name[i+1:])
	}
	l.init()
	content := &contentReader{r: br}
	var err error
	switch d.format {
	case formatEmpty:
		l.warn("the file is empty")
	case formatJSON:
		err = readJSON(j.text(content, br), l)
	case formatCSV:
		err = readCSV(j.text(content, br), l, d.delim)
	case formatEVTX:
		err = l.evtx(content)
	case formatParquet:
		err = j.parquet(s, br, l, content)
	}
	report.Bytes = content.n
	if cancelled := j.ctx.Err(); cancelled != nil {
		return cancelled
	}
	if ferr := l.finish(); ferr != nil {
		return ferr
	}
	if err != nil {
		report.Err = explain(err)
	}
	return j.send(parcel{end: true})
}

// text is the window onto text, without its byte order mark.
func (j *job) text(content *contentReader, br *bufio.Reader) *input {
	if b, _ := br.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		br.Discard(3)
		content.n += 3
	}
	in := newInput(content, j.opts.MaxLine)
	in.base = content.n
	return in
}

func (j *job) parquet(s stream, br *bufio.Reader, l *loader, content *contentReader) error {
	at, size := s.at, s.size
	if at == nil {
		spooled, n, clean, err := spool(br)
		if err != nil {
			return err
		}
		defer clean()
		at, size = spooled, n
	}
	content.n = size
	if err := parquetSize(at, size); err != nil {
		return err
	}
	return readParquet(at, size, l)
}

// spool makes a stream readable anywhere: in memory, or in a temporary file if
// it is long.
func spool(r io.Reader) (at io.ReaderAt, size int64, clean func(), err error) {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, memorySpool); err != nil {
		if errors.Is(err, io.EOF) {
			return bytes.NewReader(b.Bytes()), int64(b.Len()), func() {}, nil
		}
		return nil, 0, nil, err
	}
	f, err := os.CreateTemp("", "quarry-*")
	if err != nil {
		return nil, 0, nil, err
	}
	clean = func() {
		f.Close()
		os.Remove(f.Name())
	}
	if size, err = io.Copy(f, io.MultiReader(&b, r)); err != nil {
		clean()
		return nil, 0, nil, err
	}
	return f, size, clean, nil
}

// contentReader counts the bytes of a stream's content.
type contentReader struct {
	r io.Reader
	n int64
}

func (c *contentReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// unknown passes over a stream of a format that is not read. It is an error if
// the user named the file itself.
func (j *job) unknown(s stream, d detected) error {
	hint := d.hint
	if j.file.explicit && s.archive == 0 {
		return j.failed(s, errors.New("unknown format: "+hint))
	}
	report := &FileReport{Path: s.name, Skipped: hint}
	if err := j.send(parcel{begin: report}); err != nil {
		return err
	}
	return j.send(parcel{end: true})
}

// note reports something about a stream whose content was read nevertheless.
func (j *job) note(s stream, warning string) error {
	if cancelled := j.ctx.Err(); cancelled != nil {
		return cancelled
	}
	report := &FileReport{Path: s.name, Format: strings.Join(s.layers, " "), Warnings: []string{warning}}
	if err := j.send(parcel{begin: report}); err != nil {
		return err
	}
	return j.send(parcel{end: true})
}

// failed reports a stream that could not be read at all.
func (j *job) failed(s stream, err error) error {
	if cancelled := j.ctx.Err(); cancelled != nil {
		return cancelled
	}
	report := &FileReport{Path: s.name, Err: explain(err), Format: strings.Join(s.layers, " ")}
	if err := j.send(parcel{begin: report}); err != nil {
		return err
	}
	return j.send(parcel{end: true})
}

// explain puts the library's word for a cut-off file into plain words.
func explain(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut off (%w)", err)
	}
	return err
}
