package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/internal/kqt"
	"quarry/kql/types"
)

// queries are over A, B (rows that may come in late) and L (no times).
var queries = []string{
	`A | where n > 7`,
	`A | where Timestamp > ago(90m) and n > 8`,
	`A | where TimeGenerated between (ago(2h) .. ago(10m)) | where h == "h1"`,
	`A | where n > 8 | extend age = now() - TimeGenerated`,
	`A | where hourofday(now()) >= 12 and n > 5`,
	`A | where hourofday(TimeGenerated) == hourofday(now())`,
	`A | summarize c = count() by h | where c > 2`,
	`A | where n == 9 | summarize c = count()`,
	`A | where n == 9 | summarize arg_max(TimeGenerated, *) by h`,
	`A | where n > 8 | join kind=inner (B | where n > 5) on h`,
	`A | where n > 8 | join kind=leftanti B on h`,
	`A | where n > 8 | join kind=rightouter (B | where n > 8) on h`,
	`A | where n > 8 | join kind=fullouter (B | where n == 3) on h`,
	`A | where h in ((B | where n > 8 | project h))`,
	`A | where n > 6 | where h !in ((B | project h))`,
	`union (A | where n == 9), (B | where n == 9)`,
	`union A, B | summarize c = count() by bin(TimeGenerated, 1h) | where c > 8`,
	`A | where n >= toscalar(B | summarize max(n))`,
	`let hot = materialize(A | where n > 7); hot | join kind=inner hot on h | where TimeGenerated < TimeGenerated1`,
	`let lookback = 1h; B | where ingestion_time() > ago(lookback)`,
	`B | where TimeGenerated < ago(20m) | where n > 6`,
	`B | extend late = ingestion_time() - TimeGenerated | where late > 5m and n > 6`,
	`A | where n > 7 | lookup L on h`,
	`L | where h startswith "h" | join kind=leftanti A on h`,
	`A | make-series c = count() on TimeGenerated from ago(1h) to now() step 30m by h | mv-expand c to typeof(long) | where c > 2`,
	`A | where n > 8 | sort by TimeGenerated asc, Timestamp asc, h asc, n asc | extend p = prev(h) | where p == h`,
	`A | where n > 8 | sort by TimeGenerated asc, Timestamp asc, h asc, n asc | where prev(n) == 9`,
	`A | sort by n desc, TimeGenerated asc, Timestamp asc, h asc | take 3`,
	`print x = 1`,
	`A | count`,
	`A | where isnotempty(h) and n > 8 | distinct h`,
	`let f = (t:(TimeGenerated:datetime, h:string)) { t | where TimeGenerated > ago(40m) }; f(A) | summarize n = count() by h`,
	`A | where n > 8 | project bag = bag_pack("k" , n) | evaluate bag_unpack(bag)`,
	`A | where n > 5 | partition hint.strategy=native by h (summarize n = max(n), TimeGenerated = min(TimeGenerated)) | where n > 8`,
	`A | where n > 8 | extend d = dynamic([1,2]) | mv-expand d`,
	`A | where 1 == 2`,
	`A | where TimeGenerated >= datetime(2026-01-02) and n > 6`,
	`A | where datetime(2026-01-02T12:00:00Z) > Timestamp | where n > 7`,
	`A | where n > 8 or TimeGenerated > ago(10m)`,
	`find in (A, B) where n == 9 project TimeGenerated, h`,
	`A | where startofday(TimeGenerated) == startofday(now()) and n > 7`,
	`A | extend t = toupper(h) | where t == "H1" and n > 7 | project TimeGenerated, h, t`,
	`A | extend m = n * 2, late = TimeGenerated + 1h | extend k = m + n | where k > 23 | where late > ago(30m)`,
	`A | extend age = now() - TimeGenerated | where age < 20m and n > 6`,
	`A | extend r = rand() | extend m = n + 1 | where r >= 0 and m > 9 | project-away r`,
	`A | extend o = strcat(h, "!") | where n > 8 | summarize c = count(), TimeGenerated = max(TimeGenerated) by o | where o != "h2!"`,
	`A | summarize n = max(n) by h, bin(TimeGenerated, 10m) | extend u = toupper(h) | where u == "H3" and n > 7`,
	`A | extend m = n + 1 | summarize c = countif(m > 9), TimeGenerated = max(TimeGenerated) | where c > 1`,
	`union A, B | extend m = n + 1 | where m > 9`,
	`union withsource=T A, B | extend m = n + 1 | where m > 9 and T == "B"`,
	`A | join kind=inner (B | extend m = n + 1) on h | extend s = m + n | where m > 9 and n > 7`,
	`A | join kind=leftouter (B | extend m = n + 1) on h | where n > 8 and (isnull(m) or m > 9)`,
	`A | join kind=rightouter (B | extend m = n + 1) on h | where m > 9`,
	`A | join kind=fullouter (B | extend m = n + 1) on h | where m > 9`,
	`A | join kind=leftanti (B | extend m = n + 1 | where m > 9) on h | where n > 8`,
	`A | join kind=rightsemi (B | extend m = n + 1) on h | where m > 9`,
	`A | extend m = n + 1 | where h in ((B | extend k = n + 1 | where k > 9 | project h)) and m > 5`,
	`A | where n > 8 | extend d = dynamic([1,2]), m = n + 1 | mv-expand d to typeof(long) | where m > 9 and d == 2`,
	`let x = A | extend m = n + 1; x | where m > 9 | join kind=inner (x | where m < 3) on h`,
	`let x = materialize(A | extend m = n + 1 | where m > 5); union (x | where m == 10), (x | where m == 7 | summarize c = count())`,
	`A | sort by TimeGenerated asc, Timestamp asc, h asc, n asc | extend p = prev(n), m = n + 1 | where m > 9`,
	`A | sort by TimeGenerated asc, Timestamp asc, h asc, n asc | extend i = row_number() | extend m = n + 1 | where m > 9`,
	`A | extend m = n + 1 | sort by TimeGenerated desc, Timestamp asc, h asc, n asc | take 3 | where m > 9`,
	`A | sort by TimeGenerated asc, Timestamp asc, h asc, n asc | take toscalar(B | where n > 7 | count)`,
	`A | extend m = n + 1 | where m > 8 | where TimeGenerated > datetime(2026-01-01T20:00:00Z)`,
	`A | extend m = n + 1 | where m > 8 | join kind=inner (B | where n > 7) on h | where TimeGenerated1 between (TimeGenerated .. 1h)`,
	`set query_now = datetime(2026-01-02T06:00:00Z); A | where TimeGenerated > ago(6h) and n > 6`,
}

