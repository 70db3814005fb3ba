package kusto

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/types"
)

// commands are tried in order. What a client may not change here has no command.
var commands = []struct {
	pattern string
	run     func(*Server, arguments) (*types.Rows, error)
}{
	{".show databases schema as json", schemaJSON("ClusterSchema")},
	{".show databases NAMES schema as json", schemaJSON("ClusterSchema")},
	{".show databases schema", (*Server).showDatabasesSchema},
	{".show databases entities WITH?", (*Server).showEntities},
	{".show databases NAMES?", (*Server).showDatabases},
	{".show cluster databases", (*Server).showDatabases},
	{".show database schema as json", schemaJSON("DatabaseSchema")},
	{".show database NAME schema as json", schemaJSON("DatabaseSchema")},
	{".show schema as json", schemaJSON("ClusterSchema")},
	{".show database schema", (*Server).showDatabasesSchema},
	{".show database NAME schema", (*Server).showDatabasesSchema},
	{".show database NAME?", (*Server).showDatabases},
	{".show schema", (*Server).showDatabasesSchema},
	{".show tables NAMES?", (*Server).showTables},
	{".show table NAME cslschema", (*Server).showTableCSL},
	{".show table NAME schema as csl", (*Server).showTableCSL},
	{".show table NAME schema as json", (*Server).showTableJSON},
	{".show functions", (*Server).showFunctions},
	{".show function NAME schema as json", (*Server).showFunctions},
	{".show function NAME", (*Server).showFunctions},
	{".show materialized-views", empty("Name:string, SourceTable:string, Query:string, MaterializedTo:datetime, LastRun:datetime, LastRunResult:string, IsHealthy:bool, IsEnabled:bool, Folder:string, DocString:string")},
	{".show external tables", empty("TableName:string, TableType:string, Folder:string, DocString:string, Properties:string, ConnectionStrings:dynamic, Partitions:dynamic, PathFormat:string")},
	{".show version", (*Server).showVersion},
	{".show cluster", (*Server).showCluster},
	{".show running queries", func(s *Server, _ arguments) (*types.Rows, error) { return s.running.rows(), nil }},
	{".show queries", func(s *Server, _ arguments) (*types.Rows, error) { return s.running.rows(), nil }},
	{".show operations", empty("OperationId:guid, Operation:string, NodeId:string, StartedOn:datetime, LastUpdatedOn:datetime, Duration:timespan, State:string, Status:string, RootActivityId:guid, ShouldRetry:bool, Database:string, Principal:string, User:string, AdminEpochStartTime:datetime")},
	{".show principal roles", empty("Scope:string, DisplayName:string, AADObjectID:string, Role:string")},
	{".cancel query NAME WITH?", (*Server).cancelQuery},
}

func columns(text string) types.Schema {
	var out types.Schema
	for item := range strings.SplitSeq(text, ",") {
		name, typ, _ := strings.Cut(strings.TrimSpace(item), ":")
		t, _ := types.Parse(typ)
		out = append(out, types.Column{Name: name, Type: t})
	}
	return out
}

func empty(schema string) func(*Server, arguments) (*types.Rows, error) {
	return func(*Server, arguments) (*types.Rows, error) { return &types.Rows{Schema: columns(schema)}, nil }
}

// null is a string cell that is null in the answer, which no KQL string is.
var null types.Value = nullText{}

type nullText struct{}

// databaseID is the same in all answers; clients compare it, no more.
const databaseID = "7a1f5f5e-6a53-4d0c-9d0b-3c1f0e9f2a11"

func (s *Server) showDatabases(arguments) (*types.Rows, error) {
	return &types.Rows{
		Schema: columns("DatabaseName:string, PersistentStorage:string, Version:string, IsCurrent:bool, DatabaseAccessMode:string, PrettyName:string, ReservedSlot1:bool, DatabaseId:guid, InTransitionTo:string, SuspensionState:string"),
		Values: [][]types.Value{{Database, "", "v1.0", true, "ReadOnly", "", nil, databaseID, "", ""}},
	}, nil
}

// showDatabasesSchema has a row for the database, for each table and for each column.
// Its empty cells must be null: msticpy takes "" for a name.
func (s *Server) showDatabasesSchema(arguments) (*types.Rows, error) {
	out := &types.Rows{Schema: columns("DatabaseName:string, TableName:string, ColumnName:string, ColumnType:string, IsDefaultTable:bool, IsDefaultColumn:bool, PrettyName:string, Version:string")}
	add := func(table, column, typ types.Value, version string) {
		out.Values = append(out.Values, []types.Value{Database, table, column, typ, false, false, null, version})
	}
	add(null, null, null, "v1.0")
	for _, name := range s.Session.Tables() {
		add(name, null, null, "")
		schema, _ := s.Session.Schema(name)
		for _, c := range schema {
			add(name, c.Name, c.Type.DotNet(), "")
		}
	}
	return out, nil
}

func (s *Server) showTables(a arguments) (*types.Rows, error) {
	out := &types.Rows{Schema: columns("TableName:string, DatabaseName:string, Folder:string, DocString:string")}
	for _, name := range s.Session.Tables() {
		if a.names == nil || slices.Contains(a.names, name) {
			out.Values = append(out.Values, []types.Value{name, Database, "", ""})
		}
	}
	return out, nil
}

