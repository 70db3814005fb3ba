package hunt

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/source"
	"quarry/kql/types"
)

// hostileJSON are values whose text depends on how they are read.
func hostileJSON(rnd *rand.Rand) []string {
	values := []string{`null`, `true`, `""`, `"null"`, `"e+"`, `"1e+22"`, `"q\"\\\u00e9\n😀"`, `"\u0000z"`, `[1,2]`, `{}`, `{"c":null}`, `{"c":"x","d":{"e":[1]}}`,
		`{"c":{"d":1.50},"d":5}`, `12345678901234567890123`, `18446744073709551615`, `-9223372036854775808`, `1e400`, `1E5`, `-0.0`, `0.1000`, `10000000000000000000000.5`}
	for range 60 {
		f := rnd.Float64() * math.Pow(10, float64(rnd.IntN(60)-30))
		values = append(values, strconv.FormatFloat(f, 'g', -1, 64), `{"c":`+strconv.FormatFloat(-f, 'f', -1, 64)+`}`)
	}
	return values
}

// TestKeysTogether reads keys of a dynamic column together, which takes one pass over its
// JSON, and each in a query of its own, which extracts it: both must give the same. So must
// the keys of a JSON text.
func TestKeysTogether(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rnd := rand.New(rand.NewPCG(7, 8))
	values := hostileJSON(rnd)
	rows := &types.Rows{Schema: types.Schema{{Name: "n", Type: types.Long}, {Name: "d", Type: types.Dynamic}, {Name: "s", Type: types.String}}}
	add := func(text string) {
		rows.Values = append(rows.Values, []types.Value{int64(len(rows.Values)), text, " " + strings.ReplaceAll(text, ",", "\t,\n")})
	}
	for i, v := range values {
		w := values[(i*7+3)%len(values)]
		add(fmt.Sprintf(`{"a":%s,"b":%s}`, v, w))
		add(fmt.Sprintf(`{"b":%s,"A":%s,"b2":1}`, v, w))
		add(fmt.Sprintf(`{"a":%s,"a":%s,"b":{"c":%s,"d":%s}}`, v, w, w, v))
		add(v)
	}
	rows.Values = append(rows.Values, []types.Value{int64(-1), nil, ""})
	reads := []string{"tostring(d.a)", "tostring(d.b)", "d.b", "todouble(d.a)", "tolong(d.b.c)", "tostring(d.b.c)", "d.b.d", "tostring(d.b.d.e)", "tostring(d.A)", `tostring(d["b 2"])`,
		`tostring(d["*"])`, "tostring(d.b2)", "d.b.d.e[0]", "isempty(d.a)", "todatetime(d.b.c)", "tostring(d)"}
	ask := func(items string) []string {
		all, _, err := s.All(context.Background(), Request{Text: source.New("", "T | project n, "+items, 0), Given: map[string]*types.Rows{"T": rows}}, 0)
		if err != nil {
			t.Fatalf("%v\n%s", err, items)
		}
		return texts(all, false)
	}
	alone := make([][]string, len(reads))
	for i, r := range reads {
		alone[i] = ask("x = " + r)
	}
	keysOf := regexp.MustCompile(`([(=] ?)d\b`)
	for range 80 {
		chosen := rnd.Perm(len(reads))[:2+rnd.IntN(6)]
		var items []string
		for i, c := range chosen {
			items = append(items, fmt.Sprintf("x%d = %s", i, reads[c]))
		}
		all := strings.Join(items, ", ")
		if rnd.IntN(2) == 0 {
			all = keysOf.ReplaceAllString(all, "${1}parse_json(s)")
		}
		for i, c := range chosen {
			// The other columns are read too, and dropped.
			got := ask(all + fmt.Sprintf(" | where tostring(pack_all()) != '' | project n, x = x%d", i))
			for row := range got {
				if got[row] != alone[c][row] {
					t.Fatalf("%s gives %s, alone %s\n%s", reads[c], got[row], alone[c][row], all)
				}
			}
		}
	}
}

// TestKeysOfElements reads keys of the elements of arrays: all in one pass over the array,
// which is done where nothing else of an element is read, and of each element. Both must
// give the same.
func TestKeysOfElements(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rnd := rand.New(rand.NewPCG(9, 10))
	values := hostileJSON(rnd)
	rows := &types.Rows{Schema: types.Schema{{Name: "n", Type: types.Long}, {Name: "d", Type: types.Dynamic}}}
	some := func() string { return values[rnd.IntN(len(values))] }
	add := func(d types.Value) { rows.Values = append(rows.Values, []types.Value{int64(len(rows.Values)), d}) }
	for range 150 {
		elements := []string{some(), `{"a":` + some() + `,"b":` + some() + `}`, `{"b":{"c":` + some() + `,"d":` + some() + `},"A":1}`, `{"a":` + some() + `,"a":2}`}
		rnd.Shuffle(len(elements), func(i, j int) { elements[i], elements[j] = elements[j], elements[i] })
		add("[" + strings.Join(elements[:rnd.IntN(5)], ",") + "]")
	}
	for _, v := range values {
		add(v)
		add(`{"x":` + v + `,"a":{"b":` + v + `}}`)
	}
	add(nil)
	reads := []string{"tostring(e.a)", "e.a", "tostring(e.b)", "todouble(e.a)", "tostring(e.b.c)", "e.b.d", "tolong(e.b.c)", `e["b 2"]`, "e.A", "isempty(e.b.d)", "e.a == 1", `tostring(e["a"]) has "e"`, "e[0]"}
	ask := func(query string) []string {
		all, _, err := s.All(context.Background(), Request{Text: source.New("", "T | mv-expand "+query, 0), Given: map[string]*types.Rows{"T": rows}}, 0)
		if err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
		out := texts(all, false)
		slices.Sort(out)
		return out
	}
	for range 120 {
		kind := []string{"", "kind=array ", "with_itemindex=i "}[rnd.IntN(3)]
		before := []string{"", "| where strlen(tostring(e.a)) < 5 ", "| where e.b.c != 'x' | extend y = e.a ", "| project n, e, z = tostring(e.b.c) "}[rnd.IntN(4)]
		var items []string
		for i, c := range rnd.Perm(len(reads))[:1+rnd.IntN(5)] {
			items = append(items, fmt.Sprintf("x%d = %s", i, reads[c]))
		}
		query := kind + "e = d " + before
		columns := strings.Join(items, ", ")
		together := ask(query + "| project n, " + columns)
		each := ask(query + "| project n, " + columns + ", e | extend e = tostring(e) | project-away e")
		if diff := cmp.Diff(each, together); diff != "" {
			t.Fatalf("%s| project n, %s (-each +together)\n%s", query, columns, diff)
		}
	}
}
