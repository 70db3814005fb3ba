package syntax

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/diag"
	"quarry/kql/source"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// TestCases runs testdata/*.txt. A case is a query, a line "-- print" or "-- errors",
// and what Print or the carets must say; cases are separated by a line of "====".
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for i, block := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n====\n") {
			query, want, found := strings.Cut(block, "\n-- ")
			if !found && !*update {
				t.Errorf("%s: case without expectation: %s", file, query)
			}
			got := verdict(t, query)
			if i > 0 {
				out.WriteString("\n====\n")
			}
			out.WriteString(query + "\n-- " + got)
			if !*update && got != want {
				t.Errorf("%s: %s\n%s", file, query, cmp.Diff(want, got))
			}
		}
		out.WriteByte('\n')
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func verdict(t *testing.T, query string) string {
	script, errs := Parse(source.New("", query, 0))
	if errs != nil {
		return "errors\n" + strings.TrimSuffix(errs.Caret(), "\n")
	}
	checkRoundTrip(t, corpusCase{KQL: query})
	checkTree(t, query, script)
	s := "print\n" + Print(script)
	if len(script.Warnings) > 0 {
		list := diag.List{Text: source.New("", query, 0), Items: script.Warnings}
		s += "\nwarning " + strings.TrimSuffix(list.Caret(), "\n")
	}
	return s
}

// checkTree holds Walk against the structure of the tree, so that a field added to
// a node can't be forgotten, and spans against the text.
func checkTree(t *testing.T, query string, s *Script) {
	t.Helper()
	var walked, built []string
	Walk(s, func(n Node) bool {
		walked = append(walked, describe(n))
		if sp := n.Pos(); sp.Start < 0 || sp.End > len(query) || sp.Start > sp.End {
			t.Errorf("%s: %T has the span %v", query, n, sp)
		}
		return true
	})
	nodes(reflect.ValueOf(s), func(n Node) { built = append(built, describe(n)) })
	if d := cmp.Diff(count(built), count(walked)); d != "" {
		t.Errorf("%s: Walk misses or repeats nodes:\n%s", query, d)
	}
}

func describe(n Node) string { return reflect.TypeOf(n).String() + " " + Print(n) }

func count(list []string) map[string]int {
	m := map[string]int{}
	for _, s := range list {
		m[s]++
	}
	return m
}

