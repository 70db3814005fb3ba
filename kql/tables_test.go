package kql

import (
	"strings"
	"testing"

	"quarry/kql/bind"
	"quarry/kql/source"
	"quarry/kql/types"
)

// What a query reads is what it uses, rows or no rows.
func TestTables(t *testing.T) {
	c, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	cat := &schemaCatalog{tables: map[string]*bind.Table{}}
	for _, name := range []string{"A", "B", "C", "Empty1", "Empty2"} {
		cat.tables[name] = &bind.Table{Name: name, Columns: types.Schema{{Name: "n", Type: types.Long}}}
		if !strings.HasPrefix(name, "Empty") {
			cat.tables[name].Physical, cat.tables[name].Source = "t", []string{"n"}
		}
		cat.names = append(cat.names, name)
	}
	for query, want := range map[string]string{
		"A | where n > 1":                            "A",
		"A | join Empty1 on n":                       "A Empty1",
		"union A, Empty1":                            "A Empty1",
		"union isfuzzy=true A, Nowhere":              "A",
		"union isfuzzy=true A, (B | where m == 1)":   "A",
		"union isfuzzy=true A, (B | where n == 1)":   "A B",
		"let unused = B; A":                          "A",
		"let a = A; let b = a; b":                    "A",
		"let x = toscalar(B | count); A":             "A",
		"let x = toscalar(B | count); A | where n>x": "A B",
		"let x = (y:long) { C }; A | where n == 1":   "A",
		"let x = () { C }; A | where n in (x())":     "A C",
		"A | where n in (B) | where n !in (Empty2)":  "A B Empty2",
		"union *":            "A B C",
		`search "5"`:         "A B C",
		"union Empty*":       "Empty*",
		"table('B') | count": "B",
		"print 1":            "",
		"A | as x; B":        "A B",
		"A | fork (where n > 1) (where n in (Empty1))": "A Empty1",
	} {
		compiled, err := c.Compile(source.New("", query, 0), cat, bind.Options{Now: types.UnixEpoch})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := strings.Join(compiled.Results[0].Root.Tables, " "); got != want {
			t.Errorf("%s reads %q, want %q", query, got, want)
		}
	}
}
