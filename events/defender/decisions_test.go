package defender

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/events/winevent"
	"quarry/kql/types"
)

func s1(clock string, pid int, image, command string) *winevent.Event {
	return event("sysmon", 1, clock, fmt.Sprintf("ProcessGuid={11111111-0000-0000-0000-%012d}", pid), fmt.Sprint("ProcessId=", pid), "Image="+image, "CommandLine="+command)
}

func s4688(clock string, pid int, image, command string) *winevent.Event {
	return event("security", 4688, clock, fmt.Sprintf("NewProcessId=0x%x", pid), "NewProcessName="+image, "CommandLine="+command, "TokenElevationType=%%1936")
}

func s3(clock string, port int) *winevent.Event {
	return event("sysmon", 3, clock, "Protocol=tcp", "Initiated=false", "SourceIp=10.0.0.9", fmt.Sprint("SourcePort=", port), "DestinationIp=10.0.0.5", "DestinationPort=445", "Image=System")
}

func s5156(clock string, port int) *winevent.Event {
	return event("security", 5156, clock, "Direction=%%14592", "SourceAddress=10.0.0.9", fmt.Sprint("SourcePort=", port), "DestAddress=10.0.0.5", "DestPort=445", "Protocol=6")
}

func s5140(clock string, port int) *winevent.Event {
	return event("security", 5140, clock, "IpAddress=10.0.0.9", fmt.Sprint("IpPort=", port), `ShareName=\\*\C$`)
}

