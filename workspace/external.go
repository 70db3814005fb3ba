package workspace

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/types"
)

// Copies are local files that stand for the addresses of external data. What has no
// copy is fetched if its host is allowed; by itself Quarry asks nobody.
type Copies struct {
	name  string // of the map; "" when there is none
	rules []copyRule
	fetch *fetcher // nil when no host is allowed

	mu     sync.Mutex
	loaded map[string]*bind.Table // by request and the files' times
}

type copyRule struct{ url, file string }

var _ hunt.ExternalSource = (*Copies)(nil)

// ReadCopies reads a CSV file with the lines "url,file". A url may hold "*" for any
// text, the same text then stands for a "*" in file; file is relative to the map's
// folder. A first line with exactly these words is a header, "#" starts a comment.
func ReadCopies(name string) (*Copies, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.FieldsPerRecord, in.Comment = -1, '#'
	c := &Copies{name: name, loaded: map[string]*bind.Table{}}
	for first := true; ; first = false {
		rec, err := in.Read()
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		if len(rec) != 2 || rec[0] == "" || rec[1] == "" {
			return nil, fmt.Errorf("%s:%d: a line is url,file", name, line)
		}
		url, file := strings.TrimSpace(strings.TrimPrefix(rec[0], "\ufeff")), strings.TrimSpace(rec[1])
		if first && url == "url" && file == "file" {
			continue
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(name), file)
		}
		c.rules = append(c.rules, copyRule{url, file})
	}
}

// NewCopies makes a map of address to file; name is what errors call it.
func NewCopies(name string, files map[string]string) *Copies {
	c := &Copies{name: name, loaded: map[string]*bind.Table{}}
	for _, url := range slices.Sorted(maps.Keys(files)) {
		c.rules = append(c.rules, copyRule{url, files[url]})
	}
	return c
}

// find gives the file for an address: that of the first line that matches, else what
// an allowed host answers.
func (c *Copies) find(ctx context.Context, url string) (string, error) {
	// What follows ";" or "?" is a key or a signature, no part of the place.
	place, _, _ := strings.Cut(url, ";")
	bare, _, _ := strings.Cut(place, "?")
	for _, r := range c.rules {
		for _, u := range []string{url, place, bare} {
			if rest, ok := match(r.url, u); ok {
				return strings.ReplaceAll(r.file, "*", rest), nil
			}
		}
	}
	switch {
	case c.fetch != nil:
		return c.fetch.fetch(ctx, url)
	case c.name == "":
		return "", fmt.Errorf("there is no copy of %s; give one with --external-data MAP", bare)
	}
	return "", fmt.Errorf("%s has no line for this address; add \"%s,FILE\"", c.name, bare)
}

// match reports whether a pattern with at most one "*" of meaning fits, and what the
// "*" stands for. It never stands for a way out of a folder.
func match(pattern, url string) (string, bool) {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return "", pattern == url
	}
	if len(url) < len(before)+len(after) || !strings.HasPrefix(url, before) || !strings.HasSuffix(url, after) {
		return "", false
	}
	rest := url[len(before) : len(url)-len(after)]
	return rest, !strings.Contains(rest, "..")
}

// Load brings the copies of all addresses into one intermediate table.
func (c *Copies) Load(ctx context.Context, s *hunt.Session, urls []string, columns types.Schema, props map[string]string) (*bind.Table, error) {
	key := fmt.Sprintf("%q %v %v", urls, columns, props)
	files := make([]string, len(urls))
	for i, u := range urls {
		file, err := c.find(ctx, u)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, fmt.Errorf("the local copy cannot be read: %w", err)
		}
		files[i] = file
		key += fmt.Sprintf(" %s %v %d", file, info.ModTime(), info.Size())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.loaded[key]; ok {
		return t, nil
	}
	rows := &types.Rows{Schema: columns}
	for i, file := range files {
		if err := readExternal(ctx, rows, file, formatOf(urls[i], file, props), strings.EqualFold(props["ignorefirstrecord"], "true")); err != nil {
			return nil, fmt.Errorf("the local copy %s cannot be read: %w", file, err)
		}
	}
	// The table lives as long as the session: a later query reads it again.
	t, _, err := s.Spool(ctx, "externaldata", rows)
	if err == nil {
		c.loaded[key] = t
	}
	return t, err
}

