package defender

import (
	"strings"

	"quarry/kql/types"
)

// deviceRow starts a DeviceEvents row of a Sysmon event by its own process.
func (m *Mapper) deviceRow(f *fact, action string) []types.Value {
	row := m.row(m.tables.device, f, action)
	m.initiatedByGUID(m.tables.device, row, f, f.process, &ownProcess)
	return row
}

func (m *Mapper) sendDevice(row []types.Value, extra *object) error {
	row[eAdditional] = extra.value()
	return m.send(m.tables.device, row)
}

func driverLoad(m *Mapper, f *fact) error {
	row := m.row(m.tables.device, f, "DriverLoad")
	p := f.dev.path(f.get("ImageLoaded"))
	row[eFileName], row[eFolderPath] = p.base, p.full
	m.hashSetOf(f.get("Hashes")).set(row, eSHA1)
	m.bySystem(row, f)
	var extra object
	extra.str("Signature", f.get("Signature"))
	extra.str("SignatureStatus", f.get("SignatureStatus"))
	extra.str("Signed", f.get("Signed"))
	return m.sendDevice(row, &extra)
}

// betweenProcesses starts the row of an event in which one process acts on another.
func (m *Mapper) betweenProcesses(f *fact, action string) []types.Value {
	t := m.tables.device
	row := m.row(t, f, action)
	m.initiatedByGUID(t, row, f, f.process, &sourceProcess)
	p := f.dev.path(f.get("TargetImage"))
	row[eFileName], row[eFolderPath] = p.base, p.full
	setNumber(row, eProcessID, f.get("TargetProcessId"))
	domain, name := account(f.get("TargetUser"))
	if target := m.processes.byGUID(f.device, eitherCase(f.stored, "TargetProcessGuid", "TargetProcessGUID")); target != nil {
		v := m.viewOf(target)
		row[eCommandLine] = v.cols[cInitCommandLine-cInitStart]
		row[eCreationTime] = v.cols[cInitCreationTime-cInitStart]
		row[eSHA1] = v.cols[cInitSHA1-cInitStart]
		row[eSHA256] = v.cols[cInitSHA256-cInitStart]
		row[eMD5] = v.cols[cInitMD5-cInitStart]
		if name == "" {
			domain, name = account(target.user)
		}
	}
	row[eAccountDomain], row[eAccountName], row[eAccountSid] = domain, name, m.sidOf("", domain, name)
	return row
}

// eitherCase reads a field that Sysmon spells in two ways.
func eitherCase(st *stored, a, b string) string {
	if i := st.kind.index(a); i >= 0 {
		return st.ev.Data[i].Value
	}
	return st.get(b)
}

func remoteThread(m *Mapper, f *fact) error {
	row := m.betweenProcesses(f, "CreateRemoteThreadApiCall")
	var extra object
	if n, ok := number(f.get("NewThreadId")); ok {
		extra.num("RemoteThreadId", n)
	}
	extra.str("StartAddress", f.get("StartAddress"))
	extra.str("StartModule", f.get("StartModule"))
	extra.str("StartFunction", f.get("StartFunction"))
	return m.sendDevice(row, &extra)
}

func openProcess(m *Mapper, f *fact) error {
	row := m.betweenProcesses(f, "OpenProcessApiCall")
	var extra object
	if n, ok := number(f.get("GrantedAccess")); ok {
		extra.num("DesiredAccess", n)
	}
	return m.sendDevice(row, &extra)
}

