package evtx

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"quarry/events/winevent"
	"quarry/kql/types"
)

func TestValueText(t *testing.T) {
	f32 := le.AppendUint32(nil, math.Float32bits(0.1))
	f64 := le.AppendUint64(nil, math.Float64bits(-2.5e300))
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	guid := []byte{0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 3, 0x28, 0xc3, 0xd}
	systime := []byte{0xe4, 7, 2, 0, 6, 0, 29, 0, 23, 0, 59, 0, 58, 0, 7, 0}
	for _, c := range []struct {
		name string
		typ  byte
		data []byte
		want string
		bad  bool
	}{
		{"null", typeNull, nil, "", false},
		{"string", typeString, utf16le("Grüße, 世界 😀 and more ASCII"), "Grüße, 世界 😀 and more ASCII", false},
		{"string with its zero", typeString, utf16le("abc\x00\x00"), "abc", false},
		{"string with a zero inside", typeString, utf16le("abc\x00def"), "abc\x00def", false},
		{"unpaired surrogates", typeString, []byte{0x3d, 0xd8, 'a', 0, 0, 0xde}, "\uFFFDa\uFFFD", false},
		{"string of odd size", typeString, []byte{'a', 0, 'b'}, "a", true},
		{"ansi utf-8", typeAnsi, []byte("caf\xc3\xa9\x00"), "café", false},
		{"ansi 1252", typeAnsi, []byte("caf\xe9 \x80"), "café €", false},
		{"int8", typeInt8, []byte{0xff}, "-1", false},
		{"uint8", typeUInt8, []byte{0xff}, "255", false},
		{"int16", typeInt16, []byte{0, 0x80}, "-32768", false},
		{"uint16", typeUInt16, []byte{0, 0x80}, "32768", false},
		{"int32", typeInt32, []byte{0xfe, 0xff, 0xff, 0xff}, "-2", false},
		{"uint32", typeUInt32, []byte{0xfe, 0xff, 0xff, 0xff}, "4294967294", false},
		{"int64", typeInt64, bytes.Repeat([]byte{0xff}, 8), "-1", false},
		{"uint64", typeUInt64, bytes.Repeat([]byte{0xff}, 8), "18446744073709551615", false},
		{"float", typeFloat, f32, "0.1", false},
		{"double", typeDouble, f64, "-2.5e+300", false},
		{"bool", typeBool, []byte{1, 0, 0, 0}, "true", false},
		{"bool false", typeBool, []byte{0, 0, 0, 0}, "false", false},
		{"bool of one byte", typeBool, []byte{1}, "true", false},
		{"bool of another value", typeBool, []byte{0, 0, 9, 0}, "true", false},
		{"bool too wide", typeBool, bytes.Repeat([]byte{1}, 9), "010101010101010101", true},
		{"binary", typeBinary, []byte{0, 0xab, 0xc}, "00AB0C", false},
		{"guid", typeGUID, guid, "{54849625-5478-4994-A5BA-3E3B0328C30D}", false},
		{"guid too short", typeGUID, guid[:3], "259684", true},
		{"size_t of 4", typeSizeT, []byte{0x10, 0, 0, 0}, "0x10", false},
		{"size_t of 8", typeSizeT, []byte{0x10, 0, 0, 0, 1, 0, 0, 0}, "0x100000010", false},
		{"filetime", typeFileTime, le.AppendUint64(nil, 132223104001234567), "2020-01-01T00:00:00.1234567Z", false},
		{"filetime zero", typeFileTime, make([]byte, 8), "1601-01-01T00:00:00.0000000Z", false},
		{"filetime past 9999", typeFileTime, le.AppendUint64(nil, math.MaxInt64), "30828-09-14T02:48:05.4775807Z", false},
		{"filetime negative", typeFileTime, bytes.Repeat([]byte{0xff}, 8), "FFFFFFFFFFFFFFFF", true},
		{"systemtime", typeSystemTime, systime, "2020-02-29T23:59:58.007Z", false},
		{"sid", typeSID, sid, "S-1-5-32-544", false},
		{"sid of a wide authority", typeSID, []byte{1, 0, 1, 0, 0, 0, 0, 5}, "S-1-0x10000000005", false},
		{"sid cut short", typeSID, sid[:12], "010200000000000520000000", true},
		{"hexint32", typeHexInt32, []byte{0xef, 0xbe, 0, 0}, "0xbeef", false},
		{"hexint64", typeHexInt64, []byte{0, 0, 0, 0, 0, 0, 0x20, 0x80}, "0x8020000000000000", false},
		{"handle", typeEvtHandle, []byte{1, 0, 0, 0, 0, 0, 0, 0}, "0x1", false},
		{"xml", typeEvtXML, utf16le("<a/>"), "<a/>", false},
		{"unknown type", 0x77, []byte{1, 2}, "0102", true},
		{"strings", typeArray | typeString, utf16le("a\x00\x00bc\x00"), "a,,bc", false},
		{"strings, the last unterminated", typeArray | typeString, utf16le("a\x00b"), "a,b", false},
		{"strings, the first empty", typeArray | typeString, utf16le("\x00b\x00"), ",b", false},
		{"ansi strings", typeArray | typeAnsi, []byte("a\x00b\x00"), "a,b", false},
		{"int8s", typeArray | typeInt8, []byte{1, 0xff}, "1,-1", false},
		{"uint16s", typeArray | typeUInt16, []byte{1, 0, 2, 0}, "1,2", false},
		{"int32s of odd size", typeArray | typeInt32, []byte{1, 0, 0, 0, 2}, "0100000002", true},
		{"uint64s", typeArray | typeUInt64, make([]byte, 16), "0,0", false},
		{"doubles", typeArray | typeDouble, append(f64, f64...), "-2.5e+300,-2.5e+300", false},
		{"bools", typeArray | typeBool, []byte{1, 0, 0, 0, 0, 0, 0, 0}, "true,false", false},
		{"guids", typeArray | typeGUID, append(guid, guid...), "{54849625-5478-4994-A5BA-3E3B0328C30D},{54849625-5478-4994-A5BA-3E3B0328C30D}", false},
		{"sids", typeArray | typeSID, append(sid, sid...), "S-1-5-32-544,S-1-5-32-544", false},
		{"systemtimes", typeArray | typeSystemTime, append(systime, systime...), "2020-02-29T23:59:58.007Z,2020-02-29T23:59:58.007Z", false},
		{"hexint32s", typeArray | typeHexInt32, []byte{1, 0, 0, 0, 0xff, 0, 0, 0}, "0x1,0xff", false},
		{"size_ts", typeArray | typeSizeT, []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}, "0x1,0x2,0x3", false},
	} {
		x := value{typ: c.typ, data: c.data}
		got, ok := x.appendText([]byte("> "))
		if string(got) != "> "+c.want || ok == c.bad {
			t.Errorf("%s: got %q, fits %v; want %q, %v", c.name, got, ok, c.want, !c.bad)
		}
	}
}

