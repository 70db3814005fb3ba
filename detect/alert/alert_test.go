package alert

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"quarry/detect/rule"
	"quarry/internal/kqt"
	"quarry/kql/types"
)

func ruleOf(t *testing.T, yaml string) *rule.Rule {
	t.Helper()
	p, err := rule.LoadFS(context.Background(), fstest.MapFS{"r.yaml": {Data: []byte(yaml)}}, "")
	if err != nil || len(p.Rules) != 1 || p.Failed() > 0 {
		t.Fatalf("%v %v", err, p.Problems)
	}
	return p.Rules[0]
}

func rowsOf(t *testing.T, text string) *types.Rows {
	t.Helper()
	cases, err := kqt.Parse("rows", "case c\nkql T\ngiven T "+strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")+"\nrows x:long\n")
	if err != nil {
		t.Fatal(err)
	}
	return &cases[0].Given[0].Rows
}

var hour = Run{At: at("11:00:00"), From: at("10:00:00"), Made: at("11:05:00")}

func at(clock string) time.Time {
	out, err := time.Parse("2006-01-02T15:04:05", "2026-01-01T"+clock)
	if err != nil {
		panic(err)
	}
	return out
}

func show(r Result) string {
	var b strings.Builder
	if r.Triggered {
		b.WriteString("triggered\n")
	}
	for _, a := range r.Alerts {
		fmt.Fprintf(&b, "alert %s | %s | %s | %s-%s | %d rows\n", a.Name, a.Severity, strings.Join(a.Tactics, ", "), a.Start.Format("15:04:05"), a.End.Format("15:04:05"), a.Rows)
		if a.Description != "" {
			fmt.Fprintf(&b, "  description %s\n", a.Description)
		}
		if len(a.Techniques) > 0 {
			fmt.Fprintf(&b, "  techniques %s; %s\n", strings.Join(a.Techniques, ", "), strings.Join(a.SubTech, ", "))
		}
		for _, e := range a.Entities {
			fmt.Fprintf(&b, "  entity %s\n", e)
		}
		for _, d := range a.Details {
			fmt.Fprintf(&b, "  detail %s: %s\n", d.Name, strings.Join(d.Values, ", "))
		}
		for _, p := range a.Properties {
			fmt.Fprintf(&b, "  property %s=%s\n", p.Name, p.Value)
		}
		for _, c := range a.Cut {
			fmt.Fprintf(&b, "  cut %s\n", c)
		}
	}
	return b.String()
}

func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases")
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		part := map[string]string{}
		for _, f := range archive.Files {
			part[f.Name] = string(f.Data)
		}
		got := show(From(ruleOf(t, part["rule.yaml"]), hour, rowsOf(t, part["rows"]), Options{}))
		if got != part["want"] {
			t.Errorf("%s: got\n%s", file, got)
		}
	}
}

// minimal is a rule with a threshold.
func minimal(kind rule.Kind, op string, threshold int, aggregation string) *rule.Rule {
	return &rule.Rule{ID: "r", Name: "n", Kind: kind, Severity: "Low", AggregationKind: aggregation, Trigger: &rule.Trigger{Operator: op, Threshold: threshold},
		EntityMappings: []rule.EntityMapping{{EntityType: "Host", Fields: []rule.FieldMapping{{Identifier: "HostName", Column: "h"}}}},
		CustomDetails:  []rule.Pair{{Name: "H", Value: "h"}}}
}

// numbered are n rows with hosts h0, h1, ...
func numbered(n int) *types.Rows {
	rows := &types.Rows{Schema: types.Schema{{Name: "h", Type: types.String}}}
	for i := range n {
		rows.Values = append(rows.Values, []types.Value{fmt.Sprintf("h%d", i)})
	}
	return rows
}

