package defender

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/events/winevent"
)

// TestSpool: events come back as they were written, from memory and from the file, with
// names that are known and with more than are remembered.
func TestSpool(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string { return strings.Repeat(fmt.Sprint("é", rnd.IntN(50)), rnd.IntN(n)) }
	for _, full := range []bool{false, true} {
		s := newSpool(2 * chunkSize)
		if full {
			s.kinds = make([]*kind, maxKinds)
		}
		var want []winevent.Event
		for i := range 4000 {
			ev := winevent.Event{Provider: text(3), ProviderGUID: text(2), Channel: text(3), Computer: text(4), UserSID: text(2), EventID: rnd.IntN(100) - 1, Version: rnd.IntN(3), Level: -1, Task: rnd.IntN(9), Opcode: 1,
				Keywords: rnd.Uint64(), RecordID: rnd.Uint64N(1000), ProcessID: rnd.Uint32(), ThreadID: 7, TimeCreated: rnd.Int64() - 1<<40, ActivityID: text(2), Message: text(200)}
			for f := range rnd.IntN(12) {
				ev.Data = append(ev.Data, winevent.Field{Name: []string{"Image", "User", "", fmt.Sprint("own", f)}[rnd.IntN(4)], Value: text(30)})
			}
			if i == 7 {
				ev.Message = strings.Repeat("m", chunkSize+5)
			}
			want = append(want, ev)
			if err := s.write(&stored{ev: &ev, kind: s.kindOf(&ev), computer: s.id(ev.Computer), device: uint32(i), file: uint32(i % 3), process: uint32(5 * i), utc: int64(-i)}); err != nil {
				t.Fatal(err)
			}
		}
		if s.file == nil {
			t.Fatalf("all %d bytes are in memory", s.size)
		}
		err := s.read(func(seq uint32, st *stored) error {
			got := *st.ev
			if len(got.Data) == 0 {
				got.Data = nil
			}
			if diff := cmp.Diff(want[seq], got); diff != "" {
				return fmt.Errorf("event %d (-want +got)\n%s", seq, diff)
			}
			if st.device != seq || st.file != seq%3 || st.process != 5*seq || st.utc != -int64(seq) {
				return fmt.Errorf("event %d: %+v", seq, st)
			}
			want[seq].Provider = "read"
			for _, name := range []string{"Image", "User", "", "own3", "none"} {
				if got, want := st.get(name), got.Get(name); got != want {
					return fmt.Errorf("event %d: %q is %q, want %q", seq, name, got, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if last := want[len(want)-1]; last.Provider != "read" {
			t.Error("the last event is missing")
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestEightBytesAtOnce compares what looks at eight bytes at once with one byte at a time.
func TestEightBytesAtOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	signs := []byte("aAzZ@[`{09 \t\n\x00\x1f<>&\"'/\\\x7f\x80\xc3\xa9\xff")
	for range 20_000 {
		b := make([]byte, rnd.IntN(40))
		for i := range b {
			b[i] = signs[rnd.IntN(len(signs))]
		}
		s := string(b)
		if got, want := string(appendXML([]byte("x"), s)), string(appendEscaped([]byte("x"), s)); got != want {
			t.Fatalf("%q in XML is %q, want %q", s, got, want)
		}
		if lower := strings.ToLower(s); foldedHash(s) != foldedHash(lower) {
			t.Fatalf("%q and %q have different hashes", s, lower)
		}
		if other := strings.Map(func(r rune) rune { return r ^ 1 }, s); other != s && foldedHash(other) == foldedHash(s) {
			t.Fatalf("%q and %q have the same hash", s, other)
		}
	}
}
