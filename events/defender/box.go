package defender

import (
	"hash/maphash"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"quarry/kql/types"
)

// recent remembers what was made of texts. Rows repeat a few texts again and again; a
// text that comes seldom drives out another.
type recent[T any] struct {
	seed  maphash.Seed
	slots []slot[T] // by hash
}

// slot holds what was made of a text.
type slot[T any] struct {
	made T // in front, where nothing takes no room
	text string
}

// newRecent remembers size texts at most, a power of two.
func newRecent[T any](size int) recent[T] {
	return recent[T]{maphash.MakeSeed(), make([]slot[T], size)}
}

// of is the slot of a text, which is not empty. Where it is not remembered, what is made of
// it is to be put into the slot.
func (r *recent[T]) of(s string) (at *slot[T], remembered bool) {
	at = &r.slots[maphash.String(r.seed, s)&uint64(len(r.slots)-1)]
	if at.text == s {
		return at, true
	}
	at.text = strings.Clone(s) // never hold on to the event's memory
	return at, false
}

// maxBoxed bounds the texts that are remembered, and so kept.
const maxBoxed = 64

// box is s as a value, which would be a small allocation each time.
func (m *Mapper) box(s string) types.Value {
	if s == "" || len(s) > maxBoxed {
		return s
	}
	at, remembered := m.boxes.of(s)
	if !remembered {
		at.made = at.text
	}
	return at.made
}

// address is an IP address as rows show it.
type address struct {
	text types.Value
	kind types.Value // of the *IPType columns
	hash uint64
}

var noAddress = &address{text: "", kind: ""}

// address reads an address as logged. Those that come often are remembered, as by box.
func (m *Mapper) address(s string) *address {
	if s == "" || s == "-" {
		return noAddress
	}
	at, remembered := m.addresses.of(s)
	if !remembered {
		text := plainAddress(at.text)
		at.made = &address{text, addressType(text), xxhash.Sum64String(text)}
	}
	return at.made
}

// passing is b as a text, for a row that is sent before b changes.
func passing(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// party is an account as rows show it.
type party struct{ domain, name, sid types.Value }

// maxParties bounds the cache of partyOf.
const maxParties = 1 << 14

// partyOf splits DOMAIN\user and finds its SID in what the whole evidence tells: the
// first pass must be over.
func (m *Mapper) partyOf(user string) *party {
	if p, ok := m.parties[user]; ok {
		return p
	}
	domain, name := account(user)
	p := &party{domain, name, m.sidOf("", domain, name)}
	if len(m.parties) < maxParties {
		m.parties[strings.Clone(user)] = p
	}
	return p
}
