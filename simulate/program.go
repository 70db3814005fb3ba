package simulate

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// program is a program of an ordinary day.
type program struct {
	name, folder                string
	commands                    []string // %u is the user's name, %n a number
	parent                      string   // the program that starts it
	weight                      float64  // how often, beside the others
	system                      bool     // runs as the machine's own account
	company, product, about     string
	version                     string
	path, lower                 string // folder and name
	sha1, sha256, md5, orig     string
	size                        int64
	signer                      string
	connects, writes, registers float64 // how much of the other tables is its doing
}

const (
	sys32  = `C:\Windows\System32\`
	office = `C:\Program Files\Microsoft Office\root\Office16\`
	ms     = "Microsoft Corporation"
	win    = "Microsoft® Windows® Operating System"
)

// programs are what runs. None of their command lines is what a rule looks for.
var programs = finish([]program{
	{name: "services.exe", folder: sys32, commands: []string{"services.exe"}, parent: "wininit.exe", system: true, company: ms, product: win, about: "Services and Controller app", registers: 3},
	{name: "lsass.exe", folder: sys32, commands: []string{"lsass.exe"}, parent: "wininit.exe", system: true, company: ms, product: win, about: "Local Security Authority Process"},
	{name: "explorer.exe", folder: `C:\Windows\`, commands: []string{"explorer.exe"}, parent: "userinit.exe", company: ms, product: win, about: "Windows Explorer", writes: 6, registers: 5},
	{name: "svchost.exe", folder: sys32, commands: []string{"svchost.exe -k netsvcs -p -s Schedule", "svchost.exe -k LocalService -p", "svchost.exe -k NetworkService -p -s Dnscache", "svchost.exe -k netsvcs -p -s wuauserv", "svchost.exe -k UnistackSvcGroup"}, parent: "services.exe", weight: 16, system: true, company: ms, product: win, about: "Host Process for Windows Services", connects: 6, writes: 3, registers: 9},
	{name: "chrome.exe", folder: `C:\Program Files\Google\Chrome\Application\`, commands: []string{`"chrome.exe" --type=renderer --lang=en-US --renderer-client-id=%n`, `"chrome.exe" --type=utility --utility-sub-type=network.mojom.NetworkService`, `"chrome.exe"`}, parent: "explorer.exe", weight: 18, company: "Google LLC", product: "Google Chrome", about: "Google Chrome", connects: 24, writes: 9},
	{name: "msedge.exe", folder: `C:\Program Files (x86)\Microsoft\Edge\Application\`, commands: []string{`"msedge.exe" --type=utility --utility-sub-type=%n`, `"msedge.exe" --type=renderer --renderer-client-id=%n`, `"msedge.exe" --profile-directory=Default`}, parent: "explorer.exe", weight: 14, company: ms, product: "Microsoft Edge", about: "Microsoft Edge", connects: 20, writes: 6},
	{name: "OUTLOOK.EXE", folder: office, commands: []string{`"OUTLOOK.EXE"`, `"OUTLOOK.EXE" /recycle`}, parent: "explorer.exe", weight: 4, company: ms, product: "Microsoft Outlook", about: "Microsoft Outlook", connects: 9, writes: 6},
	{name: "EXCEL.EXE", folder: office, commands: []string{`"EXCEL.EXE" "C:\Users\%u\Documents\budget %n.xlsx"`, `"EXCEL.EXE" /dde`}, parent: "explorer.exe", weight: 5, company: ms, product: "Microsoft Office", about: "Microsoft Excel", connects: 1, writes: 7},
	{name: "WINWORD.EXE", folder: office, commands: []string{`"WINWORD.EXE" /n "C:\Users\%u\Documents\report %n.docx"`}, parent: "explorer.exe", weight: 5, company: ms, product: "Microsoft Office", about: "Microsoft Word", connects: 1, writes: 7},
	{name: "ms-teams.exe", folder: `C:\Program Files\WindowsApps\MSTeams_24295.605.3225.8804_x64__8wekyb3d8bbwe\`, commands: []string{`"ms-teams.exe"`, `"ms-teams.exe" msteams:system-initiated`}, parent: "explorer.exe", weight: 4, company: ms, product: "Microsoft Teams", about: "Microsoft Teams", connects: 12, writes: 2},
	{name: "OneDrive.exe", folder: `C:\Program Files\Microsoft OneDrive\`, commands: []string{`"OneDrive.exe" /background`}, parent: "explorer.exe", weight: 2, company: ms, product: "Microsoft OneDrive", about: "Microsoft OneDrive", connects: 6, writes: 12, registers: 3},
	{name: "notepad.exe", folder: sys32, commands: []string{`"notepad.exe" "C:\Users\%u\Documents\notes %n.txt"`, "notepad.exe"}, parent: "explorer.exe", weight: 3, company: ms, product: win, about: "Notepad", writes: 2},
	{name: "conhost.exe", folder: sys32, commands: []string{"conhost.exe 0xffffffff -ForceV1"}, parent: "svchost.exe", weight: 6, company: ms, product: win, about: "Console Window Host"},
	{name: "taskhostw.exe", folder: sys32, commands: []string{"taskhostw.exe", "taskhostw.exe SYSTEM"}, parent: "svchost.exe", weight: 5, company: ms, product: win, about: "Host Process for Windows Tasks", registers: 2},
	{name: "backgroundTaskHost.exe", folder: sys32, commands: []string{"backgroundTaskHost.exe -ServerName:App.AppX%n.mca"}, parent: "svchost.exe", weight: 8, company: ms, product: win, about: "Background Task Host", connects: 1, registers: 3},
	{name: "RuntimeBroker.exe", folder: sys32, commands: []string{"RuntimeBroker.exe -Embedding"}, parent: "svchost.exe", weight: 6, company: ms, product: win, about: "Runtime Broker", registers: 2},
	{name: "dllhost.exe", folder: sys32, commands: []string{"dllhost.exe /Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}"}, parent: "svchost.exe", weight: 4, company: ms, product: win, about: "COM Surrogate"},
	{name: "SearchProtocolHost.exe", folder: sys32, commands: []string{`"SearchProtocolHost.exe" Global\UsGthrFltPipeMssGthrPipe%n_ Global\UsGthrCtrlFltPipeMssGthrPipe%n 1 -2147483646`}, parent: "svchost.exe", weight: 5, system: true, company: ms, product: "Windows® Search", about: "Microsoft Windows Search Protocol Host", registers: 1},
	{name: "MsMpEng.exe", folder: `C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.24090.11-0\`, commands: []string{`"MsMpEng.exe"`}, parent: "services.exe", weight: 1, system: true, company: ms, product: win, about: "Antimalware Service Executable", connects: 2, writes: 4, registers: 4},
	{name: "SenseNdr.exe", folder: `C:\Program Files\Windows Defender Advanced Threat Protection\`, commands: []string{`"SenseNdr.exe" -runmode %n`}, parent: "services.exe", weight: 1, system: true, company: ms, product: win, about: "Windows Defender Advanced Threat Protection Sense NDR module", connects: 1},
	{name: "GoogleUpdate.exe", folder: `C:\Program Files (x86)\Google\Update\`, commands: []string{`"GoogleUpdate.exe" /ua /installsource scheduler`, `"GoogleUpdate.exe" /c`}, parent: "svchost.exe", weight: 2, system: true, company: "Google LLC", product: "Google Update", about: "Google Installer", connects: 3, writes: 1},
	{name: "cmd.exe", folder: sys32, commands: []string{`"cmd.exe" /c "C:\Program Files\Contoso\inventory.cmd" %n`}, parent: "svchost.exe", weight: 2, system: true, company: ms, product: win, about: "Windows Command Processor", writes: 1},
	{name: "powershell.exe", folder: sys32 + `WindowsPowerShell\v1.0\`, commands: []string{`"powershell.exe" -ExecutionPolicy AllSigned -File "C:\Program Files\Contoso\health.ps1" -Run %n`}, parent: "svchost.exe", weight: 2, system: true, company: ms, product: win, about: "Windows PowerShell", connects: 1, writes: 1},
	{name: "ipconfig.exe", folder: sys32, commands: []string{"ipconfig.exe /flushdns", "ipconfig.exe"}, parent: "cmd.exe", weight: 0.4, system: true, company: ms, product: win, about: "IP Configuration Utility"},
	{name: "gpupdate.exe", folder: sys32, commands: []string{"gpupdate.exe /target:computer"}, parent: "svchost.exe", weight: 1, system: true, company: ms, product: win, about: "Microsoft® Group Policy Update Utility", registers: 2},
	{name: "sqlservr.exe", folder: `C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQL\Binn\`, commands: []string{`"sqlservr.exe" -sMSSQLSERVER`}, parent: "services.exe", weight: 0.3, system: true, company: ms, product: "Microsoft SQL Server", about: "SQL Server Windows NT - 64 Bit", connects: 1, writes: 3},
	{name: "Code.exe", folder: `C:\Program Files\Microsoft VS Code\`, commands: []string{`"Code.exe" --type=renderer --user-data-dir="C:\Users\%u\AppData\Roaming\Code" --renderer-client-id=%n`}, parent: "explorer.exe", weight: 3, company: ms, product: "Visual Studio Code", about: "Visual Studio Code", connects: 3, writes: 5},
	{name: "Zoom.exe", folder: `C:\Program Files\Zoom\bin\`, commands: []string{`"Zoom.exe" --action=preload`}, parent: "explorer.exe", weight: 1, company: "Zoom Video Communications, Inc.", product: "Zoom Meetings", about: "Zoom Meetings", connects: 4, writes: 1},
	{name: "AcroRd32.exe", folder: `C:\Program Files (x86)\Adobe\Acrobat Reader DC\Reader\`, commands: []string{`"AcroRd32.exe" "C:\Users\%u\Downloads\invoice %n.pdf"`}, parent: "explorer.exe", weight: 2, company: "Adobe Systems Incorporated", product: "Adobe Acrobat Reader DC", about: "Adobe Acrobat Reader DC", connects: 1, writes: 1},
})

// finish tells of each program what follows from its name.
func finish(list []program) []program {
	for i := range list {
		p := &list[i]
		p.path = p.folder + p.name
		p.lower = strings.ToLower(p.path)
		id := textID(p.lower)
		p.sha1, p.sha256, p.md5 = hexText(id, 40), hexText(id+1, 64), hexText(id+2, 32)
		p.size = int64(60_000 + id%4_000_000)
		p.version = "10.0.26100.1882"
		p.orig = p.name
		if p.company != ms {
			p.version = "131.0.6778.109"
		}
		p.signer = p.company
	}
	return list
}

var (
	startDraw    = byWeight(func(p *program) float64 { return p.weight })
	connectDraw  = byWeight(func(p *program) float64 { return p.connects })
	writeDraw    = byWeight(func(p *program) float64 { return p.writes })
	registerDraw = byWeight(func(p *program) float64 { return p.registers })
	programIndex = indexPrograms()
)

func byWeight(of func(*program) float64) draw {
	w := make([]float64, len(programs))
	for i := range programs {
		w[i] = of(&programs[i])
	}
	return weighted(w...)
}

func indexPrograms() map[string]int {
	m := map[string]int{}
	for i := range programs {
		m[programs[i].name] = i
	}
	return m
}

// process is a running program. It never changes.
type process struct {
	prog          *program
	id            int64
	created       int64 // ticks
	command       string
	user          *user
	parentName    string
	parentID      int64
	parentCreated int64
	logonID       int64
	session       int64
}

func (p *process) integrity() string {
	switch {
	case p.user == systemUser:
		return "System"
	case p.prog.name == "chrome.exe" || p.prog.name == "msedge.exe":
		return "Low"
	}
	return "Medium"
}

func (p *process) elevation() string {
	if p.user == systemUser {
		return "TokenElevationTypeDefault"
	}
	return "TokenElevationTypeLimited"
}

// processes are those of one device: of each program the one that started last.
type processes struct {
	nextID int64
	byProg [maxPrograms]*process
}

// maxPrograms bounds the table of programs.
const maxPrograms = 40

// boot starts what every device runs, before the log begins.
func (p *processes) boot(d *device, o Options) {
	p.nextID = 1000 + int64(textID(d.short)%500)*4
	at := types.FromTime(o.Start) - types.Hour - int64(textID(d.short)%uint64(types.Hour))
	start := func(name, parent string, u *user) {
		logon := int64(999)
		if u != systemUser {
			logon = 200_000 + int64(u.index)
		}
		i := programIndex[name]
		prog := &programs[i]
		p.nextID += 4
		p.byProg[i] = &process{prog: prog, id: p.nextID, created: at, command: fill(prog.commands[0], u, 7), user: u,
			parentName: parent, parentID: 620, parentCreated: at - types.Second, logonID: logon}
		at += types.Second
	}
	start("services.exe", "wininit.exe", systemUser)
	start("lsass.exe", "wininit.exe", systemUser)
	start("svchost.exe", "services.exe", systemUser)
	start("MsMpEng.exe", "services.exe", systemUser)
	start("taskhostw.exe", "svchost.exe", systemUser)
	if d.owner != nil {
		start("explorer.exe", "userinit.exe", d.owner)
		p.byProg[programIndex["explorer.exe"]].session = 1
	}
}

// start runs a program that the device can run now, and remembers it.
func (p *processes) start(r *rand.Rand, d *device, at int64) (proc, by *process) {
	i := startDraw.pick(r)
	parent := p.byProg[programIndex[programs[i].parent]]
	if parent == nil {
		i = programIndex["svchost.exe"]
		parent = p.byProg[programIndex["services.exe"]]
	}
	prog := &programs[i]
	u, logon := d.owner, int64(0)
	if prog.system || u == nil {
		u, logon = systemUser, 999
	} else {
		logon = 200_000 + int64(u.index)
	}
	p.nextID += 4 * (1 + int64(r.IntN(6)))
	if p.nextID > 60_000 {
		p.nextID = 2000 + int64(r.IntN(200))*4
	}
	proc = &process{prog: prog, id: p.nextID, created: at, user: u, command: fill(prog.commands[r.IntN(len(prog.commands))], u, r.IntN(4000)),
		parentName: parent.prog.name, parentID: parent.id, parentCreated: parent.created, logonID: logon}
	if u != systemUser {
		proc.session = 1
	}
	p.byProg[i] = proc
	return proc, parent
}

// running picks a process that runs, by what it does; svchost.exe if none does that.
func (p *processes) running(r *rand.Rand, by draw) *process {
	for range 4 {
		if proc := p.byProg[by.pick(r)]; proc != nil {
			return proc
		}
	}
	return p.byProg[programIndex["svchost.exe"]]
}

// fill puts the user's name and a number into a command line.
func fill(command string, u *user, n int) string {
	at := strings.IndexByte(command, '%')
	if at < 0 {
		return command
	}
	b := make([]byte, 0, len(command)+24)
	for ; at >= 0; at = strings.IndexByte(command, '%') {
		b = append(b, command[:at]...)
		if command[at+1] == 'u' {
			b = append(b, u.name...)
		} else {
			b = strconv.AppendInt(b, int64(n), 10)
		}
		command = command[at+2:]
	}
	return string(append(b, command...))
}
