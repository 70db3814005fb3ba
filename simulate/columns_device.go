package simulate

import (
	"strconv"
	"strings"

	"quarry/kql/types"
)

// teller tells a column from an event.
type teller = func(*event) value

// tellerOf finds who tells a column; nil for one that gets no values.
func tellerOf(table, column string) teller {
	switch {
	case strings.HasSuffix(table, "SigninLogs"), strings.HasSuffix(table, "SignInLogs"):
		if t := signInColumns[column]; t != nil {
			return t
		}
	case strings.HasPrefix(table, "Email"), table == "UrlClickEvents":
		if t := mailColumns[column]; t != nil {
			return t
		}
	}
	name := table + "." + column
	for _, own := range []map[string]teller{deviceColumns, stateColumns, cloudColumns} {
		if t := own[name]; t != nil {
			return t
		}
	}
	if strings.HasPrefix(table, "Device") || strings.HasPrefix(table, "Identity") {
		if t := deviceColumns[column]; t != nil {
			return t
		}
		return stateColumns[column]
	}
	return commonColumns[column]
}

// commonColumns mean the same in every table.
var commonColumns = map[string]teller{
	"Timestamp":          func(e *event) value { return tick(e.at) },
	"TimeGenerated":      func(e *event) value { return tick(e.at) },
	"ActionType":         func(e *event) value { return str(e.action) },
	"TenantId":           func(*event) value { return str(tenantID) },
	"AADTenantId":        func(*event) value { return str(tenantID) },
	"AccountDisplayName": func(e *event) value { return str(e.user.display) },
	"AccountUpn":         func(e *event) value { return str(e.user.upn) },
	"AccountObjectId":    func(e *event) value { return str(e.user.objectID) },
}

