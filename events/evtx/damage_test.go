package evtx

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// events is a chunk of n records numbered from first, and where each starts.
func events(first uint64, n int) (chunk []byte, at []int) {
	w := newChunk()
	def := 0
	for i := range n {
		at = append(at, len(w.b))
		def = w.event(first+uint64(i), def, eventValues("a.exe", str("x"))...)
	}
	return w.bytes(), append(at, len(w.b))
}

func TestDamage(t *testing.T) {
	type stats struct{ Chunks, Empty, BadChunks, BadSums, BadRecords int }
	whole, _ := events(1, 3)
	for _, c := range []struct {
		name  string
		flags uint32
		file  func() []byte
		ids   []uint64
		stats stats
	}{
		{"whole", 0, func() []byte { return logFile(0, whole) }, []uint64{1, 2, 3}, stats{Chunks: 1}},
		{"a chunk of another signature", 0, func() []byte {
			bad, _ := events(4, 3)
			copy(bad, "ElfJunk")
			last, _ := events(7, 1)
			return logFile(0, whole, bad, last)
		}, []uint64{1, 2, 3, 7}, stats{Chunks: 2, BadChunks: 1}},
		{"preallocated chunks", 0, func() []byte {
			last, _ := events(4, 1)
			return logFile(0, whole, make([]byte, chunkSize), last, make([]byte, chunkSize))
		}, []uint64{1, 2, 3, 4}, stats{Chunks: 2, Empty: 2}},
		{"a wrong checksum", 0, func() []byte {
			bad := bytes.Clone(whole)
			bad[52]++
			return logFile(0, bad)
		}, []uint64{1, 2, 3}, stats{Chunks: 1, BadSums: 1}},
		{"a log without checksums", 0, func() []byte {
			bad := bytes.Clone(whole)
			bad[52]++
			return logFile(fileFlagNoCRC, bad)
		}, []uint64{1, 2, 3}, stats{Chunks: 1}},
		{"a record without its signature", 0, func() []byte {
			bad, at := events(1, 3)
			bad[at[1]] = 0
			sign(bad)
			return logFile(0, bad)
		}, []uint64{1, 3}, stats{Chunks: 1, BadRecords: 1}},
		{"a record whose sizes differ", 0, func() []byte {
			bad, at := events(1, 3)
			bad[at[1]+4] += 8
			sign(bad)
			return logFile(0, bad)
		}, []uint64{1, 3}, stats{Chunks: 1, BadRecords: 1}},
		{"the rest of the chunk overwritten", 0, func() []byte {
			bad, at := events(1, 3)
			clear(bad[at[1]:])
			sign(bad)
			return logFile(0, bad)
		}, []uint64{1}, stats{Chunks: 1, BadRecords: 1}},
		{"values that run past the record", 0, func() []byte {
			bad, at := events(1, 3)
			// The size in the first descriptor of record 2: token, version, id,
			// offset and count come first.
			p := at[1] + recordHeaderSize + 4 + 10 + 4
			bad[p], bad[p+1] = 0xff, 0xff
			sign(bad)
			return logFile(0, bad)
		}, []uint64{1, 3}, stats{Chunks: 1, BadRecords: 1}},
		{"a template overwritten by another", 0, func() []byte {
			bad, at := events(1, 3)
			bad[at[1]+recordHeaderSize+4+2] ^= 0xff // record 2 asks for another id
			sign(bad)
			return logFile(0, bad)
		}, []uint64{1, 3}, stats{Chunks: 1, BadRecords: 1}},
		{"remnants behind the last record", flagDirty, func() []byte {
			c, at := events(1, 3)
			le.PutUint64(c[at[2]+8:], 99) // not the number after 2
			le.PutUint32(c[48:], uint32(at[2]))
			sign(c)
			return logFile(flagDirty, c)
		}, []uint64{1, 2}, stats{Chunks: 1}},
		{"a header behind its records", flagDirty, func() []byte {
			c, at := events(1, 3)
			le.PutUint32(c[48:], uint32(at[1]))
			sign(c)
			return logFile(flagDirty, c)
		}, []uint64{1, 2, 3}, stats{Chunks: 1}},
		{"the same in a log that was closed", 0, func() []byte {
			c, at := events(1, 3)
			le.PutUint32(c[48:], uint32(at[1]))
			sign(c)
			return logFile(0, c)
		}, []uint64{1}, stats{Chunks: 1}},
		{"an end of records out of range", 0, func() []byte {
			c := bytes.Clone(whole)
			le.PutUint32(c[48:], 1<<31)
			return logFile(0, c)
		}, []uint64{1, 2, 3}, stats{Chunks: 1, BadRecords: 1}},
		{"a file cut inside the second record", 0, func() []byte {
			c, at := events(1, 3)
			return logFile(0, c)[:fileHeaderSize+at[1]+40]
		}, []uint64{1}, stats{Chunks: 1, BadRecords: 1}},
		{"a ruined file header", 0, func() []byte {
			f := logFile(0, whole)
			clear(f[:fileHeaderSize])
			return f
		}, []uint64{1, 2, 3}, stats{Chunks: 1}},
		{"chunks alone", 0, func() []byte { return slices.Concat(whole, whole) }, []uint64{1, 2, 3, 1, 2, 3}, stats{Chunks: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ids []uint64
			s := readAll(t, c.file(), func(rec *Record) { ids = append(ids, rec.ID) })
			if diff := cmp.Diff(c.ids, ids); diff != "" {
				t.Errorf("records (-want +got):\n%s\n%+v", diff, s)
			}
			got := stats{s.Chunks, s.EmptyChunks, s.DamagedChunks, s.BadChecksums, s.DamagedRecords}
			if got != c.stats {
				t.Errorf("got %+v, want %+v; %v", got, c.stats, s.Damage)
			}
			if s.Records != len(ids) {
				t.Errorf("Stats has %d records, %d were delivered", s.Records, len(ids))
			}
			if bad := s.DamagedChunks + s.BadChecksums + s.DamagedRecords; bad > 0 && len(s.Damage) == 0 {
				t.Error("damage was counted but its places are not told")
			}
		})
	}
}

