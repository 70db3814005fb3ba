package kql

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quarry/internal/kqt"
	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// smallCatalog has a stored table of every type, one without rows, and nothing else.
func smallCatalog() *schemaCatalog {
	cols := types.Schema{{Name: "t", Type: types.Datetime}, {Name: "d", Type: types.Timespan}, {Name: "s", Type: types.String}, {Name: "i", Type: types.Int},
		{Name: "n", Type: types.Long}, {Name: "r", Type: types.Real}, {Name: "m", Type: types.Decimal}, {Name: "b", Type: types.Bool}, {Name: "g", Type: types.Guid}, {Name: "j", Type: types.Dynamic}}
	stored := &bind.Table{Name: "T", Physical: "t1", Columns: cols}
	for i := range cols {
		stored.Source = append(stored.Source, fmt.Sprintf("c%d", i))
	}
	return &schemaCatalog{tables: map[string]*bind.Table{"T": stored, "U": {Name: "U", Columns: cols[:5]}}, names: []string{"T", "U"}}
}

// seeds are the project's own queries: cases, and the parser's test texts.
func seeds(f *testing.F) {
	cases, err := kqt.Load("../testdata/cases")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add(c.KQL)
	}
	files, err := filepath.Glob("syntax/testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(data), "\n====\n") {
			query, _, _ := strings.Cut(block, "\n-- ")
			f.Add(query)
		}
	}
	for _, d := range deep(50) {
		f.Add(d.kql)
	}
}

// slow is how long one short text may take. It is no measure of speed: it tells a
// hang from a busy machine.
const slow = 20 * time.Second

// FuzzCompile: no text makes the compiler panic, hang, or fail without a place.
func FuzzCompile(f *testing.F) {
	seeds(f)
	compilers := compilers(f)
	cat := smallCatalog()
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		for _, c := range compilers {
			start := time.Now()
			compiled, err := c.Compile(source.New("", text, 0), cat, bind.Options{Now: types.UnixEpoch})
			if d := time.Since(start); d > slow {
				t.Fatalf("%s for %q", d, text)
			}
			checkCompiled(t, text, compiled, err)
		}
	})
}

func compilers(tb testing.TB) []*Compiler {
	c, err := NewCompiler()
	if err != nil {
		tb.Fatal(err)
	}
	return []*Compiler{c, {Table: c.Table, Plain: true}}
}

func checkCompiled(t *testing.T, text string, c *Compiled, err error) {
	if err == nil {
		for _, r := range c.Results {
			if r.Program.SQL == "" || len(r.Program.Cols) != len(r.Root.Cols) {
				t.Errorf("%q gives the program %+v", text, r.Program)
			}
		}
		return
	}
	var list *diag.List
	if !errors.As(err, &list) || len(list.Items) == 0 {
		t.Fatalf("%q fails without a diagnostic: %v", text, err)
	}
	for _, d := range list.Items {
		if d.Code == "" || d.Message == "" || d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End {
			t.Errorf("%q: %+v", text, d)
		}
	}
	list.Caret()
}

type deepQuery struct{ name, kql string }

