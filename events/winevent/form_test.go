package winevent

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/types"
)

func ticks(s string) int64 {
	t, ok := types.ParseDatetime(s)
	if !ok {
		panic("bad time " + s)
	}
	return t
}

func TestFromJSON(t *testing.T) {
	tests := []struct {
		name string
		text string
		form Form
		want Event
	}{
		{"NXLog, Sysmon", `{"EventTime":"2024-05-06 06:00:01","EventReceivedTime":"2024-05-06 06:00:03","@timestamp":"2024-05-06T10:00:03.500Z","Hostname":"WS7.corp.example",
			"Keywords":-9223372036854775808,"EventType":"CreateKey","EventTypeOrignal":"INFO","SeverityValue":2,"Severity":"INFO","EventID":12,"SourceName":"Microsoft-Windows-Sysmon",
			"ProviderGuid":"{G}","Version":2,"Task":12,"OpcodeValue":0,"RecordNumber":9,"ExecutionProcessID":2804,"ThreadID":33,"Channel":"Microsoft-Windows-Sysmon/Operational",
			"Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User","Message":"Registry object added or deleted","Category":"c","Opcode":"Info",
			"SourceModuleName":"e","SourceModuleType":"im_msvistalog","tags":["x"],"host":"h","port":1,"@version":"1","ProcessId":"612","TargetObject":"HKLM\\A","ProcessID":"7"}`, NXLog,
			Event{Provider: "Microsoft-Windows-Sysmon", ProviderGUID: "{G}", Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "WS7.corp.example", EventID: 12, Version: 2, Level: 4, Task: 12,
				Keywords: 1 << 63, RecordID: 9, ProcessID: 2804, ThreadID: 33, UserSID: "S-1-5-18", TimeCreated: ticks("2024-05-06 06:00:01"), WholeSecond: true, LocalTime: true,
				ReceiptOffset: -4*types.Hour - 500*types.Millisecond,
				Data:          []Field{{"EventType", "CreateKey"}, {"ProcessId", "612"}, {"TargetObject", `HKLM\A`}, {"ProcessID", "7"}}}},
		{"NXLog without room for ProcessId", `{"EventTime":"2024-05-06 06:00:01","Hostname":"W","EventID":11,"SourceName":"Microsoft-Windows-Sysmon","ProcessID":2804,"EventType":"INFO",
			"Channel":"Microsoft-Windows-Sysmon/Operational","Message":"File created:\r\nRuleName: \r\nProcessId: 1140\r\nImage: x","Image":"x"}`, NXLog,
			Event{Provider: "Microsoft-Windows-Sysmon", Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "W", EventID: 11, ProcessID: 2804,
				TimeCreated: ticks("2024-05-06 06:00:01"), WholeSecond: true, LocalTime: true, Data: []Field{{"Image", "x"}, {"ProcessId", "1140"}}}},
		{"NXLog, a Security label", `{"EventTime":"2024-05-06 06:00:01","Hostname":"W","EventID":5156,"SourceName":"Microsoft-Windows-Security-Auditing","ProcessID":4,"Channel":"Security",
			"Message":"Permitted.\r\n\tProcess ID:\t\t1200\r\n","DestPort":"445"}`, NXLog,
			Event{Provider: "Microsoft-Windows-Security-Auditing", Channel: "Security", Computer: "W", EventID: 5156, ProcessID: 4, TimeCreated: ticks("2024-05-06 06:00:01"), WholeSecond: true,
				LocalTime: true, Message: "Permitted.\r\n\tProcess ID:\t\t1200\r\n", Data: []Field{{"DestPort", "445"}, {"ProcessID", "1200"}}}},
		{"NXLog with a zone", `{"EventTime":"2024-05-06T12:00:01.123456+02:00","Hostname":"W","EventID":1,"SourceName":"P","Channel":"C"}`, NXLog,
			Event{Provider: "P", Channel: "C", Computer: "W", EventID: 1, TimeCreated: ticks("2024-05-06 10:00:01.123456"), Data: []Field{}}},
		{"Winlogbeat 8", `{"@timestamp":"2024-05-06T10:00:01.123Z","message":"m","log":{"level":"warning"},"winlog":{"channel":"Security","provider_name":"P","provider_guid":"{G}",
			"computer_name":"W.corp","event_id":"4624","record_id":8,"keywords":["Audit Success"],"task":"Logon","version":2,"process":{"pid":700,"thread":{"id":5}},
			"user":{"identifier":"S-1-5-18"},"activity_id":"{A}","event_data":{"TargetUserName":"Ann","LogonType":3,"Gone":null}}}`, Winlogbeat,
			Event{Provider: "P", ProviderGUID: "{G}", Channel: "Security", Computer: "W.corp", EventID: 4624, Version: 2, Level: 3, Keywords: 0x8020000000000000, RecordID: 8, ProcessID: 700, ThreadID: 5,
				UserSID: "S-1-5-18", ActivityID: "{A}", TimeCreated: ticks("2024-05-06 10:00:01.123"), Message: "m", Data: []Field{{"TargetUserName", "Ann"}, {"LogonType", "3"}, {"Gone", ""}}}},
		{"Winlogbeat 6", `{"@timestamp":"2024-05-06T10:00:01.123Z","log_name":"Security","source_name":"P","event_id":1102,"record_number":"8","computer_name":"W","process_id":4,"thread_id":5,
			"level":"Information","user_data":{"SubjectUserName":"Ann"},"message":"m","beat":{"name":"b"}}`, Winlogbeat,
			Event{Provider: "P", Channel: "Security", Computer: "W", EventID: 1102, Level: 4, RecordID: 8, ProcessID: 4, ThreadID: 5, TimeCreated: ticks("2024-05-06 10:00:01.123"), Message: "m",
				Data: []Field{{"SubjectUserName", "Ann"}}}},
		{"Winlogbeat with its Sysmon module", `{"@timestamp":"2024-05-06T10:00:01Z","process":{"entity_id":"{P}","pid":8,"executable":"C:\\a.exe","parent":{"pid":4},"hash":{"md5":"ab"}},
			"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":1,"computer_name":"W","event_data":{"Company":"c"}}}`, Winlogbeat,
			Event{Provider: "Microsoft-Windows-Sysmon", Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "W", EventID: 1, TimeCreated: ticks("2024-05-06 10:00:01"),
				Data: []Field{{"Company", "c"}, {"ProcessGuid", "{P}"}, {"ProcessId", "8"}, {"Image", `C:\a.exe`}, {"ParentProcessId", "4"}, {"Hashes", "MD5=ab"}}}},
		{"PowerShell", `{"SourceName":"P","ProviderGuid":"{G}","Level":"4","Keywords":"0x8020000000000000","Channel":"Security","Hostname":"W","TimeCreated":"2024-05-06T10:00:01.5Z",
			"@timestamp":"x","EventID":4688,"Message":"m","Task":"13312","NewProcessId":"0x10","ProcessId":"0x4"}`, PowerShell,
			Event{Provider: "P", ProviderGUID: "{G}", Channel: "Security", Computer: "W", EventID: 4688, Level: 4, Task: 13312, Keywords: 0x8020000000000000, TimeCreated: ticks("2024-05-06 10:00:01.5"),
				LocalTime: true, Message: "m", Data: []Field{{"NewProcessId", "0x10"}, {"ProcessId", "0x4"}}}},
		{"Get-WinEvent, Sysmon", `{"Id":11,"Version":2,"Level":4,"Task":11,"Opcode":0,"Keywords":-9223372036854775808,"RecordId":5,"ProviderName":"Microsoft-Windows-Sysmon","ProviderId":"g",
			"LogName":"Microsoft-Windows-Sysmon/Operational","ProcessId":10,"ThreadId":20,"MachineName":"W","UserId":{"BinaryLength":12,"Value":"S-1-5-18"},"TimeCreated":"\/Date(1715000000123)\/",
			"ActivityId":null,"Properties":[{"Value":"-"}],"Message":"File created:\r\nRuleName: -\r\nUtcTime: 2024-05-06 12:53:20.120\r\nTargetFilename: C:\\x: y"}`, GetWinEvent,
			Event{Provider: "Microsoft-Windows-Sysmon", ProviderGUID: "g", Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "W", EventID: 11, Version: 2, Level: 4, Task: 11, Keywords: 1 << 63,
				RecordID: 5, ProcessID: 10, ThreadID: 20, UserSID: "S-1-5-18", TimeCreated: ticks("2024-05-06 12:53:20.123"),
				Data: []Field{{"RuleName", "-"}, {"UtcTime", "2024-05-06 12:53:20.120"}, {"TargetFilename", `C:\x: y`}}}},
		{"Get-WinEvent, by position", `{"Id":5140,"ProviderName":"Microsoft-Windows-Security-Auditing","LogName":"Security","MachineName":"W","TimeCreated":"2024-05-06T12:00:00.5+02:00",
			"Properties":[{"Value":{"Value":"S-1"}},{"Value":"Ann"},{"Value":"CORP"},{"Value":16},{"Value":"File"},{"Value":"10.0.0.9"}]}`, GetWinEvent,
			Event{Provider: "Microsoft-Windows-Security-Auditing", Channel: "Security", Computer: "W", EventID: 5140, TimeCreated: ticks("2024-05-06 10:00:00.5"),
				Data: []Field{{"SubjectUserSid", "S-1"}, {"SubjectUserName", "Ann"}, {"SubjectDomainName", "CORP"}, {"SubjectLogonId", "16"}, {"ObjectType", "File"}, {"IpAddress", "10.0.0.9"}}}},
		{"SecurityEvent", `{"TimeGenerated":"2024-05-06T10:00:01.5Z","Computer":"W","EventID":4624,"EventSourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","Type":"SecurityEvent",
			"Account":"C\\A","TargetUserName":"A","ProcessId_string":"0x4","Status":"","TenantId":"t"}`, LogAnalytics,
			Event{Provider: "Microsoft-Windows-Security-Auditing", Channel: "Security", Computer: "W", EventID: 4624, TimeCreated: ticks("2024-05-06 10:00:01.5"),
				Data: []Field{{"TargetUserName", "A"}, {"ProcessId", "0x4"}}}},
		{"WindowsEvent", `{"TimeGenerated":"2024-05-06T10:00:01.5Z","Computer":"W","EventID":3,"Provider":"Microsoft-Windows-Sysmon","Channel":"c","Type":"WindowsEvent","EventData":"{\"Image\":\"C:\\\\a\",\"ProcessId\":\"4\"}"}`, LogAnalytics,
			Event{Provider: "Microsoft-Windows-Sysmon", Channel: "c", Computer: "W", EventID: 3, TimeCreated: ticks("2024-05-06 10:00:01.5"), Data: []Field{{"Image", `C:\a`}, {"ProcessId", "4"}}}},
		{"Event with XML", `{"TimeGenerated":"2024-05-06T10:00:01.5Z","Computer":"W","EventID":3,"Source":"Microsoft-Windows-Sysmon","EventLog":"c","Type":"Event",
			"EventData":"<DataItem type=\"System.XmlData\"><EventData xmlns=\"u\"><Data Name=\"Image\">C:\\a &amp; b</Data><Data Name=\"Empty\" /></EventData></DataItem>"}`, LogAnalytics,
			Event{Provider: "Microsoft-Windows-Sysmon", Channel: "c", Computer: "W", EventID: 3, TimeCreated: ticks("2024-05-06 10:00:01.5"), Data: []Field{{"Image", `C:\a & b`}, {"Empty", ""}}}},
		{"XML tree", `{"Event":{"#attributes":{"xmlns":"u"},"System":{"Provider":{"#attributes":{"Name":"P","Guid":"G"}},"EventID":{"#attributes":{"Qualifiers":""},"#text":7045},"Version":0,
			"Level":4,"Keywords":"0x8080000000000000","TimeCreated":{"#attributes":{"SystemTime":"2024-05-06T10:00:01.123456Z"}},"EventRecordID":12,
			"Execution":{"#attributes":{"ProcessID":6,"ThreadID":7}},"Channel":"System","Computer":"W","Security":{"#attributes":{"UserID":"S-1-5-18"}}},"EventData":{"ServiceName":"s","ImagePath":"p"}}}`, EventXML,
			Event{Provider: "P", ProviderGUID: "G", Channel: "System", Computer: "W", EventID: 7045, Level: 4, Keywords: 0x8080000000000000, RecordID: 12, ProcessID: 6, ThreadID: 7, UserSID: "S-1-5-18",
				TimeCreated: ticks("2024-05-06 10:00:01.123456"), Data: []Field{{"ServiceName", "s"}, {"ImagePath", "p"}}}},
		{"XML tree with a list", `{"System":{"Provider":{"Name":"P"},"EventID":{"Value":1102},"TimeCreated":{"SystemTime":"2024-05-06T10:00:01Z"},"Computer":"W"},
			"UserData":{"LogFileCleared":{"@xmlns":"u","SubjectUserName":"Ann"}}}`, EventXML,
			Event{Provider: "P", Computer: "W", EventID: 1102, TimeCreated: ticks("2024-05-06 10:00:01"), Data: []Field{{"SubjectUserName", "Ann"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, form, ok := FromJSON([]byte(tt.text))
			if !ok || form != tt.form || LooksLike([]byte(tt.text)) != tt.form {
				t.Fatalf("ok %v, form %q, want %q", ok, form, tt.form)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			// the same event whatever the order of members, its fields aside
			shuffled, _, ok := FromJSON(shuffle(t, []byte(tt.text)))
			sorted := func(fields []Field) map[Field]int {
				m := map[Field]int{}
				for _, f := range fields {
					m[f]++
				}
				return m
			}
			if diff := cmp.Diff(sorted(got.Data), sorted(shuffled.Data)); diff != "" || !ok {
				t.Errorf("in another order: %s", diff)
			}
			got.Data, shuffled.Data = nil, nil
			if diff := cmp.Diff(got, shuffled); diff != "" {
				t.Errorf("in another order: %s", diff)
			}
		})
	}
}

// shuffle turns the order of an object's members around.
func shuffle(t *testing.T, raw []byte) []byte {
	t.Helper()
	ms, ok := members(nil, raw)
	if !ok {
		t.Fatal("not an object")
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
	var parts []string
	for _, m := range ms {
		parts = append(parts, fmt.Sprintf("%q:%s", m.key, m.val))
	}
	return []byte("{" + strings.Join(parts, ",") + "}")
}

func TestNotEvents(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `{}`, `{"a":1}`, `{"EventID":1}`, `{"EventTime":"x","Hostname":"h","EventID":`, `{"winlog":{}}`, `{"winlog":3}`, `{"System":{}}`,
		`{"EventTime":"x","Hostname":"h","EventID":"none"}`, `{"Event":{"System":3}}`, "{\"a\":\"\xff", `{"a":` + strings.Repeat("[", 100) + `}`,
		`{"Timestamp":"2021-08-02T13:11:39Z","DeviceName":"a","ActionType":"LdapSearch"}`,
	} {
		if ev, form, ok := FromJSON([]byte(text)); ok {
			t.Errorf("%s: %q, %+v", text, form, ev)
		}
	}
}

// FuzzFromJSON: no input makes the reader fail, and what it takes for the
// members of an object the standard library takes for one too.
func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(`{"EventTime":"2024-05-06 06:00:01","Hostname":"h","EventID":1,"SourceName":"Microsoft-Windows-Sysmon","ProcessID":3,"Message":"a\nProcessId: 1","x":"\ud83d\ude00\u00e9\\"}`))
	f.Add([]byte(`{"@timestamp":"2024-05-06T10:00:01Z","winlog":{"event_id":1,"event_data":{"a":[1,{"b":"}"}]}},"process":{"pid":1}}`))
	f.Add([]byte(`{"Id":1,"ProviderName":"p","LogName":"l","Properties":[{"Value":1},2],"TimeCreated":"\/Date(1)\/","Message":"t\na: b\nc"}`))
	f.Add([]byte(`{"TimeGenerated":"","Computer":"","EventID":1,"EventData":"<a><b Name='x'>c</b>","Type":"Event"}`))
	f.Add([]byte(`{"Event":{"System":{"EventID":{"#text":1}},"EventData":{"Data":[{"@Name":"a","#text":"b"}]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ev, form, ok := FromJSON(raw)
		if ok && (form == NotEvent || ev.EventID == 0) {
			t.Fatalf("an event of no form or number: %+v", ev)
		}
		for _, d := range ev.Data {
			if !utf8.ValidString(d.Value) || !utf8.ValidString(d.Name) {
				t.Fatalf("not UTF-8: %q", d)
			}
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(raw, &want) != nil || want == nil {
			return
		}
		ms, ok := members(nil, raw)
		if !ok {
			if depth(raw) < maxDepth {
				t.Fatalf("valid JSON was refused: %s", raw)
			}
			return
		}
		for _, m := range ms {
			var a arena
			if m.val[0] != '"' || !utf8.Valid(raw) {
				continue
			}
			var s string
			if err := json.Unmarshal(m.val, &s); err == nil && s != a.text(m.val) {
				t.Fatalf("%s: %q, want %q", m.val, a.text(m.val), s)
			}
		}
	})
}

func depth(raw []byte) int {
	n, most := 0, 0
	for _, c := range raw {
		switch c {
		case '{', '[':
			n++
			most = max(most, n)
		case '}', ']':
			n--
		}
	}
	return most
}
