package defender

import (
	"hash/maphash"
	"strings"
	"unsafe"

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
