package defender

import (
	"hash/maphash"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"quarry/kql/types"
)

// boxes remembers texts as values. Rows repeat a few texts again and again, each of which
// would be a small allocation; a text that comes seldom drives out another.
type boxes struct {
	seed  maphash.Seed
	slots [512]struct {
		text  string
		value types.Value
	}
}

// maxBoxed bounds the texts that are remembered, and so kept.
const maxBoxed = 64

// box is s as a value.
func (m *Mapper) box(s string) types.Value {
	if s == "" || len(s) > maxBoxed {
		return s
	}
	b := &m.boxes.slots[maphash.String(m.boxes.seed, s)%uint64(len(m.boxes.slots))]
	if b.text != s {
		b.text = strings.Clone(s) // never hold on to the event's memory
		b.value = b.text
	}
	return b.value
}

// address is an IP address as rows show it.
type address struct {
	text types.Value
	kind types.Value // of the *IPType columns
	hash uint64
	from string // as logged
}

var noAddress = &address{text: "", kind: ""}

// address reads an address as logged. Those that come often are remembered, as by box.
func (m *Mapper) address(s string) *address {
	if s == "" || s == "-" {
		return noAddress
	}
	a := &m.addresses[maphash.String(m.boxes.seed, s)%uint64(len(m.addresses))]
	if *a == nil || (*a).from != s {
		from := strings.Clone(s) // never hold on to the event's memory
		text := plainAddress(from)
		*a = &address{text, addressType(text), xxhash.Sum64String(text), from}
	}
	return *a
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
