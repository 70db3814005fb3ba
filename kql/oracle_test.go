package kql

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"quarry/kql/bind"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

var (
	oracleEvery    = flag.Int("oracle-every", 3, "break every n-th rule")
	oracleMisses   = flag.String("oracle-misses", "", "write the broken queries that are judged otherwise to this file")
	oracleVerdicts = flag.String("oracle-verdicts", "", "keep the service's answers in this file; asking takes minutes")
)

// near is how many characters an error may lie from where Microsoft's service has it.
const near = 5

// TestOracle breaks public rules in small ways and holds what Quarry says of them
// against Microsoft's language service (../shared/oracle/oracle.js, an npm package):
// where the service finds errors Quarry must refuse, within five characters of the
// first. NODE_PATH names the folder of the installed package; `make oracle` runs this.
func TestOracle(t *testing.T) {
	if os.Getenv("NODE_PATH") == "" {
		t.Skip("NODE_PATH is not set: it names the node_modules with @kusto/language-service-next (see ../shared/oracle/oracle.js)")
	}
	rules, cat := loadShared(t)
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	broken := breakRules(rules)
	verdicts := askOracle(t, broken)
	type count struct{ wrong, refused, first, any, passed, accepted int }
	kinds := map[string]*count{}
	all := &count{}
	var misses bytes.Buffer
	for i, b := range broken {
		places := verdicts[i].places()
		var own []int
		_, err := compiler.Compile(source.New("", b.KQL, 0), cat, bind.Options{Now: types.UnixEpoch})
		var list *diag.List
		if errors.As(err, &list) {
			for _, d := range list.Items {
				if !d.Warning && d.Needs == "" {
					own = append(own, utf16Offset(b.KQL, d.Span.Start))
				}
			}
		}
		k := kinds[b.Kind]
		if k == nil {
			k = &count{}
			kinds[b.Kind] = k
		}
		for _, c := range []*count{k, all} {
			if len(places) == 0 {
				c.passed++
				if len(own) == 0 {
					c.accepted++
				}
				continue
			}
			c.wrong++
			if len(own) == 0 {
				continue
			}
			c.refused++
			if distance(own[0], places[:1]) <= near {
				c.first++
			}
			if distance(own[0], places) <= near {
				c.any++
			}
		}
		if len(places) > 0 && (len(own) == 0 || distance(own[0], places[:1]) > near) {
			said := "accepted"
			if len(own) > 0 {
				said = err.Error()
			}
			line, _ := json.Marshal(map[string]any{"kind": b.Kind, "change": b.Change, "kql": b.KQL, "theirs": places, "their": verdicts[i].first(), "own": own, "said": said})
			misses.Write(append(line, '\n'))
		}
	}
	var names []string
	for n := range kinds {
		names = append(names, n)
	}
	slices.Sort(names)
	report := func(name string, c *count) {
		if c.wrong > 0 {
			t.Logf("%-22s %5d wrong: %5.1f %% refused, %5.1f %% at the first error, %5.1f %% at one of the errors; %d fine, %d accepted", name, c.wrong,
				percent(c.refused, c.wrong), percent(c.first, c.wrong), percent(c.any, c.wrong), c.passed, c.accepted)
		}
	}
	for _, n := range names {
		report(n, kinds[n])
	}
	report("all", all)
	if *oracleMisses != "" {
		if err := os.WriteFile(*oracleMisses, misses.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if all.wrong == 0 || percent(all.first, all.wrong) < 95 {
		t.Errorf("%.1f %% of the wrong queries are refused at the place of the first error; 95 %% is the least", percent(all.first, all.wrong))
	}
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

func distance(at int, places []int) int {
	best := 1 << 30
	for _, p := range places {
		best = min(best, max(at-p, p-at))
	}
	return best
}

// utf16Offset counts as the service does.
func utf16Offset(s string, at int) int {
	n := 0
	for _, r := range s[:min(at, len(s))] {
		n += len(utf16.AppendRune(nil, r))
	}
	return n
}

// brokenRule is a rule with one thing changed.
type brokenRule struct {
	ID     int    `json:"id"`
	KQL    string `json:"kql"`
	Kind   string `json:"-"`
	Change string `json:"-"`
}

// word finds the pieces of a query that changes are made of; comments and white space
// lie between them.
var word = regexp.MustCompile(`(?m)//.*$|@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*'|[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z.]*|==|!=|=~|!~|<=|>=|=>|\.\.|!?[-+*/%<>=|(),;.:{}\[\]]`)

// breakRules changes every rule in each way once, at a place drawn from a fixed seed.
func breakRules(rules []string) []brokenRule {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []brokenRule
	for i := 0; i < len(rules); i += max(*oracleEvery, 1) {
		kql := rules[i]
		spans := word.FindAllStringIndex(kql, -1)
		spans = slices.DeleteFunc(spans, func(s []int) bool { return strings.HasPrefix(kql[s[0]:s[1]], "//") })
		if len(spans) < 4 || !utf8.ValidString(kql) {
			continue
		}
		for _, w := range ways {
			at, ok := pick(rng, spans, func(i int) bool { return w.fits(kql, spans, i) })
			if !ok {
				continue
			}
			from, to, text := w.change(kql, spans, at)
			if kql[from:to] == text {
				continue
			}
			out = append(out, brokenRule{ID: len(out), KQL: kql[:from] + text + kql[to:], Kind: w.name, Change: fmt.Sprintf("%d: %q -> %q", from, kql[from:to], text)})
		}
	}
	return out
}

func pick(rng *rand.Rand, spans [][]int, fits func(int) bool) (int, bool) {
	for range 40 {
		if i := rng.IntN(len(spans)); fits(i) {
			return i, true
		}
	}
	return 0, false
}

// way is one way to break a query: fits says whether it can be done at piece i, change
// gives the bytes to replace and by what.
type way struct {
	name   string
	fits   func(kql string, spans [][]int, i int) bool
	change func(kql string, spans [][]int, i int) (from, to int, text string)
}

var ways = []way{
	{"a piece is missing", always, func(_ string, s [][]int, i int) (int, int, string) { return s[i][0], s[i][1], "" }},
	{"a piece twice", always, func(kql string, s [][]int, i int) (int, int, string) {
		return s[i][1], s[i][1], " " + kql[s[i][0]:s[i][1]]
	}},
	{"two pieces swapped", func(_ string, s [][]int, i int) bool { return i+1 < len(s) }, func(kql string, s [][]int, i int) (int, int, string) {
		return s[i][0], s[i+1][1], kql[s[i+1][0]:s[i+1][1]] + kql[s[i][1]:s[i+1][0]] + kql[s[i][0]:s[i][1]]
	}},
	{"a misspelt name", isName, func(kql string, s [][]int, i int) (int, int, string) {
		w := kql[s[i][0]:s[i][1]]
		return s[i][0], s[i][1], w[:len(w)-1] + "q" + w[len(w)-1:]
	}},
	{"a misspelt operator", func(kql string, s [][]int, i int) bool {
		return i > 0 && kql[s[i-1][0]:s[i-1][1]] == "|" && isName(kql, s, i)
	}, func(kql string, s [][]int, i int) (int, int, string) {
		w := kql[s[i][0]:s[i][1]]
		return s[i][0], s[i][1], w[:1] + w[min(2, len(w)):]
	}},
	{"a lost bracket", func(kql string, s [][]int, i int) bool { return strings.Contains("()[]{}", kql[s[i][0]:s[i][1]]) }, func(_ string, s [][]int, i int) (int, int, string) {
		return s[i][0], s[i][1], ""
	}},
	{"an unknown function", isCall, func(kql string, s [][]int, i int) (int, int, string) { return s[i][0], s[i][1], "not_a_function" }},
	{"an argument too many", isCall, func(kql string, s [][]int, i int) (int, int, string) {
		return s[i+1][1], s[i+1][1], "1, 2, 3, 4, 5, "
	}},
	{"a literal of another type", func(kql string, s [][]int, i int) bool { c := kql[s[i][0]]; return c == '"' || c >= '0' && c <= '9' }, func(kql string, s [][]int, i int) (int, int, string) {
		if kql[s[i][0]] == '"' {
			return s[i][0], s[i][1], "17"
		}
		return s[i][0], s[i][1], `"text"`
	}},
	{"an unknown column", func(kql string, s [][]int, i int) bool {
		return i > 0 && isName(kql, s, i) && slices.Contains([]string{"by", "where", "and", "or", ","}, kql[s[i-1][0]:s[i-1][1]]) && !isCall(kql, s, i)
	}, func(kql string, s [][]int, i int) (int, int, string) { return s[i][0], s[i][1], "NoSuchColumn" }},
}

func always(string, [][]int, int) bool { return true }

func isName(kql string, s [][]int, i int) bool {
	c := kql[s[i][0]]
	return (c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') && s[i][1]-s[i][0] > 1
}

func isCall(kql string, s [][]int, i int) bool {
	return isName(kql, s, i) && i+1 < len(s) && s[i+1][0] == s[i][1] && kql[s[i+1][0]] == '('
}

// verdict is what the service says of one query.
type verdict struct {
	ID               int
	Syntax, Semantic []finding
}

type finding struct {
	Code, Severity, Message string
	Start                   int
}

// errors are what it finds, the parser's before the others: where text does not parse,
// what is said of the names in it follows from how the parser went on.
func (v verdict) errors() []finding {
	var out []finding
	for _, list := range [][]finding{v.Syntax, v.Semantic} {
		list = slices.DeleteFunc(slices.Clone(list), func(f finding) bool { return f.Severity != "Error" })
		slices.SortStableFunc(list, func(a, b finding) int { return a.Start - b.Start })
		out = append(out, list...)
	}
	return out
}

// places are where the errors begin, the first one first.
func (v verdict) places() []int {
	var out []int
	for _, f := range v.errors() {
		out = append(out, f.Start)
	}
	return out
}

func (v verdict) first() string {
	if all := v.errors(); len(all) > 0 {
		return all[0].Code + " " + all[0].Message
	}
	return ""
}

func askOracle(t *testing.T, broken []brokenRule) []verdict {
	t.Helper()
	data, err := os.ReadFile(*oracleVerdicts)
	if err != nil {
		data = runOracle(t, broken)
	}
	var out []verdict
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 1<<26)
	for sc.Scan() {
		var v verdict
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if len(out) != len(broken) {
		t.Fatalf("the service answered %d of %d queries", len(out), len(broken))
	}
	return out
}

func runOracle(t *testing.T, broken []brokenRule) []byte {
	t.Helper()
	var in, stderr bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, b := range broken {
		if err := enc.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "../../shared/oracle/oracle.js", "--schema", "../../shared/schemas/tables.csv", "--jsonl")
	cmd.Stdin, cmd.Stderr = &in, &stderr
	data, err := cmd.Output()
	if err != nil {
		t.Fatalf("node oracle.js: %v\n%s", err, stderr.String())
	}
	if *oracleVerdicts != "" {
		if err := os.WriteFile(*oracleVerdicts, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return data
}
