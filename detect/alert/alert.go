package alert

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"quarry/detect/rule"
	"quarry/kql/types"
)

// Run is one run of a rule, with its times.
type Run struct {
	// At is the scheduled time: what now() means and where the window ends.
	At time.Time
	// From is where the window begins.
	From time.Time
	// Made is when the rule really ran, At and its delay; its alerts are of that time.
	Made time.Time
}

// Options change what the rule says, from outside of its file.
type Options struct {
	// Severity replaces the rule's severity and that of its rows; "" leaves them.
	Severity string
}

// Result is what came of one run.
type Result struct {
	// Triggered says that the number of rows met the rule's threshold.
	Triggered bool
	// Alerts are those of the run in the order of the rows, the summary last.
	Alerts []*Alert
	// Capped says that there were more rows than alerts are allowed.
	Capped bool
}

// Alert is one alert. Its record as the table SecurityAlert has it is Record.
type Alert struct {
	ID          string // a GUID that follows from rule, run and row
	Rule        *rule.Rule
	Run         Run
	Name        string
	Description string
	Severity    string
	Tactics     []string
	Techniques  []string // without sub-techniques: T1059
	SubTech     []string // T1059.001
	// Start and End are the earliest and latest time of the alert's rows, or the
	// window where they have none.
	Start, End time.Time
	Entities   []Entity
	Details    []Detail    // custom details, in the rule's order
	Properties []rule.Pair // dynamic properties such as AlertLink
	// Rows is the number of rows the alert stands for; First is the first of them,
	// counted from 0 among the rows of the run.
	Rows, First int
	// Summary marks the last alert of a run with more rows than alerts are allowed;
	// it stands for all rows of the run.
	Summary bool
	// Cut names what a limit made incomplete: "entities", "custom details", "name",
	// "description" or a dynamic property.
	Cut []string
}

// Limits on the alerts of a run: docs/replay.md says where each comes from.
const (
	maxAlerts    = 150 // Scheduled and custom detections
	maxAlertsNRT = 30
)

// From makes the alerts of one run from its result rows. The rows' order decides
// which of them have an alert of their own where there are too many; see Arrange.
func From(r *rule.Rule, run Run, rows *types.Rows, o Options) Result {
	n := len(rows.Values)
	if !triggered(r.Trigger, n) {
		return Result{}
	}
	out := Result{Triggered: true}
	m := newMaker(r, run, rows, o)
	if !perRow(r) {
		out.Alerts = []*Alert{m.alert(0, n)}
		return out
	}
	limit, summary := maxAlerts, true
	switch r.Kind {
	case rule.NRT:
		limit = maxAlertsNRT
	case rule.Custom:
		summary = false // Defender gives what is beyond the limit no alert
	}
	single := n
	if n > limit {
		out.Capped = true
		if single = limit; summary {
			single--
		}
	}
	for i := range single {
		out.Alerts = append(out.Alerts, m.alert(i, 1))
	}
	if out.Capped && summary {
		a := m.alert(0, n)
		a.Summary = true
		out.Alerts = append(out.Alerts, a)
	}
	return out
}

// triggered compares the number of rows with the threshold; a rule without a trigger
// (NRT, hunting, custom detections) wants a row.
func triggered(t *rule.Trigger, n int) bool {
	if t == nil {
		return n > 0
	}
	switch t.Symbol() {
	case "<":
		return n < t.Threshold
	case "==":
		return n == t.Threshold
	case "!=":
		return n != t.Threshold
	}
	return n > t.Threshold
}

// perRow reports whether each row has an alert of its own.
func perRow(r *rule.Rule) bool {
	return r.Kind == rule.Custom || equalFold(r.AggregationKind, "AlertPerResult")
}

func equalFold(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), b) }

// maker makes the alerts of one run; it looks the rule's columns up once.
type maker struct {
	rule     *rule.Rule
	run      Run
	rows     *types.Rows
	opts     Options
	time     int // column, or -1
	mappings []mapping
	details  []detailColumn
	name     format
	describe format
	severity int
	tactics  int
	dynamic  []dynamicColumn
}

func newMaker(r *rule.Rule, run Run, rows *types.Rows, o Options) *maker {
	s := rows.Schema
	m := &maker{rule: r, run: run, rows: rows, opts: o, time: TimeColumn(s), mappings: mappingsOf(r, s),
		name: parseFormat(r.AlertDetails.NameFormat, s), describe: parseFormat(r.AlertDetails.DescriptionFormat, s),
		severity: s.Index(r.AlertDetails.SeverityColumn), tactics: s.Index(r.AlertDetails.TacticsColumn)}
	for _, d := range r.CustomDetails {
		if len(m.details) < maxDetails {
			m.details = append(m.details, detailColumn{d.Name, s.Index(d.Value)})
		}
	}
	for _, d := range r.AlertDetails.Dynamic {
		m.dynamic = append(m.dynamic, dynamicColumn{d.Name, s.Index(d.Value)})
	}
	return m
}

// alert makes the alert of n rows from first on.
func (m *maker) alert(first, n int) *Alert {
	a := &Alert{Rule: m.rule, Run: m.run, Rows: n, First: first}
	row := int64(first)
	if n != 1 || !perRow(m.rule) {
		row = -1
	}
	a.ID = id("alert", m.rule.ID, types.FromTime(m.run.At), row)
	values := m.rows.Values[first : first+n]
	m.times(a, values)
	m.describeAlert(a, values)
	m.customDetails(a, values)
	m.entities(a, values)
	return a
}

// times sets Start and End.
func (m *maker) times(a *Alert, values [][]types.Value) {
	a.Start, a.End = m.run.From, m.run.At
	if m.time < 0 {
		return
	}
	lo, hi := int64(-1), int64(-1)
	for _, row := range values {
		if t, ok := row[m.time].(int64); ok {
			if lo < 0 || t < lo {
				lo = t
			}
			hi = max(hi, t)
		}
	}
	if lo >= 0 {
		a.Start, a.End = types.ToTime(lo), types.ToTime(hi)
	}
}

// TimeColumn is the column that says when a row happened: TimeGenerated, else
// Timestamp; -1 if a result has neither.
func TimeColumn(s types.Schema) int {
	for _, name := range []string{"TimeGenerated", "Timestamp"} {
		if i := s.Index(name); i >= 0 && s[i].Type == types.Datetime {
			return i
		}
	}
	return -1
}

// id is a GUID made of a name: the same for the same rule, run and row, on every
// machine. It is a version 8 UUID (RFC 9562) over SHA-256.
func id(kind, ruleID string, at, row int64) string {
	h := sha256.New()
	h.Write([]byte("quarry " + kind + "\x00" + ruleID + "\x00"))
	h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(at)), uint64(row)))
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