// formatOf is the format property, or what the address ends in; text without either is CSV.
func formatOf(url, file string, props map[string]string) string {
	if f := props["format"]; f != "" {
		return strings.ToLower(f)
	}
	url, _, _ = strings.Cut(url, ";")
	url, _, _ = strings.Cut(url, "?")
	for _, name := range []string{url, file} {
		name = strings.ToLower(name)
		for _, packed := range []string{".gz", ".zip"} {
			name = strings.TrimSuffix(name, packed)
		}
		if ext := strings.TrimPrefix(filepath.Ext(name), "."); externalFormats[ext] != 0 {
			return ext
		}
	}
	return "csv"
}

type externalFormat uint8

const (
	delimited externalFormat = iota + 1
	lines
	jsonObjects
	whole
	other
)

// externalFormats are the formats of Kusto's ingestion that are read here. Delimited
// text goes into the columns by position, JSON by name, text line by line into the first.
var externalFormats = map[string]externalFormat{
	"csv": delimited, "tsv": delimited, "tsve": delimited, "psv": delimited, "scsv": delimited, "sohsv": delimited,
	"txt": lines, "raw": whole, "json": jsonObjects, "multijson": jsonObjects, "singlejson": jsonObjects, "ndjson": jsonObjects, "jsonl": jsonObjects,
	"parquet": other, "avro": other, "orc": other, "apacheavro": other, "w3clogfile": other, "sstream": other,
}

var delimiters = map[string]rune{"csv": ',', "tsv": '\t', "tsve": '\t', "psv": '|', "scsv": ';', "sohsv": '\x01'}

func readExternal(ctx context.Context, rows *types.Rows, file, format string, skipFirst bool) error {
	content, done, err := unpack(file)
	if err != nil {
		return err
	}
	defer done()
	switch externalFormats[format] {
	case delimited:
		return readDelimited(ctx, rows, content, delimiters[format], skipFirst)
	case lines:
		return readLines(ctx, rows, content, skipFirst)
	case whole:
		text, err := io.ReadAll(content)
		if err == nil {
			addText(rows, []string{string(text)})
		}
		return err
	case jsonObjects:
		return readJSON(ctx, rows, content)
	}
	return fmt.Errorf("the format %q of external data is not read; convert the copy to CSV or JSON and say so in with(format=...)", format)
}

func readDelimited(ctx context.Context, rows *types.Rows, content io.Reader, delim rune, skipFirst bool) error {
	in := csv.NewReader(content)
	in.Comma, in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = delim, -1, true, true
	for n := 0; ; n++ {
		rec, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n > 0 || !skipFirst {
			addText(rows, rec)
		}
	}
}

const maxLine = 64 << 20

func readLines(ctx context.Context, rows *types.Rows, content io.Reader, skipFirst bool) error {
	in := bufio.NewScanner(content)
	in.Buffer(nil, maxLine)
	for n := 0; in.Scan(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n > 0 || !skipFirst {
			addText(rows, []string{in.Text()})
		}
	}
	return in.Err()
}

// readJSON reads objects one after another, in an array or not.
func readJSON(ctx context.Context, rows *types.Rows, content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	d, err := decodeObjects(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		return err
	}
	for _, object := range d {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		row := make([]types.Value, len(rows.Schema))
		for i, c := range rows.Schema {
			row[i] = jsonValue(object[c.Name], c.Type)
		}
		rows.Values = append(rows.Values, row)
	}
	return nil
}

var errNotObjects = errors.New("it does not hold JSON objects")
