package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"quarry/kql/types"
)

// plantCase is an attack, or something that looks almost like it.
type plantCase struct {
	name, expect, why string
	make              func(g *generator, at int64, target, other *device) []*Row
}

const (
	fires = "fires"
	quiet = "quiet"
)

// scenarios are what can be planted. Each has chains that a detection must find and
// near misses, each wrong in one thing only.
var scenarios = map[string][]plantCase{
	// A file that another device copies over SMB and that then starts, within 5 seconds.
	"smb-copy-exec": {
		{"typical", fires, "a connection, a logon, a copy and a start within two seconds", chainOf(smbChain{logon: types.Second / 2, write: types.Second, run: 2 * types.Second})},
		{"late", quiet, "the program starts one tick after the window of 5 seconds", chainOf(smbChain{logon: types.Second, run: 5*types.Second + 1})},
		{"edge", fires, "the program starts in the last tick of the window of 5 seconds", chainOf(smbChain{logon: types.Second, run: 5 * types.Second})},
		{"other device", quiet, "the program of that path starts on another device", chainOf(smbChain{logon: types.Second, write: types.Second, run: 2 * types.Second, elsewhere: true})},
		{"other path", quiet, "a program of that name starts from another folder", chainOf(smbChain{logon: types.Second, write: types.Second, run: 2 * types.Second, folder: `C:\Tools\`})},
		{"out of order", quiet, "the file is written one tick before the connection", chainOf(smbChain{logon: types.Second, write: -1, run: 2 * types.Second})},
		{"other source", quiet, "the logon comes from another address than the connection", chainOf(smbChain{logon: types.Second, write: types.Second, run: 2 * types.Second, stranger: true})},
		{"local copy", quiet, "a local program writes the file", chainOf(smbChain{logon: types.Second, write: types.Second, run: 2 * types.Second, writer: "explorer.exe"})},
	},
}

// smbChain says when the steps happen, in ticks after the connection, and what differs.
type smbChain struct {
	logon, write, run int64
	elsewhere         bool   // the start happens on the other device
	folder            string // of the start; "" is that of the copy
	stranger          bool   // the logon has another address
	writer            string // of the file; "" is System
}

func chainOf(c smbChain) func(*generator, int64, *device, *device) []*Row {
	return func(g *generator, at int64, target, other *device) []*Row {
		file := fmt.Sprintf("svc%04x.exe", g.rand.IntN(1<<16))
		sum := sha256.Sum256([]byte(file))
		hash := hex.EncodeToString(sum[:])
		copied, folder := `C:\Windows\`, c.folder
		if folder == "" {
			folder = copied
		}
		writer, runs, from := c.writer, target, other.ip
		writerPath := `c:\windows\system32\ntoskrnl.exe`
		if writer == "" {
			writer = "System"
		} else {
			writerPath = `c:\windows\` + writer
		}
		if c.elsewhere {
			runs = other
		}
		if c.stranger {
			from = "192.0.2.77"
		}
		port := 49152 + g.rand.IntN(16000)
		return []*Row{
			g.row("DeviceNetworkEvents", at, target, Field{"ActionType", "InboundConnectionAccepted"}, Field{"Protocol", "Tcp"},
				Field{"LocalIP", target.ip}, Field{"LocalPort", 445}, Field{"RemoteIP", other.ip}, Field{"RemotePort", port}),
			g.row("DeviceLogonEvents", at+c.logon, target, Field{"ActionType", "LogonSuccess"}, Field{"LogonType", "Network"}, Field{"Protocol", "NTLM"},
				Field{"AccountDomain", "contoso"}, Field{"AccountName", "ops"}, Field{"AccountSid", "S-1-5-21-1004336348-1177238915-682003330-1105"},
				Field{"RemoteIP", from}, Field{"RemotePort", port}, Field{"RemoteDeviceName", other.short}, Field{"IsLocalAdmin", true}, Field{"LogonId", 400000 + g.rand.IntN(100000)}),
			g.row("DeviceFileEvents", at+c.write, target, Field{"ActionType", "FileCreated"}, Field{"FileName", file}, Field{"FolderPath", copied + file},
				Field{"SHA256", hash}, Field{"FileSize", 145408}, Field{"InitiatingProcessFileName", writer}, Field{"InitiatingProcessFolderPath", writerPath}, Field{"InitiatingProcessId", 4}),
			g.row("DeviceProcessEvents", at+c.run, runs, Field{"ActionType", "ProcessCreated"}, Field{"FileName", file}, Field{"FolderPath", folder + file},
				Field{"SHA256", hash}, Field{"ProcessId", 4000 + g.rand.IntN(9000)}, Field{"ProcessCommandLine", file}, Field{"AccountDomain", "nt authority"}, Field{"AccountName", "system"},
				Field{"InitiatingProcessFileName", "services.exe"}, Field{"InitiatingProcessFolderPath", `c:\windows\system32\services.exe`}, Field{"InitiatingProcessCommandLine", "services.exe"}, Field{"InitiatingProcessId", 700}),
		}
	}
}