func namedPipe(m *Mapper, f *fact) error {
	row := m.deviceRow(f, "NamedPipeEvent")
	operation, end := "File created", "Server"
	if f.ev.EventID == 18 {
		operation, end = "File opened", "Client"
	}
	var extra object
	extra.str("FileOperation", operation)
	extra.str("NamedPipeEnd", end)
	if pipe := f.get("PipeName"); strings.HasPrefix(pipe, `\`) {
		extra.str("PipeName", `\Device\NamedPipe`+pipe)
	} else if pipe != "" {
		extra.str("PipeName", `\Device\NamedPipe\`+pipe)
	}
	return m.sendDevice(row, &extra)
}

func wmiBinding(m *Mapper, f *fact) error {
	row := m.row(m.tables.device, f, "WmiBindEventFilterToConsumer")
	domain, name := account(f.get("User"))
	row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = domain, name, m.sidOf("", domain, name)
	var extra object
	for _, field := range [...]string{"Operation", "EventNamespace", "Name", "Query", "Type", "Destination", "Consumer", "Filter"} {
		extra.str(field, f.get(field))
	}
	return m.sendDevice(row, &extra)
}

func dnsQuery(m *Mapper, f *fact) error {
	row := m.deviceRow(f, "DnsQueryResponse")
	var extra object
	extra.str("DnsQueryString", f.get("QueryName"))
	extra.str("DnsQueryResult", f.get("QueryResults"))
	extra.str("QueryStatus", f.get("QueryStatus"))
	return m.sendDevice(row, &extra)
}

func tampering(m *Mapper, f *fact) error {
	row := m.deviceRow(f, "ProcessTampering")
	p := f.dev.path(f.get("Image"))
	row[eFileName], row[eFolderPath] = p.base, p.full
	setNumber(row, eProcessID, f.get("ProcessId"))
	var extra object
	extra.str("Type", f.get("Type"))
	return m.sendDevice(row, &extra)
}

// subjectRow starts a DeviceEvents row of a Security event by its Subject.
func (m *Mapper) subjectRow(f *fact, action string) []types.Value {
	row := m.row(m.tables.device, f, action)
	m.initiatedByUser(m.tables.device, row, subjectUser(f.stored))
	return row
}

// serviceInstalled maps Security 4697 and System 7045.
func serviceInstalled(m *Mapper, f *fact) error {
	ev := f.ev
	row := m.subjectRow(f, "ServiceInstalled")
	if row[cInitAccountSid] == "" {
		row[cInitAccountSid] = sid(ev.UserSID)
	}
	command := f.get("ServiceFileName")
	start := f.get("ServiceStartType")
	who := f.get("ServiceAccount")
	if ev.EventID == 7045 {
		command, start, who = f.get("ImagePath"), f.get("StartType"), f.get("AccountName")
	}
	p := f.dev.path(executable(command))
	row[eFileName], row[eFolderPath] = p.base, p.full
	row[eCommandLine] = absent(command)
	var extra object
	extra.str("ServiceName", f.get("ServiceName"))
	extra.str("ServiceAccount", who)
	extra.str("ServiceStartType", start)
	extra.str("ServiceType", f.get("ServiceType"))
	return m.sendDevice(row, &extra)
}

// executable is the program of a service's command line.
func executable(command string) string {
	command = strings.TrimSpace(absent(command))
	if strings.HasPrefix(command, `"`) {
		path, _, _ := strings.Cut(command[1:], `"`)
		return path
	}
	for _, ext := range [...]string{".exe", ".sys"} {
		if i := indexFold(command, ext); i >= 0 {
			if end := i + len(ext); end == len(command) || command[end] == ' ' {
				return command[:end]
			}
		}
	}
	path, _, _ := strings.Cut(command, " ")
	return path
}

func scheduledTask(m *Mapper, f *fact) error {
	row := m.subjectRow(f, taskActions[f.ev.EventID])
	row[eAccountDomain], row[eAccountName], row[eAccountSid] = row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid]
	content := f.get("TaskContent")
	if content == "" {
		content = f.get("TaskContentNew")
	}
	var extra object
	extra.str("TaskName", f.get("TaskName"))
	extra.str("TaskContent", content)
	return m.sendDevice(row, &extra)
}

