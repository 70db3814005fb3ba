package replay

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"quarry/detect/alert"
	"quarry/detect/rule"
	"quarry/detect/tuning"
	"quarry/kql/types"
)

// Report is a result as docs/schema/replay.schema.json describes it.
type Report struct {
	From    string       `json:"from"`
	To      string       `json:"to"`
	Rules   []ruleReport `json:"rules"`
	Summary Summary      `json:"summary"`
}

// Summary counts what a replay did.
type Summary struct {
	Rules        int             `json:"rules"`
	Alerted      int             `json:"alerted"`
	Quiet        int             `json:"quiet"`
	Refused      int             `json:"refused"`
	NeedData     int             `json:"needs"`
	Runs         int             `json:"runs"`
	Suppressed   int             `json:"suppressed"`
	Failed       int             `json:"failed"`
	Capped       int             `json:"capped"`
	Queries      int             `json:"queries"`
	Alerts       int             `json:"alerts"`
	Incidents    int             `json:"incidents"`
	Days         map[string]int  `json:"alertsPerDay"`
	Entities     []entityCount   `json:"noisiest"`
	Hidden       []tuning.Hidden `json:"hidden"`
	Expired      []string        `json:"expired"` // exclusions and severities that no longer hold
	Seconds      float64         `json:"seconds"`
	RuleProblems []string        `json:"ruleProblems,omitempty"`
	Notes        []string        `json:"notes,omitempty"`
	Version      string          `json:"version,omitempty"`
}

type entityCount struct {
	Entity string `json:"entity"`
	Alerts int    `json:"alerts"`
}

type ruleReport struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Kind        string           `json:"kind"`
	Severity    string           `json:"severity,omitempty"`
	SeverityWas string           `json:"severityWas,omitempty"` // what the file says, where tuning says another
	Status      Status           `json:"status"`
	Reason      string           `json:"reason,omitempty"`
	Needs       []string         `json:"needs,omitempty"`
	Schedule    *scheduleReport  `json:"schedule,omitempty"`
	Runs        int              `json:"runs"`
	Suppressed  int              `json:"suppressed"`
	Failed      int              `json:"failed"`
	Triggered   int              `json:"triggered"`
	Capped      int              `json:"capped"`
	Queries     int              `json:"queries"`
	Rows        int64            `json:"rows"`
	Repeated    int64            `json:"repeated,omitempty"`
	Alerts      int              `json:"alerts"`
	Days        map[string]int   `json:"alertsPerDay"`
	Entities    []entityCount    `json:"noisiest"`
	List        []alertReport    `json:"alertList"`
	Truncated   bool             `json:"truncated,omitempty"` // alertList has fewer than alerts
	Incidents   []incidentReport `json:"incidents"`
	Hidden      []tuning.Hidden  `json:"hidden,omitempty"`
	Problems    []string         `json:"problems,omitempty"`
	Seconds     float64          `json:"seconds"`
}

type scheduleReport struct {
	Every     string `json:"every,omitempty"` // absent: one run over the whole span
	Period    string `json:"period,omitempty"`
	First     string `json:"firstPeriod,omitempty"`
	Delay     string `json:"delay,omitempty"`
	OnArrival bool   `json:"onArrival,omitempty"`
	Pause     string `json:"suppression,omitempty"`
}

type alertReport struct {
	ID          string              `json:"id"`
	Time        string              `json:"time"` // when it was made
	Run         string              `json:"run"`  // the end of its window
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Severity    string              `json:"severity,omitempty"`
	Tactics     []string            `json:"tactics,omitempty"`
	Techniques  []string            `json:"techniques,omitempty"`
	Start       string              `json:"start"`
	End         string              `json:"end"`
	Rows        int                 `json:"rows"`
	Summary     bool                `json:"summary,omitempty"` // it stands for all rows of a capped run
	Entities    json.RawMessage     `json:"entities"`
	Details     map[string][]string `json:"customDetails,omitempty"`
	Properties  map[string]string   `json:"properties,omitempty"`
	Cut         []string            `json:"cut,omitempty"` // what a limit made incomplete
}

type incidentReport struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity string   `json:"severity,omitempty"`
	First    string   `json:"first"`
	Last     string   `json:"last"`
	Alerts   []string `json:"alerts"`
}

func stamp(t time.Time) string { return types.FormatDatetime(types.FromTime(t)) }

// maxNoisy bounds the entities that a report names.
const maxNoisy = 10