// randomTables are two days of rows with bursts and gaps.
func randomTables(rnd *rand.Rand) []kqt.Table {
	base := types.FromTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	span := int64(2 * 24 * 60)
	at := func() int64 {
		// Whole minutes, so that rows lie on the ends of windows; now and then a tick off.
		t := base + rnd.Int64N(span)*types.Minute
		if rnd.IntN(3) == 0 {
			t += rnd.Int64N(3) - 1
		}
		return t
	}
	a := kqt.Table{Name: "A", Rows: types.Rows{Schema: types.Schema{{Name: "TimeGenerated", Type: types.Datetime}, {Name: "Timestamp", Type: types.Datetime}, {Name: "h", Type: types.String}, {Name: "n", Type: types.Long}}}}
	b := kqt.Table{Name: "B", Rows: types.Rows{Schema: types.Schema{{Name: "TimeGenerated", Type: types.Datetime}, {Name: "h", Type: types.String}, {Name: "n", Type: types.Long}, {Name: "_TimeReceived", Type: types.Datetime}}}}
	l := kqt.Table{Name: "L", Rows: types.Rows{Schema: types.Schema{{Name: "h", Type: types.String}, {Name: "what", Type: types.String}}}}
	other := rnd.IntN(2) == 0 // whether Timestamp may differ from TimeGenerated
	for range 50 + rnd.IntN(200) {
		var t, ts types.Value = at(), nil
		ts = t
		if other && rnd.IntN(4) == 0 {
			ts = at()
		}
		if rnd.IntN(40) == 0 {
			ts = nil
		}
		if rnd.IntN(60) == 0 {
			t = nil
		}
		a.Rows.Values = append(a.Rows.Values, []types.Value{t, ts, fmt.Sprint("h", rnd.IntN(4)), rnd.Int64N(10)})
	}
	for range rnd.IntN(150) {
		t := at()
		var received types.Value = t + rnd.Int64N(90)*types.Minute
		if rnd.IntN(3) == 0 {
			received = nil
		}
		b.Rows.Values = append(b.Rows.Values, []types.Value{t, fmt.Sprint("h", rnd.IntN(4)), rnd.Int64N(10), received})
	}
	for i := range 4 {
		l.Rows.Values = append(l.Rows.Values, []types.Value{fmt.Sprint("h", i), fmt.Sprint("what", i)})
	}
	return []kqt.Table{a, b, l}
}

