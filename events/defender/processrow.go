package defender

import "quarry/kql/types"

// sysmonProcess maps Sysmon 1.
func sysmonProcess(m *Mapper, f *fact) error {
	t, ev := m.tables.process, f.ev
	row := m.row(t, f, "ProcessCreated")
	var extra object

	image := f.dev.path(ev.Get("Image"))
	row[pFileName], row[pFolderPath] = image.base, image.full
	m.hashSetOf(ev.Get("Hashes")).set(row, pSHA1)
	row[pCompany] = m.box(known(ev.Get("Company")))
	row[pProduct] = m.box(known(ev.Get("Product")))
	row[pVersion] = m.box(known(ev.Get("FileVersion")))
	row[pOriginalName] = m.box(known(ev.Get("OriginalFileName")))
	row[pDescription] = m.box(known(ev.Get("Description")))
	setNumber(row, pProcessID, ev.Get("ProcessId"))
	row[pUniqueID] = uniqueID(ev.Get("ProcessGuid"))
	setCommandLine(row, pCommandLine, &extra, ev.Get("CommandLine"), ev.Get("Image"))
	row[pIntegrity] = m.box(integrityOf(ev.Get("IntegrityLevel")))
	if row[pCreationTime] = f.at; f.utc == 0 {
		row[pCreationTime] = nil
	} else if f.utc != f.time {
		row[pCreationTime] = f.utc
	}
	setNumber(row, pSessionID, ev.Get("TerminalSessionId"))
	who := m.partyOf(ev.Get("User"))
	row[pAccountDomain], row[pAccountName], row[pAccountSid] = who.domain, who.name, who.sid
	setNumber(row, pLogonID, ev.Get("LogonId"))

	key, indexed := parseGUID(f.device, ev.Get("ProcessGuid"))
	if p := m.processes[key]; indexed && p != nil {
		if p.sid != "" {
			row[pAccountSid] = p.sid
		}
		row[pTokenElevation] = p.elevation
		if row[pProcessID] == nil && p.hasPID {
			row[pProcessID] = p.pid
		}
	}
	m.initiatedByGUID(t, row, f, ev.Get("ParentProcessGuid"), ev.Get("ParentProcessId"), ev.Get("ParentImage"), ev.Get("ParentUser"))
	if row[cInitCommandLine] == "" {
		row[cInitCommandLine] = commandLine(ev.Get("ParentCommandLine"), localPath(ev.Get("ParentImage")))
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
	t, ev := m.tables.process, f.ev
	row := m.row(t, f, "ProcessCreated")
	var extra object

	image := f.dev.path(ev.Get("NewProcessName"))
	row[pFileName], row[pFolderPath] = image.base, image.full
	setNumber(row, pProcessID, ev.Get("NewProcessId"))
	setCommandLine(row, pCommandLine, &extra, ev.Get("CommandLine"), ev.Get("NewProcessName"))
	row[pIntegrity] = integrityLevels[ev.Get("MandatoryLabel")]
	row[pTokenElevation] = elevations[ev.Get("TokenElevationType")]
	row[pCreationTime] = f.at
	who := newProcessUser(ev)
	domain, name := account(who.domain + `\` + who.name)
	row[pAccountDomain], row[pAccountName], row[pAccountSid] = domain, name, m.sidOf(who.sid, domain, name)
	setNumber(row, pLogonID, who.logon)

	m.initiatedByPID(t, row, f, ev.Get("ProcessId"), absent(ev.Get("ParentProcessName")))
	m.initiatedByUser(t, row, subjectUser(ev))
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
