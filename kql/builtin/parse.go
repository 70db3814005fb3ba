package builtin

import (
	"strings"
	"sync"

	"github.com/ua-parser/uap-go/uaparser"

	"quarry/kql/types"
)

// parseRows take texts of known formats apart.
var parseRows = []Row{
	parseRow("parse_url(url: string)", "The parts of a URL as a bag: Scheme, Host, Port, Path, Username, Password, Query Parameters, Fragment.", 0, parseURL,
		Example{`parse_url("scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment")`,
			`dynamic({"Scheme":"scheme","Host":"host","Port":"1234","Path":"/this/is/a/path","Username":"username","Password":"password","Query Parameters":{"k1":"v1","k2":"v2"},"Fragment":"fragment"})`}),
	parseRow("parseurl(url: string)", "The old name of parse_url().", Deprecated, parseURL,
		Example{`parseurl("https://host").Host`, `dynamic("host")`}),
	parseRow("parse_urlquery(query: string)", "The parameters of a URL's query as a bag under \"Query Parameters\".", 0, parseURLQuery,
		Example{`parse_urlquery("k1=v1&k2=v2")`, `dynamic({"Query Parameters":{"k1":"v1","k2":"v2"}})`}),
	parseRow("parseurlquery(query: string)", "The old name of parse_urlquery().", Deprecated, parseURLQuery,
		Example{`parseurlquery("k=v")`, `dynamic({"Query Parameters":{"k":"v"}})`}),
	parseRow("parse_path(path: string)", "The parts of a file path as a bag: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, AlternateDataStreamName.", 0, parsePath,
		Example{`parse_path(@"C:\temp\file.txt")`,
			`dynamic({"Scheme":"","RootPath":"C:\\","DirectoryPath":"C:\\temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""})`}),
	parseTextRow("parse_csv(csv_text: text)", "The fields of the first record of a CSV text as an array of strings.",
		func(s string) types.Value { return textArray(parseCSV(s)) },
		Example{`parse_csv("aa,\"b,b\",\"a \"\"quote\"\"\"")`, `dynamic(["aa","b,b","a \"quote\""])`}),
	parseTextRow("parse_xml(xml_text: text)", "An XML text as a bag: attributes are \"@name\", text beside them \"#text\", repeated elements arrays; null where it is no XML.",
		parseXML,
		Example{`parse_xml("<e name=\"v\">text</e>")`, `dynamic({"e":{"@name":"v","#text":"text"}})`}, Example{`parse_xml("<e><a>1</a><a>2</a></e>")`, `dynamic({"e":{"a":["1","2"]}})`}),
	{Sig: "parse_command_line(command: text, parser: string) -> dynamic", Doc: "The arguments of a command line as an array; \"windows\" is the only parser.",
		Check: func(args []Arg) (int, string) {
			if args[1].Const && args[1].Value != "windows" {
				return 1, `the parser must be "windows"`
			}
			return 0, ""
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			if a[1] != "windows" || a[0] == "" {
				return nil
			}
			return textArray(parseCommandLine(a[0].(string)))
		},
		Examples: []Example{{`parse_command_line("echo \"hello world!\"", "windows")`, `dynamic(["echo","hello world!"])`}, {`parse_command_line(@"a \\""b c\\"" d", "windows")`, `dynamic(["a","\\b c\\","d"])`}}},
	{Sig: "parse_user_agent(user_agent: string, look_for?: string) -> dynamic", Doc: userAgentDoc,
		Go: func(_ *Env, a []types.Value) types.Value {
			if len(a) == 1 {
				return userAgent(a[0].(string), []string{"browser", "os", "device"})
			}
			return userAgent(a[0].(string), []string{a[1].(string)})
		},
		Examples: []Example{{`parse_user_agent("Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1", "browser")`,
			`dynamic({"Browser":{"Family":"AdobeAIR","MajorVersion":"2","MinorVersion":"5","Patch":"1"}})`}}},
	{Sig: "parse_user_agent(user_agent: string, look_for: dynamic) -> dynamic", Doc: userAgentDoc,
		Go: func(e *Env, a []types.Value) types.Value {
			return userAgent(a[0].(string), e.needles(a[1], true))
		},
		Examples: []Example{{`parse_user_agent("curl/8.5.0", dynamic(["browser"]))`, `dynamic({"Browser":{"Family":"curl","MajorVersion":"8","MinorVersion":"5","Patch":"0"}})`}}},
	{Sig: "parse_version(version: string) -> decimal", Doc: "A version as a number that compares as versions do.",
		Unsupported: "its numbers have up to 32 digits, more than a decimal holds here; compare the parts of split(version, \".\") as numbers"},
	extractJSONRow("extract_json", false), extractJSONRow("extract_json", true), extractJSONRow("extractjson", false), extractJSONRow("extractjson", true),
}