const sampleXML = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>` +
	`<Provider Name='Test-Provider' Guid='{54849625-5478-4994-A5BA-3E3B0328C30D}'/><EventID>4624</EventID><Version>2</Version>` +
	`<Level>4</Level><Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2020-01-01T00:00:00.1234567Z'/><Correlation/>` +
	`<Execution ProcessID='772' ThreadID='12'/><Channel>Test</Channel><Computer>host.example</Computer><Security UserID='S-1-5-18'/>` +
	`</System><EventData><Data Name='Image'>C:\a &amp; b.exe</Data><Data Name='Empty'></Data><Data>x</Data><Data>y</Data></EventData></Event>`

func TestRecord(t *testing.T) {
	w := newChunk()
	more := v{typeArray | typeString, utf16le("x\x00y\x00")}
	def := w.event(7, 0, eventValues(`C:\a & b.exe`, more)...)
	w.event(8, def, eventValues(`C:\second.exe`, more)...)
	r, err := NewStreamReader(bytes.NewReader(logFile(0, w.bytes())))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Next()
	if err != nil {
		t.Fatal(err, r.Stats())
	}
	when := types.UnixEpoch + 1577836800*types.Second
	if rec.ID != 7 || rec.Written != when || rec.Offset != 4096+512 {
		t.Errorf("record header: %+v", rec)
	}
	want := winevent.Event{
		Provider: "Test-Provider", ProviderGUID: "{54849625-5478-4994-A5BA-3E3B0328C30D}", Channel: "Test", Computer: "host.example",
		EventID: 4624, Version: 2, Level: 4, Keywords: 0x8020000000000000, RecordID: 7, ProcessID: 772, ThreadID: 12,
		UserSID: "S-1-5-18", TimeCreated: when + 1234567,
		Data: []winevent.Field{{Name: "Image", Value: `C:\a & b.exe`}, {Name: "Empty"}, {Name: "Data", Value: "x"}, {Name: "Data", Value: "y"}},
	}
	first := rec.Event()
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sampleXML, string(rec.XML())); diff != "" {
		t.Errorf("XML (-want +got):\n%s", diff)
	}
	wantJSON := `{"System":{"Provider":{"Name":"Test-Provider","Guid":"{54849625-5478-4994-A5BA-3E3B0328C30D}"},"EventID":{"Value":4624},"Version":2,` +
		`"Level":"4","Keywords":"0x8020000000000000","TimeCreated":{"SystemTime":"2020-01-01T00:00:00.1234567Z"},"Correlation":{},` +
		`"Execution":{"ProcessID":772,"ThreadID":"12"},"Channel":"Test","Computer":"host.example","Security":{"UserID":"S-1-5-18"}},` +
		`"EventData":{"Image":"C:\\a & b.exe","Empty":"","Data":["x","y"]}}`
	if diff := cmp.Diff(wantJSON, string(rec.JSON())); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	if rec, err = r.Next(); err != nil || rec.ID != 8 {
		t.Fatal(rec, err, r.Stats())
	}
	second := rec.Event()
	if got := second.Get("Image"); got != `C:\second.exe` {
		t.Errorf("the second record's Image is %q", got)
	}
	if first.Get("Image") != `C:\a & b.exe` {
		t.Error("an Event must outlive its record")
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last record: %v", err)
	}
	if s := r.Stats(); s.Chunks != 1 || s.Records != 2 || s.DamagedRecords+s.BadChecksums != 0 || len(s.Damage) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBinXML runs constructs that few logs have.
