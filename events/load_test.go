package events

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"quarry/kql/types"
)

// load loads files given as name, content, name, content, ... in a folder.
func load(t *testing.T, opts Options, files ...string) (*memory, Report, error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return loadPaths(t, opts, dir)
}

func loadPaths(t *testing.T, opts Options, paths ...string) (*memory, Report, error) {
	t.Helper()
	m := newMemory(t)
	rep, err := Load(t.Context(), paths, opts, m)
	var rows int64
	for n, tb := range m.tables {
		if int64(len(tb.Values)) != rep.Tables[n] {
			t.Errorf("%s has %d rows, the report says %d", n, len(tb.Values), rep.Tables[n])
		}
		if n != RejectsTable {
			rows += int64(len(tb.Values))
		}
	}
	if rows != rep.Rows {
		t.Errorf("%d rows, the report says %d", rows, rep.Rows)
	}
	return m, rep, err
}

// checkTables compares the loaded tables with text; paths of rejects are cut to
// their base names.
func checkTables(t *testing.T, m *memory, want string) {
	t.Helper()
	if tb := m.tables[RejectsTable]; tb != nil {
		for _, row := range tb.Values {
			row[0] = filepath.Base(row[0].(string))
		}
	}
	if d := cmp.Diff(strings.TrimLeft(want, "\n"), m.text()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestWhereRowsGo(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		opts                Options
		want                string
	}{
		{"file name", "DeviceNetworkEvents.ndjson", `{"Timestamp":"2024-01-02T03:04:05.1234567Z","RemotePort":443}`, Options{}, `
DeviceNetworkEvents
  Timestamp:datetime=2024-01-02T03:04:05.1234567Z TimeGenerated:datetime=2024-01-02T03:04:05.1234567Z RemotePort:int=443
`},
		{"file name with a date", "DeviceNetworkEvents.2024-01-01.json", `{"RemotePort":"443"}`, Options{}, "DeviceNetworkEvents\n  RemotePort:int=443\n"},
		{"file name with a part", "SigninLogs_part3.csv", "userprincipalname,ResultType\na@b.c,0\n", Options{}, "SigninLogs\n  ResultType:string=0 UserPrincipalName:string=a@b.c\n"},
		{"longest name", "aadmanagedidentitysigninlogs-1.json", `{"AppId":"x","CorrelationId":"y"}`, Options{}, "AADManagedIdentitySignInLogs\n  AppId:string=x CorrelationId:string=y\n"},
		{"a word is no table", "event.json", `{"a":1}`, Options{}, "event_CL\n  a:long=1\n"},
		{"a longer word is no table", "Events.json", `{"a":1}`, Options{}, "Events\n  a:long=1\n"},
		{"Type", "x.json", `{"Type":"Heartbeat","Computer":"c","Version":"1"}`, Options{}, "Heartbeat\n  Computer:string=c Version:string=1 Type:string=Heartbeat\n"},
		{"a Type that names no table", "x.json", `{"Type":"Update","a":1,"b":2}`, Options{}, "x\n  Type:string=Update a:long=1 b:long=2\n"},
		{"$table", "x.json", `{"$table":"Mine_CL","a":1}` + "\n" + `{"$table":"heartbeat","Computer":"c"}`, Options{}, "Heartbeat\n  Computer:string=c\nMine_CL\n  a:long=1\n"},
		{"streaming envelope", "x.json", `{"time":"2024-01-01T00:00:00Z","tenantId":"t","category":"AdvancedHunting-DeviceFileEvents","properties":{"Timestamp":"2024-01-02T00:00:00Z","FileName":"f"}}`, Options{}, `
DeviceFileEvents
  Timestamp:datetime=2024-01-02T00:00:00.0000000Z TimeGenerated:datetime=2024-01-02T00:00:00.0000000Z FileName:string=f TenantId:string=t
`},
		{"envelope of records", "x.json", `{"records":[{"category":"AdvancedHunting-DeviceFileEvents","properties":{"FileName":"f"}},{"time":"2024-01-01T00:00:00Z","category":"NonInteractiveUserSignInLogs","operationName":"Sign-in","properties":{"appId":"a"}}]}`, Options{}, `
AADNonInteractiveUserSignInLogs
  Timestamp:datetime=2024-01-01T00:00:00.0000000Z TimeGenerated:datetime=2024-01-01T00:00:00.0000000Z AppId:string=a Category:string=NonInteractiveUserSignInLogs OperationName:string=Sign-in
DeviceFileEvents
  FileName:string=f
`},
		{"columns", "export.json", `{"Timestamp":"2024-01-01T00:00:00Z","DeviceId":"d","DeviceName":"n","ActionType":"LogonSuccess","AccountName":"a","LogonId":5,"ReportId":1}`, Options{}, `
DeviceLogonEvents
  Timestamp:datetime=2024-01-01T00:00:00.0000000Z TimeGenerated:datetime=2024-01-01T00:00:00.0000000Z DeviceId:string=d DeviceName:string=n ActionType:string=LogonSuccess AccountName:string=a LogonId:long=5 ReportId:long=1
`},
		{"a union", "export.json", `
{"Timestamp":"2024-01-01T00:00:00Z","DeviceId":"d","DeviceName":"n","ActionType":"FileCreated","FileName":"f","FolderPath":"p","ReportId_long":7,"ReportId_string":"","Subject":null,"NetworkMessageId":"","SenderIPv4":null,"Location":null,"ISP":null,"IsAdminOperation":null,"CountryCode":""}`, Options{}, `
DeviceFileEvents
  Timestamp:datetime=2024-01-01T00:00:00.0000000Z TimeGenerated:datetime=2024-01-01T00:00:00.0000000Z DeviceId:string=d DeviceName:string=n ActionType:string=FileCreated FileName:string=f FolderPath:string=p ReportId:long=7
`},
		{"new table", "dhcp log (2).json", `{"a":1}`, Options{}, "dhcp_log_2\n  a:long=1\n"},
		{"new table, digit first", "2024.json", `{"a":1}`, Options{}, "_2024\n  a:long=1\n"},
		{"forced table", "DeviceFileEvents.json", `{"FileName":"f","EventID":1,"Hostname":"h","EventTime":"2024-01-01 00:00:00"}`, Options{Table: "Mine"}, "Mine\n  FileName:string=f EventID:long=1 Hostname:string=h EventTime:datetime=2024-01-01T00:00:00.0000000Z\n"},
		{"forced known table", "x.json", `{"filename":"f"}`, Options{Table: "devicefileevents"}, "DeviceFileEvents\n  FileName:string=f\n"},
		{"extra columns", "DeviceFileEvents.json", `{"FileName":"f","Mine":5,"None":null}`, Options{}, "DeviceFileEvents\n  FileName:string=f Mine:long=5\n"},
		{"header only", "DeviceFileEvents.csv", "FileName,Mine\n", Options{}, "DeviceFileEvents\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, rep, err := load(t, c.opts, c.file, c.content)
			if err != nil || rep.Rejects > 0 {
				t.Errorf("error %v, %d rejects", err, rep.Rejects)
			}
			checkTables(t, m, c.want)
		})
	}
}

