package lint

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"quarry/kql/bind"
	"quarry/kql/syntax"
)

// The part of SARIF 2.1.0 that a linter needs
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string      `json:"id"`
		ShortDescription sarifText   `json:"shortDescription"`
		FullDescription  sarifText   `json:"fullDescription"`
		Configuration    sarifConfig `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Fixes        []sarifFix         `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		EndLine     int        `json:"endLine,omitempty"`
		EndColumn   int        `json:"endColumn,omitempty"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

// WriteSARIF prints the report, suppressed findings included, as SARIF 2.1.0.
// Columns count characters, which columnKind says. Paths are relative to dir where
// they lie below it.
func WriteSARIF(w io.Writer, r *Report, version, dir string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	driver := &run.Tool.Driver
	driver.Name, driver.SemanticVersion, driver.Rules = "Quarry", version, []sarifRule{}
	index := map[string]int{}
	for _, x := range r.Findings {
		index[x.Code] = 0
	}
	for _, code := range sortedKeys(index) {
		c := describe(code)
		index[code] = len(driver.Rules)
		driver.Rules = append(driver.Rules, sarifRule{code, sarifText{c.Title}, sarifText{c.Explain}, sarifConfig{c.Severity.String()}})
	}
	for _, x := range r.Findings {
		artifact := sarifArtifact{uri(x.File, dir)}
		res := sarifResult{RuleID: x.Code, RuleIndex: index[x.Code], Level: x.Severity.String(), Message: sarifText{x.Message}, Fingerprints: map[string]string{"quarry/v1": x.Fingerprint}}
		if x.Hint != "" {
			res.Message.Text += " (" + x.Hint + ")"
		}
		region := sarifRegion{StartLine: x.Line, StartColumn: x.Column}
		if x.EndColumn > x.Column {
			region.EndLine, region.EndColumn = x.Line, x.EndColumn
		}
		if x.Source != "" {
			region.Snippet = &sarifText{x.Source}
		}
		res.Locations = []sarifLocation{{sarifPhysical{artifact, region}}}
		if s := x.Suppressed; s != nil {
			res.Suppressions = []sarifSuppression{{"inSource", s.Reason}}
			if s.Baseline {
				res.Suppressions = []sarifSuppression{{"external", "it is in the baseline"}}
			}
		}
		if e := x.Fix; e != nil {
			deleted := sarifRegion{StartLine: e.Line, StartColumn: e.Column, EndLine: e.Line, EndColumn: e.Column + len([]rune(e.Old))}
			res.Fixes = []sarifFix{{sarifText{"write " + e.New}, []sarifChange{{artifact, []sarifReplacement{{deleted, sarifText{e.New}}}}}}}
		}
		run.Results = append(run.Results, res)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// describe finds a code among lint's and the compiler's.
func describe(code string) Info {
	if c := find(code); c.Title != "" {
		return c
	}
	for _, c := range slices.Concat(syntax.Codes(), compilerCodes()) {
		if string(c.Code) == code {
			return Info{Code: code, Severity: Error, Title: c.Title, Explain: c.Explain}
		}
	}
	return Info{Code: code, Severity: Error, Title: code, Explain: code}
}

func compilerCodes() []syntax.CodeInfo {
	var out []syntax.CodeInfo
	for _, c := range bind.Codes() {
		out = append(out, syntax.CodeInfo(c))
	}
	return out
}

// uri is a path as a URI reference: relative to dir where it lies below it.
func uri(file, dir string) string {
	if filepath.IsAbs(file) {
		rel, err := filepath.Rel(dir, file)
		if dir == "" || err != nil || strings.HasPrefix(rel, "..") {
			return (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()
		}
		file = rel
	}
	u := url.URL{Path: filepath.ToSlash(filepath.Clean(file))}
	return u.String()
}

func sortedKeys(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
