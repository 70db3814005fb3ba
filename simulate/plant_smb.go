package simulate

import "quarry/kql/types"

// The rules that look for a program that comes over SMB and starts.
var smbRules = []string{"File copied over SMB, then executed", "File Copy and Execution"}

// smbChain says when the steps happen, in ticks after the connection, and what differs.
type smbChain struct {
	logon, write, run int64
	elsewhere         bool   // the start happens on the other device
	moved             bool   // the start is from another folder
	stranger          bool   // the logon has another address
	writer            string // of the file; "" is System
}

// smbCopyExec is a file that another device copies over SMB and that then starts, within
// 5 seconds.
func smbCopyExec() []plantCase {
	const s = types.Second
	usual := smbChain{logon: s, write: s, run: 2 * s}
	with := func(change func(*smbChain)) []step {
		c := usual
		change(&c)
		return c.steps()
	}
	return []plantCase{
		{name: "typical", expect: fires, rules: smbRules, why: "a connection, a logon, a copy and a start within two seconds", steps: with(func(c *smbChain) { c.logon = s / 2 })},
		{name: "late", expect: quiet, rules: smbRules, why: "the program starts one tick after the window of 5 seconds", steps: with(func(c *smbChain) { c.write, c.run = 0, 5*s+1 })},
		{name: "edge", expect: fires, rules: smbRules, why: "the program starts in the last tick of the window of 5 seconds", steps: with(func(c *smbChain) { c.write, c.run = 0, 5*s })},
		{name: "other device", expect: quiet, rules: smbRules, why: "the program of that path starts on another device", steps: with(func(c *smbChain) { c.elsewhere = true })},
		{name: "other path", expect: quiet, rules: smbRules, why: "a program of that name starts from another folder", steps: with(func(c *smbChain) { c.moved = true })},
		{name: "out of order", expect: quiet, rules: smbRules, why: "the file is written one tick before the connection", steps: with(func(c *smbChain) { c.write = -1 })},
		{name: "other source", expect: quiet, rules: smbRules, why: "the logon comes from another address than the connection", steps: with(func(c *smbChain) { c.stranger = true })},
		{name: "local copy", expect: quiet, rules: smbRules, why: "a local program writes the file", steps: with(func(c *smbChain) { c.writer = "explorer.exe" })},
	}
}

func (c smbChain) steps() []step {
	writer, writerPath := "System", `c:\windows\system32\ntoskrnl.exe`
	if c.writer != "" {
		writer, writerPath = c.writer, `c:\windows\`+c.writer
	}
	var from any = otherIP
	if c.stranger {
		from = "192.0.2.77"
	}
	var path any = malwarePath
	if c.moved {
		path = malwareMoved
	}
	on := 0
	if c.elsewhere {
		on = 1
	}
	return []step{
		{table: "DeviceNetworkEvents", action: "InboundConnectionAccepted", fields: []field{
			{"LocalPort", 445}, {"RemoteIP", otherIP}, {"RemotePort", port}, {"InitiatingProcessFileName", "System"}, {"InitiatingProcessId", 4}}},
		{table: "DeviceLogonEvents", after: c.logon, action: "LogonSuccess", fields: []field{
			{"LogonType", "Network"}, {"Protocol", "NTLM"}, {"AccountDomain", netbios}, {"AccountName", "ops"}, {"AccountSid", sidBase + "1105"},
			{"RemoteIP", from}, {"RemotePort", port}, {"RemoteDeviceName", otherName}, {"IsLocalAdmin", true}, {"LogonId", logonID}}},
		{table: "DeviceFileEvents", after: c.write, action: "FileCreated", fields: []field{
			{"FileName", malware}, {"FolderPath", malwarePath}, {"SHA256", malwareHash}, {"FileSize", 145408}, {"RequestProtocol", pickText(c.writer == "", "SMB", "Local")},
			{"InitiatingProcessFileName", writer}, {"InitiatingProcessFolderPath", writerPath}, {"InitiatingProcessId", 4}}},
		{table: "DeviceProcessEvents", after: c.run, on: on, action: "ProcessCreated", fields: []field{
			{"FileName", malware}, {"FolderPath", path}, {"SHA256", malwareHash}, {"ProcessId", 5124}, {"ProcessCommandLine", malware},
			{"ProcessIntegrityLevel", "System"}}},
	}
}
