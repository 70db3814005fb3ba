package events

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"quarry/events/schema"
)

// loadStream loads one stream without files and goroutines.
func loadStream(t testing.TB, name string, content []byte, opts Options) (*memory, Report) {
	t.Helper()
	if opts.Schemas == nil {
		opts.Schemas = schema.New()
	}
	if err := opts.complete(); err != nil {
		t.Fatal(err)
	}
	m := newMemory(t)
	rep := Report{Tables: map[string]int64{}}
	cat := newCatalog(opts.Schemas)
	w := &writing{ctx: t.Context(), opts: &opts, report: &rep, tables: newTables(m, cat, &rep)}
	defer w.close()
	var read atomic.Int64
	j := job{ctx: t.Context(), cat: cat, opts: &opts, file: file{path: name, size: int64(len(content))}, send: w.parcel, read: &read}
	r := bytes.NewReader(content)
	if err := j.stream(stream{name: name, r: &countingReader{&j, r}, at: r, size: r.Size()}); err != nil {
		t.Fatal(err)
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	return m, rep
}

// The scanner takes every JSON object that encoding/json takes, and what it
// takes is JSON once minified, with the same meaning.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, `{"a":[1,{"b":null}],"c":"\u00e9\\\"\n"}`, `{"a":NaN,"b":-Infinity}`, "{\"a\":\"\t\x00\"}", `{"a":1e5,"b":-0.0}`,
		`{"a":"123456789012345\"","b":tru`, `{"":{}}`, `{"a" : [ ] , "b":{ } }`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] != '{' {
			return
		}
		s := scanner{b: b}
		end := s.object(0)
		if end < 0 {
			if json.Valid(b) && bytes.Count(b, []byte("{"))+bytes.Count(b, []byte("[")) < maxDepth {
				t.Fatalf("%q is JSON: %v", b, &s.err)
			}
			return
		}
		text := string(b[:end])
		for _, f := range s.fields {
			v := text[f.value.from:f.value.to]
			if f.value.kind == kindEscaped && utf8.ValidString(v) { // the loader hands on valid text only
				want := ""
				if json.Unmarshal([]byte(`"`+v+`"`), &want) == nil && unescape(v) != want {
					t.Fatalf("unescape(%q) = %q, want %q", v, unescape(v), want)
				}
			}
		}
		small := minify(text)
		if !json.Valid([]byte(small)) {
			t.Fatalf("minify(%q) = %q is not JSON", text, small)
		}
		if again := minify(small); again != small {
			t.Fatalf("minify(%q) = %q", small, again)
		}
		if json.Valid([]byte(text)) {
			var want bytes.Buffer
			if json.Compact(&want, []byte(text)); want.String() != small {
				t.Fatalf("minify(%q) = %q, want %q", text, small, want.String())
			}
		}
		if q := quoteJSON(text); !json.Valid([]byte(q)) {
			t.Fatalf("quoteJSON(%q) = %q", text, q)
		}
	})
}

// Any text ends up in rows and rejects, within bounds.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		"{\"a\":1}\n{\"a\":\"x\"}\n", `[{"a":1},{"a":2}]`, `{"value":[{"a":1}],"x":1}`, `{"tables":[{"columns":[{"name":"a"}],"rows":[[1],[2,3]]}]}`,
		"{\"a\":1}{\"b\":[", "[1,[2],{\"a\":3}", "{\n\"a\":\n1}\n{", "\x00\x00{\"a\":1}\x00", `{"records":[{"category":"X","properties":{"a":1}}]}`, "{\"a\":1}\x00x\n",
	} {
		f.Add([]byte(s), uint16(64))
	}
	f.Fuzz(func(t *testing.T, b []byte, limit uint16) {
		m, rep := loadStream(t, "x.json", append([]byte("{"), b...), Options{As: "json", MaxLine: int(limit) + 8})
		if rep.Rows == 0 && rep.Rejects == 0 && len(m.tables) == 0 && len(bytes.Trim(b, " \t\r\n\x00,")) > 0 && len(rep.Files[0].Warnings) == 0 && !bytes.Contains(b, []byte("[")) {
			t.Fatalf("%q: nothing was loaded and nothing rejected", b)
		}
	})
}

// Where encoding/csv reads a table, the same fields come out here.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a\n\"x\"\"y\"\n", "a,b\n\"1\n2\",\"\"\n", "a,b\n1\n", "a\n\n\nb\n", `\`, "a\n\"", "a,\\u"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		loadStream(t, "x.csv", b, Options{MaxLine: 1 << 10})
		if bytes.IndexByte(b, '\r') >= 0 { // encoding/csv changes line ends inside fields
			return
		}
		want, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			return
		}
		var got [][]string
		for rest := b; len(rest) > 0; {
			fields, n, why, _ := csvFields(nil, rest, ',', true)
			if n <= 0 {
				t.Fatalf("%q: %s", rest, why)
			}
			var rec []string
			for _, f := range fields {
				v := string(rest[f.from:f.to])
				if f.kind == kindEscaped {
					v = strings.ReplaceAll(v, `""`, `"`)
				}
				rec = append(rec, v)
			}
			if len(rec) > 1 || fields[0].from != fields[0].to || rest[0] == '"' {
				got = append(got, rec)
			}
			rest = rest[n:]
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q: %q, want %q", b, got, want)
		}
	})
}

// Archives of any kind, whole or broken, end in a report.
func FuzzArchive(f *testing.F) {
	t := &testing.T{}
	const record = `{"a":1}`
	for _, s := range []string{
		packed(t, "gzip", record), packed(t, "zstd", record), packed(t, "zip", record), packed(t, "tar", record),
		packed(t, "gzip", packed(t, "tar", record)), packed(t, "zip", packed(t, "zip", record)), utf16le(record), "PAR1xxxxPAR1", "ElfFile\x00", "BZh91AY&SY",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, rep := loadStream(t, "x", b, Options{MaxLine: 1 << 16})
		if len(rep.Files) == 0 && !bytes.HasPrefix(b, []byte("PK")) && !bytes.Contains(b, []byte("ustar")) && !bytes.Contains(b, []byte{0x1f, 0x8b}) && !bytes.Contains(b, []byte{0x28, 0xb5}) && !bytes.HasPrefix(b, []byte("BZh")) {
			t.Fatalf("%q: no word about the file", b)
		}
	})
}
