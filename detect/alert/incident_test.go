package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quarry/detect/rule"
)

// made is an alert of the given time with hosts.
func made(clock string, severity string, hosts ...string) *Alert {
	a := &Alert{ID: clock + severity + strings.Join(hosts, ""), Rule: &rule.Rule{}, Run: Run{Made: at(clock)}, Name: "n" + severity, Severity: severity}
	for _, h := range hosts {
		kind, value, ok := strings.Cut(h, ":")
		if !ok {
			kind, value = "Host", h
		}
		a.Entities = append(a.Entities, Entity{Type: kind, Fields: []rule.Pair{{Name: "Name", Value: value}}})
	}
	a.Details = []Detail{{Name: "d", Values: hosts}}
	return a
}

// TestGrouping adds alerts and says the number of the incident that each fell into.
func TestGrouping(t *testing.T) {
	five := []*Alert{
		made("00:00:00", "Low", "a"),
		made("01:00:00", "High", "a", "IP:1"),
		made("02:00:00", "Low", "IP:1", "a"),
		made("05:00:00", "Low", "a"), // five hours after the first: still its incident
		made("05:00:01", "Low", "a"), // a second later: another
	}
	for _, c := range []struct {
		name string
		conf *rule.Incident
		want string
	}{
		{"no configuration", nil, "1 2 3 4 5"},
		{"grouping is off", &rule.Incident{Create: true, MatchingMethod: "AnyAlert"}, "1 2 3 4 5"},
		{"no incidents", &rule.Incident{GroupingEnabled: true, MatchingMethod: "AnyAlert"}, "- - - - -"},
		// The order of the entities does not matter, their number does.
		{"all entities", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "AllEntities"}, "1 2 2 1 3"},
		{"the default", &rule.Incident{Create: true, GroupingEnabled: true}, "1 2 2 1 3"},
		{"any alert", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "AnyAlert"}, "1 1 1 1 2"},
		// The window is counted from the first alert and does not slide.
		{"one hour", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "AnyAlert", Lookback: "PT1H"}, "1 1 2 3 3"},
		{"by host", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "Selected", GroupByEntities: []string{"Host"}, Lookback: "7d"}, "1 1 1 1 1"},
		{"by severity", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "Selected", GroupByAlertDetails: []string{"Severity"}, Lookback: "7d"}, "1 2 1 1 1"},
		{"by name and host", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "Selected", GroupByEntities: []string{"Host"}, GroupByAlertDetails: []string{"DisplayName"}, Lookback: "7d"}, "1 2 1 1 1"},
		{"by detail", &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "Selected", GroupByCustomDetails: []string{"d"}, Lookback: "7d"}, "1 2 2 1 1"},
	} {
		g, err := NewGrouper(&rule.Rule{Incident: c.conf})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got, _ := add(g, five); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func add(g *Grouper, alerts []*Alert) (string, []*Incident) {
	number := map[string]int{}
	var out []string
	var list []*Incident
	for _, a := range alerts {
		i := g.Add(a)
		if i == nil {
			out = append(out, "-")
			continue
		}
		if number[i.ID] == 0 {
			number[i.ID] = len(number) + 1
			list = append(list, i)
		}
		out = append(out, fmt.Sprint(number[i.ID]))
	}
	return strings.Join(out, " "), list
}

// TestFullIncident: 150 alerts fill an incident; the 151st begins another.
func TestFullIncident(t *testing.T) {
	g, err := NewGrouper(&rule.Rule{Incident: &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "AnyAlert"}})
	if err != nil {
		t.Fatal(err)
	}
	var alerts []*Alert
	for i := range 301 {
		a := made("00:00:00", "Low")
		a.ID = fmt.Sprint(i)
		alerts = append(alerts, a)
	}
	_, list := add(g, alerts)
	if len(list) != 3 || len(list[0].Alerts) != 150 || len(list[1].Alerts) != 150 || len(list[2].Alerts) != 1 {
		t.Errorf("%d incidents", len(list))
	}
}

func TestReopening(t *testing.T) {
	for _, reopen := range []bool{false, true} {
		g, _ := NewGrouper(&rule.Rule{Incident: &rule.Incident{Create: true, GroupingEnabled: true, MatchingMethod: "AnyAlert", ReopenClosed: reopen}})
		first := g.Add(made("00:00:00", "Low"))
		first.Closed = true
		second := g.Add(made("01:00:00", "High"))
		if (second == first) != reopen || reopen && (first.Closed || first.Reopened != 1 || first.Severity != "High") {
			t.Errorf("reopen %v: %+v", reopen, second)
		}
	}
}

func TestGroupingRefused(t *testing.T) {
	for want, c := range map[string]rule.Incident{
		"between 5m and 7d":   {Lookback: "4m"},
		"is 8d and must be":   {Lookback: "8d"},
		"not a duration":      {Lookback: "soon"},
		"nothing is selected": {MatchingMethod: "Selected"},
		"not one of":          {MatchingMethod: "Some"},
		"not an alert detail": {MatchingMethod: "Selected", GroupByAlertDetails: []string{"Owner"}},
	} {
		c.Create, c.GroupingEnabled = true, true
		if _, err := NewGrouper(&rule.Rule{Incident: &c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestGrouperForgets: what takes no more alerts is not kept.
func TestGrouperForgets(t *testing.T) {
	g, _ := NewGrouper(&rule.Rule{Incident: &rule.Incident{Create: true, GroupingEnabled: true}})
	for i := range 5000 {
		a := made("00:00:00", "Low", fmt.Sprint("h", i))
		a.Run.Made = a.Run.Made.Add(time.Duration(i) * time.Hour)
		g.Add(a)
	}
	if len(g.latest) > 2000 {
		t.Errorf("%d incidents are kept", len(g.latest))
	}
}
