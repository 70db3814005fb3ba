package workspace

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/events"
	"quarry/hunt"
	"quarry/kql/source"
	"quarry/kql/types"
)

// write makes files below a new folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask runs a query and writes its rows as text.
func ask(t *testing.T, w *Workspace, kql string) string {
	t.Helper()
	rows, _, err := w.All(context.Background(), hunt.Request{Text: source.New("", kql, 0)}, 0)
	if err != nil {
		t.Fatalf("%s: %v", kql, err)
	}
	var out []string
	for _, r := range rows.Values {
		var cells []string
		for i, v := range r {
			cells = append(cells, rows.Schema[i].Type.String()+"="+hunt.FormatValue(v, rows.Schema[i].Type))
		}
		out = append(out, strings.Join(cells, " "))
	}
	return strings.Join(out, "\n")
}

func open(t testing.TB, o Options) *Workspace {
	t.Helper()
	w, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func load(t *testing.T, w *Workspace, paths ...string) {
	t.Helper()
	if _, err := w.Load(context.Background(), paths, events.Options{Table: "T"}); err != nil {
		t.Fatal(err)
	}
}

// TestLoadTwice loads files whose columns differ in order, number and type into one table.
func TestLoadTwice(t *testing.T) {
	dir := write(t, map[string]string{
		"1.ndjson": `{"a":1,"b":"x","big":9007199254740993}` + "\n" + `{"a":2}` + "\n",
		"2.ndjson": `{"b":"y","c":true,"a":1.5,"big":0.5}` + "\n",
		"3.ndjson": `{"a":"text","c":false}` + "\n",
		"4.ndjson": `{"a":7}` + "\n",
	})
	w := open(t, Options{})
	for _, f := range []string{"1", "2", "3", "4"} {
		load(t, w, filepath.Join(dir, f+".ndjson"))
	}
	got := ask(t, w, "T | project a, b, c, big | sort by a asc, b desc")
	want := strings.Join([]string{
		"string=1 string=x bool= string=9007199254740993",
		"string=1.5 string=y bool=true string=0.5",
		"string=2 string= bool= string=",
		"string=7 string= bool= string=",
		"string=text string= bool=false string=",
	}, "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestFolder keeps tables and imported schemas from one opening to the next.
func TestFolder(t *testing.T) {
	dir := write(t, map[string]string{"1.ndjson": `{"a":1}`, "s.csv": "table,column,type\nMine,x,long\n"})
	home := filepath.Join(dir, "soc")
	if _, err := Open(context.Background(), Options{Dir: home, MustExist: true}); err == nil || !strings.Contains(err.Error(), "not a workspace") {
		t.Errorf("a folder that is none: %v", err)
	}
	w := open(t, Options{Dir: home})
	load(t, w, filepath.Join(dir, "1.ndjson"))
	w.Close()
	if _, err := ImportSchemas(home, []string{filepath.Join(dir, "s.csv")}); err != nil {
		t.Fatal(err)
	}
	w = open(t, Options{Dir: home, MustExist: true})
	if got := ask(t, w, "T | union Mine | project a, x"); got != "long=1 long=" {
		t.Error(got)
	}
}

func TestExternalData(t *testing.T) {
	dir := write(t, map[string]string{
		"map.csv":    "url,file\nhttps://x.example/list.csv,list.csv\nhttps://x.example/feeds/*.json,*.feed\n# a comment\n*,any.txt\n",
		"list.csv":   "Name,Count,When\n\"a,b\",3,2026-01-02\nc,nonsense,\n",
		"a.feed":     `[{"Name":"j","Count":5,"Bag":{"k":1}},{"Name":"k"}]`,
		"any.txt":    "one\ntwo\n",
		"broken.csv": "url\n",
	})
	w := open(t, Options{External: filepath.Join(dir, "map.csv")})
	for _, c := range []struct{ name, kql, want string }{
		{"csv by position", `externaldata(n:string, c:long, w:datetime)["https://x.example/list.csv?sig=1"] with(format="csv", ignoreFirstRecord=true)`,
			"string=a,b long=3 datetime=2026-01-02T00:00:00Z\nstring=c long= datetime="},
		{"header kept", `externaldata(n:string)["https://x.example/list.csv"]`, "string=Name\nstring=a,b\nstring=c"},
		{"json by name", `externaldata(Count:int, Name:string, Bag:dynamic)["https://x.example/feeds/a.json"] with(format="multijson")`,
			"int=5 string=j dynamic={\"k\":1}\nint= string=k dynamic="},
		{"text", `externaldata(line:string)["https://other.example/whatever"] with(format="txt")`, "string=one\nstring=two"},
		{"two addresses", `externaldata(line:string)["https://a.example/1.txt", "https://a.example/2.txt"] | count`, "long=4"},
	} {
		if d := cmp.Diff(c.want, ask(t, w, c.kql)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	for _, c := range []struct{ kql, want string }{
		{`externaldata(x:string)["https://x.example/feeds/none.json"]`, "local copy"},
		{`externaldata(x:string)["https://x.example/feeds/../a.json"]`, "no line for this address"},
		{`externaldata(x:string)["https://x.example/feeds/a.json"] with (format="avro")`, `format "avro"`},
	} {
		_, _, err := w.All(context.Background(), hunt.Request{Text: source.New("", c.kql, 0)}, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.kql, err, c.want)
		}
	}
	bare := open(t, Options{})
	_, _, err := bare.All(context.Background(), hunt.Request{Text: source.New("", `externaldata(x:string)["https://x.example/a"]`, 0)}, 0)
	if err == nil || !strings.Contains(err.Error(), "--external-data") {
		t.Errorf("without a map: %v", err)
	}
	if _, err := ReadCopies(filepath.Join(dir, "broken.csv")); err == nil || !strings.Contains(err.Error(), "broken.csv:1:") {
		t.Errorf("a broken map: %v", err)
	}
}

func TestExternalHosts(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret\n") }))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked++; r.URL.Path {
		case "/list.csv":
			fmt.Fprint(w, "a,1\nb,2\n")
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	host := strings.TrimPrefix(srv.URL, "http://")
	dir := write(t, map[string]string{"map.csv": srv.URL + "/copied.csv,copy.csv\n", "copy.csv": "local,0\n"})
	w := open(t, Options{External: filepath.Join(dir, "map.csv"), ExternalHosts: []string{host}})
	for range 2 {
		if d := cmp.Diff("string=a long=1\nstring=b long=2", ask(t, w, `externaldata(n:string, c:long)["`+srv.URL+`/list.csv?sig=hidden;key"]`)); d != "" {
			t.Error(d)
		}
	}
	if asked != 1 {
		t.Errorf("the address was asked %d times", asked)
	}
	if d := cmp.Diff("string=local", ask(t, w, `externaldata(n:string)["`+srv.URL+`/copied.csv"]`)); d != "" || asked != 1 {
		t.Errorf("a copy comes first: %s", d)
	}
	for _, c := range []struct{ address, want string }{
		{srv.URL + "/none?sig=hidden", "/none: the server answers 404 Not Found"},
		{srv.URL + "/away?sig=hidden", "is not allowed; --external-host"},
		{other.URL, "is not allowed; --external-host"},
		{"file:///etc/passwd", "no address of the web"},
	} {
		_, _, err := w.All(context.Background(), hunt.Request{Text: source.New("", `externaldata(x:string)["`+c.address+`"]`, 0)}, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", c.address, err, c.want)
		}
	}
	for _, h := range []string{"", "https://a.example", "*.example", "a.example/x"} {
		if _, err := newFetcher([]string{h}); err == nil {
			t.Errorf("%q passes for a host", h)
		}
	}
}

func TestTextValue(t *testing.T) {
	for _, c := range []struct {
		text string
		typ  types.Type
		want types.Value
	}{
		{" 5 ", types.Int, int64(5)}, {"3000000000", types.Int, nil}, {"3000000000", types.Long, int64(3000000000)}, {"1.5", types.Long, nil},
		{"1e3", types.Real, 1000.0}, {"-1.50", types.Decimal, "-1.50"}, {"1.2.3", types.Decimal, nil}, {"TRUE", types.Bool, true}, {"yes", types.Bool, nil},
		{"00:01:00", types.Timespan, types.Minute}, {"{74BE27DE-1E4E-49D9-B579-FE0B331D3642}", types.Guid, "74be27de-1e4e-49d9-b579-fe0b331d3642"},
		{"x", types.Guid, nil}, {`{"a": 1}`, types.Dynamic, `{"a":1}`}, {"plain", types.Dynamic, `"plain"`}, {"", types.Dynamic, nil}, {"", types.String, ""},
	} {
		if got := textValue(c.text, c.typ); got != c.want {
			t.Errorf("%q as %s: %v, want %v", c.text, c.typ, got, c.want)
		}
	}
}

// TestWriteFile leaves nothing behind after an error.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "out")
	if err := WriteFile(name, func(f *os.File) error { f.WriteString("half"); return context.Canceled }); err == nil {
		t.Error("no error")
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := WriteFile(name, func(f *os.File) error { _, err := f.WriteString("all"); return err }); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(name); string(text) != "all" {
		t.Errorf("%q", text)
	}
}
