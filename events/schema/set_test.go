package schema

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"quarry/kql/types"
)

func core(t *testing.T) *Set {
	t.Helper()
	s, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCoreHasBothTimes(t *testing.T) {
	s := core(t)
	for _, name := range s.Names() {
		cols, _ := s.Table(name)
		if !strings.HasPrefix(name, "Device") || strings.Contains(name, "Tvm") {
			continue
		}
		for _, c := range []string{"Timestamp", "TimeGenerated"} {
			if i := cols.Index(c); i < 0 || cols[i].Type != types.Datetime {
				t.Errorf("%s: no datetime column %s", name, c)
			}
		}
	}
	net, _ := s.Table("devicenetworkevents")
	if net[0].Name != "Timestamp" || net.Index("RemoteIP") < 0 {
		t.Errorf("DeviceNetworkEvents: %s", net)
	}
}

// Every column of the core tables must have the type that the collected
// documentation gives it, and none may be missing.
func TestCoreAgreesWithDocumentation(t *testing.T) {
	path := filepath.Join(repoRoot(t), "..", "shared", "schemas", "tables.csv")
	f, err := os.Open(path)
	if err != nil {
		t.Skip("the collected schemas are not here: ", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{}
	for _, r := range rows[1:] {
		if want[r[0]] == nil {
			want[r[0]] = map[string]string{}
		}
		want[r[0]][r[1]] = r[2]
	}
	s := core(t)
	for _, name := range s.Names() {
		cols, _ := s.Table(name)
		got := map[string]string{}
		for _, c := range cols {
			got[c.Name] = c.Type.String()
		}
		if d := cmp.Diff(want[name], got); d != "" {
			t.Errorf("%s (-documented +ours):\n%s", name, d)
		}
	}
}

func repoRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no go.mod above the test")
		}
		dir = up
	}
}

func TestImport(t *testing.T) {
	s := core(t)
	err := s.Import(strings.NewReader("\ufefftable,column,type\nsigninlogs,A,string\nsigninlogs,B,int64\nMine_CL,X_d,double\n"), "mine.csv")
	if err != nil {
		t.Fatal(err)
	}
	cols, ok := s.Table("SigninLogs")
	if !ok || cols.String() != "A:string, B:long" {
		t.Errorf("SigninLogs: %v %s", ok, cols)
	}
	var out bytes.Buffer
	if err := s.WriteCSV(&out, "MINE_cl"); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "table,column,type\nMine_CL,X_d,real\n"; got != want {
		t.Errorf("WriteCSV: %q, want %q", got, want)
	}
}

func TestImportErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"type", "T,a,long\nT,b,banana\n", `x.csv:2: unknown type "banana" of T.b`},
		{"fields", "T,a\n", "x.csv:1: 2 fields"},
		{"twice", "T,a,long\nU,a,long\nT,a,int\n", "x.csv:3: column T.a is listed twice"},
		{"case", "T,a,long\nt,b,int\n", "x.csv:2: table t differs from T above only in case"},
		{"name", "T,,long\n", "x.csv:1: the table or the column has no name"},
		{"quote", "T,\"a,long\n", "x.csv:1"},
	} {
		s := New()
		err := s.Import(strings.NewReader(c.in), "x.csv")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if len(s.Names()) != 0 {
			t.Errorf("%s: a bad file was imported in part: %v", c.name, s.Names())
		}
	}
}

func TestNearest(t *testing.T) {
	s := core(t)
	for in, want := range map[string]string{
		"DeviceNetworkEvent": "DeviceNetworkEvents", "signinlog": "SigninLogs", "SecurityEvents": "SecurityEvent", "Bananas_CL": "",
	} {
		if got := s.Nearest(in); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
	if err := s.Unknown("SigninLog"); !strings.Contains(err.Error(), `"SigninLogs"`) {
		t.Error(err)
	}
}

// What WriteCSV writes, Import reads back unchanged.
func TestRoundTrip(t *testing.T) {
	s := core(t)
	var out bytes.Buffer
	if err := s.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	back := New()
	if err := back.Import(&out, "core.csv"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.tables, back.tables); d != "" {
		t.Error(d)
	}
}
