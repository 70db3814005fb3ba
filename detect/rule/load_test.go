package rule

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, files map[string]string) *Pack {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, body := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(body)}
	}
	p, err := LoadFS(context.Background(), fsys, "r")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func problems(p *Pack) string {
	var b strings.Builder
	for _, x := range p.Problems {
		b.WriteString(x.Error() + "\n")
	}
	return b.String()
}

const scheduled = `id: 11111111-2222-3333-4444-555555555555
name: 'Many failures'
description: |
  'Finds many failures.
  Twice.'
severity: Medium
status: Available
requiredDataConnectors:
  - connectorId: AzureActiveDirectory
    dataTypes:
      - SigninLogs
queryFrequency: 1h
queryPeriod: PT1H
triggerOperator: gt
triggerThreshold: 0
tactics:
  - CredentialAccess
relevantTechniques:
  - T1110
  - T1110.003
query: |

  let threshold = 10;
  SigninLogs
  | where Acount > threshold
entityMappings:
  - entityType: Account
    fieldMappings:
      - identifier: FullName
        columnName: UserPrincipalName
customDetails:
  Failures: FailureCount
alertDetailsOverride:
  alertDisplayNameFormat: "{{UserPrincipalName}} failed"
incidentConfiguration:
  createIncident: true
  groupingConfiguration:
    enabled: true
    lookbackDuration: 5h
    matchingMethod: Selected
    groupByEntities: [Account]
tags:
  - Schema: ASimAuthentication
  - plain
metadata:
  author:
    name: Someone
  categories:
    domains: ["Security - Others"]
version: 1.10
kind: Scheduled
`

