package detect

import (
	"context"
	"strings"
	"testing"
	"time"

	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/hunt"
	"quarry/kql/source"
	"quarry/kql/types"
)

type given struct{ rows *types.Rows }

func (g given) Run(context.Context, *source.Text) (*types.Rows, error) { return g.rows, nil }

// TestTuning: what is hidden is no hit, and is counted; of a rule that has an exclusion
// which does not fit, nothing is hidden.
func TestTuning(t *testing.T) {
	ctx := context.Background()
	s, err := hunt.Open(ctx, hunt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const who = ", owner: o, reason: r, expires: 2030-01-01}"
	set, err := tuning.Read("t.yaml", []byte("exclusions:\n"+
		"  - {name: few, rules: some, where: n < 2"+who+"\n"+
		"  - {name: all, rules: [every, muted], where: n >= 0"+who+"\n"+
		"  - {name: mute, rules: muted"+who+"\n"+
		"  - {name: bad, rules: odd, where: m == 1"+who+"\n"+
		"severities:\n  - {rules: some, severity: low"+who+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows := &types.Rows{Schema: types.Schema{{Name: "n", Type: types.Long}}, Values: [][]types.Value{{int64(1)}, {int64(2)}, {int64(3)}}}
	var rules []*rule.Rule
	for _, name := range []string{"some", "every", "muted", "odd"} {
		rules = append(rules, &rule.Rule{ID: name, Name: name, Kind: rule.Hunting, Severity: "High", Query: "T"})
	}
	res, err := Hunt(ctx, rules, Each(given{rows}.Run), Options{Tuning: set.At(time.Now()), Predicates: s, Tables: map[string]int64{}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		status   Status
		hits     int64
		hidden   int64
		severity string
		text     string
	}{{Fired, 2, 1, "Low was High", ""}, {Quiet, 0, 3, "High was ", "all 3 rows are hidden"}, {Quiet, 0, 3, "High was ", "all 3 rows are hidden"}, {Fired, 3, 0, "High was ", `unknown column "m"`}} {
		r := res.Rules[i]
		text := r.Reason + strings.Join(r.TuningProblems, "")
		if r.Status != want.status || r.Hits != want.hits || r.HiddenRows() != want.hidden || r.Severity+" was "+r.SeverityWas != want.severity || !strings.Contains(text, want.text) || want.text == "" && text != "" {
			t.Errorf("%s: %s, %d hits, %d hidden, %s was %s: %s", r.Name, r.Status, r.Hits, r.HiddenRows(), r.Severity, r.SeverityWas, text)
		}
	}
	if len(res.Summary.Hidden) != 2 || res.Summary.Hidden[1].Rows != 6 {
		t.Errorf("%+v", res.Summary.Hidden)
	}
}
