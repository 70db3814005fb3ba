package kql

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"quarry/internal/kqt"
	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// TestErrorPositions pins where errors are said, and that every code of the binder has
// a case.
func TestErrorPositions(t *testing.T) {
	cases, err := kqt.Load("../testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	c := compilers(t)[0]
	covered := map[diag.Code]bool{}
	for _, k := range cases {
		if filepath.Base(k.File) != "errors.kqt" {
			continue // what depends on data is run by package hunt
		}
		t.Run(k.Name, func(t *testing.T) {
			cat := &schemaCatalog{tables: map[string]*bind.Table{}}
			for _, g := range k.Given {
				cat.tables[g.Name] = &bind.Table{Name: g.Name, Columns: g.Rows.Schema}
				cat.names = append(cat.names, g.Name)
			}
			_, err := c.Compile(source.New("", k.KQL, 0), cat, bind.Options{Now: types.UnixEpoch})
			var list *diag.List
			if !errors.As(err, &list) {
				t.Fatalf("%s:%d: no error, but %v", k.File, k.Line, err)
			}
			d := list.Items[0]
			line, col := list.Text.Position(d.Span.Start)
			if got := fmt.Sprintf("%s %d:%d", d.Code, line, col); got != k.Diag {
				t.Errorf("%s:%d: %s, want %s\n%s", k.File, k.Line, got, k.Diag, list.Caret())
			}
			covered[d.Code] = true
		})
	}
	for _, info := range bind.Codes() {
		if !covered[info.Code] && !dependsOnData[info.Code] {
			t.Errorf("no case has %s (%s)", info.Code, info.Title)
		}
	}
}

// dependsOnData are the codes that no text alone can have.
var dependsOnData = map[diag.Code]bool{
	"KQ209": true, // the value of a request's parameter
	"KQ304": true, // conversions that the signatures catch first
	"KQ312": true, // choices that the parser checks first
	"KQ402": true, // columns read from data
	"KQ403": true, // of SQL generation
}
