package hunt

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"quarry/kql/source"
	"quarry/kql/types"
)

// TestKeysTogether reads keys of a dynamic column together, which takes one pass over its
// JSON, and each in a query of its own, which extracts it: both must give the same. So must
// the keys of a JSON text.
func TestKeysTogether(t *testing.T) {
	s, err := Open(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	values := []string{`null`, `true`, `""`, `"null"`, `"e+"`, `"1e+22"`, `"q\"\\\u00e9\n😀"`, `"\u0000z"`, `[1,2]`, `{}`, `{"c":null}`, `{"c":"x","d":{"e":[1]}}`,
		`{"c":{"d":1.50},"d":5}`, `12345678901234567890123`, `18446744073709551615`, `-9223372036854775808`, `1e400`, `1E5`, `-0.0`, `0.1000`, `10000000000000000000000.5`}
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		f := rnd.Float64() * math.Pow(10, float64(rnd.IntN(60)-30))
		values = append(values, strconv.FormatFloat(f, 'g', -1, 64), `{"c":`+strconv.FormatFloat(-f, 'f', -1, 64)+`}`)
	}
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