// nodes visits every node that is reachable through pointers and interfaces.
func nodes(v reflect.Value, visit func(Node)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Pointer {
			if n, ok := v.Interface().(Node); ok {
				visit(n)
			}
		}
		nodes(v.Elem(), visit)
	case reflect.Struct:
		for i := range v.NumField() {
			nodes(v.Field(i), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			nodes(v.Index(i), visit)
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[diag.Code]bool{}
	for _, c := range Codes() {
		if seen[c.Code] || c.Title == "" || c.Explain == "" {
			t.Errorf("%s: repeated or unexplained", c.Code)
		}
		seen[c.Code] = true
		if c.Example == "" {
			continue
		}
		_, errs := Parse(source.New("", c.Example, 0))
		if errs == nil || errs.Items[0].Code != c.Code {
			t.Errorf("%s: the example gives %v", c.Code, errs)
		}
	}
}

// TestDeepNesting asks for a diagnostic instead of a crash.
func TestDeepNesting(t *testing.T) {
	deep := map[string]string{
		"parentheses": "print " + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000),
		"open":        "print " + strings.Repeat("(", 100000),
		"calls":       "print " + strings.Repeat("f(", 5000) + "1" + strings.Repeat(")", 5000),
		"indexes":     "print " + strings.Repeat("a[", 5000) + "1" + strings.Repeat("]", 5000),
		"in":          "T | where " + strings.Repeat("a in (", 5000) + "1" + strings.Repeat(")", 5000),
		"between":     "print " + strings.Repeat("1 between (", 5000),
		"json arrays": "print dynamic(" + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + ")",
		"json bags":   "print dynamic(" + strings.Repeat(`{"a":`, 5000) + "1",
		"dynamics":    "print " + strings.Repeat("dynamic(", 5000),
		"sub-queries": strings.Repeat("T | join (", 5000) + "U" + strings.Repeat(") on a", 5000),
		"functions":   strings.Repeat("let f = () { ", 5000),
		"schemas":     "let f = (" + strings.Repeat("T:(", 5000),
		"mv-apply":    "T " + strings.Repeat("| mv-apply a on (", 5000),
		"fork":        "T " + strings.Repeat("| fork (", 5000),
		"forks":       "T " + strings.Repeat("| fork (where x ", 5000),
		"partition":   "T " + strings.Repeat("| partition by a {", 5000),
		"macro":       strings.Repeat("macro-expand E as X (", 5000),
		"pattern":     strings.Repeat("declare pattern p = () { () = {", 5000),
		"toscalar":    "print " + strings.Repeat("toscalar(", 5000),
		"union":       strings.Repeat("union (", 5000),
		"datatable":   "let a = " + strings.Repeat("datatable(a:dynamic)[dynamic([", 5000),
		"signs":       "print " + strings.Repeat("-", 5000) + "1",
		"scan":        "T | scan with (" + strings.Repeat("step s: x; ", 5000),
		"typeof":      "print " + strings.Repeat("typeof(a:(", 5000),
		"partitioned": "T " + strings.Repeat("| make-graph a --> b partitioned-by c (", 5000),
		"facet":       "T " + strings.Repeat("| facet by a with (", 5000),
		"facets":      "T | " + strings.Repeat("facet by a with ", 5000),
		"find":        "find where " + strings.Repeat("x[", 5000),
		"graph":       "G | graph-match " + strings.Repeat("(a)-[e*", 5000),
	}
	for name, text := range deep {
		script, errs := Parse(source.New("", text, 0))
		if errs == nil {
			continue // flat after all
		}
		if len(errs.Items) > maxProblems {
			t.Errorf("%s: %d problems", name, len(errs.Items))
		}
		if n := depthOf(reflect.ValueOf(script)); n > 20*maxDepth {
			t.Errorf("%s: the tree is %d deep", name, n)
		}
	}
	if _, errs := Parse(source.New("", deep["parentheses"], 0)); errs == nil || errs.Items[0].Code != CodeDepth {
		t.Errorf("parentheses: %v", errs)
	}
	fine := "print " + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200)
	if _, errs := Parse(source.New("", fine, 0)); errs != nil {
		t.Error(errs)
	}
}

func depthOf(v reflect.Value) int {
	deepest := 0
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			deepest = depthOf(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			deepest = max(deepest, depthOf(v.Field(i)))
		}
	case reflect.Slice:
		for i := range v.Len() {
			deepest = max(deepest, depthOf(v.Index(i)))
		}
	}
	return deepest + 1
}

// TestLongQueries parses what is long but flat.
func TestLongQueries(t *testing.T) {
	long := map[string]string{
		"or":         "T | where " + strings.Repeat("a == 1 or ", 20000) + "b",
		"and":        "T | where " + strings.Repeat("a and ", 20000) + "b",
		"sum":        "print " + strings.Repeat("1 + ", 20000) + "1",
		"in":         "T | where a in (" + strings.Repeat("'x', ", 200000) + "'y')",
		"pipe":       "T" + strings.Repeat(" | where a == 1", 20000),
		"count":      "T" + strings.Repeat(" | count ", 20000),
		"path":       "print a" + strings.Repeat(".b[0]", 5000),
		"columns":    "T | project " + strings.Repeat("a, ", 50000) + "b",
		"lets":       strings.Repeat("let a = 1;\n", 20000) + "print a",
		"json":       "print dynamic([" + strings.Repeat("1, ", 100000) + "2])",
		"string":     `print "` + strings.Repeat("x", 5<<20) + `"`,
		"strings":    "print " + strings.Repeat(`"x" `, 50000),
		"comment":    strings.Repeat("// x\n", 100000) + "print 1",
		"names":      "print (" + strings.Repeat("a, ", 50000) + "b) = f()",
		"values":     "datatable(a:long)[" + strings.Repeat("1, ", 100000) + "]",
		"graph":      "G | graph-match " + strings.Repeat("(a)-[e]->", 20000) + "(b)",
		"statements": strings.Repeat("print 1;\n", 20000),
	}
	for name, text := range long {
		a, errs := Parse(source.New("", text, 0))
		if errs != nil {
			t.Errorf("%s: %v", name, errs)
			continue
		}
		b, errs := Parse(source.New("", Print(a), 0))
		if errs != nil || !Equal(a, b) {
			t.Errorf("%s: printed text differs: %v", name, errs)
		}
		nodes := 0
		Walk(a, func(Node) bool { nodes++; return true })
		if nodes == 0 {
			t.Errorf("%s: no nodes", name)
		}
	}
}

