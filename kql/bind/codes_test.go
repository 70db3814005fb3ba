package bind_test

import (
	"errors"
	"os"
	"regexp"
	"testing"

	"quarry/kql/bind"
	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// codesCatalog has the table that the examples of Codes speak of, and nothing else.
type codesCatalog struct{}

func (codesCatalog) Table(name string) (*bind.Table, bool) {
	if name != "T" {
		return nil, false
	}
	return &bind.Table{Name: "T", Columns: types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "Account", Type: types.String},
		{Name: "Count", Type: types.Long}, {Name: "Details", Type: types.Dynamic}}}, true
}
func (codesCatalog) TableNames() []string                   { return []string{"T"} }
func (codesCatalog) Function(string) (*bind.Function, bool) { return nil, false }
func (codesCatalog) Watchlist(string) (*bind.Table, bool)   { return nil, false }
func (codesCatalog) External([]string, types.Schema, map[string]string) (*bind.Table, error) {
	return nil, errors.New("no external data")
}
func (codesCatalog) Rows(*plan.Root) (*types.Rows, error) { return nil, errors.New("no data") }

// TestCodes holds the table of codes to the messages: every code is explained, and
// every example has the error it is for.
func TestCodes(t *testing.T) {
	table, err := builtin.New()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, c := range bind.Codes() {
		explained[string(c.Code)] = true
		if c.Title == "" || c.Explain == "" {
			t.Errorf("%s is not explained", c.Code)
		}
		if c.Example == "" {
			continue
		}
		q := source.New("", c.Example, 1)
		script, errs := syntax.Parse(q)
		if errs != nil {
			t.Errorf("%s: %v", c.Code, errs)
			continue
		}
		_, list := bind.Bind(q, script, table, codesCatalog{}, bind.Options{})
		if list == nil || list.Items[0].Code != c.Code {
			t.Errorf("%s: %q gives %v", c.Code, c.Example, list)
		}
	}
	for _, m := range regexp.MustCompile(`"(KQ\d+)"`).FindAllSubmatch(text, -1) {
		if !explained[string(m[1])] {
			t.Errorf("%s is not in Codes", m[1])
		}
	}
}
