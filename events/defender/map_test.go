package defender

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/events/schema"
	"quarry/events/winevent"
	"quarry/kql/types"
)

// at is a time of the tests' day, "10:00:00.000".
func at(clock string) int64 {
	t, ok := types.ParseDatetime("2024-05-06 " + clock)
	if !ok {
		panic("bad clock " + clock)
	}
	return t
}

var providers = map[string][2]string{
	"sysmon":   {"Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational"},
	"security": {"Microsoft-Windows-Security-Auditing", "Security"},
	"eventlog": {"Microsoft-Windows-Eventlog", "Security"},
	"scm":      {"Service Control Manager", "System"},
	"ps":       {"Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational"},
	"av":       {"Microsoft-Windows-Windows Defender", "Microsoft-Windows-Windows Defender/Operational"},
	"other":    {"Vendor-Thing", "Application"},
}

// event builds an event of HOST1 from "Name=value" lines. A Sysmon event's
// UtcTime is its clock.
func event(source string, id int, clock string, fields ...string) *winevent.Event {
	p := providers[source]
	ev := &winevent.Event{Provider: p[0], Channel: p[1], EventID: id, Computer: "HOST1", RecordID: 77, TimeCreated: at(clock)}
	if source == "sysmon" {
		ev.Data = append(ev.Data, winevent.Field{Name: "UtcTime", Value: "2024-05-06 " + clock})
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		ev.Data = append(ev.Data, winevent.Field{Name: name, Value: value})
	}
	return ev
}

// mapEvents maps events as one file.
func mapEvents(t *testing.T, opts Options, events ...*winevent.Event) (mapped, Report) {
	t.Helper()
	return mapSets(t, opts, events)
}

