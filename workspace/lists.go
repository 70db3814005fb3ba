package workspace

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"quarry/hunt"
	"quarry/kql/types"
)

// searchKey is the column by which Sentinel looks a watchlist's rows up.
const searchKey = "SearchKey"

// ReadWatchlist reads the rows of a watchlist: delimited text with a line of names, or
// JSON objects. All columns of delimited text are strings, as they are in Sentinel; a
// column of JSON has the type that all its values have, else dynamic. Without a column
// SearchKey, delimited text gets one: a copy of its first column.
func ReadWatchlist(ctx context.Context, file string) (*types.Rows, error) {
	rows, err := readList(ctx, file, nil)
	if err != nil {
		return nil, fmt.Errorf("the watchlist %s cannot be read: %w", file, err)
	}
	return rows, nil
}

// ReadFileProfiles reads what is known of files: CSV or JSON with the columns of
// hunt.FileProfileSchema, of which SHA1 or SHA256 must be there. Others are kept too.
func ReadFileProfiles(ctx context.Context, file string) (*types.Rows, error) {
	rows, err := readList(ctx, file, hunt.FileProfileSchema)
	if err == nil && rows.Schema.Index("SHA1") < 0 && rows.Schema.Index("SHA256") < 0 {
		err = fmt.Errorf("it has neither a column SHA1 nor SHA256")
	}
	if err != nil {
		return nil, fmt.Errorf("the file profiles %s cannot be read: %w", file, err)
	}
	return withColumns(rows, hunt.FileProfileSchema), nil
}

// withColumns puts the columns of a schema first and adds those that are missing.
func withColumns(rows *types.Rows, schema types.Schema) *types.Rows {
	var from []int // the column of each new one, or -1
	out := &types.Rows{}
	for _, c := range schema {
		from = append(from, rows.Schema.Index(c.Name))
		out.Schema = append(out.Schema, c)
	}
	for i, c := range rows.Schema {
		if schema.Index(c.Name) < 0 {
			from = append(from, i)
			out.Schema = append(out.Schema, c)
		}
	}
	for _, row := range rows.Values {
		wide := make([]types.Value, len(from))
		for i, f := range from {
			if f >= 0 {
				wide[i] = row[f]
			} else if out.Schema[i].Type == types.String {
				wide[i] = ""
			}
		}
		out.Values = append(out.Values, wide)
	}
	return out
}

// readList reads a file whose columns are not known before. The types of known ones
// are those of a schema; without one the file is a watchlist.
func readList(ctx context.Context, file string, known types.Schema) (*types.Rows, error) {
	content, done, err := unpack(file)
	if err != nil {
		return nil, err
	}
	defer done()
	name := strings.ToLower(file)
	for _, packed := range []string{".gz", ".zip"} {
		name = strings.TrimSuffix(name, packed)
	}
	typed := func(name string, t types.Type) types.Column {
		if i := known.Index(name); i >= 0 {
			t = known[i].Type
		}
		return types.Column{Name: name, Type: t}
	}
	switch ext := strings.TrimPrefix(filepath.Ext(name), "."); {
	case externalFormats[ext] == delimited:
		return readNamed(ctx, content, delimiters[ext], typed, known == nil)
	case externalFormats[ext] == jsonObjects:
		return readObjects(ctx, content, typed)
	}
	return nil, fmt.Errorf("its name ends in neither .csv, .tsv, .json nor .ndjson")
}

// readNamed reads delimited text that begins with a line of names.
func readNamed(ctx context.Context, content io.Reader, delim rune, typed func(string, types.Type) types.Column, keyed bool) (*types.Rows, error) {
	in := csv.NewReader(content)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = delim, true, -1
	names, err := in.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("it is empty; the first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	rows := &types.Rows{}
	for i, n := range names {
		if n = strings.TrimSpace(n); n == "" {
			return nil, fmt.Errorf("column %d has no name; the first line names the columns", i+1)
		}
		if rows.Schema.Index(n) >= 0 {
			return nil, fmt.Errorf("two columns are called %q", n)
		}
		rows.Schema = append(rows.Schema, typed(n, types.String))
	}
	keyed = keyed && rows.Schema.Index(searchKey) < 0
	if keyed {
		rows.Schema = append(rows.Schema, types.Column{Name: searchKey, Type: types.String})
	}
	for n := 0; ; n++ {
		fields, err := in.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if len(fields) != len(names) {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d has %d values for %d columns", line, len(fields), len(names))
		}
		if keyed {
			fields = append(fields, fields[0])
		}
		addText(rows, fields)
	}
}

// readObjects reads JSON objects; their columns are in the order of their names.
func readObjects(ctx context.Context, content io.Reader, typed func(string, types.Type) types.Column) (*types.Rows, error) {
	text, err := io.ReadAll(content)
	if err != nil {
		return nil, err
	}
	objects, err := decodeObjects(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, err
	}
	kinds := map[string]types.Type{}
	for _, o := range objects {
		for name, raw := range o {
			t := jsonType(raw)
			old, seen := kinds[name]
			switch {
			case !seen || old == types.Unknown || old == t:
				kinds[name] = t
			case t == types.Unknown:
			case old.Numeric() && t.Numeric():
				kinds[name] = types.Real
			default:
				kinds[name] = types.Dynamic
			}
		}
	}
	rows := &types.Rows{}
	for name, t := range kinds {
		if t == types.Unknown { // nothing but nulls
			t = types.String
		}
		rows.Schema = append(rows.Schema, typed(name, t))
	}
	sort.Slice(rows.Schema, func(i, j int) bool { return rows.Schema[i].Name < rows.Schema[j].Name })
	for _, o := range objects {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row := make([]types.Value, len(rows.Schema))
		for i, c := range rows.Schema {
			row[i] = jsonValue(o[c.Name], c.Type)
		}
		rows.Values = append(rows.Values, row)
	}
	return rows, nil
}

// jsonType is the type of a JSON value; Unknown for null.
func jsonType(raw json.RawMessage) types.Type {
	switch raw[0] {
	case '"':
		return types.String
	case 't', 'f':
		return types.Bool
	case 'n':
		return types.Unknown
	case '[', '{':
		return types.Dynamic
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return types.Long
	}
	return types.Real
}
