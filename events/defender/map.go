package defender

import (
	"strings"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// fact is one event of the second pass with its place and time.
type fact struct {
	ev     *winevent.Event
	dev    *device
	device uint32
	seq    uint32
	time   int64       // true UTC, as far as known
	at     types.Value // time; nil if it is 0
	utc    int64       // Sysmon's UtcTime, 0 if none
	sysmon bool
	texts  *texts // of ev
}

// handler maps one event onto rows of the Defender tables.
type handler func(m *Mapper, f *fact) error

func (m *Mapper) mapEvent(seq uint32, st *stored) error {
	src := classify(&st.ev)
	m.fact = fact{ev: &st.ev, dev: m.hosts[st.device], device: st.device, seq: seq, utc: st.utc, sysmon: src == srcSysmon, texts: &st.texts}
	f := &m.fact
	f.set(m.timeOf(st, f))
	if f.time > f.dev.last {
		f.dev.last = f.time
	}
	if !m.opts.NoRaw && !m.hasRow[seq] {
		if err := m.rawRow(f, src); err != nil {
			return err
		}
	}
	h := handlers[handlerKey(src, st.ev.EventID)]
	if h == nil || m.isDropped(seq) {
		return nil
	}
	// Of two stamps that agree the earlier holds, for a connection is no later
	// than its first witness; where they differ, Sysmon's clock has drifted.
	if t, ok := m.merged.time[seq]; ok && (t < f.time || t > f.time+agreement) {
		f.set(t)
	}
	return h(m, f)
}

func (f *fact) set(time int64) {
	if f.time, f.at = time, nil; time != 0 {
		f.at = time
	}
}

// agreement is how far apart two stamps of one moment may be.
const agreement = 50 * types.Millisecond

// timeOf is the true time of an event: Sysmon's UtcTime, else the header's set
// right by the file's offset.
func (m *Mapper) timeOf(st *stored, f *fact) int64 {
	file := m.files[st.file]
	header := st.ev.TimeCreated
	if header != 0 {
		header -= file.Offset
	}
	if st.utc == 0 {
		return header
	}
	at := st.utc
	if driftingClock(st.ev.EventID) && header != 0 && file.Clock != ClockUnknown {
		if d := header - at; d > maxDrift || d < -maxDrift {
			file.Drifted++
			at = header
		}
	}
	if f.dev.floor {
		at -= at % types.Second
	}
	return at
}

// blank returns the table's row buffer, emptied.
func (m *Mapper) blank(t *Table) []types.Value {
	row := m.rows[t.id]
	copy(row, t.blank)
	return row
}

func (m *Mapper) send(t *Table, row []types.Value) error {
	m.sent[t.id]++
	return m.emit(t, row)
}

// row starts a row of a Device* table.
func (m *Mapper) row(t *Table, f *fact, action types.Value) []types.Value {
	row := m.blank(t)
	row[cTimestamp], row[cTimeGenerated] = f.at, f.at
	row[cDeviceID] = f.dev.id
	row[cDeviceName] = f.dev.name
	row[cActionType] = action
	if f.ev.RecordID != 0 {
		row[cReportID] = int64(f.ev.RecordID)
	}
	return row
}

// initiatedBy fills InitiatingProcess* from a process.
func (m *Mapper) initiatedBy(t *Table, row []types.Value, p *process) {
	v := m.viewOf(p)
	copy(row[cInitStart:cInitEnd], v.cols[:])
	if t.integrity >= 0 {
		row[t.integrity] = v.integrity
	}
	if t.logonID >= 0 {
		row[t.logonID] = v.logonID
	}
}

// initiatedByGUID does so for a Sysmon event, which names its process by GUID
// and, if all else fails, by image, pid and user. The event's fields of those
// names may carry a prefix ("Source").
func (m *Mapper) initiatedByGUID(t *Table, row []types.Value, f *fact, guid, pid, image, user string) {
	key, ok := parseGUID(f.device, guid)
	if ok {
		p := m.processes[key]
		if p == nil { // started before the log did: what its events say of it
			p = &process{device: f.device, guid: m.share(guid), image: m.share(image), user: m.share(user)}
			p.pid, p.hasPID = number(pid)
			m.processes[key] = p
		} else if p.created == 0 && p.view == nil { // known as a parent only
			if p.user == "" {
				p.user = m.share(user)
			}
			if !p.hasPID {
				p.pid, p.hasPID = number(pid)
			}
		}
		m.initiatedBy(t, row, p)
		return
	}
	m.describe(row, f, pid, image)
	who := m.partyOf(user)
	row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = who.domain, who.name, who.sid
}

// initiatedByPID does so for an event that names its process by pid and image.
func (m *Mapper) initiatedByPID(t *Table, row []types.Value, f *fact, pid, image string) *process {
	if n, ok := number(pid); ok {
		if p := m.processAt(f.device, n, f.time, image); p != nil {
			m.initiatedBy(t, row, p)
			return p
		}
		if n == 4 && (image == "" || image == "System") {
			m.bySystem(row, f)
			return nil
		}
	}
	m.describe(row, f, pid, image)
	return nil
}

// describe shows a process of which only pid and image are known.
func (m *Mapper) describe(row []types.Value, f *fact, pid, image string) {
	if n, ok := number(pid); ok {
		row[cInitID] = n
	}
	p := f.dev.path(image)
	row[cInitFileName], row[cInitFolderPath] = p.base, p.folded()
}

// bySystem shows the kernel's process, which serves file shares.
func (m *Mapper) bySystem(row []types.Value, f *fact) {
	p := f.dev.path("System")
	row[cInitID] = int64(4)
	row[cInitFileName], row[cInitFolderPath] = p.base, p.folded()
	row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = "nt authority", "system", "S-1-5-18"
}

// initiatedByUser names the account that acts, if the event knows it better
// than the process row.
func (m *Mapper) initiatedByUser(t *Table, row []types.Value, u user) {
	if u.name == "" {
		return
	}
	domain, name := account(u.domain + `\` + u.name)
	row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = domain, name, m.sidOf(u.sid, domain, name)
	if t.logonID >= 0 {
		setNumber(row, t.logonID, u.logon)
	}
}

// setNumber sets a column to a decimal or hexadecimal number, or leaves it null.
func setNumber(row []types.Value, col int, text string) {
	if n, ok := number(text); ok {
		row[col] = n
	}
}

// hashSet is a Hashes field split, ready for rows.
type hashSet struct{ sha1, sha256, md5 types.Value }

func (h *hashSet) empty() bool { return h.sha1 == "" && h.sha256 == "" && h.md5 == "" }

// maxHashes bounds the cache of hashSetOf; programs and libraries are loaded
// again and again, other files are seen once.
const maxHashes = 1 << 15

// hashSetOf splits a Hashes field.
func (m *Mapper) hashSetOf(text string) *hashSet {
	if h, ok := m.hashSets[text]; ok {
		return h
	}
	text = strings.Clone(text) // never hold on to the event's memory
	sha1, sha256, md5 := splitHashes(text)
	h := &hashSet{sha1, sha256, md5}
	if len(m.hashSets) < maxHashes {
		m.hashSets[text] = h
	}
	return h
}

// set fills three neighbouring columns: SHA1, SHA256, MD5.
func (h *hashSet) set(row []types.Value, col int) {
	row[col], row[col+1], row[col+2] = h.sha1, h.sha256, h.md5
}
