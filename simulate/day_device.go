package simulate

import "quarry/kql/types"

// What an ordinary event on a device is. Shares are used all day: there are connections
// to port 445, network logons and files that the System process writes; but no program
// starts from where one was written.

// systemProcess writes what comes over the network.
var systemProcess = &process{prog: &program{name: "System", path: `C:\Windows\System32\ntoskrnl.exe`, lower: `c:\windows\system32\ntoskrnl.exe`,
	company: ms, product: win, about: "NT Kernel & System", orig: "ntkrnlmp.exe", version: "10.0.26100.1882", size: 12_000_000, signer: ms,
	sha1: hexText(1, 40), sha256: hexText(2, 64), md5: hexText(3, 32)}, id: 4, user: systemUser, logonID: 999}

func (g *generator) process(e *event) {
	e.action = "ProcessCreated"
	e.proc, e.by = e.dev.procs.start(g.rand, e.dev, e.at)
	e.user = e.proc.user
}

// custom is what a rule of the user's own collects: no new process of the device.
func (g *generator) custom(e *event) {
	e.action = "ProcessCreated"
	if g.mix.kinds[e.table].name == "DeviceCustomScriptEvents" {
		e.action = "PowerShellCommand"
	}
	e.by = e.dev.procs.running(g.rand, startDraw)
	e.proc = e.by
	e.user = e.by.user
}

func (g *generator) connection(e *event) {
	e.lport, e.rport = int32(49152+g.rand.IntN(16000)), 443
	switch n := g.rand.IntN(100); {
	case n < 12 || e.dev.server() && n < 45: // somebody comes
		e.action, e.lport, e.rport = "InboundConnectionAccepted", 445, e.lport
		if e.dev.kind == otherServer {
			e.lport = []int32{443, 1433, 445, 3389}[g.rand.IntN(4)]
		}
		e.peer = g.devices[g.rand.IntN(len(g.devices))]
		e.by = systemProcess
	case n < 55: // out into the world
		e.action, e.remote = "ConnectionSuccess", g.sites[g.pickSite.pick(g.rand)]
		e.by = e.dev.procs.running(g.rand, connectDraw)
		if g.chance(6) {
			e.rport = 80
		}
	case n < 80: // to a server of the house
		e.action, e.peer = "ConnectionSuccess", g.devices[0]
		e.rport = []int32{445, 88, 389, 53, 135}[g.rand.IntN(5)]
		e.by = e.dev.procs.running(g.rand, connectDraw)
	case n < 86:
		e.action, e.remote = "ConnectionFailed", g.sites[g.pickSite.pick(g.rand)]
		e.by = e.dev.procs.running(g.rand, connectDraw)
	default:
		e.action, e.remote = "ConnectionAttempt", g.sites[g.pickSite.pick(g.rand)]
		e.by = e.dev.procs.running(g.rand, connectDraw)
	}
}

var documents = []struct{ name, ext string }{
	{"report", ".docx"}, {"budget", ".xlsx"}, {"notes", ".txt"}, {"minutes", ".docx"}, {"photo", ".jpg"}, {"invoice", ".pdf"}, {"slides", ".pptx"}, {"backup", ".zip"},
}