// TestHostile has records made to trap a reader; each must be given up as one
// damaged record, and soon.
func TestHostile(t *testing.T) {
	for name, write := range map[string]func(w *chunkBuilder){
		"a template that uses itself": func(w *chunkBuilder) {
			def := len(w.b) + 10
			w.instance(1, 0, func() {
				w.element("Event", nil, func() { w.instance(1, def, nil) })
			})
		},
		"a value that contains itself many times over": func(w *chunkBuilder) {
			// Each level names its one value 200 times.
			var level func(w *chunkBuilder, depth int)
			level = func(w *chunkBuilder, depth int) {
				body := func() {
					w.element("E", nil, func() {
						for range 200 {
							w.sub(0)()
						}
					})
				}
				if depth == 0 {
					w.instance(1, 0, body, str("boom"))
					return
				}
				names, b := w.names, w.b
				w.names, w.b = map[string]int{}, bytes.Clone(w.b)
				w.instance(1, 0, body, v{typeBinXML, nil})
				at := len(w.b)
				w.names, w.b = names, b
				w.instance(1, 0, body, w.nested(at, func(in *chunkBuilder) { level(in, depth-1) }))
			}
			level(w, 5)
		},
		"elements nested without end": func(w *chunkBuilder) {
			var nest func(n int)
			nest = func(n int) { w.element("E", nil, func() { nest(n - 1) }) }
			deep := nest
			nest = func(n int) {
				if n > 0 {
					deep(n)
				}
			}
			nest(200)
		},
		"a name outside the chunk": func(w *chunkBuilder) {
			w.u8(tokOpenStart)
			w.u32(10)
			w.u32(0x7fffffff)
		},
		"a count of values beyond the record": func(w *chunkBuilder) {
			w.u8(tokTemplate, 1)
			w.u32(1)
			w.u32(600)
			w.u32(-1)
		},
		"a template of the size of everything": func(w *chunkBuilder) {
			w.u8(tokTemplate, 1)
			w.u32(1)
			w.u32(len(w.b) + 4)
			w.u8(make([]byte, 20)...)
			w.u32(-1)
		},
		"an element without an end": func(w *chunkBuilder) { w.u8(tokOpenStart); w.u32(4); w.name("E"); w.u8(tokCloseStart) },
		"a token that is none":      func(w *chunkBuilder) { w.u8(0x3f) },
		"a literal of unknown size": func(w *chunkBuilder) { w.element("E", nil, func() { w.u8(tokValue, typeBinary) }) },
		"a literal SID that is none": func(w *chunkBuilder) {
			w.element("E", nil, func() { w.u8(tokValue, typeSID, 1, 200, 0, 0, 0, 0, 0, 0) })
		},
		"an attribute of BinXML": func(w *chunkBuilder) {
			w.instance(1, 0, func() { w.element("E", []attr{{"a", w.sub(0)}}, nil) }, v{typeBinXML, []byte{1}})
		},
		"text outside of any element": func(w *chunkBuilder) { w.lit("x")() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newChunk()
			w.record(1, func() { write(w) })
			w.event(2, 0, eventValues("a.exe", str("x"))...)
			var ids []uint64
			s := readAll(t, logFile(0, w.bytes()), func(rec *Record) { ids = append(ids, rec.ID) })
			if diff := cmp.Diff([]uint64{2}, ids); diff != "" || s.DamagedRecords != 1 {
				t.Errorf("records (-want +got):\n%s\n%+v", diff, s)
			}
			t.Log(s.Damage)
		})
	}
}