// mapSets maps each list as a file of one evidence set.
func mapSets(t *testing.T, opts Options, files ...[]*winevent.Event) (mapped, Report) {
	t.Helper()
	out := mapped{}
	m := New(opts, func(tab *Table, row []types.Value) error {
		if out[tab.Name] == nil {
			out[tab.Name] = &table{Table: tab}
		}
		out[tab.Name].rows = append(out[tab.Name].rows, kept(row))
		return nil
	})
	for _, events := range files {
		m.BeginFile("f", "test")
		for _, ev := range events {
			if err := m.Add(ev); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.EndFile(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := m.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out, r
}

const (
	guidParent = "{11111111-0000-0000-0000-000000000001}"
	guidChild  = "{11111111-0000-0000-0000-000000000002}"
	sha1Text   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	md5Text    = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
	userSid    = "S-1-5-21-1-2-3-1001"
)

var (
	parentStart = event("sysmon", 1, "10:00:00.000", "ProcessGuid="+guidParent, "ProcessId=100", `Image=C:\Windows\explorer.exe`,
		`CommandLine=C:\Windows\explorer.exe /x`, `User=CORP\Ann`, "LogonId=0x3e7", "TerminalSessionId=2", "IntegrityLevel=Medium",
		"Hashes=SHA1="+sha1Text+",MD5="+md5Text, "Company=Contoso", "OriginalFileName=EXPLORER.EXE",
		`ParentImage=C:\Windows\System32\userinit.exe`, "ParentProcessId=90", "ParentProcessGuid={11111111-0000-0000-0000-000000000009}")
	childStart = event("sysmon", 1, "10:00:01.000", "ProcessGuid="+guidChild, "ProcessId=200", `Image=C:\Tools\A b\run.exe`,
		`CommandLine="C:\Tools\A b\run.exe" -k`, `User=NT AUTHORITY\SYSTEM`, "LogonId=0x3e7", "ParentProcessGuid="+guidParent,
		"ParentProcessId=100", `ParentImage=C:\WINDOWS\Explorer.EXE`, `ParentCommandLine=C:\Windows\explorer.exe /x`)
	byChild = []string{"ProcessGuid=" + guidChild, "ProcessId=200", `Image=C:\Tools\A b\run.exe`}
)

func child(source string, id int, clock string, fields ...string) *winevent.Event {
	return event(source, id, clock, append(fields, byChild...)...)
}

type columns = map[string]types.Value

func TestMapping(t *testing.T) {
	const subject = "SubjectUserSid=" + userSid
	tests := []struct {
		name   string
		events []*winevent.Event
		table  string
		want   columns
	}{
		{"Sysmon 1", []*winevent.Event{parentStart, childStart}, "DeviceProcessEvents", columns{
			"ActionType": "ProcessCreated", "FileName": "run.exe", "FolderPath": `C:\Tools\A b\run.exe`, "ProcessId": int64(200),
			"ProcessCommandLine": `"run.exe" -k`, "AccountDomain": "nt authority", "AccountName": "system", "AccountSid": "S-1-5-18",
			"LogonId": int64(999), "ProcessCreationTime": at("10:00:01.000"), "Timestamp": at("10:00:01.000"), "TimeGenerated": at("10:00:01.000"),
			"AdditionalFields":          `{"OriginalCommandLine":"\"C:\\Tools\\A b\\run.exe\" -k"}`,
			"InitiatingProcessFileName": "explorer.exe", "InitiatingProcessFolderPath": `c:\windows\explorer.exe`,
			"InitiatingProcessCommandLine": "explorer.exe /x", "InitiatingProcessSHA1": strings.ToLower(sha1Text), "InitiatingProcessMD5": strings.ToLower(md5Text),
			"InitiatingProcessParentFileName": "userinit.exe", "InitiatingProcessCreationTime": at("10:00:00.000"), "InitiatingProcessId": int64(100),
			"InitiatingProcessAccountName": "ann", "InitiatingProcessAccountDomain": "corp", "InitiatingProcessLogonId": int64(999),
			"InitiatingProcessIntegrityLevel": "Medium", "InitiatingProcessVersionInfoCompanyName": "Contoso",
			"InitiatingProcessVersionInfoOriginalFileName": "EXPLORER.EXE", "InitiatingProcessSessionId": int64(2),
			"ReportId": int64(77), "DeviceName": "host1", "SHA256": "",
		}},
		{"Security 4688", []*winevent.Event{
			event("security", 4688, "10:00:00.000", subject, "SubjectUserName=Ann", "SubjectDomainName=CORP", "SubjectLogonId=0x10", "NewProcessId=0x64",
				`NewProcessName=C:\Windows\System32\cmd.exe`, "ProcessId=0x5a", `ParentProcessName=C:\Windows\explorer.exe`, "CommandLine=cmd"),
			event("security", 4688, "10:00:02.000", subject, "SubjectUserName=Ann", "SubjectDomainName=CORP", "SubjectLogonId=0x10", "NewProcessId=0xc8",
				`NewProcessName=C:\Windows\System32\whoami.exe`, "TokenElevationType=%%1937", "ProcessId=0x64", "CommandLine=whoami  /all",
				"TargetUserSid=S-1-0-0", "TargetUserName=-", "TargetDomainName=-", "TargetLogonId=0x0",
				`ParentProcessName=C:\Windows\System32\cmd.exe`, "MandatoryLabel=S-1-16-12288"),
		}, "DeviceProcessEvents", columns{
			"FileName": "whoami.exe", "ProcessId": int64(200), "ProcessCommandLine": "whoami  /all", "ProcessTokenElevation": "TokenElevationTypeFull",
			"ProcessIntegrityLevel": "High", "AccountName": "ann", "AccountSid": userSid, "LogonId": int64(16), "InitiatingProcessId": int64(100),
			"InitiatingProcessFileName": "cmd.exe", "InitiatingProcessParentFileName": "explorer.exe", "InitiatingProcessCommandLine": "cmd",
			"InitiatingProcessCreationTime": at("10:00:00.000"), "AdditionalFields": nil,
		}},
		{"Security 4688 for another user", []*winevent.Event{
			event("security", 4688, "10:00:02.000", subject, "SubjectUserName=Ann", "SubjectDomainName=CORP", "NewProcessId=0xc8", `NewProcessName=C:\a.exe`,
				"TargetUserSid=S-1-5-21-9", "TargetUserName=Bob", "TargetDomainName=CORP", "TargetLogonId=0x20", "ProcessId=0x4"),
		}, "DeviceProcessEvents", columns{"AccountName": "bob", "AccountSid": "S-1-5-21-9", "LogonId": int64(32), "InitiatingProcessAccountName": "ann"}},
		{"Sysmon 3 inbound", []*winevent.Event{
			event("sysmon", 3, "10:00:00.000", "ProcessId=4", "Image=System", `User=NT AUTHORITY\SYSTEM`, "Protocol=tcp", "Initiated=false", "SourceIp=fe80:0:0:0:1:2:3:4",
				"SourcePort=50000", "DestinationIp=10.0.0.5", "DestinationPort=445", "DestinationHostname=me"),
		}, "DeviceNetworkEvents", columns{
			"ActionType": "InboundConnectionAccepted", "LocalIP": "10.0.0.5", "LocalPort": int64(445), "RemoteIP": "fe80::1:2:3:4", "RemotePort": int64(50000),
			"LocalIPType": "Private", "RemoteIPType": "LinkLocal", "Protocol": "Tcp", "RemoteUrl": "",
			"InitiatingProcessFileName": "System", "InitiatingProcessFolderPath": `c:\windows\system32\ntoskrnl.exe`, "InitiatingProcessId": int64(4),
		}},
		{"Sysmon 3 outbound", []*winevent.Event{
			event("sysmon", 3, "10:00:00.000", "Protocol=udp", "Initiated=true", "SourceIp=::ffff:10.0.0.5", "SourcePort=50000", "DestinationIp=8.8.8.8",
				"DestinationPort=53", "DestinationHostname=dns.example"),
		}, "DeviceNetworkEvents", columns{
			"ActionType": "ConnectionSuccess", "LocalIP": "10.0.0.5", "RemoteIP": "8.8.8.8", "RemotePort": int64(53), "RemoteIPType": "Public", "Protocol": "Udp", "RemoteUrl": "dns.example",
		}},
		{"Security 5156 inbound", []*winevent.Event{childStart,
			event("security", 5156, "10:00:03.000", "ProcessID=200", `Application=\device\harddiskvolume2\tools\a b\RUN.exe`, "Direction=%%14592", "SourceAddress=127.0.0.1",
				"SourcePort=50000", "DestAddress=10.0.0.5", "DestPort=445", "Protocol=6"),
		}, "DeviceNetworkEvents", columns{
			"ActionType": "InboundConnectionAccepted", "LocalIP": "10.0.0.5", "LocalPort": int64(445), "RemoteIP": "127.0.0.1", "RemoteIPType": "Loopback",
			"InitiatingProcessFileName": "run.exe", "InitiatingProcessCommandLine": `"run.exe" -k`,
		}},
		{"Security 5157 outbound", []*winevent.Event{
			event("security", 5157, "10:00:03.000", "ProcessID=4", "Application=System", "Direction=%%14593", "SourceAddress=10.0.0.5", "SourcePort=1", "DestAddress=10.0.0.6", "DestPort=2", "Protocol=17"),
		}, "DeviceNetworkEvents", columns{"ActionType": "ConnectionFailed", "RemoteIP": "10.0.0.6", "Protocol": "Udp", "InitiatingProcessFileName": "System"}},
		{"Security 5157 inbound", []*winevent.Event{
			event("security", 5157, "10:00:03.000", "Direction=%%14592", "SourceAddress=10.0.0.5", "SourcePort=1", "DestAddress=10.0.0.6", "DestPort=2", "Protocol=6"),
		}, "DeviceNetworkEvents", columns{"ActionType": "InboundConnectionBlocked", "RemoteIP": "10.0.0.5", "LocalPort": int64(2)}},
		{"Security 5140", []*winevent.Event{
			event("security", 5140, "10:00:03.000", "IpAddress=fe80::1%7", "IpPort=50000", `ShareName=\\*\ADMIN$`),
		}, "DeviceNetworkEvents", columns{
			"ActionType": "InboundConnectionAccepted", "LocalPort": int64(445), "RemoteIP": "fe80::1", "RemotePort": int64(50000),
			"AdditionalFields": `{"DerivedFrom":5140,"ShareName":"\\\\*\\ADMIN$"}`, "InitiatingProcessFileName": "System",
		}},
		{"Security 5145", []*winevent.Event{
			event("security", 5145, "10:00:03.000", subject, "SubjectUserName=Ann", "SubjectDomainName=CORP", "ObjectType=File", "IpAddress=10.0.0.9", "IpPort=50000",
				`ShareName=\\*\ADMIN$`, `ShareLocalPath=\??\C:\Windows`, `RelativeTargetName=Temp\x.exe`, "AccessMask=0x2"),
		}, "DeviceFileEvents", columns{
			"ActionType": "FileCreated", "FolderPath": `C:\Windows\Temp\x.exe`, "FileName": "x.exe", "InitiatingProcessFileName": "System", "RequestProtocol": "SMB",
			"RequestSourceIP": "10.0.0.9", "RequestSourcePort": int64(50000), "RequestAccountName": "ann", "RequestAccountDomain": "corp", "RequestAccountSid": userSid,
			"ShareName": `\\*\ADMIN$`, "AdditionalFields": `{"DerivedFrom":5145,"AccessMask":"0x2"}`,
		}},
		{"Sysmon 11, hash from the process that it became", []*winevent.Event{
			child("sysmon", 11, "09:59:00.000", `TargetFilename=C:\Windows\EXPLORER.exe`), childStart, parentStart,
		}, "DeviceFileEvents", columns{
			"ActionType": "FileCreated", "FolderPath": `C:\Windows\EXPLORER.exe`, "SHA1": strings.ToLower(sha1Text), "MD5": strings.ToLower(md5Text), "InitiatingProcessFileName": "run.exe",
		}},
		{"Sysmon 15", []*winevent.Event{
			child("sysmon", 15, "10:00:03.000", `TargetFilename=C:\x.exe:Zone.Identifier`, "Hash=MD5="+md5Text,
				"Contents=[ZoneTransfer]  ZoneId=3  ReferrerUrl=http://r/  HostUrl=http://h/x.exe"),
		}, "DeviceFileEvents", columns{"ActionType": "FileCreated", "MD5": strings.ToLower(md5Text), "FileOriginUrl": "http://h/x.exe", "FileOriginReferrerUrl": "http://r/"}},
		{"Sysmon 23", []*winevent.Event{child("sysmon", 23, "10:00:03.000", `TargetFilename=C:\x.exe`, "Hashes=MD5="+md5Text)},
			"DeviceFileEvents", columns{"ActionType": "FileDeleted", "FolderPath": `C:\x.exe`}},
		{"Sysmon 29", []*winevent.Event{child("sysmon", 29, "10:00:03.000", `TargetFilename=C:\x.exe`, "Hashes=MD5="+md5Text)},
			"DeviceFileEvents", columns{"ActionType": "FileCreated", "MD5": strings.ToLower(md5Text)}},
		{"Security 4663", []*winevent.Event{
			event("security", 4663, "10:00:03.000", "ObjectType=File", `ObjectName=C:\x.txt`, "AccessMask=0x2", "ProcessId=0xc8", `ProcessName=C:\Tools\w.exe`, "SubjectUserName=Ann", "SubjectDomainName=CORP"),
		}, "DeviceFileEvents", columns{"ActionType": "FileModified", "FolderPath": `C:\x.txt`, "InitiatingProcessFileName": "w.exe", "InitiatingProcessId": int64(200), "InitiatingProcessAccountName": "ann"}},
		{"Security 4624", []*winevent.Event{
			event("security", 4624, "10:00:03.000", "TargetUserSid="+userSid, "TargetUserName=Ann", "TargetDomainName=CORP", "TargetLogonId=0x371a", "LogonType=3", "IpAddress=fe80::1",
				"IpPort=50000", "WorkstationName=WS7", "AuthenticationPackageName=NTLM", "ElevatedToken=%%1842", "ProcessId=0x0", "ProcessName=-"),
		}, "DeviceLogonEvents", columns{
			"ActionType": "LogonSuccess", "AccountName": "ann", "AccountDomain": "corp", "AccountSid": userSid, "LogonId": int64(0x371a), "LogonType": "Network", "RemoteIP": "fe80::1",
			"RemotePort": int64(50000), "RemoteDeviceName": "WS7", "Protocol": "NTLM", "IsLocalAdmin": true, "FailureReason": "",
		}},
		{"Security 4625", []*winevent.Event{
			event("security", 4625, "10:00:03.000", "TargetUserName=Ann", "TargetDomainName=CORP", "LogonType=10", "IpAddress=-", "IpPort=-", "Status=0xc000006d", "SubStatus=0xC000006A"),
		}, "DeviceLogonEvents", columns{
			"ActionType": "LogonFailed", "LogonType": "RemoteInteractive", "RemoteIP": "", "RemotePort": nil, "FailureReason": "InvalidUserNameOrPassword", "IsLocalAdmin": nil, "LogonId": nil,
		}},
		{"Sysmon 12", []*winevent.Event{child("sysmon", 12, "10:00:03.000", "EventType=CreateKey", `TargetObject=HKU\S-1-5-21-1\Software\X`)},
			"DeviceRegistryEvents", columns{"ActionType": "RegistryKeyCreated", "RegistryKey": `HKEY_CURRENT_USER\S-1-5-21-1\Software\X`, "RegistryValueName": ""}},
		{"Sysmon 12 deletes a value", []*winevent.Event{child("sysmon", 12, "10:00:03.000", "EventType=DeleteValue", `TargetObject=HKLM\Software\X\v`)},
			"DeviceRegistryEvents", columns{"ActionType": "RegistryValueDeleted", "RegistryKey": `HKEY_LOCAL_MACHINE\SOFTWARE\X`, "RegistryValueName": "v", "PreviousRegistryValueName": "v"}},
		{"Sysmon 13", []*winevent.Event{child("sysmon", 13, "10:00:03.000", "EventType=SetValue", `TargetObject=HKLM\System\CurrentControlSet\Services\s\Start`, "Details=DWORD (0x00000001)")},
			"DeviceRegistryEvents", columns{"ActionType": "RegistryValueSet", "RegistryKey": `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\s`,
				"RegistryValueName": "Start", "RegistryValueType": "Dword", "RegistryValueData": "1", "InitiatingProcessFileName": "run.exe"}},
		{"Sysmon 14", []*winevent.Event{child("sysmon", 14, "10:00:03.000", "EventType=RenameKey", `TargetObject=HKLM\Software\A`, `NewName=HKLM\Software\B`)},
			"DeviceRegistryEvents", columns{"ActionType": "RegistryKeyRenamed", "RegistryKey": `HKEY_LOCAL_MACHINE\SOFTWARE\B`, "PreviousRegistryKey": `HKEY_LOCAL_MACHINE\SOFTWARE\A`}},
		{"Sysmon 7", []*winevent.Event{child("sysmon", 7, "10:00:03.000", `ImageLoaded=C:\Windows\System32\a.dll`, "Hashes=MD5="+md5Text)},
			"DeviceImageLoadEvents", columns{"ActionType": "ImageLoaded", "FileName": "a.dll", "MD5": strings.ToLower(md5Text)}},
		{"Sysmon 6", []*winevent.Event{event("sysmon", 6, "10:00:03.000", `ImageLoaded=C:\Windows\System32\drivers\d.sys`)},
			"DeviceEvents", columns{"ActionType": "DriverLoad", "FileName": "d.sys"}},
		{"Sysmon 8", []*winevent.Event{parentStart, event("sysmon", 8, "10:00:03.000", "SourceProcessGuid="+guidParent, "SourceProcessId=100", `SourceImage=C:\Windows\explorer.exe`,
			"TargetProcessGuid="+guidChild, "TargetProcessId=200", `TargetImage=C:\t.exe`, "NewThreadId=7", "StartModule=m")},
			"DeviceEvents", columns{"ActionType": "CreateRemoteThreadApiCall", "FileName": "t.exe", "ProcessId": int64(200), "InitiatingProcessFileName": "explorer.exe", "InitiatingProcessCommandLine": "explorer.exe /x"}},
		{"Sysmon 10", []*winevent.Event{event("sysmon", 10, "10:00:03.000", "SourceProcessGUID="+guidParent, "SourceProcessId=100", `SourceImage=C:\s.exe`, "TargetProcessId=200",
			`TargetImage=C:\Windows\System32\lsass.exe`, "GrantedAccess=0x1410")},
			"DeviceEvents", columns{"ActionType": "OpenProcessApiCall", "FileName": "lsass.exe", "AdditionalFields": `{"DesiredAccess":5136}`, "InitiatingProcessFileName": "s.exe"}},
		{"Sysmon 17", []*winevent.Event{child("sysmon", 17, "10:00:03.000", `PipeName=\p`)},
			"DeviceEvents", columns{"ActionType": "NamedPipeEvent", "AdditionalFields": `{"FileOperation":"File created","NamedPipeEnd":"Server","PipeName":"\\Device\\NamedPipe\\p"}`}},
		{"Sysmon 21", []*winevent.Event{event("sysmon", 21, "10:00:03.000", "Operation=Created", `User=CORP\Ann`, "Consumer=c", "Filter=f")},
			"DeviceEvents", columns{"ActionType": "WmiBindEventFilterToConsumer", "InitiatingProcessAccountName": "ann", "AdditionalFields": `{"Operation":"Created","Consumer":"c","Filter":"f"}`}},
		{"Sysmon 22", []*winevent.Event{child("sysmon", 22, "10:00:03.000", "QueryName=a.example", "QueryStatus=0", "QueryResults=1.2.3.4;")},
			"DeviceEvents", columns{"ActionType": "DnsQueryResponse", "AdditionalFields": `{"DnsQueryString":"a.example","DnsQueryResult":"1.2.3.4;","QueryStatus":"0"}`}},
		{"Sysmon 25", []*winevent.Event{child("sysmon", 25, "10:00:03.000", "Type=Image is replaced")},
			"DeviceEvents", columns{"ActionType": "ProcessTampering", "FileName": "run.exe"}},
		{"Security 4697", []*winevent.Event{event("security", 4697, "10:00:03.000", subject, "SubjectUserName=Ann", "ServiceName=s", `ServiceFileName=%SystemRoot%\s.exe -x`, "ServiceStartType=3", "ServiceAccount=LocalSystem")},
			"DeviceEvents", columns{"ActionType": "ServiceInstalled", "FileName": "s.exe", "FolderPath": `C:\Windows\s.exe`, "InitiatingProcessAccountName": "ann",
				"AdditionalFields": `{"ServiceName":"s","ServiceAccount":"LocalSystem","ServiceStartType":"3"}`}},
		{"System 7045", []*winevent.Event{event("scm", 7045, "10:00:03.000", "ServiceName=s", `ImagePath="C:\A b\s.exe" -x`)},
			"DeviceEvents", columns{"ActionType": "ServiceInstalled", "FolderPath": `C:\A b\s.exe`}},
		{"Security 4698", []*winevent.Event{event("security", 4698, "10:00:03.000", subject, "SubjectUserName=Ann", `TaskName=\T`, "TaskContent=<x/>")},
			"DeviceEvents", columns{"ActionType": "ScheduledTaskCreated", "InitiatingProcessAccountName": "ann", "InitiatingProcessAccountSid": userSid, "AdditionalFields": `{"TaskName":"\\T","TaskContent":"<x/>"}`}},
		{"Security 4702", []*winevent.Event{event("security", 4702, "10:00:03.000", `TaskName=\T`, "TaskContentNew=<y/>")},
			"DeviceEvents", columns{"ActionType": "ScheduledTaskUpdated", "AdditionalFields": `{"TaskName":"\\T","TaskContent":"<y/>"}`}},
		{"Security 4720", []*winevent.Event{event("security", 4720, "10:00:03.000", "TargetUserName=Eve", "TargetDomainName=HOST1", "TargetSid="+userSid)},
			"DeviceEvents", columns{"ActionType": "UserAccountCreated", "AccountName": "eve", "AccountDomain": "host1", "AccountSid": userSid}},
		{"Security 4732", []*winevent.Event{event("security", 4732, "10:00:03.000", "MemberSid="+userSid, "MemberName=-", "TargetUserName=Administrators", "TargetDomainName=Builtin", "TargetSid=S-1-5-32-544")},
			"DeviceEvents", columns{"ActionType": "UserAccountAddedToLocalGroup", "AccountSid": userSid,
				"AdditionalFields": `{"GroupName":"Administrators","GroupDomainName":"Builtin","GroupSid":"S-1-5-32-544"}`}},
		{"Eventlog 1102", []*winevent.Event{event("eventlog", 1102, "10:00:03.000", "SubjectUserName=Ann")},
			"DeviceEvents", columns{"ActionType": "SecurityLogCleared", "InitiatingProcessAccountName": "ann"}},
		{"PowerShell 4104", []*winevent.Event{event("ps", 4104, "10:00:03.000", "ScriptBlockText=Get-Date\n\"x\"", "MessageNumber=1")},
			"DeviceEvents", columns{"ActionType": "PowerShellCommand", "AdditionalFields": `{"Command":"Get-Date\n\"x\"","MessageNumber":"1"}`}},
		{"Defender 1116", []*winevent.Event{event("av", 1116, "10:00:03.000", "Threat Name=HackTool:X", `Path=containerfile:_C:\a.zip; file:_C:\b\x.exe`, `Detection User=CORP\Ann`)},
			"DeviceEvents", columns{"ActionType": "AntivirusDetection", "FileName": "x.exe", "FolderPath": `C:\b\x.exe`}},
		{"SecurityEvent", []*winevent.Event{event("security", 4624, "10:00:03.000", "TargetUserName=Ann", "TargetDomainName=CORP", "SubjectUserName=-", "LogonType=3", "IpAddress=10.0.0.1", "Odd=<&>")},
			"SecurityEvent", columns{"EventID": int64(4624), "Activity": "4624 - An account was successfully logged on.", "Account": `CORP\Ann`, "AccountType": "User", "TargetUserName": "Ann",
				"LogonType": int64(3), "LogonTypeName": "3 - Network", "IpAddress": "10.0.0.1", "Computer": "HOST1", "Channel": "Security", "TimeGenerated": at("10:00:03.000"),
				"EventData": `<EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><Data Name="TargetUserName">Ann</Data><Data Name="TargetDomainName">CORP</Data><Data Name="SubjectUserName">-</Data><Data Name="LogonType">3</Data><Data Name="IpAddress">10.0.0.1</Data><Data Name="Odd">&lt;&amp;&gt;</Data></EventData>`}},
		{"Event", []*winevent.Event{event("other", 9, "10:00:03.000", "a=b")},
			"Event", columns{"EventID": int64(9), "Source": "Vendor-Thing", "EventLog": "Application",
				"EventData": `<DataItem type="System.XmlData" time="2024-05-06T10:00:03.0000000Z" sourceHealthServiceId=""><EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><Data Name="a">b</Data></EventData></DataItem>`}},
		{"DeviceInfo", []*winevent.Event{event("other", 9, "10:00:03.000")}, "DeviceInfo", columns{"DeviceName": "host1", "DeviceId": deviceID("host1"), "Timestamp": at("10:00:03.000")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := mapEvents(t, Options{}, tt.events...)
			rows := m.rows(tt.table)
			if len(rows) == 0 {
				t.Fatalf("no row in %s", tt.table)
			}
			row := rows[len(rows)-1]
			got := columns{}
			for c := range tt.want {
				got[c] = m.get(tt.table, row, c)
			}
			if strings.HasPrefix(tt.name, "Sysmon 11,") { // its row is the first and only one
				got = columns{}
				for c := range tt.want {
					got[c] = m.get(tt.table, rows[0], c)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestColumns holds the column constants, the column lists and the schemas of
// the tables together.
func TestColumns(t *testing.T) {
	core, err := schema.Core()
	if err != nil {
		t.Fatal(err)
	}
	for _, tab := range Tables() {
		want, ok := core.Table(tab.Name)
		if !ok {
			t.Errorf("%s is no table", tab.Name)
			continue
		}
		seen := map[string]bool{}
		for _, c := range tab.Columns {
			if i := want.Index(c.Name); i < 0 || want[i].Type != c.Type {
				t.Errorf("%s.%s:%s is not in the table's schema", tab.Name, c.Name, c.Type)
			}
			if seen[c.Name] {
				t.Errorf("%s.%s is listed twice", tab.Name, c.Name)
			}
			seen[c.Name] = true
		}
	}
	tables := newTables()
	for _, c := range []struct {
		table *Table
		last  int
		name  string
	}{
		{tables.process, pAdditional, "AdditionalFields"}, {tables.network, nAdditional, "AdditionalFields"}, {tables.file, fAdditional, "AdditionalFields"},
		{tables.logon, lAdditional, "AdditionalFields"}, {tables.registry, rInitIntegrity, "InitiatingProcessIntegrityLevel"},
		{tables.image, iInitIntegrity, "InitiatingProcessIntegrityLevel"}, {tables.device, eAdditional, "AdditionalFields"},
		{tables.info, dDeviceName, "DeviceName"}, {tables.event, vEventData, "EventData"},
	} {
		if len(c.table.Columns) != c.last+1 || c.table.Columns[c.last].Name != c.name {
			t.Errorf("%s: the last column is not where its constant says", c.table.Name)
		}
	}
	if c := tables.security.Columns[sLogonTypeName].Name; c != "LogonTypeName" {
		t.Errorf("SecurityEvent: %s where LogonTypeName should be", c)
	}
}
