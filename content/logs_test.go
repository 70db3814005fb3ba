package content_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/detect"
	"quarry/events"
	"quarry/hunt"
	"quarry/workspace"
)

// TestOnRecordedAttacks hunts in recorded attacks, which lie beside the
// repository: the rules that fire and the rows they find.
func TestOnRecordedAttacks(t *testing.T) {
	data := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(data); err != nil {
		t.Skip("the recorded attacks are not here")
	}
	ctx := context.Background()
	rules := pack(t).Rules
	for _, c := range []struct {
		file string
		want map[string]int64
	}{
		{"evtx_cc0_mdecrevoisier/TA0008-Lateral Movement/T1021.002-SMB Windows Admin Shares/ID4688,4697,5140-5145 PSexec remote execution + admin share.evtx",
			map[string]int64{"Service installed right after a network logon": 1, "File copied over SMB, then executed": 2}},
		{"otrf/psh_lsass_memory_dump_comsvcs.zip",
			map[string]int64{"Windows event log cleared": 1, "LSASS memory dumped with a system tool": 1, "Program opens LSASS to read its memory": 1}},
		{"otrf/psh_mshta_html_application_execution.zip",
			map[string]int64{"Windows event log cleared": 1, "Mshta runs a remote or inline script": 1, "Script dropped into a Startup folder": 1}},
		{"otrf/empire_launcher_sct_regsvr32.zip",
			map[string]int64{"PowerShell runs an encoded command": 1, "Regsvr32 runs a scriptlet": 1}},
		{"otrf/empire_enable_rdp.tar.gz",
			map[string]int64{"Remote Desktop enabled through the registry": 2}},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			w, err := workspace.Open(ctx, workspace.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.Load(ctx, []string{filepath.Join(data, c.file)}, events.Options{}); err != nil {
				t.Fatal(err)
			}
			res, err := detect.Hunt(ctx, rules, detect.Session(w.Session, hunt.Request{}), detect.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for _, r := range res.Rules {
				switch r.Status {
				case detect.Fired:
					got[r.Name] = r.Hits
				case detect.Refused, detect.Needs:
					t.Errorf("%s: %s %s", r.Name, r.Status, r.Reason)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
