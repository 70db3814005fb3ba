package workspace

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"quarry/hunt"
	"quarry/kql/types"
)

// unpack opens a file, through gzip or the one member of a zip archive if it is packed.
func unpack(name string) (content io.Reader, done func() error, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(f, 64<<10)
	head, _ := in.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(in)
		if err != nil {
			f.Close()
			return nil, nil, err
		}
		in = bufio.NewReader(z)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		f.Close()
		return unpackZip(name)
	}
	if head, _ := in.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		in.Discard(3)
	}
	return in, f.Close, nil
}

func unpackZip(name string) (io.Reader, func() error, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, nil, err
	}
	if len(z.File) != 1 {
		z.Close()
		return nil, nil, fmt.Errorf("the archive holds %d files instead of one", len(z.File))
	}
	member, err := z.File[0].Open()
	if err != nil {
		z.Close()
		return nil, nil, err
	}
	return member, z.Close, nil
}

// addText adds a row of texts by position. Kusto's ingestion makes null of what does
// not fit a column, and so does this.
func addText(rows *types.Rows, fields []string) {
	row := make([]types.Value, len(rows.Schema))
	for i, c := range rows.Schema {
		text := ""
		if i < len(fields) {
			text = fields[i]
		}
		row[i] = textValue(text, c.Type)
	}
	rows.Values = append(rows.Values, row)
}

// textValue reads a text as a type; null if it does not fit.
func textValue(s string, t types.Type) types.Value {
	if t == types.String {
		return strings.ToValidUTF8(strings.Clone(s), "\uFFFD")
	}
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	switch t {
	case types.Bool:
		if v, err := strconv.ParseBool(strings.ToLower(s)); err == nil {
			return v
		}
	case types.Int:
		if v, err := strconv.ParseInt(s, 10, 32); err == nil {
			return v
		}
	case types.Long:
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			return v
		}
	case types.Real:
		if v, err := strconv.ParseFloat(s, 64); err == nil {
			return v
		}
	case types.Decimal:
		if digits := strings.TrimPrefix(s, "-"); digits != "" && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") < 2 && digits != "." {
			return strings.Clone(s)
		}
	case types.Datetime:
		if v, ok := types.ParseDatetime(s); ok {
			return v
		}
	case types.Timespan:
		if v, ok := types.ParseTimespan(s); ok {
			return v
		}
	case types.Guid:
		g := strings.ToLower(strings.Trim(s, "{}()"))
		if len(g) == 36 && g[8] == '-' && g[13] == '-' && g[18] == '-' && g[23] == '-' && strings.Trim(g, "0123456789abcdef-") == "" {
			return g
		}
	case types.Dynamic:
		if d, ok := types.ParseDyn(s); ok {
			return dynamic(d.String())
		}
		return string(hunt.AppendJSONString(nil, s))
	}
	return nil
}

func dynamic(text string) types.Value {
	if text == "null" {
		return nil
	}
	return text
}

// jsonValue reads a member of an object as a type.
func jsonValue(raw json.RawMessage, t types.Type) types.Value {
	if len(raw) == 0 || string(raw) == "null" {
		return textValue("", t)
	}
	if t == types.Dynamic {
		if d, ok := types.ParseDyn(string(raw)); ok {
			return dynamic(d.String())
		}
		return nil
	}
	text := string(raw)
	if raw[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return textValue("", t)
	}
	return textValue(text, t)
}

// decodeObjects reads JSON objects, one after another or in arrays.
func decodeObjects(text []byte) ([]map[string]json.RawMessage, error) {
	var out []map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
		items := []json.RawMessage{raw}
		if raw[0] == '[' {
			items = nil
			if err := json.Unmarshal(raw, &items); err != nil {
				return nil, err
			}
		}
		for _, item := range items {
			var object map[string]json.RawMessage
			if json.Unmarshal(item, &object) != nil {
				return nil, errNotObjects
			}
			out = append(out, object)
		}
	}
}
