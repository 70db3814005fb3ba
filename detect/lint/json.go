package lint

import (
	"encoding/json"
	"io"
	"path/filepath"
)

type jsonFinding struct {
	Code        string `json:"code"`
	Severity    string `json:"severity"`
	Message     string `json:"message"`
	Hint        string `json:"hint,omitempty"`
	File        string `json:"file"`
	Line        int    `json:"line"`
	Column      int    `json:"column"`
	EndColumn   int    `json:"endColumn,omitempty"`
	Rule        string `json:"rule,omitempty"`
	Fingerprint string `json:"fingerprint"`
	Fixable     bool   `json:"fixable"`
	// Of suppressed findings alone.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

type jsonReport struct {
	Version    int           `json:"version"`
	Files      int           `json:"files"`
	Rules      int           `json:"rules"`
	Errors     int           `json:"errors"`
	Warnings   int           `json:"warnings"`
	Notes      int           `json:"notes"`
	Findings   []jsonFinding `json:"findings"`
	Suppressed []jsonFinding `json:"suppressed"`
}

// WriteJSON prints the report as docs/schema/lint.schema.json says.
func WriteJSON(w io.Writer, r *Report) error {
	out := jsonReport{Version: 1, Files: r.Files, Rules: r.Rules, Findings: []jsonFinding{}, Suppressed: []jsonFinding{}}
	out.Errors, out.Warnings, out.Notes = r.Counts()
	for _, x := range r.Findings {
		j := jsonFinding{Code: x.Code, Severity: x.Severity.String(), Message: x.Message, Hint: x.Hint, File: filepath.ToSlash(x.File), Line: x.Line, Column: x.Column,
			EndColumn: x.EndColumn, Rule: x.Rule, Fingerprint: x.Fingerprint, Fixable: x.Fix != nil}
		if s := x.Suppressed; s != nil {
			j.By, j.Reason = "comment", s.Reason
			if s.Baseline {
				j.By = "baseline"
			}
			out.Suppressed = append(out.Suppressed, j)
			continue
		}
		out.Findings = append(out.Findings, j)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
