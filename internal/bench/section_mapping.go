package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"quarry/events/defender"
	"quarry/events/winevent"
	"quarry/kql/types"
)

// mappingSection is the price of making Defender rows of Windows events.
func mappingSection() Section {
	return Section{
		Name:  "mapping",
		Title: "Sysmon JSON to the Device tables",
		About: "From the bytes of each line to the typed rows of all tables that a hunt loads: the Device tables, merged and with process trees, and the records themselves in Event and SecurityEvent. " +
			"The rival only decodes the same lines into the records that the mapper takes. Both run in this process; the times are processor times, what Go's collector adds included.",
		Run: func(ctx context.Context, e *Env) ([]Row, error) {
			var out []Row
			simulated, err := simulatedSysmon(ctx, e)
			if err != nil {
				return nil, err
			}
			sets := []struct {
				name  string
				lines [][]byte
			}{{fmt.Sprintf("%d simulated Sysmon events", len(simulated)), simulated}}
			if e.Shared == "" {
				e.Logf("the public data sets are not here, so only simulated events are measured")
			} else {
				const name = "aptsimulator_plus_logon.ndjson"
				text, err := os.ReadFile(filepath.Join(e.Shared, "data", "splices", name))
				if err != nil {
					return nil, err
				}
				lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
				sets = append(sets, struct {
					name  string
					lines [][]byte
				}{fmt.Sprintf("%d events of %s", len(lines), name), lines})
			}
			for _, s := range sets {
				times := max(1, e.N(60_000)/len(s.lines))
				q, r, err := e.Race(ctx, s.name, mapJob(s.lines, times), decodeJob(s.lines, times))
				if err != nil {
					return nil, err
				}
				out = append(out, Within(s.name, q, r, 2))
			}
			return out, nil
		},
	}
}

var errNoEvent = errors.New("a line is no Windows event")

func decodeJob(lines [][]byte, times int) Job {
	return func(context.Context) (time.Duration, error) {
		return ClockCPU(func() error {
			for range times {
				for _, l := range lines {
					if _, _, ok := winevent.FromJSON(l); !ok {
						return errNoEvent
					}
				}
			}
			return nil
		})
	}
}

