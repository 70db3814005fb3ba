package rule

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/types"
)

func TestKnobs(t *testing.T) {
	r := &Rule{Name: "r", File: "r.yaml", lineBase: 10, indent: 2,
		Query: "let ToleranceInSeconds = 5;\nlet Window = 1h;\nlet Device = \"*\";\nlet f = (x:long) { x };\nT\n| where x == ToleranceInSeconds\n"}
	want := []Knob{{"ToleranceInSeconds", types.Long, "5"}, {"Window", types.Timespan, "1h"}, {"Device", types.String, `"*"`}}
	if diff := cmp.Diff(want, r.Knobs()); diff != "" {
		t.Error(diff)
	}
	text, err := r.WithSettings(map[string]string{"ToleranceInSeconds": "30", "Device": "WS01"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text.Body, "let ToleranceInSeconds = 30;\nlet Window = 1h;\nlet Device = \"WS01\";\n") {
		t.Error(text.Body)
	}
	if line, col := text.Position(strings.Index(text.Body, "where")); line != 16 || col != 5 {
		t.Errorf("position %d:%d", line, col)
	}
	for set, want := range map[[2]string]string{
		{"ToleranceInSeconds", "abc"}: "ToleranceInSeconds is a long, and abc is none",
		{"ToleranceInSecond", "5"}:    `no rule has a setting "ToleranceInSecond", did you mean "ToleranceInSeconds"?`,
		{"Zebra", "5"}:                `no rule has a setting "Zebra"; there are ToleranceInSeconds, Window, Device`,
	} {
		if _, err := r.WithSettings(map[string]string{set[0]: set[1]}); err == nil || err.Error() != want {
			t.Errorf("%v: %v", set, err)
		}
	}
	if _, err := r.WithOwnSettings(map[string]string{"Zebra": "5"}); err != nil {
		t.Error(err)
	}
	if err := CheckSettings([]*Rule{r}, map[string]string{"Zebra": "5", "Window": "2h"}); err == nil {
		t.Error("Zebra is unknown")
	}
}
