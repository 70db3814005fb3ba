package detect

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"quarry/detect/tuning"
	"quarry/hunt"
	"quarry/kql/types"
)

// Status is what came of a rule.
type Status string

// The four outcomes.
const (
	Fired   Status = "fired"   // it found rows
	Quiet   Status = "quiet"   // it ran and found none
	Refused Status = "refused" // it has an error, or asks for what cannot be done exactly
	Needs   Status = "needs"   // it asks for a table, watchlist or file that is not there
)

// Result is what a hunt found. docs/schema/hunt.schema.json describes its JSON.
type Result struct {
	Rules   []*RuleResult `json:"rules"`
	Summary Summary       `json:"summary"`
}

// RuleResult is one rule's outcome.
type RuleResult struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status Status `json:"status"`
	Hits   int64  `json:"hits"` // rows found, also those beyond len(Rows)

	Severity    string   `json:"severity,omitempty"`
	SeverityWas string   `json:"severityWas,omitempty"` // the file's, where tuning gives another
	Kind        string   `json:"kind,omitempty"`
	Description string   `json:"description,omitempty"`
	Tactics     []string `json:"tactics,omitempty"`
	Techniques  []string `json:"techniques,omitempty"`
	DataTypes   []string `json:"dataTypes,omitempty"`
	Version     string   `json:"version,omitempty"`
	URL         string   `json:"url,omitempty"`
	File        string   `json:"file,omitempty"`
	Line        int      `json:"line,omitempty"`
	Query       string   `json:"query"` // as it ran, settings included

	// Settings are the rule's knobs with the values it ran with.
	Settings map[string]string `json:"settings,omitempty"`
	// Reason says why the rule was refused, what it needs, or what to know of a quiet one.
	Reason string `json:"reason,omitempty"`
	// Needs names what is missing ("table DeviceEvents").
	Needs []string `json:"needs,omitempty"`
	// Diagnostics are the errors of the query with their positions.
	Diagnostics json.RawMessage `json:"diagnostics,omitempty"`
	// Detail is the diagnostics as a terminal shows them, with the line and a caret.
	Detail string `json:"-"`
	// EntityMappings say which columns hold the entities of an alert.
	EntityMappings []Entity `json:"entityMappings,omitempty"`

	// First and Last are the earliest and latest time in the rows found, RFC 3339.
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
	// Hidden counts the rows that exclusions hid; they are not among Hits.
	Hidden []tuning.Hidden `json:"hidden,omitempty"`
	// TuningProblems tell of exclusions that do not fit the result; they hid nothing.
	TuningProblems []string `json:"tuningProblems,omitempty"`
	// Seconds is the time the query took.
	Seconds float64 `json:"seconds"`

	Columns []string `json:"columns"`
	Types   []string `json:"types"` // KQL type of each column
	Rows    []Row    `json:"rows"`
	// Truncated says that Rows holds fewer rows than Hits.
	Truncated bool `json:"truncated,omitempty"`

	schema types.Schema
}

// Schema is the typed form of Columns.
func (r *RuleResult) Schema() types.Schema { return r.schema }

// Entity is an entity mapping of Sentinel.
type Entity struct {
	Type   string            `json:"type"`
	Fields map[string]string `json:"fields"` // identifier -> column
}

