package hunt

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"quarry/kql/source"
	"quarry/kql/types"
)

// TestHostileJSON reads texts that some readers take for JSON and others do not: what is
// none is the text itself and has no keys, whichever way the keys are read.
func TestHostileJSON(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	texts := []string{`{"a":1,}`, `{"a":1, }`, "{\"a\":1,\n}", `{"a":1,"b":2,}`, `{"a":[1,],"b":2}`, `{"a":"x",,"b":2}`, `{"a":1 "b":2}`, `{"a" 1}`, `{'a':1}`, `{"a":1;"b":2}`, `{"a":1,"a":2,}`,
		`/* c */{"a":1}`, `{"a":1}/* c */`, `{"a":1/* c */}`, `{"a":/**/1}`, "//c\n{\"a\":1}", `{"a":1}//`, "{\"a\":1//c\n}", "#c\n{\"a\":1}", `{"a":1}#`, `{"a":1}}`, `{"a":1}]`, `{"a":1} x`, `{"a":1}{"b":2}`,
		`[1][2]`, `{"a":[1}`, `{"a":1`, `{"a":`, `{"a"`, `{"a":"x`, "[", "{", "\"", "\\", "\ufeff{\"a\":1}", "{\"a\":\u00a01}", "{\"a\":1}\u00a0", "\v{\"a\":1}", "{\"a\":1}\x00", "{\"a\":1}\x00x", "{\"a\x00\":1}",
		"{\"a\":1}\t", strings.Repeat("[", 256) + strings.Repeat("]", 256), strings.Repeat("[", 257) + strings.Repeat("]", 257), strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300)}
	for _, v := range []string{"nan", "NaN", "NAN", "nAn", "inf", "Inf", "INF", "infinity", "Infinity", "INFINITY", "1e999", "1e400", "01", "00", "1.", ".5", "1e", "1e+", "1.e5", "0x10",
		"True", "TRUE", "NULL", "Null", "nul", "truex", "undefined", "'x'", "", "x", "1 2", "1e5", "0", "0.0", "1e-400", "18446744073709551616", strings.Repeat("9", 400),
		"null", "true", `"nan"`, `"x,}"`, `"// /* */"`, `"\x41"`, `"\'"`, `"\a"`, `"\0"`, `"\u12"`, `"\u12g4"`, `"\u004eaN"`, `"\ud800"`, `"\uDC00"`, `"\ud800A"`, `"\uD83D\uDE00"`,
		`"\\ud800"`, "\"x\ty\"", "\"x\ny\"", "\"\x00\"", "\"\x01\"", "\"\x7f\"", "\"long enough to be read in words\x1f\"", "[1,]", "[,1]", "[1,,2]", "[,]", `{"c":1,}`, "{,}", "{c:1}", "[1", "[1}"} {
		texts = append(texts, v, "-"+v, "+"+v, " \t\r\n"+v+" \n", "["+v+"]", "[1, "+v+",2]", `{"a":`+v+`}`, `{"a":-`+v+`,"b":2}`, `{"a": "x", "b":`+v+`}`, `{"b":{"c":`+v+` }, "a":1}`)
	}
	rows := &types.Rows{Schema: types.Schema{{Name: "n", Type: types.Long}, {Name: "s", Type: types.String}, {Name: "d", Type: types.Dynamic}}}
	for i, v := range texts {
		rows.Values = append(rows.Values, []types.Value{int64(i), v, types.DynText(v).Value()})
	}
	ask := func(query string) [][]types.Value {
		got, _, err := s.All(ctx, Request{Text: source.New("", query, 0), Given: map[string]*types.Rows{"T": rows}}, 0)
		if err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
		return got.Values
	}
	keys := []string{".a", ".b.c", "[1]"}
	for _, column := range []string{"s", "d"} {
		// The value, and its keys from the value.
		whole := ask(`T | extend j = parse_json(` + column + `) | extend x = tostring(j) | sort by n asc | project x, is_text = gettype(j) == "string", k0 = j.a, k1 = j.b.c, k2 = j[1]`)
		for i, text := range texts {
			d, ok := types.ParseDyn(text)
			isText := d.Kind() == types.DynString || !ok && strings.TrimSpace(text) != ""
			if whole[i][1] != isText {
				t.Errorf("%s %q: a text: %v, want %v", column, text, whole[i][1], isText)
			}
			if !ok && whole[i][0] != text && isText {
				t.Errorf("%s %q is read as %q", column, text, whole[i][0])
			}
		}
		same := func(query string, i, k int, got types.Value) {
			if got != whole[i][2+k] {
				t.Errorf("%s %q: %s is %v, of the value %v\n%s", column, texts[i], keys[k], got, whole[i][2+k], query)
			}
		}
		for k, key := range keys { // each in a pass of its own
			query := fmt.Sprintf("T | sort by n asc | project k = parse_json(%s)%s", column, key)
			for i, row := range ask(query) {
				same(query, i, k, row[0])
			}
		}
		together := fmt.Sprintf("T | extend j = todynamic(%s) | sort by n asc | project k0 = j.a, k1 = j.b.c, k2 = j[1]", column)
		for i, row := range ask(together) {
			for k := range keys {
				same(together, i, k, row[k])
			}
		}
	}
}
