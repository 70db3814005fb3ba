package kusto

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"quarry/kql/types"
)

// v2 writes frames, one a line, which the Go client needs. That client also asks for
// its tables in fragments; others would find no table at all in them.
type v2 struct {
	encoder
	call       *call
	fragmented bool
	placement  string

	id     int // of the current table; 0 is the properties
	rows   int // of the current table
	inPart int // rows in the current fragment
	schema types.Schema
}

// fragmentRows is how many rows make a fragment; each is sent at once.
const fragmentRows = 2048

func newV2(c *call) *v2 {
	v := &v2{encoder: encoder{out: c.out}, call: c, fragmented: c.option("results_v2_fragment_primary_tables"), placement: "InData"}
	switch strings.ToLower(c.options["results_error_reporting_placement"]) {
	case "end_of_table":
		v.placement = "EndOfTable"
	case "end_of_dataset":
		v.placement = "EndOfDataset"
	}
	if v.fragmented && v.placement == "InData" {
		v.placement = "EndOfTable"
	}
	return v
}

func (v *v2) error() error { return v.err }

var (
	propertiesV2 = types.Schema{{Name: "TableId", Type: types.Int}, {Name: "Key", Type: types.String}, {Name: "Value", Type: types.Dynamic}}
	completionV2 = types.Schema{
		{Name: "Timestamp", Type: types.Datetime}, {Name: "ClientRequestId", Type: types.String}, {Name: "ActivityId", Type: types.Guid},
		{Name: "SubActivityId", Type: types.Guid}, {Name: "ParentActivityId", Type: types.Guid}, {Name: "Level", Type: types.Int},
		{Name: "LevelName", Type: types.String}, {Name: "StatusCode", Type: types.Int}, {Name: "StatusCodeName", Type: types.String},
		{Name: "EventType", Type: types.Int}, {Name: "EventTypeName", Type: types.String}, {Name: "Payload", Type: types.String},
	}
)

func (v *v2) begin(charts []string) {
	v.raw(`[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0","IsFragmented":` + strconv.FormatBool(v.fragmented) +
		`,"ErrorReportingPlacement":"` + v.placement + "\"}\n")
	properties := &types.Rows{Schema: propertiesV2}
	for i, c := range charts {
		text, _ := json.Marshal(c) // a JSON text within a dynamic value
		properties.Values = append(properties.Values, []types.Value{int64(i + 1), "Visualization", string(text)})
	}
	v.dataTable(0, "QueryProperties", "@ExtendedProperties", properties)
}

func (v *v2) dataTable(id int, kind, name string, t *types.Rows) {
	v.header("DataTable", id, kind, name, t.Schema)
	v.raw(",")
	v.encoder.rows(t)
	v.raw("}\n")
}

// header begins a frame with the keys in the order that the Go client insists on.
func (v *v2) header(frame string, id int, kind, name string, schema types.Schema) {
	v.raw(`,{"FrameType":"` + frame + `","TableId":`)
	v.int(int64(id))
	v.raw(`,"TableKind":"` + kind + `","TableName":"` + name + `",`)
	v.columns(schema)
}

func (v *v2) table(schema types.Schema) {
	v.id++
	v.rows, v.inPart, v.schema = 0, 0, schema
	if v.fragmented {
		v.header("TableHeader", v.id, "PrimaryResult", "PrimaryResult", schema)
		v.raw("}\n")
		return
	}
	v.header("DataTable", v.id, "PrimaryResult", "PrimaryResult", schema)
	v.raw(`,"Rows":[`)
}

func (v *v2) row(row []types.Value) {
	switch {
	case v.fragmented && v.inPart == 0:
		v.raw(`,{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":`)
		v.int(int64(v.id))
		v.raw(`,"Rows":[`)
	case v.rows > 0:
		v.raw(",")
	}
	v.rows++
	v.inPart++
	v.encoder.row(v.schema, row)
	if v.fragmented && v.inPart == fragmentRows {
		v.endPart()
		v.flush()
	}
}

func (v *v2) endPart() {
	if v.inPart > 0 {
		v.raw("]}\n")
	}
	v.inPart = 0
}

func (v *v2) endTable(failed *failure) {
	if v.fragmented {
		v.endPart()
		v.raw(`,{"FrameType":"TableCompletion","TableId":`)
		v.int(int64(v.id))
		v.raw(`,"RowCount":`)
		v.int(int64(v.rows))
		if failed != nil && v.placement == "EndOfTable" {
			v.raw(",")
			v.oneAPIErrors(failed)
		}
		v.raw("}\n")
		return
	}
	if failed != nil && v.placement == "InData" {
		if v.rows > 0 {
			v.raw(",")
		}
		v.raw("{")
		v.oneAPIErrors(failed)
		v.raw("}")
	}
	v.raw("]}\n")
}

func (v *v2) oneAPIErrors(f *failure) {
	v.raw(`"OneApiErrors":[`)
	v.json(f.body(v.call))
	v.raw("]")
}

func (v *v2) end(failed *failure) {
	// Clients count lower levels than 4 (information) as errors.
	event := func(level int64, name string, kind int64, kindName string, payload any) []types.Value {
		text, _ := json.Marshal(payload)
		c := v.call
		return []types.Value{types.FromTime(time.Now()), c.id, c.activity, uuid.NewString(), c.activity, level, name, int64(0), "S_OK (0)", kind, kindName, string(text)}
	}
	stats := event(6, "Stats", 0, "QueryResourceConsumption", map[string]float64{"ExecutionTime": time.Since(v.call.started).Seconds()})
	rows := [][]types.Value{stats}
	if failed == nil {
		done := event(4, "Info", 4, "QueryInfo", struct {
			Count int
			Text  string
		}{1, "Query completed successfully"})
		rows = [][]types.Value{done, stats}
	}
	v.dataTable(v.id+1, "QueryCompletionInformation", "QueryCompletionInformation", &types.Rows{Schema: completionV2, Values: rows})
	v.raw(`,{"FrameType":"DataSetCompletion","HasErrors":` + strconv.FormatBool(failed != nil) + `,"Cancelled":` + strconv.FormatBool(failed != nil && failed.code == "Query_Canceled"))
	if failed != nil {
		v.raw(",")
		v.oneAPIErrors(failed)
	}
	v.raw("}\n]\n")
	v.send()
}
