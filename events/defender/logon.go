package defender

import "strings"

// logon maps Security 4624 and 4625.
func logon(m *Mapper, f *fact) error {
	t, ev := m.tables.logon, f.ev
	action := "LogonSuccess"
	if ev.EventID == 4625 {
		action = "LogonFailed"
	}
	row := m.row(t, f, action)
	who := targetUser(f.stored)
	domain, name := account(who.domain + `\` + who.name)
	row[lAccountDomain], row[lAccountName], row[lAccountSid] = domain, name, m.sidOf(who.sid, domain, name)
	setNumber(row, lLogonID, who.logon)
	kind := f.get("LogonType")
	if word, ok := logonTypes[kind]; ok {
		kind = word
	}
	row[lLogonType] = kind
	ip := m.address(f.get("IpAddress"))
	row[lRemoteIP], row[lRemoteIPType] = ip.text, ip.kind
	if n, ok := port(f.get("IpPort")); ok {
		row[lRemotePort] = n
	}
	row[lRemoteDeviceName] = absent(f.get("WorkstationName"))
	row[lProtocol] = absent(f.get("AuthenticationPackageName"))
	switch f.get("ElevatedToken") {
	case "%%1842", "Yes":
		row[lIsLocalAdmin] = true
	case "%%1843", "No":
		row[lIsLocalAdmin] = false
	}
	if action == "LogonFailed" {
		row[lFailureReason] = failureReason(f.get("Status"), f.get("SubStatus"))
	}
	m.initiatedByPID(t, row, f, f.get("ProcessId"), absent(f.get("ProcessName")))
	m.initiatedByUser(t, row, subjectUser(f.stored))
	var extra object
	if local := ip.text == "" || row[lRemoteIPType] == "Loopback"; local {
		extra.key("IsLocalLogon")
		extra.b = append(extra.b, "true"...)
	}
	row[lAdditional] = extra.value()
	return m.send(t, row)
}

// failureReason is the word for the more telling of two codes, or that code.
func failureReason(status, subStatus string) string {
	code := strings.ToLower(subStatus)
	if n, ok := number(code); !ok || n == 0 {
		code = strings.ToLower(absent(status))
	}
	if word, ok := failureReasons[code]; ok {
		return word
	}
	return code
}