// deep are queries that nest or repeat one thing n times.
func deep(n int) []deepQuery {
	rep := func(s string) string { return strings.Repeat(s, n) }
	var lets, doubled, calls strings.Builder
	lets.WriteString("let a0 = T | where n > 0;\n")
	doubled.WriteString("let a0 = 1;\n")
	calls.WriteString("let f0 = (x:long) { x + x };\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&lets, "let a%d = union a%d, a%d;\n", i, i-1, i-1)
		fmt.Fprintf(&doubled, "let a%d = a%d + a%d * rand();\n", i, i-1, i-1)
		fmt.Fprintf(&calls, "let f%d = (x:long) { f%d(x) + f%d(x) };\n", i, i-1, i-1)
	}
	last := fmt.Sprint(n)
	return []deepQuery{
		{"parentheses", "print " + rep("(") + "1" + rep(")")},
		{"open parentheses", "print " + rep("(")},
		{"brackets", "print dynamic(" + rep("[") + "1" + rep("]") + ")"},
		{"bags", "print dynamic(" + rep(`{"a":`) + "1" + rep("}") + ")"},
		{"functions", "T | extend x = " + rep("tolower(") + "s" + rep(")")},
		{"functions used twice", "T | extend x = " + rep("strcat(s, ") + "s" + rep(")")},
		{"iff", "T | extend x = " + rep("iff(b, 1, ") + "2" + rep(")")},
		{"case", "T | extend x = case(" + rep("b, 1, ") + "2)"},
		{"not", "T | where " + rep("not(") + "b" + rep(")")},
		{"minus", "T | extend x = " + rep("-") + "n"},
		{"plus", "T | extend x = n" + rep(" + n")},
		{"strings plus", "T | where s == 'x'" + rep(" or s has 'y'")},
		{"and", "T | where n > 0" + rep(" and n != 3")},
		{"or", "T | where n > 0" + rep(" or n == 3")},
		{"and or", "T | where " + rep("(n > 0 and (n < 5 or ") + "b" + rep("))")},
		{"pipes", "T" + rep(" | where n > 0")},
		{"extends", "T" + rep(" | extend n = n + n")},
		{"projects", "T" + rep(" | project n = n + n, s")},
		{"sorts", "T" + rep(" | sort by n")},
		{"summarizes", "T" + rep(" | summarize n = count() by s")},
		{"expands", "T" + rep(" | mv-expand j")},
		{"expands-for-keys", "T" + rep(" | mv-expand e = j | project j, k = tostring(e.k)")},
		{"unions", "union T" + rep(", U")},
		{"nested unions", rep("union T, (") + "T" + rep(")")},
		{"joins", "T | project n" + rep(" | join kind=inner (U | project n) on n | project n")},
		{"nested joins", rep("T | join (") + "T" + rep(") on n")},
		{"subqueries", rep("T | project n | where n in (") + "T | project n" + rep(")")},
		{"scalar subqueries", rep("T | project n | where n > toscalar(") + "T | count" + rep(")")},
		{"members", "T | extend x = j" + rep(".a")},
		{"indexes", "T | extend x = j" + rep("[0]")},
		{"lists", "T | where s in ('a'" + rep(", 'b'") + ")"},
		{"terms", "T | where s has_any ('a'" + rep(", 'b'") + ")"},
		{"columns", "T | extend a = 1" + rep(", 1")},
		{"statements", rep("let a = 1; ") + "T"},
		{"lets used twice", lets.String() + "a" + last},
		{"scalar lets used twice", doubled.String() + "print a" + last},
		{"functions that call twice", calls.String() + "print f" + last + "(1)"},
		{"functions of columns", calls.String() + "T | extend x = f" + last + "(n)"},
		{"functions in functions", rep("let f = () { ") + "T" + rep(" };")},
		{"forks", "T" + rep(" | fork (where b)")},
		{"applies", "T | " + rep("mv-apply j on (") + "take 1" + rep(")")},
		{"partitions", "T | " + rep("partition by s (") + "take 1" + rep(")")},
		{"comments", rep("// x\n") + "T"},
		{"text", "print '" + rep("x") + "'"},
	}
}

// TestDeep compiles texts that are nested or repeated much more than anybody writes.
// Each compiles or is refused with a place; none may crash, or grow beyond bounds.
func TestDeep(t *testing.T) {
	compilers := compilers(t)
	cat := smallCatalog()
	for _, n := range []int{30, 1000, 3000} {
		if n > 1000 && testing.Short() {
			continue
		}
		for _, q := range deep(n) {
			t.Run(fmt.Sprintf("%s %d", q.name, n), func(t *testing.T) {
				for _, c := range compilers {
					start := time.Now()
					compiled, err := c.Compile(source.New("", q.kql, 0), cat, bind.Options{Now: types.UnixEpoch})
					if d := time.Since(start); d > slow {
						t.Errorf("takes %s", d)
					}
					if err != nil {
						var list *diag.List
						if !errors.As(err, &list) {
							t.Fatalf("fails without a diagnostic: %.200s", err.Error())
						}
						t.Logf("refused: %.200s", list.Error())
						continue
					}
					if size := len(compiled.Results[0].Program.SQL); size > 64*len(q.kql)+1<<20 {
						t.Errorf("%d bytes of KQL give %d bytes of SQL", len(q.kql), size)
					}
				}
			})
		}
	}
}

// TestRecursion: functions cannot call themselves, and saying so has a place.
func TestRecursion(t *testing.T) {
	c := compilers(t)[0]
	for _, kql := range []string{
		"let f = (x:long) { f(x) }; print f(1)",
		"let f = () { T | union f() }; f()",
		"let f = () { f }; f",
		"let a = a; a",
		"let a = a + 1; print a",
	} {
		_, err := c.Compile(source.New("", kql, 0), smallCatalog(), bind.Options{})
		checkCompiled(t, kql, nil, err)
	}
}