func mapJob(lines [][]byte, times int) Job {
	return func(context.Context) (time.Duration, error) {
		return ClockCPU(func() error {
			for range times {
				if err := mapOnce(lines); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func mapOnce(lines [][]byte) error {
	rows := 0
	m := defender.New(defender.Options{}, func(*defender.Table, []types.Value) error { rows++; return nil })
	m.BeginFile("events.ndjson", "NXLog JSON")
	for _, l := range lines {
		ev, _, ok := winevent.FromJSON(l)
		if !ok {
			return errors.Join(errNoEvent, m.Close())
		}
		if err := m.Add(&ev); err != nil {
			return errors.Join(err, m.Close())
		}
	}
	if err := m.EndFile(); err != nil {
		return errors.Join(err, m.Close())
	}
	if _, err := m.Finish(); err != nil {
		return errors.Join(err, m.Close())
	}
	if rows < len(lines) {
		return fmt.Errorf("%d events gave %d rows only", len(lines), rows)
	}
	return nil
}

// sysmonFields tells of three tables which Sysmon event their rows come from, and where
// its fields stand in them.
var sysmonFields = map[string]struct {
	id     int
	fields map[string]string
}{
	"DeviceProcessEvents": {1, map[string]string{"ProcessId": "ProcessId", "Image": "FolderPath", "CommandLine": "ProcessCommandLine",
		"FileVersion": "ProcessVersionInfoProductVersion", "Description": "ProcessVersionInfoFileDescription", "Product": "ProcessVersionInfoProductName",
		"Company": "ProcessVersionInfoCompanyName", "OriginalFileName": "ProcessVersionInfoOriginalFileName", "IntegrityLevel": "ProcessIntegrityLevel",
		"LogonId": "LogonId", "TerminalSessionId": "CreatedProcessSessionId",
		"ParentProcessId": "InitiatingProcessId", "ParentImage": "InitiatingProcessFolderPath", "ParentCommandLine": "InitiatingProcessCommandLine"}},
	"DeviceNetworkEvents": {3, map[string]string{"ProcessId": "InitiatingProcessId", "Image": "InitiatingProcessFolderPath", "Protocol": "Protocol",
		"SourceIp": "LocalIP", "SourcePort": "LocalPort", "DestinationIp": "RemoteIP", "DestinationPort": "RemotePort", "DestinationHostname": "RemoteUrl"}},
	"DeviceFileEvents": {11, map[string]string{"ProcessId": "InitiatingProcessId", "Image": "InitiatingProcessFolderPath", "TargetFilename": "FolderPath"}},
}

// simulatedSysmon makes Sysmon events, as NXLog writes them, of simulated rows.
func simulatedSysmon(ctx context.Context, e *Env) ([][]byte, error) {
	dir := e.Path("sysmon")
	err := e.Simulate(ctx, dir, "--events", fmt.Sprint(e.N(20_000)), "--devices", "20", "--tables", "DeviceProcessEvents=3,DeviceNetworkEvents=4,DeviceFileEvents=3")
	if err != nil {
		return nil, err
	}
	type timed struct {
		at   string
		line []byte
	}
	var all []timed
	for _, table := range slices.Sorted(maps.Keys(sysmonFields)) {
		s := sysmonFields[table]
		f, err := os.Open(filepath.Join(dir, "events", table+".ndjson"))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in := bufio.NewScanner(f)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			at, line, err := sysmonLine(in.Bytes(), s.id, s.fields)
			if err != nil {
				return nil, err
			}
			all = append(all, timed{at, line})
		}
		if err := in.Err(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b timed) int { return strings.Compare(a.at, b.at) })
	out := make([][]byte, len(all))
	for i := range all {
		out[i] = all[i].line
	}
	return out, nil
}

func sysmonLine(row []byte, id int, fields map[string]string) (at string, line []byte, err error) {
	d := json.NewDecoder(bytes.NewReader(row))
	d.UseNumber()
	var r map[string]any
	if err := d.Decode(&r); err != nil {
		return "", nil, err
	}
	at = strings.Replace(fmt.Sprint(r["Timestamp"])[:23], "T", " ", 1)
	pid := r[fields["ProcessId"]]
	ev := map[string]any{
		"SourceName": "Microsoft-Windows-Sysmon", "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", "Channel": "Microsoft-Windows-Sysmon/Operational",
		"Hostname": r["DeviceName"], "EventID": id, "EventTime": at, "RecordNumber": r["ReportId"], "ExecutionProcessID": 2320, "Task": id, "RuleName": "-",
		"UtcTime": at, "ProcessGuid": fmt.Sprintf("{%.8s-%04v-0000-0000-000000000000}", r["DeviceId"], pid),
		"User": fmt.Sprintf(`%v\%v`, r["InitiatingProcessAccountDomain"], r["InitiatingProcessAccountName"]),
	}
	for name, column := range fields {
		ev[name] = fmt.Sprint(r[column])
	}
	switch id {
	case 1:
		ev["ParentProcessGuid"] = fmt.Sprintf("{%.8s-%04v-0000-0000-000000000000}", r["DeviceId"], r["InitiatingProcessId"])
		ev["Hashes"] = fmt.Sprintf("SHA1=%v,MD5=%v,SHA256=%v", r["SHA1"], r["MD5"], r["SHA256"])
		ev["User"] = fmt.Sprintf(`%v\%v`, r["AccountDomain"], r["AccountName"])
	case 3:
		ev["Initiated"] = fmt.Sprint(r["ActionType"] != "InboundConnectionAccepted")
	case 11:
		ev["CreationUtcTime"] = at
	}
	// The message tells every field again, as Windows renders it.
	message := "Sysmon event:"
	for _, name := range slices.Sorted(maps.Keys(ev)) {
		message += fmt.Sprintf("\r\n%s: %v", name, ev[name])
	}
	ev["Message"] = message
	line, err = json.Marshal(ev)
	return at, line, err
}
