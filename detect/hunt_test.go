package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/detect/rule"
	"quarry/kql/diag"
	"quarry/kql/source"
	"quarry/kql/types"
)

// fake answers by the first word of the query.
type fake struct{}

func (fake) Run(ctx context.Context, text *source.Text) (*types.Rows, error) {
	at := func(name string) source.Span {
		i := strings.Index(text.Body, name)
		return source.Span{Start: i, End: i + len(name)}
	}
	schema := types.Schema{{Name: "Timestamp", Type: types.Datetime}, {Name: "n", Type: types.Long}, {Name: "bag", Type: types.Dynamic}}
	day, _ := types.ParseDatetime("2021-04-21T09:40:32Z")
	switch {
	case strings.Contains(text.Body, "Panic"):
		panic("boom")
	case strings.Contains(text.Body, "Missing"):
		return nil, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ201", Name: "Missing", Span: at("Missing"), Message: `unknown table "Missing"`}, {Code: "KQ501", Needs: "watchlist VIP"}}}
	case strings.Contains(text.Body, "geo_info"): // what would run, and quietly
		return nil, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ501", Needs: "a GeoIP database", Warning: true}}}
	case strings.Contains(text.Body, "Acount"):
		return nil, &diag.List{Text: text, Items: []diag.Diagnostic{{Code: "KQ201", Name: "Missing", Span: at("T"), Message: "x"}, {Code: "KQ204", Span: at("Acount"), Message: `unknown column "Acount"`}}}
	case strings.Contains(text.Body, "Broken"):
		return nil, errors.New("disk on fire")
	case strings.Contains(text.Body, "Full"):
		rows := &types.Rows{Schema: schema}
		for i := range 5 {
			rows.Values = append(rows.Values, []types.Value{day + int64(i)*10_000_000, int64(i), `{"a":1}`})
		}
		return rows, nil
	}
	return &types.Rows{Schema: schema}, nil
}

func TestHunt(t *testing.T) {
	var rules []*rule.Rule
	for i, q := range []string{"let k = 5;\nFull | where n == k", "T", "Missing | count", "T | where Acount == 1", "Panic", "Broken", "", "Empty | join Other on x", "let k = \"a\"; T", "T | extend geo_info"} {
		rules = append(rules, &rule.Rule{ID: fmt.Sprint(i), Name: q, Query: q, Kind: rule.Hunting})
	}
	calls := 0
	res, err := Hunt(context.Background(), rules, Each(fake{}.Run), Options{
		Set: map[string]string{"k": "7"}, Parallel: 3, MaxRows: 3, Tables: map[string]int64{"T": 9, "Empty": 0, "Other": 0, "Full": 5},
		Progress: func(p Progress) { calls = p.Done },
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range res.Rules {
		got = append(got, fmt.Sprintf("%s %s %d %s", r.ID, r.Status, r.Hits, r.Reason))
	}
	want := []string{
		"0 fired 5 3 of 5 rows are kept", "1 quiet 0 ", "2 needs 0 needs table Missing, watchlist VIP",
		`3 refused 0 1:1: KQ201 x and 1 more`, "4 refused 0 internal error: boom; please report it with the rule", "5 refused 0 disk on fire",
		"6 refused 0 a rule of kind Hunting has no query to run", "7 needs 0 no data in Empty, Other", "8 quiet 0 ", "9 needs 0 needs a GeoIP database",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	f := res.Rules[0]
	if f.First != "2021-04-21T09:40:32.0000000Z" || f.Last != "2021-04-21T09:40:36.0000000Z" || !f.Truncated || f.Settings["k"] != "7" || !strings.HasPrefix(f.Query, "let k = 7;") {
		t.Errorf("%+v", f)
	}
	if res.Rules[8].Settings["k"] != `"7"` {
		t.Errorf("a text knob takes text: %v", res.Rules[8].Settings)
	}
	s := res.Summary
	if s.Rules != 10 || s.Fired != 1 || s.Quiet != 2 || s.Refused != 4 || s.NeedData != 3 || s.Hits != 5 || s.Events != 14 || calls != 10 || cmp.Diff(s.TablesMissing, []string{"Empty", "Missing", "Other"}) != "" {
		t.Errorf("%+v", s)
	}
	data, err := json.Marshal(f.Rows[0])
	if err != nil || string(data) != `["2021-04-21T09:40:32.0000000Z",0,{"a":1}]` {
		t.Errorf("%s %v", data, err)
	}
}

func TestHuntSettingsAndCancel(t *testing.T) {
	rules := []*rule.Rule{{ID: "1", Name: "r", Query: "let Tolerance = 5; T"}}
	if _, err := Hunt(context.Background(), rules, Each(fake{}.Run), Options{Set: map[string]string{"Tolerence": "5"}}); err == nil || !strings.Contains(err.Error(), `did you mean "Tolerance"?`) {
		t.Error(err)
	}
	if _, err := Hunt(context.Background(), rules, Each(fake{}.Run), Options{Set: map[string]string{"Tolerance": "abc"}}); err == nil || err.Error() != "Tolerance is a long, and abc is none" {
		t.Error(err)
	}
	// A value that fits one rule is refused by the other alone.
	rules = append(rules, &rule.Rule{ID: "2", Name: "s", Query: "let Tolerance = \"x\"; T"})
	res, err := Hunt(context.Background(), rules, Each(fake{}.Run), Options{Set: map[string]string{"Tolerance": "abc"}})
	if err != nil || res.Rules[0].Status != Refused || res.Rules[1].Status != Quiet {
		t.Errorf("%v %+v", err, res)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Hunt(ctx, rules, Each(fake{}.Run), Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTimeColumns(t *testing.T) {
	for schema, want := range map[string][]int{
		"n:long Timestamp:datetime ProcessCreationTime:datetime": {1},
		"FirstSeen:datetime LastSeen:datetime":                   {0, 1},
		"a:datetime":                                             {0},
		"n:long":                                                 nil,
	} {
		var s types.Schema
		for _, f := range strings.Fields(schema) {
			name, kind, _ := strings.Cut(f, ":")
			typ, _ := types.Parse(kind)
			s = append(s, types.Column{Name: name, Type: typ})
		}
		if diff := cmp.Diff(want, TimeColumns(s)); diff != "" {
			t.Errorf("%s: %s", schema, diff)
		}
	}
}
