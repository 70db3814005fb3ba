package defender

import (
	"strings"

	"quarry/kql/types"
)

// sysmonFile maps Sysmon 11, 15, 23, 26 and 29.
func sysmonFile(m *Mapper, f *fact) error {
	t, ev := m.tables.file, f.ev
	var action types.Value = "FileCreated"
	if ev.EventID == 23 || ev.EventID == 26 {
		action = "FileDeleted"
	}
	row := m.row(t, f, action)
	m.setFile(row, f, f.get("TargetFilename"), hashesOf(f.stored))
	if ev.EventID == 15 {
		row[fOriginURL] = zoneField(f.get("Contents"), "HostUrl=")
		row[fReferrerURL] = zoneField(f.get("Contents"), "ReferrerUrl=")
	}
	if w := m.merged.write[f.seq]; w != nil {
		m.setRequest(row, w)
	} else {
		row[fRequestProtocol] = "Local"
		if isSystem(f.stored) {
			row[fRequestProtocol] = ""
		}
	}
	m.initiatedByGUID(t, row, f, f.process, &ownProcess)
	return m.send(t, row)
}

// setFile fills name, path and hashes; hashes that the event lacks come from
// other events of the same path.
func (m *Mapper) setFile(row []types.Value, f *fact, name, text string) {
	p := f.dev.path(name)
	row[fFileName], row[fFolderPath] = p.base, p.full
	h := m.hashSetOf(text)
	if deleted := f.ev.EventID == 23 || f.ev.EventID == 26; h.empty() && !deleted {
		if seen := m.hashAt(f.device, name, f.time); seen != nil {
			h = seen
		}
	}
	h.set(row, fSHA1)
}

// streamName is the alternate data stream that a path names, "" for the file itself.
func streamName(path string) string {
	if i := strings.LastIndexByte(path, ':'); i > 1 && !strings.Contains(path[i:], `\`) {
		return path[i+1:]
	}
	return ""
}

// zoneField reads one line of a Zone.Identifier stream. Sysmon puts its lines
// on one, with double spaces between.
func zoneField(contents, key string) string {
	_, rest, ok := strings.Cut(contents, key)
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, " \r\n\t"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// write is what a 5145 event says of a file written over a share.
type write struct {
	path, ip, share string
	port            int64
	hasPort         bool
	user            user
}

const (
	writeData  = 0x2
	appendData = 0x4
)

// sharedWrite reads a 5145 event that grants writing to a file; ok is false for
// any other access and for pipes, whose share (IPC$) has no local path.
func sharedWrite(st *stored) (w *write, ok bool) {
	mask, ok := number(st.get("AccessMask"))
	if !ok || mask&(writeData|appendData) == 0 {
		return nil, false
	}
	root := strings.TrimSuffix(localPath(st.get("ShareLocalPath")), `\`)
	name := strings.TrimPrefix(absent(st.get("RelativeTargetName")), `\`)
	if kind := st.get("ObjectType"); root == "" || name == "" || kind != "" && kind != "File" {
		return nil, false
	}
	w = &write{path: root + `\` + name, ip: plainAddress(st.get("IpAddress")), share: st.get("ShareName"), user: subjectUser(st)}
	w.port, w.hasPort = port(st.get("IpPort"))
	return w, true
}

// clone lets go of the event that w was read from.
func (w *write) clone() *write {
	c := *w
	for _, s := range [...]*string{&c.path, &c.ip, &c.share, &c.user.domain, &c.user.name, &c.user.sid, &c.user.logon} {
		*s = strings.Clone(*s)
	}
	return &c
}

// key names a write by where it came from and what it wrote.
func (w *write) key(device uint32) uint64 {
	return hashKey(device, foldedHash(w.ip), uint64(w.port), foldedHash(w.path))
}

func (m *Mapper) setRequest(row []types.Value, w *write) {
	row[fRequestProtocol] = "SMB"
	row[fRequestSourceIP] = w.ip
	if w.hasPort {
		row[fRequestSourcePort] = w.port
	}
	domain, name := account(w.user.domain + `\` + w.user.name)
	row[fRequestAccountDomain], row[fRequestAccountName] = domain, name
	row[fRequestAccountSid] = m.sidOf(w.user.sid, domain, name)
	row[fShareName] = w.share
}

// shareFile derives the file that was written over a share (5145).
func shareFile(m *Mapper, f *fact) error {
	t := m.tables.file
	w, ok := sharedWrite(f.stored)
	if m.opts.NoDerive || !ok {
		return nil
	}
	row := m.row(t, f, "FileCreated")
	m.setFile(row, f, w.path, "")
	m.setRequest(row, w)
	m.bySystem(row, f)
	var extra object
	extra.num("DerivedFrom", 5145)
	extra.str("AccessMask", f.get("AccessMask"))
	row[fAdditional] = extra.value()
	m.report.Derived++
	return m.send(t, row)
}

// auditedFile maps a 4663 that wrote to a file.
func auditedFile(m *Mapper, f *fact) error {
	t := m.tables.file
	mask, ok := number(f.get("AccessMask"))
	if !ok || mask&(writeData|appendData) == 0 || f.get("ObjectType") != "File" {
		return nil
	}
	row := m.row(t, f, "FileModified")
	m.setFile(row, f, f.get("ObjectName"), "")
	m.initiatedByPID(t, row, f, f.get("ProcessId"), absent(f.get("ProcessName")))
	m.initiatedByUser(t, row, subjectUser(f.stored))
	return m.send(t, row)
}