func TestScheduledYAML(t *testing.T) {
	p := load(t, map[string]string{"a/rule.yaml": scheduled})
	if got := problems(p); got != "" {
		t.Fatal(got)
	}
	r := p.Rules[0]
	want := &Rule{
		ID: "11111111-2222-3333-4444-555555555555", Name: "Many failures", Description: "Finds many failures.\n  Twice.", Kind: Scheduled,
		Severity: "Medium", Status: "Available", Version: "1.10", Tactics: []string{"CredentialAccess"}, Techniques: []string{"T1110", "T1110.003"},
		Connectors:     []Connector{{"AzureActiveDirectory", []string{"SigninLogs"}}},
		Query:          "\nlet threshold = 10;\nSigninLogs\n| where Acount > threshold\n",
		QueryFrequency: "1h", QueryPeriod: "PT1H", Trigger: &Trigger{"gt", 0},
		EntityMappings: []EntityMapping{{"Account", []FieldMapping{{"FullName", "UserPrincipalName"}}}},
		CustomDetails:  []Pair{{"Failures", "FailureCount"}},
		AlertDetails:   AlertDetails{NameFormat: "{{UserPrincipalName}} failed"},
		Incident:       &Incident{Create: true, GroupingEnabled: true, Lookback: "5h", MatchingMethod: "Selected", GroupByEntities: []string{"Account"}},
		Tags:           []Pair{{"Schema", "ASimAuthentication"}, {"plain", ""}},
		Metadata:       []Pair{{"author.name", "Someone"}, {"categories.domains", "Security - Others"}},
		File:           "r/a/rule.yaml", Path: "a/rule.yaml", Line: 1, lineBase: 21, indent: 2,
	}
	want.Description = "Finds many failures.\nTwice."
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(Rule{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".doc" || p.Last().String() == ".raw" || p.Last().String() == ".rawLine"
	}, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	line, col := r.Text().Position(strings.Index(r.Query, "Acount"))
	if line != 25 || col != 11 {
		t.Errorf("Acount is at 25:11 of the file, not %d:%d", line, col)
	}
}

func TestSharedShapes(t *testing.T) {
	p := load(t, map[string]string{
		"multi.yaml": "id: a\nname: A\nquery: T | count\n---\nid: b\nname: B\ntactics: [Lateral movement]\nquery: >\n  T\n  | count\n",
		"parser.yaml": `id: 1f1f1f1f-0000-0000-0000-000000000000
Function:
  Title: Parser for X
  Version: '1.0.0'
Category: Microsoft Sentinel Parser
FunctionName: XEvents
FunctionAlias: XEvents
FunctionQuery: |
    X_CL
    | extend a = 1
`,
		"asim.yml": `Parser:
  Title: Auth
  Version: '0.2'
Normalization:
  Schema: Authentication
ParserName: imAuthentication
EquivalentBuiltInParser: _Im_Authentication
ParserParams:
  - Name: starttime
    Type: datetime
    Default: datetime(null)
  - Name: who
    Type: string
    Default: '*'
ParserQuery: |
  T | where TimeGenerated > starttime
`,
		"fusion.yaml": "id: f\nname: Fusion thing\nkind: Fusion\nseverity: High\n",
		"arm.json": `{"resources":[{"type":"Microsoft.OperationalInsights/workspaces/providers/alertRules","kind":"NRT",
 "name":"[concat(parameters('workspace'),'/Microsoft.SecurityInsights/0F0F0F0F-1111-2222-3333-444444444444')]",
 "properties":{"displayName":"From ARM","severity":"Low","query":"T\n| where x == 1","tactics":["Impact"],"techniques":["T1486"]}},
 {"type":"Microsoft.OperationalInsights/savedSearches","name":"s","properties":{"displayName":"Saved","query":"T","functionAlias":"MyF","functionParameters":"a:string, b:dynamic=dynamic([1,2])"}}]}`,
		"xdr.json": `{"id":"7","displayName":"Custom","queryCondition":{"queryText":"DeviceEvents | take 1"},"schedule":{"period":"1H"},
  "detectionAction":{"alertTemplate":{"title":"t","severity":"medium","category":"Execution","mitreTechniques":["T1059"]}}}`,
	})
	if got := problems(p); got != "" {
		t.Fatal(got)
	}
	var got []string
	for _, r := range p.Rules {
		got = append(got, strings.Join([]string{r.ID, r.Name, string(r.Kind), r.Severity, strings.Join(r.Tactics, "+"), strings.Join(r.Techniques, "+")}, "|"))
	}
	want := []string{"0F0F0F0F-1111-2222-3333-444444444444|From ARM|NRT|Low|Impact|T1486", "f|Fusion thing|Fusion|High||",
		"a|A|Hunting|||", "b|B|Hunting||Lateral movement|", "7|Custom|CustomDetection|Medium|Execution|T1059"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var fs []Function
	for _, f := range p.Functions {
		fs = append(fs, Function{Name: f.Name, Aliases: f.Aliases, Params: f.Params, Query: f.Query})
	}
	wantF := []Function{
		{Name: "MyF", Params: []Param{{"a", "string", ""}, {"b", "dynamic", "dynamic([1,2])"}}, Query: "T"},
		{Name: "imAuthentication", Aliases: []string{"_Im_Authentication"}, Params: []Param{{"starttime", "datetime", "datetime(null)"}, {"who", "string", `"*"`}}, Query: "T | where TimeGenerated > starttime\n"},
		{Name: "XEvents", Query: "X_CL\n| extend a = 1\n"},
	}
	if diff := cmp.Diff(wantF, fs, cmp.AllowUnexported(Function{})); diff != "" {
		t.Error(diff)
	}
	def := p.Functions[1].Definition()
	if want := "(starttime:datetime=datetime(null), who:string=\"*\") {\nT | where TimeGenerated > starttime\n}"; def.Body != want {
		t.Errorf("definition %q", def.Body)
	}
	if line, col := def.Position(strings.Index(def.Body, "where")); line != 16 || col != 7 {
		t.Errorf("the body's where is at 16:7, not %d:%d", line, col)
	}
}

func TestMarkdown(t *testing.T) {
	p := load(t, map[string]string{"Hunt/x.md": "# Odd service\n\nFinds an *odd* service.\n\n## Query\n\n```\n// by me\nDeviceEvents\n| where Acount == 1\n```\n\n" +
		"## Category\n\n| Technique, tactic, or state | Covered? (v=yes) | Notes |\n|---|---|---|\n| Lateral movement | v | |\n| Impact | | |\n| Ransomware | v | |\n\n" +
		"## Variant\n\n    DeviceEvents\n    | count\n\n```json\n{}\n```\n\n```bash\nps | sort\n```\n",
		"none.md": "# Nothing\n"})
	if got, want := problems(p), "r/none.md: no KQL block in this document (mark queries with ```kql)\n"; got != want {
		t.Errorf("problems %q, want %q", got, want)
	}
	if len(p.Rules) != 2 {
		t.Fatalf("%d rules", len(p.Rules))
	}
	a, b := p.Rules[0], p.Rules[1]
	if a.ID != "Hunt/x.md" || a.Name != "Odd service" || a.Description != "Finds an odd service." || cmp.Diff(a.Tactics, []string{"LateralMovement"}) != "" {
		t.Errorf("first rule: %+v", a)
	}
	if b.ID != "Hunt/x.md#2" || b.Name != "Variant" || b.Query != "DeviceEvents\n| count\n" {
		t.Errorf("second rule: %+v", b)
	}
	if line, col := a.Text().Position(strings.Index(a.Query, "Acount")); line != 10 || col != 9 {
		t.Errorf("Acount is at 10:9 of the file, not %d:%d", line, col)
	}
	if line, col := b.Text().Position(strings.Index(b.Query, "count")); line != 24 || col != 7 {
		t.Errorf("count is at 24:7 of the file, not %d:%d", line, col)
	}
}

func TestBareKQL(t *testing.T) {
	p := load(t, map[string]string{
		"a.kql":    "// Name: Who logs on\n// Finds logons.\n// Techniques: T1078, T1021.002\n// Severity: HIGH\nSigninLogs\n| count\n",
		"b.txt":    "shopping list\n",
		"c.txt":    "DeviceEvents | where 1 == 1",
		"d.kql":    "// only words\n",
		"e.csl":    "print 1",
		"skip.png": "x",
	})
	if got, want := problems(p), "r/b.txt: not a rule: the text does not look like KQL\nr/d.kql: the file has no query\n"; got != want {
		t.Errorf("problems %q, want %q", got, want)
	}
	a := p.Rules[0]
	if a.Name != "Who logs on" || a.Description != "Finds logons." || a.Severity != "High" || cmp.Diff(a.Techniques, []string{"T1078", "T1021.002"}) != "" || len(p.Rules) != 3 || p.Skipped != 1 {
		t.Errorf("%+v, %d rules, %d skipped", a, len(p.Rules), p.Skipped)
	}
}

func TestBadFilesAreToldAndTheRestLoads(t *testing.T) {
	deep := strings.Repeat("[", 500) + strings.Repeat("]", 500)
	p := load(t, map[string]string{
		"good.yaml": "id: g\nname: G\nquery: T\n",
		"bad.yaml":  "id: x\nname: [unclosed\nquery: T\n",
		"twin.yaml": "id: G\nname: G2\nquery: T2\n",
		"none.yaml": "id: y\nname: Y\nkind: Scheduled\nqueryFrequency: soon\ntriggerOperator: over\n",
		"deep.json": deep,
		"half.json": `{"a": `,
		"bomb.yaml": "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nid: q\nname: Q\nquery: T\ntags: *c\nx: *nobody\n",
		"bin.kql":   "\xff\xfe\x00",
	})
	var ids []string
	for _, r := range p.Rules {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"g"}, ids); diff != "" {
		t.Error(diff)
	}
	got := problems(p)
	for _, want := range []string{
		"r/bad.yaml:", "r/bin.kql: the file is not UTF-8 text", "r/bomb.yaml:8:", "unknown anchor 'nobody'", "r/deep.json:1:", "r/half.json:1:", "r/none.yaml:4:", "\"soon\" is not a duration",
		"\"over\" is not a trigger operator", "has no query", "r/twin.yaml:1:5: the id G of \"G2\" is already used by \"G\" in r/good.yaml:1, with another query",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestZipAndPaths(t *testing.T) {
	dir := t.TempDir()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, f := range []struct{ name, body string }{{"repo/b.yaml", "id: b\nname: B\nquery: T\n"}, {"repo/a.kql", "T | count"}, {"repo/logo.svg", "x"}} {
		w, _ := z.Create(f.name)
		w.Write([]byte(f.body))
	}
	z.Close()
	name := filepath.Join(dir, "pack.zip")
	if err := os.WriteFile(name, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(context.Background(), name)
	if err != nil || len(p.Rules) != 2 || p.Rules[0].ID != "repo/a.kql" || p.Rules[1].File != name+"!repo/b.yaml" || p.Skipped != 1 {
		t.Errorf("%v %+v", err, p)
	}
	if _, err := Load(context.Background(), filepath.Join(dir, "none")); err == nil {
		t.Error("a path that does not exist is an error")
	}
}

// TestSeedPage reads the catalogue page that the project grew from: twenty rows, one rule.
func TestSeedPage(t *testing.T) {
	name := filepath.Join(root(t), "..", "shared", "seed", "rules-6448-6468.md")
	if _, err := os.Stat(name); err != nil {
		t.Skip("the seed page is not here")
	}
	p, err := Load(context.Background(), name)
	if err != nil || len(p.Problems) > 0 || len(p.Rules) != 1 {
		t.Fatalf("%v %v %d rules", err, p.Problems, len(p.Rules))
	}
	r := p.Rules[0]
	want := []any{20, []string{"Persistence", "Lateral movement", "Impact"}, []string{"Azure", "Windows"},
		[]Connector{{"MicrosoftThreatProtection", []string{"DeviceNetworkEvents", "DeviceLogonEvents", "DeviceFileEvents", "DeviceProcessEvents"}}}, "File Copy and Execution", Hunting, "2022-08-07"}
	if diff := cmp.Diff(want, []any{len(r.PageRows), r.Tactics, r.Platforms, r.Connectors, r.Name, r.Kind, r.Ingested}); diff != "" {
		t.Error(diff)
	}
	if line, col := r.Text().Position(strings.Index(r.Query, "Timestamp1")); line != 32 || col != 9 {
		t.Errorf("Timestamp1 is at 32:9 of the page, not %d:%d", line, col)
	}
	if strings.Contains(r.Query, "```") || !strings.HasPrefix(r.Query, "let ToleranceInSeconds = 5;\n") {
		t.Errorf("query %q", r.Query)
	}
}

func root(t *testing.T) string {
	dir, _ := os.Getwd()
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the test")
	return ""
}

func TestPageSections(t *testing.T) {
	row := func(tactic, dt, query string) string {
		return "## Title | odd\n\nText\n## not a title\n\n|Name | Value|\n| --- | --- |\n|Tactic | " + tactic + "|\n|DetectionType | Analytics |\n|ConnectorId | C |\n|DetectionId | i1 |\n|DataTypes | " + dt +
			" |\n|QueryFrequency | 1h |\n|TriggerOperator | gt |\n|TriggerThreshold | 0.0 |\n\n### KQL\n```kql\n" + query + "\n```\n\n"
	}
	p := load(t, map[string]string{"page.md": "# Rules\n\n" + row("Impact", "A", "T") + row("Impact", "B", "T") + row("Execution", "A", "T2") + "## Cut\n\ntext"})
	if got, want := problems(p), "r/page.md:45:1: this row of i1 differs from the first one (line 3) in its name or query; the first is kept\nr/page.md:66:1: the section \"Cut\" has no table of names and values\n"; got != want {
		t.Errorf("problems\n%s, want\n%s", got, want)
	}
	r := p.Rules[0]
	if r.Name != "Title | odd" || r.Description != "Text\n## not a title" || len(r.PageRows) != 3 || r.Kind != Scheduled || *r.Trigger != (Trigger{"gt", 0}) || cmp.Diff(r.DataTypes(), []string{"A", "B"}) != "" {
		t.Errorf("%+v", r)
	}
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]time.Duration{"5m": 5 * time.Minute, "1h": time.Hour, "14d": 336 * time.Hour, "PT5M": 5 * time.Minute, "P14D": 336 * time.Hour, "P1DT1H": 25 * time.Hour,
		"00:05:00": 5 * time.Minute, "14.00:00:00": 336 * time.Hour, "14": 336 * time.Hour, "24H": 24 * time.Hour, "0": 0} {
		got, err := ParseDuration(in)
		if err != nil || got != want {
			t.Errorf("%s is %v, got %v %v", in, want, got, err)
		}
	}
	for _, bad := range []string{"", "P", "PT", "1x", "-5m", "5 minutes", "99999999999999d", "m"} {
		if d, err := ParseDuration(bad); err == nil {
			t.Errorf("%q gives %v", bad, d)
		}
	}
	for d, want := range map[time.Duration]string{time.Hour: "1h", 48 * time.Hour: "2d", 90 * time.Minute: "90m", 30 * time.Second: "30s"} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%v prints %s, want %s", d, got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("a.yaml", scheduled)
	f.Add("a.md", "# T\n```kql\nT | count\n```\n")
	f.Add("p.md", "\n|Name | Value|\n|DetectionId |\n## x\n|Name | Value|\n|-|-|\n```kql\nT\n```")
	f.Add("a.json", `{"properties":{"query":"T","displayName":"x"}}`)
	f.Add("a.kql", "// id: x\nT")
	f.Add("b.yaml", "&a {<<: *a, query: !!x |2-\n   y}")
	f.Fuzz(func(t *testing.T, name, body string) {
		l := &loader{ctx: context.Background(), out: &Pack{}}
		l.file(name, name, []byte(body))
		l.out.dropDuplicates()
		for _, r := range l.out.Rules {
			r.Text().Position(len(r.Query))
			if r.ID == "" || r.Name == "" {
				t.Fatalf("a rule without id or name: %+v", r)
			}
		}
	})
}
