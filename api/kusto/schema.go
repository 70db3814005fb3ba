package kusto

import (
	"encoding/json"

	"quarry/hunt"
	"quarry/kql/types"
)

// The form of ".show schema as json", which editors complete from and Grafana lists.
type (
	clusterSchema struct {
		Plugins   []any
		Databases map[string]databaseSchema
	}
	databaseSchema struct {
		Name               string
		MajorVersion       int
		MinorVersion       int
		DatabaseAccessMode string
		Tables             map[string]table
		ExternalTables     map[string]table
		MaterializedViews  map[string]table
		EntityGroups       map[string][]string
		Graphs             map[string]any // the editor fails without it
		Functions          map[string]function
	}
	table struct {
		Name           string
		Folder         string
		DocString      string
		EntityType     string
		OrderedColumns []column
	}
	column struct {
		Name    string
		Type    string
		CslType string
	}
	function struct {
		Name            string
		Folder          string
		DocString       string
		FunctionKind    string
		Body            string
		InputParameters []parameter
		OutputColumns   []column
	}
	parameter struct {
		Name            string
		Type            string   `json:",omitempty"`
		CslType         string   `json:",omitempty"`
		CslDefaultValue string   `json:",omitempty"`
		Columns         []column `json:",omitempty"`
	}
)

func tableOf(name string, schema types.Schema) table {
	return table{Name: name, EntityType: "Table", OrderedColumns: columnsOf(schema)}
}

func columnsOf(schema types.Schema) []column {
	out := make([]column, len(schema))
	for i, c := range schema {
		out[i] = column{c.Name, c.Type.DotNet(), typeName(c.Type)}
	}
	return out
}

// schemaJSON answers with one cell of JSON under the given column name.
func schemaJSON(cell string) func(*Server, arguments) (*types.Rows, error) {
	return func(s *Server, _ arguments) (*types.Rows, error) {
		text, err := json.Marshal(s.clusterSchema())
		return &types.Rows{Schema: types.Schema{{Name: cell, Type: types.String}}, Values: [][]types.Value{{string(text)}}}, err
	}
}

func (s *Server) clusterSchema() clusterSchema {
	db := databaseSchema{Name: Database, MajorVersion: 1, DatabaseAccessMode: "ReadOnly", Tables: map[string]table{},
		ExternalTables: map[string]table{}, MaterializedViews: map[string]table{}, EntityGroups: map[string][]string{},
		Graphs: map[string]any{}, Functions: map[string]function{}}
	for _, name := range s.Session.Tables() {
		schema, _ := s.Session.Schema(name)
		db.Tables[name] = tableOf(name, schema)
	}
	for name, f := range s.Session.Functions() {
		_, body := hunt.FunctionText(f)
		fn := function{Name: name, FunctionKind: "Unknown", Body: body, InputParameters: []parameter{}, OutputColumns: []column{}}
		for _, p := range f.Lambda.Params {
			out := parameter{Name: p.Name.Text}
			if p.Tabular {
				for _, c := range p.Columns {
					out.Columns = append(out.Columns, column{c.Name.Text, c.Type.DotNet(), typeName(c.Type)})
				}
			} else {
				out.Type, out.CslType = p.Type.DotNet(), typeName(p.Type)
			}
			if p.Default != nil {
				at := p.Default.Pos()
				out.CslDefaultValue = f.Text.Body[at.Start:at.End]
			}
			fn.InputParameters = append(fn.InputParameters, out)
		}
		db.Functions[name] = fn
	}
	return clusterSchema{Plugins: []any{}, Databases: map[string]databaseSchema{Database: db}}
}
