package defender

import (
	"encoding/binary"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// kind is what many events have in common: the parts of the System block that hardly
// vary, and the names of their fields. What follows from these alone is found out once.
type kind struct {
	winevent.Event        // without what each event has of its own
	number         uint64 // in the spool; 0 if it is not remembered
	text           string // as the spool writes it
	names          []string
	places         [128]uint8 // by placeOf a name: one more than its index, 0 if there is none
	source         source
	handler        handler

	tally *eventTally   // in the report
	raw   []types.Value // the row of the record, but for what each event has of its own
	tags  []string      // in EventData before each value, and after the last
	cols  []int         // of SecurityEvent for each field, or -1
}

// manyPlaces stands for several names in one place, or one beyond what a place can tell.
const manyPlaces = 255

// placeOf spreads the names of fields: those of one event seldom share a place.
func placeOf(name string) uint8 {
	n := len(name)
	if n == 0 {
		return 0
	}
	return (uint8(n) + 3*name[0] + 7*name[n-1] + 3*name[n/2]) & 127
}

// index is where the first field of exactly that name is, or -1.
func (k *kind) index(name string) int {
	at := int(k.places[placeOf(name)]) - 1
	if at+1 == manyPlaces {
		for i := range k.names {
			if k.names[i] == name {
				return i
			}
		}
		return -1
	}
	if at >= 0 && k.names[at] != name {
		return -1
	}
	return at
}

// kindOf finds or makes the kind of an event.
func (s *spool) kindOf(ev *winevent.Event) *kind {
	last := &s.usual[uint(ev.EventID*5+len(ev.Data))%uint(len(s.usual))]
	if *last != nil && (*last).fits(ev) {
		return *last
	}
	b := s.buf[:0]
	for _, n := range [...]uint64{
		s.id(ev.Provider), s.id(ev.ProviderGUID), s.id(ev.Channel), s.id(ev.UserSID), ev.Keywords,
		uint64(uint32(ev.EventID)), uint64(uint32(ev.Version)), uint64(uint32(ev.Level)), uint64(uint32(ev.Task)), uint64(uint32(ev.Opcode)),
		uint64(len(ev.Data)),
	} {
		b = binary.AppendUvarint(b, n)
	}
	for i := range ev.Data {
		b = binary.AppendUvarint(b, s.id(ev.Data[i].Name))
	}
	s.buf = b
	k := s.byText[string(b)]
	if k == nil {
		k = s.newKind(string(b))
		if len(s.kinds) < maxKinds {
			k.number = uint64(len(s.kinds))
			s.kinds = append(s.kinds, k)
			s.byText[k.text] = k
		}
	}
	*last = k
	return k
}

// newKind makes a kind of what kindOf wrote.
func (s *spool) newKind(text string) *kind {
	k := &kind{text: text}
	c := cursor{text}
	k.Provider, k.ProviderGUID, k.Channel, k.UserSID, k.Keywords = s.texts[c.next()], s.texts[c.next()], s.texts[c.next()], s.texts[c.next()], c.next()
	k.EventID, k.Version, k.Level = int(int32(c.next())), int(int32(c.next())), int(int32(c.next()))
	k.Task, k.Opcode = int(int32(c.next())), int(int32(c.next()))
	k.names = make([]string, c.next())
	for i := range k.names {
		name := s.texts[c.next()]
		k.names[i] = name
		switch at := &k.places[placeOf(name)]; {
		case *at == 0 && i+1 < manyPlaces:
			*at = uint8(i + 1)
		case *at == manyPlaces || k.names[*at-1] != name: // of one name the first counts
			*at = manyPlaces
		}
	}
	k.source = classify(&k.Event)
	k.handler = handlers[handlerKey(k.source, k.EventID)]
	return k
}

// fits tells whether the event is of the kind.
func (k *kind) fits(ev *winevent.Event) bool {
	if k.EventID != ev.EventID || len(k.names) != len(ev.Data) || k.Level != ev.Level || k.Keywords != ev.Keywords ||
		k.Version != ev.Version || k.Task != ev.Task || k.Opcode != ev.Opcode ||
		k.Provider != ev.Provider || k.ProviderGUID != ev.ProviderGUID || k.Channel != ev.Channel || k.UserSID != ev.UserSID {
		return false
	}
	for i := range ev.Data {
		if k.names[i] != ev.Data[i].Name { // common names are the very same text
			return false
		}
	}
	return true
}
