package events

import (
	"strings"

	"quarry/kql/types"
)

// RejectsTable holds, for every record that was not loaded, where it stood, why
// it was not loaded, and the start of its text.
const RejectsTable = "_Rejects"

// RejectsSchema is the schema of RejectsTable. Line counts from 1 (0 if the
// format has no lines), Offset in bytes from 0, both in the decompressed text
// (UTF-16 counts as the UTF-8 it is read as). Column is empty if the record as
// a whole is broken.
func RejectsSchema() types.Schema {
	return types.Schema{
		{Name: "File", Type: types.String}, {Name: "Line", Type: types.Long}, {Name: "Offset", Type: types.Long},
		{Name: "Table", Type: types.String}, {Name: "Column", Type: types.String},
		{Name: "Reason", Type: types.String}, {Name: "Raw", Type: types.String},
	}
}

// maxRaw bounds the text that a reject keeps, in bytes.
const maxRaw = 4096

// reject is a row of RejectsTable but for the file.
type reject struct {
	line, offset          int64
	table, column, reason string
	raw                   string
}

func newReject(line, offset int64, table, column, reason, raw string) reject {
	if len(raw) > maxRaw {
		raw = raw[:maxRaw]
	}
	return reject{line, offset, table, column, reason, strings.ToValidUTF8(strings.Clone(raw), "\uFFFD")}
}

func (r reject) row(file string) []types.Value {
	return []types.Value{file, r.line, r.offset, r.table, r.column, r.reason, r.raw}
}
