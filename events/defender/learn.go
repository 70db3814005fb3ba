package defender

import (
	"strings"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// source is who wrote an event, as far as mapping cares.
type source uint8

const (
	srcOther source = iota
	srcSysmon
	srcSecurity
	srcServices // Service Control Manager
	srcPowerShell
	srcAntivirus
)

func classify(ev *winevent.Event) source {
	switch ev.Provider {
	case "Microsoft-Windows-Sysmon":
		return srcSysmon
	case "Microsoft-Windows-Security-Auditing":
		return srcSecurity
	case "Microsoft-Windows-Eventlog":
		if ev.EventID == 1102 {
			return srcSecurity
		}
	case "Service Control Manager":
		return srcServices
	case "Microsoft-Windows-PowerShell":
		return srcPowerShell
	case "Microsoft-Windows-Windows Defender":
		return srcAntivirus
	case "":
		switch {
		case ev.IsSysmon():
			return srcSysmon
		case strings.EqualFold(ev.Channel, "Security"):
			return srcSecurity
		}
	}
	return srcOther
}

// learn is the first pass over an event: clocks, processes, hashes, SIDs, and
// what may be logged twice.
func (m *Mapper) learn(st *stored, file *fileState) {
	ev := st.ev
	if ev.LocalTime {
		file.localTime = true
	}
	if st.kind.source == srcSysmon {
		m.learnSysmon(st, file)
		return
	}
	if ev.ReceiptOffset != 0 && len(file.receipts) < maxSamples {
		file.receipts = append(file.receipts, ev.ReceiptOffset)
	}
	if st.kind.handler == nil {
		return
	}
	if d := m.hosts[st.device]; ev.WholeSecond {
		d.whole++
		file.WholeSeconds = true
	} else {
		d.exact++
	}
	switch st.kind.source {
	case srcSecurity:
		m.learnSecurity(st)
	case srcServices:
		if ev.EventID == 7045 {
			m.candidate(st, serviceFact, false, serviceKey(st))
		}
	}
}

func (m *Mapper) learnSysmon(st *stored, file *fileState) {
	ev := st.ev
	if t, ok := types.ParseDatetime(st.get("UtcTime")); ok {
		st.utc = t
		switch samples := &file.samples; {
		case ev.TimeCreated == 0:
		case driftingClock(ev.EventID):
			samples = &file.drifting
			fallthrough
		default:
			if len(*samples) < maxSamples {
				*samples = append(*samples, ev.TimeCreated-t)
			}
		}
	}
	switch ev.EventID {
	case 8, 10:
		st.process = m.processes.number(st.device, eitherCase(st, sourceProcess.guid, sourceProcess.otherGUID))
	default:
		st.process = m.processes.number(st.device, st.get(ownProcess.guid))
	}
	switch ev.EventID {
	case 1:
		st.parent = m.processes.number(st.device, st.get(parentProcess.guid))
		p := m.learnSysmonProcess(st)
		m.learnHashes(st, p.image, st.get("Hashes"))
		m.processCandidates(st, p, true)
	case 3:
		c := m.sysmonConnection(st)
		m.connectionCandidates(st, c, true)
	case 11:
		name := st.get("TargetFilename")
		key := fileKey(st.device, name, st.get("ProcessGuid"))
		m.candidate(st, executableFact, true, key)
		if isSystem(st) {
			m.candidate(st, sharedFileFact, true, fileKey(st.device, name, ""))
		}
	case 15:
		if name := st.get("TargetFilename"); streamName(name) == "" {
			m.learnHashes(st, name, hashesOf(st))
		}
	case 29:
		name := st.get("TargetFilename")
		m.learnHashes(st, name, hashesOf(st))
		m.candidate(st, executableFact, false, fileKey(st.device, name, st.get("ProcessGuid")))
	}
}

// driftingClock tells the Sysmon events whose UtcTime comes from the clock of
// event tracing, which loses touch with the system's while a host runs:
// measured from seconds up to eleven days, where all other events of the file
// were right to the millisecond.
func driftingClock(id int) bool { return id == 3 || id == 22 }

// maxDrift is how far such a UtcTime may be from the record's header, which is
// written one to three seconds after, before the header is taken instead.
const maxDrift = 5 * types.Minute

func (m *Mapper) learnSecurity(st *stored) {
	ev := st.ev
	switch ev.EventID {
	case 4624, 4672, 4688, 4697, 4698, 4720, 5140, 5145:
		m.learnSid(subjectUser(st))
		if ev.EventID == 4624 || ev.EventID == 4688 {
			m.learnSid(targetUser(st))
		}
	}
	switch ev.EventID {
	case 4688:
		m.processCandidates(st, m.learnSecurityProcess(st), false)
	case 4697:
		m.candidate(st, serviceFact, true, serviceKey(st))
	case 5140:
		if c, ok := m.sharedConnection(st); ok && !m.opts.NoDerive {
			m.candidate(st, sharedConnectionFact, false, c.remoteKey(st.device))
		}
	case 5145:
		if w, ok := sharedWrite(st); ok && !m.opts.NoDerive {
			m.candidate(st, repeatedWriteFact, true, w.key(st.device))
			if c := m.candidate(st, sharedFileFact, false, fileKey(st.device, w.path, "")); c != nil {
				c.write = w.clone()
			}
		}
	case 5156:
		m.connectionCandidates(st, m.filterConnection(st), false)
	}
}

func (m *Mapper) learnSid(u user) {
	if u.sid == "" || u.name == "" {
		return
	}
	key := strings.ToLower(u.domain + `\` + u.name)
	if _, ok := m.sids[key]; !ok {
		m.sids[key] = strings.Clone(u.sid)
	}
}

// hashedAt is the hash of a file at a time.
type hashedAt struct {
	time int64
	*hashSet
}

func hashesOf(st *stored) string {
	if h := st.get("Hashes"); h != "" {
		return h
	}
	return st.get("Hash")
}

func (m *Mapper) learnHashes(st *stored, name, text string) {
	if absent(name) == "" || absent(text) == "" {
		return
	}
	h := m.hashSetOf(text)
	key := fileKey(st.device, name, "")
	list := m.hashes[key]
	if n := len(list); n > 0 && *list[n-1].hashSet == *h {
		return
	}
	m.hashes[key] = append(list, hashedAt{st.utc, h})
}

// hashAt is the hash that a file had from a time on: the first one seen since,
// else the last one before, else nil.
func (m *Mapper) hashAt(device uint32, name string, at int64) *hashSet {
	var best hashedAt
	var after int64 = -1
	for _, c := range m.hashes[fileKey(device, name, "")] {
		switch d := c.time - at; {
		case d >= 0 && (after < 0 || d < after):
			best, after = c, d
		case d < 0 && after < 0 && c.time >= best.time:
			best = c
		}
	}
	return best.hashSet
}