// Summary counts what a hunt did. The fields from Tables on are the caller's, who
// knows the evidence.
type Summary struct {
	Rules    int `json:"rules"` // rules that were asked to run
	Fired    int `json:"fired"`
	Quiet    int `json:"quiet"`
	Refused  int `json:"refused"`
	NeedData int `json:"needs"`
	// Hits is the number of rows found by all rules.
	Hits          int64    `json:"hits"`
	TablesMissing []string `json:"tablesMissing"` // tables that rules ask for and that have no rows
	Seconds       float64  `json:"seconds"`
	First         string   `json:"first,omitempty"`
	Last          string   `json:"last,omitempty"`
	Started       string   `json:"started,omitempty"`
	Now           string   `json:"now,omitempty"` // what now() meant

	Hidden []tuning.Hidden `json:"hidden,omitempty"` // rows that exclusions hid, of all rules
	// NotApplied tells of entries of the tuning file that expired or are about no rule.
	NotApplied []string `json:"tuningNotApplied,omitempty"`

	Events          int64            `json:"events"`  // rows of all tables
	Rejects         int64            `json:"rejects"` // records of the evidence that could not be read
	EventsPerSecond float64          `json:"eventsPerSecond"`
	Tables          map[string]int64 `json:"tables,omitempty"` // rows by table
	Evidence        []Evidence       `json:"evidence,omitempty"`
	RuleProblems    []string         `json:"ruleProblems,omitempty"` // files that gave no rule, and why
	Notes           []string         `json:"notes,omitempty"`        // clock offsets, merged duplicates, ...
	Version         string           `json:"version,omitempty"`
}

// Evidence is one file that was read.
type Evidence struct {
	Path    string `json:"path"`
	Format  string `json:"format,omitempty"`
	Bytes   int64  `json:"bytes"`
	Events  int64  `json:"events"`
	Rejects int64  `json:"rejects"`
	Problem string `json:"problem,omitempty"`
}

// Row is one row of a result. As JSON it is an array in the order of Columns:
// datetimes and timespans as text, dynamic values as themselves, decimals as text,
// reals that JSON has no number for (NaN, infinities) as text.
type Row struct {
	Values []types.Value
	Types  []types.Type
}

// MarshalJSON implements json.Marshaler.
func (r Row) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends the row as JSON.
func (r Row) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, v := range r.Values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, r.Types[i], v)
	}
	return append(b, ']')
}

func appendValue(b []byte, t types.Type, v types.Value) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	switch t {
	case types.Dynamic:
		if s, ok := v.(string); ok && json.Valid([]byte(s)) {
			return append(b, s...)
		}
	case types.Int, types.Long:
		if n, ok := v.(int64); ok {
			return strconv.AppendInt(b, n, 10)
		}
	case types.Real:
		if f, ok := v.(float64); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return strconv.AppendFloat(b, f, 'g', -1, 64)
		}
	case types.Bool:
		if x, ok := v.(bool); ok {
			return strconv.AppendBool(b, x)
		}
	}
	return hunt.AppendJSONString(b, Text(t, v))
}

// Text is a value as people read it; null is "".
func Text(t types.Type, v types.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int64:
		switch t {
		case types.Datetime:
			return types.FormatDatetime(v)
		case types.Timespan:
			return types.FormatTimespan(v)
		}
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// Finish fills the counts of the summary that follow from the rules, and the rate
// from the events and the time that passed since started.
func (r *Result) Finish(started time.Time) {
	s := &r.Summary
	s.Rules, s.Fired, s.Quiet, s.Refused, s.NeedData, s.Hits = len(r.Rules), 0, 0, 0, 0, 0
	s.First, s.Last, s.Hidden = "", "", nil
	for _, x := range r.Rules {
		switch x.Status {
		case Fired:
			s.Fired++
		case Quiet:
			s.Quiet++
		case Refused:
			s.Refused++
		case Needs:
			s.NeedData++
		}
		s.Hits += x.Hits
		s.Hidden = tuning.Sum(s.Hidden, x.Hidden)
		if x.First != "" && (s.First == "" || x.First < s.First) {
			s.First = x.First
		}
		if x.Last > s.Last {
			s.Last = x.Last
		}
	}
	if s.TablesMissing == nil {
		s.TablesMissing = []string{}
	}
	s.Seconds = math.Round(time.Since(started).Seconds()*1000) / 1000
	s.Started = started.UTC().Format(time.RFC3339)
	if s.Seconds > 0 {
		s.EventsPerSecond = math.Round(float64(s.Events) / s.Seconds)
	}
}