func TestThreshold(t *testing.T) {
	for _, c := range []struct {
		op   string
		want string // numbers of rows among 0..4 that trigger, the threshold being 2
	}{{"gt", "34"}, {"GreaterThan", "34"}, {"lt", "01"}, {"LessThan", "01"}, {"eq", "2"}, {"Equal", "2"}, {"ne", "0134"}, {"NotEqual", "0134"}} {
		got := ""
		for n := range 5 {
			if From(minimal(rule.Scheduled, c.op, 2, ""), hour, numbered(n), Options{}).Triggered {
				got += fmt.Sprint(n)
			}
		}
		if got != c.want {
			t.Errorf("%s 2 is met by %s rows, want %s", c.op, got, c.want)
		}
	}
	if r := minimal(rule.Hunting, "gt", 0, ""); !From(&rule.Rule{Kind: r.Kind}, hour, numbered(1), Options{}).Triggered || From(&rule.Rule{Kind: r.Kind}, hour, numbered(0), Options{}).Triggered {
		t.Error("without a trigger one row is needed and enough")
	}
}

// TestCaps: as many rows as alerts are allowed give one each; one more takes the
// place of the last single alert, which then stands for all rows.
func TestCaps(t *testing.T) {
	for _, c := range []struct {
		kind            rule.Kind
		rows            int
		alerts, summary int // summary: the rows it stands for
		capped          bool
	}{
		{rule.Scheduled, 150, 150, 0, false},
		{rule.Scheduled, 151, 150, 151, true},
		{rule.Scheduled, 1000, 150, 1000, true},
		{rule.NRT, 30, 30, 0, false},
		{rule.NRT, 31, 30, 31, true},
		{rule.Custom, 150, 150, 0, false},
		{rule.Custom, 151, 150, 0, true},
	} {
		r := From(minimal(c.kind, "gt", 0, "AlertPerResult"), hour, numbered(c.rows), Options{})
		if len(r.Alerts) != c.alerts || r.Capped != c.capped {
			t.Errorf("%s, %d rows: %d alerts, capped %v", c.kind, c.rows, len(r.Alerts), r.Capped)
			continue
		}
		last := r.Alerts[len(r.Alerts)-1]
		if last.Summary != (c.summary > 0) || c.summary > 0 && last.Rows != c.summary {
			t.Errorf("%s, %d rows: the last alert stands for %d, summary %v", c.kind, c.rows, last.Rows, last.Summary)
		}
		ids := map[string]bool{}
		for _, a := range r.Alerts {
			ids[a.ID] = true
		}
		if len(ids) != c.alerts {
			t.Errorf("%s, %d rows: %d different ids", c.kind, c.rows, len(ids))
		}
	}
}

func TestLimitsOfOneAlert(t *testing.T) {
	r := minimal(rule.Scheduled, "gt", 0, "SingleAlert")
	a := From(r, hour, numbered(501), Options{}).Alerts[0]
	if len(a.Entities) != 500 || !slices.Contains(a.Cut, "entities") {
		t.Errorf("%d entities, cut %q", len(a.Entities), a.Cut)
	}
	if len(a.Details[0].Values) != 50 || !slices.Contains(a.Cut, "custom details") {
		t.Errorf("%d values, cut %q", len(a.Details[0].Values), a.Cut)
	}
	if a := From(r, hour, numbered(50), Options{}).Alerts[0]; len(a.Cut) > 0 {
		t.Errorf("50 rows: cut %q", a.Cut)
	}
	// Two mappings have half of the entities each, also if one finds few.
	r.EntityMappings = append(r.EntityMappings, rule.EntityMapping{EntityType: "IP", Fields: []rule.FieldMapping{{Identifier: "Address", Column: "none"}}})
	if a := From(r, hour, numbered(300), Options{}).Alerts[0]; len(a.Entities) != 250 {
		t.Errorf("%d entities of two mappings", len(a.Entities))
	}
	// 64 KB: each entity has 1,000 letters.
	wide := numbered(100)
	for i := range wide.Values {
		wide.Values[i][0] = fmt.Sprintf("%04d", i) + strings.Repeat("x", 996)
	}
	a = From(r, hour, wide, Options{}).Alerts[0]
	if n := len(a.EntitiesJSON()); n > 64<<10 || n < 63<<10 || !slices.Contains(a.Cut, "entities") {
		t.Errorf("%d bytes of entities", n)
	}
	if n := len(a.Details[0].Values); n != 2 {
		t.Errorf("%d values of 1,000 bytes are kept of 2 KB", n)
	}
	// The name is cut to 256 bytes at a whole character.
	r.AlertDetails.NameFormat = "{{h}}"
	wide.Values[0][0] = strings.Repeat("x", 255) + "é"
	if a := From(r, hour, wide, Options{}).Alerts[0]; a.Name != strings.Repeat("x", 255) || !slices.Contains(a.Cut, "name") {
		t.Errorf("name of %d bytes", len(a.Name))
	}
}