const userAgentDoc = "What a user agent text tells: \"browser\", \"os\" or \"device\", or several of them as an array."

func parseRow(sig, doc string, sem Sem, f func(string) types.Value, examples ...Example) Row {
	return Row{Sig: sig + " -> dynamic", Doc: doc, Sem: sem, Examples: examples,
		Go: func(_ *Env, a []types.Value) types.Value { return f(a[0].(string)) }}
}

// parseTextRow is a parseRow whose argument may be dynamic, and whose column keeps
// the argument's name.
func parseTextRow(sig, doc string, f func(string) types.Value, examples ...Example) Row {
	r := parseRow(sig, doc, 0, f, examples...)
	r.ResultName, r.Check = NameFirstArg, stringOrDynamic(0)
	return r
}

// bag makes a bag of texts.
func textBag(pairs ...string) types.Dyn {
	var keys []string
	var values []types.Dyn
	for i := 0; i < len(pairs); i += 2 {
		keys, values = append(keys, pairs[i]), append(values, types.DynText(pairs[i+1]))
	}
	return types.DynObject(keys, values)
}

func parseURL(url string) types.Value {
	rest, fragment, _ := strings.Cut(url, "#")
	rest, query, _ := strings.Cut(rest, "?")
	scheme, authority, absolute := strings.Cut(rest, "://")
	path := rest
	var user, password, host, port string
	if absolute && isScheme(scheme) {
		path = ""
		if i := strings.IndexAny(authority, `/\`); i >= 0 {
			authority, path = authority[:i], authority[i:]
		}
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			user, password, _ = strings.Cut(authority[:i], ":")
			authority = authority[i+1:]
		}
		host = authority
		if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.Contains(authority[i:], "]") {
			host, port = authority[:i], authority[i+1:]
		}
	} else {
		scheme = ""
	}
	keys := []string{"Scheme", "Host", "Port", "Path", "Username", "Password", "Query Parameters", "Fragment"}
	values := []types.Dyn{types.DynText(scheme), types.DynText(host), types.DynText(port), types.DynText(path), types.DynText(user), types.DynText(password),
		queryParameters(query), types.DynText(fragment)}
	return types.DynObject(keys, values).Value()
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !inTerm(rune(c)) && (i == 0 || c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

func parseURLQuery(query string) types.Value {
	query = strings.TrimPrefix(query, "?")
	query, _, _ = strings.Cut(query, "#")
	return types.DynObject([]string{"Query Parameters"}, []types.Dyn{queryParameters(query)}).Value()
}

func queryParameters(query string) types.Dyn {
	var pairs []string
	for _, p := range strings.Split(query, "&") {
		if p != "" {
			k, v, _ := strings.Cut(p, "=")
			pairs = append(pairs, k, v)
		}
	}
	return textBag(pairs...)
}

func parsePath(path string) types.Value {
	scheme, rest := "", path
	if i := strings.Index(path, "://"); i > 0 && isScheme(path[:i]) {
		scheme, rest = path[:i], path[i+3:]
	}
	root := ""
	if len(rest) > 2 && rest[1] == ':' && inTerm(rune(rest[0])) && (rest[2] == '\\' || rest[2] == '/') {
		root = rest[:3]
	}
	dir, file := "", rest
	if i := strings.LastIndexAny(rest, `/\`); i >= 0 {
		dir, file = rest[:i], rest[i+1:]
	}
	name := dir
	if i := strings.LastIndexAny(dir, `/\`); i >= 0 {
		name = dir[i+1:]
	}
	if len(dir) < len(root) { // the file stands in the root itself
		dir, name = root, ""
	}
	stream := ""
	if i := strings.IndexByte(file, ':'); i >= 0 {
		file, stream = file[:i], file[i+1:]
	}
	extension := ""
	if i := strings.LastIndexByte(file, '.'); i >= 0 {
		extension = file[i+1:]
	}
	return textBag("Scheme", scheme, "RootPath", root, "DirectoryPath", dir, "DirectoryName", name, "Filename", file, "Extension", extension,
		"AlternateDataStreamName", stream).Value()
}

// parseCSV reads the first record: fields may be quoted, a quote within is doubled.
func parseCSV(s string) []string {
	var fields []string
	for {
		var b strings.Builder
		if strings.HasPrefix(s, `"`) {
			s = s[1:]
			for {
				i := strings.IndexByte(s, '"')
				if i < 0 { // never closed: the rest is the field
					b.WriteString(s)
					return append(fields, b.String())
				}
				b.WriteString(s[:i])
				s = s[i+1:]
				if !strings.HasPrefix(s, `"`) {
					break
				}
				b.WriteByte('"')
				s = s[1:]
			}
		}
		i := strings.IndexAny(s, ",\r\n")
		if i < 0 {
			b.WriteString(s)
			return append(fields, b.String())
		}
		b.WriteString(s[:i])
		fields = append(fields, b.String())
		if s[i] != ',' {
			return fields
		}
		s = s[i+1:]
	}
}

