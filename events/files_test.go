package events

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"quarry/kql/types"
)

func packed(t *testing.T, kind, content string) string {
	t.Helper()
	var b bytes.Buffer
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch kind {
	case "gzip":
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(content))
		must(err)
		must(z.Close())
	case "zstd":
		z, err := zstd.NewWriter(&b)
		must(err)
		_, err = z.Write([]byte(content))
		must(err)
		must(z.Close())
	case "zip":
		z := zip.NewWriter(&b)
		w, err := z.Create("in/../../DeviceEvents.json")
		must(err)
		_, err = w.Write([]byte(content))
		must(err)
		must(z.Close())
	case "tar":
		z := tar.NewWriter(&b)
		must(z.WriteHeader(&tar.Header{Name: "./DeviceEvents.json", Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := z.Write([]byte(content))
		must(err)
		must(z.WriteHeader(&tar.Header{Name: "link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}))
		must(z.Close())
	}
	return b.String()
}

func TestPacked(t *testing.T) {
	const record = `{"DeviceName":"d"}`
	want := "DeviceEvents\n  DeviceName:string=d\n"
	for _, c := range []struct {
		name   string
		layers []string
		format string
	}{
		{"DeviceEvents.json", []string{"gzip"}, "gzip JSON"},
		{"DeviceEvents.json.zst", []string{"zstd"}, "zstd JSON"},
		{"a.zip", []string{"zip"}, "zip JSON"},
		{"a.bin", []string{"tar"}, "tar JSON"},
		{"a.tgz", []string{"tar", "gzip"}, "gzip tar JSON"},
		{"a.zip", []string{"tar", "gzip", "zip"}, "zip gzip tar JSON"},
	} {
		content := record
		for _, l := range c.layers {
			content = packed(t, l, content)
		}
		m, rep, err := load(t, Options{}, c.name, content)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
		}
		checkTables(t, m, want)
		if got := rep.Files[0].Format; got != c.format {
			t.Errorf("format %q, want %q", got, c.format)
		}
	}
	deep := packed(t, "zip", packed(t, "zip", packed(t, "zip", record)))
	if _, _, err := load(t, Options{}, "a.zip", deep); err == nil || !strings.Contains(err.Error(), "archive inside an archive") {
		t.Errorf("archives three deep: %v", err)
	}
	cut := packed(t, "gzip", strings.Repeat(record+"\n", 100))
	m, rep, err := load(t, Options{}, "DeviceEvents.json.gz", cut[:len(cut)-12])
	if err == nil || !strings.Contains(err.Error(), "cut off") || len(m.tables["DeviceEvents"].Values) == 0 {
		t.Errorf("cut gzip: error %v, %d rows", err, rep.Rows)
	}
}

// A small file must not unfold without bound.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 1.3 GB through gzip")
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	line := bytes.Repeat([]byte(" "), 1<<20)
	z.Write([]byte("{\"a\":1}\n"))
	for range 1300 {
		z.Write(line)
	}
	z.Close()
	packedTwice := packed(t, "gzip", b.String())
	m, _, err := load(t, Options{}, "x.json.gz", packedTwice)
	if !errors.Is(err, errBomb) || len(m.tables["x"].Values) != 1 {
		t.Errorf("error %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "x.json")
	os.WriteFile(good, []byte(`{"a":1}`), 0o644)
	os.WriteFile(filepath.Join(dir, "notes.md"), []byte("# hello\nworld"), 0o644)
	os.WriteFile(filepath.Join(dir, "empty.json"), nil, 0o644)
	os.Symlink(dir, filepath.Join(dir, "loop"))
	os.Symlink(good, filepath.Join(dir, "again.json"))
	m, rep, err := loadPaths(t, Options{}, filepath.Join(dir, "missing.json"), dir, filepath.Join(dir, "*.json"), filepath.Join(dir, "*.none"))
	var le *LoadError
	if !errors.As(err, &le) || len(le.Files) != 2 || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	checkTables(t, m, "again\n  a:long=1\n")
	if len(rep.Notes) == 0 {
		t.Error("the file found twice is not mentioned")
	}
	if _, _, err := loadPaths(t, Options{}, filepath.Join(dir, "notes.md")); err == nil || !strings.Contains(err.Error(), "unknown format") {
		t.Errorf("a named file of unknown format: %v", err)
	}
	if _, _, err := loadPaths(t, Options{As: "banana"}, good); err == nil || !strings.Contains(err.Error(), "windows, sysmon") {
		t.Errorf("unknown source: %v", err)
	}
}

// Whatever the readers' race, the outcome is the same.
func TestDeterminism(t *testing.T) {
	var files []string
	for i := range 12 {
		var b strings.Builder
		for j := range 50 * (12 - i) {
			fmt.Fprintf(&b, "{\"a\":%d,\"c%d\":%d}\n", j, i, j)
		}
		files = append(files, fmt.Sprintf("%02d/x.ndjson", i), b.String())
	}
	first := ""
	for range 5 {
		m, _, err := load(t, Options{}, files...)
		if err != nil {
			t.Fatal(err)
		}
		text := m.tables["x"].Schema.String() + "\n" + m.text()
		if first == "" {
			first = text
		} else if text != first {
			t.Fatal("two loads of the same files differ")
		}
	}
}

func TestCancel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ndjson")
	os.WriteFile(path, bytes.Repeat([]byte("{\"a\":1,\"b\":\"some text\"}\n"), 1<<20), 0o644)
	ctx, cancel := context.WithCancel(t.Context())
	m := newMemory(t)
	m.count = true
	opts := Options{Progress: func(Progress) { cancel() }}
	_, err := Load(ctx, []string{path}, opts, m)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after %d rows", err, m.rows["x"])
	}
	if m.rows["x"] == 1<<20 {
		t.Error("the load went on to the end")
	}
}

// A reader that waits for a pipe is freed by the context.
func TestCancelPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Skip(err)
	}
	defer w.Close()
	defer r.Close()
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Load(ctx, []string{path}, Options{}, newMemory(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ *memory }

var errFull = errors.New("disk full")

func (failing) Append(string, *types.Block) error { return errFull }

func TestSinkError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ndjson")
	os.WriteFile(path, bytes.Repeat([]byte("{\"a\":1}\n"), 1<<16), 0o644)
	if _, err := Load(t.Context(), []string{path}, Options{}, failing{newMemory(t)}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ndjson")
	os.WriteFile(path, bytes.Repeat([]byte("{\"a\":1}\n"), 1000), 0o644)
	var last Progress
	_, err := Load(t.Context(), []string{path}, Options{Progress: func(p Progress) { last = p }}, newMemory(t))
	if err != nil || last.Done != 8000 || last.Total != 8000 || last.Rows != 1000 {
		t.Errorf("error %v, last progress %+v", err, last)
	}
}
