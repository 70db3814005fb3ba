package tuning

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/diag"
	"quarry/kql/types"
)

const who = "owner: soc, reason: because, expires: 2026-06-01"

func read(t *testing.T, text string) *Set {
	t.Helper()
	s, err := Read("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMistakes: each is told with its place, all of a file at once.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"exclusions: [{rules: a, " + who + "}]\nexclusion: []", `t.yaml:2:1: the file has no "exclusion" (did you mean "exclusions"?)`},
		{"exclusions: [{rule: a, " + who + "}]", `t.yaml:1:15: an exclusion has no "rule" (did you mean "rules"?)`},
		{"exclusions:\n  - rules: a\n    reason: r\n    expires: 2026-01-01", "an exclusion needs owner"},
		{"exclusions:\n  - rules: a\n    owner: r\n    expires: 2026-01-01", "an exclusion needs reason"},
		{"exclusions:\n  - rules: a\n    owner: r\n    reason: r", "t.yaml:2:"},
		{"exclusions:\n  - rules: a\n    owner: r\n    reason: r", "an exclusion needs expires"},
		{"exclusions: [{" + who + "}]", "it would hide everything"},
		{"exclusions: [{rules: [], " + who + "}]", "rules names no rule"},
		{"exclusions: [{rules: a, owner: '', reason: r, expires: 2026-01-01}]", "owner is empty"},
		{"exclusions: [{rules: a, owner: o, reason: r, expires: soon}]", `t.yaml:1:55: expires: "soon" is not a time`},
		{"exclusions: [{entity: web01, " + who + "}]", `t.yaml:1:23: entity: "web01" is not IDENTIFIER=VALUE`},
		{"exclusions: [{entity: [a], " + who + "}]", "is not IDENTIFIER=VALUE"},
		{"exclusions: [{where: 'a ==', " + who + "}]", "t.yaml:"},
		{"exclusions: [{where: 'true) | take 0 | where (true', " + who + "}]", "not one predicate"},
		{"exclusions: [{where: 'true); T | where (true', " + who + "}]", "not one predicate"},
		{"exclusions: [{where: '', " + who + "}]", "where is empty"},
		{"exclusions: [{name: x, rules: a, " + who + "}, {name: x, rules: a, " + who + "}]", `the name "x" is taken by line 1`},
		{"exclusions: [{rules: a, rules: b, " + who + "}]", "t.yaml:1:"},
		{"exclusions: {}", "exclusions is not a list"},
		{"exclusions: [a]", "an exclusion is not a mapping"},
		{"- a", "the file is not a mapping"},
		{"a: [", "t.yaml:2:1: YAML"},
		{"exclusions: []\n---\nexclusions: []", "a tuning file is one document"},
		{"severities: [{rules: a, severity: urgent, " + who + "}]", `"urgent" is not a severity`},
		{"severities: [{severity: low, " + who + "}]", "an override needs rules and severity"},
		{"severities: [{rules: a, " + who + "}]", "an override needs rules and severity"},
	} {
		_, err := Read("t.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v, want %s", c.text, err, c.want)
		}
	}
	_, err := Read("t.yaml", []byte("exclusions: [{rules: a}, {entity: x}]\nseverity: []"))
	if err == nil || strings.Count(err.Error(), "\n") < 2 {
		t.Errorf("not all mistakes are told: %v", err)
	}
}

// TestPredicatePlace: a mistake in a predicate is told at its place in the file.
func TestPredicatePlace(t *testing.T) {
	_, err := Read("t.yaml", []byte("exclusions:\n  - where: |\n      x == 1\n      and y = = 2\n    owner: o\n    reason: r\n    expires: 2026-01-01\n"))
	var list *diag.List
	if !errors.As(err, &list) {
		t.Fatalf("%v", err)
	}
	if line, _ := list.Text.Position(list.Items[0].Span.Start); line != 4 {
		t.Errorf("the mistake of line 4 is told at line %d: %v", line, err)
	}
}

func TestPatterns(t *testing.T) {
	r := &rule.Rule{ID: "0A1B", Name: "Brute force of [an] account"}
	for pattern, want := range map[string]bool{
		"0a1b": true, "0a1": false, "0a*": true, "brute*": true, "*ACCOUNT": true, "Brute force of [an] account": true,
		"*": true, "?rute*": true, "*force*acc?unt": true, "*force*acct": false, "": false, "brute": false,
	} {
		e := Entry{Rules: []string{pattern}}
		if e.Of(r) != want {
			t.Errorf("%q: %v", pattern, !want)
		}
	}
	if e := (Entry{}); !e.Of(r) {
		t.Error("an entry without rules is about every rule")
	}
}

