package evtx

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/events/winevent"
)

// sharedData is the directory of third-party logs that may lie beside the repository.
func sharedData(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
	data := filepath.Join(filepath.Dir(dir), "shared", "data")
	if _, err := os.Stat(data); err != nil {
		t.Skip("needs the event logs in ../shared/data, which is absent")
	}
	return data
}

func sampleLogs(t testing.TB) []string {
	var logs []string
	err := filepath.WalkDir(sharedData(t), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.EqualFold(filepath.Ext(path), ".evtx") {
			logs = append(logs, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

// countRecords counts records without any of the reader's code: every place in
// a chunk, up to where the chunk says its records end, that has a record's
// signature and its size both in front and behind.
func countRecords(log []byte) (ids []uint64) {
	le := binary.LittleEndian
	for at := 4096; at+65536 <= len(log); at += 65536 {
		c := log[at : at+65536]
		if string(c[:8]) != "ElfChnk\x00" {
			continue
		}
		end := int(le.Uint32(c[48:]))
		for p := 512; p+28 <= end; p++ {
			if string(c[p:p+4]) != "**\x00\x00" {
				continue
			}
			size := int(le.Uint32(c[p+4:]))
			if size >= 28 && p+size <= end && int(le.Uint32(c[p+size-4:])) == size {
				ids = append(ids, le.Uint64(c[p+8:]))
				p += size - 1
			}
		}
	}
	return ids
}

func TestSamplesCompare(t *testing.T) {
	total := 0
	for _, path := range sampleLogs(t) {
		log, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := countRecords(log)
		r, err := NewReader(bytes.NewReader(log), int64(len(log)))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var got []uint64
		for rec, err := range r.Records() {
			if err != nil {
				t.Fatal(path, err)
			}
			got = append(got, rec.ID)
			ev := rec.Event()
			if ev.Provider == "" || ev.Computer == "" || ev.TimeCreated == 0 {
				t.Errorf("%s: record %d has no provider, computer or time: %+v", path, rec.ID, ev)
			}
			if !json.Valid(rec.JSON()) {
				t.Errorf("%s: record %d: invalid JSON %s", path, rec.ID, rec.JSON())
			}
			checkAgainstXML(t, rec.XML(), ev)
			if t.Failed() {
				t.Fatalf("%s: record %d", path, rec.ID)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: records differ (-independent count +reader):\n%s", path, diff)
		}
		total += len(got)
		if s := r.Stats(); s.DamagedRecords+s.DamagedChunks+s.IrregularData > 0 {
			t.Logf("%s: %+v", filepath.Base(path), s)
		}
	}
	t.Logf("%d records", total)
}

// checkAgainstXML decodes the XML with the standard library and compares what it
// says with the event.
func checkAgainstXML(t *testing.T, text []byte, ev winevent.Event) {
	t.Helper()
	var doc struct {
		System struct {
			Provider struct {
				Name string `xml:",attr"`
			}
			EventID       int
			EventRecordID uint64
			Level         int
			Task          int
			Channel       string
			Computer      string
			Keywords      string
			Execution     struct {
				ProcessID uint32 `xml:",attr"`
			}
		}
		EventData struct {
			Data []struct {
				XMLName xml.Name
				Name    string `xml:",attr"`
				Text    string `xml:",chardata"`
			} `xml:",any"`
		}
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&doc); err != nil {
		t.Errorf("%v in %s", err, text)
		return
	}
	s := doc.System
	keywords, _ := strconv.ParseUint(s.Keywords, 0, 64)
	want := winevent.Event{Provider: s.Provider.Name, EventID: s.EventID, RecordID: s.EventRecordID, Level: s.Level, Task: s.Task,
		Channel: s.Channel, Computer: s.Computer, Keywords: keywords, ProcessID: s.Execution.ProcessID}
	got := winevent.Event{Provider: ev.Provider, EventID: ev.EventID, RecordID: ev.RecordID, Level: ev.Level, Task: ev.Task,
		Channel: ev.Channel, Computer: ev.Computer, Keywords: ev.Keywords, ProcessID: ev.ProcessID}
	for _, f := range doc.EventData.Data {
		name := f.Name
		if name == "" {
			name = f.XMLName.Local
		}
		want.Data = append(want.Data, winevent.Field{Name: name, Value: f.Text})
	}
	if len(want.Data) > 0 {
		newlines := strings.NewReplacer("\r\n", "\n", "\r", "\n") // XML's own rule
		for _, f := range ev.Data {
			f.Value = strings.Map(xmlRune, newlines.Replace(f.Value))
			got.Data = append(got.Data, f)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event differs from its XML (-xml +event):\n%s\n%s", diff, text)
	}
}

func xmlRune(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
		return '\uFFFD'
	}
	return r
}

// golden pairs a log with what another reader made of its record.
var golden = []struct {
	log, golden string
	record      uint64
}{
	{"Microsoft-Windows-CAPI2_Operational_EventID70.evtx", "CAPI2_Operational.golden", 707},
	{"Security.evtx", "Event4624_linux.golden", 31880},
}

func TestGolden(t *testing.T) {
	dir := filepath.Join(sharedData(t), "evtx_parser", "velocidex_apache2")
	for _, g := range golden {
		f, err := os.Open(filepath.Join(dir, "testdata", g.log))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := NewStreamReader(f)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := r.Next()
		for err == nil && rec.Event().RecordID != g.record {
			rec, err = r.Next()
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "fixtures", g.golden))
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(rec.JSON(), &got); err != nil {
			t.Fatal(err)
		}
		delete(want, "Message") // made from message tables, not from the log
		if diff := cmp.Diff(plain("", want), plain("", got)); diff != "" {
			t.Errorf("%s (-golden +got):\n%s", g.log, diff)
		}
	}
}

// plain brings two writings of one value together: the golden files have HexInt
// as a number, times as Unix seconds, GUIDs without braces.
func plain(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = plain(k, x)
		}
		return out
	case string:
		if n, err := strconv.ParseUint(v, 0, 64); err == nil && strings.HasPrefix(v, "0x") {
			return float64(n)
		}
		if key == "SystemTime" {
			rec := &value{typ: typeText, data: []byte(v)}
			return math.Round(float64(ticks(rec)-621355968000000000) / 1e4)
		}
		if len(v) == 38 && v[0] == '{' {
			v = v[1:37]
		}
		if len(v) == 36 && strings.Count(v, "-") == 4 {
			return strings.ToUpper(v)
		}
		return v
	case float64:
		if key == "SystemTime" {
			return math.Round(v * 1e3)
		}
	}
	return v
}

func BenchmarkReadFile(b *testing.B) {
	log, err := os.ReadFile(filepath.Join(sharedData(b), "evtx_parser", "omerbenamram_mit_apache2", "security_bad_string_cache.evtx"))
	if err != nil {
		b.Fatal(err)
	}
	log = log[:4096+26*65536] // the part with records
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		readAll(b, log, func(rec *Record) { _ = rec.Event() })
	}
}

func BenchmarkJSON(b *testing.B) {
	log, err := os.ReadFile(filepath.Join(sharedData(b), "evtx_parser", "omerbenamram_mit_apache2", "security_bad_string_cache.evtx"))
	if err != nil {
		b.Fatal(err)
	}
	log = log[:4096+26*65536]
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		readAll(b, log, func(rec *Record) { _ = rec.JSON() })
	}
}

func readAll(t testing.TB, log []byte, do func(*Record)) Stats {
	r, err := NewReader(bytes.NewReader(log), int64(len(log)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return r.Stats()
		}
		if err != nil {
			t.Fatal(err)
		}
		do(rec)
	}
}
