package defender

import (
	"strings"

	"quarry/kql/types"
)

// fact is one event of the second pass with its place and time.
type fact struct {
	*stored
	dev  *device
	seq  uint32
	time int64       // true UTC, as far as known
	at   types.Value // time; nil if it is 0
}

// handler maps one event onto rows of the Defender tables.
type handler func(m *Mapper, f *fact) error

func (m *Mapper) mapEvent(seq uint32, st *stored) error {
	m.fact = fact{stored: st, dev: m.hosts[st.device], seq: seq}
	f := &m.fact
	f.set(m.timeOf(st, f))
	if f.time > f.dev.last {
		f.dev.last = f.time
	}
	if !m.opts.NoRaw && !m.hasRow[seq] {
		if err := m.rawRow(f); err != nil {
			return err
		}
	}
	if st.kind.handler == nil || m.isDropped(seq) {
		return nil
	}
	// Of two stamps that agree the earlier holds, for a connection is no later
	// than its first witness; where they differ, Sysmon's clock has drifted.
	if t, ok := m.merged.time[seq]; ok && (t < f.time || t > f.time+agreement) {
		f.set(t)
	}
	return st.kind.handler(m, f)
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

// processFields are the fields in which a Sysmon event names a process.
type processFields struct{ guid, otherGUID, pid, image, user string }

// Read only.
var (
	ownProcess    = processFields{"ProcessGuid", "", "ProcessId", "Image", "User"}
	parentProcess = processFields{"ParentProcessGuid", "", "ParentProcessId", "ParentImage", "ParentUser"}
	sourceProcess = processFields{"SourceProcessGuid", "SourceProcessGUID", "SourceProcessId", "SourceImage", "SourceUser"}
)

// initiatedByGUID does so for a Sysmon event, which names its process by GUID, whose
// number in the process table is n, and, if all else fails, by image, pid and user.
func (m *Mapper) initiatedByGUID(t *Table, row []types.Value, f *fact, n uint32, by *processFields) {
	if n == 0 {
		m.describe(row, f, f.get(by.pid), f.get(by.image))
		who := m.partyOf(f.get(by.user))
		row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = who.domain, who.name, who.sid
		return
	}
	p := m.processes.known[n]
	if p == nil { // started before the log did: what its events say of it
		p = m.newProcesses.new()
		p.device, p.guid, p.image, p.user = f.device, m.share(eitherCase(f.stored, by.guid, by.otherGUID)), m.share(f.get(by.image)), m.share(f.get(by.user))
		p.pid, p.hasPID = number(f.get(by.pid))
		m.processes.known[n] = p
	} else if p.created == 0 && p.view == nil { // known as a parent only
		if p.user == "" {
			p.user = m.share(f.get(by.user))
		}
		if !p.hasPID {
			p.pid, p.hasPID = number(f.get(by.pid))
		}
	}
	m.initiatedBy(t, row, p)
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
