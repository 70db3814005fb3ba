package defender

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// TestPublicRules runs the filters of public rules over mapped public data.
// Each rule is named by its first words; what it must find was worked out on
// the data itself.
func TestPublicRules(t *testing.T) {
	const process, file, device = "DeviceProcessEvents", "DeviceFileEvents", "DeviceEvents"
	data := shared(t, "data")
	load := func(t *testing.T, opts Options, path string) mapped {
		opts.NoRaw = true
		if strings.HasSuffix(path, ".evtx") {
			path = evtxNamed(t, path)
		} else {
			path = data + "/otrf/" + path
		}
		m, _ := mapFiles(t, opts, path)
		return m
	}
	is := func(v types.Value, words ...string) bool {
		for _, w := range words {
			if strings.EqualFold(v.(string), w) {
				return true
			}
		}
		return false
	}
	has := func(v types.Value, word string) bool { return strings.Contains(strings.ToLower(v.(string)), word) }
	pick := func(m mapped, table string, keep func(get func(string) types.Value) bool, columns ...string) [][]types.Value {
		var out [][]types.Value
		for _, row := range m.rows(table) {
			get := func(c string) types.Value { return m.get(table, row, c) }
			if !keep(get) {
				continue
			}
			var values []types.Value
			for _, c := range columns {
				values = append(values, get(c))
			}
			out = append(out, values)
		}
		return out
	}
	same := func(t *testing.T, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	type rows = [][]types.Value

	t.Run("web shell", func(t *testing.T) {
		got := pick(load(t, Options{}, "proxylogon_ssrf_rce_poc.zip"), process, func(get func(string) types.Value) bool {
			return is(get("InitiatingProcessParentFileName"), "w3wp.exe", "httpd.exe") && is(get("InitiatingProcessFileName"), "cmd.exe", "powershell.exe") &&
				!is(get("FileName"), "csc.exe", "conhost.exe")
		}, "FileName", "ProcessId", "InitiatingProcessParentFileName", "InitiatingProcessCommandLine")
		same(t, rows{{"whoami.exe", int64(22192), "w3wp.exe", "cmd /c whoami"}, {"whoami.exe", int64(26616), "w3wp.exe", "cmd /c whoami"}}, got)
	})

	localAccount := func(get func(string) types.Value) bool {
		host, _, dotted := strings.Cut(get("DeviceName").(string), ".")
		return get("ActionType") == "UserAccountCreated" && dotted && is(get("AccountDomain"), host)
	}
	t.Run("local account created", func(t *testing.T) {
		got := pick(load(t, Options{}, "empire_wmic_add_user_backdoor.zip"), device, localAccount, "AccountName", "AccountDomain")
		same(t, rows{{"backdoor", "workstation6"}}, got)
		got = pick(load(t, Options{}, "ID4720,4698-Fortinet APT group abuse on Windows.evtx"), device, localAccount, "AccountName", "AccountDomain")
		same(t, rows{{"wadgutilityaccount", "fs01"}, {"elie", "fs01"}}, got)
	})

	t.Run("HTA in Startup", func(t *testing.T) {
		got := pick(load(t, Options{}, "psh_mshta_html_application_execution.zip"), file, func(get func(string) types.Value) bool {
			return has(get("FolderPath"), `\appdata\roaming\microsoft\windows\start menu\programs\startup\`) && has(get("FileName"), ".hta")
		}, "FileName")
		same(t, rows{{"T1218.005.hta"}}, got)
	})

	t.Run("mshta", func(t *testing.T) {
		for _, path := range []string{"cmd_mshta_javascript_getobject_sct.zip", "psh_mshta_html_application_execution.zip"} {
			for want, opts := range map[int]Options{2: {}, 3: {NoMerge: true}} {
				got := pick(load(t, opts, path), process, func(get func(string) types.Value) bool {
					return is(get("InitiatingProcessFileName"), "mshta.exe") || is(get("ProcessVersionInfoOriginalFileName"), "mshta.exe")
				}, "FileName")
				if len(got) != want {
					t.Errorf("%s: %v, want %d rows", path, got, want)
				}
			}
		}
	})

	t.Run("event logs cleared with wevtutil", func(t *testing.T) {
		got := pick(load(t, Options{}, "ID4688-Clear event log attempt (native).evtx"), process, func(get func(string) types.Value) bool {
			line := get("ProcessCommandLine")
			return has(line, "wevtutil") && has(line, " cl ")
		}, "ProcessCommandLine", "DeviceName")
		distinct := map[types.Value]bool{}
		for _, r := range got {
			distinct[r[0]] = true
			same(t, "fs02.offsec.lan", r[1].(string))
		}
		if len(got) != 14 || len(distinct) != 14 {
			t.Errorf("%d rows, %d command lines, want 14", len(got), len(distinct))
		}
	})

	t.Run("local admin added", func(t *testing.T) {
		got := pick(load(t, Options{}, "ID4732-User added to local admin groups.evtx"), device, func(get func(string) types.Value) bool {
			if get("ActionType") != "UserAccountAddedToLocalGroup" {
				return false
			}
			var extra struct{ GroupSid string }
			if err := json.Unmarshal([]byte(get("AdditionalFields").(string)), &extra); err != nil {
				t.Fatal(err)
			}
			return extra.GroupSid == "S-1-5-32-544"
		}, "DeviceName", "AccountSid")
		same(t, rows{{"jump01.offsec.lan", "S-1-5-21-1470532092-3758209836-3742276719-1001"}}, got)
	})

	t.Run("scheduled task created", func(t *testing.T) {
		got := pick(load(t, Options{}, "empire_schtasks_creation_standard_user.zip"), device, func(get func(string) types.Value) bool {
			return get("ActionType") == "ScheduledTaskCreated" && get("InitiatingProcessAccountSid") != "S-1-5-18"
		}, "InitiatingProcessAccountName", "AdditionalFields")
		if len(got) != 1 || got[0][0] != "pgustavo" || !strings.Contains(got[0][1].(string), `\\MordorSchtask`) {
			t.Errorf("%v", got)
		}
	})

	t.Run("taskkill in numbers", func(t *testing.T) {
		got := pick(load(t, Options{}, "aptsimulator_cobaltstrike.zip"), process, func(get func(string) types.Value) bool { return is(get("FileName"), "taskkill.exe") }, "ProcessCommandLine")
		distinct := map[types.Value]bool{}
		for _, r := range got {
			distinct[r[0]] = true
		}
		if len(got) != 5 || len(distinct) != 1 {
			t.Errorf("%d rows, %d command lines, want 5 and 1", len(got), len(distinct))
		}
	})
}

// TestGenuineConventions compares what rows look like with genuine Defender rows.
func TestGenuineConventions(t *testing.T) {
	f, err := os.Open(shared(t, "data", "defender_exports_msticpy", "DeviceProcessEvents.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	n := 0
	for sc.Scan() {
		var row map[string]any
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		line, path := row["ProcessCommandLine"].(string), row["FolderPath"].(string)
		if got := commandLine(line, path); got != line {
			t.Errorf("a genuine command line was rewritten: %s -> %s", line, got)
		}
		if baseName(path) != row["FileName"] {
			t.Errorf("%s is not in %s", row["FileName"], path)
		}
		n++
	}
	if n != 200 {
		t.Errorf("%d rows", n)
	}
}

// sysmonLines are the lines of one public Sysmon-heavy set.
func sysmonLines(b *testing.B) [][]byte {
	raw, err := os.ReadFile(shared(b, "data", "splices", "aptsimulator_plus_logon.ndjson"))
	if err != nil {
		b.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
}

// BenchmarkDecode only decodes; BenchmarkMap decodes and maps; the ratio of
// their events/s is the price of mapping. BenchmarkUnmarshal is the standard
// library's decoder, for scale.
func BenchmarkDecode(b *testing.B) {
	lines := sysmonLines(b)
	for b.Loop() {
		for _, l := range lines {
			if _, _, ok := winevent.FromJSON(l); !ok {
				b.Fatal("not an event")
			}
		}
	}
	perEvent(b, len(lines))
}

func BenchmarkMap(b *testing.B) {
	for _, bm := range []struct {
		name string
		opts Options
	}{{"tables", Options{NoRaw: true}}, {"tables and records", Options{}}} {
		b.Run(bm.name, func(b *testing.B) {
			lines := sysmonLines(b)
			for b.Loop() {
				m := New(bm.opts, func(*Table, []types.Value) error { return nil })
				m.BeginFile("f", "")
				for _, l := range lines {
					ev, _, _ := winevent.FromJSON(l)
					if err := m.Add(&ev); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := m.Finish(); err != nil {
					b.Fatal(err)
				}
			}
			perEvent(b, len(lines))
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	lines := sysmonLines(b)
	for b.Loop() {
		for _, l := range lines {
			var v map[string]any
			if err := json.Unmarshal(l, &v); err != nil {
				b.Fatal(err)
			}
		}
	}
	perEvent(b, len(lines))
}

func perEvent(b *testing.B, events int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
}
