package kusto

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"quarry/kql/types"
)

// v1 writes {"Tables":[...]}. A command's answer is its one table. A query's is full:
// its tables, then their properties, the status, and last a table of contents, by
// which clients tell them apart. Never are there two tables, which clients take for a
// result and its properties.
type v1 struct {
	encoder
	call   *call
	full   bool
	charts []string
	n      int // tables written
	rows   int // of the current table
	schema types.Schema
	text   []string // what failed
}

func (v *v1) error() error { return v.err }

func (v *v1) begin(charts []string) {
	v.charts = charts
	v.raw(`{"Tables":[`)
}

func (v *v1) table(schema types.Schema) {
	if v.n > 0 {
		v.raw(",\n")
	}
	v.raw(fmt.Sprintf(`{"TableName":"Table_%d",`, v.n))
	v.columnList(schema, true)
	v.raw(`,"Rows":[`)
	v.n++
	v.rows, v.schema = 0, schema
}

func (v *v1) row(row []types.Value) {
	if v.rows > 0 {
		v.raw(",\n")
	}
	v.rows++
	v.encoder.row(v.schema, row)
}

func (v *v1) endTable(failed *failure) {
	if failed != nil {
		v.text = []string{failed.message}
		if v.rows > 0 {
			v.raw(",\n")
		}
		v.raw(`{"Exceptions":`)
		v.json(v.text)
		v.raw("}")
	}
	v.raw("]}")
}

func (v *v1) end(failed *failure) {
	if failed != nil && v.text == nil {
		v.text = []string{failed.message}
	}
	if v.full {
		v.contents()
	}
	v.raw("]")
	// Kqlmagic takes the mere presence of the key for a failure.
	if v.text != nil {
		v.raw(`,"Exceptions":`)
		v.json(v.text)
	}
	v.raw("}\n")
	v.send()
}

var (
	propertiesV1 = types.Schema{{Name: "Value", Type: types.String}}
	statusV1     = types.Schema{
		{Name: "Timestamp", Type: types.Datetime}, {Name: "Severity", Type: types.Int}, {Name: "SeverityName", Type: types.String},
		{Name: "StatusCode", Type: types.Int}, {Name: "StatusDescription", Type: types.String}, {Name: "Count", Type: types.Int},
		{Name: "RequestId", Type: types.Guid}, {Name: "ActivityId", Type: types.Guid}, {Name: "SubActivityId", Type: types.Guid},
		{Name: "ClientActivityId", Type: types.String},
	}
	contentsV1 = types.Schema{
		{Name: "Ordinal", Type: types.Long}, {Name: "Kind", Type: types.String}, {Name: "Name", Type: types.String},
		{Name: "Id", Type: types.String}, {Name: "PrettyName", Type: types.String},
	}
)

const noID = "00000000-0000-0000-0000-000000000000"

// contents writes the tables that come after the results.
func (v *v1) contents() {
	results := v.n
	toc := &types.Rows{Schema: contentsV1}
	entry := func(kind, name, id string) {
		toc.Values = append(toc.Values, []types.Value{int64(len(toc.Values)), kind, name, id, ""})
	}
	for range results {
		entry("QueryResult", "PrimaryResult", uuid.NewString())
	}
	properties := &types.Rows{Schema: propertiesV1}
	for _, c := range v.charts {
		properties.Values = append(properties.Values, []types.Value{c})
	}
	entry("QueryProperties", "@ExtendedProperties", uuid.NewString())
	status := []types.Value{types.FromTime(time.Now()), int64(4), "Info", int64(0), "Query completed successfully", int64(1),
		v.call.activity, v.call.activity, v.call.activity, v.call.id}
	if v.text != nil {
		status[1], status[2], status[3], status[4] = int64(2), "Error", int64(-2147467259), v.text[0]
	}
	entry("QueryStatus", "QueryStatus", noID)
	for _, t := range []*types.Rows{properties, {Schema: statusV1, Values: [][]types.Value{status}}, toc} {
		v.table(t.Schema)
		for _, row := range t.Values {
			v.row(row)
		}
		v.endTable(nil)
	}
}