func TestExtraColumnsAreListed(t *testing.T) {
	m, rep, _ := load(t, Options{}, "DeviceFileEvents.json", `{"FileName":"f","Mine":5,"None":null}`)
	if d := cmp.Diff(map[string][]string{"DeviceFileEvents": {"Mine", "None"}}, rep.Files[0].Extra); d != "" {
		t.Error(d)
	}
	cols := m.tables["DeviceFileEvents"].Schema
	if i := cols.Index("None"); i < 0 || cols[i].Type != types.String {
		t.Errorf("a column that only held null is declared as text at the end: %s", cols)
	}
}

func TestRejects(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"wrong type", "DeviceNetworkEvents.json", `{"RemotePort":1}
{"RemotePort":"http","LocalPort":2}
{"RemotePort":99999999999}
{"RemotePort":3}`, `
DeviceNetworkEvents
  RemotePort:int=1
  RemotePort:int=3
_Rejects
  File:string=DeviceNetworkEvents.json Line:long=2 Offset:long=17 Table:string=DeviceNetworkEvents Column:string=RemotePort Reason:string="http" is not of type int Raw:string={"RemotePort":"http","LocalPort":2}
  File:string=DeviceNetworkEvents.json Line:long=3 Offset:long=53 Table:string=DeviceNetworkEvents Column:string=RemotePort Reason:string="99999999999" is not of type int Raw:string={"RemotePort":99999999999}
`},
		{"truncated", "x.ndjson", "{\"a\":1}\n{\"a\":2,\"b\":\"xy", `
_Rejects
  File:string=x.ndjson Line:long=2 Offset:long=8 Reason:string=the file ends inside this record Raw:string={"a":2,"b":"xy
x
  a:long=1
`},
		{"broken lines", "x.ndjson", "{\"a\":1\n{\"a\":2}\r\n{\"a\":\"3\n{\"a\":4}\n{\"a\":[5\n{\"a\":6}\n{a:7}\nnot json\n{\"a\":8}x\n{\"a\":9}\n", `
_Rejects
  File:string=x.ndjson Line:long=1 Offset:long=0 Reason:string=bad JSON: a comma or } is expected at offset 7 of the record Raw:string={"a":1
  File:string=x.ndjson Line:long=3 Offset:long=16 Reason:string=bad JSON: a line ends inside a string at offset 7 of the record Raw:string={"a":"3
  File:string=x.ndjson Line:long=5 Offset:long=32 Reason:string=bad JSON: a comma or ] is expected at offset 8 of the record Raw:string={"a":[5
  File:string=x.ndjson Line:long=7 Offset:long=48 Reason:string=bad JSON: a member name in quotes is expected at offset 1 of the record Raw:string={a:7}
  File:string=x.ndjson Line:long=8 Offset:long=54 Reason:string=neither an object nor an array starts here Raw:string=not json
  File:string=x.ndjson Line:long=9 Offset:long=70 Reason:string=neither an object nor an array starts here Raw:string=x
x
  a:long=2
  a:long=4
  a:long=6
  a:long=8
  a:long=9
`},
		{"array", "x.json", `[{"a":1},{"a":bad},{"a":3},4,"five",[6],{"a":7}`, `
_Rejects
  File:string=x.json Line:long=1 Offset:long=9 Reason:string=bad JSON: a value is expected at offset 5 of the record Raw:string={"a":bad}
  File:string=x.json Line:long=1 Offset:long=27 Reason:string=this element of the array is not a record Raw:string=4
  File:string=x.json Line:long=1 Offset:long=29 Reason:string=this element of the array is not a record Raw:string="five"
  File:string=x.json Line:long=1 Offset:long=36 Reason:string=this element of the array is not a record Raw:string=[6]
x
  a:long=1
  a:long=3
  a:long=7
`},
		{"pretty array", "x.json", "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": {\n      \"b\" 2\n    }\n  },\n  {\n    \"a\": 3\n  }\n]\n", `
_Rejects
  File:string=x.json Line:long=5 Offset:long=24 Reason:string=bad JSON: a colon is expected at offset 23 of the record Raw:string={
    "a": {
      "b" 2
    }
  }
x
  a:long=1
  a:long=3
`},
		{"csv", "x.csv", "a,b\n1,2\n3\n\"4,5\n6,7\n8,\"9\"x\n10,11,12\n13,14", `
_Rejects
  File:string=x.csv Line:long=3 Offset:long=8 Reason:string=the record has 1 fields, the header 2 Raw:string=3

  File:string=x.csv Line:long=4 Offset:long=10 Reason:string=text follows the closing quote of a field Raw:string="4,5
  File:string=x.csv Line:long=6 Offset:long=19 Reason:string=text follows the closing quote of a field Raw:string=8,"9"x
  File:string=x.csv Line:long=7 Offset:long=26 Reason:string=the record has 3 fields, the header 2 Raw:string=10,11,12

x
  a:long=1 b:long=2
  a:long=6 b:long=7
  a:long=13 b:long=14
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, err := load(t, Options{}, c.file, c.content)
			if err != nil {
				t.Error(err)
			}
			checkTables(t, m, c.want)
		})
	}
}

func TestEnvelopes(t *testing.T) {
	want := "x\n  a:long=1 b:string=p\n  a:long=2 b:string=q\n"
	for name, content := range map[string]string{
		"lines":        "{\"a\":1,\"b\":\"p\"}\r\n\n{\"a\":2,\"b\":\"q\"}",
		"one line":     `{"a":1,"b":"p"}{"a":2,"b":"q"}`,
		"pretty":       "{\n \"a\": 1,\n \"b\": \"p\"\n}\n{\n \"a\": 2,\n \"b\": \"q\"\n}\n",
		"array":        `[{"a":1,"b":"p"}, {"a":2,"b":"q"}]`,
		"byte order":   "\ufeff" + `[{"a":1,"b":"p"}, {"a":2,"b":"q"}]`,
		"NUL":          "{\"a\":1,\"b\":\"p\"}\n\x00\x00\x00\n{\"a\":2,\"b\":\"q\"}\n\x00\x00",
		"value":        `{"@odata.context":"x","value":[{"a":1,"b":"p"}, {"a":2,"b":"q"}],"@odata.nextLink":"y"}`,
		"hunting":      `{"Stats":{"t":1},"Schema":[{"Name":"a"}],"Results":[{"a":1,"b":"p"},{"a":2,"b":"q"}]}`,
		"tables":       `{"tables":[{"name":"PrimaryResult","columns":[{"name":"a","type":"long"},{"name":"b","type":"string"}],"rows":[[1,"p"],[2,"q"]]}]}`,
		"kusto":        `{"Tables":[{"TableName":"T","Columns":[{"ColumnName":"a","DataType":"Int64"},{"ColumnName":"b"}],"Rows":[[1,"p"], [2,"q"]]}]}`,
		"several":      `{"value":[{"a":1,"b":"p"}]}` + "\n" + `{"value":[{"a":2,"b":"q"}]}`,
		"in an array":  `[{"records":[{"a":1,"b":"p"}]},{"records":[]},{"records":[{"a":2,"b":"q"}]}]`,
		"UTF-16":       utf16le("{\"a\":1,\"b\":\"p\"}\n{\"a\":2,\"b\":\"q\"}"),
		"UTF-16 plain": utf16le("{\"a\":1,\"b\":\"p\"}\n{\"a\":2,\"b\":\"q\"}")[2:],
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := load(t, Options{}, "x.json", content)
			if err != nil {
				t.Error(err)
			}
			checkTables(t, m, want)
		})
	}
	t.Run("not an envelope", func(t *testing.T) {
		m, _, _ := load(t, Options{}, "x.json", `{"value":[{"a":1}],"user":"u"}`)
		checkTables(t, m, "x\n  value:dynamic=[{\"a\":1}] user:string=u\n")
	})
}

func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return string(b)
}

func TestInference(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"JSON", "x.json", `{"i":1,"f":1.50,"b":true,"s":"5","t":"2024-01-01T00:00:00Z","d":{"k": 1.0},"n":null,"e":""}`,
			"x\n  i:long=1 f:real=1.5 b:bool=true s:string=5 t:datetime=2024-01-01T00:00:00.0000000Z d:dynamic={\"k\":1.0}\n"},
		{"text is kept when a column widens", "x.json", `{"a":1,"b":1.50,"c":true,"d":"2024-01-01T00:00:00Z"}
{"a":"x","b":"y","c":"z","d":"w"}`, "x\n  a:string=1 b:string=1.50 c:string=true d:string=2024-01-01T00:00:00Z\n  a:string=x b:string=y c:string=z d:string=w\n"},
		{"long and real", "x.json", `{"a":1}
{"a":2.5}`, "x\n  a:real=1.0\n  a:real=2.5\n"},
		{"digits are kept", "x.json", `{"a":9007199254740993}
{"a":2.5}
{"b":9259400833873739776}
{"b":1e999}`, "x\n  a:string=9007199254740993\n  a:string=2.5\n  b:string=9259400833873739776\n  b:string=1e999\n"},
		{"dynamic takes all", "x.json", `{"a":1}
{"a":"x"}
{"a":[1, 2]}
{"a":""}`, "x\n  a:dynamic=1\n  a:dynamic=\"x\"\n  a:dynamic=[1,2]\n \n"},
		{"CSV", "x.csv", "i,f,b,s,t,z,e\n1,1.5,True,x,2024-01-01 10:00:00,007,\n-2,2,FALSE,y,2024-01-01T11:00:00Z,08,\n",
			"x\n  i:long=1 f:real=1.5 b:bool=true s:string=x t:datetime=2024-01-01T10:00:00.0000000Z z:string=007\n  i:long=-2 f:real=2.0 b:bool=false s:string=y t:datetime=2024-01-01T11:00:00.0000000Z z:string=08\n"},
		{"CSV quoting", "x.csv", "a;b\r\n\"x;\"\"y\"\"\r\nz\";1\r\n\r\nq;2\r", "x\n  a:string=x;\"y\"\r\nz b:long=1\n  a:string=q b:long=2\n"},
		{"TSV", "x.tsv", "a,1\tb\nx\t1\n", "x\n  a,1:string=x b:long=1\n"},
		{"CSV names", "x.csv", "a,,a\n1,2,3\n", "x\n  a:long=1 Column2:long=2 a_2:long=3\n"},
		{"duplicate members", "x.json", `{"a":1,"b":2,"a":3}`, "x\n  b:long=2 a:long=3\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, rep, err := load(t, Options{}, c.file, c.content)
			if err != nil || rep.Rejects > 0 {
				t.Errorf("error %v, %d rejects", err, rep.Rejects)
			}
			checkTables(t, m, c.want)
		})
	}
}

// A column widens after its first rows have gone to the sink, and across files.
func TestLateWidening(t *testing.T) {
	var b strings.Builder
	for i := range 3 * batchRows {
		fmt.Fprintf(&b, "{\"a\":%d}\n", i)
	}
	b.WriteString("{\"a\":\"x\",\"late\":1}\n")
	m, _, err := load(t, Options{}, "1/x.ndjson", b.String(), "2/x.ndjson", `{"late":"y","more":true}`, "3/x.json", `{"late":{"z":1}}`)
	if err != nil {
		t.Fatal(err)
	}
	tb := m.tables["x"]
	if got, want := tb.Schema.String(), "a:string, late:dynamic, more:bool"; got != want {
		t.Errorf("schema %s, want %s", got, want)
	}
	if d := cmp.Diff([]types.Value{"3071", nil, nil}, tb.Values[3*batchRows-1]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]types.Value{{"x", `"1"`, nil}, {"", `"y"`, true}, {"", `{"z":1}`, nil}}, tb.Values[3*batchRows:]); d != "" {
		t.Error(d)
	}
}

func TestTimes(t *testing.T) {
	_, rep, _ := load(t, Options{}, "DeviceEvents.json", `{"Timestamp":"2024-01-01T00:00:00Z","TimeGenerated":"2024-01-01T00:00:01Z"}`)
	if len(rep.Files[0].Warnings) != 1 || !strings.Contains(rep.Files[0].Warnings[0], "differs") {
		t.Errorf("warnings: %q", rep.Files[0].Warnings)
	}
}

func TestBadText(t *testing.T) {
	m, rep, err := load(t, Options{}, "x.json", "{\"a\":\"\xff\xfe\",\"b\":\"\\ud83d\\ude00 \\ud83d \\u0041\\n\\/\"}\n")
	if err != nil {
		t.Error(err)
	}
	checkTables(t, m, "x\n  a:string=\uFFFD b:string=\U0001F600 \uFFFD A\n/\n")
	if len(rep.Files[0].Warnings) != 1 {
		t.Errorf("warnings: %q", rep.Files[0].Warnings)
	}
}

// A line beyond the limit costs itself only, whatever its length.
func TestLongLine(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 300<<10) + `"}`
	for name, c := range map[string]struct {
		file, content string
		line          int64
	}{
		"ndjson": {"x.ndjson", "{\"a\":\"1\"}\n" + long + "\n{\"a\":\"2\"}\n", 2},
		"csv":    {"x.csv", "a\n1\n\"" + long[6:len(long)-2] + "\"\n2\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			m, rep, err := load(t, Options{MaxLine: 100 << 10}, c.file, c.content)
			if err != nil || rep.Rejects != 1 || len(m.tables["x"].Values) != 2 {
				t.Fatalf("error %v, %d rejects, %d rows", err, rep.Rejects, len(m.tables["x"].Values))
			}
			row := m.tables[RejectsTable].Values[0]
			if row[1] != c.line || len(row[6].(string)) > maxRaw || !strings.Contains(row[5].(string), "limit") {
				t.Errorf("reject: line %v, %v, %d bytes of text", row[1], row[5], len(row[6].(string)))
			}
		})
	}
}

func TestDeepNesting(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + "}\n{\"a\":1}"
	m, rep, err := load(t, Options{}, "x.json", deep)
	if err != nil || rep.Rejects != 1 || len(m.tables["x"].Values) != 1 {
		t.Errorf("error %v, %d rejects", err, rep.Rejects)
	}
}
