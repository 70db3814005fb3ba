package defender

// guidKey is a ProcessGuid on a device, without braces and dashes.
type guidKey struct {
	device uint32
	hi, lo uint64
}

// guidDigits are the values of hexadecimal digits; read only.
var guidDigits = func() (t [256]byte) {
	for c := range t {
		t[c] = notGUID
	}
	for i, c := range "0123456789abcdef" {
		t[c] = byte(i)
	}
	for i, c := range "ABCDEF" {
		t[c] = byte(10 + i)
	}
	t['{'], t['}'], t['-'] = guidSign, guidSign, guidSign
	return t
}()

const (
	guidSign = 16 + iota // between the digits
	notGUID
)

// parseGUID reads a ProcessGuid; the zero GUID stands for "unknown".
func parseGUID(device uint32, s string) (guidKey, bool) {
	k := guidKey{device: device}
	n := 0
	for i := 0; i < len(s); i++ {
		v := guidDigits[s[i]]
		if v >= guidSign {
			if v == notGUID {
				return k, false
			}
			continue
		}
		if n < 16 {
			k.hi = k.hi<<4 | uint64(v)
		} else {
			k.lo = k.lo<<4 | uint64(v)
		}
		n++
	}
	return k, n == 32 && (k.hi != 0 || k.lo != 0)
}

// processTable numbers the processes that events name by GUID, from 1 on.
type processTable struct {
	slots []processSlot // by hash, at least half of them free
	known []*process    // by number; nil where only the GUID is known
}

type processSlot struct {
	guidKey
	number uint32 // 0 if the slot is free
}

func newProcessTable() processTable {
	return processTable{slots: make([]processSlot, 1<<10), known: make([]*process, 1)}
}

// slot is where the key is or would be.
func (t *processTable) slot(k guidKey) *processSlot {
	h := (k.hi ^ uint64(k.device)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	h = (h ^ h>>32 ^ k.lo) * 0xc4ceb9fe1a85ec53
	for i := h ^ h>>32; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.number == 0 || s.guidKey == k {
			return s
		}
	}
}

// number is the number of the process that a device calls so, 0 if that is no GUID.
func (t *processTable) number(device uint32, guid string) uint32 {
	k, ok := parseGUID(device, guid)
	if !ok {
		return 0
	}
	s := t.slot(k)
	if s.number != 0 {
		return s.number
	}
	if 2*len(t.known) >= len(t.slots) {
		old := t.slots
		t.slots = make([]processSlot, 2*len(old))
		for _, o := range old {
			if o.number != 0 {
				*t.slot(o.guidKey) = o
			}
		}
		s = t.slot(k)
	}
	*s = processSlot{k, uint32(len(t.known))}
	t.known = append(t.known, nil)
	return s.number
}

// byGUID is the process that a device calls so, nil if nothing is known of it.
func (t *processTable) byGUID(device uint32, guid string) *process {
	k, ok := parseGUID(device, guid)
	if !ok {
		return nil
	}
	return t.known[t.slot(k).number]
}