// Report makes the result ready to print. Expired, notes and version are the caller's.
func (r *Result) Report() *Report {
	out := &Report{From: stamp(r.From), To: stamp(r.To), Rules: make([]ruleReport, 0, len(r.Rules)),
		Summary: Summary{Days: map[string]int{}, Hidden: []tuning.Hidden{}, Expired: []string{}}}
	s := &out.Summary
	entities := map[string]int{}
	for _, x := range r.Rules {
		out.Rules = append(out.Rules, x.report())
		s.Rules++
		switch x.Status {
		case Alerted:
			s.Alerted++
		case Quiet:
			s.Quiet++
		case Refused:
			s.Refused++
		case Needs:
			s.NeedData++
		}
		s.Runs, s.Suppressed, s.Failed, s.Capped, s.Queries = s.Runs+x.Runs, s.Suppressed+x.Suppressed, s.Failed+x.Failed, s.Capped+x.Capped, s.Queries+x.Queries
		s.Alerts, s.Incidents = s.Alerts+x.Count, s.Incidents+len(x.Incidents)
		for d, n := range x.Days {
			s.Days[d] += n
		}
		for e, n := range x.Entities {
			entities[e] += n
		}
		s.Hidden = tuning.Sum(s.Hidden, x.Hidden)
	}
	s.Entities = noisiest(entities)
	return out
}

func (x *RuleResult) report() ruleReport {
	r := x.Rule
	out := ruleReport{ID: r.ID, Name: r.Name, Kind: string(r.Kind), Severity: r.Severity, Status: x.Status, Reason: x.Reason, Needs: x.Needs,
		Runs: x.Runs, Suppressed: x.Suppressed, Failed: x.Failed, Triggered: x.Triggered, Capped: x.Capped, Queries: x.Queries,
		Rows: x.Rows, Repeated: x.Repeated, Alerts: x.Count, Days: x.Days, Entities: noisiest(x.Entities), Truncated: x.Truncated,
		Hidden: x.Hidden, Problems: x.Problems, Seconds: x.Seconds, List: []alertReport{}, Incidents: []incidentReport{}}
	if x.Severity != nil {
		out.Severity, out.SeverityWas = x.Severity.Severity, r.Severity
	}
	if s := x.Schedule; s.Every > 0 {
		out.Schedule = &scheduleReport{Every: rule.FormatDuration(s.Every), Period: rule.FormatDuration(s.Look), Delay: rule.FormatDuration(s.Delay), OnArrival: s.OnArrival}
		if s.FirstLook > 0 {
			out.Schedule.First = rule.FormatDuration(s.FirstLook)
		}
		if s.Pause > 0 {
			out.Schedule.Pause = rule.FormatDuration(s.Pause)
		}
	}
	for _, a := range x.Alerts {
		out.List = append(out.List, reportAlert(a))
	}
	for _, i := range x.Incidents {
		out.Incidents = append(out.Incidents, incidentReport{i.ID, i.Title, i.Severity, stamp(i.First), stamp(i.Last), i.Alerts})
	}
	return out
}

func reportAlert(a *alert.Alert) alertReport {
	out := alertReport{ID: a.ID, Time: stamp(a.Run.Made), Run: stamp(a.Run.At), Name: a.Name, Description: a.Description, Severity: a.Severity,
		Tactics: a.Tactics, Techniques: append(append([]string{}, a.Techniques...), a.SubTech...), Start: stamp(a.Start), End: stamp(a.End),
		Rows: a.Rows, Summary: a.Summary, Entities: json.RawMessage(a.EntitiesJSON()), Cut: a.Cut}
	for _, d := range a.Details {
		if out.Details == nil {
			out.Details = map[string][]string{}
		}
		out.Details[d.Name] = d.Values
	}
	for _, p := range a.Properties {
		if out.Properties == nil {
			out.Properties = map[string]string{}
		}
		out.Properties[p.Name] = p.Value
	}
	return out
}

// noisiest are the entities with the most alerts.
func noisiest(count map[string]int) []entityCount {
	out := make([]entityCount, 0, len(count))
	for e, n := range count {
		out = append(out, entityCount{e, n})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Alerts != out[j].Alerts {
			return out[i].Alerts > out[j].Alerts
		}
		return out[i].Entity < out[j].Entity
	})
	return out[:min(len(out), maxNoisy)]
}

// Formats lists what Write knows.
func Formats() []string { return []string{"table", "json", "csv"} }

// Write prints a report in the named format. Options are those of the table.
func Write(w io.Writer, format string, r *Report, o TableOptions) error {
	switch format {
	case "table":
		return writeTable(w, r, o)
	case "json":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	case "csv":
		return writeCSV(w, r)
	}
	return fmt.Errorf("unknown format %q; there are %s", format, strings.Join(Formats(), ", "))
}

// writeCSV prints a line for each alert.
func writeCSV(w io.Writer, r *Report) error {
	out := csv.NewWriter(w)
	out.Write([]string{"time", "run", "ruleId", "rule", "severity", "alertId", "name", "start", "end", "rows", "summary", "entities", "incident"})
	for _, x := range r.Rules {
		incident := map[string]string{}
		for _, i := range x.Incidents {
			for _, a := range i.Alerts {
				incident[a] = i.ID
			}
		}
		for _, a := range x.List {
			if err := out.Write([]string{a.Time, a.Run, x.ID, x.Name, a.Severity, a.ID, a.Name, a.Start, a.End, strconv.Itoa(a.Rows), strconv.FormatBool(a.Summary), string(a.Entities), incident[a.ID]}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
