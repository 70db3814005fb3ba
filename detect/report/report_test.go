package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quarry/detect"
	"quarry/detect/rule"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// answers stands in for the engine: each rule's id names its answer.
type answers map[string]*types.Rows

func (a answers) Run(ctx context.Context, text *source.Text) (*types.Rows, error) {
	for id, rows := range a {
		if strings.Contains(text.Body, "\""+id+"\"") {
			return rows, nil
		}
	}
	if i := strings.Index(text.Body, "EmailEvents"); i >= 0 {
		return nil, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ201", Name: "EmailEvents", Span: source.Span{Start: i, End: i + 11}, Message: `unknown table "EmailEvents"`}}}
	}
	if i := strings.Index(text.Body, "Acount"); i >= 0 {
		return nil, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ204", Span: source.Span{Start: i, End: i + 6}, Message: `unknown column "Acount"`, Hint: `did you mean "Account"?`}}}
	}
	return &types.Rows{}, nil
}

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'` + "\x1b[31m\u202e"

func ticks(s string) int64 {
	t, ok := types.ParseDatetime(s)
	if !ok {
		panic(s)
	}
	return t
}

// sample is a hunt with something of everything; rows is the size of its largest answer.
func sample(t testing.TB, rows int) *detect.Result {
	t.Helper()
	schema := types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "DeviceName", Type: types.String}, {Name: "AccountName", Type: types.String}, {Name: "ProcessCommandLine", Type: types.String}, {Name: "ProcessId", Type: types.Long}}
	start := ticks("2021-04-21T09:40:32.1234567Z")
	const second = 10_000_000
	chain := &types.Rows{Schema: append(schema[:3:3], types.Column{Name: "FolderPath", Type: types.String}, types.Column{Name: "Fields", Type: types.Dynamic}, types.Column{Name: "Score", Type: types.Real})}
	for i, f := range []string{`C:\Windows\PSEXESVC.exe`, `C:\Windows\cmd.exe`} {
		chain.Values = append(chain.Values, []types.Value{start + int64(i)*second/4, "srvdefender01.offsec.lan", "admmig", f, `{"Share":"ADMIN$","Path":"x"}`, 0.5})
	}
	many := &types.Rows{Schema: schema}
	for i := range rows {
		many.Values = append(many.Values, []types.Value{start + int64(i%97)*int64(i)*second/50, fmt.Sprintf("ws%02d.offsec.lan", i%7), "alex", fmt.Sprintf("powershell.exe -NoP -W Hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA%d", i), int64(4000 + i)})
	}
	evil := &types.Rows{Schema: schema, Values: [][]types.Value{{start + 900*second, hostile, "=cmd|' /C calc'!A0", hostile, nil}}}
	cleared := &types.Rows{Schema: schema, Values: [][]types.Value{{start + 1300*second, "srvdefender01.offsec.lan", "admmig", "wevtutil.exe cl Security", int64(5120)}}}
	mk := func(id, name, severity string, tactics, techniques []string, query string) *rule.Rule {
		return &rule.Rule{ID: id, Name: name, Severity: severity, Kind: rule.Scheduled, Tactics: tactics, Techniques: techniques, Query: query, File: "packs/" + id + ".yaml", Line: 1,
			Description: "Identifies " + strings.ToLower(name) + ".\nAdministrators do this as well; compare the account with theirs."}
	}
	rules := []*rule.Rule{
		mk("smb", "File copied over SMB, then executed", "High", []string{"LateralMovement", "Execution"}, []string{"T1021.002", "T1570"}, "// both steps within seconds\nlet ToleranceInSeconds = 5;\nDeviceProcessEvents\n| where \"smb\" == 'smb' and 1 between (0 .. ToleranceInSeconds)\n| join kind=inner DeviceFileEvents on DeviceId, FolderPath\n| project Timestamp, DeviceName\n"),
		mk("enc", "PowerShell runs an encoded command", "Medium", []string{"Execution", "DefenseEvasion"}, []string{"T1059.001", "T1027"}, "let MinimumLength = 40;\nDeviceProcessEvents | where \"enc\" has \"enc\"\n"),
		mk("evil", "Rule "+hostile, "Low", []string{"Discovery"}, []string{"T1082"}, "T | where x == \"evil\" // "+hostile),
		mk("clr", "Windows event log cleared", "High", []string{"DefenseEvasion"}, []string{"T1070.001"}, "T | where x == \"clr\""),
		mk("mail", "Phishing link clicked", "High", []string{"InitialAccess"}, nil, "EmailEvents | count"),
		mk("mail2", "Mail forwarded outside", "High", []string{"Exfiltration"}, nil, "EmailEvents | take 1"),
		mk("bad", "A rule with a typing error", "Low", nil, nil, "DeviceEvents\n| where Acount == 1"),
		mk("quiet", "LSASS memory dumped with a system tool", "High", []string{"CredentialAccess"}, nil, "T | take 1"),
	}
	res, err := detect.Hunt(context.Background(), rules, detect.Each(answers{"smb": chain, "enc": many, "evil": evil, "clr": cleared}.Run), detect.Options{
		Tables: map[string]int64{"DeviceProcessEvents": 120345, "DeviceFileEvents": 20101, "DeviceLogonEvents": 900},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &res.Summary
	s.Seconds, s.EventsPerSecond, s.Rejects, s.Started, s.Version = 1.25, 113076, 3, "2026-03-04T12:00:00Z", "1.0"
	s.Notes = []string{"srvdefender01: clocks of Sysmon and Security differ by 2 h; Sysmon's was taken"}
	s.RuleProblems = []string{"packs/x.yaml:3:1: severity is missing"}
	s.Evidence = []detect.Evidence{{Path: "evidence/Security.evtx", Format: "evtx", Bytes: 69_206_016, Events: 141346}, {Path: "evidence/<b>.json", Format: "json", Bytes: 912, Events: 0, Rejects: 3, Problem: "3 lines are no JSON"}}
	for _, r := range res.Rules {
		r.Seconds = 0.01
	}
	return res
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := Table(&b, sample(t, 12000), Options{}); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, l := range strings.Split(got, "\n") {
		if n := len([]rune(l)); n > 80 {
			t.Errorf("%d columns: %s", n, l)
		}
	}
	if strings.ContainsAny(got, "\x1b\u202e") {
		t.Error("a control character of a rule's name reached the terminal")
	}
	for _, want := range []string{"4 of 8 rules fired, 1 quiet, 1 refused, 2 without their data", "141,346 events in 1.2 s (113,076 a second)", "3 records could not be read",
		"table EmailEvents (2 rules)", "  A rule with a typing error\n    packs/bad.yaml:2:9: KQ204 unknown column \"Acount\"\n      2 | | where Acount == 1\n        |         ^^^^^^\n        hint: did you mean \"Account\"?\n", "12,000"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	b.Reset()
	if err := Table(&b, sample(t, 10), Options{Color: true, Width: 160}); err != nil || !strings.Contains(b.String(), "\x1b[31mHigh\x1b[0m") || !strings.Contains(b.String(), "2021-04-21 09:40:32") {
		t.Errorf("%v\n%s", err, b.String())
	}
	b.Reset()
	if err := Table(&b, &detect.Result{}, Options{}); err != nil || b.String() != "0 of 0 rules fired, 0 quiet\n0.0 s\n" {
		t.Errorf("%v %q", err, b.String())
	}
}

func TestJSONFollowsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", "hunt.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	empty, _ := detect.Hunt(context.Background(), nil, detect.Each(answers{}.Run), detect.Options{})
	for _, r := range []*detect.Result{sample(t, 30), empty} {
		var b bytes.Buffer
		if err := JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%v", err)
		}
	}
	if err := schema.Validate(map[string]any{"rules": []any{map[string]any{"id": 1}}, "summary": map[string]any{}}); err == nil {
		t.Error("the schema takes anything")
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, sample(t, 3)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Rule", "RuleId", "Severity", "Tactics", "Techniques", "TimeUTC", "Timestamp", "DeviceName", "AccountName", "ProcessCommandLine", "ProcessId", "FolderPath", "Fields", "Score"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"File copied over SMB, then executed", "smb", "High", "Lateral movement; Execution", "T1021.002; T1570", "2021-04-21 09:40:32.123", "2021-04-21T09:40:32.1234567Z",
		"srvdefender01.offsec.lan", "admmig", "", "", `C:\Windows\PSEXESVC.exe`, `{"Share":"ADMIN$","Path":"x"}`, "0.5"}, rows[1]); diff != "" {
		t.Error(diff)
	}
	if len(rows) != 1+2+1+3+1 || rows[7][8] != "'=cmd|' /C calc'!A0" {
		t.Errorf("%d rows, %q", len(rows), rows[len(rows)-1])
	}
}

