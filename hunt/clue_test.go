package hunt

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"quarry/kql/builtin"
	"quarry/kql/plan"
	"quarry/kql/source"
	"quarry/kql/types"
)

// TestClues: a row that meets a condition has its clues, whatever the row holds.
func TestClues(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	columns := types.Schema{{Name: "s", Type: types.String}, {Name: "d", Type: types.Dynamic}, {Name: "n", Type: types.Long}, {Name: "at", Type: types.Datetime}, {Name: "id", Type: types.Long}}
	if err := s.Declare(ctx, "T", columns); err != nil {
		t.Fatal(err)
	}
	texts := []string{"", "cmd.exe", "CMD.EXE", "a cmd.exe /c", "xcmd.exey", "cmd", "powershell -enc", "10.0.0.4", "10.0.0.40", "\u212Aernel", "kernel", "STRASSE straße",
		"cmd.exe\xff", `{"a":"cmd.exe"}`, `{"a":{"b":"kernel"}}`, `{"a":"\u0063md.exe"}`, `{"a":"cmd\u002eexe"}`, `{"a":"C:\\users\\u"}`, `{"a":"{\"b\":\"\\u006bernel\"}"}`, `["cmd.exe","x"]`, `"cmd.exe"`, `{"a":1e3,"b":true}`, `{"a":"x,y"}`, `{ "a" : [ "x" , "y" ] }`,
		`{"cmd.exe":1}`, `{"a":"{\"b\":\"cmd.exe\"}"}`, "a", "xay", "true", "1000", "caf\u00E9 cmd.exe", "\u017Fcript", "\u0130con", "d\u0131r", "o\uFB03ce", "\u00E9"}
	a, err := s.Store().Appender(ctx, "T")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range texts {
		var d types.Value
		if _, ok := types.ParseDyn(v); ok {
			d = v
		}
		if err := a.Append([]types.Value{v, d, []types.Value{int64(4688), int64(1000), nil}[i%3], types.UnixEpoch + int64(i)*types.Hour, int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cond  string
		clues int
	}{
		{`s == "cmd.exe"`, 1}, {`"cmd.exe" == s`, 1}, {`s =~ "Cmd.Exe"`, 1}, {`s != "cmd.exe"`, 0}, {`not(s == "cmd.exe")`, 0}, {`s has "cmd"`, 1}, {`s !has "cmd"`, 0},
		{`s contains "md.e"`, 1}, {`s startswith "CMD"`, 1}, {`s endswith "exe"`, 1}, {`s hasprefix "cm"`, 1}, {`s contains_cs "Ker"`, 1}, {`s has "kernel"`, 1},
		{`s =~ "script"`, 1}, {`toupper(s) == "SCRIPT"`, 1}, {`s startswith "icon"`, 1}, {`tolower(s) has "i"`, 1}, {`toupper(s) contains "DIR"`, 1}, {`toupper(s) contains "office"`, 1},
		{`s contains "straße"`, 1}, {`s == "STRASSE straße"`, 1}, {`s contains "ß"`, 0}, {`s contains ""`, 0}, {`s in ("cmd", "a")`, 1}, {`s in~ ("CMD", "A")`, 1}, {`s in (dynamic(["cmd", 1000]))`, 1}, {`s !in ("cmd")`, 0},
		{`s has_any ("enc", "kernel")`, 1}, {`s has_any (dynamic(["enc", ""]))`, 0}, {`s has_all ("powershell", "enc")`, 1}, {`s matches regex "c.d"`, 0}, {`s matches regex "x?cmd[.]exe"`, 1}, {`s matches regex "(?i)KERNEL|^10[.]"`, 1}, {`s matches regex "(?i)script"`, 1}, {`d.a matches regex "k[a-f]rnel"`, 1},
		{`s == "cmd" or n == 4688`, 1}, {`s == "cmd" or n > 5`, 0}, {`s has "cmd" and n == 4688`, 2}, {`n in (4688, 5)`, 1}, {`n == 1000`, 1}, {`n != 1000`, 0},
		{`tolower(s) == "cmd.exe"`, 1}, {`toupper(s) has "CMD"`, 1}, {`substring(s, 2) == "cmd.exe /c"`, 1}, {`tostring(split(s, ".")[1]) == "exe"`, 1}, {`extract("(c.d)", 1, s) == "cmd"`, 1},
		{`trim("a ", s) startswith "cmd"`, 1}, {`strcat(s, "x") has "cmd"`, 0}, {`iff(n == 5, "q", s) == "cmd"`, 1}, {`iff(n == 5, "cmd", s) == "cmd"`, 0}, {`coalesce(s, "none") == "none"`, 0},
		{`case(n == 4688, s, n == 3, "zz", tolower(s)) has "cmd"`, 1}, {`d.a == "cmd.exe"`, 1}, {`tostring(d.a.b) =~ "KERNEL"`, 1}, {`d has "cmd.exe"`, 1}, {`tostring(d[0]) == "cmd.exe"`, 1},
		{`d.a == "1000"`, 0}, {`d.a == "true"`, 0}, {`tostring(d.b) == "true"`, 0}, {`d has "x,y"`, 0}, {`parse_json(s).a == "cmd.exe"`, 1}, {`parse_json(tostring(parse_json(s).a)).b == "cmd.exe"`, 1},
		{`isnotempty(d.a)`, 0}, {`isnotempty(d["cmd.exe"])`, 1}, {`isnotnull(d.kernel)`, 1}, {`isnotempty(tostring(parse_json(tostring(d.a)).kernel))`, 1}, {`isnotempty(split(d["cmd.exe"], ","))`, 0},
		{`tostring(d["cmd.exe"]) == "1"`, 1}, {`tostring(d["cmd.exe"]) == ""`, 0}, {`tostring(d["cmd.exe"]) in ("1", "2")`, 1}, {`tostring(d["cmd.exe"]) contains ""`, 0}, {`d["cmd.exe"] == 1`, 0},
		{`isnotempty(s)`, 0}, {`isempty(d["cmd.exe"])`, 0}, {`isnotempty(strcat(d["cmd.exe"], "x"))`, 0}, {`isnotempty(coalesce(tostring(d["cmd.exe"]), "x"))`, 0},
		{`tostring(n) == "1000"`, 0}, {`tostring(n) has "cmd"`, 1}, {`tostring(at) has "10.0.0.4"`, 1}, {`tostring(at) contains "T0"`, 0}, {`tostring(at) contains "1970"`, 0},
	} {
		conds := condsOf(t, s, c.cond)
		list := cluesOf(conds)
		if len(list) != c.clues {
			t.Errorf("%s: %d clues, want %d", c.cond, len(list), c.clues)
		}
		rows, _, err := s.All(ctx, Request{Text: source.New("", "T | where "+c.cond+" | project id", 0)}, 0)
		if err != nil {
			t.Fatal(err)
		}
		met := map[int64]bool{}
		for _, r := range rows.Values {
			met[r[0].(int64)] = true
		}
		if len(list) == 0 {
			continue
		}
		v := &sieve{rows: int64(len(texts)) * hotShare}
		for _, table := range s.store.Tables() {
			if table.Name == "T" {
				v.table = table
			}
		}
		g := &group{clues: list}
		if err := v.search(ctx, s, []*group{g}); err != nil {
			t.Fatal(err)
		}
		for _, id := range g.ids {
			delete(met, id)
		}
		for id := range met {
			t.Errorf("%s holds for %q, which has no clue of it", c.cond, texts[id])
		}
		if len(g.ids) == len(texts) {
			t.Errorf("%s: every row has its clues", c.cond)
		}
	}
}

// condsOf compiles a condition on T and takes it as the sieve does.
func condsOf(t *testing.T, s *Session, cond string) []plan.Expr {
	t.Helper()
	a, err := s.Query(context.Background(), Request{Text: source.New("", "T | where "+cond, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	place := func(scan *plan.Scan, i int) (plan.ID, bool) {
		for n, name := range []string{"c0", "c1", "c2", "c3", "c4"} {
			if strings.EqualFold(scan.Source[i], name) {
				return plan.ID(n + 1), true
			}
		}
		return 0, false
	}
	for _, st := range sites(a.Compiled.Results[0].Root, place) {
		return st.conds
	}
	t.Fatalf("%s reads no table", cond)
	return nil
}

// TestManySets: beyond the codes that a column may have, texts get clues that they lack, and
// none loses one.
func TestManySets(t *testing.T) {
	const clues = 17 // with more sets than there are codes
	x := newClueIndex()
	for id := range int32(clues) {
		x.add(id, hint{Needles: builtin.Needles{Texts: []string{fmt.Sprintf("clue-%c", 'a'+id)}}})
	}
	x.finish()
	for set := range 1 << clues {
		var text strings.Builder
		for id := range clues {
			if set&(1<<id) != 0 {
				fmt.Fprintf(&text, "clue-%c ", 'a'+id)
			}
		}
		code := x.code(text.String())
		if code > maxCodes+1 || (code == 0) != (set == 0) {
			t.Fatalf("%q has the code %d", &text, code)
		}
		for id := range int32(clues) {
			if set&(1<<id) != 0 && !slices.Contains(x.sets[code-1], id) {
				t.Fatalf("%q has lost clue %d", &text, id)
			}
		}
	}
}

func TestLowerASCII(t *testing.T) {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	for from := range 9 { // each byte in each place of a word, and in the rest
		got, want := slices.Clone(all[from:]), slices.Clone(all[from:])
		for i, c := range want {
			if 'A' <= c && c <= 'Z' {
				want[i] = c + 'a' - 'A'
			}
		}
		if lowerASCII(got) || !bytes.Equal(got, want) {
			t.Errorf("from %d: %q", from, got)
		}
	}
	for i := range 20 {
		text := []byte("ABCDEFGHIJKLMNOPQRST")
		if !lowerASCII(text) {
			t.Error("letters are ASCII")
		}
		text[i] = 0x80
		if lowerASCII(text) {
			t.Errorf("byte %d is not ASCII", i)
		}
	}
}