func pick[T any](rnd *rand.Rand, list ...T) T { return list[rnd.IntN(len(list))] }

// randomRule is a rule of any kind over a query.
func randomRule(rnd *rand.Rand, id int) *rule.Rule {
	r := &rule.Rule{ID: fmt.Sprint(id), Name: fmt.Sprint("rule ", id), Kind: rule.Scheduled, Severity: "Low", Query: pick(rnd, queries...),
		EntityMappings: []rule.EntityMapping{{EntityType: "Host", Fields: []rule.FieldMapping{{Identifier: "HostName", Column: "h"}}}}}
	period := pick(rnd, 30, 60, 60, 120, 240, 1440)
	r.QueryPeriod = fmt.Sprint(period, "m")
	r.QueryFrequency = fmt.Sprint(pick(rnd, period, max(30, period/2)), "m")
	r.Trigger = &rule.Trigger{Operator: pick(rnd, "gt", "gt", "gt", "lt", "eq", "ne"), Threshold: rnd.IntN(3)}
	r.AggregationKind = pick(rnd, "", "AlertPerResult")
	if rnd.IntN(3) == 0 {
		r.SuppressionEnabled, r.SuppressionDuration = true, pick(rnd, "1h", "5h", "90m")
	}
	switch rnd.IntN(8) {
	case 0:
		r.Kind, r.Trigger = rule.NRT, nil
	case 1:
		r.Kind, r.Trigger, r.QueryFrequency = rule.Custom, nil, pick(rnd, "1h", "3h", "12h", "24h")
	case 2:
		r.Kind, r.Trigger = rule.Hunting, nil
	}
	if rnd.IntN(2) == 0 {
		r.Incident = &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: pick(rnd, "AllEntities", "AnyAlert")}
	}
	return r
}