func TestBinXML(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(w *chunkBuilder)
		xml   string
		data  []winevent.Field
	}{
		{"elements without a template", func(w *chunkBuilder) {
			w.element("Event", nil, func() {
				w.element("UserData", nil, func() {
					w.element("Cleared", []attr{{"xmlns:p", w.lit("urn:x")}, {"by", w.lit("me")}}, func() {
						w.element("Who", nil, w.lit("it's <me>"))
						w.element("Nobody", nil, nil)
					})
				})
			})
		}, `<Event><UserData><Cleared xmlns:p='urn:x' by='me'><Who>it&apos;s &lt;me&gt;</Who><Nobody/></Cleared></UserData></Event>`,
			[]winevent.Field{{Name: "Cleared/@by", Value: "me"}, {Name: "Who", Value: "it's <me>"}, {Name: "Nobody"}}},
		{"references, CDATA, instructions", func(w *chunkBuilder) {
			w.element("Event", nil, func() {
				w.u8(tokPITarget)
				w.name("go")
				w.u8(tokPIData)
				w.u16(2)
				w.u8(utf16le("on")...)
				w.element("EventData", nil, func() {
					w.element("Data", []attr{{"Name", func() {
						w.lit("a")()
						w.u8(tokCharRef, 'b', 0)
					}}}, func() {
						w.u8(tokEntityRef | tokMoreData)
						w.name("lt")
						w.u8(tokEntityRef)
						w.name("custom")
						w.u8(tokCharRef, 0x41, 0)
						w.u8(tokCDATA)
						w.u16(3)
						w.u8(utf16le("]&[")...)
						w.u8(tokValue, typeHexInt32, 1, 2, 0, 0)
					})
				})
			})
		}, `<Event><?go on?><EventData><Data Name='ab'>&lt;&amp;custom;A]&amp;[0x201</Data></EventData></Event>`,
			[]winevent.Field{{Name: "ab", Value: "<&custom;A]&[0x201"}}},
		{"optional values take their element or attribute with them", func(w *chunkBuilder) {
			w.instance(1, 0, func() {
				w.element("Event", nil, func() {
					w.element("EventData", nil, func() {
						w.dependent(0, "Gone", nil, w.opt(0))
						w.element("Gone", nil, w.opt(0))
						w.element("Kept", []attr{{"gone", w.opt(0)}, {"kept", w.sub(0)}}, w.sub(0))
						w.element("Mixed", nil, func() { w.lit("a")(); w.opt(0)(); w.opt(1)() })
						w.element("Missing", nil, w.sub(99))
					})
				})
			}, v{typeNull, nil}, str("b"))
		}, `<Event><EventData><Kept kept=''></Kept><Mixed>ab</Mixed><Missing></Missing></EventData></Event>`,
			[]winevent.Field{{Name: "Kept/@kept"}, {Name: "Mixed", Value: "ab"}, {Name: "Missing"}}},
		{"arrays repeat their element", func(w *chunkBuilder) {
			w.instance(1, 0, func() {
				w.element("Event", nil, func() {
					w.element("EventData", nil, func() {
						w.element("Data", []attr{{"Name", w.lit("n")}}, w.sub(0))
						w.element("Data", []attr{{"all", w.sub(0)}}, w.lit("-"))
						w.element("Data", nil, w.sub(1))
						w.element("Data", nil, w.sub(2))
					})
				})
			}, v{typeArray | typeUInt16, []byte{1, 0, 2, 0}}, v{typeArray | typeString, nil}, v{typeArray | typeUInt32, []byte{1, 2, 3}})
		}, `<Event><EventData><Data Name='n'>1</Data><Data Name='n'>2</Data><Data all='1,2'>-</Data><Data></Data><Data>010203</Data></EventData></Event>`,
			[]winevent.Field{{Name: "n", Value: "1"}, {Name: "n", Value: "2"}, {Name: "Data/@all", Value: "1,2"}, {Name: "Data", Value: "-"}, {Name: "Data"}, {Name: "Data", Value: "010203"}}},
		{"rendering information", func(w *chunkBuilder) {
			w.element("Event", nil, func() {
				w.element("EventData", nil, func() {})
				w.element("RenderingInfo", []attr{{"Culture", w.lit("en-US")}}, func() {
					w.element("Message", nil, w.lit("All is well."))
					w.element("Level", nil, w.lit("Information"))
				})
			})
		}, `<Event><EventData></EventData><RenderingInfo Culture='en-US'><Message>All is well.</Message><Level>Information</Level></RenderingInfo></Event>`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newChunk()
			w.record(1, func() { c.write(w) })
			r, _ := NewStreamReader(bytes.NewReader(logFile(0, w.bytes())))
			rec, err := r.Next()
			if err != nil {
				t.Fatal(err, r.Stats())
			}
			if diff := cmp.Diff(c.xml, string(rec.XML())); diff != "" {
				t.Errorf("XML (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.data, rec.Event().Data); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if !json.Valid(rec.JSON()) {
				t.Errorf("invalid JSON: %s", rec.JSON())
			}
			if c.name == "rendering information" && rec.Event().Message != "All is well." {
				t.Errorf("message: %q", rec.Event().Message)
			}
		})
	}
}

