package content_test

import (
	"context"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"quarry/content"
	"quarry/detect"
	"quarry/detect/attack"
	"quarry/detect/rule"
	"quarry/detect/ruletest"
	"quarry/events/schema"
	"quarry/hunt"
	"quarry/kql/source"
	"quarry/kql/types"
)

// bench runs cases on the embedded engine.
type bench struct {
	session *hunt.Session
	known   *schema.Set
}

func (b *bench) Schema(name string) (types.Schema, bool) { return b.known.Table(name) }

func (b *bench) Load(ctx context.Context, tables map[string]*types.Rows) error {
	store := b.session.Store()
	for _, t := range store.Tables() {
		if err := store.Drop(ctx, t.Name); err != nil {
			return err
		}
	}
	for name, rows := range tables {
		if _, err := store.CreateTable(ctx, name, rows.Schema); err != nil {
			return err
		}
		a, err := store.Appender(ctx, name)
		if err != nil {
			return err
		}
		for _, v := range rows.Values {
			if err := a.Append(v); err != nil {
				return err
			}
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) Runner(now time.Time) detect.Runner { return runner{b.session, now} }

type runner struct {
	session *hunt.Session
	now     time.Time
}

func (r runner) Run(ctx context.Context, text *source.Text) (*types.Rows, error) {
	rows, _, err := r.session.All(ctx, hunt.Request{Text: text, Now: r.now}, 0)
	return rows, err
}

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

// TestRulesOnTheEngine runs every case of every rule.
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
	b := &bench{session, known}
	for _, r := range pack(t).Rules {
		name := path.Base(r.File)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			side := ruletest.Sidecar(name)
			data, err := fs.ReadFile(content.Rules, "rules/"+side)
			if err != nil {
				t.Fatal("the rule has no tests: ", err)
			}
			cases, err := ruletest.Read(side, data)
			if err != nil {
				t.Fatal(err)
			}
			fires, quiet := 0, 0
			for _, c := range cases {
				if c.Expect == "fires" {
					fires++
				} else {
					quiet++
				}
				if err := c.Run(ctx, r, b); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
			if fires == 0 || quiet == 0 {
				t.Errorf("a rule needs a case that fires and a near miss, this one has %d and %d", fires, quiet)
			}
		})
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