func TestSeverityFromOutside(t *testing.T) {
	r := minimal(rule.Scheduled, "gt", 0, "")
	r.AlertDetails.SeverityColumn = "h"
	rows := numbered(1)
	rows.Values[0][0] = "High"
	if a := From(r, hour, rows, Options{Severity: "Informational"}).Alerts[0]; a.Severity != "Informational" {
		t.Errorf("severity %s", a.Severity)
	}
}

func TestSameAgain(t *testing.T) {
	r := minimal(rule.Scheduled, "gt", 0, "AlertPerResult")
	one, two := From(r, hour, numbered(3), Options{}), From(r, hour, numbered(3), Options{})
	later := From(r, Run{At: at("12:00:00")}, numbered(3), Options{})
	for i := range one.Alerts {
		if one.Alerts[i].ID != two.Alerts[i].ID || one.Alerts[i].ID == later.Alerts[i].ID {
			t.Error("ids do not follow from rule, run and row")
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(one.Alerts[0].ID) {
		t.Errorf("%s is not a GUID", one.Alerts[0].ID)
	}
}

func TestRecord(t *testing.T) {
	r := minimal(rule.Scheduled, "gt", 0, "")
	r.Query = "T | where x"
	a := From(r, hour, numbered(2), Options{}).Alerts[0]
	schema, row := Schema(), a.Record()
	if len(schema) != len(row) {
		t.Fatal("columns and values differ in number")
	}
	for name, want := range map[string]string{
		"AlertName": "n", "DisplayName": "n", "AlertType": "r", "AlertSeverity": "Low", "Status": "New", "CompromisedEntity": "h0",
		"TimeGenerated": "2026-01-01T11:05:00.0000000Z", "StartTime": "2026-01-01T10:00:00.0000000Z", "EndTime": "2026-01-01T11:00:00.0000000Z",
		"Entities":           `[{"$id":"1","HostName":"h0","Type":"host"},{"$id":"2","HostName":"h1","Type":"host"}]`,
		"ExtendedProperties": `{"Query Period":"01:00:00","Query Start Time UTC":"2026-01-01 10:00:00Z","Query End Time UTC":"2026-01-01 11:00:00Z","Trigger Operator":"GreaterThan","Trigger Threshold":"0","Query Results Aggregation Kind":"SingleAlert","Search Query Results Overall Count":"2","Analytic Rule Ids":"[\"r\"]","Analytic Rule Name":"n","Query":"set query_now = datetime(2026-01-01T11:00:00.0000000Z);\nT | where x","Custom Details":"{\"H\":[\"h0\",\"h1\"]}"}`,
	} {
		i := schema.Index(name)
		if got := types.DynOf(schema[i].Type, row[i]).Text(); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func TestArrange(t *testing.T) {
	rows := rowsOf(t, `TimeGenerated:datetime a:string n:long
| datetime(2026-01-02) "x" 1
| datetime(null) "z" 1
| datetime(2026-01-01) "b" 2
| datetime(2026-01-01) "b" 1
| datetime(2026-01-01) "a" 9`)
	Arrange(rows)
	got := ""
	for _, r := range rows.Values {
		got += fmt.Sprintf("%v%v ", r[1], r[2])
	}
	if got != "z1 a9 b1 b2 x1 " {
		t.Error(got)
	}
}
