package ruletest

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// WriteJSON writes a report as docs/schema/test.schema.json says.
func WriteJSON(w io.Writer, r *Report, suite *Suite) error {
	type stepJSON struct {
		Text string `json:"text"`
		Line int    `json:"line"`
		Rows *int64 `json:"rows"`
	}
	type resultJSON struct {
		Name        string     `json:"name"`
		Status      Status     `json:"status"`
		NearMiss    bool       `json:"nearMiss"`
		File        string     `json:"file"`
		Line        int        `json:"line"`
		Column      int        `json:"column"`
		Problems    []string   `json:"problems,omitempty"`
		Diagnostics string     `json:"diagnostics,omitempty"`
		Steps       []stepJSON `json:"steps,omitempty"`
		Lost        string     `json:"lost,omitempty"`
		Rows        int        `json:"rows"`
		Alerts      int        `json:"alerts"`
		Seconds     float64    `json:"seconds"`
	}
	type shareJSON struct {
		Covered int `json:"covered"`
		Total   int `json:"total"`
	}
	type gapJSON struct {
		Line int    `json:"line"`
		Step string `json:"step"`
		What string `json:"what"`
	}
	type coverageJSON struct {
		Steps     shareJSON `json:"steps"`
		Branches  shareJSON `json:"branches"`
		Gaps      []gapJSON `json:"gaps"`
		Functions []string  `json:"functions,omitempty"`
	}
	type ruleJSON struct {
		ID         string        `json:"id,omitempty"`
		Name       string        `json:"name"`
		File       string        `json:"file"`
		Line       int           `json:"line"`
		Fires      int           `json:"fires"`
		Quiet      int           `json:"quiet"`
		NearMisses int           `json:"nearMisses"`
		Tests      []resultJSON  `json:"tests"`
		Coverage   *coverageJSON `json:"coverage,omitempty"`
		Seconds    float64       `json:"seconds"`
	}
	type summaryJSON struct {
		Rules       int           `json:"rules"`
		Untested    int           `json:"untested"`
		Tests       int           `json:"tests"`
		Passed      int           `json:"passed"`
		Failed      int           `json:"failed"`
		Broken      int           `json:"broken"`
		NearMisses  int           `json:"nearMisses"`
		NoNearMiss  int           `json:"rulesWithoutNearMiss"`
		Coverage    *coverageJSON `json:"coverage,omitempty"`
		UpdateEdits int           `json:"updates"`
		Seconds     float64       `json:"seconds"`
	}
	t := r.Totals(suite)
	out := struct {
		Rules   []ruleJSON  `json:"rules"`
		Summary summaryJSON `json:"summary"`
	}{Rules: []ruleJSON{}, Summary: summaryJSON{t.Rules, t.Untested, t.Tests, t.Passed, t.Failed, t.Broken, t.NearMisses, t.NoNearMiss, nil, len(r.Edits), seconds(r.Seconds)}}
	if t.Measured {
		out.Summary.Coverage = &coverageJSON{Steps: shareJSON(t.Steps), Branches: shareJSON(t.Branches), Gaps: []gapJSON{}}
	}
	for _, x := range r.Rules {
		j := ruleJSON{Name: x.Name, File: x.File, Line: max(1, x.Line), Fires: x.Fires, Quiet: x.Quiet, NearMisses: x.NearMisses, Tests: []resultJSON{}, Seconds: seconds(x.Seconds)}
		if x.Rule != nil {
			j.ID = x.Rule.ID
		}
		for _, res := range x.Results {
			rj := resultJSON{Name: res.Name, Status: res.Status, NearMiss: res.NearMiss, File: res.File, Line: res.Line, Column: res.Column,
				Problems: res.Problems, Diagnostics: res.Diagnostics, Rows: res.Rows, Alerts: res.Alerts, Seconds: seconds(res.Seconds)}
			if res.Loss != nil {
				rj.Lost = res.Loss.Explain()
			}
			if res.Steps != nil {
				for _, s := range res.Steps.Main.Steps {
					line, _ := res.Steps.Text.Position(s.Key.Start)
					sj := stepJSON{Text: s.Text, Line: line}
					if s.Rows >= 0 {
						n := s.Rows
						sj.Rows = &n
					}
					rj.Steps = append(rj.Steps, sj)
				}
			}
			j.Tests = append(j.Tests, rj)
		}
		if c := x.Coverage; c != nil {
			cj := &coverageJSON{Steps: shareJSON(c.Steps()), Branches: shareJSON(c.Branches()), Gaps: []gapJSON{}, Functions: c.Functions()}
			for _, g := range c.Gaps() {
				cj.Gaps = append(cj.Gaps, gapJSON{g.Line, g.Text, g.What})
			}
			j.Coverage = cj
		}
		out.Rules = append(out.Rules, j)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func seconds(s float64) float64 { return math.Round(s*1e6) / 1e6 }

// Share is a part of a total.
type Share struct{ Covered, Total int }

func (s *Share) add(o Share) { s.Covered, s.Total = s.Covered+o.Covered, s.Total+o.Total }

func (s Share) String() string { return fmt.Sprintf("%d/%d", s.Covered, s.Total) }

// Totals is a report in figures.
type Totals struct {
	Rules, Untested               int
	Tests, Passed, Failed, Broken int
	NearMisses                    int
	NoNearMiss                    int // rules with a test that fires and no near miss
	Measured                      bool
	Steps, Branches               Share
}

// Totals counts.
func (r *Report) Totals(suite *Suite) Totals {
	t := Totals{Untested: suite.Untested(), Tests: r.Tests(), Passed: r.Count(Passed), Failed: r.Count(Failed), Broken: r.Count(Broken)}
	for _, x := range r.Rules {
		if x.Rule != nil {
			t.Rules++
		}
		t.NearMisses += x.NearMisses
		if x.Fires > 0 && x.NearMisses == 0 {
			t.NoNearMiss++
		}
		if x.Coverage != nil {
			t.Measured = true
			t.Steps.add(x.Coverage.Steps())
			t.Branches.add(x.Coverage.Branches())
		}
	}
	return t
}
