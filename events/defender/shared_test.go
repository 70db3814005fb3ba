package defender

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quarry/events/evtx"
	"quarry/events/winevent"
	"quarry/kql/types"
)

// shared is the path of something below ../shared of the repository; the test
// is skipped where that material is not there.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared data is absent: %v", err)
	}
	return path
}

// table holds the rows of one mapped table.
type table struct {
	*Table
	rows [][]types.Value
}

type mapped map[string]*table

func (m mapped) rows(name string) [][]types.Value {
	if t := m[name]; t != nil {
		return t.rows
	}
	return nil
}

// get reads one column of a row.
func (m mapped) get(name string, row []types.Value, column string) types.Value {
	i := m[name].Columns.Index(column)
	if i < 0 {
		panic("no column " + column + " in " + name)
	}
	return row[i]
}

// kept is a copy of a row and of its texts, whose memory the mapper uses again.
func kept(row []types.Value) []types.Value {
	row = slices.Clone(row)
	for i, v := range row {
		if s, ok := v.(string); ok {
			row[i] = strings.Clone(s)
		}
	}
	return row
}

// mapFiles maps files as one evidence set.
func mapFiles(t testing.TB, opts Options, paths ...string) (mapped, Report) {
	t.Helper()
	out := mapped{}
	m := New(opts, func(tab *Table, row []types.Value) error {
		if out[tab.Name] == nil {
			out[tab.Name] = &table{Table: tab}
		}
		out[tab.Name].rows = append(out[tab.Name].rows, kept(row))
		return nil
	})
	for _, p := range paths {
		addFile(t, m, p)
	}
	report, err := m.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}

func addFile(t testing.TB, m *Mapper, path string) {
	t.Helper()
	switch lower := strings.ToLower(path); {
	case strings.HasSuffix(lower, ".evtx"):
		addEVTX(t, m, path)
	case strings.HasSuffix(lower, ".zip"):
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			addLines(t, m, path+"!"+f.Name, r)
			r.Close()
		}
	case strings.HasSuffix(lower, ".tar.gz"):
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		gz, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		tr := tar.NewReader(gz)
		for {
			h, err := tr.Next()
			if err != nil { // one of the archives ends early
				return
			}
			addLines(t, m, path+"!"+h.Name, tr)
		}
	default:
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		addLines(t, m, path, f)
	}
}

func addLines(t testing.TB, m *Mapper, name string, r io.Reader) {
	t.Helper()
	begun := false
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		ev, form, ok := winevent.FromJSON(bytes.TrimPrefix(sc.Bytes(), []byte("\xef\xbb\xbf")))
		if !ok {
			t.Fatalf("%s: not an event: %.200s", name, sc.Bytes())
		}
		if !begun {
			m.BeginFile(name, form.String())
			begun = true
		}
		if err := m.Add(&ev); err != nil {
			t.Fatal(err)
		}
	}
	if begun {
		if err := m.EndFile(); err != nil {
			t.Fatal(err)
		}
	}
}

