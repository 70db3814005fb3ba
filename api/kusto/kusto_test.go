package kusto

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"quarry/api"
	"quarry/events/schema"
	"quarry/hunt"
	"quarry/kql/types"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// serve starts a server with the table T(s:string, n:long) of three rows.
func serve(t testing.TB, guard api.Guard) (*httptest.Server, *Server) {
	t.Helper()
	ctx := context.Background()
	known := schema.New()
	known.Add("Known", types.Schema{{Name: "When", Type: types.Datetime}, {Name: "a b", Type: types.Dynamic}})
	session, err := hunt.Open(ctx, hunt.Config{Resources: &hunt.Resources{Schemas: known}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	if _, err := session.Store().CreateTable(ctx, "T", types.Schema{{Name: "s", Type: types.String}, {Name: "n", Type: types.Long}}); err != nil {
		t.Fatal(err)
	}
	a, err := session.Store().Appender(ctx, "T")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range [][]types.Value{{"a", int64(1)}, {"b\u00e9\"\n", int64(2)}, {"", nil}} {
		if err := a.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	s := New(session)
	s.Version = "test"
	s.Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := chi.NewRouter()
	s.Mount(r)
	guard.Open = OpenPaths
	h := httptest.NewServer(guard.Wrap(r, Refuse))
	t.Cleanup(h.Close)
	return h, s
}

// post sends a body and returns status, headers and text.
func post(t testing.TB, url, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("x-ms-client-request-id", "KPC.execute;1")
	req.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

// request is a body with a query and options.
func body(csl string, options ...string) string {
	o := map[string]any{}
	for i := 0; i+1 < len(options); i += 2 {
		o[options[i]] = json.RawMessage(options[i+1])
	}
	text, _ := json.Marshal(map[string]any{"db": "x", "csl": csl, "properties": map[string]any{"Options": o}})
	return string(text)
}

var (
	guids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	clock = regexp.MustCompile(`"20(?:2[7-9]|[3-9]\d|26-(?:0[2-9]|1\d))[-0-9]*T[0-9:.]+Z"`)
	spent = regexp.MustCompile(`ExecutionTime\\":[0-9.e-]+`)
)

// golden compares an answer with its file, without what differs from run to run.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = guids.ReplaceAllString(got, "<guid>")
	got = clock.ReplaceAllString(got, `"<time>"`)
	got = spent.ReplaceAllString(got, `ExecutionTime\":0`)
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", name, d)
	}
}

const allTypes = `print b=true, i=int(-5), l=9007199254740993, r=1.5, nan=real(nan), inf=real(+inf), whole=2.0, d=decimal(12345.6789), s="x",
 t=datetime(2026-01-02T03:04:05.1234567Z), t0=datetime(2026-01-02), ts=time(1.02:03:04.5), neg=-1tick, g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642),
 bag=dynamic({"a":[1,"x",null]}), num=dynamic(3), nb=bool(null), ni=int(null), ns="", nt=datetime(null), nd=dynamic(null)`

// TestAnswers pins the exact text of answers; clients depend on it to the line end.
func TestAnswers(t *testing.T) {
	h, _ := serve(t, api.Guard{})
	for _, c := range []struct{ name, path, body string }{
		{"v1_types.json", "/v1/rest/query", body(allTypes)},
		{"v1_two_tables.json", "/v1/rest/query", body(`T | sort by n asc; T | count | render piechart with (title="x")`)},
		{"v1_no_rows.json", "/v1/rest/query", body("T | where false")},
		{"v1_no_columns.json", "/v1/rest/query", body("T | take 2 | project-away *")},
		{"v1_truncated.json", "/v1/rest/query", body("range x from 1 to 5 step 1", "truncationmaxrecords", "2")},
		{"v2_types.json", "/v2/rest/query", body(allTypes)},
		{"v2_plain.json", "/v2/rest/query", body("T | sort by n asc | render timechart")},
		{"v2_fragmented.json", "/v2/rest/query", body("range x from 1 to 4100 step 1 | where x > 4097 or x == 1", "results_v2_fragment_primary_tables", "true", "results_error_reporting_placement", `"end_of_table"`)},
		{"v2_truncated_in_data.json", "/v2/rest/query", body("range x from 1 to 5 step 1", "truncationmaxrecords", "2")},
		{"v2_truncated_end_of_table.json", "/v2/rest/query", body("range x from 1 to 5 step 1", "truncationmaxrecords", "2", "results_v2_fragment_primary_tables", "true")},
		{"mgmt_databases.json", "/v1/rest/mgmt", body(".show databases")},
		{"mgmt_piped.json", "/v1/rest/mgmt", body(".show tables | where TableName startswith 'K' | project TableName")},
		{"mgmt_schema.json", "/v1/rest/mgmt", body(".show database ['x'] schema as json")},
		{"mgmt_cslschema.json", "/v1/rest/mgmt", body(`.show table ["Known"] cslschema`)},
		{"mgmt_databases_schema.json", "/v1/rest/query", body(".show databases schema")},
		{"error_name.json", "/v1/rest/query", body("T\n| where nope == 1")},
		{"error_syntax.json", "/v2/rest/query", body("T | where")},
		{"error_command.json", "/v1/rest/mgmt", body(".show nonsense")},
		{"error_v2_command.json", "/v2/rest/query", body(".show tables")},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, header, text := post(t, h.URL+c.path, c.body)
			want := 200
			if strings.HasPrefix(c.name, "error") {
				want = 400
			}
			if status != want {
				t.Errorf("status %d, want %d", status, want)
			}
			if got := header.Get("x-ms-client-request-id"); got != "KPC.execute;1" {
				t.Errorf("x-ms-client-request-id %q", got)
			}
			if header.Get("x-ms-activity-id") == "" || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
				t.Errorf("headers %v", header)
			}
			if !json.Valid([]byte(text)) {
				t.Errorf("not JSON: %s", text)
			}
			golden(t, c.name, text)
		})
	}
}

