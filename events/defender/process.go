package defender

import (
	"hash/maphash"
	"slices"
	"strings"

	"quarry/events/winevent"
	"quarry/kql/types"
)

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

// process is one process: from its creation event, or only what events of its
// children or its own say of it.
type process struct {
	device  uint32
	header  bool // created is on the file's header clock until EndFile
	whole   bool
	dropped bool // the other half of a merged pair stands for it

	pid, ppid, session   int64
	hasPID, hasSession   bool
	created              int64
	logonID              int64
	hasLogon             bool
	guid                 string
	image, commandLine   string // as logged
	user, sid            string // DOMAIN\user
	creator, creatorSid  string // who called for it (4688)
	integrity, elevation string
	hashes               string
	company, product     string
	version, original    string
	description          string
	parentGUID           guidKey
	parentImage          string

	view *view
}

// view is the process as the InitiatingProcess* columns show it.
type view struct {
	cols      [cInitEnd - cInitStart]types.Value
	integrity types.Value
	logonID   types.Value
}

// share keeps one copy of a text that many processes have, as long as it comes often.
func (m *Mapper) share(s string) string {
	if s == "" || s == "-" {
		return ""
	}
	t := &m.shared[maphash.String(m.boxes.seed, s)%uint64(len(m.shared))]
	if *t != s {
		*t = strings.Clone(s) // never hold on to the event's memory
	}
	return *t
}

// slab makes room for many values at once.
type slab[T any] struct{ free []T }

