package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"quarry/detect"
	"quarry/kql/types"
)

// TestJSONByRule: written a rule at a time, the JSON is that of the whole, a row a line.
func TestJSONByRule(t *testing.T) {
	kinds := []types.Type{types.String, types.Long, types.Dynamic}
	row := detect.Row{Values: []types.Value{"a<b", int64(1), `{"a": [1, 2]}`}, Types: kinds}
	odd := detect.Row{Values: []types.Value{"\"\\\n\u2028é\xff\x7f", nil, nil}, Types: kinds}
	rule := &detect.RuleResult{ID: "r", Query: "x\n      \"rows\": null", Columns: []string{"s", "n", "d"}, Types: []string{"string", "long", "dynamic"}, Rows: []detect.Row{row, odd}}
	for _, rules := range [][]*detect.RuleResult{{}, {rule}, {rule, {ID: "x", Rows: []detect.Row{}}, {ID: "y"}}} {
		r := &detect.Result{Rules: rules, Summary: detect.Summary{Rules: len(rules), TablesMissing: []string{}}}
		var want, got bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
		err := JSON(&got, r)
		var flatGot, flatWant bytes.Buffer
		if err := errors.Join(err, json.Compact(&flatGot, got.Bytes()), json.Compact(&flatWant, want.Bytes())); err != nil || flatGot.String() != flatWant.String() {
			t.Errorf("%v\n%s\nwant\n%s", err, got.String(), want.String())
		}
		if len(rules) > 0 && !strings.Contains(got.String(), "\n        [\"a<b\",1,{\"a\": [1, 2]}],\n") {
			t.Errorf("a row is not a line\n%s", got.String())
		}
	}
}
