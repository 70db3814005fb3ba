package events

import (
	"strings"
	"testing"
)

const sysmonProcess = `{"EventTime":"2024-01-02 03:04:05","Hostname":"ws1","Channel":"Microsoft-Windows-Sysmon/Operational","SourceName":"Microsoft-Windows-Sysmon","EventID":1,"UtcTime":"2024-01-02 03:04:05.123","ProcessGuid":"{00112233-4455-6677-8899-aabbccddeeff}","ProcessId":"77","Image":"C:\\Windows\\System32\\whoami.exe","CommandLine":"whoami /all","User":"CORP\\Ann"}`

func TestWindowsEventsAreMapped(t *testing.T) {
	m, rep, err := load(t, Options{}, "x.json", sysmonProcess+"\n"+`{"a":1}`)
	if err != nil || rep.Events != 1 || rep.Files[0].Form != "NXLog JSON" {
		t.Errorf("error %v, %d events, form %q", err, rep.Events, rep.Files[0].Form)
	}
	tb := m.tables["DeviceProcessEvents"]
	if tb == nil || len(tb.Values) != 1 {
		t.Fatalf("tables: %v", rep.Tables)
	}
	for name, want := range map[string]any{"FileName": "whoami.exe", "ProcessId": int64(77), "AccountName": "ann", "DeviceName": "ws1"} {
		if got := tb.Values[0][tb.Schema.Index(name)]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if rep.Tables["x"] != 1 {
		t.Errorf("the other record is lost: %v", rep.Tables)
	}
}

func TestExportedRowsAreKept(t *testing.T) {
	row := `{"TimeGenerated":"2024-01-02T03:04:05Z","Computer":"ws1","Type":"SecurityEvent","EventID":4688,"Channel":"Security","NewProcessName":"C:\\a.exe","NewProcessId":"0x4d","CommandLine":"a","TenantId":"t"}`
	m, rep, err := load(t, Options{}, "x.json", row)
	if err != nil || rep.Tables["SecurityEvent"] != 1 || rep.Tables["DeviceProcessEvents"] != 1 {
		t.Fatalf("error %v, %v", err, rep.Tables)
	}
	tb := m.tables["SecurityEvent"]
	if got := tb.Values[0][tb.Schema.Index("TenantId")]; got != "t" {
		t.Errorf("the row is not the one exported: TenantId %v", got)
	}
}

func TestAsWindows(t *testing.T) {
	_, rep, err := load(t, Options{As: "windows"}, "x.json", sysmonProcess+"\n"+`{"a":1}`)
	if err != nil || rep.Events != 1 || rep.Rejects != 1 {
		t.Errorf("error %v, %d events, %d rejects", err, rep.Events, rep.Rejects)
	}
}

func TestDamagedEVTX(t *testing.T) {
	_, _, err := load(t, Options{}, "x.evtx", "no event log at all")
	if err == nil || !strings.Contains(err.Error(), "not an .evtx log") {
		t.Errorf("error %v", err)
	}
}