func TestLetConstants(t *testing.T) {
	const query = `set query_now = datetime(2024-05-01);
let ToleranceInSeconds = 5;
let Names = dynamic(["a", "b"]);
let Lookback = 7d; // a comment
let Since = ago(14d);
let Low = -1.5;
let Host = @"C:\x";
let T = Events | where a == 1;
let Late = true;
T | where x > Low;
let NotHead = 1;
print 1`
	script, errs := Parse(source.New("", query, 0))
	if errs != nil {
		t.Fatal(errs)
	}
	var got []string
	for _, k := range LetConstants(script) {
		if k.Type.String() != "dynamic" && query[k.Span.Start:k.Span.End] != k.Value {
			t.Errorf("%s: span %v is %q", k.Name, k.Span, query[k.Span.Start:k.Span.End])
		}
		got = append(got, k.Name+":"+k.Type.String()+"="+k.Value)
	}
	want := []string{"ToleranceInSeconds:long=5", `Names:dynamic=dynamic(["a", "b"])`, "Lookback:timespan=7d", "Since:datetime=ago(14d)",
		"Low:real=-1.5", `Host:string=@"C:\x"`, "Late:bool=true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, c := range []struct{ name, value, want string }{
		{"ToleranceInSeconds", "10", "let ToleranceInSeconds = 10;"},
		{"ToleranceInSeconds", " -3 ", "let ToleranceInSeconds = -3;"},
		{"Lookback", "1h", "let Lookback = 1h;"},
		{"Lookback", "1.00:30:00", "let Lookback = timespan(1.00:30:00);"},
		{"Since", "2024-01-02", "let Since = datetime(2024-01-02);"},
		{"Since", "ago(1d)", "let Since = ago(1d);"},
		{"Low", "2", "let Low = real(2);"},
		{"Host", `WS"01`, `let Host = "WS\"01";`},
		{"Host", `"WS01"`, `let Host = "WS01";`},
		{"Names", `dynamic([])`, `let Names = dynamic([]);`},
	} {
		text, err := SetLet(query, c.name, c.value)
		if err != nil || !strings.Contains(text, c.want) {
			t.Errorf("SetLet %s %s: %v\n%s", c.name, c.value, err, text)
		}
	}
	for _, c := range []struct{ name, value, want string }{
		{"ToleranceInSeconds", "abc", "ToleranceInSeconds is a long, and abc is none"},
		{"ToleranceInSeconds", "5; drop", "ToleranceInSeconds is a long, and 5; drop is none"},
		{"ToleranceInSeconds", "5 // x", "ToleranceInSeconds is a long, and 5 // x is none"},
		{"Lookback", "5", "Lookback is a timespan, and 5 is none"},
		{"Toleranceinseconds", "5", "the query has no constant Toleranceinseconds (did you mean ToleranceInSeconds?)"},
		{"NotHead", "2", "the query has no constant NotHead, it has ToleranceInSeconds, Names, Lookback, Since, Low, Host, Late"},
	} {
		if _, err := SetLet(query, c.name, c.value); err == nil || err.Error() != c.want {
			t.Errorf("SetLet %s %s: %v", c.name, c.value, err)
		}
	}
}