// TestNestedBinXML has the payload in a value of its own, with its own template,
// as most logs do.
func TestNestedBinXML(t *testing.T) {
	w := newChunk()
	payload := func(in *chunkBuilder) {
		in.instance(2, 0, func() {
			in.element("EventData", nil, func() { in.element("Data", []attr{{"Name", in.lit("k")}}, in.sub(0)) })
		}, str("nested"))
	}
	outer := func() { w.element("Event", nil, w.opt(0)) }
	w.record(1, func() {
		// The value's place must be known to write it: try, then write for good.
		probe := &chunkBuilder{b: bytes.Clone(w.b), names: map[string]int{}}
		save := w.b
		names := w.names
		w.b, w.names = probe.b, probe.names
		w.instance(1, 0, outer, v{typeBinXML, nil})
		at := len(w.b)
		w.b, w.names = save, names
		w.instance(1, 0, outer, w.nested(at, payload))
	})
	r, _ := NewStreamReader(bytes.NewReader(logFile(0, w.bytes())))
	rec, err := r.Next()
	if err != nil {
		t.Fatal(err, r.Stats())
	}
	if got, want := string(rec.XML()), `<Event><EventData><Data Name='k'>nested</Data></EventData></Event>`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	ev := rec.Event()
	if ev.Get("k") != "nested" {
		t.Errorf("fields: %v", ev.Data)
	}
}

func TestNotALog(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"empty":  {"", "empty"},
		"text":   {strings.Repeat("hello ", 2000), "ElfFile"},
		"legacy": {"\x30\x00\x00\x00LfLe\x01\x00\x00\x00", "wevtutil"},
	} {
		_, err := NewStreamReader(strings.NewReader(c.data))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("disk on fire")
	if _, err := NewStreamReader(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a read error in the header: %v", err)
	}
	log := logFile(0, newChunk().bytes())
	r, err := NewStreamReader(io.MultiReader(bytes.NewReader(log[:5000]), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("a read error in a chunk: %v", err)
	}
}
