package ruledata

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"quarry/engine/duckdb"
	"quarry/kql/types"
)

// End is the time of the last event: what now() should mean in a hunt over the rows.
var End = time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)

// days is the time that the rows are spread over.
const days = 3

// Fill makes the tables that the rules read and puts rows into them. The same seed
// gives the same rows.
func (s *Set) Fill(ctx context.Context, store *duckdb.Store, events int, seed uint64) error {
	spread := s.Spread(events)
	for i, name := range s.Names() {
		if spread[name] == 0 {
			continue
		}
		if _, err := store.CreateTable(ctx, name, s.schemas[name]); err != nil {
			return err
		}
		a, err := store.Appender(ctx, name)
		if err != nil {
			return err
		}
		w := &writer{Rand: rand.New(rand.NewPCG(seed, uint64(i))), set: s}
		for n := range spread[name] {
			if err := a.Append(w.row(s.schemas[name], n, spread[name])); err != nil {
				a.Abort()
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	return nil
}

// writer writes the rows of one table.
type writer struct {
	*rand.Rand
	set *Set
	at  int64 // the time of the row
}

func (w *writer) row(schema types.Schema, n, of int) []types.Value {
	const length = days * 24 * int64(time.Hour/100)
	w.at = types.FromTime(End) - length + length/int64(of)*int64(n) + w.Int64N(max(length/int64(of), 1))
	device, user := w.skewed(200), w.skewed(400)
	row := make([]types.Value, len(schema))
	for i, c := range schema {
		switch {
		case w.set.named[c.Name]:
			row[i] = w.value(c, device, user)
		case c.Type == types.String:
			row[i] = ""
		}
	}
	return row
}

// skewed is a number below n, small ones more often.
func (w *writer) skewed(n int) int { return int(float64(n) * w.Float64() * w.Float64() * w.Float64()) }

func (w *writer) value(c types.Column, device, user int) types.Value {
	switch c.Type {
	case types.Bool:
		return w.IntN(2) == 0
	case types.Int, types.Long:
		if w.IntN(10) == 0 {
			return int64(w.IntN(1 << 30))
		}
		return int64(w.skewed(5000))
	case types.Real:
		return float64(w.IntN(10000)) / 10
	case types.Decimal:
		return fmt.Sprintf("%d.5", w.IntN(1000))
	case types.Datetime:
		if c.Name == "TimeGenerated" || c.Name == "Timestamp" {
			return w.at
		}
		return w.at - w.Int64N(int64(24*time.Hour/100))
	case types.Timespan:
		return w.Int64N(int64(time.Hour / 100))
	case types.Guid:
		return w.guid(w.IntN(1000))
	case types.Dynamic:
		return w.dynamic(c.Name, w.set.shapes[c.Name])
	}
	return w.text(c.Name, device, user)
}

func (w *writer) guid(n int) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", n*2654435761&0xffffffff, n&0xffff, n&0xfff, n&0xfff, n*40503)
}

// dynamic is a value of a shape; what no rule looks into is a small bag.
func (w *writer) dynamic(name string, s *shape) types.Value {
	if s == nil {
		s = &shape{keys: map[string]*shape{"Name": nil, "Id": nil}}
	}
	if w.IntN(20) == 0 {
		return nil
	}
	text, _ := json.Marshal(w.tree(name, s, 0)) // strings, numbers, lists and bags never fail
	return string(text)
}

func (w *writer) tree(name string, s *shape, depth int) any {
	if s == nil || len(s.keys) == 0 || depth > 4 {
		if s != nil && s.array {
			return []any{w.text(name, w.skewed(200), w.skewed(400)), w.text(name, w.skewed(200), w.skewed(400))}
		}
		return w.text(name, w.skewed(200), w.skewed(400))
	}
	bag := func() any {
		keys := slices.Sorted(maps.Keys(s.keys))
		out := map[string]any{}
		for len(out) < min(len(keys), 12) && (len(out) == 0 || w.IntN(12) > 0) {
			key := keys[w.IntN(len(keys))]
			out[key] = w.tree(key, s.keys[key], depth+1)
		}
		return out
	}
	if !s.array {
		return bag()
	}
	list := make([]any, 1+w.IntN(3))
	for i := range list {
		list[i] = bag()
	}
	return list
}

// text is a string for a column of that name: a word of the rules one time in forty,
// else what such a column holds every day.
func (w *writer) text(name string, device, user int) string {
	words := w.set.words[name]
	usual := w.usual(name, device, user)
	if len(words) == 0 || w.IntN(40) > 0 {
		return usual
	}
	word := words[w.IntN(len(words))]
	if word.inside {
		return usual + " " + word.text
	}
	return word.text
}

func (w *writer) usual(name string, device, user int) string {
	lower := strings.ToLower(name)
	ends := func(list ...string) bool {
		for _, s := range list {
			if strings.HasSuffix(lower, s) {
				return true
			}
		}
		return false
	}
	switch {
	case ends("commandline"):
		return fmt.Sprintf(`"C:\Program Files\%s\%s" /c start -id %d --out C:\Users\user%d\AppData\Local\Temp\%x.tmp`,
			w.one(folders), w.one(files), w.skewed(9000), user, w.IntN(1<<20))
	case ends("folderpath", "path"):
		return fmt.Sprintf(`C:\Program Files\%s\%s`, w.one(folders), w.one(files))
	case ends("filename", "processname"):
		return w.one(files)
	case ends("devicename", "computer", "hostname", "devicedisplayname"):
		return fmt.Sprintf("host%03d.corp.example", device)
	case ends("deviceid"):
		return fmt.Sprintf("%040x", device*7919+1)
	case ends("upn", "userprincipalname", "emailaddress", "useremail", "fromaddress", "mailfromaddress", "identity", "caller", "userid"):
		return fmt.Sprintf("user%d@corp.example", user)
	case ends("sid"):
		return fmt.Sprintf("S-1-5-21-100-200-300-%d", 1000+user)
	case ends("accountname", "username", "accountdisplayname", "userdisplayname", "user", "account"):
		return fmt.Sprintf("user%d", user)
	case ends("ip", "ipaddress", "callerip", "clientip", "ipaddr", "address"):
		if w.IntN(3) == 0 {
			return fmt.Sprintf("10.0.%d.%d", device/200, device%200+1)
		}
		n := w.skewed(20000)
		return fmt.Sprintf("%d.%d.%d.%d", 20+n%160, n/7%256, n/100%256, 1+n%250)
	case ends("url", "uri"):
		return fmt.Sprintf("https://www%d.example.%s/%s?id=%d", w.skewed(500), w.one(zones), w.one(folders), w.IntN(10000))
	case ends("domain", "domainname"):
		return fmt.Sprintf("www%d.example.%s", w.skewed(500), w.one(zones))
	case ends("sha1"):
		return fmt.Sprintf("%040x", w.skewed(3000)*104729+3)
	case ends("sha256"):
		return fmt.Sprintf("%064x", w.skewed(3000)*104729+5)
	case ends("md5"):
		return fmt.Sprintf("%032x", w.skewed(3000)*104729+7)
	case ends("id", "identifier"):
		return w.guid(w.IntN(20000))
	case ends("type", "category", "operationname", "operation", "status", "result", "resulttype", "level", "severity"):
		if words := w.set.words[name]; len(words) > 0 && w.IntN(2) == 0 {
			return words[w.IntN(len(words))].text
		}
		return w.one(kinds)
	case ends("subject", "description", "details", "message"):
		return fmt.Sprintf("%s of %s by user%d, case %d", w.one(kinds), w.one(folders), user, w.skewed(5000))
	case ends("country", "location", "countrycode"):
		return w.one(zones)
	case ends("useragent"):
		return fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/%d.0", 90+w.IntN(40))
	}
	return fmt.Sprintf("%s%d", strings.ToLower(name), w.skewed(300))
}

func (w *writer) one(list []string) string { return list[w.skewed(len(list))] }

var (
	files = []string{"svchost.exe", "chrome.exe", "cmd.exe", "powershell.exe", "explorer.exe", "conhost.exe", "msedge.exe", "teams.exe", "outlook.exe", "winword.exe",
		"excel.exe", "rundll32.exe", "wmiprvse.exe", "taskhostw.exe", "services.exe", "lsass.exe", "onedrive.exe", "python.exe", "java.exe", "git.exe", "code.exe",
		"msbuild.exe", "notepad.exe", "dllhost.exe", "searchindexer.exe", "setup.exe", "update.exe", "regsvr32.exe", "certutil.exe", "mshta.exe", "report.docx",
		"budget.xlsx", "photo.jpg", "readme.txt", "libcurl.dll", "kernel32.dll", "archive.zip", "invoice.pdf", "script.ps1", "run.bat"}
	folders = []string{"Common Files", "Google", "Microsoft Office", "Vendor One", "Adobe", "Java", "Git", "Backup Agent", "Drivers", "Update"}
	zones   = []string{"com", "net", "org", "de", "us", "fr", "io", "jp", "br", "ru"}
	kinds   = []string{"Success", "Update", "Create", "Login", "Low", "Medium", "Delete", "High", "Failure", "Alert"}
)