func s5145(clock, mask, name string) *winevent.Event {
	return event("security", 5145, clock, "ObjectType=File", "IpAddress=10.0.0.9", "IpPort=50000", `ShareName=\\*\C$`, `ShareLocalPath=\??\C:\`, "RelativeTargetName="+name, "AccessMask="+mask)
}

func s11(clock, image, path string) *winevent.Event {
	return event("sysmon", 11, clock, "ProcessGuid="+guidChild, "Image="+image, "TargetFilename="+path)
}

// TestOneRowPerFact counts the rows of a table, merged and unmerged.
func TestOneRowPerFact(t *testing.T) {
	const process, network, file, device = "DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents", "DeviceEvents"
	tests := []struct {
		name             string
		table            string
		merged, unmerged int
		events           []*winevent.Event
	}{
		{"one process, both logs", process, 1, 2, []*winevent.Event{s1("10:00:00.000", 8, `C:\A.exe`, "a"), s4688("10:00:04.900", 8, `c:\a.exe`, "a")}},
		{"too late", process, 2, 2, []*winevent.Event{s1("10:00:00.000", 8, `C:\a.exe`, "a"), s4688("10:00:05.100", 8, `C:\a.exe`, "a")}},
		{"two processes of one command", process, 2, 2, []*winevent.Event{s1("10:00:00.000", 8, `C:\a.exe`, "a"), s4688("10:00:00.100", 12, `C:\a.exe`, "a")}},
		{"two of one command, both logs", process, 2, 4, []*winevent.Event{s1("10:00:00.000", 8, `C:\a.exe`, "a"), s1("10:00:00.001", 12, `C:\a.exe`, "a"),
			s4688("10:00:00.100", 12, `C:\a.exe`, "a"), s4688("10:00:00.100", 8, `C:\a.exe`, "a")}},
		{"pid lost, same command", process, 1, 2, []*winevent.Event{event("sysmon", 1, "10:00:00.000", "ProcessGuid="+guidChild, `Image=C:\a.exe`, "CommandLine=a 1"), s4688("10:00:00.100", 12, `C:\a.exe`, "a 1")}},
		{"same pid, other image", process, 2, 2, []*winevent.Event{s1("10:00:00.000", 8, `C:\a.exe`, "a"), s4688("10:00:00.100", 8, `C:\b.exe`, "a")}},
		{"one connection, both logs", network, 1, 2, []*winevent.Event{s5156("10:00:00.000", 50000), s3("10:00:29.000", 50000)}},
		{"another port", network, 2, 2, []*winevent.Event{s5156("10:00:00.000", 50000), s3("10:00:00.000", 50001)}},
		{"31 seconds", network, 2, 2, []*winevent.Event{s5156("10:00:00.000", 50000), s3("10:00:31.000", 50000)}},
		{"a share over a logged connection", network, 1, 2, []*winevent.Event{s5156("10:00:00.000", 50000), s5140("10:00:00.100", 50000)}},
		{"a share over another connection", network, 2, 2, []*winevent.Event{s5156("10:00:00.000", 50001), s5140("10:00:00.100", 50000)}},
		{"a write again and again", file, 1, 3, []*winevent.Event{s5145("10:00:00.000", "0x2", "x.exe"), s5145("10:00:00.500", "0x4", "X.exe"), s5145("10:00:01.000", "0x120196", "x.exe")}},
		{"written again later", file, 2, 2, []*winevent.Event{s5145("10:00:00.000", "0x2", "x.exe"), s5145("10:00:01.100", "0x2", "x.exe")}},
		{"reads, pipes and folders are no files", file, 0, 0, []*winevent.Event{s5145("10:00:00.000", "0x80", "x.exe"), s5145("10:00:00.000", "0x2", `\`),
			event("security", 5145, "10:00:00.000", "ObjectType=File", `ShareName=\\*\IPC$`, "RelativeTargetName=svcctl", "AccessMask=0x12019f")}},
		{"a shared file that Sysmon saw", file, 1, 2, []*winevent.Event{s5145("10:00:00.000", "0x2", "x.exe"), s11("10:00:00.020", "System", `C:\x.exe`)}},
		{"a file of another process", file, 2, 2, []*winevent.Event{s5145("10:00:00.000", "0x2", "x.exe"), s11("10:00:00.020", `C:\a.exe`, `C:\x.exe`)}},
		{"an executable file", file, 1, 2, []*winevent.Event{s11("10:00:00.000", `C:\a.exe`, `C:\x.exe`), event("sysmon", 29, "10:00:00.100", "ProcessGuid="+guidChild, `Image=C:\a.exe`, `TargetFilename=C:\x.exe`)}},
		{"one service, both logs", device, 1, 2, []*winevent.Event{event("security", 4697, "10:00:00.000", "ServiceName=s"), event("scm", 7045, "10:00:01.000", "ServiceName=S")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, r := mapEvents(t, Options{}, tt.events...)
			if got := len(m.rows(tt.table)); got != tt.merged {
				t.Errorf("merged: %d rows, want %d", got, tt.merged)
			}
			if got := r.TotalMerged(); got != tt.unmerged-tt.merged {
				t.Errorf("the report counts %d merged, want %d", got, tt.unmerged-tt.merged)
			}
			m, _ = mapEvents(t, Options{NoMerge: true}, tt.events...)
			if got := len(m.rows(tt.table)); got != tt.unmerged {
				t.Errorf("not merged: %d rows, want %d", got, tt.unmerged)
			}
			// sources are files of their own as a rule, and in any order
			var files [][]*winevent.Event
			for i := len(tt.events) - 1; i >= 0; i-- {
				files = append(files, tt.events[i:i+1])
			}
			m, _ = mapSets(t, Options{}, files...)
			if got := len(m.rows(tt.table)); got != tt.merged {
				t.Errorf("merged from several files: %d rows, want %d", got, tt.merged)
			}
		})
	}
}

// TestPIDOfTwin looks processes up by a pid that only the 4688 of the same start tells:
// the Sysmon record that stays is found.
func TestPIDOfTwin(t *testing.T) {
	start := event("sysmon", 1, "10:00:00.000", "ProcessGuid="+guidChild, `Image=C:\a.exe`, "CommandLine=a 1")
	child := event("security", 4688, "10:00:03.000", "NewProcessId=0x20", `NewProcessName=C:\b.exe`, "CommandLine=b", "ProcessId=0xc", `ParentProcessName=C:\a.exe`)
	for _, events := range [][]*winevent.Event{
		{start, s4688("10:00:00.100", 12, `C:\a.exe`, "a 1"), child},
		{s4688("10:00:00.100", 12, `C:\a.exe`, "a 1"), start, child},
	} {
		m, _ := mapEvents(t, Options{}, events...)
		const table = "DeviceProcessEvents"
		rows := m.rows(table)
		if len(rows) != 2 {
			t.Fatalf("%d rows, want 2", len(rows))
		}
		if got := m.get(table, rows[1], "InitiatingProcessCommandLine"); got != "a 1" {
			t.Errorf("started by %q, want the process of Sysmon", got)
		}
		if got, want := m.get(table, rows[1], "InitiatingProcessUniqueId"), m.get(table, rows[0], "ProcessUniqueId"); got != want || got == "" {
			t.Errorf("started by %v, want %v", got, want)
		}
	}
}

// TestMergedRow checks what the rows that stay take from the others.
func TestMergedRow(t *testing.T) {
	m, _ := mapEvents(t, Options{},
		s1("10:00:00.000", 8, `C:\a.exe`, "a"), s4688("10:00:00.500", 8, `C:\a.exe`, "a"),
		s3("10:00:02.000", 50000), s5156("10:00:00.000", 50000),
		s3("10:00:00.000", 50001), s5156("10:00:00.020", 50001),
		s5145("10:00:00.000", "0x2", "x.exe"), s11("10:00:00.020", "System", `C:\x.exe`))
	p := m.rows("DeviceProcessEvents")[0]
	if got := m.get("DeviceProcessEvents", p, "ProcessTokenElevation"); got != "TokenElevationTypeDefault" {
		t.Errorf("elevation %v", got)
	}
	var times []types.Value
	for _, r := range m.rows("DeviceNetworkEvents") {
		times = append(times, m.get("DeviceNetworkEvents", r, "Timestamp"))
	}
	if diff := cmp.Diff([]types.Value{at("10:00:00.000"), at("10:00:00.000")}, times); diff != "" {
		t.Errorf("5156's time is the better one, the earlier if they agree\n%s", diff)
	}
	f := m.rows("DeviceFileEvents")[0]
	if got := m.get("DeviceFileEvents", f, "RequestSourceIP"); got != "10.0.0.9" {
		t.Errorf("request from %v", got)
	}
}

func TestNoDerive(t *testing.T) {
	m, r := mapEvents(t, Options{NoDerive: true}, s5140("10:00:00.000", 1), s5145("10:00:00.000", "0x2", "x"))
	if n := len(m.rows("DeviceNetworkEvents")) + len(m.rows("DeviceFileEvents")) + r.Derived; n != 0 {
		t.Errorf("%d derived rows", n)
	}
	if n := len(m.rows("SecurityEvent")); n != 2 {
		t.Errorf("%d records, want both", n)
	}
}

// shifted sets the header clock of an event off.
func shifted(ev *winevent.Event, by int64) *winevent.Event {
	ev.TimeCreated += by
	return ev
}

func wholeSecond(ev *winevent.Event) *winevent.Event {
	ev.TimeCreated -= ev.TimeCreated % types.Second
	ev.WholeSecond = true
	return ev
}

func TestClocks(t *testing.T) {
	const off = -4*types.Hour + 700*types.Millisecond
	logonAt := func(by int64) *winevent.Event {
		ev := shifted(event("security", 4624, "10:00:02.000", "TargetUserName=a"), by)
		ev.LocalTime = true
		return ev
	}
	given := int64(2 * types.Hour)
	tests := []struct {
		name    string
		opts    Options
		events  []*winevent.Event
		want    int64 // of the logon
		clock   Clock
		network int64 // of the connection, 0 if there is none
	}{
		{"UTC", Options{}, []*winevent.Event{event("security", 4624, "10:00:02.000")}, at("10:00:02.000"), ClockUTC, 0},
		{"measured and rounded", Options{}, []*winevent.Event{shifted(s1("10:00:00.000", 8, "a", "a"), off), logonAt(-4 * types.Hour)}, at("10:00:02.000"), ClockMeasured, 0},
		{"given", Options{ClockOffset: &given}, []*winevent.Event{shifted(s1("10:00:00.000", 8, "a", "a"), off), logonAt(2 * types.Hour)}, at("10:00:02.000"), ClockGiven, 0},
		{"unknown", Options{}, []*winevent.Event{logonAt(0)}, at("10:00:02.000"), ClockUnknown, 0},
		{"a shipper's stamps", Options{}, []*winevent.Event{func() *winevent.Event {
			ev := logonAt(-4 * types.Hour)
			ev.ReceiptOffset = -4*types.Hour - 3*types.Second
			return ev
		}()}, at("10:00:02.000"), ClockReceipt, 0},
		{"the network's clock drifts", Options{}, []*winevent.Event{shifted(s1("10:00:00.000", 8, "a", "a"), off),
			shifted(s3("10:00:01.000", 1), -4*types.Hour+26*types.Hour), shifted(s3("10:00:01.000", 1), -4*types.Hour+26*types.Hour), logonAt(-4 * types.Hour)},
			at("10:00:02.000"), ClockMeasured, at("10:00:01.000") + 26*types.Hour},
		{"whole seconds", Options{}, []*winevent.Event{shifted(s3("10:00:02.900", 1), off), shifted(s1("10:00:00.000", 8, "a", "a"), off), wholeSecond(logonAt(-4 * types.Hour))},
			at("10:00:02.000"), ClockMeasured, at("10:00:02.000")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, r := mapEvents(t, tt.opts, tt.events...)
			if got := m.get("DeviceLogonEvents", m.rows("DeviceLogonEvents")[0], "Timestamp"); got != tt.want {
				t.Errorf("logon at %s, want %s", types.FormatDatetime(got.(int64)), types.FormatDatetime(tt.want))
			}
			if got := r.Files[0].Clock; got != tt.clock {
				t.Errorf("clock %d, want %d", got, tt.clock)
			}
			if told := r.Files[0].Notice() != ""; told == (tt.clock == ClockUTC || tt.clock == ClockGiven) {
				t.Errorf("notice %q", r.Files[0].Notice())
			}
			if tt.network != 0 {
				if got := m.get("DeviceNetworkEvents", m.rows("DeviceNetworkEvents")[0], "Timestamp"); got != tt.network {
					t.Errorf("connection at %s, want %s", types.FormatDatetime(got.(int64)), types.FormatDatetime(tt.network))
				}
			}
		})
	}
}

func TestDevices(t *testing.T) {
	host := func(ev *winevent.Event, name string) *winevent.Event {
		ev.Computer = name
		return ev
	}
	m, r := mapSets(t, Options{},
		[]*winevent.Event{host(s1("10:00:00.000", 8, `C:\Windows\A.exe`, "a"), "WS7"), s1("10:00:00.000", 8, `c:\windows\a.EXE`, "a")},
		[]*winevent.Event{host(s1("10:00:01.000", 9, `C:\WINDOWS\a.exe`, "a"), "ws7.Corp.example")})
	const table = "DeviceProcessEvents"
	var got [][3]types.Value
	for _, row := range m.rows(table) {
		got = append(got, [3]types.Value{m.get(table, row, "DeviceName"), m.get(table, row, "FolderPath"), m.get(table, row, "FileName")})
	}
	want := [][3]types.Value{
		{"ws7.corp.example", `C:\Windows\A.exe`, "A.exe"},
		{"host1", `c:\windows\a.EXE`, "a.EXE"},
		{"ws7.corp.example", `C:\Windows\A.exe`, "A.exe"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if a, b := m.get(table, m.rows(table)[0], "DeviceId"), m.get(table, m.rows(table)[2], "DeviceId"); a != b || len(a.(string)) != 40 {
		t.Errorf("ids %v and %v", a, b)
	}
	if r.Devices != 2 {
		t.Errorf("%d devices", r.Devices)
	}
}

// TestUnknownVersion: "?" stands for no version resource.
func TestUnknownVersion(t *testing.T) {
	ev := s1("10:00:00.000", 8, `C:\a.exe`, "a")
	ev.Data = append(ev.Data, winevent.Field{Name: "Company", Value: "?"})
	m, _ := mapEvents(t, Options{}, ev)
	if got := m.get("DeviceProcessEvents", m.rows("DeviceProcessEvents")[0], "ProcessVersionInfoCompanyName"); got != "" {
		t.Errorf("company %v", got)
	}
}

// TestPidGivenAway: a pid tells a process only as long as it is its own.
func TestPidGivenAway(t *testing.T) {
	conn := func(clock, app string) *winevent.Event {
		ev := s5156(clock, 50000)
		ev.Data = append(ev.Data, winevent.Field{Name: "ProcessID", Value: "8"}, winevent.Field{Name: "Application", Value: app})
		return ev
	}
	m, _ := mapEvents(t, Options{},
		s4688("10:00:00.000", 8, `C:\a.exe`, "first"), s4688("10:01:00.000", 8, `C:\a.exe`, "second"),
		conn("10:00:30.000", `\device\harddiskvolume3\a.exe`), conn("10:02:00.000", `C:\a.exe`), conn("10:03:00.000", `C:\b.exe`), conn("09:00:00.000", `C:\a.exe`))
	const table = "DeviceNetworkEvents"
	var got []types.Value
	for _, row := range m.rows(table) {
		got = append(got, m.get(table, row, "InitiatingProcessCommandLine"))
	}
	if diff := cmp.Diff([]types.Value{"first", "second", "", ""}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReport(t *testing.T) {
	_, r := mapEvents(t, Options{}, s1("10:00:00.000", 8, "a", "a"), event("other", 5, "10:00:00.000"), event("other", 5, "10:00:00.000"), event("sysmon", 5, "10:00:00.000"))
	want := []EventCount{{"Microsoft-Windows-Sysmon", 5, 1}, {"Vendor-Thing", 5, 2}}
	if diff := cmp.Diff(want, r.Unmapped); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"DeviceProcessEvents": 1, "Event": 4, "DeviceInfo": 1}, r.Rows); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
