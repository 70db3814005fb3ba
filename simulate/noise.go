package simulate

import "fmt"

// program is a program of an ordinary day.
type program struct{ name, folder, command, parent string }

var programs = []program{
	{"svchost.exe", `C:\Windows\System32\`, "svchost.exe -k netsvcs -p", "services.exe"},
	{"chrome.exe", `C:\Program Files\Google\Chrome\Application\`, `"chrome.exe" --type=renderer`, "chrome.exe"},
	{"msedge.exe", `C:\Program Files (x86)\Microsoft\Edge\Application\`, `"msedge.exe" --type=utility`, "msedge.exe"},
	{"OUTLOOK.EXE", `C:\Program Files\Microsoft Office\root\Office16\`, `"OUTLOOK.EXE"`, "explorer.exe"},
	{"EXCEL.EXE", `C:\Program Files\Microsoft Office\root\Office16\`, `"EXCEL.EXE" /dde`, "explorer.exe"},
	{"Teams.exe", `C:\Program Files\WindowsApps\Teams\`, `"Teams.exe"`, "explorer.exe"},
	{"notepad.exe", `C:\Windows\System32\`, "notepad.exe", "explorer.exe"},
	{"conhost.exe", `C:\Windows\System32\`, "conhost.exe 0xffffffff -ForceV1", "svchost.exe"},
	{"taskhostw.exe", `C:\Windows\System32\`, "taskhostw.exe", "svchost.exe"},
	{"backgroundTaskHost.exe", `C:\Windows\System32\`, "backgroundTaskHost.exe -ServerName:App", "svchost.exe"},
}

var (
	users     = []string{"alex", "bo", "chris", "dana", "eli", "fran", "gus", "hana"}
	documents = []string{"report.docx", "budget.xlsx", "notes.txt", "minutes.docx", "photo.jpg", "invoice.pdf"}
	sites     = []string{"www.example.com", "mail.example.net", "cdn.example.org", "login.example.com", "update.example.net"}
)

// noise makes a row in which nothing is wrong. Shares are used all day, so there are
// connections to port 445, network logons and files that the System process writes; but
// no program starts from where one was written.
func (g *generator) noise(at int64) *Row {
	d := &g.devices[g.rand.IntN(len(g.devices))]
	user := users[g.rand.IntN(len(users))]
	p := programs[g.rand.IntN(len(programs))]
	switch n := g.rand.IntN(100); {
	case n < 40:
		return g.row("DeviceProcessEvents", at, d, Field{"ActionType", "ProcessCreated"}, Field{"FileName", p.name}, Field{"FolderPath", p.folder + p.name},
			Field{"ProcessId", 1000 + 4*g.rand.IntN(8000)}, Field{"ProcessCommandLine", p.command}, Field{"AccountDomain", "contoso"}, Field{"AccountName", user},
			Field{"ProcessIntegrityLevel", "Medium"}, Field{"InitiatingProcessFileName", p.parent}, Field{"InitiatingProcessId", 1000 + 4*g.rand.IntN(8000)})
	case n < 65:
		return g.row("DeviceNetworkEvents", at, d, Field{"ActionType", "ConnectionSuccess"}, Field{"Protocol", "Tcp"}, Field{"LocalIP", d.ip}, Field{"LocalPort", 49152 + g.rand.IntN(16000)},
			Field{"RemoteIP", fmt.Sprintf("203.0.113.%d", 1+g.rand.IntN(250))}, Field{"RemotePort", 443}, Field{"RemoteUrl", sites[g.rand.IntN(len(sites))]},
			Field{"InitiatingProcessFileName", "chrome.exe"}, Field{"InitiatingProcessAccountName", user})
	case n < 70:
		return g.row("DeviceNetworkEvents", at, d, Field{"ActionType", "InboundConnectionAccepted"}, Field{"Protocol", "Tcp"}, Field{"LocalIP", d.ip}, Field{"LocalPort", 445},
			Field{"RemoteIP", g.devices[g.rand.IntN(len(g.devices))].ip}, Field{"RemotePort", 49152 + g.rand.IntN(16000)})
	case n < 88:
		doc := documents[g.rand.IntN(len(documents))]
		return g.row("DeviceFileEvents", at, d, Field{"ActionType", "FileModified"}, Field{"FileName", doc}, Field{"FolderPath", `C:\Users\` + user + `\Documents\` + doc},
			Field{"InitiatingProcessFileName", "explorer.exe"}, Field{"InitiatingProcessFolderPath", `c:\windows\explorer.exe`}, Field{"InitiatingProcessAccountName", user})
	case n < 90:
		doc := documents[g.rand.IntN(len(documents))]
		return g.row("DeviceFileEvents", at, d, Field{"ActionType", "FileCreated"}, Field{"FileName", doc}, Field{"FolderPath", `C:\Shares\team\` + doc},
			Field{"InitiatingProcessFileName", "System"}, Field{"InitiatingProcessFolderPath", `c:\windows\system32\ntoskrnl.exe`}, Field{"InitiatingProcessId", 4}, Field{"RequestProtocol", "SMB"})
	case n < 94:
		from := &g.devices[g.rand.IntN(len(g.devices))]
		return g.row("DeviceLogonEvents", at, d, Field{"ActionType", "LogonSuccess"}, Field{"LogonType", "Network"}, Field{"Protocol", "Kerberos"}, Field{"AccountDomain", "contoso"}, Field{"AccountName", user},
			Field{"RemoteIP", from.ip}, Field{"RemoteDeviceName", from.short}, Field{"IsLocalAdmin", false}, Field{"LogonId", 100000 + g.rand.IntN(900000)})
	default:
		return g.row("DeviceLogonEvents", at, d, Field{"ActionType", "LogonSuccess"}, Field{"LogonType", "Interactive"}, Field{"Protocol", "Negotiate"}, Field{"AccountDomain", "contoso"}, Field{"AccountName", user},
			Field{"IsLocalAdmin", false}, Field{"LogonId", 100000 + g.rand.IntN(900000)})
	}
}
