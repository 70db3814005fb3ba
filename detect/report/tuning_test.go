package report

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"quarry/detect"
	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/kql/types"
)

// TestTunedIsTold: every format tells what was hidden and changed.
func TestTunedIsTold(t *testing.T) {
	const who = ", owner: soc, reason: being <b>rewritten</b>, expires: 2030-01-01}"
	set, err := tuning.Read("t.yaml", []byte("exclusions: [{name: mute, rules: loud"+who+"]\nseverities: [{rules: meek, severity: low"+who+"]"))
	if err != nil {
		t.Fatal(err)
	}
	rows := &types.Rows{Schema: types.Schema{{Name: "n", Type: types.Long}}, Values: [][]types.Value{{int64(1)}, {int64(2)}}}
	rules := []*rule.Rule{{ID: "loud", Name: "loud", Severity: "High", Query: "T // loud"}, {ID: "meek", Name: "meek", Severity: "High", Query: "T // 'meek'"}}
	for _, r := range rules {
		r.Query = "T | where x == \"" + r.Name + "\""
	}
	res, err := detect.Hunt(context.Background(), rules, detect.Each(answers{"loud": rows, "meek": rows}.Run), detect.Options{Tuning: set.At(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	res.Summary.NotApplied = []string{"t.yaml:9: the exclusion \"old\" expired"}
	for format, wants := range map[string][]string{
		"table": {"Low*", "Hidden by exclusions\n  mute: 2 rows (soc: being <b>rewritten</b>)", "meek: Low in place of High", "t.yaml:9: the exclusion \"old\" expired"},
		"json":  {`"severityWas": "High"`, `"exclusion": "mute"`, `"rows": 2`, "expired"},
		"csv":   {"meek,meek,Low (High)"},
		"html":  {"mute: 2 rows (soc: being &lt;b&gt;rewritten&lt;/b&gt;)", "severity in the file: High", "meek: Low in place of High", "expired"},
	} {
		var b bytes.Buffer
		if err := Write(&b, format, res, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s does not say %q:\n%s", format, want, b.String())
			}
		}
		if format != "json" {
			continue
		}
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", "hunt.schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Error(err)
		}
	}
}