func addEVTX(t testing.TB, m *Mapper, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := evtx.NewReader(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	m.BeginFile(path, "EVTX")
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		ev := rec.Event()
		if err := m.Add(&ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.EndFile(); err != nil {
		t.Fatal(err)
	}
}

// evtxNamed finds an EVTX file by the end of its name.
func evtxNamed(t testing.TB, suffix string) string {
	t.Helper()
	found := ""
	err := filepath.WalkDir(shared(t, "data", "evtx_cc0_mdecrevoisier"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, suffix) {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no %s: %v", suffix, err)
	}
	return found
}

// chain is a row of the page's rule: File Copy and Execution.
type chain struct {
	network, logon, file, process []types.Value
}

// copyAndExecution is the page's rule over mapped rows. The joins are the
// rule's own: by device, then by device and path, each within the tolerance
// after the connection, and the remote address ending in the logon's.
func copyAndExecution(m mapped, tolerance int64) []chain {
	const n, l, f, p = "DeviceNetworkEvents", "DeviceLogonEvents", "DeviceFileEvents", "DeviceProcessEvents"
	text := func(name string, row []types.Value, c string) string { return m.get(name, row, c).(string) }
	within := func(name string, row []types.Value, from int64) bool {
		at, ok := m.get(name, row, "Timestamp").(int64)
		return ok && at >= from && at <= from+tolerance
	}
	var out []chain
	for _, net := range m.rows(n) {
		remote := text(n, net, "RemoteIP")
		if m.get(n, net, "LocalPort") != int64(445) || remote == "" {
			continue
		}
		device, at := m.get(n, net, "DeviceId"), m.get(n, net, "Timestamp").(int64)
		for _, log := range m.rows(l) {
			if m.get(l, log, "DeviceId") != device || !within(l, log, at) || !strings.HasSuffix(strings.ToLower(remote), strings.ToLower(text(l, log, "RemoteIP"))) {
				continue
			}
			for _, file := range m.rows(f) {
				if m.get(f, file, "DeviceId") != device || !within(f, file, at) {
					continue
				}
				if a := text(f, file, "ActionType"); a != "FileModified" && a != "FileCreated" {
					continue
				}
				if !strings.EqualFold(text(f, file, "InitiatingProcessFileName"), "System") &&
					!strings.HasSuffix(strings.ToLower(text(f, file, "InitiatingProcessFolderPath")), "ntoskrnl.exe") {
					continue
				}
				for _, proc := range m.rows(p) {
					if m.get(p, proc, "DeviceId") == device && within(p, proc, at) && text(p, proc, "FolderPath") == text(f, file, "FolderPath") {
						out = append(out, chain{net, log, file, proc})
					}
				}
			}
		}
	}
	return out
}

func TestFileCopyAndExecution(t *testing.T) {
	const psexec = "ID4688,4697,5140-5145 PSexec remote execution + admin share.evtx"
	data := shared(t, "data")
	tests := []struct {
		name string
		file string
		opts Options
		want int // at 5, 30 and 300 seconds
	}{
		{"splice", "splices/aptsimulator_plus_logon.ndjson", Options{NoDerive: true}, 1},
		{"splice, nothing merged", "splices/aptsimulator_plus_logon.ndjson", Options{NoDerive: true, NoMerge: true}, 4},
		{"splice, rows derived", "splices/aptsimulator_plus_logon.ndjson", Options{}, 1},
		{"no logon", "otrf/aptsimulator_cobaltstrike.zip", Options{NoDerive: true}, 0},
		{"a DLL", "otrf/covenant_wmi_wbemcomn_dll_hijack.zip", Options{NoDerive: true}, 0},
		{"an XML", "otrf/empire_msbuild_dcerpc_wmi_smb.zip", Options{NoDerive: true}, 0},
		{"no file", "otrf/empire_psexec_dcerpc_tcp_svcctl.zip", Options{NoDerive: true}, 0},
		{"a local run", "otrf/cmd_psexec_lsa_secrets_dump.zip", Options{NoDerive: true}, 0},
		{"PsExec", psexec, Options{}, 8},
		{"PsExec, nothing merged", psexec, Options{NoMerge: true}, 16},
		{"PsExec, nothing derived", psexec, Options{NoDerive: true}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(data, tt.file)
			if strings.HasSuffix(tt.file, ".evtx") {
				path = evtxNamed(t, tt.file)
			}
			tt.opts.NoRaw = true
			m, _ := mapFiles(t, tt.opts, path)
			for _, tolerance := range []int64{5, 30, 300} {
				if got := copyAndExecution(m, tolerance*types.Second); len(got) != tt.want {
					t.Errorf("%d rows at %d s, want %d", len(got), tolerance, tt.want)
				}
			}
		})
	}
}
