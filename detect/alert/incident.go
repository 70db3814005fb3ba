package alert

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"quarry/detect/rule"
)

// Incident is a group of alerts of one rule.
type Incident struct {
	ID       string
	Rule     *rule.Rule
	Title    string   // the name of its first alert
	Severity string   // the highest of its alerts
	Alerts   []string // their ids
	// First and Last are when its first and its last alert were made.
	First, Last time.Time
	Closed      bool
	Reopened    int // how often an alert opened it again
}

// Limits of Sentinel on the grouping of alerts.
const (
	maxIncidentAlerts = 150
	defaultLookback   = 5 * time.Hour
	minLookback       = 5 * time.Minute
	maxLookback       = 7 * 24 * time.Hour
)

// Grouper gathers the alerts of one rule into incidents.
type Grouper struct {
	rule     *rule.Rule
	create   bool
	group    bool
	lookback time.Duration
	match    func(*Alert) string
	latest   map[string]*Incident // by what alerts of one incident have in common
	sweep    int                  // the size of latest at which what takes no more alerts is forgotten
}

// NewGrouper reads how a rule groups its alerts. The error is for a configuration
// that Sentinel would not take either.
func NewGrouper(r *rule.Rule) (*Grouper, error) {
	g := &Grouper{rule: r, create: true, latest: map[string]*Incident{}}
	c := r.Incident
	if c == nil {
		return g, nil
	}
	g.create, g.group = c.Create, c.GroupingEnabled
	if !g.group {
		return g, nil
	}
	g.lookback = defaultLookback
	if c.Lookback != "" {
		d, err := rule.ParseDuration(c.Lookback)
		if err != nil {
			return nil, fmt.Errorf("lookbackDuration: %w", err)
		}
		if d < minLookback || d > maxLookback {
			return nil, fmt.Errorf("lookbackDuration is %s and must be between 5m and 7d", rule.FormatDuration(d))
		}
		g.lookback = d
	}
	switch {
	case c.MatchingMethod == "" || equalFold(c.MatchingMethod, "AllEntities"):
		g.match = func(a *Alert) string { return entityKey(a, nil) }
	case equalFold(c.MatchingMethod, "AnyAlert"):
		g.match = func(*Alert) string { return "" }
	case equalFold(c.MatchingMethod, "Selected"):
		if len(c.GroupByEntities)+len(c.GroupByAlertDetails)+len(c.GroupByCustomDetails) == 0 {
			return nil, fmt.Errorf("matchingMethod is Selected, but nothing is selected; name entities, alert details or custom details")
		}
		for _, d := range c.GroupByAlertDetails {
			if _, ok := detailOf(&Alert{}, d); !ok {
				return nil, fmt.Errorf("groupByAlertDetails: %q is not an alert detail; there are DisplayName and Severity", d)
			}
		}
		g.match = func(a *Alert) string { return selectedKey(a, c) }
	default:
		return nil, fmt.Errorf("matchingMethod %q is not one of AllEntities, AnyAlert and Selected", c.MatchingMethod)
	}
	return g, nil
}

// Add puts an alert into its incident, a new one if none takes it, and returns the
// incident; nil if the rule makes none. Alerts must come in the order they were made.
//
// An incident takes alerts until the lookback after its first one has passed, and at
// most 150 of them. One that was closed takes an alert if the rule reopens it.
func (g *Grouper) Add(a *Alert) *Incident {
	if !g.create {
		return nil
	}
	key := a.ID
	if g.group {
		key = g.match(a)
		if i := g.latest[key]; i != nil && g.takes(i, a) {
			i.add(a)
			return i
		}
	}
	i := &Incident{ID: id("incident", a.ID, 0, 0), Rule: g.rule, Title: a.Name, First: a.Run.Made}
	i.add(a)
	if g.group {
		g.latest[key] = i
		g.forget(a.Run.Made)
	}
	return i
}

// forget drops the incidents whose time is over, so that a grouper may live for years.
func (g *Grouper) forget(now time.Time) {
	if len(g.latest) < g.sweep {
		return
	}
	for key, i := range g.latest {
		if now.Sub(i.First) > g.lookback {
			delete(g.latest, key)
		}
	}
	g.sweep = 2*len(g.latest) + 1000
}

func (g *Grouper) takes(i *Incident, a *Alert) bool {
	return len(i.Alerts) < maxIncidentAlerts && a.Run.Made.Sub(i.First) <= g.lookback && (!i.Closed || g.rule.Incident.ReopenClosed)
}

func (i *Incident) add(a *Alert) {
	if i.Closed {
		i.Closed = false
		i.Reopened++
	}
	i.Alerts = append(i.Alerts, a.ID)
	i.Last = a.Run.Made
	if severityRank(a.Severity) > severityRank(i.Severity) {
		i.Severity = a.Severity
	}
}

func severityRank(s string) int {
	for i, known := range []string{"Informational", "Low", "Medium", "High"} {
		if equalFold(s, known) {
			return i + 1
		}
	}
	return 0
}

// entityKey is the alert's entities of the given types, all for nil, as one text.
func entityKey(a *Alert, kinds []string) string {
	var keys []string
	for _, e := range a.Entities {
		if kinds == nil || containsFold(kinds, e.Type) {
			keys = append(keys, e.Key())
		}
	}
	sort.Strings(keys)
	return strings.Join(keys, ";")
}

func selectedKey(a *Alert, c *rule.Incident) string {
	var b strings.Builder
	if len(c.GroupByEntities) > 0 {
		b.WriteString(entityKey(a, c.GroupByEntities))
	}
	for _, d := range c.GroupByAlertDetails {
		s, _ := detailOf(a, d)
		b.WriteString("|" + strconv.Quote(s))
	}
	for _, name := range c.GroupByCustomDetails {
		var values []string
		for _, d := range a.Details {
			if d.Name == name {
				for _, v := range d.Values {
					values = append(values, strconv.Quote(v))
				}
			}
		}
		sort.Strings(values)
		b.WriteString("|" + strings.Join(values, ","))
	}
	return b.String()
}

// detailOf is an alert detail by which incidents are grouped.
func detailOf(a *Alert, name string) (string, bool) {
	switch {
	case equalFold(name, "DisplayName"):
		return a.Name, true
	case equalFold(name, "Severity"):
		return a.Severity, true
	}
	return "", false
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if equalFold(x, s) {
			return true
		}
	}
	return false
}