func TestDamageIsBounded(t *testing.T) {
	bad := bytes.Repeat([]byte{1}, chunkSize)
	var chunks [][]byte
	for range maxDamage + 5 {
		chunks = append(chunks, bad)
	}
	s := readAll(t, logFile(0, chunks...), func(*Record) {})
	if len(s.Damage) != maxDamage || s.DamageOmitted != 5 || s.DamagedChunks != maxDamage+5 {
		t.Errorf("%d listed, %d omitted, %d chunks", len(s.Damage), s.DamageOmitted, s.DamagedChunks)
	}
}

// FuzzReader puts the input where the records of a chunk are, or makes it the
// BinXML of one record. That keeps inputs small and past the framing.
func FuzzReader(f *testing.F) {
	small, at := events(1, 3)
	const whole, dirty, binxml = 0, 1, 2
	f.Add(byte(whole), small[chunkHeaderSize:at[2]])
	f.Add(byte(dirty), small[chunkHeaderSize:at[1]])
	f.Add(byte(binxml), small[at[0]+recordHeaderSize:at[1]-4])
	for _, write := range []func(w *chunkBuilder){
		func(w *chunkBuilder) {
			w.element("Event", nil, func() { w.element("A", []attr{{"b", w.lit("c")}}, w.lit("d")) })
		},
		func(w *chunkBuilder) {
			w.instance(1, 0, func() { w.element("Event", nil, w.sub(0)) }, v{typeArray | typeSizeT, make([]byte, 16)})
		},
	} {
		w := newChunk()
		w.record(1, func() { write(w) })
		f.Add(byte(binxml), w.b[chunkHeaderSize+recordHeaderSize:len(w.b)-4])
	}
	f.Fuzz(func(t *testing.T, mode byte, records []byte) {
		if mode == binxml {
			size := uint32(minRecordSize + len(records))
			header := le.AppendUint32(bytes.Clone(recordMagic), size)
			records = slices.Concat(header, make([]byte, 16), records, le.AppendUint32(nil, size))
		}
		chunk := make([]byte, chunkHeaderSize, chunkHeaderSize+len(records))
		copy(chunk, chunkMagic)
		flags, end := uint32(fileFlagNoCRC), chunkHeaderSize+len(records)
		if mode == dirty {
			flags, end = flags|flagDirty, chunkHeaderSize+len(records)/2
		}
		le.PutUint32(chunk[48:], uint32(end))
		log := logFile(flags, append(chunk, records...))
		delivered := 0
		s := readAll(t, log, func(rec *Record) {
			delivered++
			_ = rec.Event()
			_ = rec.XML()
			if text := rec.JSON(); !json.Valid(text) {
				t.Fatalf("invalid JSON: %q", text)
			}
		})
		if s.Records != delivered {
			t.Fatalf("%d records delivered, %d counted", delivered, s.Records)
		}
	})
}

// FuzzFile reads any bytes as a file.
func FuzzFile(f *testing.F) {
	f.Add(logFile(0)[:140])
	f.Fuzz(func(t *testing.T, log []byte) {
		r, err := NewStreamReader(bytes.NewReader(log))
		for err == nil {
			_, err = r.Next()
		}
		if err != io.EOF && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
	})
}
