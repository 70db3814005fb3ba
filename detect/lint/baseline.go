package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"quarry/detect/rule"
)

// identity is what a finding is, but for the line it stands in: its code, its rule
// (by id where it has a GUID, so that files may move), and the text of the line.
func (x *Finding) identity() string {
	home := x.File
	if guid.MatchString(x.Rule) {
		home = strings.ToLower(x.Rule)
	}
	return x.Code + "\x00" + home + "\x00" + strings.Join(strings.Fields(x.Source+x.near), " ")
}

// fingerprint is 16 hexadecimal digits of an identity; same counts the earlier
// findings that share it.
func fingerprint(identity string, same int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", identity, same))
	return hex.EncodeToString(sum[:8])
}

// Baseline is a list of findings that were there before and do not count.
type Baseline struct {
	Version  int             `json:"version"`
	Findings []BaselineEntry `json:"findings"`

	name  string
	lines []int // of each entry
}

// BaselineEntry is one of them. All but the fingerprint is for people.
type BaselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Code        string `json:"code"`
	File        string `json:"file"`
	Message     string `json:"message"`
}

const baselineVersion = 1

// ReadBaseline reads a baseline file.
func ReadBaseline(name string) (*Baseline, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	b := &Baseline{name: name}
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("%s is not a baseline: %w", name, err)
	}
	if b.Version != baselineVersion {
		return nil, fmt.Errorf("%s is a baseline of version %d; this program reads version %d; write it anew with --write-baseline", name, b.Version, baselineVersion)
	}
	text := string(data)
	for _, e := range b.Findings {
		before, _, _ := strings.Cut(text, `"`+e.Fingerprint+`"`)
		b.lines = append(b.lines, 1+strings.Count(before, "\n"))
	}
	return b, nil
}

// MakeBaseline lists the findings of a report that count.
func MakeBaseline(r *Report) *Baseline {
	b := &Baseline{Version: baselineVersion, Findings: []BaselineEntry{}}
	for _, x := range r.Findings {
		if x.Suppressed == nil {
			b.Findings = append(b.Findings, BaselineEntry{x.Fingerprint, x.Code, filepath.ToSlash(x.File), x.Message})
		}
	}
	return b
}

// Write writes the baseline; the file is there as a whole or not at all.
func (b *Baseline) Write(name string) error {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(name, append(data, '\n'), 0o666)
}

// Apply marks the findings that the baseline lists, and adds those entries that are
// gone although their file was looked at. paths are what was asked for.
func (b *Baseline) Apply(r *Report, p *Pack, paths []string) {
	at := map[string]int{}
	for i, e := range b.Findings {
		at[e.Fingerprint] = i
	}
	met := map[int]bool{}
	for i := range r.Findings {
		x := &r.Findings[i]
		if k, ok := at[x.Fingerprint]; ok {
			met[k] = true
			if x.Suppressed == nil {
				x.Suppressed = &Suppression{Baseline: true}
			}
		}
	}
	for i, e := range b.Findings {
		if met[i] || !looked(e.File, p, paths) {
			continue
		}
		x := Finding{Code: "QL904", Severity: find("QL904").Severity, File: b.name, Line: b.lines[i], Column: 1,
			Message: fmt.Sprintf("%s in %s is gone: %s", e.Code, e.File, e.Message), Hint: "write the baseline anew with --write-baseline"}
		x.Fingerprint = fingerprint("QL904\x00"+e.Fingerprint, 0)
		r.Findings = append(r.Findings, x)
	}
}

// looked reports whether a file was checked, or would have been if it were there.
func looked(file string, p *Pack, paths []string) bool {
	if slices.ContainsFunc(p.Files, func(f *rule.File) bool { return filepath.ToSlash(f.Name) == file }) {
		return true
	}
	for _, dir := range paths {
		dir = path.Clean(filepath.ToSlash(dir))
		if dir == "." && !path.IsAbs(file) && !strings.HasPrefix(file, "../") || file == dir || strings.HasPrefix(file, dir+"/") {
			return true
		}
	}
	return false
}

// writeFile replaces a file by renaming a new one over it, so that no reader and no
// crash meets half of it.
func writeFile(name string, data []byte, mode os.FileMode) error {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // keep the link
	}
	t, err := os.CreateTemp(filepath.Dir(name), ".quarry-*")
	if err != nil {
		return err
	}
	defer os.Remove(t.Name()) // gone by then, if all went well
	_, err = t.Write(data)
	err = errors.Join(err, t.Sync(), t.Close())
	if err == nil {
		err = os.Chmod(t.Name(), mode)
	}
	if err == nil {
		err = os.Rename(t.Name(), name)
	}
	return err
}