func TestExpiry(t *testing.T) {
	s := read(t, "exclusions: [{name: x, rules: a, "+who+"}]\nseverities: [{name: y, rules: a, severity: LOW, "+who+"}]")
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	r := &rule.Rule{ID: "a"}
	if a := s.At(end.Add(-time.Second)); a.Whole(r) == nil || a.Severity(r).Severity != "Low" || len(a.Expired) != 0 {
		t.Error("it does not hold the second before")
	}
	a := s.At(end)
	if a.Whole(r) != nil || a.Severity(r) != nil || len(a.Expired) != 2 || !strings.Contains(a.Expired[0], `t.yaml:1: the exclusion "x" of soc expired on 2026-06-01`) {
		t.Errorf("%q", a.Expired)
	}
	if u := s.Unused([]*rule.Rule{{ID: "b", Name: "c"}}); len(u) != 2 {
		t.Errorf("%q", u)
	}
}

func TestRows(t *testing.T) {
	ctx := context.Background()
	s, err := hunt.Open(ctx, hunt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &rule.Rule{ID: "a", Name: "r", EntityMappings: []rule.EntityMapping{
		{EntityType: "Host", Fields: []rule.FieldMapping{{Identifier: "HostName", Column: "h"}}},
		{EntityType: "Account", Fields: []rule.FieldMapping{{Identifier: "Name", Column: "u"}}}}}
	rows := &types.Rows{Schema: types.Schema{{Name: "h", Type: types.String}, {Name: "u", Type: types.String}, {Name: "n", Type: types.Long}}}
	for i, v := range []string{"web", "db", "web", "mail"} {
		rows.Values = append(rows.Values, []types.Value{v, []string{"bob", "eve"}[i%2], int64(i)})
	}
	for _, c := range []struct{ set, kept, hidden string }{
		{"{entity: Host.HostName=web}", "1 3", "2"},
		{"{entity: hostname=web}", "1 3", "2"},
		{"{entity: Account.HostName=web}", "0 1 2 3", ""},
		{"{entity: HostName=WEB}", "0 1 2 3", ""},
		{"{where: 'n > 1'}", "0 1", "2"},
		{"{where: 'h startswith \"w\" and u == \"bob\" // why not'}", "1 3", "2"},
		{"{entity: HostName=web, where: 'n > 0'}", "0 1 3", "1"},
		{"{where: 'isnull(n)'}", "0 1 2 3", ""},
		{"{where: 'n in (0, 3)'}, {entity: HostName=web}", "1", "2 1"}, // row 0 counts once
		{"{where: 'column_ifexists(\"zz\", 5) == 5'}", "", "4"},
		{"{rules: other, where: 'true'}", "0 1 2 3", ""},
		{"{rules: r}", "0 1 2 3", ""}, // hides alerts, not rows
	} {
		text := "exclusions: [" + strings.ReplaceAll(c.set, "}", ", "+who+"}") + "]"
		kept, hidden, err := read(t, text).At(time.Time{}).Rows(ctx, r, rows, s)
		if err != nil {
			t.Errorf("%s: %v", c.set, err)
			continue
		}
		var k, h []string
		for _, row := range kept.Values {
			k = append(k, types.DynOf(types.Long, row[2]).Text())
		}
		for _, x := range hidden {
			h = append(h, types.DynInt(x.Rows).Text())
		}
		if strings.Join(k, " ") != c.kept || strings.Join(h, " ") != c.hidden {
			t.Errorf("%s: kept %s, hidden %s", c.set, k, h)
		}
	}
	// One that does not fit hides nothing and says where it is wrong; the others hold.
	kept, hidden, err := read(t, "exclusions:\n  - {name: bad, where: nn > 1, "+who+"}\n  - {name: good, where: n > 1, "+who+"}\n").At(time.Time{}).Rows(ctx, r, rows, s)
	if err == nil || !strings.Contains(err.Error(), `the exclusion "bad" does not fit the result of "r": t.yaml:2:24: KQ204 unknown column "nn"`) {
		t.Errorf("%v", err)
	}
	if len(kept.Values) != 2 || len(hidden) != 1 || hidden[0].Exclusion != "good" {
		t.Errorf("%d rows kept, %+v", len(kept.Values), hidden)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("exclusions:\n  - {rules: [a, 'b*'], entity: IP.Address=1, where: 'x > 1', " + who + "}\nseverities: [{rules: a, severity: low, " + who + "}]")
	f.Add("exclusions:\n  - where: |\n      a == 1 // x\n    " + strings.ReplaceAll(who, ", ", "\n    "))
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Read("t", []byte(text))
		if err != nil {
			if s != nil || err.Error() == "" {
				t.Error("an error without words, or beside a set")
			}
			return
		}
		for _, e := range s.Exclusions {
			if e.Owner == "" || e.Reason == "" || e.Expires.IsZero() || e.Whole() && len(e.Rules) == 0 {
				t.Errorf("incomplete: %+v", e)
			}
		}
		s.At(time.Now())
		s.Unused([]*rule.Rule{{ID: "a", Name: "b"}})
	})
}