var element = regexp.MustCompile(`(?i)<(script|img|link|iframe|object|embed|base|form)\b[^>]*>`)

func TestHTML(t *testing.T) {
	n := 12000
	var b bytes.Buffer
	if err := HTML(&b, sample(t, n), Options{}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	// REPORT_OUT=/tmp/x.html go test -run TestHTML keeps the page, to look at it.
	if out := os.Getenv("REPORT_OUT"); out != "" {
		if err := os.WriteFile(out, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range element.FindAllString(page, -1) {
		if e != "<script>" && !strings.HasPrefix(e, `<script type="application/json" id="rows-`) {
			t.Errorf("an element that the page does not write: %s", e)
		}
	}
	if strings.Contains(page, "onerror=alert(2)>") || regexp.MustCompile(`(?i)(src|href)="(https?:)?//`).MatchString(page) || strings.Contains(page, "ZgotmplZ") {
		t.Error("markup of a log, or a request to elsewhere, is in the page")
	}
	for _, want := range []string{digest(styleText), digest(scriptText), "default-src 'none'", "10000 of 12000 rows are kept", `<span class="k">where</span>`, "table EmailEvents", "unknown column", "Lateral movement", "3 lines are no JSON"} {
		if !strings.Contains(page, want) && !strings.Contains(page, strings.ReplaceAll(want, "'", "&#39;")) {
			t.Errorf("no %q in the page", want)
		}
	}
	// The rows that only the script shows are all there, and stay text.
	m := regexp.MustCompile(`(?s)<script type="application/json" id="rows-\d+">(.*?)</script>`).FindStringSubmatch(page)
	var rows [][]string
	if m == nil || json.Unmarshal([]byte(m[1]), &rows) != nil || len(rows) != 10000 || rows[0][0] != "2021-04-21 09:40:32.1234567" {
		t.Errorf("%d rows", len(rows))
	}
	b.Reset()
	if err := HTML(&b, &detect.Result{}, Options{Title: "Nothing"}); err != nil || !strings.Contains(b.String(), "No rule fired.") {
		t.Errorf("an empty result: %v", err)
	}
}

func TestTimeTicks(t *testing.T) {
	for _, c := range []struct{ lo, hi, want string }{
		{"2021-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "00:00:00.000"},
		{"2021-01-01T09:40:31Z", "2021-01-01T09:40:36Z", "09:40:31 09:40:32 09:40:33 09:40:34 09:40:35 09:40:36"},
		{"2021-01-01T22:00:00Z", "2021-01-03T01:00:00Z", "01-02 00:00 06:00 12:00 18:00 01-03 00:00"},
		{"2001-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2005 2010 2015 2020 2025"},
		{"2021-01-15T00:00:00Z", "2021-04-02T00:00:00Z", "2021-02 2021-03 2021-04"},
	} {
		var got []string
		for _, tick := range timeTicks(ticks(c.lo), ticks(c.hi), func(int64) float64 { return 0 }) {
			got = append(got, tick.Text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s to %s: %v", c.lo, c.hi, got)
		}
	}
}
