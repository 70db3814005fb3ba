package defender

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/cespare/xxhash/v2"

	"quarry/kql/types"
)

// device is one host.
type device struct {
	short string // lower case, up to the first dot
	fqdn  string // lower case, as first seen; "" if no event has it
	id    types.Value
	name  types.Value

	whole, exact int  // mapped events whose clock has whole seconds, and finer ones
	floor        bool // Sysmon times are cut to seconds

	paths map[uint64]*path
	last  int64
}

// path is one file path of a device in its first spelling.
type path struct {
	full, base types.Value
	lower      types.Value // nil until folded is called
}

// folded is the path in lower case, as rows show that of an acting process.
func (p *path) folded() types.Value {
	if p.lower == nil {
		p.lower = strings.ToLower(p.full.(string))
	}
	return p.lower
}

// hostOf is the number of a computer's name in the spool, and the index of the host that it means.
func (m *Mapper) hostOf(computer string) (name uint64, device uint32) {
	if m.spool.texts[m.last] != computer {
		m.last = m.spool.id(computer)
	}
	if n := int(m.last); n >= len(m.named) {
		m.named = append(m.named, make([]uint32, n+1-len(m.named))...)
	}
	if m.named[m.last] == 0 {
		m.named[m.last] = 1 + m.device(computer)
	}
	return m.last, m.named[m.last] - 1
}

// device finds or makes the host that a computer name means.
func (m *Mapper) device(computer string) uint32 {
	name := strings.ToLower(strings.TrimSuffix(computer, "."))
	short, _, dotted := strings.Cut(name, ".")
	if _, err := netip.ParseAddr(name); err == nil {
		short, dotted = name, false
	}
	i, ok := m.devices[short]
	if !ok {
		i = uint32(len(m.hosts))
		m.hosts = append(m.hosts, &device{short: strings.Clone(short), id: deviceID(short), paths: map[uint64]*path{}})
		m.devices[strings.Clone(short)] = i
	}
	if d := m.hosts[i]; dotted && d.fqdn == "" {
		d.fqdn = strings.Clone(name)
	}
	return i
}

// deviceID is a stable digest of the short name: 40 hexadecimal digits, as Defender's.
func deviceID(short string) string {
	sum := sha1.Sum([]byte(short))
	return hex.EncodeToString(sum[:])
}

// settleDevices fixes what the whole evidence tells about each host.
func (m *Mapper) settleDevices() {
	for _, d := range m.hosts {
		d.name = d.short
		if d.fqdn != "" {
			d.name = d.fqdn
		}
		d.floor = d.whole > 0 && d.exact == 0
	}
}

// path returns the first spelling of a path on the device. raw is as logged.
func (d *device) path(raw string) *path {
	p := localPath(raw)
	if p == "" {
		return noPath
	}
	key := foldedHash(p)
	e, ok := d.paths[key]
	if !ok {
		if p == "System" { // the kernel's own process, as Defender shows it
			e = &path{full: kernelPath, base: "System"}
		} else {
			p = strings.Clone(p)
			e = &path{full: p, base: baseName(p)}
		}
		d.paths[key] = e
	}
	return e
}

var noPath = &path{full: "", base: "", lower: ""}

// Eight bytes at once: a one in each, and the highest bit of each.
const ones, tops = 0x0101010101010101, 0x8080808080808080

// foldedHash hashes a text without regard to case.
func foldedHash(s string) uint64 {
	var stack [320]byte
	b := append(stack[:0], s...)
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if w&tops != 0 {
			return xxhash.Sum64String(strings.ToLower(s))
		}
		// The top bit of a byte tells, of its sum, whether it is at least A, or above Z.
		letters := (w + (0x80-'A')*ones) &^ (w + (0x7f-'Z')*ones) & tops
		binary.LittleEndian.PutUint64(b[i:], w|letters>>2)
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= 0x80:
			return xxhash.Sum64String(strings.ToLower(s))
		case c >= 'A' && c <= 'Z':
			b[i] = c | 0x20
		}
	}
	return xxhash.Sum64(b)
}

// deviceRows emits DeviceInfo.
func (m *Mapper) deviceRows() error {
	t := m.tables.info
	for _, d := range m.hosts {
		if d.last == 0 || d.short == "" {
			continue
		}
		row := m.blank(t)
		row[dTimestamp] = d.last
		row[dTimeGenerated] = d.last
		row[dDeviceID] = d.id
		row[dDeviceName] = d.name
		if err := m.send(t, row); err != nil {
			return err
		}
	}
	return nil
}
