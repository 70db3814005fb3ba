package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"quarry/detect"
	"quarry/kql/types"
)

// TestJSONByRule: written a rule at a time, the text is that of the whole.
func TestJSONByRule(t *testing.T) {
	row := detect.Row{Values: []types.Value{"a<b", int64(1)}, Types: []types.Type{types.String, types.Long}}
	rule := &detect.RuleResult{ID: "r", Columns: []string{"s", "n"}, Types: []string{"string", "long"}, Rows: []detect.Row{row, row}}
	for _, rules := range [][]*detect.RuleResult{{}, {rule}, {rule, {ID: "x", Rows: []detect.Row{}}}} {
		r := &detect.Result{Rules: rules, Summary: detect.Summary{Rules: len(rules), TablesMissing: []string{}}}
		var want, got bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
		if err := JSON(&got, r); err != nil || got.String() != want.String() {
			t.Errorf("%v\n%s\nwant\n%s", err, got.String(), want.String())
		}
	}
}