// deviceColumns are those of the Device* tables, by COLUMN, or TABLE.COLUMN for one
// that differs there.
var deviceColumns = map[string]teller{
	"Timestamp":     func(e *event) value { return tick(e.at) },
	"TimeGenerated": func(e *event) value { return tick(e.at) },
	"ReportId":      func(e *event) value { return num(e.id) },
	"DeviceId":      func(e *event) value { return str(e.dev.id) },
	"DeviceName":    func(e *event) value { return str(e.dev.name) },
	"ActionType":    func(e *event) value { return str(e.action) },
	"TenantId":      func(*event) value { return str(tenantID) },

	"AccountDomain":   func(e *event) value { return str(e.user.domain) },
	"AccountName":     func(e *event) value { return str(e.user.name) },
	"AccountSid":      func(e *event) value { return str(e.user.sid) },
	"AccountUpn":      func(e *event) value { return str(e.user.upn) },
	"AccountObjectId": func(e *event) value { return str(e.user.objectID) },

	// What is started, written, loaded or acted upon.
	"FileName":                           func(e *event) value { return str(e.subject().name) },
	"FolderPath":                         func(e *event) value { return str(e.subject().path) },
	"SHA1":                               func(e *event) value { return str(e.hash(0)) },
	"SHA256":                             func(e *event) value { return str(e.hash(1)) },
	"MD5":                                func(e *event) value { return str(e.hash(2)) },
	"FileSize":                           func(e *event) value { return numOrNull(e.subject().size) },
	"ProcessId":                          ofProc(func(p *process) value { return num(p.id) }),
	"ProcessCommandLine":                 ofProc(func(p *process) value { return str(p.command) }),
	"ProcessCreationTime":                ofProc(func(p *process) value { return tick(p.created) }),
	"ProcessIntegrityLevel":              ofProc(func(p *process) value { return str(p.integrity()) }),
	"ProcessTokenElevation":              ofProc(func(p *process) value { return str(p.elevation()) }),
	"ProcessVersionInfoCompanyName":      ofProc(func(p *process) value { return str(p.prog.company) }),
	"ProcessVersionInfoProductName":      ofProc(func(p *process) value { return str(p.prog.product) }),
	"ProcessVersionInfoProductVersion":   ofProc(func(p *process) value { return str(p.prog.version) }),
	"ProcessVersionInfoInternalFileName": ofProc(func(p *process) value { return str(p.prog.orig) }),
	"ProcessVersionInfoOriginalFileName": ofProc(func(p *process) value { return str(p.prog.orig) }),
	"ProcessVersionInfoFileDescription":  ofProc(func(p *process) value { return str(p.prog.about) }),
	"CreatedProcessSessionId":            ofProc(func(p *process) value { return num(p.session) }),
	"LogonId":                            func(e *event) value { return e.logonID() },
	"IsProcessRemoteSession":             func(*event) value { return yes(false) },

	// Who does it.
	"InitiatingProcessAccountDomain":               ofDoer(func(p *process) value { return str(p.user.domain) }),
	"InitiatingProcessAccountName":                 ofDoer(func(p *process) value { return str(p.user.name) }),
	"InitiatingProcessAccountSid":                  ofDoer(func(p *process) value { return str(p.user.sid) }),
	"InitiatingProcessAccountUpn":                  ofDoer(func(p *process) value { return str(p.user.upn) }),
	"InitiatingProcessAccountObjectId":             ofDoer(func(p *process) value { return str(p.user.objectID) }),
	"InitiatingProcessCommandLine":                 ofDoer(func(p *process) value { return str(p.command) }),
	"InitiatingProcessCreationTime":                ofDoer(func(p *process) value { return tickOrNull(p.created) }),
	"InitiatingProcessFileName":                    ofDoer(func(p *process) value { return str(p.prog.name) }),
	"InitiatingProcessFileSize":                    ofDoer(func(p *process) value { return num(p.prog.size) }),
	"InitiatingProcessFolderPath":                  ofDoer(func(p *process) value { return str(p.prog.lower) }),
	"InitiatingProcessId":                          ofDoer(func(p *process) value { return num(p.id) }),
	"InitiatingProcessIntegrityLevel":              ofDoer(func(p *process) value { return str(p.integrity()) }),
	"InitiatingProcessLogonId":                     ofDoer(func(p *process) value { return num(p.logonID) }),
	"InitiatingProcessMD5":                         ofDoer(func(p *process) value { return str(p.prog.md5) }),
	"InitiatingProcessSHA1":                        ofDoer(func(p *process) value { return str(p.prog.sha1) }),
	"InitiatingProcessSHA256":                      ofDoer(func(p *process) value { return str(p.prog.sha256) }),
	"InitiatingProcessParentFileName":              ofDoer(func(p *process) value { return str(p.parentName) }),
	"InitiatingProcessParentId":                    ofDoer(func(p *process) value { return num(p.parentID) }),
	"InitiatingProcessParentCreationTime":          ofDoer(func(p *process) value { return tickOrNull(p.parentCreated) }),
	"InitiatingProcessSessionId":                   ofDoer(func(p *process) value { return num(p.session) }),
	"InitiatingProcessTokenElevation":              ofDoer(func(p *process) value { return str(p.elevation()) }),
	"InitiatingProcessSignatureStatus":             ofDoer(func(*process) value { return str("Valid") }),
	"InitiatingProcessSignerType":                  ofDoer(func(*process) value { return str("OsVendor") }),
	"InitiatingProcessVersionInfoCompanyName":      ofDoer(func(p *process) value { return str(p.prog.company) }),
	"InitiatingProcessVersionInfoProductName":      ofDoer(func(p *process) value { return str(p.prog.product) }),
	"InitiatingProcessVersionInfoProductVersion":   ofDoer(func(p *process) value { return str(p.prog.version) }),
	"InitiatingProcessVersionInfoInternalFileName": ofDoer(func(p *process) value { return str(p.prog.orig) }),
	"InitiatingProcessVersionInfoOriginalFileName": ofDoer(func(p *process) value { return str(p.prog.orig) }),
	"InitiatingProcessVersionInfoFileDescription":  ofDoer(func(p *process) value { return str(p.prog.about) }),
	"IsInitiatingProcessRemoteSession":             func(*event) value { return yes(false) },

	// The other end.
	"RemoteIP":         func(e *event) value { return str(e.remoteIP()) },
	"RemoteIPType":     func(e *event) value { return str(e.remoteType()) },
	"RemotePort":       func(e *event) value { return numOrNull(int64(e.rport)) },
	"RemoteUrl":        func(e *event) value { return str(e.remote.host) },
	"RemoteDeviceName": func(e *event) value { return str(e.peerName()) },
	"LocalIP":          func(e *event) value { return str(e.dev.ip) },
	"LocalIPType":      func(*event) value { return str("Private") },
	"LocalPort":        func(e *event) value { return numOrNull(int64(e.lport)) },
	"Protocol":         func(*event) value { return str("Tcp") },

	"RegistryKey":               func(e *event) value { return str(strings.Replace(e.reg.key, "%s", e.user.sid, 1)) },
	"RegistryValueName":         func(e *event) value { return str(e.reg.name) },
	"RegistryValueType":         func(e *event) value { return str(e.reg.typ) },
	"RegistryValueData":         func(e *event) value { return str(e.reg.data) },
	"PreviousRegistryKey":       func(*event) value { return value{} },
	"PreviousRegistryValueName": func(*event) value { return value{} },
	"PreviousRegistryValueData": func(*event) value { return value{} },

	"RequestProtocol":      func(e *event) value { return str(pickText(e.by == systemProcess, "SMB", "Local")) },
	"RequestSourceIP":      func(e *event) value { return str(e.remoteIP()) },
	"RequestSourcePort":    func(e *event) value { return numOrNull(int64(e.rport)) },
	"RequestAccountName":   func(e *event) value { return str(e.user.name) },
	"RequestAccountDomain": func(e *event) value { return str(e.user.domain) },
	"RequestAccountSid":    func(e *event) value { return str(e.user.sid) },
	"ShareName":            func(e *event) value { return str(pickText(e.by == systemProcess, "team", "")) },
	"PreviousFileName":     func(e *event) value { return str(pickText(e.action == "FileRenamed", "~"+e.file.name, "")) },

	"DeviceEvents.AdditionalFields": deviceFields,
	"DeviceLogonEvents.AdditionalFields": func(e *event) value {
		return json(pickText(e.peer == nil, `{"IsLocalLogon":true}`, `{"IsLocalLogon":false}`))
	},
	"DeviceNetworkEvents.AdditionalFields": func(*event) value { return value{} },
	"DeviceProcessEvents.AdditionalFields": func(*event) value { return value{} },

	"DeviceLogonEvents.RemoteIP":      func(e *event) value { return str(pickText(e.peer == nil, "127.0.0.1", e.remoteIP())) },
	"DeviceLogonEvents.RemoteIPType":  func(e *event) value { return str(pickText(e.peer == nil, "Loopback", "Private")) },
	"DeviceLogonEvents.LogonId":       func(e *event) value { return num(e.number) },
	"DeviceLogonEvents.LogonType":     func(e *event) value { return str(pickText(e.peer == nil, "Interactive", "Network")) },
	"DeviceLogonEvents.Protocol":      func(e *event) value { return str(pickText(e.peer == nil, "Negotiate", "Kerberos")) },
	"DeviceLogonEvents.IsLocalAdmin":  func(*event) value { return yes(false) },
	"DeviceLogonEvents.FailureReason": func(e *event) value { return str(pickText(e.good, "", "InvalidUserNameOrPassword")) },

	"RuleName":                 func(*event) value { return str("Collect more") },
	"RuleLastModificationTime": func(*event) value { return tick(types.FromTime(DefaultStart) - 30*types.Day) },
	"ScriptContent": func(e *event) value {
		return str("Get-Service | Where-Object Status -eq 'Running' # " + strconv.FormatUint(e.salt%1000, 10))
	},
	"ScriptContentSHA256": func(e *event) value { return str(hexText(e.salt%1000, 64)) },
}