// rows runs a v1 query and returns the cells of its first table as JSON.
func rows(t testing.TB, url, requestBody string) string {
	t.Helper()
	status, _, text := post(t, url+"/v1/rest/query", requestBody)
	if status != 200 {
		t.Fatalf("status %d: %s", status, text)
	}
	var a struct {
		Tables []struct{ Rows json.RawMessage }
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, a.Tables[0].Rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRequests sends what the different clients send.
func TestRequests(t *testing.T) {
	h, _ := serve(t, api.Guard{})
	for _, c := range []struct{ name, body, want string }{
		{"properties as text", `{"db":null,"csl":"declare query_parameters(a:long); print a","properties":"{\"Options\":{\"servertimeout\":\"0:01:30\"},\"Parameters\":{\"a\":\"5\"},\"ClientRequestId\":\"x\"}"}`, `[[5]]`},
		{"lower case options", `{"DB":"","Csl":"print now()","querySource":"g","properties":{"options":{"query_now":"2020-05-06T00:00:00Z"},"parameters":null}}`, `[["2020-05-06T00:00:00Z"]]`},
		{"no properties", `{"csl":"print 1"}`, `[[1]]`},
		{"null properties", `{"csl":"print 1","properties":null}`, `[[1]]`},
		{"empty text properties", `{"csl":"print 1","properties":""}`, `[[1]]`},
		{"Go's parameters", `{"csl":"declare query_parameters(s:string,n:long,d:datetime,t:timespan,b:bool,j:dynamic);\nprint s,n,d,t,b,j","properties":{"Parameters":{"s":"\"v\\'1\"","n":"long(5)","d":"datetime(2026-01-02T03:04:05Z)","t":"timespan(00:01:30.0000000)","b":"bool(true)","j":"dynamic({\"a\":1})"}}}`,
			`[["v'1",5,"2026-01-02T03:04:05Z","00:01:30",true,{"a":1}]]`},
		{"raw parameters", `{"csl":"declare query_parameters(s:string,n:long,b:bool);print s,n,b","properties":{"Parameters":{"s":"abc","n":5,"b":true}}}`, `[["abc",5,true]]`},
		{"bad time-out", `{"csl":"print 1","properties":{"Options":{"servertimeout":"soon"}}}`, `[[1]]`},
		{"getschema", `{"csl":"T","properties":{"Options":{"query_results_apply_getschema":true}}}`, `[["s",0,"System.String","string"],["n",1,"System.Int64","long"]]`},
		{"take", `{"csl":"range x from 1 to 9 step 1","properties":{"Options":{"query_take_max_records":2}}}`, `[[1],[2]]`},
		{"probe", `{"csl":"range c from 1 to 10 step 1 | count"}`, `[[10]]`},
		{"no truncation", `{"csl":"set notruncation; range x from 1 to 3 step 1","properties":{"Options":{"truncationmaxrecords":1}}}`, `[[1],[2],[3]]`},
	} {
		if got := rows(t, h.URL, c.body); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestHTTP checks what is not the query itself.
func TestHTTP(t *testing.T) {
	h, _ := serve(t, api.Guard{})
	get := func(path string, headers ...string) (int, string) {
		req, _ := http.NewRequest("GET", h.URL+path, nil)
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
			if headers[i] == "Host" {
				req.Host = headers[i+1]
			}
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(text)
	}
	if status, text := get("/v1/rest/auth/metadata"); status != 200 || !strings.Contains(text, `"AzureAD":null`) {
		t.Errorf("metadata: %d %s", status, text)
	}
	if status, text := get("/v1/rest/ping"); status != 200 || !json.Valid([]byte(text)) {
		t.Errorf("ping: %d %s", status, text)
	}
	if status, text := get("/v2/rest/query?db=x&csl=print%201"); status != 200 || !strings.Contains(text, `"Rows":[[1]]`) {
		t.Errorf("GET: %d %s", status, text)
	}
	if status, _ := get("/v1/rest/query?csl=.show%20tables"); status != 400 {
		t.Errorf("a command by GET: %d", status)
	}
	if status, _ := get("/v2/rest/query?csl=print%201", "Origin", "https://evil.example"); status != 403 {
		t.Errorf("another origin: %d", status)
	}
	if status, _ := get("/v2/rest/query?csl=print%201", "Origin", h.URL); status != 200 {
		t.Errorf("own origin: %d", status)
	}
	if status, _ := get("/v2/rest/query?csl=print%201", "Host", "evil.example"); status != 403 {
		t.Errorf("another host: %d", status)
	}
	if status, _, _ := post(t, h.URL+"/v1/rest/query", body("print 1"), "Content-Type", "text/plain"); status != 415 {
		t.Errorf("a form post: %d", status)
	}
	if status, _, text := post(t, h.URL+"/v1/rest/query", `{"csl":`); status != 400 || !strings.Contains(text, "General_BadRequest") {
		t.Errorf("broken JSON: %d %s", status, text)
	}
	if status, _, _ := post(t, h.URL+"/v1/rest/query", `{"csl":"print 1","properties":{"Options":{"query_language":"sql"}}}`); status != 400 {
		t.Errorf("SQL: %d", status)
	}

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(body("print 1")))
	z.Close()
	status, header, text := post(t, h.URL+"/v1/rest/query", packed.String(), "Content-Encoding", "gzip", "Accept-Encoding", "gzip")
	if status != 200 || header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("gzip: %d %v", status, header)
	}
	r, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil || !json.Valid(plain) {
		t.Errorf("gzip answer: %v %s", err, plain)
	}
}

func TestToken(t *testing.T) {
	h, _ := serve(t, api.Guard{Token: "0123456789abcdef"})
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"Authorization", "Bearer 0123456789abcdef", 200},
		{"Authorization", "0123456789abcdef", 200},
		{"X-Api-Key", "0123456789abcdef", 200},
		{"Authorization", "Bearer wrong", 401},
		{"Authorization", "", 401},
	} {
		status, header, text := post(t, h.URL+"/v1/rest/query", body("print 1"), c.header, c.value)
		if status != c.want {
			t.Errorf("%s %q: %d, want %d", c.header, c.value, status, c.want)
		}
		if status == 401 && (header.Get("WWW-Authenticate") != "Bearer" || !json.Valid([]byte(text))) {
			t.Errorf("401 without its header or as text: %v %s", header, text)
		}
	}
	res, err := http.Get(h.URL + "/v1/rest/auth/metadata")
	if err != nil || res.StatusCode != 200 {
		t.Errorf("metadata needs a token: %v %v", res, err)
	}
}

