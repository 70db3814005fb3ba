package builtin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/types"
)

func TestParseCommandLine(t *testing.T) {
	for line, want := range map[string][]string{
		`echo "hello world!"`:                 {"echo", "hello world!"},
		`"C:\Program Files\a.exe" -x  y`:      {`C:\Program Files\a.exe`, "-x", "y"},
		`C:\dir\ "a\"b" c\\d`:                 {`C:\dir\`, `a"b`, `c\\d`},
		`p "a\\" b`:                           {"p", `a\`, "b"},
		`p "a""b" ""`:                         {"p", `a"b`, ""},
		`p a"b c"d`:                           {"p", "ab cd"},
		`  `:                                  nil,
		`"unclosed name`:                      {"unclosed name"},
		`powershell -EncodedCommand "a b`:     {"powershell", "-EncodedCommand", "a b"},
		"cmd\t/c\tdir":                        {"cmd", "/c", "dir"},
		`p \\server\share "\\server\share\\"`: {"p", `\\server\share`, `\\server\share\`},
	} {
		if diff := cmp.Diff(want, parseCommandLine(line)); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}

func TestParseCSV(t *testing.T) {
	for text, want := range map[string][]string{
		"aa,b,cc":                        {"aa", "b", "cc"},
		`aa,"b,b,b",cc,"Title ""x"""`:    {"aa", "b,b,b", "cc", `Title "x"`},
		"record1,a\nrecord2,x":           {"record1", "a"},
		"":                               {""},
		"a,":                             {"a", ""},
		"\"line1\nline2\",b\r\nnext,row": {"line1\nline2", "b"},
		`"open`:                          {"open"},
	} {
		if diff := cmp.Diff(want, parseCSV(text)); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestParseTexts(t *testing.T) {
	for _, c := range []struct {
		f        func(string) types.Value
		in, want string // "" is null
	}{
		{parseXML, `<e/>`, `{"e":null}`},
		{parseXML, `<e>text</e>`, `{"e":"text"}`},
		{parseXML, `<e name="value" />`, `{"e":{"@name":"value"}}`},
		{parseXML, `<e name="value">text</e>`, `{"e":{"@name":"value","#text":"text"}}`},
		{parseXML, `<e> <a>text</a> <b>text</b> </e>`, `{"e":{"a":"text","b":"text"}}`},
		{parseXML, `<e> <a>text</a> <a>text</a> </e>`, `{"e":{"a":["text","text"]}}`},
		{parseXML, `<e> text <a>text</a> </e>`, `{"e":{"#text":"text","a":"text"}}`},
		{parseXML, `<?xml version="1.0" encoding="utf-16"?><!-- c --><e>a &amp; b</e>`, `{"e":"a & b"}`},
		{parseXML, `<EventData xmlns="u"><Data Name="x">1</Data><Data Name="y"/></EventData>`,
			`{"EventData":{"@xmlns":"u","Data":[{"@Name":"x","#text":"1"},{"@Name":"y"}]}}`},
		{parseXML, `<a></b>`, ""},
		{parseXML, `<a>`, ""},
		{parseXML, `<a/><b/>`, ""},
		{parseXML, `plain`, ""},
		{parseXML, strings.Repeat("<a>", 5000), ""},
		{parseURL, "https://u:p@[::1]:8443/a?x=1&y#f", `{"Scheme":"https","Host":"[::1]","Port":"8443","Path":"/a","Username":"u","Password":"p","Query Parameters":{"x":"1","y":""},"Fragment":"f"}`},
		{parseURL, "bing.com/x", `{"Scheme":"","Host":"","Port":"","Path":"bing.com/x","Username":"","Password":"","Query Parameters":{},"Fragment":""}`},
		{parsePath, `file://C:/temp/file.txt:some.exe`, `{"Scheme":"file","RootPath":"C:/","DirectoryPath":"C:/temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":"some.exe"}`},
		{parsePath, `\\shared\users\temp\file.txt.gz`, `{"Scheme":"","RootPath":"","DirectoryPath":"\\\\shared\\users\\temp","DirectoryName":"temp","Filename":"file.txt.gz","Extension":"gz","AlternateDataStreamName":""}`},
		{parsePath, `C:\a.exe`, `{"Scheme":"","RootPath":"C:\\","DirectoryPath":"C:\\","DirectoryName":"","Filename":"a.exe","Extension":"exe","AlternateDataStreamName":""}`},
	} {
		got, _ := c.f(c.in).(string)
		if got != c.want {
			t.Errorf("%.60s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestPunycode(t *testing.T) {
	for text, code := range map[string]string{"académie-française": "acadmie-franaise-npb1a", "艺术": "cqv902d", "abc": "abc", "": "", "bücher": "bcher-kva", "π": "1xa"} {
		if got := punycodeEncode(text); got != code {
			t.Errorf("%q encodes as %q, want %q", text, got, code)
		}
		if ascii(text) {
			continue
		}
		if got, ok := punycodeDecode(code); !ok || got != text {
			t.Errorf("%q decodes as %q, want %q", code, got, text)
		}
	}
	for _, bad := range []string{"é", "99999999", "a-!"} {
		if s, ok := punycodeDecode(bad); ok {
			t.Errorf("%q decodes as %q", bad, s)
		}
	}
}

// Parsers of hostile texts neither panic nor hang.
func FuzzParsers(f *testing.F) {
	for _, s := range []string{`a "b\" c`, "x,\"y", "<a b='c'>&#1;</a>", "https://a:b@c:1/d?e#f", `C:\x:y`, "bcher-kva", "%zz+", "$.a[0]['b']"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parseCommandLine(s)
		parseCSV(s)
		for _, v := range []types.Value{parseXML(s), parseURL(s), parseURLQuery(s), parsePath(s), parseJSON(s)} {
			if text, ok := v.(string); ok {
				if _, ok := types.ParseDyn(text); !ok {
					t.Fatalf("%q gave %q, which is no JSON", s, text)
				}
			}
		}
		punycodeDecode(s)
		punycodeEncode(s)
		percentDecode(s)
		parseJSONPath(s)
		parseLong(s)
		parseReal(s)
		parseDecimal(s)
		parseGuid(s)
	})
}