func ofProc(f func(*process) value) teller {
	return func(e *event) value {
		if e.proc == nil {
			return value{}
		}
		return f(e.proc)
	}
}

func ofDoer(f func(*process) value) teller {
	return func(e *event) value {
		if e.by == nil {
			return value{}
		}
		return f(e.by)
	}
}

func pickText(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func numOrNull(n int64) value {
	if n == 0 {
		return value{}
	}
	return num(n)
}

func tickOrNull(t int64) value {
	if t == 0 {
		return value{}
	}
	return tick(t)
}

// subject is the file of an event: of its own, or that of the process it is about.
func (e *event) subject() file {
	if e.file.name == "" && e.proc != nil {
		return file{name: e.proc.prog.name, path: e.proc.prog.path, size: e.proc.prog.size}
	}
	return e.file
}

// hash is the n-th of SHA1, SHA256 and MD5 of the subject; the same file has the same.
func (e *event) hash(n int) string {
	switch {
	case e.file.name != "":
		return hexText(e.file.id+uint64(n), []int{40, 64, 32}[n])
	case e.proc != nil:
		return []string{e.proc.prog.sha1, e.proc.prog.sha256, e.proc.prog.md5}[n]
	}
	return ""
}

func (e *event) logonID() value {
	if e.proc == nil {
		return value{}
	}
	return num(e.proc.logonID)
}

func (e *event) remoteIP() string {
	if e.peer != nil {
		return e.peer.ip
	}
	return e.remote.ip
}

func (e *event) remoteType() string {
	switch {
	case e.peer != nil:
		return "Private"
	case e.remote.ip != "":
		return "Public"
	}
	return ""
}

func (e *event) peerName() string {
	if e.peer != nil {
		return e.peer.short
	}
	return ""
}

// deviceFields are the AdditionalFields of DeviceEvents.
func deviceFields(e *event) value {
	switch e.action {
	case "DnsQueryResponse":
		return json(`{"DnsQueryString":"` + e.remote.host + `","DnsQueryResult":"[\"` + e.remote.ip + `\"]"}`)
	case "NamedPipeEvent":
		return json(`{"PipeName":"\\Device\\NamedPipe\\crashpad_` + strconv.FormatUint(e.salt%9000, 10) + `","FileOperation":"File created","NamedPipeEnd":"Server"}`)
	case "OpenProcessApiCall":
		return json(`{"DesiredAccess":4096}`)
	case "ScheduledTaskUpdated":
		return json(`{"TaskName":"\\Contoso\\Inventory ` + strconv.FormatUint(e.salt%40, 10) + `"}`)
	case "PowerShellCommand":
		return json(`{"Command":"` + []string{"Get-Service", "Get-ChildItem", "Test-Path", "Get-Date", "Write-Output"}[e.salt%5] + `"}`)
	case "ServiceInstalled":
		return json(`{"ServiceName":"ContosoAgent","ServiceAccount":"LocalSystem","ServiceStartType":2,"ServiceType":1}`)
	case "UsbDriveMounted":
		return json(`{"DriveLetter":"E:","ProductName":"Flash Disk","SerialNumber":"` + hexText(e.salt%200, 16) + `"}`)
	}
	return value{}
}