// everything prints all of a result that a rule's user sees.
func everything(res *Result) string {
	var b strings.Builder
	b.WriteString(show(res))
	schema := alert.Schema()
	for _, r := range res.Rules {
		for _, a := range r.Alerts {
			for i, v := range a.Record() {
				b.WriteString(types.DynOf(schema[i].Type, v).Text() + "|")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// TestSharedIsExact replays random rules over random rows with shared work and one run
// at a time: the alerts must be the same to the last value.
func TestSharedIsExact(t *testing.T) {
	rounds := 16
	if testing.Short() {
		rounds = 3
	}
	shared, naive := 0, 0
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(uint64(seed), 7))
		s := open(t, randomTables(rnd))
		var rules []*rule.Rule
		for i := range 12 {
			rules = append(rules, randomRule(rnd, i))
		}
		o := Options{From: time.Date(2026, 1, 1, rnd.IntN(12), 0, 0, 0, time.UTC), Delay: time.Duration(pick(rnd, 0, 0, 3, 10, 45)) * time.Minute}
		o.To = o.From.Add(time.Duration(12+rnd.IntN(24)) * time.Hour)
		for _, r := range rules {
			if r.Kind == rule.NRT { // a run a minute: some hours are enough
				o.To = o.From.Add(6 * time.Hour)
			}
		}
		one, err := Run(context.Background(), rules, s, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Naive = true
		two, err := Run(context.Background(), rules, s, o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rules {
			a, b := everything(&Result{Rules: one.Rules[i : i+1]}), everything(&Result{Rules: two.Rules[i : i+1]})
			if a != b {
				t.Errorf("seed %d, %s %s every %s over %s: %s\nshared:\n%s\nalone:\n%s", seed, rules[i].Name, rules[i].Kind, rules[i].QueryFrequency, rules[i].QueryPeriod, rules[i].Query, a, b)
			}
			if one.Rules[i].Status == Refused {
				t.Errorf("seed %d: %s: %s", seed, rules[i].Query, one.Rules[i].Reason)
			}
			shared, naive = shared+one.Rules[i].Queries, naive+two.Rules[i].Queries
		}
	}
	t.Logf("%d queries in place of %d", shared, naive)
	if shared >= naive {
		t.Error("nothing was shared")
	}
}

// TestConditionsSink runs rules over two days in which A and B have a row each ten
// minutes and one row each that counts: only the hour that holds it needs the
// query, where conditions go down to it. The first hour holds no row at all.
func TestConditionsSink(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var tables []kqt.Table
	for _, name := range []string{"A", "B"} {
		table := kqt.Table{Name: name, Rows: types.Rows{Schema: types.Schema{{Name: "TimeGenerated", Type: types.Datetime}, {Name: "h", Type: types.String}, {Name: "n", Type: types.Long}}}}
		for i := range 2 * 24 * 6 {
			n := int64(i % 5)
			if i == 100 {
				n = 9
			}
			// Off the ends of windows, so that one window holds each.
			at := types.FromTime(start.Add(time.Duration(i)*10*time.Minute + time.Minute))
			table.Rows.Values = append(table.Rows.Values, []types.Value{at, "h", n})
		}
		tables = append(tables, table)
	}
	s := open(t, tables)
	for query, want := range map[string]int{
		`A | extend m = n + 1 | where m > 9`:                                                     1,
		`A | project TimeGenerated, m = n + 1 | extend k = m * 2 | where k > 18`:                 1,
		`A | extend age = now() - TimeGenerated | where n > 8`:                                   1,
		`A | parse h with m:string | extend k = strcat(m, n) | where k endswith "9"`:             1,
		`union A, B | extend m = n + 1 | where m > 9`:                                            1,
		`A | join kind=inner (B | extend m = n + 1) on h | where m > 9`:                          1,
		`A | join kind=leftouter (B | extend m = n + 1) on h, n | where n > 8`:                   1,
		`A | extend m = n + 1 | where h in ((B | extend k = n + 1 | where k > 9 | project h))`:   1,
		`let x = A | extend m = n + 1; x | where m > 9 | join kind=inner (x | where m < 9) on h`: 1,
		`A | extend d = dynamic([1, 2]), m = n + 1 | mv-expand d | where m > 9`:                  1,
		`A | summarize c = count() by h, m = n + 1 | where m > 9`:                                1,
		`A | extend m = n + 1 | summarize c = countif(m > 9) | where c > 0`:                      49,
		`A | join kind=fullouter (B | extend m = n + 1) on h, n | where coalesce(m, 0) > 9`:      48,
		`A | sort by TimeGenerated asc | extend p = prev(n), m = n + 1 | where m > 9 and p == 4`: 48,
	} {
		r := &rule.Rule{ID: "1", Name: "rule", Kind: rule.Scheduled, Query: query, QueryFrequency: "1h", QueryPeriod: "1h", Trigger: &rule.Trigger{Operator: "gt"}}
		res, err := Run(context.Background(), []*rule.Rule{r}, s, Options{From: start, To: start.Add(48 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Rules[0]; got.Queries != want || got.Triggered != 1 {
			t.Errorf("%s: %d of %d runs needed their query, %d triggered; want %d and 1: %s", query, got.Queries, got.Runs, got.Triggered, want, got.Reason)
		}
	}
}
