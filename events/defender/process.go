package defender

import (
	"slices"
	"strings"

	"quarry/kql/types"
)

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
	program              *program // nil if nothing is known of its file
	parent               uint32   // in the process table; 0 if it has no GUID
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
	at, _ := m.shared.of(s)
	return at.text
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
	p := m.newProcesses.new()
	p.device, p.created = st.device, st.utc
	if p.created == 0 {
		p.created, p.header, p.whole = st.ev.TimeCreated, true, st.ev.WholeSecond
	}
	p.guid = strings.Clone(st.get("ProcessGuid"))
	p.pid, p.hasPID = number(st.get("ProcessId"))
	p.image = m.share(st.get("Image"))
	p.commandLine = m.share(st.get("CommandLine"))
	p.user = m.share(st.get("User"))
	p.logonID, p.hasLogon = number(st.get("LogonId"))
	p.session, p.hasSession = number(st.get("TerminalSessionId"))
	p.integrity = m.share(st.get("IntegrityLevel"))
	p.program = m.programOf(st)
	parentPID, hasParentPID := number(st.get("ParentProcessId"))
	p.ppid, p.parent, p.parentImage = parentPID, st.parent, m.share(st.get("ParentImage"))
	if st.parent != 0 && m.processes.known[st.parent] == nil {
		parent := m.newProcesses.new()
		parent.device, parent.guid = st.device, strings.Clone(st.get("ParentProcessGuid"))
		parent.pid, parent.hasPID = parentPID, hasParentPID
		parent.image, parent.commandLine, parent.user = p.parentImage, m.share(st.get("ParentCommandLine")), m.share(st.get("ParentUser"))
		m.processes.known[st.parent] = parent
	}
	if st.process != 0 {
		if old := m.processes.known[st.process]; old != nil && old.created != 0 {
			return p // logged again: the first record stands
		}
		m.processes.known[st.process] = p
	}
	m.created = append(m.created, p)
	return p
}

// learnSecurityProcess indexes the process of a 4688 event.
func (m *Mapper) learnSecurityProcess(st *stored) *process {
	ev := st.ev
	p := &process{device: st.device, created: ev.TimeCreated, header: true, whole: ev.WholeSecond}
	who := newProcessUser(st)
	p.user, p.sid = m.share(who.domain+`\`+who.name), m.share(who.sid)
	p.logonID, p.hasLogon = number(who.logon)
	by := subjectUser(st)
	p.creator, p.creatorSid = m.share(by.domain+`\`+by.name), m.share(by.sid)
	p.pid, p.hasPID = number(st.get("NewProcessId"))
	p.ppid, _ = number(st.get("ProcessId"))
	p.image = m.share(st.get("NewProcessName"))
	p.commandLine = m.share(st.get("CommandLine"))
	p.parentImage = m.share(st.get("ParentProcessName"))
	p.integrity = integrityLevels[st.get("MandatoryLabel")]
	p.elevation = elevations[st.get("TokenElevationType")]
	m.created = append(m.created, p)
	return p
}

// user is an account as a Security event names it.
type user struct{ domain, name, sid, logon string }

func subjectUser(st *stored) user {
	return user{absent(st.get("SubjectDomainName")), absent(st.get("SubjectUserName")), sid(st.get("SubjectUserSid")), st.get("SubjectLogonId")}
}

func targetUser(st *stored) user {
	return user{absent(st.get("TargetDomainName")), absent(st.get("TargetUserName")), sid(st.get("TargetUserSid")), st.get("TargetLogonId")}
}

// newProcessUser is whom a new process runs as: the target if the event names
// one, else the creator.
func newProcessUser(st *stored) user {
	if t := targetUser(st); t.name != "" {
		return t
	}
	return subjectUser(st)
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
	file := p.program
	if file == nil {
		file = noProgram
	}
	file.hashes.set(v.cols[:], cInitSHA1-cInitStart)
	copy(v.cols[cInitCompany-cInitStart:], file.info[:])
	if p.hasSession {
		set(cInitSessionID, p.session)
	}
	set(cInitUniqueID, uniqueID(p.guid))
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
	if p.parent != 0 {
		return m.processes.known[p.parent]
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