var tableSchema = columns("TableName:string, Schema:string, DatabaseName:string, Folder:string, DocString:string")

func (s *Server) showTableCSL(a arguments) (*types.Rows, error) {
	schema, err := s.schema(a.name)
	if err != nil {
		return nil, err
	}
	text := make([]string, len(schema))
	for i, c := range schema {
		text[i] = bracketed(c.Name) + ":" + typeName(c.Type)
	}
	return &types.Rows{Schema: tableSchema, Values: [][]types.Value{{a.name, strings.Join(text, ","), Database, "", ""}}}, nil
}

// bracketed writes a name as KQL has it: a plain identifier bare.
func bracketed(name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			text, _ := json.Marshal(name)
			return "[" + string(text) + "]"
		}
	}
	return name
}

func (s *Server) showTableJSON(a arguments) (*types.Rows, error) {
	schema, err := s.schema(a.name)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(tableOf(a.name, schema))
	return &types.Rows{Schema: tableSchema, Values: [][]types.Value{{a.name, string(text), Database, "", ""}}}, err
}

func (s *Server) schema(table string) (types.Schema, error) {
	schema, ok := s.Session.Schema(table)
	if !ok {
		message := fmt.Sprintf("the table %q does not exist", table)
		if near := diag.Nearest(table, s.Session.Tables()); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		f := badRequest(message)
		f.code, f.kind = "BadRequest_EntityNotFound", "EntityNotFoundException"
		return nil, f
	}
	return schema, nil
}

// functions are the saved functions by name; with a name given only that one.
func (s *Server) functions(name string) ([]*bind.Function, error) {
	saved := s.Session.Functions()
	var out []*bind.Function
	for n, f := range saved {
		if name == "" || n == name {
			out = append(out, f)
		}
	}
	if name != "" && out == nil {
		f := badRequest(fmt.Sprintf("the function %q does not exist", name))
		f.code, f.kind = "BadRequest_EntityNotFound", "EntityNotFoundException"
		return nil, f
	}
	slices.SortFunc(out, func(a, b *bind.Function) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (s *Server) showFunctions(a arguments) (*types.Rows, error) {
	functions, err := s.functions(a.name)
	if err != nil {
		return nil, err
	}
	out := &types.Rows{Schema: columns("Name:string, Parameters:string, Body:string, Folder:string, DocString:string")}
	for _, f := range functions {
		params, body := hunt.FunctionText(f)
		out.Values = append(out.Values, []types.Value{f.Name, params, body, "", ""})
	}
	return out, nil
}

func (s *Server) showEntities(arguments) (*types.Rows, error) {
	out := &types.Rows{Schema: columns("DatabaseName:string, EntityType:string, EntityName:string, DocString:string, Folder:string, CslInputSchema:string, Content:string, CslOutputSchema:string, Properties:dynamic")}
	for _, name := range s.Session.Tables() {
		schema, _ := s.Session.Schema(name)
		out.Values = append(out.Values, []types.Value{Database, "Table", name, "", "", "", "", schema.String(), nil})
	}
	functions, _ := s.functions("")
	for _, f := range functions {
		params, body := hunt.FunctionText(f)
		out.Values = append(out.Values, []types.Value{Database, "Function", f.Name, "", "", params, body, "", nil})
	}
	return out, nil
}

func (s *Server) showVersion(arguments) (*types.Rows, error) {
	return &types.Rows{
		Schema: columns("BuildVersion:string, BuildTime:datetime, ServiceType:string, ProductVersion:string, ServiceOffering:string"),
		// Tools look for the text of ServiceOffering.
		Values: [][]types.Value{{s.Version, types.FromTime(s.started), "Engine", "Quarry " + s.Version, `{"Type":"Azure Data Explorer"}`}},
	}, nil
}

func (s *Server) showCluster(arguments) (*types.Rows, error) {
	host, _ := os.Hostname()
	limit := s.Session.Store().DB().MemoryLimit()
	return &types.Rows{
		Schema: columns("NodeId:string, Address:string, Name:string, StartTime:datetime, IsAdmin:bool, MachineTotalMemory:long, MachineAvailableMemory:long, ProcessorCount:int, EnvironmentDescription:string"),
		Values: [][]types.Value{{"Quarry", host, "Quarry", types.FromTime(s.started), true, limit, limit, int64(runtime.NumCPU()), runtime.GOOS + "/" + runtime.GOARCH}},
	}, nil
}

// cancelQuery ends a query by its client request id.
func (s *Server) cancelQuery(a arguments) (*types.Rows, error) {
	if s.running.cancel(a.name) == 0 {
		f := badRequest(fmt.Sprintf("no running query has the client request id %q; .show running queries lists them", a.name))
		f.code, f.kind = "BadRequest_EntityNotFound", "EntityNotFoundException"
		return nil, f
	}
	out := s.running.rows()
	out.Values = slices.DeleteFunc(out.Values, func(row []types.Value) bool { return row[0] != a.name && row[7] != a.name })
	return out, nil
}
