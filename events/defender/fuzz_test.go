package defender

import (
	"bytes"
	"encoding/json"
	"testing"

	"quarry/events/winevent"
	"quarry/kql/types"
)

// FuzzMapper: no fields of any mapped event make the mapper fail, every value
// has its column's type, and what is called JSON is JSON.
func FuzzMapper(f *testing.F) {
	for _, seed := range []string{
		"1 Sysmon\x00ProcessGuid={11111111-0000-0000-0000-000000000002}\x00Image=System\x00CommandLine=\"\x00Hashes=SHA1=,=,MD5",
		"5145 Sec\x00AccessMask=0x2\x00ShareLocalPath=\\??\\\x00RelativeTargetName=\\x\x00IpPort=99999999999",
		"13 Sysmon\x00TargetObject=HKLM\\\\\x00Details=DWORD (0x)",
		"3 Sysmon\x00SourceIp=[\x00DestinationPort=0x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		parts := bytes.Split(raw, []byte{0})
		var fields []winevent.Field
		for _, p := range parts[1:] {
			name, value, _ := bytes.Cut(p, []byte("="))
			fields = append(fields, winevent.Field{Name: string(name), Value: string(value)})
		}
		m := New(Options{}, func(tab *Table, row []types.Value) error {
			if len(row) != len(tab.Columns) {
				t.Fatalf("%s: %d values", tab.Name, len(row))
			}
			for i, v := range row {
				checkType(t, tab.Name+"."+tab.Columns[i].Name, tab.Columns[i].Type, v)
			}
			return nil
		})
		m.BeginFile("f", "")
		// the same fields as every event that is mapped
		for key := range handlers {
			for name, p := range providers {
				ev := &winevent.Event{Provider: p[0], Channel: p[1], EventID: int(key & 0xffffff), Computer: string(parts[0]), TimeCreated: at("10:00:00.000"), Data: fields}
				if source(key>>24) == classify(ev) && name != "other" {
					if err := m.Add(ev); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if _, err := m.Finish(); err != nil {
			t.Fatal(err)
		}
	})
}

func checkType(t *testing.T, name string, typ types.Type, v types.Value) {
	t.Helper()
	ok := v == nil && typ != types.String
	switch x := v.(type) {
	case string:
		ok = typ == types.String || typ == types.Dynamic && json.Valid([]byte(x))
	case int64:
		ok = typ == types.Long || typ == types.Int || typ == types.Datetime
		if typ == types.Int && int64(int32(x)) != x {
			t.Errorf("%s: %d does not fit into an int", name, x)
		}
	case bool:
		ok = typ == types.Bool
	}
	if !ok {
		t.Errorf("%s:%s has %T %v", name, typ, v, v)
	}
}
