package events

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shared is the folder of real logs beside the repository, if it is there.
func shared(t testing.TB, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
	}
	full := filepath.Join(dir, "..", "shared", "data", path)
	if _, err := os.Stat(full); err != nil {
		t.Skip("the collected logs are not here: ", err)
	}
	return full
}

// Real exports land in the tables they came from, row by row.
func TestSharedExports(t *testing.T) {
	for path, want := range map[string]map[string]int64{
		"defender_exports_msticpy/DeviceProcessEvents.ndjson": {"DeviceProcessEvents": 200},
		"otrf/Microsoft365DefenderEvents.Zip":                 {"CloudAppEvents": 2, "DeviceEvents": 5, "IdentityDirectoryEvents": 2},
	} {
		_, rep, err := loadPaths(t, Options{}, shared(t, path))
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(want, rep.Tables); d != "" {
			t.Errorf("%s (-want +got)\n%s", path, d)
		}
	}
}

// Every kind of Windows log in the collection is read to its end.
func TestSharedWindowsLogs(t *testing.T) {
	for path, want := range map[string]struct {
		events int64
		form   string
	}{
		"otrf/cmd_psexec_lsa_secrets_dump.zip":                           {286, "PowerShell JSON"},
		"otrf/empire_schtasks_creation_standard_user.zip":                {1297, "NXLog JSON"},
		"otrf/empire_enable_rdp.tar.gz":                                  {2668, "Winlogbeat JSON"},
		"otrf/sysmon_log4shell_cve2021_44228_java_serialized_object.zip": {487, "Log Analytics JSON"},
		"otrf/WindowsEvents.Zip":                                         {38, "Log Analytics JSON"},
		"splunk_attack_data/T1047_attack_data.tar.gz":                    {8220, "NXLog JSON"},
		"evtx_cc0_mdecrevoisier/TA0003-Persistence/T1098.xxx-Account manipulation/ID4732-User added to local admin groups.evtx": {3, ""},
	} {
		m, rep, err := loadPaths(t, Options{}, shared(t, path))
		if err != nil {
			t.Error(err)
		}
		f := rep.Files[0]
		if rep.Events != want.events || f.Form != want.form || rep.Rejects > 0 {
			t.Errorf("%s: %d events, form %q, %d rejects, want %+v", path, rep.Events, f.Form, rep.Rejects, want)
		}
		for name := range m.tables {
			if !strings.HasPrefix(name, "Device") && name != "SecurityEvent" && name != "Event" && name != "WindowsEvent" {
				t.Errorf("%s: table %s", path, name)
			}
		}
	}
}

// A row exported from SecurityEvent, Event or WindowsEvent is one row of one of
// these, whatever else is made of it.
func TestSharedRowsStayOne(t *testing.T) {
	_, rep, err := loadPaths(t, Options{}, shared(t, "otrf/WindowsEvents.Zip"))
	if err != nil {
		t.Fatal(err)
	}
	if n := rep.Tables["SecurityEvent"] + rep.Tables["Event"] + rep.Tables["WindowsEvent"]; n != 38 {
		t.Errorf("%d rows of 38: %v", n, rep.Tables)
	}
}

// With a table forced, the records of an event log are rows as they are.
func TestSharedEventLogAsRows(t *testing.T) {
	m, _, err := loadPaths(t, Options{Table: "Raw"}, shared(t, "evtx_parser/velocidex_apache2/testdata/Security_1_record.evtx"))
	if err != nil {
		t.Fatal(err)
	}
	tb := m.tables["Raw"]
	if len(tb.Values) != 1 || tb.Schema.String() != "System:dynamic, UserData:dynamic" {
		t.Errorf("%d rows of %s", len(tb.Values), tb.Schema)
	}
}