// parseCommandLine splits as Windows does: backslashes are special before a quote
// only, and not in the program's name.
func parseCommandLine(s string) []string {
	var args []string
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return nil
	}
	end := strings.IndexAny(s, " \t")
	if s[0] == '"' {
		s = s[1:]
		end = strings.IndexByte(s, '"')
	}
	if end < 0 {
		return append(args, s)
	}
	args = append(args, s[:end])
	s = s[end+1:]
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return args
		}
		var b strings.Builder
		quoted := false
		i := 0
		for ; i < len(s) && (quoted || s[i] != ' ' && s[i] != '\t'); i++ {
			switch s[i] {
			case '\\':
				n := 1
				for i+n < len(s) && s[i+n] == '\\' {
					n++
				}
				i += n - 1
				if i+1 < len(s) && s[i+1] == '"' {
					b.WriteString(strings.Repeat(`\`, n/2))
					if n%2 == 1 {
						b.WriteByte('"')
						i++
					}
					continue
				}
				b.WriteString(strings.Repeat(`\`, n))
			case '"':
				if quoted && i+1 < len(s) && s[i+1] == '"' {
					b.WriteByte('"')
					i++
					continue
				}
				quoted = !quoted
			default:
				b.WriteByte(s[i])
			}
		}
		args = append(args, b.String())
		s = s[i:]
	}
}

// agents are the definitions that come with the library, compiled at first use.
var agents = sync.OnceValues(func() (*uaparser.Parser, error) { return uaparser.New() })

func userAgent(text string, wanted []string) types.Value {
	p, err := agents()
	if err != nil {
		return nil
	}
	var keys []string
	var values []types.Dyn
	add := func(key string, pairs ...string) {
		keys, values = append(keys, key), append(values, textBag(pairs...))
	}
	for _, w := range wanted {
		switch strings.ToLower(w) {
		case "browser":
			u := p.ParseUserAgent(text)
			add("Browser", "Family", u.Family, "MajorVersion", u.Major, "MinorVersion", u.Minor, "Patch", u.Patch)
		case "os":
			o := p.ParseOs(text)
			add("OperatingSystem", "Family", o.Family, "MajorVersion", o.Major, "MinorVersion", o.Minor, "Patch", o.Patch, "PatchMinor", o.PatchMinor)
		case "device":
			d := p.ParseDevice(text)
			add("Device", "Family", d.Family, "Brand", d.Brand, "Model", d.Model)
		}
	}
	if keys == nil {
		return nil
	}
	return types.DynObject(keys, values).Value()
}
