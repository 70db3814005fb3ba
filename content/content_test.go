package content_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"quarry/content"
	"quarry/detect/attack"
	"quarry/detect/rule"
	"quarry/detect/ruletest"
	"quarry/events/schema"
	"quarry/hunt"
)

func pack(t *testing.T) *rule.Pack {
	t.Helper()
	p, err := rule.LoadFS(context.Background(), content.Rules, "content")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range p.Problems {
		t.Error(x.Error())
	}
	return p
}

// TestRulesOnTheEngine runs every test of every rule, as "quarry test" does.
func TestRulesOnTheEngine(t *testing.T) {
	ctx := context.Background()
	known, err := schema.Core()
	if err != nil {
		t.Fatal(err)
	}
	session, err := hunt.Open(ctx, hunt.Config{Resources: &hunt.Resources{Schemas: known}})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	suite, _, err := ruletest.LoadFS(ctx, content.Rules, "content")
	if err != nil {
		t.Fatal(err)
	}
	report, err := ruletest.Run(ctx, suite, ruletest.Options{Session: session, Schemas: known})
	if err != nil {
		t.Fatal(err)
	}
	if report.Count(ruletest.Passed) != report.Tests() {
		var b strings.Builder
		if err := ruletest.WriteText(&b, report, suite, ruletest.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Error("\n" + b.String())
	}
	for _, r := range report.Rules {
		if r.Fires == 0 || r.NearMisses == 0 {
			t.Errorf("%s: a rule needs a test that fires and a near miss, this one has %d and %d", r.File, r.Fires, r.NearMisses)
		}
	}
}

var technique = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

// TestMetadata holds the starter rules to the standard of Sentinel's repository.
func TestMetadata(t *testing.T) {
	known, err := schema.Core()
	if err != nil {
		t.Fatal(err)
	}
	p := pack(t)
	if len(p.Rules) < 28 {
		t.Errorf("%d rules", len(p.Rules))
	}
	names := map[string]bool{}
	knobs := map[string]string{}
	for _, r := range p.Rules {
		fail := func(what string) { t.Helper(); t.Errorf("%s: %s", r.File, what) }
		if names[r.Name] {
			fail("the name is used twice")
		}
		names[r.Name] = true
		if r.Kind != rule.Scheduled || r.Trigger == nil || r.Trigger.Symbol() != ">" {
			fail("not a scheduled rule that fires on rows")
		}
		if n := len([]rune(r.Name)); n > 50 || strings.HasSuffix(r.Name, ".") {
			fail("names have at most 50 characters and no final period")
		}
		if !strings.HasPrefix(r.Description, "Identifies") || len(r.Description) > 700 {
			fail("a description starts with Identifies, is short, and tells what else looks the same")
		}
		frequency, err1 := rule.ParseDuration(r.QueryFrequency)
		period, err2 := rule.ParseDuration(r.QueryPeriod)
		if err1 != nil || err2 != nil || period < frequency {
			fail("the period must cover the frequency")
		}
		switch r.Severity {
		case "Informational", "Low", "Medium", "High":
		default:
			fail("severity " + r.Severity)
		}
		if len(r.Tactics) == 0 || len(r.Techniques) == 0 || len(r.EntityMappings) == 0 {
			fail("tactics, techniques and entity mappings are required")
		}
		for _, x := range r.Tactics {
			if name, ok := attack.TacticName(x); !ok || name != x {
				fail("unknown tactic " + x)
			}
		}
		for _, x := range r.Techniques {
			if !technique.MatchString(x) {
				fail("not a technique: " + x)
			}
		}
		for _, k := range r.Knobs() {
			// --set reaches every rule that has the name.
			if old, ok := knobs[k.Name]; ok && old != k.Value {
				fail("the setting " + k.Name + " means something else in another rule")
			}
			knobs[k.Name] = k.Value
		}
		for _, d := range r.DataTypes() {
			if _, ok := known.Table(d); !ok {
				fail("unknown table " + d)
			}
			if !strings.Contains(r.Query, d) {
				fail("the query does not read " + d)
			}
		}
	}
}

// TestEntityColumns checks that mapped columns are columns of the result.
func TestEntityColumns(t *testing.T) {
	ctx := context.Background()
	known, err := schema.Core()
	if err != nil {
		t.Fatal(err)
	}
	session, err := hunt.Open(ctx, hunt.Config{Resources: &hunt.Resources{Schemas: known}})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, r := range pack(t).Rules {
		rows, err := session.Run(ctx, r.Text())
		if err != nil {
			t.Errorf("%s: %v", r.File, err)
			continue
		}
		for _, e := range r.EntityMappings {
			for _, f := range e.Fields {
				if rows.Schema.Index(f.Column) < 0 {
					t.Errorf("%s: the entity %s maps %s, which the query does not return", r.File, e.EntityType, f.Column)
				}
			}
		}
		if rows.Schema.Index("Timestamp") < 0 {
			t.Errorf("%s: no Timestamp in the result", r.File)
		}
	}
}
