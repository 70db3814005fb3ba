package catalog

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quarry/detect/rule"
)

// fixture is the rules of derivation.txtar and what must come of them.
func fixture(t *testing.T) (*rule.Pack, map[string]string) {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "derivation.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	fsys, want := fstest.MapFS{}, map[string]string{}
	for _, f := range a.Files {
		switch ext := filepath.Ext(f.Name); ext {
		case ".yaml", ".kql":
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		default:
			want[f.Name] = string(f.Data)
		}
	}
	pack, err := rule.LoadFS(context.Background(), fsys, "r")
	if err != nil || pack.Failed() > 0 {
		t.Fatal(err, pack.Problems)
	}
	return pack, want
}

func TestDerivation(t *testing.T) {
	pack, want := fixture(t)
	c := New(pack.Rules, Options{Ingested: "2026-01-02"})
	got := map[string]string{}
	for name := range want {
		got[name] = ""
	}
	for _, e := range c.Entries {
		r := e.Rows[0]
		got["about"] += strings.Join([]string{r.DetectionName, r.DetectionType, r.DetectionService, r.TriggerThreshold, r.DetectionURL}, " | ") + "\n"
		for _, r := range e.Rows {
			got[r.DetectionName+".rows"] += strings.Join([]string{r.Tactic, r.TechniqueID, r.ConnectorID, r.DataTypes, r.Platform}, " | ") + "\n"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	notes := []string{
		`1 rule is left out: the connectors read [{connectorId: []}], which gives no row`,
		`1 rule is listed too that the published catalogue does not read: it is made of Detections and Hunting Queries`,
		`2 rules have no DetectionUrl: the address of the files is not known`,
	}
	if diff := cmp.Diff(notes, c.Notes); diff != "" {
		t.Error(diff)
	}
	if rules, rows := c.Count(); rules != 8 || rows != 54 {
		t.Errorf("%d rules, %d rows", rules, rows)
	}
	many := c.Rows()[34]
	if many.DetectionDescription != "'Text in quotes.'\n" || many.QueryFrequency != "1d" || many.QueryPeriod != "14d" || many.TriggerOperator != "gt" || many.DetectionSeverity != "Medium" || many.IngestedDate != "2026-01-02" {
		t.Errorf("%+v", many)
	}
}

func TestPlatforms(t *testing.T) {
	p := platforms()
	if len(p) != 61 || cmp.Diff(p["OktaSSO"], []string{"Azure AD", "AWS", "GCP", "SaaS"}) != "" {
		t.Errorf("%d connectors, OktaSSO %q", len(p), p["OktaSSO"])
	}
}

func TestRepository(t *testing.T) {
	for _, c := range []struct{ repository, dir, file, path, want string }{
		{"", "", "Detections/A B/x.yaml", "x.yaml", Repository + "/Detections/A%20B/x.yaml"},
		{"", "/src/Azure-Sentinel/Hunting Queries", "GitHub/x.yaml", "x.yaml", Repository + "/Hunting%20Queries/GitHub/x.yaml"},
		{"", "/Detections", "/old/Solutions/azure-sentinel-main/Detections/x.yaml", "x.yaml", Repository + "/Detections/x.yaml"},
		{"", "", "p.zip!Azure-Sentinel-master/Detections/100% #1.yaml", "", Repository + "/Detections/100%25%20%231.yaml"},
		{"", "", "mine/x.yaml", "x.yaml", ""},
		{"https://git.example/me/blob/main/", "", "mine/sub/x.yaml", "sub/x.yaml", "https://git.example/me/blob/main/sub/x.yaml"},
		{"https://git.example/me/blob/main", "", "p.zip!me-main/sub/x.yaml", "me-main/sub/x.yaml", "https://git.example/me/blob/main/sub/x.yaml"},
	} {
		d := &deriver{Options{Repository: c.repository, Dir: c.dir}, nil}
		if got := d.origin(&rule.Rule{File: c.file, Path: c.path}).url; got != c.want {
			t.Errorf("%s %s: %q, want %q", c.dir, c.file, got, c.want)
		}
	}
}

func TestTooManyRows(t *testing.T) {
	list := "[" + strings.Repeat("x,", 400) + "x]"
	pack, err := rule.LoadFS(context.Background(), fstest.MapFS{"a.yaml": {Data: []byte("id: a\nname: Broad\ntactics: " + list + "\nrelevantTechniques: " + list + "\nquery: T\n")}}, "r")
	if err != nil {
		t.Fatal(err)
	}
	c := New(pack.Rules, Options{})
	if rules, rows := c.Count(); rules != 0 || rows != 0 || !strings.Contains(strings.Join(c.Notes, "\n"), `the rule "Broad" is left out: its lists give more than 100000 rows`) {
		t.Errorf("%d rules, %d rows, %q", rules, rows, c.Notes)
	}
}

// A page is read back as the rows it was made of.
func TestPagesReadBack(t *testing.T) {
	pack, _ := fixture(t)
	odd := &rule.Rule{ID: "o", Name: "Odd | name", Description: "A\n## B", Kind: rule.Hunting, Tactics: []string{"a|b", `c|`}, Query: "print ```\nx\n```\n"}
	rows := New(append(pack.Rules, odd), Options{Ingested: "2026-01-02"}).Rows()
	for i := range rows {
		rows[i].DetectionDescription = strings.TrimSpace(rows[i].DetectionDescription)
	}
	var page bytes.Buffer
	if err := WritePage(&page, rows, 100); err != nil {
		t.Fatal(err)
	}
	if head := fmt.Sprintf("# Rules: 100-%d\n\n## ", 100+len(rows)); !strings.HasPrefix(page.String(), head) {
		t.Errorf("%.40q, want %q", page.String(), head)
	}
	back, err := rule.LoadFS(context.Background(), fstest.MapFS{"page.md": {Data: page.Bytes()}}, "r")
	if err != nil || len(back.Problems) > 0 {
		t.Fatal(err, back.Problems)
	}
	got := New(back.Rules, Options{}).Rows()
	for i := range rows {
		if rows[i].DetectionURL == "" {
			rows[i].DetectionService = "" // a page does not have it
		}
	}
	if diff := cmp.Diff(rows, got); diff != "" {
		t.Error(diff)
	}
}

// TestSeedPage makes the page that the project grew from out of the rule's YAML, whose
// text and query are taken from the page: every byte, and every field of every row.
func TestSeedPage(t *testing.T) {
	name := filepath.Join("..", "..", "..", "shared", "seed", "rules-6448-6468.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Skip("the seed page is not here")
	}
	of, err := rule.Load(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	seed := of.Rules[0]
	indent := func(s string) string { return "  " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") + "\n" }
	yaml := "id: " + seed.ID + "\nname: " + seed.Name + "\ndescription: |\n" + indent(seed.Description) +
		"requiredDataConnectors:\n- connectorId: MicrosoftThreatProtection\n  dataTypes:\n  - DeviceNetworkEvents\n  - DeviceLogonEvents\n  - DeviceFileEvents\n  - DeviceProcessEvents\n" +
		"tactics:\n- Execution\n- Persistence\n- Lateral movement\n- Impact\nquery: |\n" + indent(seed.Query)
	pack, err := rule.LoadFS(context.Background(), fstest.MapFS{"Hunting Queries/Microsoft 365 Defender/Execution/File Copy and Execution.yaml": {Data: []byte(yaml)}}, "r")
	if err != nil || pack.Failed() > 0 {
		t.Fatal(err, pack.Problems)
	}
	rows := New(pack.Rules, Options{Ingested: "2022-08-07"}).Rows()
	if len(rows) != 32 {
		t.Fatalf("%d rows, want 32", len(rows))
	}
	var b bytes.Buffer
	if err := WritePage(&b, rows[8:28], 6448); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), b.String()); diff != "" {
		t.Error(diff)
	}
	if got := PageName(rows[8:28], 6448); got != filepath.Base(name) {
		t.Errorf("the page is called %s", got)
	}
	for i := range rows {
		rows[i].DetectionDescription = strings.TrimSpace(rows[i].DetectionDescription)
	}
	if diff := cmp.Diff(New(of.Rules, Options{}).Rows(), rows[8:28]); diff != "" {
		t.Error(diff)
	}
}

func TestFacets(t *testing.T) {
	pack, _ := fixture(t)
	c := New(pack.Rules, Options{})
	for _, x := range []struct {
		facets      string
		rules, rows int
	}{
		{"tactic=Persistence", 1, 8},
		{"tactic=lateralmovement", 1, 8},
		{"Tactic=Lateral movement", 1, 8},
		{"tactic=Persistence; tactic=Impact", 5, 8 + 8 + 6 + 4 + 1 + 1},
		{"tactic=Impact; platform=Windows", 3, 4 + 1 + 1},
		{"tactic=", 2, 2},
		{"technique=T1078", 1, 6},
		{"DataTypes=OfficeActivity", 1, 4},
		{"datatype=OfficeActivity (Exchange)", 1, 4},
		{"type=hunting", 5, 32 + 1 + 4 + 1 + 1},
		{"connector=CustomConnector", 4, 5},
		{"severity=High; severity=Low", 2, 3},
		{"platform=", 4, 2 + 1 + 2 + 1},
		{"tactic=Persistance", 0, 0},
	} {
		var facets []Facet
		for _, one := range strings.Split(x.facets, "; ") {
			f, err := ParseFacet(one)
			if err != nil {
				t.Fatal(err)
			}
			facets = append(facets, f)
		}
		if rules, rows := c.Pick(facets).Count(); rules != x.rules || rows != x.rows {
			t.Errorf("%s: %d rules, %d rows; want %d and %d", x.facets, rules, rows, x.rules, x.rows)
		}
	}
	f, _ := ParseFacet("tactic=Persistance")
	if near := c.Nearest(f); near != "Persistence" {
		t.Errorf("Persistance is like %q", near)
	}
	for _, bad := range []string{"tactic", "tactics=x", "colour=red"} {
		if _, err := ParseFacet(bad); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

func TestFacetCounts(t *testing.T) {
	pack, _ := fixture(t)
	var got []string
	for _, c := range New(pack.Rules, Options{}).Facets() {
		if c.Facet == "tactic" || c.Facet == "severity" {
			got = append(got, fmt.Sprintf("%s %q %d rules %d rows", c.Facet, c.Value, c.Rules, c.Rows))
		}
	}
	want := []string{
		`tactic "Impact" 5 rules 20 rows`, `tactic "" 2 rules 2 rows`, `tactic "Execution" 1 rules 8 rows`, `tactic "LateralMovement" 1 rules 8 rows`,
		`tactic "Persistence" 1 rules 8 rows`, `tactic "InitialAccess" 1 rules 6 rows`, `tactic "Collection" 1 rules 1 rows`, `tactic "Discovery" 1 rules 1 rows`,
		`severity "" 5 rules 39 rows`, `severity "Medium" 1 rules 12 rows`, `severity "Low" 1 rules 2 rows`, `severity "High" 1 rules 1 rows`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSearch(t *testing.T) {
	pack, _ := fixture(t)
	c := New(pack.Rules, Options{})
	for text, want := range map[string]int{"": 8, "copied": 1, "COPIED network": 1, "copied nothing": 0, `"then run"`: 1, `"run then"`: 0, "securityevent": 3, "published": 2, `"published cat`: 1} {
		if rules, _ := c.Search(text).Count(); rules != want {
			t.Errorf("%q finds %d rules, want %d", text, rules, want)
		}
	}
}

func TestJSONFollowsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", "catalog.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	pack, _ := fixture(t)
	rows := New(pack.Rules, Options{Ingested: "2026-01-02"}).Rows()
	for _, rows := range [][]Row{rows, nil} {
		var b bytes.Buffer
		if err := WriteJSON(&b, rows); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Error(err)
		}
	}
	if err := schema.Validate([]any{map[string]any{"Tactic": 1}}); err == nil {
		t.Error("the schema takes anything")
	}
	// The columns are the fields of the JSON, in order.
	line, _ := json.Marshal(Row{})
	var b strings.Builder
	for i, name := range Columns() {
		fmt.Fprintf(&b, "%s%q:\"\"", []string{"{", ","}[min(i, 1)], name)
	}
	if want := b.String() + "}"; string(line) != want {
		t.Errorf("%s, want %s", line, want)
	}
}

func TestCSV(t *testing.T) {
	rows := []Row{{Tactic: "Impact", DetectionName: "=1+1", Query: "T\n| where a == \"b\"", IngestedDate: "2026-01-02"}}
	var b bytes.Buffer
	if err := WriteCSV(&b, rows); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(got) != 2 || cmp.Diff(got[0], Columns()) != "" {
		t.Fatal(err, got)
	}
	if got[1][0] != "Impact" || got[1][6] != "'=1+1" || got[1][10] != rows[0].Query || got[1][17] != "2026-01-02" {
		t.Errorf("%q", got[1])
	}
}