// slow is a query that runs until it is stopped.
const slow = "set notruncation; range a from 1 to 100000000 step 1 | extend k=a%7 | join kind=inner (range b from 1 to 100000000 step 1 | extend k=b%7) on k | summarize sum(a*b)"

func TestTimeout(t *testing.T) {
	h, _ := serve(t, api.Guard{})
	status, _, text := post(t, h.URL+"/v1/rest/query", body(slow, "servertimeout", `"00:00:00.2"`))
	if status != 504 || !strings.Contains(text, "Request_ExecutionTimeout") {
		t.Errorf("%d %s", status, text)
	}
}

// TestCancel ends a query by .cancel query, and one by closing the connection.
func TestCancel(t *testing.T) {
	h, s := serve(t, api.Guard{})
	waitFor := func(n int) {
		t.Helper()
		for range 500 {
			if len(s.running.rows().Values) == n {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("there are not %d queries running: %v", n, s.running.rows().Values)
	}
	type answer struct {
		status int
		text   string
	}
	done := make(chan answer, 1)
	go func() {
		status, _, text := post(t, h.URL+"/v1/rest/query", body(slow), "x-ms-client-request-id", "find me")
		done <- answer{status, text}
	}()
	waitFor(1)
	if got := mgmt(t, h.URL, `.show running queries | project ClientActivityId, State`); got != `[["find me","InProgress"]]` {
		t.Errorf("running: %s", got)
	}
	if got := mgmt(t, h.URL, `.cancel query "find me" with (reason="test") | project ClientActivityId`); got != `[["find me"]]` {
		t.Errorf("cancel: %s", got)
	}
	if a := <-done; a.status != 400 || !strings.Contains(a.text, "Query_Canceled") {
		t.Errorf("the cancelled query: %d %s", a.status, a.text)
	}
	waitFor(0)

	ctx, cancel := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "POST", h.URL+"/v2/rest/query", strings.NewReader(body(slow)))
	req.Header.Set("Content-Type", "application/json")
	go func() { http.DefaultClient.Do(req); done <- answer{} }()
	waitFor(1)
	cancel()
	<-done
	waitFor(0)
}

func mgmt(t *testing.T, url, command string) string {
	t.Helper()
	status, _, text := post(t, url+"/v1/rest/mgmt", body(command))
	if status != 200 {
		return text
	}
	var a struct {
		Tables []struct{ Rows json.RawMessage }
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	json.Compact(&b, a.Tables[0].Rows)
	return b.String()
}

// TestCommands runs every command once.
func TestCommands(t *testing.T) {
	h, _ := serve(t, api.Guard{})
	for _, c := range commands {
		command := strings.NewReplacer(" NAMES?", "", "NAMES", "(quarry)", " WITH?", "", " NAME?", "", "NAME", "T").Replace(c.pattern)
		status, _, text := post(t, h.URL+"/v1/rest/mgmt", body(command))
		missing := strings.HasPrefix(command, ".cancel") || strings.HasPrefix(command, ".show function T")
		if missing && status == 400 && strings.Contains(text, "BadRequest_EntityNotFound") {
			continue
		}
		if status != 200 || !json.Valid([]byte(text)) {
			t.Errorf("%s: %d %s", command, status, text)
		}
	}
	if got := mgmt(t, h.URL, ".show table Tt cslschema"); !strings.Contains(got, `did you mean \"T\"?`) {
		t.Error(got)
	}
	if got := mgmt(t, h.URL, ".show tables (T, Nope) | count"); got != "[[1]]" {
		t.Error(got)
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{".show tables", `.show table ['a'] cslschema | count`, ".show table \"x", ".cancel query 'a' with(reason=\"b\")", ".show // x\n tables"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words, pipe, err := splitCommand(s)
		if err != nil {
			return
		}
		if pipe >= 0 && s[pipe] != '|' {
			t.Fatalf("%q: no pipe at %d", s, pipe)
		}
		for _, c := range commands {
			match(c.pattern, words)
		}
	})
}
