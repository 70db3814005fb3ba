package coverage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var claims = []Claim{
	{Rule: "one of two tactics", Tactics: []string{"Persistence", "Lateral movement"}, Techniques: []string{"T1053", "T1053"}, Rows: map[string]int{"T1053": 4}},
	{Rule: "none of its tactics", Tactics: []string{"Impact"}, Techniques: []string{"T1053"}, Rows: map[string]int{"T1053": 2}},
	{Rule: "retired and new", Tactics: []string{"Execution", "execution"}, Techniques: []string{"T1086", "t1059.001"}, Rows: map[string]int{"T1086": 1, "T1059.001": 1}},
	{Rule: "odd", Tactics: []string{"PreAttack", "Nonsense"}, Techniques: []string{"T1595", "T9999", "T0855"}, Rows: map[string]int{"T1595": 1}},
	{Rule: "no technique", Tactics: []string{"Impact"}},
}

func TestOf(t *testing.T) {
	c := Of(claims)
	var cells, tactics []string
	for _, x := range c.Cells {
		cells = append(cells, fmt.Sprintf("%s %s %d rules %d rows", x.Tactic.Short, x.Technique.ID, len(x.Rules), x.Rows))
	}
	for _, x := range c.Tactics {
		if x.Rules > 0 || x.Techniques > 0 {
			tactics = append(tactics, fmt.Sprintf("%s %d rules %d techniques", x.Name, x.Rules, x.Techniques))
		}
	}
	if diff := cmp.Diff([]string{
		"reconnaissance T1595 1 rules 1 rows",
		"execution T1053 1 rules 2 rows",
		"execution T1059.001 1 rules 2 rows",
		"persistence T1053 2 rules 6 rows",
		"privilege-escalation T1053 1 rules 2 rows",
	}, cells); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"Reconnaissance 0 rules 1 techniques", "Execution 1 rules 2 techniques", "Persistence 1 rules 1 techniques", "PrivilegeEscalation 0 rules 1 techniques",
		"LateralMovement 1 rules 0 techniques", "Impact 2 rules 0 techniques", "PreAttack 1 rules 0 techniques",
	}, tactics); diff != "" {
		t.Error(diff)
	}
	if len(c.Tactics) != 15 || c.Tactics[0].Known < 10 || c.Rules != 5 || c.Without != 1 {
		t.Errorf("%d tactics, %d rules, %d without", len(c.Tactics), c.Rules, c.Without)
	}
	if got := strings.Join(append(c.Unplaced, c.Renamed...), ", "); got != "T0855, T9999, T1086 (now T1059.001)" {
		t.Error(got)
	}
}

func TestLayerFollowsItsFormat(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "layer-4.5.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, claims := range [][]Claim{claims, nil} {
		l := Of(claims).Layer("Rules", "What they say.", 0)
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Error(err)
		}
		if l.Gradient.MaxValue <= l.Gradient.MinValue {
			t.Errorf("the gradient is from %d to %d", l.Gradient.MinValue, l.Gradient.MaxValue)
		}
	}
	if err := schema.Validate(map[string]any{"name": "x", "domain": "enterprise-attack", "techniques": []any{map[string]any{"techniqueID": "T1", "tactic": "Impact"}}}); err == nil {
		t.Error("the schema takes anything")
	}
	var many []Claim
	for i := range 30 {
		many = append(many, Claim{Rule: fmt.Sprint("r", i), Tactics: []string{"Impact"}, Techniques: []string{"T1485"}})
	}
	x := Of(many).Layer("", "", 40)
	if s := x.Techniques[0]; s.Score != 30 || !strings.HasSuffix(s.Comment, "; r19; and 10 more") || x.Gradient.MaxValue != 40 {
		t.Errorf("%+v, up to %d", s, x.Gradient.MaxValue)
	}
}