// accountChange maps 4720 and 4726. Of a local account the domain is the
// host's short name, as Windows writes it too, only cut to 15 characters.
func accountChange(m *Mapper, f *fact) error {
	ev := f.ev
	row := m.subjectRow(f, accountActions[ev.EventID])
	domain := strings.ToLower(absent(f.get("TargetDomainName")))
	if domain == "" || len(domain) == 15 && strings.HasPrefix(f.dev.short, domain) {
		domain = f.dev.short
	}
	row[eAccountDomain], row[eAccountName] = domain, strings.ToLower(absent(f.get("TargetUserName")))
	row[eAccountSid] = sid(f.get("TargetSid"))
	var extra object
	extra.str("DisplayName", f.get("DisplayName"))
	extra.str("PrivilegeList", f.get("PrivilegeList"))
	return m.sendDevice(row, &extra)
}

// memberChange maps 4732 and 4733.
func memberChange(m *Mapper, f *fact) error {
	row := m.subjectRow(f, memberActions[f.ev.EventID])
	row[eAccountSid] = sid(f.get("MemberSid"))
	name := absent(f.get("MemberName")) // a distinguished name, of domain accounts only
	if cn, _, ok := strings.Cut(name, ","); ok && hasPrefixFold(cn, "CN=") {
		row[eAccountName] = strings.ToLower(cn[len("CN="):])
	}
	var extra object
	extra.str("GroupName", f.get("TargetUserName"))
	extra.str("GroupDomainName", f.get("TargetDomainName"))
	extra.str("GroupSid", f.get("TargetSid"))
	extra.str("MemberName", name)
	return m.sendDevice(row, &extra)
}

func logCleared(m *Mapper, f *fact) error {
	row := m.subjectRow(f, "SecurityLogCleared")
	return m.sendDevice(row, &object{})
}

func scriptBlock(m *Mapper, f *fact) error {
	ev, t := f.ev, m.tables.device
	row := m.row(t, f, "PowerShellCommand")
	if ev.ProcessID != 0 {
		if p := m.processAt(f.device, int64(ev.ProcessID), f.time, ""); p != nil {
			m.initiatedBy(t, row, p)
		} else {
			row[cInitID] = int64(ev.ProcessID)
		}
	}
	if row[cInitAccountSid] == "" {
		row[cInitAccountSid] = sid(ev.UserSID)
	}
	p := f.dev.path(f.get("Path"))
	row[eFileName], row[eFolderPath] = p.base, p.full
	var extra object
	extra.str("Command", f.get("ScriptBlockText"))
	extra.str("ScriptBlockId", f.get("ScriptBlockId"))
	extra.str("MessageNumber", f.get("MessageNumber"))
	extra.str("MessageTotal", f.get("MessageTotal"))
	return m.sendDevice(row, &extra)
}

// threatFound maps 1116 of Microsoft Defender Antivirus.
func threatFound(m *Mapper, f *fact) error {
	row := m.row(m.tables.device, f, "AntivirusDetection")
	path := ""
	for item := range strings.SplitSeq(f.get("Path"), ";") { // "containerfile:_C:\a.zip; file:_C:\a.zip->x.exe"
		if rest, ok := strings.CutPrefix(strings.TrimSpace(item), "file:_"); ok {
			path = rest
			break
		}
	}
	p := f.dev.path(path)
	row[eFileName], row[eFolderPath] = p.base, p.full
	domain, name := account(f.get("Detection User"))
	row[cInitAccountDomain], row[cInitAccountName], row[cInitAccountSid] = domain, name, m.sidOf("", domain, name)
	if process := absent(f.get("Process Name")); process != "" && process != "Unknown" {
		image := f.dev.path(process)
		row[cInitFileName], row[cInitFolderPath] = image.base, image.folded()
	}
	var extra object
	extra.str("ThreatName", f.get("Threat Name"))
	extra.str("Category", f.get("Category Name"))
	extra.str("Severity", f.get("Severity Name"))
	extra.str("Action", f.get("Action Name"))
	extra.str("Path", f.get("Path"))
	return m.sendDevice(row, &extra)
}