func (s *slab[T]) new() *T {
	if len(s.free) == 0 {
		s.free = make([]T, 64)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// learnSysmonProcess indexes the process of a Sysmon 1 event, and its parent
// as far as the event knows it.
func (m *Mapper) learnSysmonProcess(st *stored) *process {
	ev := &st.ev
	p := m.newProcesses.new()
	p.device, p.created = st.device, st.utc
	if p.created == 0 {
		p.created, p.header, p.whole = ev.TimeCreated, true, ev.WholeSecond
	}
	parent := process{device: st.device} // kept only if it is new
	parentGUID := ""
	for i := range ev.Data {
		v := ev.Data[i].Value
		switch ev.Data[i].Name {
		case "ProcessGuid":
			p.guid = v
		case "ProcessId":
			p.pid, p.hasPID = number(v)
		case "Image":
			p.image = m.share(v)
		case "CommandLine":
			p.commandLine = m.share(v)
		case "User":
			p.user = m.share(v)
		case "LogonId":
			p.logonID, p.hasLogon = number(v)
		case "TerminalSessionId":
			p.session, p.hasSession = number(v)
		case "IntegrityLevel":
			p.integrity = m.share(v)
		case "Hashes":
			p.hashes = m.share(v)
		case "Company":
			p.company = m.share(known(v))
		case "Product":
			p.product = m.share(known(v))
		case "FileVersion":
			p.version = m.share(known(v))
		case "OriginalFileName":
			p.original = m.share(known(v))
		case "Description":
			p.description = m.share(known(v))
		case "ParentProcessGuid":
			parentGUID = v
		case "ParentProcessId":
			p.ppid, parent.hasPID = number(v)
			parent.pid = p.ppid
		case "ParentImage":
			parent.image = m.share(v)
		case "ParentCommandLine":
			parent.commandLine = m.share(v)
		case "ParentUser":
			parent.user = m.share(v)
		}
	}
	p.parentImage = parent.image
	if key, ok := parseGUID(st.device, parentGUID); ok {
		p.parentGUID = key
		if m.processes[key] == nil {
			kept := m.newProcesses.new()
			*kept = parent
			kept.guid = strings.Clone(parentGUID)
			m.processes[key] = kept
		}
	}
	p.guid = strings.Clone(p.guid)
	if key, ok := parseGUID(st.device, p.guid); ok {
		if old := m.processes[key]; old == nil || old.created == 0 {
			m.processes[key] = p
		} else {
			return p // logged again: the first record stands
		}
	}
	m.created = append(m.created, p)
	return p
}

// learnSecurityProcess indexes the process of a 4688 event.
func (m *Mapper) learnSecurityProcess(st *stored) *process {
	ev := &st.ev
	p := &process{device: st.device, created: ev.TimeCreated, header: true, whole: ev.WholeSecond}
	who := newProcessUser(ev)
	p.user, p.sid = m.share(who.domain+`\`+who.name), m.share(who.sid)
	p.logonID, p.hasLogon = number(who.logon)
	by := subjectUser(ev)
	p.creator, p.creatorSid = m.share(by.domain+`\`+by.name), m.share(by.sid)
	p.pid, p.hasPID = number(ev.Get("NewProcessId"))
	p.ppid, _ = number(ev.Get("ProcessId"))
	p.image = m.share(ev.Get("NewProcessName"))
	p.commandLine = m.share(ev.Get("CommandLine"))
	p.parentImage = m.share(ev.Get("ParentProcessName"))
	p.integrity = integrityLevels[ev.Get("MandatoryLabel")]
	p.elevation = elevations[ev.Get("TokenElevationType")]
	m.created = append(m.created, p)
	return p
}

// user is an account as a Security event names it.
type user struct{ domain, name, sid, logon string }

func subjectUser(ev *winevent.Event) user {
	return user{absent(ev.Get("SubjectDomainName")), absent(ev.Get("SubjectUserName")), sid(ev.Get("SubjectUserSid")), ev.Get("SubjectLogonId")}
}

func targetUser(ev *winevent.Event) user {
	return user{absent(ev.Get("TargetDomainName")), absent(ev.Get("TargetUserName")), sid(ev.Get("TargetUserSid")), ev.Get("TargetLogonId")}
}

// newProcessUser is whom a new process runs as: the target if the event names
// one, else the creator.
func newProcessUser(ev *winevent.Event) user {
	if t := targetUser(ev); t.name != "" {
		return t
	}
	return subjectUser(ev)
}

// indexProcesses orders the processes of each pid by time, for events that
// name their process by pid alone.
func (m *Mapper) indexProcesses() {
	for _, p := range m.created {
		if p.hasPID {
			key := pidKey(p.device, p.pid)
			m.byPID[key] = append(m.byPID[key], p)
		}
	}
	for _, list := range m.byPID {
		slices.SortStableFunc(list, func(a, b *process) int { return compareInt(a.created, b.created) })
	}
}

func pidKey(device uint32, pid int64) uint64 { return uint64(device)<<32 | uint64(uint32(pid)) }

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// processAt is the process that had a pid at a time. image, if not empty, must
// have the same file name: a pid whose last known owner is another program
// has been given away since.
func (m *Mapper) processAt(device uint32, pid, at int64, image string) *process {
	list := m.byPID[pidKey(device, pid)]
	// both clocks may lag by a little, and a whole second hides one more
	const lag = types.Second
	var last *process
	for i := len(list) - 1; i >= 0; i-- {
		p := list[i]
		slack := int64(lag)
		if p.created > at+slack || p.dropped {
			continue
		}
		last = p
		break
	}
	if last != nil && image != "" && !strings.EqualFold(baseName(image), baseName(last.image)) {
		return nil
	}
	return last
}

// viewOf builds, once, what rows show of a process that acts.
func (m *Mapper) viewOf(p *process) *view {
	if p.view != nil {
		return p.view
	}
	v := m.newViews.new()
	v.integrity = ""
	copy(v.cols[:], m.tables.process.blank[cInitStart:])
	set := func(col int, value types.Value) { v.cols[col-cInitStart] = value }
	d := m.hosts[p.device]
	if p.user == "" && p.image == "System" {
		p.user = `NT AUTHORITY\SYSTEM`
	}
	who := m.partyOf(p.user)
	set(cInitAccountDomain, who.domain)
	set(cInitAccountName, who.name)
	set(cInitAccountSid, who.sid)
	if p.sid != "" {
		set(cInitAccountSid, p.sid)
	}
	if p.hasPID {
		set(cInitID, p.pid)
	}
	image := d.path(p.image)
	set(cInitFileName, image.base)
	set(cInitFolderPath, image.folded())
	set(cInitCommandLine, commandLine(p.commandLine, localPath(p.image)))
	if p.created != 0 {
		set(cInitCreationTime, p.created)
	}
	h := m.hashSetOf(p.hashes)
	set(cInitSHA1, h.sha1)
	set(cInitSHA256, h.sha256)
	set(cInitMD5, h.md5)
	if p.hasSession {
		set(cInitSessionID, p.session)
	}
	set(cInitUniqueID, uniqueID(p.guid))
	set(cInitCompany, p.company)
	set(cInitProduct, p.product)
	set(cInitVersion, p.version)
	set(cInitOriginalName, p.original)
	set(cInitDescription, p.description)
	if p.parentImage != "" {
		set(cInitParentFileName, d.path(p.parentImage).base)
	}
	if p.ppid != 0 {
		set(cInitParentID, p.ppid)
	}
	if parent := m.parentOf(p); parent != nil && parent.created != 0 {
		set(cInitParentCreationTime, parent.created)
	}
	v.integrity = integrityOf(p.integrity)
	if p.hasLogon {
		v.logonID = p.logonID
	}
	p.view = v
	return v
}

func (m *Mapper) parentOf(p *process) *process {
	if p.parentGUID.hi != 0 || p.parentGUID.lo != 0 {
		return m.processes[p.parentGUID]
	}
	if p.ppid == 0 || p.created == 0 {
		return nil
	}
	return m.processAt(p.device, p.ppid, p.created, p.parentImage)
}

// integrityOf reads a level that some versions write as a label SID.
func integrityOf(s string) string {
	if word, ok := integrityLevels[s]; ok {
		return word
	}
	return absent(s)
}

func uniqueID(guid string) string { return strings.ToLower(strings.Trim(absent(guid), "{}")) }

// sidOf completes an account with a SID that some event of the evidence gives it.
func (m *Mapper) sidOf(known, domain, name string) string {
	if known != "" {
		return known
	}
	if s := wellKnownSid(domain, name); s != "" {
		return s
	}
	if name == "" {
		return ""
	}
	return m.sids[domain+`\`+name]
}