var (
	documentDraw = zipf(len(documents), 0.8)
	folders      = []string{`Documents\`, `Downloads\`, `Desktop\`, `AppData\Local\Temp\`, `OneDrive - Contoso\`}
)

func (g *generator) document(folder string) file {
	d := documents[documentDraw.pick(g.rand)]
	// Of each kind there are some that everybody has, and many that few have.
	n := int(1 / (0.0005 + g.rand.Float64()))
	f := file{name: d.name + " " + digits(n) + d.ext}
	f.path = folder + f.name
	f.id = textID(f.name)
	f.size = int64(2_000 + f.id%3_000_000)
	return f
}

func (g *generator) file(e *event) {
	n := g.rand.IntN(100)
	if n < 12 || e.dev.kind == fileServer && n < 60 { // over the network
		e.action, e.by = "FileCreated", systemProcess
		e.peer = g.devices[g.rand.IntN(len(g.devices))]
		e.rport = int32(49152 + g.rand.IntN(16000))
		e.file = g.document(`C:\Shares\team\`)
		return
	}
	e.by = e.dev.procs.running(g.rand, writeDraw)
	e.user = e.by.user
	home := `C:\Users\` + e.user.name + `\`
	if e.user == systemUser {
		home = `C:\ProgramData\Contoso\`
		e.file = g.document(home)
	} else {
		e.file = g.document(home + folders[g.rand.IntN(len(folders))])
	}
	switch {
	case n < 55:
		e.action = "FileModified"
	case n < 80:
		e.action = "FileCreated"
	case n < 93:
		e.action = "FileDeleted"
	default:
		e.action = "FileRenamed"
	}
}

// registryValue is a value of the registry.
type registryValue struct{ key, name, typ, data string }

var registryValues = []registryValue{
	{`HKEY_CURRENT_USER\%s\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs`, "MRUListEx", "Binary", ""},
	{`HKEY_CURRENT_USER\%s\SOFTWARE\Microsoft\Office\16.0\Common\Experiment`, "LastRefresh", "Qword", "133500000000000000"},
	{`HKEY_CURRENT_USER\%s\SOFTWARE\Google\Chrome\BLBeacon`, "state", "Dword", "1"},
	{`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Reporting`, "LastSuccessTime", "String", "2026-01-05 03:00:00"},
	{`HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\BITS`, "Start", "Dword", "3"},
	{`HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\Tcpip\Parameters`, "DhcpNameServer", "String", "10.1.0.1"},
	{`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree\Contoso`, "Index", "Dword", "3"},
	{`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\Folders`, `C:\Program Files\Contoso\`, "String", ""},
}

func (g *generator) registry(e *event) {
	e.by = e.dev.procs.running(g.rand, registerDraw)
	e.user = e.by.user
	e.reg = registryValues[g.rand.IntN(len(registryValues))]
	switch n := g.rand.IntN(100); {
	case n < 75:
		e.action = "RegistryValueSet"
	case n < 88:
		e.action = "RegistryKeyCreated"
	case n < 95:
		e.action = "RegistryValueDeleted"
	default:
		e.action = "RegistryKeyDeleted"
	}
}

var libraries = []string{"ntdll.dll", "kernel32.dll", "kernelbase.dll", "user32.dll", "gdi32.dll", "advapi32.dll", "ole32.dll", "combase.dll", "rpcrt4.dll", "ws2_32.dll",
	"crypt32.dll", "bcrypt.dll", "winhttp.dll", "wininet.dll", "shell32.dll", "shlwapi.dll", "uxtheme.dll", "dwmapi.dll", "msvcrt.dll", "ucrtbase.dll"}

var libraryDraw = zipf(len(libraries), 0.9)

func (g *generator) imageLoad(e *event) {
	e.action = "ImageLoaded"
	e.by = e.dev.procs.running(g.rand, startDraw)
	e.user = e.by.user
	name := libraries[libraryDraw.pick(g.rand)]
	e.file = file{name: name, path: sys32 + name, id: textID(name), size: int64(80_000 + textID(name)%2_000_000)}
}

// deviceActions are actions of DeviceEvents, each with its share.
var deviceActions = []struct {
	name   string
	weight float64
}{
	{"DnsQueryResponse", 30}, {"NamedPipeEvent", 16}, {"OpenProcessApiCall", 14}, {"ScheduledTaskUpdated", 6}, {"PowerShellCommand", 6},
	{"SmartScreenUrlWarning", 0.5}, {"BrowserLaunchedToOpenUrl", 8}, {"UsbDriveMounted", 1}, {"DriverLoad", 3}, {"FirewallOutboundConnectionBlocked", 3},
	{"ShellLinkCreateFileEvent", 6}, {"ScreenshotTaken", 1}, {"GetClipboardData", 4}, {"ServiceInstalled", 0.3}, {"AntivirusReport", 0.5},
}

var deviceActionDraw = func() draw {
	var w []float64
	for _, a := range deviceActions {
		w = append(w, a.weight)
	}
	return weighted(w...)
}()

func (g *generator) deviceEvent(e *event) {
	e.action = deviceActions[deviceActionDraw.pick(g.rand)].name
	e.by = e.dev.procs.running(g.rand, startDraw)
	e.user = e.by.user
	switch e.action {
	case "DnsQueryResponse", "BrowserLaunchedToOpenUrl", "SmartScreenUrlWarning", "FirewallOutboundConnectionBlocked":
		e.remote, e.rport = g.sites[g.pickSite.pick(g.rand)], 443
	case "OpenProcessApiCall":
		e.proc = e.dev.procs.running(g.rand, writeDraw)
	case "ServiceInstalled", "DriverLoad":
		e.by, e.user = e.dev.procs.byProg[programIndex["services.exe"]], systemUser
		e.file = file{name: "contosoagent.sys", path: `C:\Windows\System32\drivers\contosoagent.sys`, id: textID("contosoagent.sys"), size: 90_112}
	case "ShellLinkCreateFileEvent":
		e.file = g.document(`C:\Users\` + e.user.name + `\Documents\`)
	}
}

func (g *generator) logon(e *event) {
	e.action, e.number = "LogonSuccess", int64(100_000+g.rand.IntN(900_000))
	e.by = e.dev.procs.byProg[programIndex["lsass.exe"]]
	if e.dev.server() || g.chance(40) { // over the network
		e.user = g.users[g.pickUser.pick(g.rand)]
		e.peer = g.deviceOf(e.user)
		e.rport = int32(49152 + g.rand.IntN(16000))
		// Nobody fails often enough to look like guessing.
		if g.chance(4) && e.at-e.user.lastFail > 5*types.Minute {
			e.user.lastFail = e.at
			e.action, e.good = "LogonFailed", false
		}
	}
}

// deviceOf is the workstation of a user.
func (g *generator) deviceOf(u *user) *device {
	return g.devices[g.servers+u.index%(len(g.devices)-g.servers)]
}

// inventory is what a device reports of itself.
func (g *generator) inventory(e *event) {
	if e.dev.owner != nil {
		e.user = e.dev.owner
	}
}

func (g *generator) certificate(e *event) { e.by = e.dev.procs.running(g.rand, startDraw) }

// software is the state of programs and settings; e.number tells which.
func (g *generator) software(e *event) { e.number = int64(g.rand.IntN(len(products))) }

func (g *generator) behavior(e *event) {
	e.action, e.number = "SuspiciousActivity", int64(g.rand.IntN(len(products)))
	e.by = e.dev.procs.running(g.rand, startDraw)
	e.proc, e.user = e.by, e.by.user
}
