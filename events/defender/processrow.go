package defender

import "quarry/kql/types"

// sysmonProcess maps Sysmon 1.
func sysmonProcess(m *Mapper, f *fact) error {
	t := m.tables.process
	row := m.row(t, f, "ProcessCreated")
	var extra object

	image := f.dev.path(f.get("Image"))
	row[pFileName], row[pFolderPath] = image.base, image.full
	file := m.programOf(f.stored)
	file.hashes.set(row, pSHA1)
	copy(row[pCompany:], file.info[:])
	setNumber(row, pProcessID, f.get("ProcessId"))
	row[pUniqueID] = uniqueID(f.get("ProcessGuid"))
	setCommandLine(row, pCommandLine, &extra, f.get("CommandLine"), f.get("Image"))
	row[pIntegrity] = m.box(integrityOf(f.get("IntegrityLevel")))
	if row[pCreationTime] = f.at; f.utc == 0 {
		row[pCreationTime] = nil
	} else if f.utc != f.time {
		row[pCreationTime] = f.utc
	}
	setNumber(row, pSessionID, f.get("TerminalSessionId"))
	who := m.partyOf(f.get("User"))
	row[pAccountDomain], row[pAccountName], row[pAccountSid] = who.domain, who.name, who.sid
	setNumber(row, pLogonID, f.get("LogonId"))

	if p := m.processes.known[f.process]; p != nil {
		if p.sid != "" {
			row[pAccountSid] = p.sid
		}
		row[pTokenElevation] = p.elevation
		if row[pProcessID] == nil && p.hasPID {
			row[pProcessID] = p.pid
		}
	}
	m.initiatedByGUID(t, row, f, f.parent, &parentProcess)
	if row[cInitCommandLine] == "" {
		row[cInitCommandLine] = commandLine(f.get("ParentCommandLine"), localPath(f.get("ParentImage")))
	}
	if twin := m.merged.process[f.seq]; twin != nil {
		if row[pTokenElevation] == "" {
			row[pTokenElevation] = twin.elevation
		}
		if row[pProcessID] == nil && twin.hasPID {
			row[pProcessID] = twin.pid
		}
		if row[cInitAccountName] == "" {
			d, n := account(twin.creator)
			row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = d, n, m.sidOf(twin.creatorSid, d, n)
		}
	}
	row[pAdditional] = extra.value()
	return m.send(t, row)
}

// securityProcess maps Security 4688.
func securityProcess(m *Mapper, f *fact) error {
	t := m.tables.process
	row := m.row(t, f, "ProcessCreated")
	var extra object

	image := f.dev.path(f.get("NewProcessName"))
	row[pFileName], row[pFolderPath] = image.base, image.full
	setNumber(row, pProcessID, f.get("NewProcessId"))
	setCommandLine(row, pCommandLine, &extra, f.get("CommandLine"), f.get("NewProcessName"))
	row[pIntegrity] = integrityLevels[f.get("MandatoryLabel")]
	row[pTokenElevation] = elevations[f.get("TokenElevationType")]
	row[pCreationTime] = f.at
	who := newProcessUser(f.stored)
	domain, name := account(who.domain + `\` + who.name)
	row[pAccountDomain], row[pAccountName], row[pAccountSid] = domain, name, m.sidOf(who.sid, domain, name)
	setNumber(row, pLogonID, who.logon)

	m.initiatedByPID(t, row, f, f.get("ProcessId"), absent(f.get("ParentProcessName")))
	m.initiatedByUser(t, row, subjectUser(f.stored))
	row[pAdditional] = extra.value()
	return m.send(t, row)
}

// setCommandLine shows the command line as Defender does and keeps what was
// logged if that is another text.
func setCommandLine(row []types.Value, col int, extra *object, logged, image string) {
	shown := commandLine(logged, localPath(image))
	row[col] = shown
	if shown != logged {
		extra.str("OriginalCommandLine", logged)
	}
}
